/* Addition, subtraction, logic. */
#include "alu.h"
#include "handlers.h"

/* Computes a result, sets the flags; `carry` is CF on entry. */
typedef uint32_t (*alu2)(struct cpu *cpu, uint32_t a, uint32_t b, uint32_t carry, unsigned size);

static inline uint32_t add(struct cpu *cpu, uint32_t a, uint32_t b, uint32_t carry, unsigned size)
{
    (void)carry;
    return alu_add(cpu, a, b, 0, size);
}

static inline uint32_t sub(struct cpu *cpu, uint32_t a, uint32_t b, uint32_t carry, unsigned size)
{
    (void)carry;
    return alu_sub(cpu, a, b, 0, size);
}

static inline uint32_t and (struct cpu * cpu, uint32_t a, uint32_t b, uint32_t carry, unsigned size)
{
    (void)carry;
    return alu_logic(cpu, a & b, size);
}

static inline uint32_t or (struct cpu * cpu, uint32_t a, uint32_t b, uint32_t carry, unsigned size)
{
    (void)carry;
    return alu_logic(cpu, a | b, size);
}

static inline uint32_t xor
    (struct cpu * cpu, uint32_t a, uint32_t b, uint32_t carry, unsigned size) {
        (void)carry;
        return alu_logic(cpu, a ^ b, size);
    }

    static inline bool store_result(struct step *x, alu2 compute)
{
    uint32_t a, b, carry = x->cpu->eflags & EFLAGS_CF;
    if (!read_operand_rmw(x, 0, &a) || !read_operand(x, 1, &b))
        return false;
    return write_operand(x, 0, compute(x->cpu, a, b, carry, operand_size(x, 0)));
}

static inline bool flags_only(struct step *x, alu2 compute)
{
    uint32_t a, b;
    if (!read_operand(x, 0, &a) || !read_operand(x, 1, &b))
        return false;
    compute(x->cpu, a, b, 0, operand_size(x, 0));
    return true;
}

bool op_add(struct step *x)
{
    return store_result(x, add);
}

bool op_or(struct step *x)
{
    return store_result(x, or);
}

bool op_adc(struct step *x)
{
    return store_result(x, alu_add);
}

bool op_sbb(struct step *x)
{
    return store_result(x, alu_sub);
}

bool op_and(struct step *x)
{
    return store_result(x, and);
}

bool op_sub(struct step *x)
{
    return store_result(x, sub);
}

bool op_xor(struct step *x)
{
    return store_result(x, xor);
}

bool op_cmp(struct step *x)
{
    return flags_only(x, sub);
}

bool op_test(struct step *x)
{
    return flags_only(x, and);
}

/* TCG has read the operand by the time that it finds that there is no such instruction. */
bool op_test_alias(struct step *x)
{
    uint32_t a;
    if (x->cpu->model->policy.test_has_alias)
        return op_test(x);
    return read_operand(x, 0, &a) && raise(x, EXC_UD);
}

bool op_not(struct step *x)
{
    uint32_t a;
    return read_operand_rmw(x, 0, &a) && write_operand(x, 0, ~a);
}

bool op_neg(struct step *x)
{
    uint32_t a;
    return read_operand_rmw(x, 0, &a) &&
           write_operand(x, 0, alu_sub(x->cpu, 0, a, 0, operand_size(x, 0)));
}

/* INC and DEC leave CF alone. */
static bool step_by_one(struct step *x, alu2 compute)
{
    uint32_t a, cf = x->cpu->eflags & EFLAGS_CF;
    if (!read_operand_rmw(x, 0, &a))
        return false;
    a = compute(x->cpu, a, 1, 0, operand_size(x, 0));
    x->cpu->eflags = (x->cpu->eflags & ~EFLAGS_CF) | cf;
    return write_operand(x, 0, a);
}

bool op_inc(struct step *x)
{
    return step_by_one(x, add);
}

bool op_dec(struct step *x)
{
    return step_by_one(x, sub);
}
