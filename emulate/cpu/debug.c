/* Debug registers, breakpoints and the single step (SDM vol. 3, 17.2 and 17.3). */
#include "debug.h"

#include "handlers.h"

#define DR6_BREAKS 0x0000000fu /* B0..B3 */
#define DR6_ONES   0xffff0ff0u
#define DR6_BD     0x00002000u
#define DR6_BS     0x00004000u
#define DR6_BT     0x00008000u
#define DR7_ONES   0x00000400u
#define DR7_GD     0x00002000u
#define BREAKS     4u

/* What a breakpoint waits for: its R/W field, and as a set of them. */
enum break_kind { BREAK_EXECUTE, BREAK_WRITE, BREAK_IO, BREAK_ACCESS };
#define KIND(kind) (1u << (kind))

static bool enabled(uint32_t dr7, unsigned n)
{
    return dr7 >> (2 * n) & 3u;
}

static bool is_kind(uint32_t dr7, unsigned n, unsigned kinds)
{
    return kinds >> (dr7 >> (16 + 4 * n) & 3u) & 1u;
}

static uint32_t length(uint32_t dr7, unsigned n)
{
    static const uint8_t bytes[] = {1, 2, 8, 4};
    return bytes[dr7 >> (18 + 4 * n) & 3u];
}

/* The breakpoints of these kinds that `size` bytes at `first` meet, as DR6 has them. */
static unsigned breaks_met(const struct cpu *cpu, unsigned kinds, uint32_t first, uint32_t size)
{
    uint32_t dr7 = cpu->dr[7];
    unsigned met = 0;

    for (unsigned n = 0; n < BREAKS; n++)
        if (enabled(dr7, n) && is_kind(dr7, n, kinds) &&
            (first - cpu->dr[n] < length(dr7, n) || cpu->dr[n] - first < size))
            met |= 1u << n;
    return met;
}

/* Instruction breakpoints at CS:EIP show in DR6 whether they are enabled or not. */
static unsigned code_breaks(const struct cpu *cpu)
{
    uint32_t lin = cpu->seg[SEG_CS].base + cpu->eip;
    unsigned met = 0;

    for (unsigned n = 0; n < BREAKS; n++)
        if (is_kind(cpu->dr[7], n, KIND(BREAK_EXECUTE)) && cpu->dr[n] == lin)
            met |= 1u << n;
    return met;
}

bool memory_breakpoints_armed(const struct cpu *cpu)
{
    bool armed = false;

    for (unsigned n = 0; n < BREAKS; n++)
        armed = armed || (enabled(cpu->dr[7], n) && !is_kind(cpu->dr[7], n, KIND(BREAK_IO)));
    return armed;
}

bool note_data_breaks(struct step *x, uint32_t lin, unsigned size, bool write)
{
    struct cpu *cpu = x->cpu;
    unsigned kinds = KIND(BREAK_ACCESS) | (write ? KIND(BREAK_WRITE) : 0);
    unsigned met = breaks_met(cpu, kinds, lin, size);

    if (cpu->model->policy.all_data_breaks)
        cpu->breaks_due |= (uint8_t)met;
    else if (!cpu->breaks_due)
        cpu->breaks_due = (uint8_t)(met & -met);
    return true;
}

/* B0..B3 are those of this #DB; the other bits stay until the guest clears them. */
static struct event debug_event(struct cpu *cpu, uint32_t dr6)
{
    cpu->dr[6] = (cpu->dr[6] & ~DR6_BREAKS) | dr6;
    cpu->changed |= CHANGED_DR;
    return exception(EXC_DB);
}

bool port_accessed(struct step *x, uint16_t port, unsigned size)
{
    struct cpu *cpu = x->cpu;
    unsigned met;

    if (!breakpoints_armed(cpu) || !(met = breaks_met(cpu, KIND(BREAK_IO), port, size)))
        return true;
    if (cpu->model->policy.io_break_after_insn) {
        cpu->breaks_due |= (uint8_t)met;
        return true;
    }
    x->fault = debug_event(cpu, met);
    x->fault.type = EVENT_PRIV_EXC;
    x->fault.insn_length = x->insn->length;
    return false;
}

bool code_breakpoint(struct cpu *cpu, struct event *event)
{
    unsigned met = code_breaks(cpu);
    bool hit = false;

    for (unsigned n = 0; n < BREAKS; n++)
        hit = hit || ((met >> n & 1u) && enabled(cpu->dr[7], n));
    if (!hit || (cpu->eflags & EFLAGS_RF))
        return false;
    *event = debug_event(cpu, met);
    return true;
}

static bool loads_ss(const struct insn *insn)
{
    return (insn->op == OP_MOV_TO_SREG && insn_reg(insn) == SEG_SS) ||
           (insn->op == OP_POP_SREG && insn->operand[0] == OPERAND_SS);
}

/* After which TF raises no #DB: none between SS and ESP, so that both can be loaded. */
static bool never_stepped(const struct cpu *cpu, const struct insn *insn)
{
    if (insn->op == OP_STI || insn->op == OP_HLT)
        return !cpu->model->policy.steps_sti_hlt;
    return loads_ss(insn);
}

bool cpu_debug_trap(struct cpu *cpu, const struct insn *insn, bool tf_before, struct event *event)
{
    bool step = tf_before && !never_stepped(cpu, insn);
    uint32_t dr6 = cpu->breaks_due;

    if (cpu->int_shadow == SHADOW_MOV_SS && cpu->model->policy.mov_ss_holds_breaks)
        return false;
    cpu->breaks_due = 0;
    if (!step && !dr6)
        return false;
    if (step)
        dr6 |= DR6_BS | code_breaks(cpu);
    *event = debug_event(cpu, dr6);
    return true;
}

struct event task_debug_trap(struct cpu *cpu, bool stepped)
{
    uint32_t dr6 = DR6_BT | cpu->breaks_due;

    cpu->breaks_due = 0;
    return debug_event(cpu, stepped ? dr6 | DR6_BS | code_breaks(cpu) : dr6);
}

struct event cpu_native_debug(struct cpu *cpu, uint32_t dr6)
{
    if (!breakpoints_armed(cpu))
        dr6 &= ~DR6_BREAKS;
    if (dr6 & DR6_BS)
        dr6 |= code_breaks(cpu);
    return debug_event(cpu, dr6);
}

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
