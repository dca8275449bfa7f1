/* Near transfers of control. */
#include "alu.h"
#include "handlers.h"

/*
 * EIP is cut to the operand size, also in 32-bit code. A target past the CS limit faults at the
 * branch, on machines that look.
 */
static bool branch_to(struct step *x, uint32_t target)
{
    if (x->insn->opsize == 2)
        target &= 0xffffu;
    if (x->cpu->model->policy.checks_segments && target > x->cpu->seg[SEG_CS].limit)
        return raise_gp0(x);
    x->next_eip = target;
    return true;
}

static bool branch_if(struct step *x, bool taken)
{
    return !taken || branch_to(x, x->next_eip + x->insn->imm);
}

bool op_jmp(struct step *x)
{
    return branch_if(x, true);
}

bool op_jcc(struct step *x)
{
    return branch_if(x, condition(x->cpu, x->insn->opcode));
}

bool op_jmp_ind(struct step *x)
{
    uint32_t target;
    return read_operand(x, 0, &target) && branch_to(x, target);
}

/* ECX or CX, by address size, without flags. */
static uint32_t count_down(struct step *x)
{
    unsigned size = x->insn->adsize;
    set_reg(x->cpu, ECX, size, x->cpu->gpr[ECX] - 1);
    return get_reg(x->cpu, ECX, size);
}

bool op_loop(struct step *x)
{
    return branch_if(x, count_down(x) != 0);
}

bool op_loope(struct step *x)
{
    return branch_if(x, count_down(x) != 0 && (x->cpu->eflags & EFLAGS_ZF));
}

bool op_loopne(struct step *x)
{
    return branch_if(x, count_down(x) != 0 && !(x->cpu->eflags & EFLAGS_ZF));
}

bool op_jcxz(struct step *x)
{
    return branch_if(x, get_reg(x->cpu, ECX, x->insn->adsize) == 0);
}

/* Where the limit is checked before the push, a call that faults leaves the stack alone. */
static bool call_to(struct step *x, uint32_t target)
{
    uint32_t return_eip = x->next_eip;
    if (x->cpu->model->policy.call_pushes_first)
        return push(x, return_eip, x->insn->opsize) && branch_to(x, target);
    return branch_to(x, target) && push(x, return_eip, x->insn->opsize);
}

bool op_call(struct step *x)
{
    return call_to(x, x->next_eip + x->insn->imm);
}

bool op_call_ind(struct step *x)
{
    uint32_t target;
    return read_operand(x, 0, &target) && call_to(x, target);
}

uint32_t released_bytes(const struct step *x)
{
    uint16_t count = x->insn->operand[0] == OPERAND_Iw ? (uint16_t)x->insn->imm : 0;
    return x->cpu->model->policy.ret_count_signed ? (uint32_t)(int16_t)count : count;
}

bool op_ret(struct step *x)
{
    uint32_t target;
    if (!pop(x, &target, x->insn->opsize) || !branch_to(x, target))
        return false;
    move_sp(x->cpu, (int32_t)released_bytes(x));
    return true;
}
