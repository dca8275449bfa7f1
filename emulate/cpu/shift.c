/*
 * Shifts and rotates. The count is taken modulo 32 (SDM vol. 2, SAL/SAR/SHL/SHR); a count of 0
 * leaves all flags alone. CF and OF beyond what the manual defines are as TCG computes them: from
 * the value shifted by one less.
 */
#include "alu.h"
#include "handlers.h"

/* Transforms `a` by count (1..31) and sets the flags. */
typedef uint32_t (*shift_fn)(struct cpu *cpu, uint32_t a, unsigned count, unsigned size);

static inline bool shift_operand(struct step *x, shift_fn shift)
{
    uint32_t a, count;
    if (!read_operand_rmw(x, 0, &a) || !read_operand(x, 1, &count))
        return false;
    count &= 31;
    if (count)
        a = shift(x->cpu, a, count, operand_size(x, 0));
    return write_operand(x, 0, a);
}

/* `before` is the operand shifted by one less than `r` is. */
static void shift_flags(struct cpu *cpu, uint32_t before, uint32_t r, bool cf, unsigned size)
{
    uint32_t of = (before ^ r) & SIGN_BIT(size) ? EFLAGS_OF : 0;
    set_status(cpu, result_flags(r, size) | (cf ? EFLAGS_CF : 0) | of);
}

static uint32_t shl(struct cpu *cpu, uint32_t a, unsigned count, unsigned size)
{
    uint32_t before = a << (count - 1);
    shift_flags(cpu, before, before << 1, before & SIGN_BIT(size), size);
    return before << 1;
}

static uint32_t shr(struct cpu *cpu, uint32_t a, unsigned count, unsigned size)
{
    uint32_t before = a >> (count - 1);
    shift_flags(cpu, before, before >> 1, before & 1, size);
    return before >> 1;
}

static uint32_t sar(struct cpu *cpu, uint32_t a, unsigned count, unsigned size)
{
    int32_t before = sign_extend(a, size) >> (count - 1);
    shift_flags(cpu, (uint32_t)before, (uint32_t)(before >> 1), before & 1, size);
    return (uint32_t)(before >> 1);
}

/* Rotates change CF and OF alone. */
static void rotate_flags(struct cpu *cpu, bool cf, bool of)
{
    cpu->eflags &= ~(EFLAGS_CF | EFLAGS_OF);
    cpu->eflags |= (cf ? EFLAGS_CF : 0) | (of ? EFLAGS_OF : 0);
}

static uint32_t rotate_left(uint32_t a, unsigned count, unsigned bits)
{
    count &= bits - 1;
    return count ? a << count | a >> (bits - count) : a;
}

static uint32_t rol(struct cpu *cpu, uint32_t a, unsigned count, unsigned size)
{
    uint32_t r = rotate_left(a, count, 8 * size);
    bool cf = r & 1;
    rotate_flags(cpu, cf, cf != !!(r & SIGN_BIT(size)));
    return r;
}

static uint32_t ror(struct cpu *cpu, uint32_t a, unsigned count, unsigned size)
{
    uint32_t r = rotate_left(a, 8 * size - count % (8 * size), 8 * size);
    bool cf = r & SIGN_BIT(size);
    rotate_flags(cpu, cf, cf != !!(r & (SIGN_BIT(size) >> 1)));
    return r;
}

/* A rotation to the left of CF and the operand together, by less than their length. */
static uint32_t rotate_with_carry(struct cpu *cpu, uint32_t a, unsigned count, unsigned size)
{
    unsigned bits = 8 * size + 1;
    uint64_t all = (uint64_t)(cpu->eflags & EFLAGS_CF) << (bits - 1) | (a & SIZE_MASK(size));
    all = all << count | all >> (bits - count);
    uint32_t r = (uint32_t)all & SIZE_MASK(size);
    rotate_flags(cpu, (all >> (bits - 1)) & 1, (a ^ r) & SIGN_BIT(size));
    return r;
}

static uint32_t rcl(struct cpu *cpu, uint32_t a, unsigned count, unsigned size)
{
    count %= 8 * size + 1;
    return count ? rotate_with_carry(cpu, a, count, size) : a;
}

static uint32_t rcr(struct cpu *cpu, uint32_t a, unsigned count, unsigned size)
{
    count %= 8 * size + 1;
    return count ? rotate_with_carry(cpu, a, 8 * size + 1 - count, size) : a;
}

bool op_rol(struct step *x)
{
    return shift_operand(x, rol);
}

bool op_ror(struct step *x)
{
    return shift_operand(x, ror);
}

bool op_rcl(struct step *x)
{
    return shift_operand(x, rcl);
}

bool op_rcr(struct step *x)
{
    return shift_operand(x, rcr);
}

bool op_shl(struct step *x)
{
    return shift_operand(x, shl);
}

bool op_shr(struct step *x)
{
    return shift_operand(x, shr);
}

bool op_sar(struct step *x)
{
    return shift_operand(x, sar);
}

/*
 * Double shifts. With 16 bits a count above 16 shifts A:B:A, which Intel's processors and TCG agree
 * on though the manual calls it undefined.
 */
static uint32_t shld(struct cpu *cpu, uint32_t a, uint32_t b, unsigned count, unsigned size)
{
    uint32_t low = size == 2 ? b << 16 | a : b;
    uint64_t before = ((uint64_t)a << 32 | low) << (count - 1);
    uint32_t last = (uint32_t)(before >> 32), r = (uint32_t)((before << 1) >> 32);
    shift_flags(cpu, last, r, last & SIGN_BIT(size), size);
    return r;
}

static uint32_t shrd(struct cpu *cpu, uint32_t a, uint32_t b, unsigned count, unsigned size)
{
    uint32_t low = size == 2 ? b << 16 | a : a;
    uint64_t before = ((uint64_t)(size == 2 ? a : b) << 32 | low) >> (count - 1);
    shift_flags(cpu, (uint32_t)before, (uint32_t)(before >> 1), before & 1, size);
    return (uint32_t)(before >> 1);
}

typedef uint32_t (*double_shift_fn)(struct cpu *, uint32_t a, uint32_t b, unsigned, unsigned);

static bool double_shift(struct step *x, double_shift_fn shift)
{
    uint32_t a, b, count;
    if (!read_operand_rmw(x, 0, &a) || !read_operand(x, 1, &b) || !read_operand(x, 2, &count))
        return false;
    count &= 31;
    if (count)
        a = shift(x->cpu, a, b, count, operand_size(x, 0));
    return write_operand(x, 0, a);
}

bool op_shld(struct step *x)
{
    return double_shift(x, shld);
}

bool op_shrd(struct step *x)
{
    return double_shift(x, shrd);
}
