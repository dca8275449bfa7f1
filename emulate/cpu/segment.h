/*
 * Descriptors as the transfer, event and table code shares them. Private to emulate/cpu.
 */
#ifndef UMBRA_EMULATE_CPU_SEGMENT_H
#define UMBRA_EMULATE_CPU_SEGMENT_H

#include "step.h"

/* Types of system descriptors (SDM vol. 3, table 3-2). */
enum system_type {
    TYPE_TSS16 = 1,
    TYPE_LDT = 2,
    TYPE_TSS16_BUSY = 3,
    TYPE_CALL_GATE16 = 4,
    TYPE_TASK_GATE = 5,
    TYPE_INT_GATE16 = 6,
    TYPE_TRAP_GATE16 = 7,
    TYPE_TSS32 = 9,
    TYPE_TSS32_BUSY = 11,
    TYPE_CALL_GATE32 = 12,
    TYPE_INT_GATE32 = 14,
    TYPE_TRAP_GATE32 = 15,
};
#define TYPE_TSS_BUSY_BIT 2u

/* An error code is a selector without its RPL. */
static inline uint32_t selector_error(uint16_t selector)
{
    return selector & 0xfffcu;
}

static inline bool selector_null(uint16_t selector)
{
    return !(selector & 0xfffcu);
}

/* Bits 40..55 of a descriptor. */
static inline unsigned descriptor_attr(const struct descriptor *d)
{
    return (d->hi >> 8) & 0xffffu;
}

static inline unsigned descriptor_type(const struct descriptor *d)
{
    return descriptor_attr(d) & ATTR_TYPE;
}

static inline unsigned descriptor_dpl(const struct descriptor *d)
{
    return ATTR_DPL_OF(descriptor_attr(d));
}

static inline bool descriptor_present(const struct descriptor *d)
{
    return descriptor_attr(d) & ATTR_P;
}

static inline bool is_code(unsigned attr)
{
    return (attr & (ATTR_S | ATTR_CODE)) == (ATTR_S | ATTR_CODE);
}

static inline bool is_conforming(unsigned attr)
{
    return is_code(attr) && (attr & ATTR_CONFORM);
}

static inline bool is_writable_data(unsigned attr)
{
    return (attr & (ATTR_S | ATTR_CODE | ATTR_WRITABLE)) == (ATTR_S | ATTR_WRITABLE);
}

/* True when the whole descriptor lies inside its table's limit. */
bool descriptor_in_table(const struct cpu *cpu, uint16_t selector);

/* Sets the accessed bit if far transfers and events do so on this machine (model policy). */
bool mark_accessed_far(struct step *x, struct descriptor *d);

/* Entering virtual-8086 mode: the fixed hidden part of SDM vol. 3, 20.2.1, CS included. */
void load_segment_v86(struct cpu *cpu, unsigned seg, uint16_t selector);

/* tables.c: LLDT and task switches; `vector` (#GP or #TS) is raised for a bad selector. */
bool load_ldt(struct step *x, uint16_t selector, uint8_t vector);

/* Null: not usable, base and limit 0. */
static inline struct segment null_segment(uint16_t selector)
{
    return (struct segment){.selector = selector};
}

/* True when SS.B says that the stack pointer is ESP. */
static inline bool stack32(const struct segment *ss)
{
    return ss->attr & ATTR_DB;
}

#endif
