#include "counters.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *key, *text;
} reasons[EXIT_REASONS] = {
    [EXIT_OTHER] = {"other", "other"},
    [EXIT_SENSITIVE] = {"sensitive", "sensitive instruction (kernel)"},
    [EXIT_USER_TRAP] = {"user", "trapping instruction (user)"},
    [EXIT_EXPOSE] = {"expose", "code exposure"},
    [EXIT_EXCEPTION] = {"exception", "guest exception"},
    [EXIT_DEBUG] = {"debug", "debug trap"},
    [EXIT_INTERRUPT] = {"interrupt", "host interrupt"},
    [EXIT_GUEST_FAULT] = {"guest-fault", "guest page fault"},
    [EXIT_FILL] = {"fill", "hidden fault: shadow fill"},
    [EXIT_FILL_CODE] = {"fill-code", "hidden fault: code view filled"},
    [EXIT_TABLE_WRITE] = {"table-write", "hidden fault: page-table store"},
    [EXIT_CODE_WRITE] = {"code-write", "hidden fault: store to code"},
    [EXIT_MMIO] = {"mmio", "hidden fault: MMIO"},
    [EXIT_CODE_DATA] = {"code-data", "hidden fault: code read as data"},
    [EXIT_FLIP] = {"flip", "hidden fault: code to data view"},
    [EXIT_INTERPRET] = {"interpret", "hidden fault: interpreted"},
};

const char *exit_reason_key(enum exit_reason reason)
{
    return reasons[reason].key;
}

const char *exit_reason_text(enum exit_reason reason)
{
    return reasons[reason].text;
}

/* The slot of a CR3; where it is not in the table, a free one. The table is never full. */
static struct process_counters *find_process(struct counters *counters, uint32_t cr3)
{
    unsigned slot = (cr3 >> 12) * 2654435761u >> 24;
    while (counters->processes[slot].used && counters->processes[slot].cr3 != cr3)
        slot = (slot + 1) % PROCESS_SLOTS;
    return &counters->processes[slot];
}

static struct process_counters *use_process(struct counters *counters, uint32_t cr3)
{
    struct process_counters *process = find_process(counters, cr3);
    if (!process->used && counters->process_count == PROCESSES_MAX)
        process = &counters->others;
    if (!process->used && process != &counters->others)
        counters->process_count++;
    process->used = true;
    process->cr3 = cr3;
    return process;
}

void counters_init(struct counters *counters, uint64_t tsc)
{
    memset(counters, 0, sizeof(*counters));
    counters->op = OP_COUNT;
    counters->started_tsc = tsc;
    counters->closed = tsc;
    counters->process = use_process(counters, 0);
    for (unsigned reason = 0; reason < EXIT_REASONS; reason++) {
        for (unsigned op = 0; op < OP_SLOTS; op++)
            counters->cells[reason][op].min = UINT64_MAX;
    }
}

/* Rare, and kept out of the way of what is not. */
static __attribute__((noinline)) void widen(struct cost *cost, uint64_t ticks)
{
    if (ticks < cost->min)
        cost->min = ticks;
    if (ticks > cost->max)
        cost->max = ticks;
}

static inline void close_exit(struct counters *counters, uint64_t tsc)
{
    struct cost *cost = &counters->cells[counters->reason][counters->op];
    uint64_t ticks = tsc - counters->exited;
    cost->samples++;
    cost->ticks += ticks;
    if (ticks < cost->min || ticks > cost->max)
        widen(cost, ticks);
    counters->process->by_reason[counters->reason]++;
}

void count_end(struct counters *counters, uint64_t tsc)
{
    if (!counters->exited)
        return;
    close_exit(counters, tsc);
    counters->exited = 0;
    counters->closed = tsc;
}

void count_begin(struct counters *counters, uint64_t entered, uint64_t exited)
{
    if (__builtin_expect(counters->exited != 0, true))
        close_exit(counters, entered);
    else
        counters->rest += entered - counters->closed;
    counters->exited = exited;
    counters->reason = EXIT_OTHER;
    counters->op = OP_COUNT;
}

void count_syscall(struct counters *counters)
{
    counters->syscalls++;
    counters->process->syscalls++;
}

void count_cr3(struct counters *counters, uint32_t cr3)
{
    if (counters->process->cr3 == cr3)
        return;
    struct process_counters *process = use_process(counters, cr3);
    /* The open exit is the old process's; when it is closed the new one will get it back. */
    if (counters->exited) {
        counters->process->by_reason[counters->reason]++;
        process->by_reason[counters->reason]--;
    }
    counters->process = process;
    process->switches++;
    counters->switches++;
}

static void add(struct cost *sum, const struct cost *cell)
{
    sum->samples += cell->samples;
    sum->ticks += cell->ticks;
    if (cell->min < sum->min)
        sum->min = cell->min;
    if (cell->max > sum->max)
        sum->max = cell->max;
}

struct cost cost_of_reason(const struct counters *counters, enum exit_reason reason)
{
    struct cost sum = {.min = UINT64_MAX};
    for (unsigned op = 0; op <= OP_COUNT; op++)
        add(&sum, &counters->cells[reason][op]);
    return sum;
}

struct cost cost_of_op(const struct counters *counters, unsigned op)
{
    struct cost sum = {.min = UINT64_MAX};
    for (unsigned reason = 0; reason < EXIT_REASONS; reason++)
        add(&sum, &counters->cells[reason][op]);
    return sum;
}

struct cost cost_of_all(const struct counters *counters)
{
    struct cost sum = {.min = UINT64_MAX};
    for (unsigned reason = 0; reason < EXIT_REASONS; reason++) {
        for (unsigned op = 0; op <= OP_COUNT; op++)
            add(&sum, &counters->cells[reason][op]);
    }
    return sum;
}

uint64_t process_exits(const struct process_counters *process, unsigned first, unsigned end)
{
    uint64_t sum = 0;
    for (unsigned reason = first; reason < end; reason++)
        sum += process->by_reason[reason];
    return sum;
}
