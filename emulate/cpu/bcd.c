/* Decimal adjustment (SDM vol. 2). Undefined flags are as TCG leaves them. */
#include "alu.h"
#include "handlers.h"

static uint32_t al_of(const struct cpu *cpu)
{
    return get_reg(cpu, EAX, 1);
}

static bool half_carry(const struct cpu *cpu)
{
    return (al_of(cpu) & 0x0fu) > 9 || (cpu->eflags & EFLAGS_AF);
}

static bool full_carry(const struct cpu *cpu)
{
    return al_of(cpu) > 0x99 || (cpu->eflags & EFLAGS_CF);
}

static bool set_al(struct step *x, uint32_t al, uint32_t flags)
{
    set_reg(x->cpu, EAX, 1, al);
    set_status(x->cpu, flags | result_flags(al & 0xffu, 1));
    return true;
}

bool op_daa(struct step *x)
{
    uint32_t al = al_of(x->cpu), flags = 0;
    if (half_carry(x->cpu)) {
        al += 0x06;
        flags |= EFLAGS_AF;
    }
    if (full_carry(x->cpu)) {
        al += 0x60;
        flags |= EFLAGS_CF;
    }
    return set_al(x, al, flags);
}

bool op_das(struct step *x)
{
    uint32_t al = al_of(x->cpu), flags = 0;
    if (half_carry(x->cpu)) {
        if (al < 0x06)
            flags |= EFLAGS_CF;
        al -= 0x06;
        flags |= EFLAGS_AF;
    }
    if (full_carry(x->cpu)) {
        al -= 0x60;
        flags |= EFLAGS_CF;
    }
    return set_al(x, al, flags);
}

/* Adds `by` to AX when the low digit of AL needs it, and keeps that digit alone. */
static bool adjust_unpacked(struct step *x, uint32_t by)
{
    struct cpu *cpu = x->cpu;
    uint32_t carries = EFLAGS_CF | EFLAGS_AF;
    if (half_carry(cpu)) {
        set_reg(cpu, EAX, 2, get_reg(cpu, EAX, 2) + by);
        cpu->eflags |= carries;
    } else {
        cpu->eflags &= ~carries;
    }
    set_reg(cpu, EAX, 1, al_of(cpu) & 0x0fu);
    return true;
}

bool op_aaa(struct step *x)
{
    return adjust_unpacked(x, 0x106);
}

bool op_aas(struct step *x)
{
    return adjust_unpacked(x, 0u - 0x106);
}

bool op_aam(struct step *x)
{
    uint32_t base = x->insn->imm & 0xffu;
    uint32_t al = al_of(x->cpu);
    if (base == 0)
        return raise(x, EXC_DE);
    set_reg(x->cpu, EAX, 2, (al / base) << 8);
    return set_al(x, al % base, 0);
}

bool op_aad(struct step *x)
{
    uint32_t ax = get_reg(x->cpu, EAX, 2);
    uint32_t al = ((ax >> 8) * (x->insn->imm & 0xffu) + ax) & 0xffu;
    set_reg(x->cpu, EAX, 2, 0);
    return set_al(x, al, 0);
}
