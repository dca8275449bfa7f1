#include "serial_host.h"

#include "asm.h"
#include "uart_host.h"

#define COM1 0x3f8

static bool present;

void serial_host_init(void)
{
    present = uart_host_present(COM1);
    if (present)
        uart_host_init(COM1, UART_IER_RX);
}

void serial_host_put(uint8_t byte)
{
    if (present)
        uart_host_put(COM1, byte);
}

bool serial_host_get(uint8_t *byte)
{
    if (!present || !(inb(COM1 + UART_LSR) & UART_LSR_DATA))
        return false;
    *byte = inb(COM1 + UART_DATA);
    return true;
}
