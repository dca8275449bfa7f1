/*
 * Two engines in step: under lockstep= guest time counts what every engine sees alike (kernel
 * entries and sensitive kernel instructions), so that an interrupt comes at the same instruction
 * whoever executes it, and a digest of the registers at each kernel entry tells two runs apart.
 */
#ifndef UMBRA_HYPERVISOR_VM_LOCKSTEP_H
#define UMBRA_HYPERVISOR_VM_LOCKSTEP_H

#include <stdbool.h>
#include <stdint.h>

#include "emulate/cpu/cpu.h"

struct vm;

#define LOCKSTEP_LOOK_NS 5000000u /* how often the run loop looks at lockstep_ran() */
#define LOCKSTEP_GROUP   256u     /* kernel entries to a line of digests */

struct lockstep {
    uint64_t entries; /* compared: in the digest */
    uint64_t skipped;
    uint64_t digest;
    uint64_t quiet_ns; /* of guest code since time last went on */
    bool adrift;       /* time went on by itself: where the guest was then is anybody's guess */
};

/* Puts `vm` in lockstep if its configuration wants that. Called when it is booted. */
void lockstep_begin(struct vm *vm);

/* cpu_ops.entered: an event is about to be delivered. `world` is the VM. */
void lockstep_entered(void *world, const struct cpu *cpu, const struct event *event);

/* A sensitive kernel instruction was executed. */
void lockstep_sensitive(struct vm *vm);

/* Guest code ran for `ns` nanoseconds by itself. A program that computes without end would wait
 * for ever for its interrupt: after a while time goes on to the board's next event. */
void lockstep_ran(struct vm *vm, uint64_t ns);

/* Prints what is left of the last group. */
void lockstep_end(const struct vm *vm);

#endif
