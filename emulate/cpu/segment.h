/*
 * Descriptors as the transfer, event and table code shares them. Private to emulate/cpu.
 */
#ifndef UMBRA_EMULATE_CPU_SEGMENT_H
#define UMBRA_EMULATE_CPU_SEGMENT_H

#include <stddef.h>

#include "memory.h"

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

/* In bytes, G applied. */
static inline uint32_t descriptor_limit(const struct descriptor *d)
{
    uint32_t limit = (d->lo & 0xffffu) | (d->hi & 0xf0000u);

    return descriptor_attr(d) & ATTR_G ? (limit << 12) | 0xfffu : limit;
}

/* The hidden part that loading the descriptor gives. */
static inline struct segment descriptor_segment(const struct descriptor *d, uint16_t selector)
{
    return (struct segment){
        .selector = selector,
        .attr = (uint16_t)(descriptor_attr(d) & 0xf0ffu),
        .base = (d->lo >> 16) | ((d->hi & 0xffu) << 16) | (d->hi & 0xff000000u),
        .limit = descriptor_limit(d),
    };
}

/* True when the whole descriptor lies inside its table's limit. */
static inline bool descriptor_in_table(const struct cpu *cpu, uint16_t selector)
{
    uint32_t limit = selector & 4 ? cpu->seg[SEG_LDTR].limit : cpu->gdtr.limit;

    return (selector & 0xfff8u) + 7u <= limit;
}

/* Reads the descriptor at a linear address, or fails with the fault of reading it. */
static inline bool read_descriptor_at(struct step *x, uint32_t lin, struct descriptor *out)
{
    out->lin = lin;
    return read_system(x, lin, out, offsetof(struct descriptor, lin));
}

/* False with #GP(selector) (or `vector`) beyond the table, or the fault of reading it. */
static inline bool read_descriptor(struct step *x, uint16_t selector, uint8_t vector,
                                   struct descriptor *out)
{
    const struct cpu *cpu = x->cpu;
    uint32_t base = selector & 4 ? cpu->seg[SEG_LDTR].base : cpu->gdtr.base;

    if (!descriptor_in_table(cpu, selector))
        return raise_error(x, vector, selector_error(selector));
    return read_descriptor_at(x, base + (selector & 0xfff8u), out);
}

/* Sets the accessed bit if far transfers and events do so on this machine (model policy). */
static inline bool mark_accessed_far(struct step *x, struct descriptor *d)
{
    return !x->cpu->model->policy.far_sets_accessed || mark_accessed(x, d);
}

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
