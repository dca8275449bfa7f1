/* The 8254 timer: channel 0 ticks, channel 2 measures. */
#ifndef PIT_H
#define PIT_H

#include <stdint.h>

#define TICKS_PER_SECOND 100u
#define MS_PER_TICK      (1000u / TICKS_PER_SECOND)

/** Start the tick and take IRQ 0. */
void pit_init(void);

/** Ticks since then. */
uint32_t pit_ticks(void);

/** Busy-wait 10 ms on channel 2, without interrupts. */
void pit_wait_10ms(void);

#endif
