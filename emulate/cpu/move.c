/* Moves, conversions, conditions, and the flags that have instructions of their own. */
#include "alu.h"
#include "handlers.h"

/* MOVZX too: operands are read zero-extended. */
bool op_mov(struct step *x)
{
    uint32_t a;
    return read_operand(x, 1, &a) && write_operand(x, 0, a);
}

bool op_movsx(struct step *x)
{
    uint32_t a;
    return read_operand(x, 1, &a) &&
           write_operand(x, 0, (uint32_t)sign_extend(a, operand_size(x, 1)));
}

bool op_lea(struct step *x)
{
    return write_operand(x, 0, effective_offset(x));
}

bool op_xlat(struct step *x)
{
    uint32_t offset = x->cpu->gpr[EBX] + get_reg(x->cpu, EAX, 1);
    uint8_t al;
    if (x->insn->adsize == 2)
        offset &= 0xffffu;
    if (!read_mem(x, effective_segment(x), offset, &al, 1))
        return false;
    set_reg(x->cpu, EAX, 1, al);
    return true;
}

bool op_cbw(struct step *x)
{
    unsigned size = x->insn->opsize;
    uint32_t half = get_reg(x->cpu, EAX, size / 2);
    set_reg(x->cpu, EAX, size, (uint32_t)sign_extend(half, size / 2));
    return true;
}

bool op_cwd(struct step *x)
{
    unsigned size = x->insn->opsize;
    bool negative = get_reg(x->cpu, EAX, size) & SIGN_BIT(size);
    set_reg(x->cpu, EDX, size, negative ? UINT32_MAX : 0);
    return true;
}

/* Bits 1..3 of the condition code name the test, bit 0 negates it. */
bool condition(const struct cpu *cpu, unsigned opcode)
{
    static const uint32_t any_of[6] = {EFLAGS_OF, EFLAGS_CF, EFLAGS_ZF, EFLAGS_CF | EFLAGS_ZF,
                                       EFLAGS_SF, EFLAGS_PF};
    unsigned test = (opcode >> 1) & 7u;
    bool less = !(cpu->eflags & EFLAGS_SF) != !(cpu->eflags & EFLAGS_OF);
    bool holds;
    if (test < 6)
        holds = cpu->eflags & any_of[test];
    else
        holds = less || (test == 7 && (cpu->eflags & EFLAGS_ZF));
    return holds != (opcode & 1u);
}

/* The source is read whether or not it is moved: its page may fault. */
bool op_cmovcc(struct step *x)
{
    uint32_t a;
    if (!read_operand(x, 1, &a))
        return false;
    return !condition(x->cpu, x->insn->opcode) || write_operand(x, 0, a);
}

bool op_setcc(struct step *x)
{
    return write_operand(x, 0, condition(x->cpu, x->insn->opcode));
}

bool op_nop(struct step *x)
{
    (void)x;
    return true;
}

static bool change_flags(struct step *x, uint32_t clear, uint32_t flip)
{
    x->cpu->eflags = (x->cpu->eflags & ~clear) ^ flip;
    return true;
}

bool op_clc(struct step *x)
{
    return change_flags(x, EFLAGS_CF, 0);
}

bool op_stc(struct step *x)
{
    return change_flags(x, EFLAGS_CF, EFLAGS_CF);
}

bool op_cmc(struct step *x)
{
    return change_flags(x, 0, EFLAGS_CF);
}

bool op_cld(struct step *x)
{
    return change_flags(x, EFLAGS_DF, 0);
}

bool op_std(struct step *x)
{
    return change_flags(x, EFLAGS_DF, EFLAGS_DF);
}

#define EFLAGS_LOW (EFLAGS_CF | EFLAGS_PF | EFLAGS_AF | EFLAGS_ZF | EFLAGS_SF)
#define REG_AH     4

bool op_lahf(struct step *x)
{
    set_reg(x->cpu, REG_AH, 1, (x->cpu->eflags & EFLAGS_LOW) | EFLAGS_FIXED);
    return true;
}

bool op_sahf(struct step *x)
{
    return change_flags(x, EFLAGS_LOW, get_reg(x->cpu, REG_AH, 1) & EFLAGS_LOW);
}

bool op_salc(struct step *x)
{
    set_reg(x->cpu, EAX, 1, x->cpu->eflags & EFLAGS_CF ? 0xff : 0);
    return true;
}

bool op_bound(struct step *x)
{
    unsigned seg = effective_segment(x), size = x->insn->opsize;
    uint32_t offset = effective_offset(x);
    uint32_t index, lower = 0, upper = 0;
    if (!read_operand(x, 0, &index) || !read_mem(x, seg, offset, &lower, size))
        return false;
    bool below = sign_extend(index, size) < sign_extend(lower, size);
    if (below && !x->cpu->model->policy.bound_reads_both)
        return raise(x, EXC_BR);
    if (!read_mem(x, seg, offset + size, &upper, size))
        return false;
    if (below || sign_extend(index, size) > sign_extend(upper, size))
        return raise(x, EXC_BR);
    return true;
}
