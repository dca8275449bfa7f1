/*
 * Ways between rings that were gone before: from CPL 3 through a gate to its handler, and back by
 * IRET. Private to emulate/cpu.
 *
 * What a way was found from (gate, TSS and descriptors) is read and compared each time; only the
 * checks and what follows from them are remembered. Nobody has to tell of a store to a table. Where
 * these things lie is known as the TLB knows it, for as long. Nothing depends on it but speed.
 */
#ifndef UMBRA_EMULATE_CPU_KNOWN_H
#define UMBRA_EMULATE_CPU_KNOWN_H

#include "debug.h"
#include "transfer.h"

static inline uint64_t known_load(const uint8_t *at)
{
    uint64_t value;

    memcpy(&value, at, sizeof(value));
    return value;
}

static inline bool same_table(struct table_reg a, struct table_reg b)
{
    return a.base == b.base && a.limit == b.limit;
}

static inline bool same_segment(const struct segment *a, const struct segment *b)
{
    return a->selector == b->selector && a->attr == b->attr && a->base == b->base &&
           a->limit == b->limit;
}

/* True when descriptors that were read lie where they did, and are the same. */
static inline bool known_pair_holds(const struct cpu *cpu, const struct cpu_known_pair *k)
{
    return k->code.at && k->generation == *cpu->tlb.generation && same_table(k->gdtr, cpu->gdtr) &&
           known_load(k->code.at) == k->code.raw && known_load(k->stack.at) == k->stack.raw;
}

/* CS and SS as the two descriptors give them. */
static inline void load_known_pair(struct cpu *cpu, const struct cpu_known_pair *k)
{
    cpu->seg[SEG_CS] = k->cs;
    cpu->seg[SEG_SS] = k->ss;
    cpu->changed |= CHANGED_SEG(SEG_CS) | CHANGED_SEG(SEG_SS);
}

/* known.c: to be called when a way has been gone, by these descriptors. */
void know_gate(struct cpu *cpu, const struct event *event, const struct descriptor *gate,
               const struct descriptor *code, const struct descriptor *stack);
void know_return(struct cpu *cpu, const struct descriptor *code, const struct descriptor *stack);

/* True when the way of this event through its gate is known and what it depends on is the same. */
static inline bool known_gate_holds(const struct cpu *cpu, const struct cpu_known_gate *k,
                                    const struct event *event)
{
    return k->vector == event->vector && k->type == event->type && cpu->cpl == 3 && !cpu_v86(cpu) &&
           !breakpoints_armed(cpu) && known_pair_holds(cpu, &k->to) &&
           same_table(k->idtr, cpu->idtr) && same_segment(&k->tr, &cpu->seg[SEG_TR]) &&
           known_load(k->gate.at) == k->gate.raw &&
           (uint16_t)(known_load(k->tss_at) >> 32) == k->to.ss.selector;
}

#endif
