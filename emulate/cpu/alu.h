/*
 * Status flags of arithmetic. Operands and results are zero-extended; `size` is 1, 2 or 4 bytes.
 * Where the manuals leave a flag undefined it gets the value that QEMU's TCG gives it.
 * Private to emulate/cpu.
 */
#ifndef UMBRA_EMULATE_CPU_ALU_H
#define UMBRA_EMULATE_CPU_ALU_H

#include "step.h"

#define SIZE_MASK(size) (UINT32_MAX >> (32 - 8 * (size)))
#define SIGN_BIT(size)  (1u << (8 * (size)-1))

static inline int32_t sign_extend(uint32_t value, unsigned size)
{
    unsigned shift = 32 - 8 * size;
    return (int32_t)(value << shift) >> shift;
}

/* SF, ZF and PF of a result. */
static inline uint32_t result_flags(uint32_t result, unsigned size)
{
    uint32_t flags = result & SIGN_BIT(size) ? EFLAGS_SF : 0;
    if (!(result & SIZE_MASK(size)))
        flags |= EFLAGS_ZF;
    if (!__builtin_parity(result & 0xffu))
        flags |= EFLAGS_PF;
    return flags;
}

/* CF and AF from the carry (or borrow) out of each bit, OF from the sign bit of `overflow`. */
static inline uint32_t carry_flags(uint32_t carries, uint32_t overflow, unsigned size)
{
    uint32_t flags = (carries << 1) & EFLAGS_AF;
    if (carries & SIGN_BIT(size))
        flags |= EFLAGS_CF;
    if (overflow & SIGN_BIT(size))
        flags |= EFLAGS_OF;
    return flags;
}

static inline void set_status(struct cpu *cpu, uint32_t flags)
{
    cpu->eflags = (cpu->eflags & ~EFLAGS_STATUS) | flags;
}

static inline uint32_t alu_add(struct cpu *cpu, uint32_t a, uint32_t b, uint32_t carry,
                               unsigned size)
{
    uint32_t r = (a + b + carry) & SIZE_MASK(size);
    set_status(cpu, result_flags(r, size) |
                        carry_flags((a & b) | ((a | b) & ~r), (a ^ r) & (b ^ r), size));
    return r;
}

static inline uint32_t alu_sub(struct cpu *cpu, uint32_t a, uint32_t b, uint32_t borrow,
                               unsigned size)
{
    uint32_t r = (a - b - borrow) & SIZE_MASK(size);
    set_status(cpu, result_flags(r, size) |
                        carry_flags((~a & b) | ((~a | b) & r), (a ^ b) & (a ^ r), size));
    return r;
}

static inline uint32_t alu_logic(struct cpu *cpu, uint32_t r, unsigned size)
{
    set_status(cpu, result_flags(r, size));
    return r;
}

/* The condition in the low four bits of Jcc, SETcc and CMOVcc (SDM vol. 1, appendix B). */
bool condition(const struct cpu *cpu, unsigned opcode);

#endif
