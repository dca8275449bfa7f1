/* Single bits, byte order, and the exchanging read-modify-writes. */
#include "alu.h"
#include "handlers.h"

/* Where a bit is: in operand 0, or in memory outside it when a register gives the offset. */
struct bit_place {
    uint32_t offset; /* memory form */
    bool in_memory;
    unsigned size;
    uint32_t mask;
};

static bool locate_bit(struct step *x, struct bit_place *bit)
{
    uint32_t index;
    if (!read_operand(x, 1, &index))
        return false;
    bit->size = operand_size(x, 0);
    bit->mask = 1u << (index & (8 * bit->size - 1));
    bit->in_memory = insn_has_mem(x->insn);
    if (!bit->in_memory)
        return true;
    bit->offset = effective_offset(x);
    if (x->insn->operand[1] == OPERAND_Gv) {
        int32_t units = sign_extend(index, bit->size) >> (bit->size == 4 ? 5 : 4);
        bit->offset += (uint32_t)units * bit->size;
    }
    if (x->insn->adsize == 2)
        bit->offset &= 0xffffu;
    return true;
}

static void set_carry(struct cpu *cpu, bool cf)
{
    cpu->eflags = (cpu->eflags & ~EFLAGS_CF) | (cf ? EFLAGS_CF : 0);
}

bool op_bt(struct step *x)
{
    struct bit_place bit;
    uint32_t value = 0;
    if (!locate_bit(x, &bit))
        return false;
    if (!(bit.in_memory ? read_mem(x, effective_segment(x), bit.offset, &value, bit.size)
                        : read_operand(x, 0, &value)))
        return false;
    set_carry(x->cpu, value & bit.mask);
    return true;
}

/* new = (old & ~(mask & clear)) ^ (mask & flip), the mask being the bit alone. */
static bool change_bit(struct step *x, uint32_t clear, uint32_t flip)
{
    struct bit_place bit;
    uint32_t value = 0;
    if (!locate_bit(x, &bit))
        return false;
    if (!(bit.in_memory ? read_mem_rmw(x, effective_segment(x), bit.offset, &value, bit.size)
                        : read_operand(x, 0, &value)))
        return false;
    set_carry(x->cpu, value & bit.mask);
    value = (value & ~(bit.mask & clear)) ^ (bit.mask & flip);
    return bit.in_memory ? write_mem(x, effective_segment(x), bit.offset, &value, bit.size)
                         : write_operand(x, 0, value);
}

bool op_bts(struct step *x)
{
    return change_bit(x, UINT32_MAX, UINT32_MAX);
}

bool op_btr(struct step *x)
{
    return change_bit(x, UINT32_MAX, 0);
}

bool op_btc(struct step *x)
{
    return change_bit(x, 0, UINT32_MAX);
}

/* A source of 0 leaves the destination as it is, on every processor though in no manual of Intel.
 */
static bool scan(struct step *x, bool reverse)
{
    uint32_t a;
    if (!read_operand(x, 1, &a))
        return false;
    set_status(x->cpu, result_flags(a, operand_size(x, 1)));
    if (!a)
        return true;
    return write_operand(x, 0, (uint32_t)(reverse ? 31 - __builtin_clz(a) : __builtin_ctz(a)));
}

bool op_bsf(struct step *x)
{
    return scan(x, false);
}

bool op_bsr(struct step *x)
{
    return scan(x, true);
}

/* With a 16-bit operand size the manual leaves the result open; TCG swaps all 32 bits. */
bool op_bswap(struct step *x)
{
    uint32_t *gpr = &x->cpu->gpr[x->insn->opcode & 7];
    *gpr = __builtin_bswap32(*gpr);
    return true;
}

bool op_xchg(struct step *x)
{
    uint32_t a, b;
    return read_operand_rmw(x, 0, &a) && read_operand(x, 1, &b) && write_operand(x, 0, b) &&
           write_operand(x, 1, a);
}

/* The destination is written in any case, so that a read-only page always faults. */
bool op_cmpxchg(struct step *x)
{
    unsigned size = operand_size(x, 0);
    uint32_t old, source, expected = get_reg(x->cpu, EAX, size);
    if (!read_operand_rmw(x, 0, &old) || !read_operand(x, 1, &source))
        return false;
    alu_sub(x->cpu, expected, old, 0, size);
    if (!write_operand(x, 0, expected == old ? source : old))
        return false;
    if (expected != old)
        set_reg(x->cpu, EAX, size, old);
    return true;
}

static uint64_t pair(uint32_t high, uint32_t low)
{
    return (uint64_t)high << 32 | low;
}

bool op_cmpxchg8b(struct step *x)
{
    uint32_t *gpr = x->cpu->gpr;
    uint32_t offset = effective_offset(x);
    unsigned seg = effective_segment(x);
    uint64_t old;
    if (!read_mem_rmw(x, seg, offset, &old, sizeof old))
        return false;
    bool equal = old == pair(gpr[EDX], gpr[EAX]);
    uint64_t value = equal ? pair(gpr[ECX], gpr[EBX]) : old;
    if (!write_mem(x, seg, offset, &value, sizeof value))
        return false;
    x->cpu->eflags = (x->cpu->eflags & ~EFLAGS_ZF) | (equal ? EFLAGS_ZF : 0);
    if (!equal) {
        gpr[EAX] = (uint32_t)old;
        gpr[EDX] = (uint32_t)(old >> 32);
    }
    return true;
}

/* Memory goes first because its address may hang on the source, a register last to win over it. */
bool op_xadd(struct step *x)
{
    uint32_t a, b;
    if (!read_operand_rmw(x, 0, &a) || !read_operand(x, 1, &b))
        return false;
    uint32_t sum = alu_add(x->cpu, a, b, 0, operand_size(x, 0));
    unsigned first = insn_has_mem(x->insn) ? 0 : 1;
    return write_operand(x, first, first == 0 ? sum : a) &&
           write_operand(x, 1 - first, first == 0 ? a : sum);
}
