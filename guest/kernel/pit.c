/* Intel 8254 data sheet; port 61h after the IBM AT technical reference. */
#include "pit.h"
#include "cpu.h"
#include "sched.h"
#include "trap.h"

#define CHANNEL_0        0x40
#define CHANNEL_2        0x42
#define CONTROL          0x43
#define CHANNEL_0_MODE_2 0x34 /* rate generator, low then high byte */
#define CHANNEL_2_MODE_0 0xB0 /* interrupt on terminal count, low then high byte */
#define SYSTEM_CONTROL   0x61
#define GATE_2           0x01
#define SPEAKER          0x02
#define OUT_2            0x20

#define FREQUENCY 1193182u

static volatile uint32_t ticks;

static void interrupt(void)
{
    ticks++;
    sched_tick();
}

void pit_init(void)
{
    uint32_t divisor = FREQUENCY / TICKS_PER_SECOND;

    outb(CONTROL, CHANNEL_0_MODE_2);
    outb(CHANNEL_0, (uint8_t)divisor);
    outb(CHANNEL_0, (uint8_t)(divisor >> 8));
    irq_install(IRQ_TIMER, interrupt);
}

uint32_t pit_ticks(void)
{
    return ticks;
}

void pit_wait_10ms(void)
{
    uint32_t count = FREQUENCY / 100;
    uint8_t control = inb(SYSTEM_CONTROL) & ~(GATE_2 | SPEAKER);

    outb(SYSTEM_CONTROL, control);
    outb(CONTROL, CHANNEL_2_MODE_0);
    outb(CHANNEL_2, (uint8_t)count);
    outb(CHANNEL_2, (uint8_t)(count >> 8));
    outb(SYSTEM_CONTROL, control | GATE_2); /* counting starts */
    while (!(inb(SYSTEM_CONTROL) & OUT_2))
        ;
    outb(SYSTEM_CONTROL, control);
}
