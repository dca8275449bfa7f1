/*
 * String instructions. One call executes one iteration: a repeated one that is not done leaves EIP
 * where it is, so that interrupts and single steps come between iterations (SDM vol. 2, REP).
 */
#include "alu.h"
#include "handlers.h"

static uint32_t index_offset(const struct step *x, unsigned reg)
{
    return get_reg(x->cpu, reg, x->insn->adsize);
}

static void advance(struct step *x, unsigned reg, unsigned size)
{
    uint32_t delta = x->cpu->eflags & EFLAGS_DF ? 0u - size : size;
    set_reg(x->cpu, reg, x->insn->adsize, x->cpu->gpr[reg] + delta);
}

static bool read_source(struct step *x, uint32_t *value, unsigned size)
{
    *value = 0;
    return read_mem(x, effective_segment(x), index_offset(x, ESI), value, size);
}

static bool read_destination(struct step *x, uint32_t *value, unsigned size)
{
    *value = 0;
    return read_mem(x, SEG_ES, index_offset(x, EDI), value, size);
}

static bool write_destination(struct step *x, uint32_t value, unsigned size)
{
    return write_mem(x, SEG_ES, index_offset(x, EDI), &value, size);
}

static bool finished(const struct step *x)
{
    return x->insn->rep && index_offset(x, ECX) == 0;
}

void suspend_rep(struct step *x)
{
    struct cpu *cpu = x->cpu;
    x->next_eip = cpu->eip;
    if (cpu->model->policy.rep_suspends)
        cpu->eflags = (cpu->eflags & ~EFLAGS_STATUS) | (x->eflags & EFLAGS_STATUS) | EFLAGS_RF;
}

/* Counts an iteration and stays on the instruction when another one follows. */
static bool again_if(struct step *x, bool more)
{
    if (!x->insn->rep)
        return true;
    uint32_t count = index_offset(x, ECX) - 1;
    set_reg(x->cpu, ECX, x->insn->adsize, count);
    if (count && more)
        suspend_rep(x);
    return true;
}

/* CMPS and SCAS go on while ZF is what REPE (F3) or REPNE (F2) wants. */
static bool again_while_equal(struct step *x)
{
    bool zf = x->cpu->eflags & EFLAGS_ZF;
    return again_if(x, zf == (x->insn->rep == 0xf3));
}

bool op_movs(struct step *x)
{
    unsigned size = operand_size(x, 0);
    uint32_t value;
    if (finished(x))
        return true;
    if (!read_source(x, &value, size) || !write_destination(x, value, size))
        return false;
    advance(x, ESI, size);
    advance(x, EDI, size);
    return again_if(x, true);
}

bool op_stos(struct step *x)
{
    unsigned size = operand_size(x, 0);
    if (finished(x))
        return true;
    if (!write_destination(x, get_reg(x->cpu, EAX, size), size))
        return false;
    advance(x, EDI, size);
    return again_if(x, true);
}

bool op_lods(struct step *x)
{
    unsigned size = operand_size(x, 0);
    uint32_t value;
    if (finished(x))
        return true;
    if (!read_source(x, &value, size))
        return false;
    set_reg(x->cpu, EAX, size, value);
    advance(x, ESI, size);
    return again_if(x, true);
}

/* The destination is read first, as TCG does: it tells which fault comes when both pages do. */
bool op_cmps(struct step *x)
{
    unsigned size = operand_size(x, 0);
    uint32_t source, destination;
    if (finished(x))
        return true;
    if (!read_destination(x, &destination, size) || !read_source(x, &source, size))
        return false;
    alu_sub(x->cpu, source, destination, 0, size);
    advance(x, ESI, size);
    advance(x, EDI, size);
    return again_while_equal(x);
}

bool op_scas(struct step *x)
{
    unsigned size = operand_size(x, 0);
    uint32_t value;
    if (finished(x))
        return true;
    if (!read_destination(x, &value, size))
        return false;
    alu_sub(x->cpu, get_reg(x->cpu, EAX, size), value, 0, size);
    advance(x, EDI, size);
    return again_while_equal(x);
}
