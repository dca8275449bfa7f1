/* SYSENTER and SYSEXIT: fixed flat segments, nothing read from any table (SDM vol. 3, 5.8.7). */
#include "handlers.h"
#include "step.h"

#define FLAT_CODE (ATTR_G | ATTR_DB | ATTR_P | ATTR_S | ATTR_CODE | ATTR_READABLE | ATTR_ACCESSED)
#define FLAT_DATA (ATTR_G | ATTR_DB | ATTR_P | ATTR_S | ATTR_WRITABLE | ATTR_ACCESSED)

static void load_flat(struct cpu *cpu, unsigned seg, uint32_t selector, unsigned attr, unsigned cpl)
{
    set_segment(cpu, seg,
                (struct segment){.selector = (uint16_t)((selector & 0xfffcu) | cpl),
                                 .attr = (uint16_t)(attr | cpl << ATTR_DPL_SHIFT),
                                 .base = 0,
                                 .limit = 0xffffffffu});
}

/* Allowed at any CPL and from virtual-8086 mode, but not in real mode. */
bool op_sysenter(struct step *x)
{
    struct cpu *cpu = x->cpu;
    uint32_t cs = cpu->msr.sysenter_cs;

    if (cpu_real_mode(cpu) || !(cs & 0xfffcu))
        return raise_gp0(x);
    cpu->eflags &= ~(EFLAGS_VM | EFLAGS_IF | EFLAGS_RF);
    load_flat(cpu, SEG_CS, cs, FLAT_CODE, 0);
    load_flat(cpu, SEG_SS, cs + 8, FLAT_DATA, 0);
    set_cpl(cpu, 0);
    cpu->gpr[ESP] = (uint32_t)cpu->msr.sysenter_esp;
    x->next_eip = (uint32_t)cpu->msr.sysenter_eip;
    return true;
}

bool op_sysexit(struct step *x)
{
    struct cpu *cpu = x->cpu;
    uint32_t cs = cpu->msr.sysenter_cs;

    if (cpu_real_mode(cpu) || cpu->cpl != 0 || !(cs & 0xfffcu))
        return raise_gp0(x);
    load_flat(cpu, SEG_CS, cs + 16, FLAT_CODE, 3);
    load_flat(cpu, SEG_SS, cs + 24, FLAT_DATA, 3);
    set_cpl(cpu, 3);
    cpu->gpr[ESP] = cpu->gpr[ECX];
    x->next_eip = cpu->gpr[EDX];
    return true;
}
