/* System control port A, 92h: bit 0 resets the machine when it rises, bit 1 is the A20 gate. */
#ifndef UMBRA_EMULATE_PC_PORT92_H
#define UMBRA_EMULATE_PC_PORT92_H

#include <stdbool.h>
#include <stdint.h>

struct port92 {
    uint8_t value;
};

/* What a write asks of the board. The A20 level goes out with every write. */
struct port92_effect {
    bool reset;
    bool a20;
};

struct port92_effect port92_out(struct port92 *port, uint8_t value);

#endif
