/*
 * EFLAGS: CLI, STI, PUSHF, POPF and the rule of who may change what (SDM vol. 2, POPF).
 */
#include "handlers.h"
#include "step.h"

/* CPL 3 in virtual-8086 mode, 0 in real mode: one comparison serves all three modes. */
static inline bool iopl_allows(const struct cpu *cpu)
{
    return cpu->cpl <= EFLAGS_IOPL_OF(cpu->eflags);
}

void load_eflags(struct cpu *cpu, uint32_t value, unsigned size)
{
    uint32_t mask = cpu->model->eflags_valid;

    if (cpu->cpl != 0)
        mask &= ~EFLAGS_IOPL;
    if (!iopl_allows(cpu))
        mask &= ~EFLAGS_IF;
    if (size == 2)
        mask &= 0xffffu;
    cpu->eflags = (cpu->eflags & ~mask) | (value & mask) | EFLAGS_FIXED;
}

bool op_cli(struct step *x)
{
    if (!iopl_allows(x->cpu))
        return raise_gp0(x);
    x->cpu->eflags &= ~EFLAGS_IF;
    return true;
}

bool op_sti(struct step *x)
{
    struct cpu *cpu = x->cpu;

    if (!iopl_allows(cpu))
        return raise_gp0(x);
    if (!(cpu->eflags & EFLAGS_IF))
        cpu->int_shadow = SHADOW_STI;
    cpu->eflags |= EFLAGS_IF;
    return true;
}

/* In virtual-8086 mode PUSHF and POPF need IOPL 3; elsewhere everybody may use them. */
static inline bool v86_refuses(const struct cpu *cpu)
{
    return cpu_v86(cpu) && EFLAGS_IOPL_OF(cpu->eflags) != 3;
}

bool op_pushf(struct step *x)
{
    if (v86_refuses(x->cpu))
        return raise_gp0(x);
    return push(x, x->cpu->eflags & ~(EFLAGS_VM | EFLAGS_RF), x->insn->opsize);
}

bool op_popf(struct step *x)
{
    uint32_t value;

    if (v86_refuses(x->cpu))
        return raise_gp0(x);
    if (!pop(x, &value, x->insn->opsize))
        return false;
    load_eflags(x->cpu, value, x->insn->opsize);
    if (x->insn->opsize == 4)
        x->cpu->eflags &= ~EFLAGS_RF;
    return true;
}
