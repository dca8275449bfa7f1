#include "timer.h"

#include <stdbool.h>

#include "asm.h"
#include "hypervisor/report/console.h"

/* 8254 and port 61h (the 8254's data sheet; channel 2 is gated and read through port 61h). */
#define PIT_HZ          1193182ull
#define PIT_CHANNEL0    0x40
#define PIT_CHANNEL2    0x42
#define PIT_COMMAND     0x43
#define PIT_ONE_SHOT0   0x30 /* channel 0, low then high byte, mode 0, binary */
#define PIT_ONE_SHOT2   0xb0
#define PIT_COUNT_MAX   0x10000u
#define PORT_61         0x61
#define PORT_61_GATE2   0x01
#define PORT_61_SPEAKER 0x02
#define PORT_61_OUT2    0x20

#define NS_PER_SECOND 1000000000ull

/* 2 ms: shorter than the time slice of a busy system below us, or no try would go undisturbed. The
 * first will do unless it is busy. */
#define CALIBRATION_COUNT 2386u
#define CALIBRATION_TRIES 256
#define CALIBRATION_SPINS 10000000u

#define GAP_SHARE 64

#define PORT_TRIES 200

/* Conversions multiply by 32.32 fixed-point factors: no division when the clock is read. */
#define FACTOR(numerator, denominator) \
    (((numerator) / (denominator) << 32) + (((numerator) % (denominator)) << 32) / (denominator))

static uint64_t hz;
static uint64_t ns_per_tick, ticks_per_ns; /* 32.32 */
static uint64_t port_ticks;

static uint64_t scale(uint64_t value, uint64_t factor)
{
    return (uint64_t)((unsigned __int128)value * factor >> 32);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void pit_load(uint8_t command, uint16_t channel_port, uint32_t count)
{
    outb(PIT_COMMAND, command);
    outb(channel_port, (uint8_t)count); /* 10000h is written as 0 */
    outb(channel_port, (uint8_t)(count >> 8));
}

struct calibration {
    uint64_t ticks; /* of the time-stamp counter in CALIBRATION_COUNT ticks of the 8254 */
    uint64_t error; /* at most */
};

/* Lets channel 2 count down. The end is known as well as OUT is polled: the last two polls may be
 * far apart when a hypervisor below us takes the processor away. Where two others are very far
 * apart it may have given us another one, whose counter is not quite the same. */
static struct calibration calibrate(void)
{
    uint64_t before = rdtsc(), start, last, now, gap = 0;
    unsigned spins = CALIBRATION_SPINS;

    pit_load(PIT_ONE_SHOT2, PIT_CHANNEL2, CALIBRATION_COUNT);
    start = now = rdtsc();
    bool over;
    do {
        over = inb(PORT_61) & PORT_61_OUT2;
        last = now;
        now = rdtsc();
        gap = most(now - last, gap);
    } while (!over && --spins != 0);
    return (struct calibration){.ticks = now - start,
                                .error = (start - before) + (now - last) + gap / GAP_SHARE};
}

static uint64_t measure_tsc_hz(void)
{
    struct calibration best = calibrate();

    for (unsigned i = 1; i < CALIBRATION_TRIES && best.error > best.ticks / 1000; i++) {
        struct calibration again = calibrate();

        if (again.error < best.error)
            best = again;
    }
    return best.ticks * PIT_HZ / CALIBRATION_COUNT;
}

/* By how much two readings take longer than one. */
static uint64_t measure_port(void)
{
    uint64_t once = UINT64_MAX, twice = UINT64_MAX;

    for (unsigned i = 0; i < PORT_TRIES; i++) {
        uint64_t start = rdtsc();
        inb(PORT_61);
        uint64_t middle = rdtsc();
        inb(PORT_61);
        inb(PORT_61);
        uint64_t end = rdtsc();

        once = least(middle - start, once);
        twice = least(end - middle, twice);
    }
    return twice > once ? twice - once : 1;
}

void timer_init(void)
{
    outb(PORT_61, (uint8_t)((inb(PORT_61) & ~PORT_61_SPEAKER) | PORT_61_GATE2));
    hz = measure_tsc_hz();
    if (hz == 0)
        hz = NS_PER_SECOND;
    ns_per_tick = FACTOR(NS_PER_SECOND, hz);
    ticks_per_ns = FACTOR(hz, NS_PER_SECOND);
    outb(PIT_COMMAND, PIT_ONE_SHOT0); /* mode 0 without a count never fires */
    port_ticks = measure_port() - 1;
}

void timer_arm(uint64_t ns)
{
    const uint64_t pit_per_ns = FACTOR(PIT_HZ, NS_PER_SECOND);
    uint64_t count = ns < NS_PER_SECOND ? scale(ns, pit_per_ns) : PIT_COUNT_MAX;

    if (count > PIT_COUNT_MAX)
        count = PIT_COUNT_MAX;
    pit_load(PIT_ONE_SHOT0, PIT_CHANNEL0, count == 0 ? 1 : (uint32_t)count);
}

uint64_t timer_port_ticks(void)
{
    return port_ticks;
}

uint64_t tsc_hz(void)
{
    return hz;
}

uint64_t tsc_to_ns(uint64_t ticks)
{
    return scale(ticks, ns_per_tick);
}

uint64_t ns_to_tsc(uint64_t ns)
{
    return scale(ns, ticks_per_ns);
}
