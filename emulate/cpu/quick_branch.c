/* Slot functions of near branches. Blocks go on behind a conditional one that is not taken. */
#include "quick.h"

/* To a target that was computed when the block was made. */
static inline void branch(SLOT_ARGS)
{
    uint32_t target = (run->eip + s->imm) & s->mask;
    if (!within_limit(run, target))
        leave_at(run, s);
    else
        go_to(cpu, s, run, target);
}

#define JCC(code)                     \
    static void jcc_##code(SLOT_ARGS) \
    {                                 \
        if (holds(run, code))         \
            branch(cpu, s, run);      \
        else                          \
            NEXT;                     \
    }

// clang-format off
JCC(0) JCC(1) JCC(2) JCC(3) JCC(4) JCC(5) JCC(6) JCC(7)
JCC(8) JCC(9) JCC(10) JCC(11) JCC(12) JCC(13) JCC(14) JCC(15)
    // clang-format on

    const slot_op quick_jcc[16] = {jcc_0, jcc_1, jcc_2,  jcc_3,  jcc_4,  jcc_5,  jcc_6,  jcc_7,
                                   jcc_8, jcc_9, jcc_10, jcc_11, jcc_12, jcc_13, jcc_14, jcc_15};

void quick_jmp(SLOT_ARGS)
{
    branch(cpu, s, run);
}

/* A branch that is refused must not have counted. */
void quick_loop(SLOT_ARGS)
{
    if (cpu->gpr[ECX] == 1) {
        cpu->gpr[ECX] = 0;
        NEXT;
        return;
    }
    branch(cpu, s, run);
    cpu->gpr[ECX] -= run->stop != s;
}

void quick_jecxz(SLOT_ARGS)
{
    if (!cpu->gpr[ECX])
        branch(cpu, s, run);
    else
        NEXT;
}

/* --- to where a register, memory or the stack says; all with 32 bits --- */

static inline void jump(SLOT_ARGS, uint32_t target)
{
    if (!within_limit(run, target))
        leave_at(run, s);
    else
        go_to(cpu, s, run, target);
}

void quick_jmp_r(SLOT_ARGS)
{
    jump(cpu, s, run, get(cpu, s->dst, 4));
}

void quick_jmp_m(SLOT_ARGS)
{
    OPERAND_OR_LEAVE(p, 4, TLB_READ)
    jump(cpu, s, run, load(p, 4));
}

static inline void call(SLOT_ARGS, uint32_t target)
{
    uint32_t esp = cpu->gpr[ESP] - 4;
    uint8_t *p = within_limit(run, target) ? bytes_at(cpu, run, SEG_SS, esp, 4, TLB_WRITE) : NULL;
    if (unlikely(!p)) {
        leave_at(run, s);
        return;
    }
    store(p, run->eip + s->end, 4);
    cpu->gpr[ESP] = esp;
    go_to(cpu, s, run, target);
}

void quick_call(SLOT_ARGS)
{
    call(cpu, s, run, run->eip + s->imm);
}

void quick_call_r(SLOT_ARGS)
{
    call(cpu, s, run, get(cpu, s->dst, 4));
}

void quick_call_m(SLOT_ARGS)
{
    OPERAND_OR_LEAVE(p, 4, TLB_READ)
    call(cpu, s, run, load(p, 4));
}

/* RET n: `imm` is how much more it releases. */
void quick_ret(SLOT_ARGS)
{
    const uint8_t *p = bytes_at(cpu, run, SEG_SS, cpu->gpr[ESP], 4, TLB_READ);
    uint32_t target = p ? load(p, 4) : 0;
    if (unlikely(!p) || !within_limit(run, target)) {
        leave_at(run, s);
        return;
    }
    cpu->gpr[ESP] += 4 + s->imm;
    go_to(cpu, s, run, target);
}
