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
    for (unsigned i = 0; i < ALL_REGS; i++)
        if (!write_mem(x, SEG_SS, stack_pointer(x->cpu, sp + i * size), &x->cpu->gpr[EDI - i],
                       size))
            return false;
    return true;
}

bool op_pusha(struct step *x)
{
    unsigned size = x->insn->opsize;
    uint32_t sp = stack_pointer(x->cpu, x->cpu->gpr[ESP] - ALL_REGS * size);
    uint8_t block[ALL_REGS * 4];

    for (unsigned i = 0; i < ALL_REGS; i++)
        memcpy(block + i * size, &x->cpu->gpr[EDI - i], size);
    bool apart = wraps(sp, ALL_REGS * size) || straddles_pages(x->cpu, sp, ALL_REGS * size);
    if (!(apart ? push_one_by_one(x, sp, size) : write_mem(x, SEG_SS, sp, block, ALL_REGS * size)))
        return false;
    move_sp(x->cpu, -(int32_t)(ALL_REGS * size));
    return true;
}

static bool read_all(struct step *x, uint8_t *block, unsigned size)
{
    uint32_t sp = stack_pointer(x->cpu, x->cpu->gpr[ESP]);
    if (!wraps(sp, ALL_REGS * size))
        return read_mem(x, SEG_SS, sp, block, ALL_REGS * size);
    for (unsigned i = 0; i < ALL_REGS; i++)
        if (!read_mem(x, SEG_SS, stack_pointer(x->cpu, sp + i * size), block + i * size, size))
            return false;
    return true;
}

bool op_popa(struct step *x)
{
    unsigned size = x->insn->opsize;
    uint8_t block[ALL_REGS * 4];
    if (!read_all(x, block, size))
        return false;
    for (unsigned i = 0; i < ALL_REGS; i++)
        if (EDI - i != ESP)
            memcpy(&x->cpu->gpr[EDI - i], block + i * size, size);
    move_sp(x->cpu, (int32_t)(ALL_REGS * size));
    return true;
}

/* Copies the frame pointers of the outer levels and pushes the new one (SDM vol. 1, 6.6.1). */
static bool push_display(struct step *x, uint32_t frame, unsigned level)
{
    unsigned size = x->insn->opsize;
    for (unsigned i = 1; i < level; i++) {
        uint32_t link = 0;
        uint32_t at = stack_pointer(x->cpu, x->cpu->gpr[EBP] - i * size);
        if (!read_mem(x, SEG_SS, at, &link, size) || !push(x, link, size))
            return false;
    }
    return level == 0 || push(x, frame, size);
}

/* EBP or BP is loaded by the size of the stack, as TCG does; the manual has it by operand size. */
bool op_enter(struct step *x)
{
    struct cpu *cpu = x->cpu;
    if (!push(x, cpu->gpr[EBP], x->insn->opsize))
        return false;
    uint32_t frame = cpu->gpr[ESP];
    if (!push_display(x, frame, x->insn->imm2 & 31))
        return false;
    move_sp(cpu, -(int32_t)(x->insn->imm & 0xffffu));
    set_reg(cpu, EBP, cpu->seg[SEG_SS].attr & ATTR_DB ? 4 : 2, frame);
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
