/* Multiplication and division. Division leaves the flags alone, as TCG does. */
#include "alu.h"
#include "handlers.h"

/* CF and OF: the upper half holds more than an extension of the lower. */
static void multiply_flags(struct cpu *cpu, uint32_t low, bool overflow, unsigned size)
{
    set_status(cpu, result_flags(low, size) | (overflow ? EFLAGS_CF | EFLAGS_OF : 0));
}

/* AX, DX:AX or EDX:EAX. */
static void set_double(struct cpu *cpu, unsigned size, uint64_t value)
{
    if (size == 1) {
        set_reg(cpu, EAX, 2, (uint32_t)value);
        return;
    }
    set_reg(cpu, EAX, size, (uint32_t)value);
    set_reg(cpu, EDX, size, (uint32_t)(value >> (8 * size)));
}

static uint64_t get_double(const struct cpu *cpu, unsigned size)
{
    if (size == 1)
        return get_reg(cpu, EAX, 2);
    return (uint64_t)get_reg(cpu, EDX, size) << (8 * size) | get_reg(cpu, EAX, size);
}

bool op_mul(struct step *x)
{
    unsigned size = operand_size(x, 0);
    uint32_t a;
    if (!read_operand(x, 0, &a))
        return false;
    uint64_t product = (uint64_t)get_reg(x->cpu, EAX, size) * a;
    set_double(x->cpu, size, product);
    multiply_flags(x->cpu, (uint32_t)product, product > SIZE_MASK(size), size);
    return true;
}

/* Multiplies signed values of `size` bytes and sets the flags. */
static int64_t multiply_signed(struct cpu *cpu, uint32_t a, uint32_t b, unsigned size)
{
    int64_t product = (int64_t)sign_extend(a, size) * sign_extend(b, size);
    bool overflow = product != sign_extend((uint32_t)product, size);
    multiply_flags(cpu, (uint32_t)product, overflow, size);
    return product;
}

bool op_imul1(struct step *x)
{
    unsigned size = operand_size(x, 0);
    uint32_t a;
    if (!read_operand(x, 0, &a))
        return false;
    int64_t product = multiply_signed(x->cpu, get_reg(x->cpu, EAX, size), a, size);
    set_double(x->cpu, size, (uint64_t)product);
    return true;
}

bool op_imul(struct step *x)
{
    bool three = x->insn->operand[2] != OPERAND_NONE;
    uint32_t a, b;
    if (!read_operand(x, 1, &a) || !read_operand(x, three ? 2 : 0, &b))
        return false;
    return write_operand(x, 0, (uint32_t)multiply_signed(x->cpu, a, b, operand_size(x, 0)));
}

static void set_quotient(struct cpu *cpu, unsigned size, uint32_t quotient, uint32_t remainder)
{
    set_reg(cpu, EAX, size, quotient);
    set_reg(cpu, size == 1 ? 4 /* AH */ : EDX, size, remainder);
}

bool op_div(struct step *x)
{
    unsigned size = operand_size(x, 0);
    uint32_t divisor;
    if (!read_operand(x, 0, &divisor))
        return false;
    uint64_t dividend = get_double(x->cpu, size);
    if (divisor == 0 || dividend / divisor > SIZE_MASK(size))
        return raise(x, EXC_DE);
    set_quotient(x->cpu, size, (uint32_t)(dividend / divisor), (uint32_t)(dividend % divisor));
    return true;
}

bool op_idiv(struct step *x)
{
    unsigned size = operand_size(x, 0);
    uint32_t value;
    if (!read_operand(x, 0, &value))
        return false;
    int64_t divisor = sign_extend(value, size);
    unsigned shift = 64 - 16 * size;
    int64_t dividend = (int64_t)(get_double(x->cpu, size) << shift) >> shift;
    /* The one quotient that 64 bits cannot hold would raise the monitor's own #DE. */
    if (divisor == 0 || (divisor == -1 && dividend == INT64_MIN))
        return raise(x, EXC_DE);
    int64_t quotient = dividend / divisor;
    if (quotient != sign_extend((uint32_t)quotient, size))
        return raise(x, EXC_DE);
    set_quotient(x->cpu, size, (uint32_t)quotient, (uint32_t)(dividend % divisor));
    return true;
}
