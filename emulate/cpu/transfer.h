/*
 * What far transfers, returns, events and task switches share. Private to emulate/cpu.
 */
#ifndef UMBRA_EMULATE_CPU_TRANSFER_H
#define UMBRA_EMULATE_CPU_TRANSFER_H

#include "segment.h"

/* The longest frame: SS, ESP, 31 parameters of a call gate, CS, EIP. */
#define FRAME_MAX_ITEMS 35

#define PAGE_SIZE 4096u

/* A stack that is being built on before it becomes SS:ESP. */
struct frame_stack {
    struct segment ss;
    uint32_t esp;
    uint8_t cpl;    /* whose rights the writes have */
    uint32_t error; /* of the #SS when it is too small: the selector of a new stack, else 0 */
    struct descriptor from; /* an inner ring's: its SS was loaded from there */
};

/* A call, interrupt or trap gate, taken apart. */
struct gate {
    uint16_t selector;
    uint32_t offset;
    unsigned size;   /* 2 or 4: of every item pushed */
    unsigned params; /* call gates only */
};

/* The stack in use, to push on. */
static inline struct frame_stack current_stack(const struct cpu *cpu)
{
    return (struct frame_stack){.ss = cpu->seg[SEG_SS], .esp = cpu->gpr[ESP], .cpl = cpu->cpl};
}

/* Fetches and checks the stack of an inner ring from the TSS; #TS or #SS as SDM 6.14 lists them. */
bool inner_stack(struct step *x, unsigned cpl, struct frame_stack *out);

/* Pushes `count` (at most FRAME_MAX_ITEMS) items of `size` bytes and moves stack->esp. The items
 * are in the order they have in memory: items[0] is the last one pushed. */
bool push_frame(struct step *x, struct frame_stack *stack, const uint32_t *items, unsigned count,
                unsigned size);

/* Makes `stack` SS:ESP. */
static inline void use_stack(struct cpu *cpu, const struct frame_stack *stack)
{
    uint32_t mask = stack32(&stack->ss) ? 0xffffffffu : 0xffffu;

    set_segment(cpu, SEG_SS, stack->ss);
    cpu->gpr[ESP] = (cpu->gpr[ESP] & ~mask) | (stack->esp & mask);
}

static inline struct gate read_gate(const struct cpu *cpu, const struct descriptor *d)
{
    bool gate32 = descriptor_type(d) & 8u;
    bool offset32 = gate32 || cpu->model->policy.gate16_has_offset32;

    return (struct gate){
        .selector = (uint16_t)(d->lo >> 16),
        .offset = (d->lo & 0xffffu) | (offset32 ? d->hi & 0xffff0000u : 0),
        .size = gate32 ? 4 : 2,
        .params = d->hi & 31u,
    };
}

/* #GP(0) when `eip` lies past the limit of the code segment and this machine checks it there. */
static inline bool check_eip(struct step *x, const struct descriptor *code, uint32_t eip)
{
    if (x->cpu->model->policy.checks_segments && eip > descriptor_limit(code))
        return raise_gp0(x);
    return true;
}

/* The same for the code segment in use, which is kept. */
static inline bool check_eip_real(struct step *x, uint32_t eip)
{
    if (x->cpu->model->policy.checks_segments && eip > x->cpu->seg[SEG_CS].limit)
        return raise_gp0(x);
    return true;
}

/* Loads CS (its RPL becomes `cpl`), CPL and the EIP to go on with. Every check has been made. */
static inline void enter_code(struct step *x, const struct descriptor *d, uint16_t selector,
                              unsigned cpl, uint32_t eip)
{
    set_segment(x->cpu, SEG_CS, descriptor_segment(d, (uint16_t)((selector & 0xfffcu) | cpl)));
    set_cpl(x->cpu, (uint8_t)cpl);
    x->next_eip = eip;
}

#endif
