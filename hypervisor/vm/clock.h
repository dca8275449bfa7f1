/*
 * The virtual clock of a VM: it runs while guest code runs (or waits in HLT) and stands still while
 * the monitor works, so that a guest that times its own CLI sees what a bare CLI costs. TSC, PIT,
 * RTC and port 61h all come from here. Counted in ticks of the host's time-stamp counter.
 */
#ifndef UMBRA_HYPERVISOR_VM_CLOCK_H
#define UMBRA_HYPERVISOR_VM_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_NEVER UINT64_MAX

struct vm_clock {
    uint64_t ticks;      /* of guest time since power-on */
    uint64_t started;    /* host TSC at the last clock_start() */
    uint64_t stopped;    /* and at the last clock_stop() */
    uint64_t tsc_offset; /* guest TSC minus ticks: WRMSR */
    uint64_t last_tsc;   /* the guest's TSC strictly increases */
    bool own_pace;       /* a tick is a nanosecond, and only clock_pass() makes time go on */
};

/* Just before guest_enter(), and just behind it. The way into the guest and out of it lies in
 * between, too: that much is the monitor's time. */
void clock_start(struct vm_clock *clock);
void clock_stop(struct vm_clock *clock);
/* How much that is, in ticks: measured once, by entering a guest that traps at once. */
void clock_set_entry_cost(uint64_t ticks);
uint64_t clock_entry_cost(void);

/* One instruction was executed for the guest: it takes what it would take natively. */
void clock_credit(struct vm_clock *clock);

/* It accessed a port: a bus is slower than the processor. */
void clock_access_port(struct vm_clock *clock);

/* Guest code ran for `ticks` of the host's time-stamp counter. */
void clock_spend(struct vm_clock *clock, uint64_t ticks);
/* `ns` nanoseconds pass, for a clock that has a pace of its own. */
void clock_pass(struct vm_clock *clock, uint64_t ns);

uint64_t clock_to_ns(const struct vm_clock *clock, uint64_t ticks);
uint64_t clock_from_ns(const struct vm_clock *clock, uint64_t ns);
uint64_t clock_ns(const struct vm_clock *clock);
uint64_t clock_read_tsc(struct vm_clock *clock);
void clock_write_tsc(struct vm_clock *clock, uint64_t value);

#endif
