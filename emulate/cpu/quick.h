/*
 * What slot functions are made of: registers, lazy flags, memory through the TLB. Private to
 * emulate/cpu; read blocks.h first.
 */
#ifndef UMBRA_EMULATE_CPU_QUICK_H
#define UMBRA_EMULATE_CPU_QUICK_H

#include <string.h>

#include "blocks.h"

#define SLOT_ARGS struct cpu *cpu, const struct slot *s, struct run *run

/* The last thing that a slot function does: a jump, for the compiler. */
#define NEXT s[1].run(cpu, s + 1, run)

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* --- leaving a block --- */

/* Nothing of this instruction was done: cpu_step() does it. */
static inline void leave_at(struct run *run, const struct slot *s)
{
    run->stop = s;
}

/* Out of the block, with this instruction done: goes on at `eip`. */
static inline void go_to(struct cpu *cpu, const struct slot *s, struct run *run, uint32_t eip)
{
    run->left -= (uint64_t)(s - run->block->slots) + 1;
    cpu->eip = eip;
}

/* A target past the CS limit is cpu_step()'s to refuse. */
static inline bool within_limit(const struct run *run, uint32_t eip)
{
    return likely(eip <= run->last_eip);
}

/* --- registers --- */

static inline uint32_t get(const struct cpu *cpu, unsigned at, unsigned size)
{
    const uint8_t *reg = (const uint8_t *)cpu->gpr + at;
    uint32_t value = 0;
    memcpy(&value, reg, size);
    return value;
}

static inline void set(struct cpu *cpu, unsigned at, uint32_t value, unsigned size)
{
    memcpy((uint8_t *)cpu->gpr + at, &value, size);
}

/* --- flags --- */

#define CARRY_CF   0x80000000u
#define CARRY_SIGN 0x40000000u
#define CARRY_AF   0x00000008u
#define CARRY_SF   0x00000001u /* SF is the opposite of bit 31 */
#define CARRY_PF   0x00000002u /* PF is the opposite of the parity */

static inline uint32_t extend(uint32_t value, unsigned size)
{
    return size == 4 ? value : size == 2 ? (uint32_t)(int16_t)value : (uint32_t)(int8_t)value;
}

/* `carries` out of each bit of an operation of this size. */
static inline void flags_by_carries(struct run *run, uint32_t r, uint32_t carries, unsigned size)
{
    run->result = extend(r, size);
    run->carries = (carries << (32 - 8 * size) & (CARRY_CF | CARRY_SIGN)) | (carries & CARRY_AF);
}

static inline uint32_t carry_out(bool cf, bool of)
{
    return (cf ? CARRY_CF : 0) | (cf != of ? CARRY_SIGN : 0);
}

/* AF becomes 0. */
static inline void flags_by_result(struct run *run, uint32_t r, bool cf, bool of, unsigned size)
{
    run->result = extend(r, size);
    run->carries = carry_out(cf, of);
}

static inline bool flag_cf(const struct run *run)
{
    return run->carries >> 31;
}

static inline bool flag_of(const struct run *run)
{
    return (run->carries ^ run->carries << 1) >> 31;
}

static inline bool flag_zf(const struct run *run)
{
    return !run->result;
}

static inline bool flag_sf(const struct run *run)
{
    return (run->result >> 31) ^ (run->carries & CARRY_SF);
}

static inline bool flag_pf(const struct run *run)
{
    return !__builtin_parity(run->result & 0xffu) ^ (run->carries >> 1 & 1);
}

/* Condition codes (SDM vol. 1, appendix B); `code` is a constant wherever this is used. */
static inline bool holds(const struct run *run, unsigned code)
{
    bool yes = false;
    switch (code >> 1) {
    case 0:
        yes = flag_of(run);
        break;
    case 1:
        yes = flag_cf(run);
        break;
    case 2:
        yes = flag_zf(run);
        break;
    case 3:
        yes = flag_cf(run) || flag_zf(run);
        break;
    case 4:
        yes = flag_sf(run);
        break;
    case 5:
        yes = flag_pf(run);
        break;
    case 6:
        yes = flag_sf(run) != flag_of(run);
        break;
    case 7:
        yes = flag_zf(run) || flag_sf(run) != flag_of(run);
        break;
    }
    return yes != (code & 1);
}

/* From EFLAGS, and back. */
void flags_load(struct run *run, const struct cpu *cpu);
void flags_store(const struct run *run, struct cpu *cpu);

/* --- memory --- */

static inline uint32_t offset_of(const struct cpu *cpu, const struct slot *s)
{
    return (s->disp + get(cpu, s->base, 4) + (get(cpu, s->index, 4) << s->scale)) & s->mask;
}

/* The bytes of an access to memory, or NULL: leave_at(). */
static inline uint8_t *bytes_at(const struct cpu *cpu, struct run *run, unsigned seg,
                                uint32_t offset, unsigned size, unsigned kind)
{
    uint64_t lin = run->base[seg] + offset;
    const struct tlb_entry *e = &run->tlb[kind][lin / PAGE_SIZE % TLB_ENTRIES];
    if (likely(e->tag == ((lin + size - 1) & ~(uint64_t)PAGE_OFFSET)))
        return e->bytes + (lin & PAGE_OFFSET);
    return tlb_miss(cpu, run, lin, size, kind);
}

static inline uint8_t *operand_bytes(const struct cpu *cpu, const struct slot *s, struct run *run,
                                     unsigned size, unsigned kind)
{
    return bytes_at(cpu, run, s->seg, offset_of(cpu, s), size, kind);
}

static inline uint32_t load(const uint8_t *bytes, unsigned size)
{
    uint32_t value = 0;
    memcpy(&value, bytes, size);
    return value;
}

static inline void store(uint8_t *bytes, uint32_t value, unsigned size)
{
    memcpy(bytes, &value, size);
}

/* The bytes of the memory operand in `p`, or out of the block. */
#define OPERAND_OR_LEAVE(p, size, kind)                  \
    uint8_t *p = operand_bytes(cpu, s, run, size, kind); \
    if (unlikely(!p)) {                                  \
        leave_at(run, s);                                \
        return;                                          \
    }

/* --- slot functions by operation --- */

/* Where operands are: destination, then source. */
enum form { FORM_R, FORM_M, FORM_RR, FORM_RM, FORM_MR, FORM_RI, FORM_MI, FORM_COUNT };

/* The functions of an operation, for operands of 1, 2 and 4 bytes; those that are not there are
 * NULL. */
struct quick_op {
    uint16_t op; /* enum op */
    slot_op form[FORM_COUNT][3];
};

extern const struct quick_op quick_alu[];
extern const unsigned quick_alu_count;
extern const struct quick_op quick_move[];
extern const unsigned quick_move_count;

/* By condition code: quick_setcc[..][0] for a register, [1] for memory. */
extern const slot_op quick_jcc[16];
extern const slot_op quick_setcc[16][2];
extern const slot_op quick_cmovcc[16][2];

/* These in quick_move.c, where SS and the operand have 32 bits. */
void quick_imul_rri(SLOT_ARGS);
void quick_imul_rmi(SLOT_ARGS);
void quick_push_i(SLOT_ARGS);
void quick_leave(SLOT_ARGS);

/* quick_branch.c */
void quick_jmp(SLOT_ARGS);
void quick_loop(SLOT_ARGS);
void quick_jecxz(SLOT_ARGS);
void quick_jmp_r(SLOT_ARGS);
void quick_jmp_m(SLOT_ARGS);
void quick_call(SLOT_ARGS);
void quick_call_r(SLOT_ARGS);
void quick_call_m(SLOT_ARGS);
void quick_ret(SLOT_ARGS);
/* quick_string.c: [log2 of the size][repeated], with 32-bit addresses */
extern const slot_op quick_movs[3][2];
extern const slot_op quick_stos[3][2];

#endif
