/* Who runs: round robin, a turn a timer tick, and sleeping on channels. */
#ifndef SCHED_H
#define SCHED_H

#include <stdbool.h>
#include <stdint.h>

/** The timer says that the current process had its turn. */
extern volatile bool need_resched;

/** Give the CPU to the next process that can run. */
void schedule(void);

/**
 * Sleep until wake_all on the same channel, any address both sides know. May return early: the
 * caller tests its condition again. With interrupts off between test and call if an interrupt
 * handler does the waking.
 */
void sleep_on(const void *channel);

void wake_all(const void *channel);

/** Sleep for a time. */
void sleep_ms(uint32_t ms);

/** Timer interrupt: end the turn, wake those whose time has come. */
void sched_tick(void);

/** Run as process 0: halt until an interrupt makes somebody ready. */
__attribute__((noreturn)) void sched_idle(void);

uint32_t sched_switches(void);

#endif
