/* MOV, PUSH, POP and the far-pointer loads of segment registers. */
#include "handlers.h"
#include "segment.h"

/* The general-purpose segment registers; ModRM.reg 6 and 7 name nothing. */
static bool valid_sreg(unsigned seg)
{
    return seg <= SEG_GS;
}

bool op_mov_from_sreg(struct step *x)
{
    unsigned seg = insn_reg(x->insn);

    if (!valid_sreg(seg))
        return raise(x, EXC_UD);
    return write_operand(x, 0, x->cpu->seg[seg].selector);
}

bool op_mov_to_sreg(struct step *x)
{
    unsigned seg = insn_reg(x->insn);
    uint32_t selector;

    if (!valid_sreg(seg) || seg == SEG_CS)
        return raise(x, EXC_UD);
    if (!read_operand(x, 1, &selector) || !load_segment(x, seg, (uint16_t)selector))
        return false;
    if (seg == SEG_SS)
        x->cpu->int_shadow = SHADOW_MOV_SS;
    return true;
}

static unsigned sreg_operand(const struct insn *insn)
{
    return insn->operand[0] - (unsigned)OPERAND_ES + SEG_ES;
}

bool op_push_sreg(struct step *x)
{
    struct cpu *cpu = x->cpu;
    unsigned seg = sreg_operand(x->insn);

    if (!valid_sreg(seg))
        return raise(x, EXC_UD);
    uint16_t selector = cpu->seg[seg].selector;
    if (x->insn->opsize == 2 || !cpu->model->policy.sreg_on_stack_is_two)
        return push(x, selector, x->insn->opsize);

    uint32_t sp = cpu->gpr[ESP] - 4;
    if (!stack32(&cpu->seg[SEG_SS]))
        sp &= 0xffffu;
    if (!write_mem(x, SEG_SS, sp, &selector, sizeof(selector)))
        return false;
    move_sp(cpu, -4);
    return true;
}

/* A selector has 16 bits, however much it takes on the stack. */
static bool pop_selector(struct step *x, uint32_t *selector)
{
    unsigned size = x->insn->opsize;

    if (!x->cpu->model->policy.sreg_on_stack_is_two)
        return pop(x, selector, size);
    if (!peek(x, 0, selector, 2))
        return false;
    move_sp(x->cpu, (int32_t)size);
    return true;
}

bool op_pop_sreg(struct step *x)
{
    unsigned seg = sreg_operand(x->insn);
    uint32_t selector;

    if (!valid_sreg(seg) || seg == SEG_CS)
        return raise(x, EXC_UD);
    if (!pop_selector(x, &selector) || !load_segment(x, seg, (uint16_t)selector))
        return false;
    if (seg == SEG_SS)
        x->cpu->int_shadow = SHADOW_MOV_SS;
    return true;
}

/* LSS opens no interrupt shadow: it loads SS and ESP at once, which is its purpose. */
static bool load_far_pointer(struct step *x, unsigned seg)
{
    unsigned size = x->insn->opsize;
    uint32_t offset;
    uint16_t selector;

    if (!insn_has_mem(x->insn))
        return raise(x, EXC_UD);
    if (!read_far_pointer(x, &selector, &offset) || !load_segment(x, seg, selector))
        return false;
    set_reg(x->cpu, insn_reg(x->insn), size, offset);
    return true;
}

bool op_lds(struct step *x)
{
    return load_far_pointer(x, SEG_DS);
}

bool op_les(struct step *x)
{
    return load_far_pointer(x, SEG_ES);
}

bool op_lfs(struct step *x)
{
    return load_far_pointer(x, SEG_FS);
}

bool op_lgs(struct step *x)
{
    return load_far_pointer(x, SEG_GS);
}

bool op_lss(struct step *x)
{
    return load_far_pointer(x, SEG_SS);
}
