/* One step of the virtual CPU: fetch, execute, and what is due between two instructions. */
#include "debug.h"
#include "handlers.h"

#include <string.h>

#define PAGE_SIZE 4096u

// clang-format off
const op_handler op_handlers[OP_COUNT] = {
    [OP_ADD] = op_add, [OP_OR] = op_or, [OP_ADC] = op_adc, [OP_SBB] = op_sbb,
    [OP_AND] = op_and, [OP_SUB] = op_sub, [OP_XOR] = op_xor, [OP_CMP] = op_cmp,
    [OP_TEST] = op_test, [OP_TEST_ALIAS] = op_test_alias, [OP_NOT] = op_not, [OP_NEG] = op_neg, [OP_INC] = op_inc,
    [OP_DEC] = op_dec,
    [OP_MUL] = op_mul, [OP_IMUL1] = op_imul1, [OP_IMUL] = op_imul, [OP_DIV] = op_div,
    [OP_IDIV] = op_idiv, [OP_CBW] = op_cbw, [OP_CWD] = op_cwd,
    [OP_DAA] = op_daa, [OP_DAS] = op_das, [OP_AAA] = op_aaa, [OP_AAS] = op_aas,
    [OP_AAM] = op_aam, [OP_AAD] = op_aad,
    [OP_ROL] = op_rol, [OP_ROR] = op_ror, [OP_RCL] = op_rcl, [OP_RCR] = op_rcr,
    [OP_SHL] = op_shl, [OP_SHR] = op_shr, [OP_SAR] = op_sar, [OP_SHLD] = op_shld,
    [OP_SHRD] = op_shrd,
    [OP_BT] = op_bt, [OP_BTS] = op_bts, [OP_BTR] = op_btr, [OP_BTC] = op_btc,
    [OP_BSF] = op_bsf, [OP_BSR] = op_bsr, [OP_BSWAP] = op_bswap,
    [OP_MOV] = op_mov, [OP_MOVZX] = op_mov, [OP_MOVSX] = op_movsx, [OP_LEA] = op_lea,
    [OP_XCHG] = op_xchg, [OP_CMPXCHG] = op_cmpxchg, [OP_CMPXCHG8B] = op_cmpxchg8b,
    [OP_XADD] = op_xadd, [OP_XLAT] = op_xlat, [OP_CMOVCC] = op_cmovcc, [OP_SETCC] = op_setcc,
    [OP_NOP] = op_nop, [OP_NOP_MODRM] = op_nop, [OP_PREFETCH] = op_nop,
    [OP_CLC] = op_clc, [OP_STC] = op_stc, [OP_CMC] = op_cmc, [OP_CLD] = op_cld,
    [OP_STD] = op_std, [OP_LAHF] = op_lahf, [OP_SAHF] = op_sahf, [OP_SALC] = op_salc,
    [OP_PUSH] = op_push, [OP_POP] = op_pop, [OP_PUSHA] = op_pusha, [OP_POPA] = op_popa,
    [OP_PUSHF] = op_pushf, [OP_POPF] = op_popf, [OP_ENTER] = op_enter, [OP_LEAVE] = op_leave,
    [OP_MOVS] = op_movs, [OP_CMPS] = op_cmps, [OP_STOS] = op_stos, [OP_LODS] = op_lods,
    [OP_SCAS] = op_scas, [OP_INS] = op_ins, [OP_OUTS] = op_outs,
    [OP_JMP] = op_jmp, [OP_JMP_IND] = op_jmp_ind, [OP_JCC] = op_jcc, [OP_LOOP] = op_loop,
    [OP_LOOPE] = op_loope, [OP_LOOPNE] = op_loopne, [OP_JCXZ] = op_jcxz, [OP_CALL] = op_call,
    [OP_CALL_IND] = op_call_ind, [OP_RET] = op_ret,
    [OP_JMP_FAR] = op_jmp_far, [OP_JMP_FAR_IND] = op_jmp_far_ind, [OP_CALL_FAR] = op_call_far,
    [OP_CALL_FAR_IND] = op_call_far_ind, [OP_RET_FAR] = op_ret_far, [OP_IRET] = op_iret,
    [OP_INT] = op_int, [OP_INT3] = op_int3, [OP_INTO] = op_into, [OP_ICEBP] = op_icebp,
    [OP_BOUND] = op_bound, [OP_SYSENTER] = op_sysenter, [OP_SYSEXIT] = op_sysexit,
    [OP_MOV_FROM_SREG] = op_mov_from_sreg, [OP_MOV_TO_SREG] = op_mov_to_sreg,
    [OP_PUSH_SREG] = op_push_sreg, [OP_POP_SREG] = op_pop_sreg,
    [OP_LDS] = op_lds, [OP_LES] = op_les, [OP_LFS] = op_lfs, [OP_LGS] = op_lgs, [OP_LSS] = op_lss,
    [OP_ARPL] = op_arpl, [OP_LAR] = op_lar, [OP_LSL] = op_lsl, [OP_VERR] = op_verr,
    [OP_VERW] = op_verw,
    [OP_SGDT] = op_sgdt, [OP_SIDT] = op_sidt, [OP_SLDT] = op_sldt, [OP_STR] = op_str,
    [OP_SMSW] = op_smsw, [OP_LGDT] = op_lgdt, [OP_LIDT] = op_lidt, [OP_LLDT] = op_lldt,
    [OP_LTR] = op_ltr, [OP_LMSW] = op_lmsw, [OP_CLTS] = op_clts,
    [OP_MOV_FROM_CR] = op_mov_from_cr, [OP_MOV_TO_CR] = op_mov_to_cr,
    [OP_MOV_FROM_DR] = op_mov_from_dr, [OP_MOV_TO_DR] = op_mov_to_dr,
    [OP_INVLPG] = op_invlpg, [OP_INVD] = op_invd, [OP_WBINVD] = op_wbinvd,
    [OP_RDMSR] = op_rdmsr, [OP_WRMSR] = op_wrmsr, [OP_RDTSC] = op_rdtsc, [OP_RDPMC] = op_rdpmc,
    [OP_CPUID] = op_cpuid,
    [OP_IN] = op_in, [OP_OUT] = op_out, [OP_CLI] = op_cli, [OP_STI] = op_sti, [OP_HLT] = op_hlt,
    [OP_X87] = op_x87, [OP_FCOMI] = op_x87, [OP_FCMOV] = op_x87, [OP_FWAIT] = op_fwait,
    [OP_FNSTENV] = op_fnstenv, [OP_FNSAVE] = op_fnstenv,
    [OP_FLDENV] = op_x87, [OP_FRSTOR] = op_x87, [OP_MMX] = op_mmx, [OP_SSE] = op_sse,
    [OP_COMIS] = op_sse,
    [OP_MASKMOVQ] = op_maskmovq, [OP_FXSAVE] = op_fxsave, [OP_FXRSTOR] = op_fxsave,
    [OP_LDMXCSR] = op_sse, [OP_STMXCSR] = op_sse, [OP_SFENCE] = op_nop,
    [OP_LFENCE] = op_nop,
};

/*
 * TCG looks at LOCK only in these: never legal, and legal with a memory destination alone. It
 * lets LOCK pass on any other instruction.
 */
enum tcg_lock { TCG_ACCEPTS, TCG_REFUSES, TCG_WANTS_MEMORY };
static const uint8_t tcg_lock[OP_COUNT] = {
    [OP_NOP] = TCG_REFUSES,       [OP_CMP] = TCG_REFUSES,
    [OP_ADD] = TCG_WANTS_MEMORY,  [OP_OR] = TCG_WANTS_MEMORY,  [OP_ADC] = TCG_WANTS_MEMORY,
    [OP_SBB] = TCG_WANTS_MEMORY,  [OP_AND] = TCG_WANTS_MEMORY, [OP_SUB] = TCG_WANTS_MEMORY,
    [OP_XOR] = TCG_WANTS_MEMORY,  [OP_NOT] = TCG_WANTS_MEMORY, [OP_NEG] = TCG_WANTS_MEMORY,
    [OP_INC] = TCG_WANTS_MEMORY,  [OP_DEC] = TCG_WANTS_MEMORY, [OP_CMPXCHG] = TCG_WANTS_MEMORY,
};
// clang-format on

static bool lock_legal(const struct cpu *cpu, const struct insn *insn)
{
    if ((insn->flags & INSN_LOCKABLE) && insn_has_mem(insn))
        return true;
    return !cpu->model->policy.lock_checked && tcg_lock[insn->op] == TCG_ACCEPTS;
}

static bool op_absent(struct step *x)
{
    return raise(x, EXC_UD);
}

op_handler cpu_handler(const struct cpu *cpu, const struct insn *insn)
{
    if ((insn->flags & (INSN_INVALID | INSN_ABSENT)) || insn->op >= OP_COUNT)
        return op_absent;
    if (insn->lock && !lock_legal(cpu, insn))
        return op_absent;
    if (cpu->model->policy.asks_processor && result_undefined(insn))
        return op_undefined;
    return op_handlers[insn->op] ? op_handlers[insn->op] : op_absent;
}

/* Software interrupts are not faults: the instruction is done when its event is delivered. */
static bool is_fault(const struct event *event)
{
    return event->type == EVENT_EXCEPTION;
}

/* An I/O breakpoint that ended its instruction; ICEBP is the other one of its type. */
static bool is_io_break(const struct insn *insn, const struct event *event)
{
    return (insn->flags & INSN_IO) && event->type == EVENT_PRIV_EXC;
}

struct registers {
    uint32_t gpr[GPR_COUNT];
};

static void end_with_event(struct step *x, const struct registers *before)
{
    struct cpu *cpu = x->cpu;

    if (is_fault(&x->fault)) {
        if (!x->keeps_gpr)
            memcpy(cpu->gpr, before->gpr, sizeof before->gpr);
        cpu->eflags = x->eflags;
    } else {
        cpu->eip = x->next_eip;
        if (is_io_break(x->insn, &x->fault))
            cpu->eflags |= x->eflags & EFLAGS_RF;
    }
}

/* A translated block clears RF at its end; TF and breakpoints make blocks of one instruction. */
static __attribute__((cold)) bool keeps_rf(const struct cpu *cpu, const struct insn *insn)
{
    return cpu->model->policy.rf_until_branch && !(cpu->eflags & EFLAGS_TF) &&
           insn_harmless(insn) && !(insn->flags & (INSN_REL | INSN_INDIRECT | INSN_STOP)) &&
           !memory_breakpoints_armed(cpu);
}

/* Executes x->insn; false with the event it raised in x->fault. */
static inline bool execute(struct step *x, op_handler handler)
{
    struct cpu *cpu = x->cpu;
    const struct registers before = *(const struct registers *)cpu->gpr;

    x->eflags = cpu->eflags;
    x->next_eip = cpu->eip + x->insn->length;
    cpu->int_shadow = SHADOW_NONE;
    if (__builtin_expect(!!(cpu->eflags & EFLAGS_RF), false) && !keeps_rf(cpu, x->insn))
        cpu->eflags &= ~EFLAGS_RF; /* it covers one instruction; IRET may set it for the next */
    if (__builtin_expect(handler(x), true)) {
        cpu->eip = x->next_eip;
        return true;
    }
    end_with_event(x, &before);
    return false;
}

/* Not by an initialiser, which would clear the fault, too: most steps never look at it. */
static inline void begin_step(struct step *x, struct cpu *cpu, const struct cpu_ops *ops,
                              void *world, const struct insn *insn)
{
    x->cpu = cpu;
    x->ops = ops;
    x->world = world;
    x->insn = insn;
    x->task_switched = x->task_trap = x->trapped = x->keeps_gpr = false;
}

enum cpu_result cpu_execute(struct cpu *cpu, const struct cpu_ops *ops, void *world,
                            const struct insn *insn, struct event *fault)
{
    struct step x;

    begin_step(&x, cpu, ops, world, insn);
    if (execute(&x, cpu_handler(cpu, insn)))
        return CPU_OK;
    *fault = x.fault;
    return CPU_FAULT;
}

/* How many bytes of an instruction at EIP lie inside the CS limit, if the machine looks at it. */
static unsigned bytes_in_limit(const struct cpu *cpu)
{
    uint32_t limit = cpu->seg[SEG_CS].limit;
    if (!cpu->model->policy.checks_segments)
        return INSN_MAX_LENGTH;
    if (cpu->eip > limit)
        return 0;
    return limit - cpu->eip < INSN_MAX_LENGTH ? limit - cpu->eip + 1 : INSN_MAX_LENGTH;
}

static unsigned bytes_in_page(uint32_t lin)
{
    return PAGE_SIZE - (lin & (PAGE_SIZE - 1));
}

/*
 * The second page is read only when the instruction reaches into it: a page that is not present
 * must not fault for an instruction that ends before it, and when it faults, CR2 is its address.
 */
enum cpu_result cpu_fetch(struct cpu *cpu, const struct cpu_ops *ops, void *world,
                          struct insn *insn, struct event *fault)
{
    uint8_t bytes[INSN_MAX_LENGTH];
    unsigned access = ACCESS_FETCH | (cpu->cpl == 3 ? ACCESS_USER : 0);
    uint32_t lin = cpu->seg[SEG_CS].base + cpu->eip;
    unsigned room = bytes_in_limit(cpu);
    unsigned have = room < bytes_in_page(lin) ? room : bytes_in_page(lin);
    enum decode_status status = DECODE_TOO_LONG;

    if (have) {
        if (!ops->read(world, lin, bytes, have, access, fault))
            return CPU_FAULT;
        status = insn_decode(bytes, have, cpu_code32(cpu), insn);
    }
    if (status == DECODE_NEED && have < room) {
        if (!ops->read(world, lin + have, bytes + have, room - have, access, fault))
            return CPU_FAULT;
        status = insn_decode(bytes, room, cpu_code32(cpu), insn);
    }
    if (status == DECODE_OK)
        return CPU_OK;
    *fault = exception_error(EXC_GP, 0);
    return CPU_FAULT;
}

/*
 * The event that ended an instruction. INT n, INT3 and INTO are done by then: data breakpoints that
 * they met, or that MOV SS before them held back, trap at the first instruction of the handler.
 */
static enum cpu_result deliver_with_breaks(struct cpu *cpu, const struct cpu_ops *ops, void *world,
                                           const struct event *event)
{
    enum cpu_result result = cpu_deliver(cpu, ops, world, event);
    uint8_t due = cpu->breaks_due;
    bool trap = event->type == EVENT_SOFT_INT || event->type == EVENT_SOFT_EXC;

    cpu->breaks_due = 0;
    if (result != CPU_OK || !trap || !due || !cpu->model->policy.mov_ss_holds_breaks)
        return result;
    struct event breaks = cpu_native_debug(cpu, due);
    return cpu_deliver(cpu, ops, world, &breaks);
}

/* A step that TF, a breakpoint or an interrupt shadow has a say in. */
static __attribute__((noinline)) enum cpu_result step_watched(struct step *x, op_handler handler)
{
    struct cpu *cpu = x->cpu;
    struct event event;
    bool tf_before = cpu->eflags & EFLAGS_TF;
    bool shadowed = cpu->int_shadow != SHADOW_NONE;

    if (breakpoints_armed(cpu) && code_breakpoint(cpu, &event))
        return cpu_deliver(cpu, x->ops, x->world, &event);
    if (cpu->int_shadow != SHADOW_MOV_SS) /* which may hold one for behind this instruction */
        cpu->breaks_due = 0;
    bool done = execute(x, handler);
    if (shadowed) /* of two instructions that hold interrupts off, only the first does */
        cpu->int_shadow = SHADOW_NONE;
    if (!done)
        return deliver_with_breaks(cpu, x->ops, x->world, &x->fault);
    if (!x->trapped && cpu_debug_trap(cpu, x->insn, tf_before, &event))
        return cpu_deliver(cpu, x->ops, x->world, &event);
    return CPU_OK;
}

inline enum cpu_result cpu_step_insn(struct cpu *cpu, const struct cpu_ops *ops, void *world,
                                     const struct insn *insn, op_handler handler)
{
    struct step x;

    begin_step(&x, cpu, ops, world, insn);
    if ((cpu->eflags & EFLAGS_TF) || breakpoints_armed(cpu) || cpu->int_shadow != SHADOW_NONE)
        return step_watched(&x, handler);
    if (execute(&x, handler))
        return CPU_OK;
    return cpu_deliver(cpu, ops, world, &x.fault);
}

enum cpu_result cpu_step(struct cpu *cpu, const struct cpu_ops *ops, void *world,
                         struct insn *executed)
{
    struct event event;

    /* Before the fetch: its faults come after an instruction breakpoint (SDM vol. 3, table 6-2). */
    if (breakpoints_armed(cpu) && code_breakpoint(cpu, &event))
        return cpu_deliver(cpu, ops, world, &event);
    if (cpu_fetch(cpu, ops, world, executed, &event) != CPU_OK)
        return cpu_deliver(cpu, ops, world, &event);
    return cpu_step_insn(cpu, ops, world, executed, cpu_handler(cpu, executed));
}
