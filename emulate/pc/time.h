/*
 * Conversions between virtual nanoseconds and the ticks of a chip's crystal, exact (rounded down
 * once, never accumulated).
 */
#ifndef UMBRA_EMULATE_PC_TIME_H
#define UMBRA_EMULATE_PC_TIME_H

#include <stdint.h>

#define NS_PER_SECOND 1000000000ull

/* floor(ns * hz / 10^9); splitting off whole seconds keeps every product below 2^64. */
static inline uint64_t ns_to_ticks(uint64_t ns, uint32_t hz)
{
    return ns / NS_PER_SECOND * hz + ns % NS_PER_SECOND * hz / NS_PER_SECOND;
}

/* floor(ticks * 10^9 / hz). */
static inline uint64_t ticks_to_ns(uint64_t ticks, uint32_t hz)
{
    return ticks / hz * NS_PER_SECOND + ticks % hz * NS_PER_SECOND / hz;
}

#endif
