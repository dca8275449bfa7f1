#include "hypervisor/vm/clock.h"

#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/timer.h"

static uint64_t entry_cost;

void clock_start(struct vm_clock *clock)
{
    clock->started = rdtsc();
}

void clock_stop(struct vm_clock *clock)
{
    clock->stopped = rdtsc();
    uint64_t elapsed = clock->stopped - clock->started;
    if (elapsed > entry_cost)
        clock_spend(clock, elapsed - entry_cost);
}

void clock_set_entry_cost(uint64_t ticks)
{
    entry_cost = ticks;
}

uint64_t clock_entry_cost(void)
{
    return entry_cost;
}

void clock_credit(struct vm_clock *clock)
{
    clock_spend(clock, 1);
}

void clock_access_port(struct vm_clock *clock)
{
    clock_spend(clock, timer_port_ticks());
}

void clock_spend(struct vm_clock *clock, uint64_t ticks)
{
    if (!clock->own_pace)
        clock->ticks += ticks;
}

void clock_pass(struct vm_clock *clock, uint64_t ns)
{
    clock->ticks += ns;
}

uint64_t clock_to_ns(const struct vm_clock *clock, uint64_t ticks)
{
    return clock->own_pace ? ticks : tsc_to_ns(ticks);
}

uint64_t clock_from_ns(const struct vm_clock *clock, uint64_t ns)
{
    return clock->own_pace ? ns : ns_to_tsc(ns);
}

uint64_t clock_ns(const struct vm_clock *clock)
{
    return clock_to_ns(clock, clock->ticks);
}

uint64_t clock_read_tsc(struct vm_clock *clock)
{
    uint64_t tsc = clock->ticks + clock->tsc_offset;
    if (tsc <= clock->last_tsc)
        tsc = clock->last_tsc + 1;
    clock->last_tsc = tsc;
    return tsc;
}

void clock_write_tsc(struct vm_clock *clock, uint64_t value)
{
    clock->tsc_offset = value - clock->ticks;
    clock->last_tsc = value;
}
