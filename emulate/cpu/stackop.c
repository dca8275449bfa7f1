/* PUSH, POP and stack frames. */
#include "handlers.h"

#include <string.h>

bool op_push(struct step *x)
{
    uint32_t value;
    return read_operand(x, 0, &value) && push(x, value, x->insn->opsize);
}

/* A destination addressed through ESP uses the ESP behind the pop (SDM vol. 2, POP). */
bool op_pop(struct step *x)
{
    uint32_t value;
    return pop(x, &value, x->insn->opsize) && write_operand(x, 0, value);
}

static uint32_t stack_pointer(const struct cpu *cpu, uint32_t sp)
{
    return cpu->seg[SEG_SS].attr & ATTR_DB ? sp : sp & 0xffffu;
}

/*
 * PUSHA and POPA move eight registers, EDI lowest, in the order of their addresses: what was stored
 * before one faults stays. Where nothing can come between them they are one access.
 */
#define ALL_REGS  8u
#define PAGE_SIZE 4096u

static bool wraps(uint32_t sp, unsigned bytes)
{
    return sp <= 0xffffu && sp + bytes > 0x10000u;
}

static bool straddles_pages(const struct cpu *cpu, uint32_t sp, unsigned bytes)
{
    return (cpu->seg[SEG_SS].base + sp) % PAGE_SIZE + bytes > PAGE_SIZE;
}

static bool push_one_by_one(struct step *x, uint32_t sp, unsigned size)
{
    bool down = x->cpu->model->policy.pusha_from_top;

    for (unsigned n = 0; n < ALL_REGS; n++) {
        unsigned i = down ? ALL_REGS - 1 - n : n;
        if (!write_mem(x, SEG_SS, stack_pointer(x->cpu, sp + i * size), &x->cpu->gpr[EDI - i],
                       size))
            return false;
    }
    return true;
}

bool op_pusha(struct step *x)
{
    unsigned size = x->insn->opsize;
    uint32_t sp = stack_pointer(x->cpu, x->cpu->gpr[ESP] - ALL_REGS * size);
    uint8_t block[ALL_REGS * 4];

    for (unsigned i = 0; i < ALL_REGS; i++)
        memcpy(block + i * size, &x->cpu->gpr[EDI - i], size);
    bool apart = wraps(sp, ALL_REGS * size) || straddles_pages(x->cpu, sp, ALL_REGS * size) ||
                 alignment_checked(x->cpu);
    /* One by one again after a fault: it is the first store's. */
    if ((apart || !write_mem(x, SEG_SS, sp, block, ALL_REGS * size)) &&
        !push_one_by_one(x, sp, size))
        return false;
    move_sp(x->cpu, -(int32_t)(ALL_REGS * size));
    return true;
}

/* ESP moves last, so that POPA can start again: registers loaded before a fault stay loaded. */
bool op_popa(struct step *x)
{
    unsigned size = x->insn->opsize;
    uint32_t sp = x->cpu->gpr[ESP], value;
    x->keeps_gpr = true;
    for (unsigned i = 0; i < ALL_REGS; i++, sp += size) {
        if (!read_mem(x, SEG_SS, stack_pointer(x->cpu, sp), &value, size))
            return false;
        if (EDI - i != ESP)
            memcpy(&x->cpu->gpr[EDI - i], &value, size);
    }
    move_sp(x->cpu, (int32_t)(ALL_REGS * size));
    return true;
}

/* Copies the frame pointers of the outer levels (SDM vol. 1, 6.6.1). */
static bool push_display(struct step *x, unsigned level)
{
    unsigned size = x->insn->opsize;
    for (unsigned i = 1; i < level; i++) {
        uint32_t link = 0;
        uint32_t at = stack_pointer(x->cpu, x->cpu->gpr[EBP] - i * size);
        if (!read_mem(x, SEG_SS, at, &link, size) || !push(x, link, size))
            return false;
    }
    return true;
}

/* The manual's "write using the final value of the stack pointer", which is not made. */
static bool probe_stack(struct step *x)
{
    uint32_t item;
    return claim_mem(x, SEG_SS, stack_pointer(x->cpu, x->cpu->gpr[ESP]), &item, x->insn->opsize);
}

/* The frame pointer counts down all of ESP, also where the stack has 16 bits. */
bool op_enter(struct step *x)
{
    struct cpu *cpu = x->cpu;
    unsigned level = x->insn->imm2 & 31, size = x->insn->opsize;
    uint32_t frame = cpu->gpr[ESP] - size;
    bool wide = cpu->seg[SEG_SS].attr & ATTR_DB;

    if (!push(x, cpu->gpr[EBP], size) || !push_display(x, level) ||
        (level && !push(x, frame, size)))
        return false;
    move_sp(cpu, -(int32_t)(x->insn->imm & 0xffffu));
    if (cpu->model->policy.enter_probes_stack && !probe_stack(x))
        return false;
    set_reg(cpu, EBP, cpu->model->policy.enter_ebp_by_opsize ? size : wide ? 4 : 2, frame);
    return true;
}

bool op_leave(struct step *x)
{
    struct cpu *cpu = x->cpu;
    uint32_t value;
    set_reg(cpu, ESP, cpu->seg[SEG_SS].attr & ATTR_DB ? 4 : 2, cpu->gpr[EBP]);
    if (!pop(x, &value, x->insn->opsize))
        return false;
    set_reg(cpu, EBP, x->insn->opsize, value);
    return true;
}
