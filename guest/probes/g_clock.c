/* Time: whether the guest's clocks agree, whatever its instructions cost. */
#include "probe.h"

/* ECX times; the harness around it is not timed. */
#define TIMED(name, insn) CODE(name, "mov edi, offset kernel_words; 1: " insn "; dec ecx; jnz 1b")
TIMED(plain, "add [edi], ecx");
TIMED(trap_flags, "pushfd; popfd");
TIMED(trap_cli, "cli");
TIMED(trap_in, "in al, 0x80");

struct moment {
    uint64_t tsc;
    uint32_t timer; /* counts down, 16 bits */
};

static uint64_t rdtsc(void)
{
    uint64_t value;

    __asm__ volatile("rdtsc" : "=A"(value)::"memory");
    return value;
}

/* Both clocks at once: of several readings the one that took least, for a host that is busy can
 * take the processor away between the two. */
static struct moment now(void)
{
    struct moment best = {0, 0};
    uint64_t least = ~0ull;

    for (uint32_t i = 0; i < 8; i++) {
        uint64_t before = rdtsc(), after;
        uint32_t timer;

        outb(0x43, 0x80);
        timer = inb(0x42);
        timer |= (uint32_t)inb(0x42) << 8;
        after = rdtsc();
        if (after - before < least) {
            least = after - before;
            best = (struct moment){before, timer};
        }
    }
    return best;
}

/* Ticks of the counter in one of the timer while the code runs so many times. */
static uint32_t ticks_per_tick(const struct code *code, uint32_t times)
{
    struct moment from = now(), to;
    uint32_t timer;

    given.ecx = times;
    run(code);
    to = now();
    timer = (from.timer - to.timer) & 0xFFFF;
    return (uint32_t)(to.tsc - from.tsc) / (timer ? timer : 1);
}

/* The least of a few deviations: a processor that is taken away at a bad moment parts them, too. */
static bool agree(const struct code *code, uint32_t times)
{
    for (uint32_t i = 0; i < 8; i++) {
        uint32_t one = ticks_per_tick(plain, 1u << 17), other = ticks_per_tick(code, times);

        if (one < 2 * other && other < 2 * one)
            return true;
    }
    return false;
}

PROBE(G04, "the time-stamp counter and the timer agree over plain and over sensitive code")
{
    uint8_t control = inb(0x61);

    outb(0x61, (control & ~2) | 1);
    outb(0x43, 0xB4);
    outb(0x42, 0);
    outb(0x42, 0);
    show("plain", agree(plain, 1u << 18));
    show("flags", agree(trap_flags, 1u << 14));
    show("cli", agree(trap_cli, 1u << 14));
    show("in", agree(trap_in, 1u << 14));
    outb(0x61, control);
}
