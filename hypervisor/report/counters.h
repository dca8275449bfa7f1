/* The books of a VM: what trapped, why, how often, and for which guest process. */
#ifndef UMBRA_HYPERVISOR_REPORT_COUNTERS_H
#define UMBRA_HYPERVISOR_REPORT_COUNTERS_H

#include <stdint.h>

#include "emulate/cpu/op.h"

/* Why the monitor ran. Those from EXIT_FILL on are page faults that the guest never hears of. */
enum exit_reason {
    EXIT_SENSITIVE,   /* a sensitive instruction of kernel code, known from its code view */
    EXIT_USER_TRAP,   /* an instruction of user code that trapped: INT n, RDTSC, a violation ... */
    EXIT_EXPOSE,      /* kernel code reached for the first time: exposed */
    EXIT_EXCEPTION,   /* an exception that is the guest's own, passed on */
    EXIT_DEBUG,       /* #DB: single step or breakpoint of the guest */
    EXIT_INTERRUPT,   /* an interrupt of the host */
    EXIT_INTERPRET,   /* not an exit: an instruction that cannot run natively now */
    EXIT_GUEST_FAULT, /* a page fault that is the guest's own, passed on */
    EXIT_FILL,        /* a shadow entry was filled */
    EXIT_TABLE_WRITE, /* a store to a guest page table or to viewed code, emulated */
    EXIT_MMIO,        /* an access where no RAM is, emulated */
    EXIT_CODE_DATA,   /* data read from a page of code, emulated */
    EXIT_FLIP,        /* a page went from its code view to its data mapping */
    EXIT_REASONS,
};
#define EXIT_FIRST_HIDDEN EXIT_FILL

#define COUNTED_PROCESSES 32

/* What ran under one value of CR3. */
struct process_counters {
    uint32_t cr3;
    uint64_t switches; /* MOV CR3 to it from another value */
    uint64_t exits;
    uint64_t syscalls;
    uint64_t guest_faults;
    uint64_t hidden_faults;
};

struct counters {
    uint64_t by_reason[EXIT_REASONS];
    uint64_t by_op[OP_COUNT]; /* instructions that were emulated */
    uint64_t syscalls;        /* software interrupts and SYSENTER from CPL 3 */
    uint64_t interrupts;      /* delivered to the guest */
    uint64_t switches;
    struct process_counters processes[COUNTED_PROCESSES];
    unsigned process_count;
    unsigned current;     /* index into processes; the last one collects what found no place */
    uint64_t started_tsc; /* host TSC when the VM was made */
};

void count_exit(struct counters *counters, enum exit_reason reason);
void count_syscall(struct counters *counters);
/* CR3 was loaded: what follows counts for that process. */
void count_cr3(struct counters *counters, uint32_t cr3);

struct vm;
/* Prints the tables, one line each with the prefix "umbra: NAME: ". */
void report_counters(const struct vm *vm);

#endif
