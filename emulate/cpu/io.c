/* IN, OUT, INS, OUTS and who may use which port (SDM vol. 1, chapter 19). */
#include "debug.h"
#include "handlers.h"
#include "segment.h"

#define TSS32_MIN_LIMIT  103u
#define TSS32_IOMAP_BASE 0x66u

/* The guest's I/O permission bitmap, read live from its TSS: a set bit refuses. */
static bool bitmap_allows(struct step *x, uint16_t port, unsigned size)
{
    const struct segment *tr = &x->cpu->seg[SEG_TR];
    bool tss32 = (tr->attr & ATTR_TYPE & ~TYPE_TSS_BUSY_BIT) == TYPE_TSS32;
    uint16_t map, bits;

    if (!(tr->attr & ATTR_P) || !tss32 || tr->limit < TSS32_MIN_LIMIT)
        return raise_gp0(x);
    if (!read_system(x, tr->base + TSS32_IOMAP_BASE, &map, sizeof(map)))
        return false;
    /* Two bytes are always read: a port's bits may straddle them, and both must be in the TSS. */
    uint32_t at = map + port / 8u;
    if (at + 1 > tr->limit)
        return raise_gp0(x);
    if (!read_system(x, tr->base + at, &bits, sizeof(bits)))
        return false;
    if ((bits >> (port & 7u)) & ((1u << size) - 1u))
        return raise_gp0(x);
    return true;
}

bool io_allowed(struct step *x, uint16_t port, unsigned size)
{
    const struct cpu *cpu = x->cpu;

    if (cpu_real_mode(cpu))
        return true;
    if (!cpu_v86(cpu) && cpu->cpl <= EFLAGS_IOPL_OF(cpu->eflags))
        return true;
    return bitmap_allows(x, port, size);
}

bool op_in(struct step *x)
{
    unsigned size = operand_size(x, 0);
    uint32_t port;

    if (!read_operand(x, 1, &port) || !io_allowed(x, (uint16_t)port, size))
        return false;
    return write_operand(x, 0, x->ops->in(x->world, (uint16_t)port, size)) &&
           port_accessed(x, (uint16_t)port, size);
}

bool op_out(struct step *x)
{
    unsigned size = operand_size(x, 1);
    uint32_t port, value;

    if (!read_operand(x, 0, &port) || !io_allowed(x, (uint16_t)port, size) ||
        !read_operand(x, 1, &value))
        return false;
    x->ops->out(x->world, (uint16_t)port, size, value);
    return port_accessed(x, (uint16_t)port, size);
}

/* ESI or SI, one element on in the direction of DF. */
static void advance(struct cpu *cpu, unsigned reg, unsigned adsize, unsigned size)
{
    uint32_t step = cpu->eflags & EFLAGS_DF ? 0u - size : size;

    set_reg(cpu, reg, adsize, cpu->gpr[reg] + step);
}

/* True when a REP count of 0 leaves nothing to do. */
static bool rep_done(const struct step *x)
{
    return x->insn->rep && get_reg(x->cpu, ECX, x->insn->adsize) == 0;
}

/* After an iteration: stay on the instruction while the count is not used up. */
static void rep_next(struct step *x)
{
    unsigned adsize = x->insn->adsize;

    if (!x->insn->rep)
        return;
    set_reg(x->cpu, ECX, adsize, x->cpu->gpr[ECX] - 1);
    if (get_reg(x->cpu, ECX, adsize) != 0)
        suspend_rep(x);
}

bool op_ins(struct step *x)
{
    struct cpu *cpu = x->cpu;
    unsigned size = operand_size(x, 0);
    uint32_t offset = get_reg(cpu, EDI, x->insn->adsize);
    uint16_t port = (uint16_t)cpu->gpr[EDX];
    uint32_t value;

    /* The port must be allowed even where nothing is to be moved. */
    if (!io_allowed(x, port, size))
        return false;
    if (rep_done(x))
        return true;
    /* Reading a port cannot be undone: know first that the store will succeed. */
    if (!claim_mem(x, SEG_ES, offset, &value, size))
        return false;
    value = x->ops->in(x->world, port, size);
    if (!write_mem(x, SEG_ES, offset, &value, size))
        return false;
    advance(cpu, EDI, x->insn->adsize, size);
    if (!port_accessed(x, port, size))
        return false;
    rep_next(x);
    return true;
}

bool op_outs(struct step *x)
{
    struct cpu *cpu = x->cpu;
    unsigned size = operand_size(x, 1);
    unsigned seg = x->insn->seg == SEG_NONE ? (unsigned)SEG_DS : x->insn->seg;
    uint16_t port = (uint16_t)cpu->gpr[EDX];
    uint32_t value = 0;

    if (!io_allowed(x, port, size))
        return false;
    if (rep_done(x))
        return true;
    if (!read_mem(x, seg, get_reg(cpu, ESI, x->insn->adsize), &value, size))
        return false;
    x->ops->out(x->world, port, size, value);
    advance(cpu, ESI, x->insn->adsize, size);
    if (!port_accessed(x, port, size))
        return false;
    rep_next(x);
    return true;
}
