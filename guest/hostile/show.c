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

#define ATTEMPTS_A_LINE 256u

struct progress so_far;

static uint32_t events_before;

static void say(const char *what)
{
    so_far.events = events - events_before;
    uart_init();
    print("hostile: seed %u: %s: %s: attempts %u events %u bytes %u\n", seed, so_far.stage, what,
          so_far.attempts, so_far.events, so_far.bytes);
}

void progress_begin(const char *stage)
{
    so_far = (struct progress){.stage = stage};
    events_before = events;
}

void progress_attempts(uint32_t count)
{
    uint32_t line = so_far.attempts / ATTEMPTS_A_LINE;

    so_far.attempts += count;
    if (so_far.attempts / ATTEMPTS_A_LINE != line)
        say("so far");
}

void progress_end(void)
{
    say("done");
}
