#include "uart_host.h"

#include "asm.h"

#define LCR_8N1          0x03
#define LCR_DIVISOR      0x80
#define FCR_ENABLE_CLEAR 0x07 /* on, both emptied, interrupt from the first byte on */
#define MCR_READY        0x0b /* DTR, RTS, and OUT2: the PC's interrupt enable */
#define DIVISOR_115200   1

#define BUSY_SPINS 100000u /* a byte at 115200 baud takes 87 us; a port read about 1 us */

bool uart_host_present(uint16_t port)
{
    outb(port + UART_SCRATCH, 0x5a);
    if (inb(port + UART_SCRATCH) != 0x5a)
        return false;
    outb(port + UART_SCRATCH, 0xa5); /* 5Ah alone might be the bus's last value */
    return inb(port + UART_SCRATCH) == 0xa5;
}

void uart_host_init(uint16_t port, uint8_t ier)
{
    outb(port + UART_LCR, LCR_8N1 | LCR_DIVISOR);
    outb(port + UART_DATA, DIVISOR_115200);
    outb(port + UART_IER, 0); /* the divisor's high byte */
    outb(port + UART_LCR, LCR_8N1);
    outb(port + UART_FCR, FCR_ENABLE_CLEAR);
    outb(port + UART_MCR, MCR_READY);
    outb(port + UART_IER, ier);
}

void uart_host_put(uint16_t port, uint8_t byte)
{
    for (unsigned spins = 0; spins < BUSY_SPINS; spins++) {
        if (inb(port + UART_LSR) & UART_LSR_THR_EMPTY) {
            outb(port + UART_DATA, byte);
            return;
        }
    }
}
