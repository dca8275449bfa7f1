#include "hypervisor/vm/lockstep.h"

#include "hypervisor/report/console.h"
#include "hypervisor/vm/vm.h"

#define EVENT_NS    5000u     /* of guest time, for each entry and each sensitive instruction */
#define PATIENCE_NS 10000000u /* of guest code, before time goes on by itself */

#define FNV_OFFSET 0xcbf29ce484222325ull
#define FNV_PRIME  0x100000001b3ull

#define STATE_WORDS 20

void lockstep_begin(struct vm *vm)
{
    vm->lockstep = (struct lockstep){.digest = FNV_OFFSET};
    vm->clock.own_pace = vm->config.lockstep;
}

/* Fills `words` with what a kernel entry shows of the processor. */
static void describe(const struct cpu *cpu, const struct event *event, uint32_t *words)
{
    unsigned n = 0;
    words[n++] = (uint32_t)event->vector | (uint32_t)event->type << 8;
    words[n++] = event->has_error ? event->error : 0;
    words[n++] = cpu->cr2;
    words[n++] = cpu->cr3;
    words[n++] = cpu->eip;
    words[n++] = cpu->eflags;
    for (unsigned i = 0; i < 8; i++)
        words[n++] = cpu->gpr[i];
    for (unsigned i = SEG_ES; i <= SEG_GS; i++)
        words[n++] = cpu->seg[i].selector;
}

static uint64_t digest(uint64_t hash, const uint32_t *words)
{
    for (unsigned i = 0; i < STATE_WORDS; i++)
        hash = (hash ^ words[i]) * FNV_PRIME;
    return hash;
}

static void print_digest(const struct vm *vm)
{
    const struct lockstep *l = &vm->lockstep;
    console_printf("umbra: %s: lockstep %llu: %016llx\n", vm->config.name,
                   (unsigned long long)l->entries, (unsigned long long)l->digest);
}

static void print_entry(const struct vm *vm, const uint32_t *words)
{
    console_printf("umbra: %s: entry %llu:", vm->config.name,
                   (unsigned long long)vm->lockstep.entries);
    for (unsigned i = 0; i < STATE_WORDS; i++)
        console_printf(" %08x", words[i]);
    console_printf("\n");
}

static void pass(struct vm *vm)
{
    clock_pass(&vm->clock, EVENT_NS);
    vm->lockstep.quiet_ns = 0;
}

static void compare(struct vm *vm, const struct cpu *cpu, const struct event *event)
{
    struct lockstep *l = &vm->lockstep;
    uint32_t words[STATE_WORDS];
    describe(cpu, event, words);
    l->digest = digest(l->digest, words);
    if (vm->config.lockstep == l->entries / LOCKSTEP_GROUP + 1)
        print_entry(vm, words);
    if (++l->entries % LOCKSTEP_GROUP == 0)
        print_digest(vm);
}

static __attribute__((noinline)) void entered(struct vm *vm, const struct cpu *cpu,
                                              const struct event *event)
{
    if (vm->lockstep.adrift)
        vm->lockstep.skipped++;
    else
        compare(vm, cpu, event);
    vm->lockstep.adrift = false;
    pass(vm);
}

void lockstep_entered(void *world, const struct cpu *cpu, const struct event *event)
{
    struct vm *vm = world;
    if (vm->config.lockstep)
        entered(vm, cpu, event);
}

void lockstep_sensitive(struct vm *vm)
{
    if (vm->config.lockstep)
        pass(vm);
}

void lockstep_ran(struct vm *vm, uint64_t ns)
{
    struct lockstep *l = &vm->lockstep;
    if (!vm->config.lockstep)
        return;
    l->quiet_ns += ns;
    if (l->quiet_ns < PATIENCE_NS || vm->next_tick == CLOCK_NEVER)
        return;
    l->quiet_ns = 0;
    l->adrift = true;
    if (vm->clock.ticks < vm->next_tick)
        vm->clock.ticks = vm->next_tick;
}

void lockstep_end(const struct vm *vm)
{
    if (!vm->config.lockstep)
        return;
    print_digest(vm);
    console_printf("umbra: %s: lockstep ends: %llu entries compared, %llu left out\n",
                   vm->config.name, (unsigned long long)vm->lockstep.entries,
                   (unsigned long long)vm->lockstep.skipped);
}
