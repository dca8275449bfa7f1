/*
 * The trace ring of a VM: its last traps, with what each changed. Off by default; `trace=` on the
 * module line says which reasons are kept (config.h).
 */
#ifndef UMBRA_HYPERVISOR_REPORT_TRACE_H
#define UMBRA_HYPERVISOR_REPORT_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "emulate/cpu/insn.h"

#define TRACE_ENTRIES 1024u

struct vm;
struct vcpu;

/* What a trap may change and a person wants to see. */
struct trace_state {
    uint32_t eip, esp, eflags, cr0, cr2, cr3, cr4;
    uint8_t cpl;
};

struct trace_entry {
    uint64_t number; /* counts all traps that were seen, kept or not */
    struct trace_state before, after;
    uint32_t address; /* page faults: the linear address */
    uint32_t error;
    uint8_t vector; /* TRACE_NO_VECTOR: an instruction was interpreted */
    uint8_t reason; /* enum exit_reason */
    bool code32, done;
    uint8_t length; /* of bytes: 0 where none can be read */
    uint8_t bytes[INSN_MAX_LENGTH];
};

#define TRACE_NO_VECTOR 0xff

struct trace {
    uint32_t mask; /* 1 << enum exit_reason; 0: off */
    uint64_t seen;
    uint64_t kept; /* entries[kept % TRACE_ENTRIES] is the trap that is being handled */
    struct trace_entry *entries;
};

#define TRACE_LAST 64u /* traps that are shown with a triple fault or a panic */

/* Bytes that a ring needs. */
#define TRACE_BYTES (TRACE_ENTRIES * sizeof(struct trace_entry))

/* Calls handle(vcpu) for a trap (or, `interpreted`, for an instruction without one), and keeps a
 * record of it. */
void trace_around(struct vcpu *vcpu, void (*handle)(struct vcpu *vcpu), bool interpreted);

/*
 * Prints the last traps that were kept, at most `count`, oldest first, then the one that is being
 * handled now, if any; nothing when tracing is off.
 */
void trace_dump(const struct vm *vm, unsigned count);

#endif
