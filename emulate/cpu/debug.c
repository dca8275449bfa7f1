/* MOV to and from debug registers (SDM vol. 3, 17.2). */
#include "handlers.h"
#include "step.h"

#define DR6_ONES 0xffff0ff0u
#define DR6_BD   0x00002000u
#define DR7_ONES 0x00000400u
#define DR7_GD   0x00002000u

/* DR4 and DR5 are other names of DR6 and DR7 until CR4.DE makes them invalid. */
static bool select_dr(struct step *x, unsigned *dr)
{
    struct cpu *cpu = x->cpu;

    *dr = insn_reg(x->insn);
    if (!require_cpl0(x))
        return false;
    if (*dr == 4 || *dr == 5) {
        if (cpu->cr4 & CR4_DE)
            return raise(x, EXC_UD);
        *dr += 2;
    }
    if (cpu->model->policy.dr7_gd && (cpu->dr[7] & DR7_GD)) {
        cpu->dr[7] &= ~DR7_GD;
        cpu->dr[6] |= DR6_BD;
        cpu->changed |= CHANGED_DR;
        return raise(x, EXC_DB);
    }
    return true;
}

bool op_mov_from_dr(struct step *x)
{
    unsigned dr;

    if (!select_dr(x, &dr))
        return false;
    x->cpu->gpr[insn_rm(x->insn)] = x->cpu->dr[dr];
    return true;
}

bool op_mov_to_dr(struct step *x)
{
    const struct cpu_model *model = x->cpu->model;
    unsigned dr;

    if (!select_dr(x, &dr))
        return false;
    uint32_t value = x->cpu->gpr[insn_rm(x->insn)];
    if (dr == 6)
        value = (value & ~model->dr6_zeros) | DR6_ONES;
    if (dr == 7)
        value = (value & ~model->dr7_zeros) | DR7_ONES;
    x->cpu->dr[dr] = value;
    x->cpu->changed |= CHANGED_DR;
    return true;
}
