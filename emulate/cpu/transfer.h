/*
 * What far transfers, returns, events and task switches share. Private to emulate/cpu.
 */
#ifndef UMBRA_EMULATE_CPU_TRANSFER_H
#define UMBRA_EMULATE_CPU_TRANSFER_H

#include "segment.h"

/* The longest frame: SS, ESP, 31 parameters of a call gate, CS, EIP. */
#define FRAME_MAX_ITEMS 35

/* A stack that is being built on before it becomes SS:ESP. */
struct frame_stack {
    struct segment ss;
    uint32_t esp;
    uint8_t cpl;    /* whose rights the writes have */
    uint32_t error; /* of the #SS when it is too small: the selector of a new stack, else 0 */
};

/* A call, interrupt or trap gate, taken apart. */
struct gate {
    uint16_t selector;
    uint32_t offset;
    unsigned size;   /* 2 or 4: of every item pushed */
    unsigned params; /* call gates only */
};

/* The stack in use, to push on. */
struct frame_stack current_stack(const struct cpu *cpu);

/* Fetches and checks the stack of an inner ring from the TSS; #TS or #SS as SDM 6.14 lists them. */
bool inner_stack(struct step *x, unsigned cpl, struct frame_stack *out);

/* Pushes `count` (at most FRAME_MAX_ITEMS) items of `size` bytes, values[0] first, and moves
 * stack->esp. */
bool push_frame(struct step *x, struct frame_stack *stack, const uint32_t *values, unsigned count,
                unsigned size);

/* Makes `stack` SS:ESP. */
void use_stack(struct cpu *cpu, const struct frame_stack *stack);

struct gate read_gate(const struct cpu *cpu, const struct descriptor *d);

/* #GP(0) when `eip` lies past the limit and this machine checks it there. */
bool check_eip(struct step *x, const struct segment *cs, uint32_t eip);

/* Loads CS (its RPL becomes `cpl`), CPL and the EIP to go on with. Every check has been made. */
void enter_code(struct step *x, const struct descriptor *d, uint16_t selector, unsigned cpl,
                uint32_t eip);

#endif
