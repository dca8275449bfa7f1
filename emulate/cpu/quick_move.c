/* Slot functions that move: MOV and its kin, the stack, multiplication, conditional moves. */
#include "quick.h"

#define MOVE(size)                                      \
    static void mov_rr##size(SLOT_ARGS)                 \
    {                                                   \
        set(cpu, s->dst, get(cpu, s->src, size), size); \
        NEXT;                                           \
    }                                                   \
    static void mov_ri##size(SLOT_ARGS)                 \
    {                                                   \
        set(cpu, s->dst, s->imm, size);                 \
        NEXT;                                           \
    }                                                   \
    static void mov_rm##size(SLOT_ARGS)                 \
    {                                                   \
        OPERAND_OR_LEAVE(p, size, TLB_READ)             \
        set(cpu, s->dst, load(p, size), size);          \
        NEXT;                                           \
    }                                                   \
    static void mov_mr##size(SLOT_ARGS)                 \
    {                                                   \
        OPERAND_OR_LEAVE(p, size, TLB_WRITE)            \
        store(p, get(cpu, s->src, size), size);         \
        NEXT;                                           \
    }                                                   \
    static void mov_mi##size(SLOT_ARGS)                 \
    {                                                   \
        OPERAND_OR_LEAVE(p, size, TLB_WRITE)            \
        store(p, s->imm, size);                         \
        NEXT;                                           \
    }                                                   \
    static void xchg_rr##size(SLOT_ARGS)                \
    {                                                   \
        uint32_t a = get(cpu, s->dst, size);            \
        set(cpu, s->dst, get(cpu, s->src, size), size); \
        set(cpu, s->src, a, size);                      \
        NEXT;                                           \
    }

/* To 32 bits; `size` is the source's. */
#define MOVE_WIDER(name, convert, size)                             \
    static void name##_rr##size(SLOT_ARGS)                          \
    {                                                               \
        set(cpu, s->dst, convert(get(cpu, s->src, size), size), 4); \
        NEXT;                                                       \
    }                                                               \
    static void name##_rm##size(SLOT_ARGS)                          \
    {                                                               \
        OPERAND_OR_LEAVE(p, size, TLB_READ)                         \
        set(cpu, s->dst, convert(load(p, size), size), 4);          \
        NEXT;                                                       \
    }
#define SAME(value, size) (value)

// clang-format off
MOVE(1) MOVE(2) MOVE(4)
MOVE_WIDER(movzx, SAME, 1) MOVE_WIDER(movzx, SAME, 2)
MOVE_WIDER(movsx, extend, 1) MOVE_WIDER(movsx, extend, 2)
    // clang-format on

    static void lea4(SLOT_ARGS)
{
    set(cpu, s->dst, offset_of(cpu, s), 4);
    NEXT;
}

static void cwd4(SLOT_ARGS)
{
    cpu->gpr[EDX] = 0 - (cpu->gpr[EAX] >> 31);
    NEXT;
}

static void cbw4(SLOT_ARGS)
{
    cpu->gpr[EAX] = (uint32_t)(int16_t)cpu->gpr[EAX];
    NEXT;
}

static void nop(SLOT_ARGS)
{
    NEXT;
}

/* --- multiplication, as muldiv.c does it --- */

static inline uint32_t imul(struct run *run, uint32_t a, uint32_t b)
{
    int64_t product = (int64_t)(int32_t)a * (int32_t)b;
    bool overflow = product != (int32_t)product;
    flags_by_result(run, (uint32_t)product, overflow, overflow, 4);
    return (uint32_t)product;
}

static void imul_rr4(SLOT_ARGS)
{
    set(cpu, s->dst, imul(run, get(cpu, s->dst, 4), get(cpu, s->src, 4)), 4);
    NEXT;
}

static void imul_rm4(SLOT_ARGS)
{
    OPERAND_OR_LEAVE(p, 4, TLB_READ)
    set(cpu, s->dst, imul(run, get(cpu, s->dst, 4), load(p, 4)), 4);
    NEXT;
}

/* Three operands: the last one is immediate. */
void quick_imul_rri(SLOT_ARGS)
{
    set(cpu, s->dst, imul(run, get(cpu, s->src, 4), s->imm), 4);
    NEXT;
}

void quick_imul_rmi(SLOT_ARGS)
{
    OPERAND_OR_LEAVE(p, 4, TLB_READ)
    set(cpu, s->dst, imul(run, load(p, 4), s->imm), 4);
    NEXT;
}

static inline void mul(struct cpu *cpu, struct run *run, uint32_t b)
{
    uint64_t product = (uint64_t)cpu->gpr[EAX] * b;
    cpu->gpr[EAX] = (uint32_t)product;
    cpu->gpr[EDX] = (uint32_t)(product >> 32);
    flags_by_result(run, (uint32_t)product, product >> 32, product >> 32, 4);
}

static void mul_r4(SLOT_ARGS)
{
    mul(cpu, run, get(cpu, s->dst, 4));
    NEXT;
}

static void mul_m4(SLOT_ARGS)
{
    OPERAND_OR_LEAVE(p, 4, TLB_READ)
    mul(cpu, run, load(p, 4));
    NEXT;
}

/* --- the stack, where SS and the operand have 32 bits --- */

static inline void push_value(SLOT_ARGS, uint32_t value)
{
    uint32_t esp = cpu->gpr[ESP] - 4;
    uint8_t *p = bytes_at(cpu, run, SEG_SS, esp, 4, TLB_WRITE);
    if (unlikely(!p)) {
        leave_at(run, s);
        return;
    }
    store(p, value, 4);
    cpu->gpr[ESP] = esp;
    NEXT;
}

static void push_r4(SLOT_ARGS)
{
    push_value(cpu, s, run, get(cpu, s->dst, 4));
}

void quick_push_i(SLOT_ARGS)
{
    push_value(cpu, s, run, s->imm);
}

static void push_m4(SLOT_ARGS)
{
    OPERAND_OR_LEAVE(p, 4, TLB_READ)
    push_value(cpu, s, run, load(p, 4));
}

/* POP ESP loads what was popped. */
static void pop_r4(SLOT_ARGS)
{
    const uint8_t *p = bytes_at(cpu, run, SEG_SS, cpu->gpr[ESP], 4, TLB_READ);
    if (unlikely(!p)) {
        leave_at(run, s);
        return;
    }
    cpu->gpr[ESP] += 4;
    set(cpu, s->dst, load(p, 4), 4);
    NEXT;
}

void quick_leave(SLOT_ARGS)
{
    const uint8_t *p = bytes_at(cpu, run, SEG_SS, cpu->gpr[EBP], 4, TLB_READ);
    if (unlikely(!p)) {
        leave_at(run, s);
        return;
    }
    cpu->gpr[ESP] = cpu->gpr[EBP] + 4;
    cpu->gpr[EBP] = load(p, 4);
    NEXT;
}

/* --- by condition --- */

#define CONDITIONAL(code)                             \
    static void setcc_r_##code(SLOT_ARGS)             \
    {                                                 \
        set(cpu, s->dst, holds(run, code), 1);        \
        NEXT;                                         \
    }                                                 \
    static void setcc_m_##code(SLOT_ARGS)             \
    {                                                 \
        OPERAND_OR_LEAVE(p, 1, TLB_WRITE)             \
        store(p, holds(run, code), 1);                \
        NEXT;                                         \
    }                                                 \
    static void cmovcc_r_##code(SLOT_ARGS)            \
    {                                                 \
        if (holds(run, code))                         \
            set(cpu, s->dst, get(cpu, s->src, 4), 4); \
        NEXT;                                         \
    }                                                 \
    static void cmovcc_m_##code(SLOT_ARGS)            \
    {                                                 \
        OPERAND_OR_LEAVE(p, 4, TLB_READ)              \
        if (holds(run, code))                         \
            set(cpu, s->dst, load(p, 4), 4);          \
        NEXT;                                         \
    }

// clang-format off
#define EACH_CODE(make)                                                                            \
    make(0) make(1) make(2) make(3) make(4) make(5) make(6) make(7)                                \
    make(8) make(9) make(10) make(11) make(12) make(13) make(14) make(15)
EACH_CODE(CONDITIONAL)

#define SETCC(code)  {setcc_r_##code, setcc_m_##code},
#define CMOVCC(code) {cmovcc_r_##code, cmovcc_m_##code},
const slot_op quick_setcc[16][2] = {EACH_CODE(SETCC)};
const slot_op quick_cmovcc[16][2] = {EACH_CODE(CMOVCC)};

#define ALL(name, form)  {name##_##form##1, name##_##form##2, name##_##form##4}
#define NARROW(name, form) {name##_##form##1, name##_##form##2, NULL}
#define WIDE(function)   {NULL, NULL, function}

const struct quick_op quick_move[] = {
    {OP_MOV, {[FORM_RR] = ALL(mov, rr), [FORM_RI] = ALL(mov, ri), [FORM_RM] = ALL(mov, rm),
              [FORM_MR] = ALL(mov, mr), [FORM_MI] = ALL(mov, mi)}},
    {OP_XCHG, {[FORM_RR] = ALL(xchg, rr)}},
    {OP_MOVZX, {[FORM_RR] = NARROW(movzx, rr), [FORM_RM] = NARROW(movzx, rm)}},
    {OP_MOVSX, {[FORM_RR] = NARROW(movsx, rr), [FORM_RM] = NARROW(movsx, rm)}},
    {OP_LEA, {[FORM_RM] = WIDE(lea4)}},
    {OP_IMUL, {[FORM_RR] = WIDE(imul_rr4), [FORM_RM] = WIDE(imul_rm4)}},
    {OP_MUL, {[FORM_R] = WIDE(mul_r4), [FORM_M] = WIDE(mul_m4)}},
    {OP_CWD, {[FORM_R] = WIDE(cwd4)}},
    {OP_CBW, {[FORM_R] = WIDE(cbw4)}},
    {OP_PUSH, {[FORM_R] = WIDE(push_r4), [FORM_M] = WIDE(push_m4)}},
    {OP_POP, {[FORM_R] = WIDE(pop_r4)}},
    {OP_NOP, {[FORM_R] = {nop, nop, nop}}},
    {OP_NOP_MODRM, {[FORM_R] = {nop, nop, nop}}},
};
// clang-format on

const unsigned quick_move_count = sizeof(quick_move) / sizeof(quick_move[0]);
