#include "console.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/uart_host.h"
#include "format.h"

#define DEBUGCON   0xe9
#define COM2       0x2f8
#define DEBUG_EXIT 0xf4
#define BOCHS_EXIT 0x8900 /* takes the letters of "Shutdown"; absent elsewhere */

static bool has_debugcon, has_com2;

void console_init(void)
{
    has_debugcon = inb(DEBUGCON) == DEBUGCON; /* QEMU's and Bochs's read as their own number */
    has_com2 = uart_host_present(COM2);
    if (has_com2)
        uart_host_init(COM2, 0);
}

static void console_put(void *unused, char c)
{
    (void)unused;
    if (has_debugcon)
        outb(DEBUGCON, (uint8_t)c);
    if (has_com2 && c == '\n')
        uart_host_put(COM2, '\r');
    if (has_com2)
        uart_host_put(COM2, (uint8_t)c);
}

void console_vprintf(const char *format, va_list args)
{
    format_text(console_put, NULL, format, args);
}

void console_printf(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    console_vprintf(format, args);
    va_end(args);
}

void host_exit(unsigned code)
{
    outb(DEBUG_EXIT, (uint8_t)code);
    for (const char *letter = "Shutdown"; *letter; letter++)
        outb(BOCHS_EXIT, (uint8_t)*letter);
    for (;;) {
        cli();
        hlt();
    }
}
