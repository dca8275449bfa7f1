/*
 * Memory accesses of an instruction: segment and offset to linear address, with the checks of
 * SDM vol. 3, 5.3 to 5.5 where the processor that is modelled makes them.
 */
#include "debug.h"
#include "memory.h"

/* Real-address and virtual-8086 mode look at the limit alone. */
static bool type_allows(const struct cpu *cpu, const struct segment *s, bool write)
{
    if (cpu_real_mode(cpu) || cpu_v86(cpu))
        return true;
    if (!(s->attr & ATTR_P))
        return false; /* a null selector */
    if (s->attr & ATTR_CODE)
        return !write && (s->attr & ATTR_READABLE);
    return !write || (s->attr & ATTR_WRITABLE);
}

static bool limit_allows(const struct segment *s, uint32_t offset, unsigned size)
{
    uint64_t last = (uint64_t)offset + size - 1;
    if ((s->attr & (ATTR_CODE | ATTR_DOWN)) == ATTR_DOWN)
        return offset > s->limit && last <= (s->attr & ATTR_DB ? UINT32_MAX : UINT16_MAX);
    /* In a 4 GiB segment an access may wrap from the last byte to the first. */
    return last <= s->limit || s->limit == UINT32_MAX;
}

/* Out of line: the way of a machine that checks nothing (QEMU) stays short. */
static __attribute__((noinline)) bool segment_allows(const struct cpu *cpu, unsigned seg,
                                                     uint32_t offset, unsigned size, bool write)
{
    const struct segment *s = &cpu->seg[seg];
    return type_allows(cpu, s, write) && limit_allows(s, offset, size);
}

inline bool check_segment(struct step *x, unsigned seg, uint32_t offset, unsigned size, bool write)
{
    const struct cpu *cpu = x->cpu;
    if (cpu->model->policy.checks_segments && !segment_allows(cpu, seg, offset, size, write))
        return raise_error(x, seg == SEG_SS ? EXC_SS : EXC_GP, 0);
    return true;
}

/*
 * SDM vol. 3, table 6-7: an operand that is longer than its items counts by those. 6 bytes are a
 * far pointer, 10 an 80-bit number, what ends in 14 (28, 94, 108) an x87 environment.
 */
static uint32_t alignment(unsigned size)
{
    switch (size) {
    case 6:
    case 28:
    case 108:
        return 4;
    case 10:
        return 8;
    case 14:
    case 94:
        return 2;
    case 16: /* MOVUPS; all others that are 16 bytes long have looked before */
    case 512:
        return 1;
    default:
        return size;
    }
}

static __attribute__((noinline)) bool aligned(const struct cpu *cpu, uint32_t lin, unsigned size)
{
    return !alignment_checked(cpu) || !(lin & (alignment(size) - 1));
}

static bool to_linear(struct step *x, unsigned seg, uint32_t offset, unsigned size, bool write,
                      uint32_t *lin)
{
    const struct cpu *cpu = x->cpu;
    if (!check_segment(x, seg, offset, size, write))
        return false;
    offset += cpu->seg[seg].base;
    if (cpu->model->policy.checks_alignment && !aligned(cpu, offset, size))
        return raise_error(x, EXC_AC, 0);
    *lin = offset;
    /* Noted before the access: where that faults nobody asks for them. */
    return !breakpoints_armed(cpu) || note_data_breaks(x, offset, size, write);
}

static unsigned rights(const struct cpu *cpu)
{
    return cpu->cpl == 3 ? ACCESS_USER : 0;
}

inline bool read_mem(struct step *x, unsigned seg, uint32_t offset, void *buf, unsigned size)
{
    uint32_t lin = 0;
    return to_linear(x, seg, offset, size, false, &lin) &&
           read_linear(x, lin, buf, size, rights(x->cpu));
}

/* XCHG with memory locks by itself; TCG on one processor runs CMPXCHG8B as if without LOCK. */
static bool is_locked(const struct insn *insn)
{
    return (insn->lock && insn->op != OP_CMPXCHG8B) || insn->op == OP_XCHG;
}

/* What a machine that reads before it thinks of writing finds at fault: the read, if that fails. */
static __attribute__((cold)) bool rmw_fault(struct step *x, uint32_t lin, void *buf, unsigned size)
{
    if (x->cpu->model->policy.rmw_reads_first && !is_locked(x->insn))
        x->ops->read(x->world, lin, buf, size, rights(x->cpu), &x->fault);
    return false;
}

bool claim_mem(struct step *x, unsigned seg, uint32_t offset, void *buf, unsigned size)
{
    uint32_t lin = 0;
    return to_linear(x, seg, offset, size, true, &lin) &&
           x->ops->read(x->world, lin, buf, size, rights(x->cpu) | ACCESS_RMW, &x->fault);
}

bool read_mem_rmw(struct step *x, unsigned seg, uint32_t offset, void *buf, unsigned size)
{
    uint32_t lin = 0;
    if (!to_linear(x, seg, offset, size, true, &lin))
        return false;
    return read_linear(x, lin, buf, size, rights(x->cpu) | ACCESS_RMW) ||
           rmw_fault(x, lin, buf, size);
}

inline bool write_mem(struct step *x, unsigned seg, uint32_t offset, const void *buf, unsigned size)
{
    uint32_t lin = 0;
    return to_linear(x, seg, offset, size, true, &lin) &&
           write_linear(x, lin, buf, size, rights(x->cpu));
}
