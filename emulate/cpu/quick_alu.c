/* Slot functions of arithmetic and logic, for all operand sizes and places. */
#include "quick.h"

/* --- what they compute; operands are zero-extended --- */

static inline uint32_t do_add(struct run *run, uint32_t a, uint32_t b, unsigned size)
{
    uint32_t r = a + b;
    flags_by_carries(run, r, (a & b) | ((a | b) & ~r), size);
    return r;
}

static inline uint32_t do_adc(struct run *run, uint32_t a, uint32_t b, unsigned size)
{
    uint32_t r = a + b + flag_cf(run);
    flags_by_carries(run, r, (a & b) | ((a | b) & ~r), size);
    return r;
}

static inline uint32_t do_sub(struct run *run, uint32_t a, uint32_t b, unsigned size)
{
    uint32_t r = a - b;
    flags_by_carries(run, r, (~a & b) | ((~a | b) & r), size);
    return r;
}

static inline uint32_t do_sbb(struct run *run, uint32_t a, uint32_t b, unsigned size)
{
    uint32_t r = a - b - flag_cf(run);
    flags_by_carries(run, r, (~a & b) | ((~a | b) & r), size);
    return r;
}

static inline uint32_t do_logic(struct run *run, uint32_t r, unsigned size)
{
    flags_by_result(run, r, false, false, size);
    return r;
}

static inline uint32_t do_and(struct run *run, uint32_t a, uint32_t b, unsigned size)
{
    return do_logic(run, a & b, size);
}

static inline uint32_t do_or(struct run *run, uint32_t a, uint32_t b, unsigned size)
{
    return do_logic(run, a | b, size);
}

static inline uint32_t do_xor(struct run *run, uint32_t a, uint32_t b, unsigned size)
{
    return do_logic(run, a ^ b, size);
}

/* INC and DEC leave CF alone. */
static inline void keep_carry(struct run *run, bool cf)
{
    run->carries = (run->carries & CARRY_AF) | carry_out(cf, flag_of(run));
}

static inline uint32_t do_inc(struct run *run, uint32_t a, unsigned size)
{
    bool cf = flag_cf(run);
    a = do_add(run, a, 1, size);
    keep_carry(run, cf);
    return a;
}

static inline uint32_t do_dec(struct run *run, uint32_t a, unsigned size)
{
    bool cf = flag_cf(run);
    a = do_sub(run, a, 1, size);
    keep_carry(run, cf);
    return a;
}

static inline uint32_t do_neg(struct run *run, uint32_t a, unsigned size)
{
    return do_sub(run, 0, a, size);
}

static inline uint32_t do_not(struct run *run, uint32_t a, unsigned size)
{
    (void)run;
    (void)size;
    return ~a;
}

static inline bool sign(uint32_t value, unsigned size)
{
    return value >> (8 * size - 1) & 1;
}

/* `before` is the operand shifted by one less than `r` is: CF and OF come from it (shift.c). */
static inline uint32_t shifted(struct run *run, uint32_t before, uint32_t r, bool cf, unsigned size)
{
    flags_by_result(run, r, cf, sign(before ^ r, size), size);
    return r;
}

static inline uint32_t do_shl(struct run *run, uint32_t a, uint32_t count, unsigned size)
{
    if (!(count &= 31))
        return a;
    uint32_t before = a << (count - 1);
    return shifted(run, before, before << 1, sign(before, size), size);
}

static inline uint32_t do_shr(struct run *run, uint32_t a, uint32_t count, unsigned size)
{
    if (!(count &= 31))
        return a;
    uint32_t before = a >> (count - 1);
    return shifted(run, before, before >> 1, before & 1, size);
}

static inline uint32_t do_sar(struct run *run, uint32_t a, uint32_t count, unsigned size)
{
    if (!(count &= 31))
        return a;
    int32_t before = (int32_t)extend(a, size) >> (count - 1);
    return shifted(run, (uint32_t)before, (uint32_t)(before >> 1), before & 1, size);
}

/* Rotates change CF and OF alone. */
static inline void rotated(struct run *run, bool cf, bool of)
{
    run->carries = (run->carries & ~(CARRY_CF | CARRY_SIGN)) | carry_out(cf, of);
}

static inline uint32_t rotate_left(uint32_t a, unsigned count, unsigned size)
{
    unsigned bits = 8 * size;
    count &= bits - 1;
    return count ? a << count | a >> (bits - count) : a;
}

static inline uint32_t do_rol(struct run *run, uint32_t a, uint32_t count, unsigned size)
{
    if (!(count &= 31))
        return a;
    uint32_t r = rotate_left(a, count, size);
    rotated(run, r & 1, (r & 1) != sign(r, size));
    return r;
}

static inline uint32_t do_ror(struct run *run, uint32_t a, uint32_t count, unsigned size)
{
    if (!(count &= 31))
        return a;
    uint32_t r = rotate_left(a, 8 * size - (count & (8 * size - 1)), size);
    rotated(run, sign(r, size), sign(r, size) != sign(r << 1, size));
    return r;
}

/* --- where their operands are --- */

#define TWO_OPERANDS(name, size)                                                             \
    static void name##_rr##size(SLOT_ARGS)                                                   \
    {                                                                                        \
        uint32_t a = get(cpu, s->dst, size), b = get(cpu, s->src, size);                     \
        set(cpu, s->dst, do_##name(run, a, b, size), size);                                  \
        NEXT;                                                                                \
    }                                                                                        \
    static void name##_ri##size(SLOT_ARGS)                                                   \
    {                                                                                        \
        set(cpu, s->dst, do_##name(run, get(cpu, s->dst, size), s->imm, size), size);        \
        NEXT;                                                                                \
    }                                                                                        \
    static void name##_rm##size(SLOT_ARGS)                                                   \
    {                                                                                        \
        OPERAND_OR_LEAVE(p, size, TLB_READ)                                                  \
        set(cpu, s->dst, do_##name(run, get(cpu, s->dst, size), load(p, size), size), size); \
        NEXT;                                                                                \
    }                                                                                        \
    static void name##_mr##size(SLOT_ARGS)                                                   \
    {                                                                                        \
        OPERAND_OR_LEAVE(p, size, TLB_WRITE)                                                 \
        store(p, do_##name(run, load(p, size), get(cpu, s->src, size), size), size);         \
        NEXT;                                                                                \
    }                                                                                        \
    static void name##_mi##size(SLOT_ARGS)                                                   \
    {                                                                                        \
        OPERAND_OR_LEAVE(p, size, TLB_WRITE)                                                 \
        store(p, do_##name(run, load(p, size), s->imm, size), size);                         \
        NEXT;                                                                                \
    }

/* CMP and TEST: as SUB and AND, and nothing is stored. */
#define COMPARISON(name, compute, size)                                     \
    static void name##_rr##size(SLOT_ARGS)                                  \
    {                                                                       \
        compute(run, get(cpu, s->dst, size), get(cpu, s->src, size), size); \
        NEXT;                                                               \
    }                                                                       \
    static void name##_ri##size(SLOT_ARGS)                                  \
    {                                                                       \
        compute(run, get(cpu, s->dst, size), s->imm, size);                 \
        NEXT;                                                               \
    }                                                                       \
    static void name##_rm##size(SLOT_ARGS)                                  \
    {                                                                       \
        OPERAND_OR_LEAVE(p, size, TLB_READ)                                 \
        compute(run, get(cpu, s->dst, size), load(p, size), size);          \
        NEXT;                                                               \
    }                                                                       \
    static void name##_mr##size(SLOT_ARGS)                                  \
    {                                                                       \
        OPERAND_OR_LEAVE(p, size, TLB_READ)                                 \
        compute(run, load(p, size), get(cpu, s->src, size), size);          \
        NEXT;                                                               \
    }                                                                       \
    static void name##_mi##size(SLOT_ARGS)                                  \
    {                                                                       \
        OPERAND_OR_LEAVE(p, size, TLB_READ)                                 \
        compute(run, load(p, size), s->imm, size);                          \
        NEXT;                                                               \
    }

#define ONE_OPERAND(name, size)                                               \
    static void name##_r##size(SLOT_ARGS)                                     \
    {                                                                         \
        set(cpu, s->dst, do_##name(run, get(cpu, s->dst, size), size), size); \
        NEXT;                                                                 \
    }                                                                         \
    static void name##_m##size(SLOT_ARGS)                                     \
    {                                                                         \
        OPERAND_OR_LEAVE(p, size, TLB_WRITE)                                  \
        store(p, do_##name(run, load(p, size), size), size);                  \
        NEXT;                                                                 \
    }

/* By CL or by an immediate count; a count of 0 writes the operand, too. */
#define SHIFT(name, size)                                                             \
    static void name##_rr##size(SLOT_ARGS)                                            \
    {                                                                                 \
        uint32_t count = get(cpu, s->src, 1);                                         \
        set(cpu, s->dst, do_##name(run, get(cpu, s->dst, size), count, size), size);  \
        NEXT;                                                                         \
    }                                                                                 \
    static void name##_ri##size(SLOT_ARGS)                                            \
    {                                                                                 \
        set(cpu, s->dst, do_##name(run, get(cpu, s->dst, size), s->imm, size), size); \
        NEXT;                                                                         \
    }

#define EACH_SIZE(make, ...) make(__VA_ARGS__, 1) make(__VA_ARGS__, 2) make(__VA_ARGS__, 4)

// clang-format off
EACH_SIZE(TWO_OPERANDS, add)
EACH_SIZE(TWO_OPERANDS, or)
EACH_SIZE(TWO_OPERANDS, adc)
EACH_SIZE(TWO_OPERANDS, sbb)
EACH_SIZE(TWO_OPERANDS, and)
EACH_SIZE(TWO_OPERANDS, sub)
EACH_SIZE(TWO_OPERANDS, xor)
EACH_SIZE(COMPARISON, cmp, do_sub)
EACH_SIZE(COMPARISON, test, do_and)
EACH_SIZE(ONE_OPERAND, inc)
EACH_SIZE(ONE_OPERAND, dec)
EACH_SIZE(ONE_OPERAND, neg)
EACH_SIZE(ONE_OPERAND, not)
EACH_SIZE(SHIFT, shl)
EACH_SIZE(SHIFT, shr)
EACH_SIZE(SHIFT, sar)
EACH_SIZE(SHIFT, rol)
EACH_SIZE(SHIFT, ror)

#define SIZES(name, form) {name##_##form##1, name##_##form##2, name##_##form##4}
#define ROW2(name)                                                                                 \
    [FORM_RR] = SIZES(name, rr), [FORM_RM] = SIZES(name, rm), [FORM_MR] = SIZES(name, mr),         \
    [FORM_RI] = SIZES(name, ri), [FORM_MI] = SIZES(name, mi)
#define ROW1(name)  [FORM_R] = SIZES(name, r), [FORM_M] = SIZES(name, m)
#define SHIFTS(name) [FORM_RR] = SIZES(name, rr), [FORM_RI] = SIZES(name, ri)

const struct quick_op quick_alu[] = {
    {OP_ADD, {ROW2(add)}}, {OP_OR, {ROW2(or)}}, {OP_ADC, {ROW2(adc)}}, {OP_SBB, {ROW2(sbb)}},
    {OP_AND, {ROW2(and)}}, {OP_SUB, {ROW2(sub)}}, {OP_XOR, {ROW2(xor)}}, {OP_CMP, {ROW2(cmp)}},
    {OP_TEST, {ROW2(test)}},
    {OP_INC, {ROW1(inc)}}, {OP_DEC, {ROW1(dec)}}, {OP_NEG, {ROW1(neg)}}, {OP_NOT, {ROW1(not)}},
    {OP_SHL, {SHIFTS(shl)}}, {OP_SHR, {SHIFTS(shr)}}, {OP_SAR, {SHIFTS(sar)}},
    {OP_ROL, {SHIFTS(rol)}}, {OP_ROR, {SHIFTS(ror)}},
};
// clang-format on

const unsigned quick_alu_count = sizeof(quick_alu) / sizeof(quick_alu[0]);
