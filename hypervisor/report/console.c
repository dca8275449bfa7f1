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

static bool has_debugcon, mirror_only;
static void (*mirror)(char c);

static void put_com2(char c)
{
    if (c == '\n')
        uart_host_put(COM2, '\r');
    uart_host_put(COM2, (uint8_t)c);
}

void console_init(void)
{
    has_debugcon = inb(DEBUGCON) == DEBUGCON; /* QEMU's and Bochs's read as their own number */
    if (!uart_host_present(COM2))
        return;
    uart_host_init(COM2, 0);
    mirror = put_com2;
}

void console_mirror(void (*put)(char c), bool only)
{
    mirror = put;
    mirror_only = put && only;
}

static void console_put(void *unused, char c)
{
    (void)unused;
    if (has_debugcon && !mirror_only)
        outb(DEBUGCON, (uint8_t)c);
    if (mirror)
        mirror(c);
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
