#include "port92.h"

#define PORT92_RESET 0x01u
#define PORT92_A20   0x02u

struct port92_effect port92_out(struct port92 *port, uint8_t value)
{
    struct port92_effect effect = {
        .reset = (value & PORT92_RESET) && !(port->value & PORT92_RESET),
        .a20 = value & PORT92_A20,
    };
    port->value = value;
    return effect;
}
