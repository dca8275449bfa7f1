/*
 * The books of a VM: what trapped, why, what it cost, and for which guest process.
 *
 * Pure: also built on the host for tests. An exit is opened when the guest left (count_begin()),
 * named by whoever handles it (count_exit(), count_op()), and closed with its cost when the guest
 * is entered again, which is when all that it made the monitor do is done.
 */
#ifndef UMBRA_HYPERVISOR_REPORT_COUNTERS_H
#define UMBRA_HYPERVISOR_REPORT_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "emulate/cpu/op.h"

/* Why the monitor ran. Those from EXIT_FILL on are page faults that the guest never hears of. */
enum exit_reason {
    EXIT_OTHER,       /* none of the following: an NMI of the host */
    EXIT_SENSITIVE,   /* a sensitive instruction of kernel code, known from its code view */
    EXIT_USER_TRAP,   /* an instruction of user code that trapped: INT n, RDTSC, a violation ... */
    EXIT_EXPOSE,      /* kernel code reached for the first time: exposed */
    EXIT_EXCEPTION,   /* an exception that is the guest's own, passed on */
    EXIT_DEBUG,       /* #DB: single step or breakpoint of the guest */
    EXIT_INTERRUPT,   /* an interrupt of the host */
    EXIT_GUEST_FAULT, /* a page fault that is the guest's own, passed on */
    EXIT_FILL,        /* a shadow entry was filled */
    EXIT_FILL_CODE,   /* a shadow entry was filled with a code view, and code exposed there */
    EXIT_TABLE_WRITE, /* a store to a guest page table, emulated */
    EXIT_CODE_WRITE,  /* a store to viewed code, emulated: what it changed is covered again */
    EXIT_MMIO,        /* an access where no RAM is, emulated */
    EXIT_CODE_DATA,   /* data read from a page of code, emulated */
    EXIT_FLIP,        /* a page went from its code view to its data mapping */
    EXIT_INTERPRET,   /* what cannot run natively; no exit at all where nothing trapped for it */
    EXIT_REASONS,
};
#define EXIT_FIRST_HIDDEN EXIT_FILL

/* The reason in a word, as `trace=` and the JSON report have it; and for a person's eyes. */
const char *exit_reason_key(enum exit_reason reason);
const char *exit_reason_text(enum exit_reason reason);

/* Costs in ticks of the host's time-stamp counter. */
struct cost {
    uint64_t samples;
    uint64_t ticks;
    uint64_t min; /* UINT64_MAX while there are no samples */
    uint64_t max;
};

/* What ran under one value of CR3. */
struct process_counters {
    bool used;
    uint32_t cr3;
    uint64_t switches; /* MOV CR3 to it from another value */
    uint64_t syscalls;
    uint64_t by_reason[EXIT_REASONS]; /* exits */
};

/* A hash table by CR3; those that find it full are counted together. */
#define PROCESS_SLOTS 256u
#define PROCESSES_MAX 192u

/* A row of cells, rounded up: they are found with shifts at every exit. */
#define OP_SLOTS 256u
_Static_assert(OP_COUNT < OP_SLOTS, "every operation, and none, has a slot");

struct counters {
    enum exit_reason reason; /* of the open exit */
    unsigned op;             /* its first emulated instruction, or OP_COUNT */
    uint64_t exited;         /* TSC when the guest left; 0: no exit is open */
    uint64_t closed;         /* TSC when an exit was closed without the guest being entered */
    uint64_t rest;           /* ticks that no exit and no guest code took */
    struct process_counters *process;

    struct cost cells[EXIT_REASONS][OP_SLOTS]; /* [..][OP_COUNT]: nothing was emulated */
    uint64_t by_op[OP_COUNT]; /* instructions emulated: more than one an exit, or without one */
    uint64_t syscalls;        /* software interrupts and SYSENTER from CPL 3 */
    uint64_t interrupts;      /* delivered to the guest */
    uint64_t switches;
    struct process_counters processes[PROCESS_SLOTS];
    struct process_counters others;
    unsigned process_count;
    uint64_t started_tsc; /* host TSC when the VM was booted first */
};

/* Empty books, for a VM that is booted at host time `tsc`. CR3 is 0. */
void counters_init(struct counters *counters, uint64_t tsc);

/* Closes the open exit, if there is one, at host time `tsc`. */
void count_end(struct counters *counters, uint64_t tsc);

/* The guest, entered at `entered`, left at `exited`: closes the last exit and opens the next. */
void count_begin(struct counters *counters, uint64_t entered, uint64_t exited);

/* Says what the open exit is. The first word counts: what it leads to is part of its cost. */
static inline void count_exit(struct counters *counters, enum exit_reason reason)
{
    if (counters->reason == EXIT_OTHER)
        counters->reason = reason;
}

/* An instruction was emulated. */
static inline void count_op(struct counters *counters, unsigned op)
{
    counters->by_op[op]++;
    if (counters->op == OP_COUNT)
        counters->op = op;
}

/* Both at once, of an exit of which nothing has been said. */
static inline void count_known(struct counters *counters, enum exit_reason reason, unsigned op)
{
    counters->by_op[op]++;
    counters->reason = reason;
    counters->op = op;
}

void count_syscall(struct counters *counters);
/* CR3 was loaded: what follows counts for that process. */
void count_cr3(struct counters *counters, uint32_t cr3);

/* Sums of cells: the exits of a reason; those whose (first) emulated instruction is `op`; all. */
struct cost cost_of_reason(const struct counters *counters, enum exit_reason reason);
struct cost cost_of_op(const struct counters *counters, unsigned op);
struct cost cost_of_all(const struct counters *counters);

/* Exits of one process; the reasons from `first` up to `end`. */
uint64_t process_exits(const struct process_counters *process, unsigned first, unsigned end);

#endif
