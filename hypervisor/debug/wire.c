#include "wire.h"

#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/pic_host.h"
#include "hypervisor/cpu/uart_host.h"

#define COM2 0x2f8

static bool present;

bool wire_init(void)
{
    present = uart_host_present(COM2);
    if (present) {
        uart_host_init(COM2, UART_IER_RX);
        pic_host_enable(HOST_IRQ_COM2);
    }
    return present;
}

void wire_put(uint8_t byte)
{
    if (present)
        uart_host_put(COM2, byte);
}

void wire_text(char c)
{
    if (c == '\n')
        wire_put('\r');
    wire_put((uint8_t)c);
}

bool wire_ready(void)
{
    return present && (inb(COM2 + UART_LSR) & UART_LSR_DATA);
}

bool wire_get(uint8_t *byte)
{
    if (!wire_ready())
        return false;
    *byte = inb(COM2 + UART_DATA);
    return true;
}
