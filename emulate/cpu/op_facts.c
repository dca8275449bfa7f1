/*
 * What operations do, and what operands are: the part of the opcode facts that does not depend on
 * how an operation is encoded.
 */
#include <stddef.h>

#include "cpu.h"
#include "op_table.h"

// clang-format off
#define STATUS (EFLAGS_OF | EFLAGS_SF | EFLAGS_ZF | EFLAGS_AF | EFLAGS_PF | EFLAGS_CF)
#define CF     EFLAGS_CF
#define OF     EFLAGS_OF
#define AF     EFLAGS_AF
#define ZF     EFLAGS_ZF
#define DF     EFLAGS_DF
/* What conditions are made of; what multiplications and decimal adjustments leave. */
#define TESTED (STATUS & ~AF)
#define RESULT (EFLAGS_SF | EFLAGS_ZF | EFLAGS_PF)
#define SF_OF  (EFLAGS_SF | EFLAGS_OF)
#define ALL    UINT32_MAX

#define FACT(op, name, access, read, written, undefined) \
    [OP_##op] = {name, A_##access, read, written, undefined}
#define PLAIN(op, name, access) FACT(op, name, access, 0, 0, 0)

/*
 * SDM vol. 1, appendix A. A flag that is both written and undefined depends on the count (shifts)
 * or the data (BSF of 0 leaves ZF alone defined).
 */
const struct op_fact op_facts[OP_COUNT] = {
    PLAIN(INVALID, NULL, NONE), PLAIN(ABSENT, NULL, NONE), PLAIN(UD, NULL, RR),
    FACT(ADD, "add", MR, 0, STATUS, 0), FACT(OR, "or", MR, 0, STATUS & ~AF, AF),
    FACT(ADC, "adc", MR, CF, STATUS, 0), FACT(SBB, "sbb", MR, CF, STATUS, 0),
    FACT(AND, "and", MR, 0, STATUS & ~AF, AF), FACT(SUB, "sub", MR, 0, STATUS, 0),
    FACT(XOR, "xor", MR, 0, STATUS & ~AF, AF), FACT(CMP, "cmp", RR, 0, STATUS, 0),
    FACT(TEST, "test", RR, 0, STATUS & ~AF, AF), FACT(TEST_ALIAS, "test", RR, 0, STATUS & ~AF, AF),
    PLAIN(NOT, "not", RW),
    FACT(NEG, "neg", RW, 0, STATUS, 0), FACT(INC, "inc", RW, 0, STATUS & ~CF, 0),
    FACT(DEC, "dec", RW, 0, STATUS & ~CF, 0),
    FACT(MUL, "mul", R, 0, OF | CF, RESULT | AF), FACT(IMUL1, "imul", R, 0, OF | CF, RESULT | AF),
    FACT(IMUL, "imul", MR, 0, OF | CF, RESULT | AF),
    FACT(DIV, "div", R, 0, 0, STATUS), FACT(IDIV, "idiv", R, 0, 0, STATUS),
    PLAIN(CBW, "cbw", NONE), PLAIN(CWD, "cwd", NONE),
    FACT(DAA, "daa", NONE, AF | CF, RESULT | AF | CF, OF),
    FACT(DAS, "das", NONE, AF | CF, RESULT | AF | CF, OF),
    FACT(AAA, "aaa", NONE, AF, AF | CF, RESULT | OF),
    FACT(AAS, "aas", NONE, AF, AF | CF, RESULT | OF),
    FACT(AAM, "aam", R, 0, RESULT, OF | AF | CF), FACT(AAD, "aad", R, 0, RESULT, OF | AF | CF),
    FACT(ROL, "rol", MR, 0, OF | CF, OF), FACT(ROR, "ror", MR, 0, OF | CF, OF),
    FACT(RCL, "rcl", MR, CF, OF | CF, OF), FACT(RCR, "rcr", MR, CF, OF | CF, OF),
    FACT(SHL, "shl", MR, 0, STATUS & ~AF, OF | AF | CF),
    FACT(SHR, "shr", MR, 0, STATUS & ~AF, OF | AF | CF),
    FACT(SAR, "sar", MR, 0, STATUS & ~AF, OF | AF),
    FACT(SHLD, "shld", MRR, 0, STATUS & ~AF, STATUS),
    FACT(SHRD, "shrd", MRR, 0, STATUS & ~AF, STATUS),
    FACT(BT, "bt", RR, 0, CF, STATUS & ~(CF | ZF)),
    FACT(BTS, "bts", MR, 0, CF, STATUS & ~(CF | ZF)),
    FACT(BTR, "btr", MR, 0, CF, STATUS & ~(CF | ZF)),
    FACT(BTC, "btc", MR, 0, CF, STATUS & ~(CF | ZF)),
    FACT(BSF, "bsf", WR, 0, ZF, STATUS & ~ZF), FACT(BSR, "bsr", WR, 0, ZF, STATUS & ~ZF),
    PLAIN(BSWAP, "bswap", RW),
    PLAIN(MOV, "mov", WR), PLAIN(MOVZX, "movzx", WR), PLAIN(MOVSX, "movsx", WR),
    PLAIN(LEA, "lea", W), PLAIN(XCHG, "xchg", MM), FACT(CMPXCHG, "cmpxchg", MR, 0, STATUS, 0),
    FACT(CMPXCHG8B, "cmpxchg8b", RW, 0, ZF, 0), FACT(XADD, "xadd", MM, 0, STATUS, 0),
    PLAIN(XLAT, "xlat", NONE),
    FACT(CMOVCC, "cmov", WR, TESTED, 0, 0), FACT(SETCC, "set", W, TESTED, 0, 0),
    PLAIN(NOP, "nop", NONE), PLAIN(NOP_MODRM, "nop", NONE), PLAIN(PREFETCH, NULL, NONE),
    FACT(CLC, "clc", NONE, 0, CF, 0), FACT(STC, "stc", NONE, 0, CF, 0),
    FACT(CMC, "cmc", NONE, CF, CF, 0), FACT(CLD, "cld", NONE, 0, DF, 0),
    FACT(STD, "std", NONE, 0, DF, 0), FACT(LAHF, "lahf", NONE, RESULT | AF | CF, 0, 0),
    FACT(SAHF, "sahf", NONE, 0, RESULT | AF | CF, 0), FACT(SALC, "salc", NONE, CF, 0, 0),
    PLAIN(PUSH, "push", R), PLAIN(POP, "pop", W), PLAIN(PUSHA, "pusha", NONE),
    PLAIN(POPA, "popa", NONE), FACT(PUSHF, "pushf", NONE, ALL, 0, 0),
    FACT(POPF, "popf", NONE, 0, ALL, 0), PLAIN(ENTER, "enter", RR), PLAIN(LEAVE, "leave", NONE),
    FACT(MOVS, "movs", WR, DF, 0, 0), FACT(CMPS, "cmps", RR, DF, STATUS, 0),
    FACT(STOS, "stos", WR, DF, 0, 0), FACT(LODS, "lods", WR, DF, 0, 0),
    FACT(SCAS, "scas", RR, DF, STATUS, 0), FACT(INS, "ins", WR, DF, 0, 0),
    FACT(OUTS, "outs", RR, DF, 0, 0),
    PLAIN(JMP, "jmp", R), PLAIN(JMP_IND, "jmp", R), FACT(JCC, "j", R, TESTED, 0, 0),
    PLAIN(LOOP, "loop", R), FACT(LOOPE, "loope", R, ZF, 0, 0),
    FACT(LOOPNE, "loopne", R, ZF, 0, 0), PLAIN(JCXZ, "jcxz", R),
    PLAIN(CALL, "call", R), PLAIN(CALL_IND, "call", R), PLAIN(RET, "ret", R),
    PLAIN(JMP_FAR, "jmp far", R), PLAIN(JMP_FAR_IND, "jmp far", R),
    PLAIN(CALL_FAR, "call far", R), PLAIN(CALL_FAR_IND, "call far", R),
    PLAIN(RET_FAR, "ret far", R), FACT(IRET, "iret", NONE, EFLAGS_NT | EFLAGS_VM, ALL, 0),
#define ENTERED (EFLAGS_TF | EFLAGS_IF | EFLAGS_NT | EFLAGS_RF | EFLAGS_VM)
    FACT(INT, "int", R, 0, ENTERED, 0), FACT(INT3, "int3", NONE, 0, ENTERED, 0),
    FACT(INTO, "into", NONE, OF, ENTERED, 0), FACT(ICEBP, "int1", NONE, 0, ENTERED, 0),
    PLAIN(BOUND, "bound", RR), FACT(SYSENTER, "sysenter", NONE, 0, EFLAGS_IF | EFLAGS_VM, 0),
    PLAIN(SYSEXIT, "sysexit", NONE), FACT(SYSCALL, "syscall", NONE, 0, EFLAGS_IF | EFLAGS_VM, 0),
    FACT(SYSRET, "sysret", NONE, 0, EFLAGS_IF, 0), FACT(RSM, "rsm", NONE, 0, ALL, 0),
    PLAIN(MOV_FROM_SREG, "mov", WR), PLAIN(MOV_TO_SREG, "mov", WR), PLAIN(PUSH_SREG, "push", R),
    PLAIN(POP_SREG, "pop", W),
    PLAIN(LDS, "lds", WR), PLAIN(LES, "les", WR), PLAIN(LFS, "lfs", WR), PLAIN(LGS, "lgs", WR),
    PLAIN(LSS, "lss", WR), FACT(ARPL, "arpl", MR, 0, ZF, 0), FACT(LAR, "lar", WR, 0, ZF, 0),
    FACT(LSL, "lsl", WR, 0, ZF, 0), FACT(VERR, "verr", R, 0, ZF, 0),
    FACT(VERW, "verw", R, 0, ZF, 0),
    PLAIN(SGDT, "sgdt", W), PLAIN(SIDT, "sidt", W), PLAIN(SLDT, "sldt", W), PLAIN(STR, "str", W),
    PLAIN(SMSW, "smsw", W), PLAIN(LGDT, "lgdt", R), PLAIN(LIDT, "lidt", R), PLAIN(LLDT, "lldt", R),
    PLAIN(LTR, "ltr", R), PLAIN(LMSW, "lmsw", R), PLAIN(CLTS, "clts", NONE),
    FACT(MOV_FROM_CR, "mov", WR, 0, 0, STATUS), FACT(MOV_TO_CR, "mov", WR, 0, 0, STATUS),
    FACT(MOV_FROM_DR, "mov", WR, 0, 0, STATUS), FACT(MOV_TO_DR, "mov", WR, 0, 0, STATUS),
    PLAIN(INVLPG, "invlpg", NONE), PLAIN(INVD, "invd", NONE), PLAIN(WBINVD, "wbinvd", NONE),
    PLAIN(RDMSR, "rdmsr", NONE), PLAIN(WRMSR, "wrmsr", NONE), PLAIN(RDTSC, "rdtsc", NONE),
    PLAIN(RDPMC, "rdpmc", NONE), PLAIN(CPUID, "cpuid", NONE),
    PLAIN(IN, "in", WR), PLAIN(OUT, "out", RR), FACT(CLI, "cli", NONE, 0, EFLAGS_IF, 0),
    FACT(STI, "sti", NONE, 0, EFLAGS_IF, 0), PLAIN(HLT, "hlt", NONE),
    PLAIN(X87, NULL, NONE), FACT(FCOMI, NULL, RR, 0, STATUS, 0),
    FACT(FCMOV, NULL, WR, ZF | EFLAGS_PF | CF, 0, 0), PLAIN(FWAIT, "fwait", NONE),
    PLAIN(FNSTENV, "fnstenv", W), PLAIN(FNSAVE, "fnsave", W), PLAIN(FLDENV, "fldenv", R),
    PLAIN(FRSTOR, "frstor", R),
    PLAIN(MMX, NULL, NONE), PLAIN(SSE, NULL, NONE), FACT(COMIS, NULL, RR, 0, STATUS, 0),
    PLAIN(MASKMOVQ, NULL, RR),
    PLAIN(FXSAVE, "fxsave", W), PLAIN(FXRSTOR, "fxrstor", R), PLAIN(LDMXCSR, "ldmxcsr", R),
    PLAIN(STMXCSR, "stmxcsr", W), PLAIN(SFENCE, "sfence", NONE), PLAIN(LFENCE, "lfence", NONE),
};

#define RM_OF(class, b16, b32)     {AT_RM, class, 0, 0, {b16, b32}}
#define RM_MEM(b16, b32)           {AT_RM, CLASS_NONE, 0, 0, {b16, b32}}
#define PLACED(place, class)       {place, class, 0, 0, {0, 0}}
#define IMMEDIATE(place, imm, b16, b32) {place, CLASS_NONE, 0, imm, {b16, b32}}
#define MEM(place, class, imm, b16, b32) {place, class, 0, imm, {b16, b32}}
#define FIXED(class, reg)          {AT_FIXED, class, reg, 0, {0, 0}}

const struct operand_kind operand_kinds[OPERAND_COUNT] = {
    [OPERAND_Eb] = RM_OF(CLASS_8, 1, 1), [OPERAND_Ew] = RM_OF(CLASS_16, 2, 2),
    [OPERAND_Ed] = RM_OF(CLASS_32, 4, 4), [OPERAND_Ev] = RM_OF(CLASS_V, 2, 4),
    [OPERAND_MwRv] = RM_OF(CLASS_V, 2, 2), [OPERAND_MwRd] = RM_OF(CLASS_32, 2, 2),
    [OPERAND_Gb] = PLACED(AT_REG, CLASS_8), [OPERAND_Gw] = PLACED(AT_REG, CLASS_16),
    [OPERAND_Gd] = PLACED(AT_REG, CLASS_32), [OPERAND_Gv] = PLACED(AT_REG, CLASS_V),
    [OPERAND_Ib] = IMMEDIATE(AT_IMM, IMM_BYTE, 1, 1),
    [OPERAND_sIb] = IMMEDIATE(AT_IMM, IMM_BYTE_SIGNED, 2, 4),
    [OPERAND_Iw] = IMMEDIATE(AT_IMM, IMM_WORD, 2, 2),
    [OPERAND_Iz] = IMMEDIATE(AT_IMM, IMM_FULL, 2, 4),
    [OPERAND_Ib2] = IMMEDIATE(AT_IMM2, IMM_BYTE_SECOND, 1, 1),
    [OPERAND_Jb] = IMMEDIATE(AT_BRANCH, IMM_BYTE_SIGNED, 1, 1),
    [OPERAND_Jz] = IMMEDIATE(AT_BRANCH, IMM_FULL_SIGNED, 2, 4),
    [OPERAND_Ap] = IMMEDIATE(AT_FAR, IMM_FAR, 4, 6),
    [OPERAND_Ob] = MEM(AT_MOFFS, CLASS_8, IMM_OFFSET, 1, 1),
    [OPERAND_Ov] = MEM(AT_MOFFS, CLASS_V, IMM_OFFSET, 2, 4),
    [OPERAND_M] = RM_MEM(0, 0), [OPERAND_Ma] = RM_MEM(4, 8), [OPERAND_Mp] = RM_MEM(4, 6),
    [OPERAND_Ms] = RM_MEM(6, 6), [OPERAND_Mw] = RM_MEM(2, 2), [OPERAND_Md] = RM_MEM(4, 4),
    [OPERAND_Mq] = RM_MEM(8, 8), [OPERAND_Mt] = RM_MEM(10, 10), [OPERAND_Mdq] = RM_MEM(16, 16),
    [OPERAND_Menv] = RM_MEM(14, 28), [OPERAND_Mstate] = RM_MEM(94, 108),
    [OPERAND_Mfxsave] = RM_MEM(512, 512),
    [OPERAND_Sw] = PLACED(AT_REG, CLASS_SEG), [OPERAND_Cd] = PLACED(AT_REG, CLASS_CR),
    [OPERAND_Dd] = PLACED(AT_REG, CLASS_DR), [OPERAND_Rd] = PLACED(AT_RM_REG, CLASS_32),
    [OPERAND_Zb] = PLACED(AT_OPCODE, CLASS_8), [OPERAND_Zv] = PLACED(AT_OPCODE, CLASS_V),
    [OPERAND_one] = IMMEDIATE(AT_ONE, IMM_NONE, 1, 1),
    [OPERAND_AL] = FIXED(CLASS_8, EAX), [OPERAND_CL] = FIXED(CLASS_8, ECX),
    [OPERAND_AX] = FIXED(CLASS_16, EAX), [OPERAND_DX] = FIXED(CLASS_16, EDX),
    [OPERAND_eAX] = FIXED(CLASS_V, EAX),
    [OPERAND_ES] = FIXED(CLASS_SEG, SEG_ES), [OPERAND_CS] = FIXED(CLASS_SEG, SEG_CS),
    [OPERAND_SS] = FIXED(CLASS_SEG, SEG_SS), [OPERAND_DS] = FIXED(CLASS_SEG, SEG_DS),
    [OPERAND_FS] = FIXED(CLASS_SEG, SEG_FS), [OPERAND_GS] = FIXED(CLASS_SEG, SEG_GS),
    [OPERAND_Xb] = MEM(AT_SOURCE, CLASS_8, IMM_NONE, 1, 1),
    [OPERAND_Xv] = MEM(AT_SOURCE, CLASS_V, IMM_NONE, 2, 4),
    [OPERAND_Yb] = MEM(AT_DEST, CLASS_8, IMM_NONE, 1, 1),
    [OPERAND_Yv] = MEM(AT_DEST, CLASS_V, IMM_NONE, 2, 4),
    [OPERAND_ST0] = FIXED(CLASS_ST, 0), [OPERAND_STi] = PLACED(AT_RM_REG, CLASS_ST),
    [OPERAND_Pq] = PLACED(AT_REG, CLASS_MMX), [OPERAND_Qq] = RM_OF(CLASS_MMX, 8, 8),
    [OPERAND_Qd] = RM_OF(CLASS_MMX, 4, 4), [OPERAND_Nq] = PLACED(AT_RM_REG, CLASS_MMX),
    [OPERAND_Vdq] = PLACED(AT_REG, CLASS_XMM), [OPERAND_Wdq] = RM_OF(CLASS_XMM, 16, 16),
    [OPERAND_Wq] = RM_OF(CLASS_XMM, 8, 8), [OPERAND_Wd] = RM_OF(CLASS_XMM, 4, 4),
    [OPERAND_Udq] = PLACED(AT_RM_REG, CLASS_XMM),
};
// clang-format on

const uint8_t reg_class_bytes[] = {
    [CLASS_8] = 1,  [CLASS_16] = 2,  [CLASS_32] = 4,  [CLASS_SEG] = 2,  [CLASS_CR] = 4,
    [CLASS_DR] = 4, [CLASS_ST] = 10, [CLASS_MMX] = 8, [CLASS_XMM] = 16,
};

#define OP_NAME(name) #name,
static const char *const op_names[] = {OP_LIST(OP_NAME)};
#undef OP_NAME

const char *op_name(unsigned op)
{
    return op < OP_COUNT ? op_names[op] : "?";
}

const struct op_entry *insn_entry(const struct insn *insn)
{
    if (insn->map == MAP_PRIMARY)
        return &op_primary[insn->opcode];
    return insn->map == MAP_0F ? op_0f_entry(insn->opcode, insn_form(insn)) : NULL;
}

enum access insn_access(const struct insn *insn, unsigned n)
{
    const struct op_entry *entry = insn_entry(insn);
    unsigned access;

    if (!entry || insn->operand[n] == OPERAND_NONE)
        return ACCESS_NONE;
    access = op_of_group(entry, insn->modrm)->access;
    if (!access)
        access = entry->access ? entry->access : op_facts[insn->op].access;
    return access >> 2 * n & 3;
}

uint32_t insn_flags_read(const struct insn *insn)
{
    /* By bits 3:1 of the condition, or ModRM.reg of FCMOV (SDM vol. 2, B.1.4.7 and FCMOVcc). */
    static const uint32_t conditions[8] = {OF,        CF,        ZF,    CF | ZF,
                                           EFLAGS_SF, EFLAGS_PF, SF_OF, SF_OF | ZF};
    static const uint32_t fcmov[4] = {CF, ZF, CF | ZF, EFLAGS_PF};

    switch (insn->op) {
    case OP_JCC:
    case OP_SETCC:
    case OP_CMOVCC:
        return conditions[insn->opcode >> 1 & 7];
    case OP_FCMOV:
        return fcmov[insn_reg(insn) & 3];
    default:
        return op_facts[insn->op].flags_read;
    }
}

static bool is_modrm_mem(const struct insn *insn, unsigned n)
{
    return insn_has_mem(insn) && operand_kinds[insn->operand[n]].place == AT_RM;
}

unsigned insn_mem_size(const struct insn *insn)
{
    if (insn->op == OP_NOP_MODRM)
        return 0;
    for (unsigned i = 0; i < 3; i++)
        if (is_modrm_mem(insn, i))
            return operand_kinds[insn->operand[i]].bytes[insn->opsize == 4];
    return 0;
}

bool insn_writes_mem(const struct insn *insn)
{
    for (unsigned i = 0; i < 3; i++)
        if (is_modrm_mem(insn, i))
            return insn_access(insn, i) & ACCESS_W;
    return false;
}
