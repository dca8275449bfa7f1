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

#define KNOWN_FRAME_MAX   6u  /* dwords: SS, ESP, EFLAGS, CS, EIP, an error code */
#define KNOWN_RETURN_SIZE 20u /* bytes that IRET takes to an outer ring */

static inline uint64_t known_load(const uint8_t *at)
{
    uint64_t value;

    memcpy(&value, at, sizeof(value));
    return value;
}

_Static_assert(sizeof(struct table_reg) == 8, "base, limit, and 16 bits of nothing");

static inline bool same_table(const struct table_reg *a, const struct table_reg *b)
{
    return !((known_load((const uint8_t *)a) ^ known_load((const uint8_t *)b)) << 16);
}

static inline bool same_segment(const struct segment *a, const struct segment *b)
{
    return a->selector == b->selector && a->attr == b->attr && a->base == b->base &&
           a->limit == b->limit;
}

/* True when descriptors that were read lie where they did, and are the same. */
static inline bool known_pair_holds(const struct cpu *cpu, const struct cpu_known_pair *k)
{
    return k->code.at && k->generation == *cpu->tlb.generation &&
           same_table(&k->gdtr, &cpu->gdtr) && known_load(k->code.at) == k->code.raw &&
           known_load(k->stack.at) == k->stack.raw;
}

/* CS and SS as the two descriptors give them. */
static inline void load_known_pair(struct cpu *cpu, const struct cpu_known_pair *k)
{
    cpu->seg[SEG_CS] = k->cs;
    cpu->seg[SEG_SS] = k->ss;
    cpu->changed |= CHANGED_SEG(SEG_CS) | CHANGED_SEG(SEG_SS);
}

/* Segments of the outermost ring are everybody's, and a null FS or GS (attr is 0) stays as it is:
 * drop_privileged_segments() has nothing to do. */
static inline bool segments_outlive(const struct cpu *cpu)
{
    const struct segment *s = cpu->seg;
    unsigned fs = s[SEG_FS].attr, gs = s[SEG_GS].attr;

    return (s[SEG_ES].attr & s[SEG_DS].attr & (fs ? fs : ATTR_DPL) & (gs ? gs : ATTR_DPL) &
            ATTR_DPL) == ATTR_DPL;
}

/* known.c: to be called when a way has been gone, by these descriptors; `from`: the
 * linear address of the frame that was taken. */
void know_gate(struct cpu *cpu, const struct event *event, const struct descriptor *gate,
               const struct descriptor *code, const struct descriptor *stack);
void know_return(struct cpu *cpu, uint32_t from, const struct descriptor *code,
                 const struct descriptor *stack);

/* Finds the stack that the TSS names now, or the frame that IRET takes now, where it was not there
 * the last time. False where that cannot be known. For ways that hold. */
bool know_stack(const struct cpu *cpu, struct cpu_known_gate *k);
bool know_frame(const struct cpu *cpu, struct cpu_known_return *k, uint32_t lin);

/* True when the way through the gate is known, what it depends on is the same, and k->stack is the
 * end of its frame. */
static inline bool known_gate_holds(const struct cpu *cpu, struct cpu_known_gate *k)
{
    return cpu->cpl == 3 && !cpu_v86(cpu) && !breakpoints_armed(cpu) &&
           known_pair_holds(cpu, &k->to) && same_table(&k->idtr, &cpu->idtr) &&
           same_segment(&k->tr, &cpu->seg[SEG_TR]) && known_load(k->gate.at) == k->gate.raw &&
           (known_load(k->tss_at) == k->tss || know_stack(cpu, k));
}

#endif
