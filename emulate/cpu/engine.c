/* cpu_run(): blocks as long as they go, one step by cpu_step_insn() where they do not. */
#include "engine.h"

#include "debug.h"
#include "quick.h"

/* What needs a look at every instruction is not for blocks: single steps, breakpoints, RF, the
 * instruction behind STI and MOV SS, alignment checks. */
static bool blocks_allowed(const struct cpu *cpu)
{
    return !(cpu->eflags & (EFLAGS_TF | EFLAGS_RF)) && !breakpoints_armed(cpu) &&
           cpu->int_shadow == SHADOW_NONE && !alignment_checked(cpu);
}

/* --- flags, as slot functions have them --- */

void flags_load(struct run *run, const struct cpu *cpu)
{
    uint32_t f = cpu->eflags;
    bool even = f & EFLAGS_ZF; /* 0 has even parity, 1 has not */
    run->result = f & EFLAGS_ZF ? 0 : 1;
    run->carries = carry_out(f & EFLAGS_CF, f & EFLAGS_OF) | (f & EFLAGS_AF ? CARRY_AF : 0) |
                   (f & EFLAGS_SF ? CARRY_SF : 0) | (!!(f & EFLAGS_PF) != even ? CARRY_PF : 0);
}

void flags_store(const struct run *run, struct cpu *cpu)
{
    uint32_t f = cpu->eflags & ~EFLAGS_STATUS;
    f |= (flag_cf(run) ? EFLAGS_CF : 0) | (flag_of(run) ? EFLAGS_OF : 0);
    f |= (flag_zf(run) ? EFLAGS_ZF : 0) | (flag_sf(run) ? EFLAGS_SF : 0);
    f |= (flag_pf(run) ? EFLAGS_PF : 0) | (run->carries & CARRY_AF ? EFLAGS_AF : 0);
    cpu->eflags = f;
}

/* --- slot functions that serve all --- */

/* True when the block may go on: no fault, and no store to its own bytes. */
static bool execute_here(struct cpu *cpu, const struct slot *s, struct run *run)
{
    const struct block *b = run->block;
    cpu->eip = run->eip + s->at;
    flags_store(run, cpu);
    enum cpu_result result = cpu_execute(cpu, run->ops, run->world, &b->insn[s->insn], &run->fault);
    flags_load(run, cpu);
    tlb_check(run->cache);
    if (result != CPU_FAULT)
        return b->checked >= b->page->changed;
    run->faulted = true;
    leave_at(run, s);
    return false;
}

/* As an x87 instruction does that waits for an interrupt. */
static bool stayed(const struct cpu *cpu, const struct slot *s, const struct run *run)
{
    return cpu->eip == run->eip + s->at;
}

void execute_insn(SLOT_ARGS)
{
    if (execute_here(cpu, s, run)) {
        if (unlikely(stayed(cpu, s, run)))
            leave_at(run, s);
        else
            NEXT;
    } else if (!run->stop) {
        go_to(cpu, s, run, cpu->eip);
    }
}

void execute_last(SLOT_ARGS)
{
    execute_here(cpu, s, run);
    if (!run->stop)
        go_to(cpu, s, run, cpu->eip);
}

void end_block(SLOT_ARGS)
{
    run->left++; /* no instruction of the guest */
    go_to(cpu, s, run, run->eip + s->end);
}

void leave_slot(SLOT_ARGS)
{
    (void)cpu;
    run->sensitive = run->block->sensitive;
    leave_at(run, s);
}

/* --- running blocks --- */

/* A segment that every access to is good: none checked, or flat and writable. */
static bool needs_no_checks(const struct cpu *cpu, const struct segment *s)
{
    bool flat = s->limit == UINT32_MAX && !(s->attr & (ATTR_CODE | ATTR_DOWN)) &&
                (s->attr & ATTR_P) && (s->attr & ATTR_WRITABLE);
    return !cpu->model->policy.checks_segments || flat;
}

static unsigned mode_of(const struct cpu *cpu)
{
    const struct cpu_policy *policy = &cpu->model->policy;
    return (cpu_code32(cpu) ? MODE_CODE32 : 0) |
           (cpu->seg[SEG_SS].attr & ATTR_DB ? MODE_STACK32 : 0) |
           (policy->asks_processor ? MODE_ASKS : 0) | (policy->rep_suspends ? MODE_SUSPEND : 0);
}

static void enter_blocks(const struct cpu *cpu, struct run *run)
{
    for (unsigned seg = SEG_ES; seg <= SEG_GS; seg++)
        run->base[seg] = needs_no_checks(cpu, &cpu->seg[seg]) ? cpu->seg[seg].base : 1ull << 63;
    for (unsigned kind = 0; kind < TLB_KINDS; kind++)
        run->tlb[kind] = run->cache->tlb[cpu->cpl == 3][kind];
    run->mode = (uint8_t)mode_of(cpu);
    run->last_eip = cpu->model->policy.checks_segments ? cpu->seg[SEG_CS].limit : UINT32_MAX;
    run->block = NULL;
    run->stop = NULL;
    run->faulted = run->sensitive = false;
    flags_load(run, cpu);
}

/* Until an instruction is met that blocks do not execute, or all are done. EIP is exact then. */
static void run_blocks(struct cpu *cpu, struct run *run)
{
    while (run->left) {
        run->block = NULL;
        const struct block *b = block_find(cpu, run);
        if (unlikely(!b || b->count > run->left ||
                     (uint64_t)cpu->eip + b->length > (uint64_t)run->last_eip + 1))
            return;
        run->block = b;
        run->eip = cpu->eip;
        b->slots[0].run(cpu, b->slots, run);
        if (unlikely(run->stop != NULL)) {
            run->left -= (uint64_t)(run->stop - b->slots);
            if (!run->faulted)
                cpu->eip = run->eip + run->stop->at;
            return;
        }
    }
}

/* --- one step --- */

static enum cpu_run_end ended(const struct cpu *cpu, enum cpu_result result)
{
    if (result == CPU_SHUTDOWN)
        return CPU_RUN_SHUTDOWN;
    return cpu->changed ? CPU_RUN_CHANGED : CPU_RUN_DONE;
}

static enum cpu_run_end step(struct cpu *cpu, struct run *run)
{
    struct insn insn;
    struct event fault;
    enum cpu_result result = cpu_fetch(cpu, run->ops, run->world, &insn, &fault);
    if (result == CPU_OK) {
        if (!insn_harmless(&insn) && !(insn.flags & (INSN_INVALID | INSN_ABSENT)))
            return CPU_RUN_SENSITIVE;
        result = cpu_step_insn(cpu, run->ops, run->world, &insn, cpu_handler(cpu, &insn));
    } else {
        result = cpu_deliver(cpu, run->ops, run->world, &fault);
    }
    run->left--;
    return ended(cpu, result);
}

static enum cpu_run_end deliver_fault(struct cpu *cpu, struct run *run)
{
    run->left--;
    return ended(cpu, cpu_deliver(cpu, run->ops, run->world, &run->fault));
}

static enum cpu_run_end run_on(struct cpu *cpu, struct run *run)
{
    enum cpu_run_end end = CPU_RUN_DONE;
    run->faulted = run->sensitive = false;
    if (blocks_allowed(cpu)) {
        enter_blocks(cpu, run);
        run_blocks(cpu, run);
        flags_store(run, cpu);
    }
    if (run->sensitive)
        return CPU_RUN_SENSITIVE;
    if (run->faulted)
        end = deliver_fault(cpu, run);
    else if (run->left)
        end = step(cpu, run);
    tlb_check(run->cache);
    return end;
}

enum cpu_run_end cpu_run(struct cpu *cpu, const struct cpu_ops *ops, void *world,
                         struct cpu_cache *cache, uint64_t *count)
{
    struct run run = {.cache = cache, .ops = ops, .world = world, .left = *count};
    enum cpu_run_end end = CPU_RUN_DONE;
    uint32_t changed = cpu->changed;
    cpu->changed = 0;
    tlb_check(cache);
    while (end == CPU_RUN_DONE && run.left)
        end = run_on(cpu, &run);
    cpu->changed |= changed;
    *count = run.left;
    return end;
}
