/* What the guest says, on COM1. */
#include "hostile.h"
#include "lib/format.h"

void uart_init(void)
{
    outb(0x3FB, 0x80);
    outb(0x3F8, 1);
    outb(0x3F9, 0);
    outb(0x3FB, 3);
    outb(0x3F9, 0);
    outb(0x3FA, 7);
    outb(0x3FC, 0x0B);
}

/* A transmitter that was reprogrammed by random OUTs may never be empty. */
static void put(char c)
{
    for (uint32_t i = 0; i < 10000 && !(inb(0x3FD) & 0x20); i++)
        ;
    outb(0x3F8, (uint8_t)c);
}

void print(const char *f, ...)
{
    char line[160];
    va_list args;

    va_start(args, f);
    format_va(line, sizeof(line), f, args);
    va_end(args);
    for (const char *c = line; *c; c++)
        put(*c);
}

void progress(const char *what, uint32_t count)
{
    uart_init();
    print("hostile: seed %u: %s %u\n", seed, what, count);
}
