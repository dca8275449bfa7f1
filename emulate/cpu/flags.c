/*
 * EFLAGS: CLI, STI, PUSHF, POPF and the rule of who may change what (SDM vol. 2, POPF).
 */
#include "handlers.h"
#include "memory.h"

/* CPL 3 in virtual-8086 mode, 0 in real mode: one comparison serves all three modes. */
static inline bool iopl_allows(const struct cpu *cpu)
{
    return cpu->cpl <= EFLAGS_IOPL_OF(cpu->eflags);
}

inline void load_eflags(struct cpu *cpu, uint32_t value, unsigned size)
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

/*
 * Whether CLI and STI work on VIF: in virtual-8086 mode with CR4.VME, at CPL 3 of protected mode
 * with CR4.PVI (SDM vol. 3, 20.3 and 20.4). PUSHF and its kin know VME alone.
 */
static bool virtual_if(const struct cpu *cpu)
{
    uint32_t enable = cpu_v86(cpu) ? CR4_VME : CR4_PVI;
    return cpu->model->policy.has_vme && (cpu->cr4 & enable) && cpu->cpl == 3;
}

bool vme_active(const struct cpu *cpu)
{
    return cpu_v86(cpu) && virtual_if(cpu);
}

bool op_cli(struct step *x)
{
    bool allowed = iopl_allows(x->cpu);

    if (!allowed && !virtual_if(x->cpu))
        return raise_gp0(x);
    x->cpu->eflags &= allowed ? ~EFLAGS_IF : ~EFLAGS_VIF;
    return true;
}

static bool set_virtual_if(struct step *x)
{
    if (!virtual_if(x->cpu) || (x->cpu->eflags & EFLAGS_VIP))
        return raise_gp0(x);
    x->cpu->eflags |= EFLAGS_VIF;
    return true;
}

bool op_sti(struct step *x)
{
    struct cpu *cpu = x->cpu;

    if (!iopl_allows(cpu))
        return set_virtual_if(x);
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

uint32_t virtual_flags(const struct cpu *cpu)
{
    uint32_t vif = cpu->eflags & EFLAGS_VIF ? EFLAGS_IF : 0;
    return (cpu->eflags & ~EFLAGS_IF) | vif | EFLAGS_IOPL;
}

bool load_virtual_flags(struct step *x, uint32_t value)
{
    struct cpu *cpu = x->cpu;

    if ((value & EFLAGS_TF) || ((value & EFLAGS_IF) && (cpu->eflags & EFLAGS_VIP)))
        return raise_gp0(x);
    load_eflags(cpu, value, 2);
    cpu->eflags = (cpu->eflags & ~EFLAGS_VIF) | (value & EFLAGS_IF ? EFLAGS_VIF : 0);
    return true;
}

bool op_pushf(struct step *x)
{
    const struct cpu *cpu = x->cpu;

    if (!v86_refuses(cpu))
        return push(x, cpu->eflags & ~(EFLAGS_VM | EFLAGS_RF), x->insn->opsize);
    if (!vme_active(cpu) || x->insn->opsize != 2)
        return raise_gp0(x);
    return push(x, virtual_flags(cpu), 2);
}

static inline bool set_popped(struct step *x, uint32_t value, unsigned size)
{
    load_eflags(x->cpu, value, size);
    if (size == 4)
        x->cpu->eflags &= ~EFLAGS_RF;
    return true;
}

static __attribute__((noinline)) bool popf_checked(struct step *x)
{
    bool by_vif = v86_refuses(x->cpu);
    uint32_t value;

    if (by_vif && (!vme_active(x->cpu) || x->insn->opsize != 2))
        return raise_gp0(x);
    if (!pop(x, &value, x->insn->opsize))
        return false;
    return by_vif ? load_virtual_flags(x, value) : set_popped(x, value, x->insn->opsize);
}

/* Nearly every kernel pops a dword from a stack in use. */
bool op_popf(struct step *x)
{
    struct cpu *cpu = x->cpu;

    if (cpu->cpl != 0 || x->insn->opsize != 4)
        return popf_checked(x);
    const uint32_t *top = stack_dword(cpu, cpu->gpr[ESP], 0);
    if (!top)
        return popf_checked(x);
    cpu->gpr[ESP] += 4;
    return set_popped(x, *top, 4);
}
