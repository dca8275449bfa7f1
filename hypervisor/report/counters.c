#include "hypervisor/report/counters.h"

#include "hypervisor/cpu/asm.h"
#include "hypervisor/report/console.h"
#include "hypervisor/vm/vm.h"

static const char *const reason_names[EXIT_REASONS] = {
    [EXIT_SENSITIVE] = "sensitive instruction (kernel)",
    [EXIT_USER_TRAP] = "trapping instruction (user)",
    [EXIT_EXPOSE] = "code exposure",
    [EXIT_EXCEPTION] = "guest exception",
    [EXIT_DEBUG] = "debug trap",
    [EXIT_INTERRUPT] = "host interrupt",
    [EXIT_INTERPRET] = "interpreted instruction",
    [EXIT_GUEST_FAULT] = "guest page fault",
    [EXIT_FILL] = "hidden fault: shadow fill",
    [EXIT_TABLE_WRITE] = "hidden fault: tracked store",
    [EXIT_MMIO] = "hidden fault: MMIO",
    [EXIT_CODE_DATA] = "hidden fault: code read as data",
    [EXIT_FLIP] = "hidden fault: code to data view",
};

static struct process_counters *current_process(struct counters *counters)
{
    return &counters->processes[counters->current];
}

void count_exit(struct counters *counters, enum exit_reason reason)
{
    struct process_counters *process = current_process(counters);
    counters->by_reason[reason]++;
    process->exits++;
    process->guest_faults += reason == EXIT_GUEST_FAULT;
    process->hidden_faults += reason >= EXIT_FIRST_HIDDEN;
}

void count_syscall(struct counters *counters)
{
    counters->syscalls++;
    current_process(counters)->syscalls++;
}

void count_cr3(struct counters *counters, uint32_t cr3)
{
    unsigned i = 0;
    if (counters->process_count && current_process(counters)->cr3 == cr3)
        return;
    while (i < counters->process_count && counters->processes[i].cr3 != cr3)
        i++;
    if (i == counters->process_count) {
        if (i == COUNTED_PROCESSES)
            i--;
        else
            counters->processes[counters->process_count++].cr3 = cr3;
    }
    counters->current = i;
    counters->processes[i].switches++;
    counters->switches++;
}

static uint64_t total(const uint64_t *counts, unsigned n)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < n; i++)
        sum += counts[i];
    return sum;
}

/* Tenths of a per cent. */
static unsigned permille(uint64_t part, uint64_t whole)
{
    return whole ? (unsigned)(part * 1000 / whole) : 0;
}

static void report_row(const struct vm *vm, const char *name, uint64_t count, uint64_t whole)
{
    unsigned share = permille(count, whole);
    console_printf("umbra: %s:   %-32s %12llu %4u.%u%%\n", vm->config.name, name,
                   (unsigned long long)count, share / 10, share % 10);
}

/* Rows of a table, the largest first, zeros left out. Selection by repeated search: the tables are
 * short and this runs once. */
static void report_table(const struct vm *vm, const char *title, const uint64_t *counts, unsigned n,
                         const char *(*name)(unsigned))
{
    uint64_t whole = total(counts, n);
    uint64_t limit = UINT64_MAX;
    unsigned after = 0;
    console_printf("umbra: %s: %-34s %12llu\n", vm->config.name, title, (unsigned long long)whole);
    for (;;) {
        unsigned best = n;
        for (unsigned i = 0; i < n; i++) {
            bool later = counts[i] < limit || (counts[i] == limit && i > after);
            if (counts[i] && later && (best == n || counts[i] > counts[best]))
                best = i;
        }
        if (best == n)
            return;
        report_row(vm, name(best), counts[best], whole);
        limit = counts[best];
        after = best;
    }
}

static const char *reason_name(unsigned reason)
{
    return reason_names[reason];
}

static const char *operation_name(unsigned op)
{
    return op_name((enum op)op);
}

static void report_processes(const struct vm *vm)
{
    const struct counters *c = &vm->counters;
    console_printf("umbra: %s: %-10s %10s %10s %12s %12s %13s\n", vm->config.name, "CR3",
                   "switches", "exits", "system calls", "guest faults", "hidden faults");
    for (unsigned i = 0; i < c->process_count; i++) {
        const struct process_counters *p = &c->processes[i];
        bool last = i == COUNTED_PROCESSES - 1;
        console_printf("umbra: %s: %08x%-2s %10llu %10llu %12llu %12llu %13llu\n", vm->config.name,
                       p->cr3, last ? "+" : "", (unsigned long long)p->switches,
                       (unsigned long long)p->exits, (unsigned long long)p->syscalls,
                       (unsigned long long)p->guest_faults, (unsigned long long)p->hidden_faults);
    }
}

static void report_totals(const struct vm *vm)
{
    const struct counters *c = &vm->counters;
    struct shadow_stats s = shadow_stats(vm->shadow);
    const char *name = vm->config.name;
    unsigned hidden = EXIT_REASONS - EXIT_FIRST_HIDDEN;
    console_printf("umbra: %s: system calls %llu, interrupts %llu, context switches %llu\n", name,
                   (unsigned long long)c->syscalls, (unsigned long long)c->interrupts,
                   (unsigned long long)c->switches);
    console_printf("umbra: %s: page faults: the guest's own %llu, hidden %llu\n", name,
                   (unsigned long long)c->by_reason[EXIT_GUEST_FAULT],
                   (unsigned long long)total(c->by_reason + EXIT_FIRST_HIDDEN, hidden));
    console_printf("umbra: %s: shadow: %llu fills, %llu tables made, %llu recycled, %llu roots "
                   "made, %llu found again\n",
                   name, (unsigned long long)s.fills, (unsigned long long)s.nodes_made,
                   (unsigned long long)s.recycled, (unsigned long long)s.roots_made,
                   (unsigned long long)s.roots_found);
    console_printf("umbra: %s: ticks: %llu in all, %llu in the guest\n", name,
                   (unsigned long long)(rdtsc() - c->started_tsc),
                   (unsigned long long)vm->clock.ticks);
}

void report_counters(const struct vm *vm)
{
    report_table(vm, "exits by reason", vm->counters.by_reason, EXIT_REASONS, reason_name);
    report_table(vm, "emulated instructions", vm->counters.by_op, OP_COUNT, operation_name);
    report_processes(vm);
    report_totals(vm);
}
