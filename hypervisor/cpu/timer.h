/* Host time: the 8254's channel 0 as a one-shot alarm, the time-stamp counter as the clock. */
#ifndef UMBRA_HYPERVISOR_CPU_TIMER_H
#define UMBRA_HYPERVISOR_CPU_TIMER_H

#include <stdint.h>

/* Measures the time-stamp counter against the 8254's channel 2, and how slow a port is; silences
 * channel 0. */
void timer_init(void);

/* Raises HOST_IRQ_TIMER once, `ns` nanoseconds from now, or as late as the 8254 can (54.9 ms). */
void timer_arm(uint64_t ns);

/* Ticks of the time-stamp counter that reading a port of the bus takes, but for the first. */
uint64_t timer_port_ticks(void);

uint64_t tsc_hz(void);
uint64_t tsc_to_ns(uint64_t ticks);
uint64_t ns_to_tsc(uint64_t ns);

#endif
