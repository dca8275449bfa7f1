#include "report.h"

#include <stddef.h>

#include "console.h"
#include "format.h"
#include "json.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/timer.h"
#include "hypervisor/vm/vm.h"

typedef unsigned long long ull;

/* Processes in the table for a person; the JSON has all. */
#define PROCESS_ROWS 24u

/* A row of either table: a reason or an operation. */
struct row {
    unsigned index;
    struct cost cost;
    uint64_t emulated; /* operations only */
};

/* One at a time: reports are printed by the monitor's one thread. */
static struct row rows[OP_COUNT + EXIT_REASONS];

/* --- what is to be shown -----------------------------------------------------------------------
 */

/* Costs are counted from exit to entry; the way through processor and stubs comes on top. */
static struct cost whole_cost(struct cost cost)
{
    uint64_t way = clock_entry_cost();
    if (!cost.samples)
        return (struct cost){0};
    cost.ticks += cost.samples * way;
    cost.min += way;
    cost.max += way;
    return cost;
}

static bool before(const struct row *a, const struct row *b)
{
    if (a->cost.samples != b->cost.samples)
        return a->cost.samples > b->cost.samples;
    return a->emulated > b->emulated;
}

static void sort(unsigned count)
{
    for (unsigned i = 1; i < count; i++) {
        struct row row = rows[i];
        unsigned at = i;
        for (; at > 0 && before(&row, &rows[at - 1]); at--)
            rows[at] = rows[at - 1];
        rows[at] = row;
    }
}

/* Fills rows[] and returns how many there are, the most frequent first. */
static unsigned collect_reasons(const struct counters *c)
{
    unsigned count = 0;
    for (unsigned i = 0; i < EXIT_REASONS; i++) {
        rows[count] = (struct row){.index = i, .cost = whole_cost(cost_of_reason(c, i))};
        count += rows[count].cost.samples != 0;
    }
    sort(count);
    return count;
}

static unsigned collect_ops(const struct counters *c)
{
    unsigned count = 0;
    for (unsigned i = 0; i < OP_COUNT; i++) {
        rows[count] = (struct row){i, whole_cost(cost_of_op(c, i)), c->by_op[i]};
        count += rows[count].emulated != 0;
    }
    sort(count);
    return count;
}

struct totals {
    struct cost exits;
    uint64_t all, guest, rest; /* ticks */
    uint64_t emulated, guest_faults, hidden_faults;
};

static struct totals total(const struct vm *vm)
{
    const struct counters *c = &vm->counters;
    uint64_t now = rdtsc();
    struct totals t = {.exits = whole_cost(cost_of_all(c)), .all = now - c->started_tsc};
    t.rest = c->rest + (c->exited ? 0 : now - c->closed);
    t.guest = t.all > t.rest + t.exits.ticks ? t.all - t.rest - t.exits.ticks : 0;
    t.guest_faults = cost_of_reason(c, EXIT_GUEST_FAULT).samples;
    for (unsigned i = 0; i < OP_COUNT; i++)
        t.emulated += c->by_op[i];
    for (unsigned i = EXIT_FIRST_HIDDEN; i < EXIT_REASONS; i++)
        t.hidden_faults += cost_of_reason(c, i).samples;
    return t;
}

/* Goes through the processes that had exits, the most first: the one behind `last`, or NULL. */
static const struct process_counters *next_process(const struct counters *c,
                                                   const struct process_counters *last)
{
    const struct process_counters *best = NULL;
    uint64_t limit = last ? process_exits(last, 0, EXIT_REASONS) : UINT64_MAX;
    uint64_t most = 0;
    for (unsigned i = 0; i < PROCESS_SLOTS; i++) {
        const struct process_counters *p = &c->processes[i];
        uint64_t exits = process_exits(p, 0, EXIT_REASONS);
        bool after = exits < limit || (exits == limit && p > last);
        if (exits && after && exits > most) {
            best = p;
            most = exits;
        }
    }
    return best;
}

/* --- for a person ------------------------------------------------------------------------------
 */

static unsigned permille(uint64_t part, uint64_t whole)
{
    return whole ? (unsigned)(part * 1000 / whole) : 0;
}

static void print_row(const char *vm, const char *name, const struct cost *cost,
                      const struct cost *all)
{
    unsigned share = permille(cost->samples, all->samples);
    unsigned time = permille(cost->ticks, all->ticks);
    uint64_t mean = cost->samples ? cost->ticks / cost->samples : 0;
    console_printf("umbra: %s:   %-31s %9llu %3u.%u%% %3u.%u%% %8llu %8llu %10llu", vm, name,
                   (ull)cost->samples, share / 10, share % 10, time / 10, time % 10, (ull)cost->min,
                   (ull)mean, (ull)cost->max);
}

static void print_heading(const char *vm, const char *title, const char *last)
{
    console_printf("umbra: %s: %-33s %9s %6s %6s %8s %8s %10s%s\n", vm, title, "samples", "share",
                   "time", "min", "mean", "max", last);
}

static void print_exits(const struct vm *vm, const struct totals *t)
{
    const char *name = vm->config.name;
    unsigned count = collect_reasons(&vm->counters);
    print_heading(name, "exits by reason", "");
    for (unsigned i = 0; i < count; i++) {
        print_row(name, exit_reason_text(rows[i].index), &rows[i].cost, &t->exits);
        console_printf("\n");
    }
    print_row(name, "all", &t->exits, &t->exits);
    console_printf("\n");
    count = collect_ops(&vm->counters);
    print_heading(name, "exits by emulated instruction", "   emulated");
    for (unsigned i = 0; i < count; i++) {
        print_row(name, op_name(rows[i].index), &rows[i].cost, &t->exits);
        console_printf(" %10llu\n", (ull)rows[i].emulated);
    }
}

static void print_process(const char *vm, const struct process_counters *p, const char *cr3)
{
    static const enum exit_reason shown[] = {EXIT_GUEST_FAULT, EXIT_FILL,       EXIT_FILL_CODE,
                                             EXIT_TABLE_WRITE, EXIT_CODE_WRITE, EXIT_MMIO,
                                             EXIT_CODE_DATA,   EXIT_FLIP,       EXIT_INTERPRET};
    console_printf("umbra: %s:   %-10s %8llu %9llu %9llu", vm, cr3, (ull)p->switches,
                   (ull)process_exits(p, 0, EXIT_REASONS), (ull)p->syscalls);
    for (unsigned i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
        console_printf(" %7llu", (ull)p->by_reason[shown[i]]);
    console_printf("\n");
}

static void add_process(struct process_counters *sum, const struct process_counters *p)
{
    sum->switches += p->switches;
    sum->syscalls += p->syscalls;
    for (unsigned i = 0; i < EXIT_REASONS; i++)
        sum->by_reason[i] += p->by_reason[i];
}

static void print_processes(const struct vm *vm)
{
    const char *name = vm->config.name;
    const struct process_counters *p = NULL;
    struct process_counters rest = vm->counters.others;
    char cr3[12];
    console_printf("umbra: %s: %-12s %8s %9s %9s %7s %s\n", name, "process", "", "", "", "guest",
                   "hidden page faults");
    console_printf("umbra: %s:   %-10s %8s %9s %9s %7s %7s %7s %7s %7s %7s %7s %7s %7s\n", name,
                   "(CR3)", "switches", "exits", "syscalls", "faults", "fill", "code", "table",
                   "text", "MMIO", "read", "flip", "other");
    for (unsigned row = 0; (p = next_process(&vm->counters, p)); row++) {
        format_buffer(cr3, sizeof(cr3), "%08x", p->cr3);
        if (row < PROCESS_ROWS)
            print_process(name, p, cr3);
        else
            add_process(&rest, p);
    }
    if (process_exits(&rest, 0, EXIT_REASONS))
        print_process(name, &rest, "others");
}

static void print_totals(const struct vm *vm, const struct totals *t)
{
    const struct counters *c = &vm->counters;
    struct shadow_stats s = shadow_stats(vm->shadow);
    const char *name = vm->config.name;
    console_printf("umbra: %s: system calls %llu, interrupts %llu, context switches %llu\n", name,
                   (ull)c->syscalls, (ull)c->interrupts, (ull)c->switches);
    console_printf("umbra: %s: page faults: the guest's own %llu, hidden %llu\n", name,
                   (ull)t->guest_faults, (ull)t->hidden_faults);
    console_printf("umbra: %s: instructions: %llu emulated one by one, %llu interpreted without an "
                   "exit\n",
                   name, (ull)t->emulated, (ull)vm->interpreted);
    console_printf("umbra: %s: shadow: %llu fills, %llu tables made, %llu recycled, %llu roots "
                   "made, %llu found again\n",
                   name, (ull)s.fills, (ull)s.nodes_made, (ull)s.recycled, (ull)s.roots_made,
                   (ull)s.roots_found);
    console_printf("umbra: %s: ticks of the host's TSC (%llu MHz): %llu in all, %llu guest code, "
                   "%llu exits, %llu rest\n",
                   name, (ull)(tsc_hz() / 1000000), (ull)t->all, (ull)t->guest, (ull)t->exits.ticks,
                   (ull)t->rest);
    console_printf("umbra: %s: a cost is in such ticks, from guest code to guest code; the way out "
                   "and in takes %llu\n",
                   name, (ull)clock_entry_cost());
}

void report_counters(const struct vm *vm)
{
    struct totals t = total(vm);
    print_exits(vm, &t);
    print_processes(vm);
    print_totals(vm, &t);
}

/* --- for programs ------------------------------------------------------------------------------
 */

static void put_console(void *target, char c)
{
    (void)target;
    console_printf("%c", c);
}

static void json_cost(struct json *json, const struct cost *cost)
{
    json_number(json, "samples", cost->samples);
    json_number(json, "ticks", cost->ticks);
    json_number(json, "min", cost->min);
    json_number(json, "max", cost->max);
}

static void json_exits(struct json *json, const struct counters *c)
{
    unsigned count = collect_reasons(c);
    json_open(json, "reasons", '[');
    for (unsigned i = 0; i < count; i++) {
        json_open(json, NULL, '{');
        json_string(json, "reason", exit_reason_key(rows[i].index));
        json_string(json, "text", exit_reason_text(rows[i].index));
        json_cost(json, &rows[i].cost);
        json_close(json, '}');
    }
    json_close(json, ']');
    count = collect_ops(c);
    json_open(json, "instructions", '[');
    for (unsigned i = 0; i < count; i++) {
        json_open(json, NULL, '{');
        json_string(json, "name", op_name(rows[i].index));
        json_cost(json, &rows[i].cost);
        json_number(json, "emulated", rows[i].emulated);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void json_process(struct json *json, const struct process_counters *p, bool others)
{
    json_open(json, NULL, '{');
    if (others)
        json_null(json, "cr3");
    else
        json_number(json, "cr3", p->cr3);
    json_number(json, "switches", p->switches);
    json_number(json, "exits", process_exits(p, 0, EXIT_REASONS));
    json_number(json, "syscalls", p->syscalls);
    json_number(json, "guest_faults", p->by_reason[EXIT_GUEST_FAULT]);
    json_number(json, "hidden_faults", process_exits(p, EXIT_FIRST_HIDDEN, EXIT_REASONS));
    json_open(json, "reasons", '{');
    for (unsigned i = 0; i < EXIT_REASONS; i++) {
        if (p->by_reason[i])
            json_number(json, exit_reason_key(i), p->by_reason[i]);
    }
    json_close(json, '}');
    json_close(json, '}');
}

static void json_processes(struct json *json, const struct counters *c)
{
    const struct process_counters *p = NULL;
    json_open(json, "processes", '[');
    while ((p = next_process(c, p)))
        json_process(json, p, false);
    if (c->others.used)
        json_process(json, &c->others, true);
    json_close(json, ']');
}

static void json_totals(struct json *json, const struct vm *vm)
{
    const struct counters *c = &vm->counters;
    struct totals t = total(vm);
    json_open(json, "ticks", '{');
    json_number(json, "all", t.all);
    json_number(json, "guest", t.guest);
    json_number(json, "exits", t.exits.ticks);
    json_number(json, "rest", t.rest);
    json_close(json, '}');
    json_number(json, "exits", t.exits.samples);
    json_open(json, "totals", '{');
    json_number(json, "syscalls", c->syscalls);
    json_number(json, "interrupts", c->interrupts);
    json_number(json, "switches", c->switches);
    json_number(json, "emulated", t.emulated);
    json_number(json, "interpreted", vm->interpreted);
    json_number(json, "guest_faults", t.guest_faults);
    json_number(json, "hidden_faults", t.hidden_faults);
    json_close(json, '}');
}

static void json_shadow(struct json *json, const struct vm *vm)
{
    struct shadow_stats s = shadow_stats(vm->shadow);
    json_open(json, "shadow", '{');
    json_number(json, "fills", s.fills);
    json_number(json, "tables_made", s.nodes_made);
    json_number(json, "recycled", s.recycled);
    json_number(json, "roots_made", s.roots_made);
    json_number(json, "roots_found", s.roots_found);
    json_close(json, '}');
}

void report_json(const struct vm *vm)
{
    struct json json = {.put = put_console};
    console_printf("umbra-json: ");
    json_open(&json, NULL, '{');
    json_number(&json, "schema", 1);
    json_string(&json, "vm", vm->config.name);
    json_string(&json, "engine", vm->config.engine == ENGINE_INTERP ? "interp" : "trap");
    json_string(&json, "unit", "ticks of the host's time-stamp counter");
    json_number(&json, "tsc_hz", tsc_hz());
    json_number(&json, "entry_ticks", clock_entry_cost());
    json_totals(&json, vm);
    json_exits(&json, &vm->counters);
    json_processes(&json, &vm->counters);
    json_shadow(&json, vm);
    json_close(&json, '}');
    console_printf("\n");
}
