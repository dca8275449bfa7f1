/*
 * The opcode map of a Pentium III-class processor (SDM vol. 2, appendix A), with what came later
 * marked absent: SSE2 and SSE3 described in full, the rest measured for length.
 */
#include "op_table.h"

#include <stddef.h>

// clang-format off
/* Operations that have a name of their own. */
#define ENTRY(op, a, b, c, flags) {NULL, (flags), op, 0, {a, b, c}, 0}
#define I0(op, flags)             ENTRY(OP_##op, 0, 0, 0, flags)
#define I1(op, a, flags)          ENTRY(OP_##op, OPERAND_##a, 0, 0, flags)
#define I2(op, a, b, flags)       ENTRY(OP_##op, OPERAND_##a, OPERAND_##b, 0, flags)
#define I3(op, a, b, c, flags)    ENTRY(OP_##op, OPERAND_##a, OPERAND_##b, OPERAND_##c, flags)
/* Those that do not, with what they do to their operands. */
#define NAMED(op, name, access, a, b, c, flags) {name, (flags), op, 0, {a, b, c}, access}
#define N0(op, name, flags)                     NAMED(OP_##op, name, A_NONE, 0, 0, 0, flags)
#define N1(op, name, access, a, flags)                                                             \
    NAMED(OP_##op, name, A_##access, OPERAND_##a, 0, 0, flags)
#define N2(op, name, access, a, b, flags)                                                          \
    NAMED(OP_##op, name, A_##access, OPERAND_##a, OPERAND_##b, 0, flags)
#define N3(op, name, access, a, b, c, flags)                                                       \
    NAMED(OP_##op, name, A_##access, OPERAND_##a, OPERAND_##b, OPERAND_##c, flags)
/* Opcodes whose ModRM.reg decides; operands and access that most of the group share. */
#define OPERAND_0 OPERAND_NONE
#define GROUP(n, a, b, access, flags) \
    {NULL, RM | (flags), OP_INVALID, GROUP_##n, {OPERAND_##a, OPERAND_##b}, A_##access}
#define G0(n, flags)       GROUP(n, 0, 0, NONE, flags)
#define G1(n, a, flags)    GROUP(n, a, 0, NONE, flags)
#define G2(n, a, b, flags) GROUP(n, a, b, NONE, flags)

#define RM     INSN_MODRM
#define FORMS  INSN_FORMS
#define LK     INSN_LOCKABLE
#define SENS   INSN_SENSITIVE
#define PRIV   (INSN_SENSITIVE | INSN_PRIVILEGED)
#define IO     (INSN_SENSITIVE | INSN_IO)
#define REL    INSN_REL
#define IND    INSN_INDIRECT
#define STOP   INSN_STOP
#define STR    INSN_STRING
#define X87    INSN_X87
#define F_MMX  (INSN_MMX | RM | FORMS)
#define F_SSE  (INSN_SSE | RM | FORMS)
#define F_SS   (INSN_SSE | RM)

/* Six encodings of a two-operand arithmetic instruction. */
#define ALU(base, name, lock)                                                             \
    [base] = I2(name, Eb, Gb, RM | (lock)), [(base) + 1] = I2(name, Ev, Gv, RM | (lock)), \
    [(base) + 2] = I2(name, Gb, Eb, RM), [(base) + 3] = I2(name, Gv, Ev, RM),             \
    [(base) + 4] = I2(name, AL, Ib, 0), [(base) + 5] = I2(name, eAX, Iz, 0)

const struct op_entry op_primary[256] = {
    ALU(0x00, ADD, LK),
    [0x06] = I1(PUSH_SREG, ES, 0),          [0x07] = I1(POP_SREG, ES, SENS),
    ALU(0x08, OR, LK),
    [0x0e] = I1(PUSH_SREG, CS, SENS),       /* 0F: escape */
    ALU(0x10, ADC, LK),
    [0x16] = I1(PUSH_SREG, SS, SENS),       [0x17] = I1(POP_SREG, SS, SENS),
    ALU(0x18, SBB, LK),
    [0x1e] = I1(PUSH_SREG, DS, 0),          [0x1f] = I1(POP_SREG, DS, SENS),
    ALU(0x20, AND, LK),
    [0x27] = I0(DAA, 0),                    /* 26: ES */
    ALU(0x28, SUB, LK),
    [0x2f] = I0(DAS, 0),                    /* 2E: CS */
    ALU(0x30, XOR, LK),
    [0x37] = I0(AAA, 0),                    /* 36: SS */
    ALU(0x38, CMP, 0),
    [0x3f] = I0(AAS, 0),                    /* 3E: DS */
    [0x40 ... 0x47] = I1(INC, Zv, 0),       [0x48 ... 0x4f] = I1(DEC, Zv, 0),
    [0x50 ... 0x57] = I1(PUSH, Zv, 0),      [0x58 ... 0x5f] = I1(POP, Zv, 0),
    [0x60] = I0(PUSHA, 0),                  [0x61] = I0(POPA, 0),
    [0x62] = I2(BOUND, Gv, Ma, RM),         [0x63] = I2(ARPL, Ew, Gw, RM),
    /* 64..67: FS, GS, operand size, address size */
    [0x68] = I1(PUSH, Iz, 0),               [0x69] = N3(IMUL, NULL, WRR, Gv, Ev, Iz, RM),
    [0x6a] = I1(PUSH, sIb, 0),              [0x6b] = N3(IMUL, NULL, WRR, Gv, Ev, sIb, RM),
    [0x6c] = I2(INS, Yb, DX, IO | STR),     [0x6d] = I2(INS, Yv, DX, IO | STR),
    [0x6e] = I2(OUTS, DX, Xb, IO | STR),    [0x6f] = I2(OUTS, DX, Xv, IO | STR),
    [0x70 ... 0x7f] = I1(JCC, Jb, REL),
    [0x80] = G2(1, Eb, Ib, 0),              [0x81] = G2(1, Ev, Iz, 0),
    [0x82] = G2(1, Eb, Ib, 0),              [0x83] = G2(1, Ev, sIb, 0),
    [0x84] = I2(TEST, Eb, Gb, RM),          [0x85] = I2(TEST, Ev, Gv, RM),
    [0x86] = I2(XCHG, Eb, Gb, RM | LK),     [0x87] = I2(XCHG, Ev, Gv, RM | LK),
    [0x88] = I2(MOV, Eb, Gb, RM),           [0x89] = I2(MOV, Ev, Gv, RM),
    [0x8a] = I2(MOV, Gb, Eb, RM),           [0x8b] = I2(MOV, Gv, Ev, RM),
    [0x8c] = G2(FROM_SREG, MwRv, Sw, 0),    [0x8d] = I2(LEA, Gv, M, RM),
    [0x8e] = G2(TO_SREG, Sw, Ew, SENS),     [0x8f] = G1(1A, Ev, 0),
    [0x90] = I0(NOP, 0),                    [0x91 ... 0x97] = I2(XCHG, Zv, eAX, 0),
    [0x98] = I0(CBW, 0),                    [0x99] = I0(CWD, 0),
    [0x9a] = I1(CALL_FAR, Ap, SENS | IND),  [0x9b] = I0(FWAIT, X87),
    [0x9c] = I0(PUSHF, SENS),               [0x9d] = I0(POPF, SENS),
    [0x9e] = I0(SAHF, 0),                   [0x9f] = I0(LAHF, 0),
    [0xa0] = I2(MOV, AL, Ob, 0),            [0xa1] = I2(MOV, eAX, Ov, 0),
    [0xa2] = I2(MOV, Ob, AL, 0),            [0xa3] = I2(MOV, Ov, eAX, 0),
    [0xa4] = I2(MOVS, Yb, Xb, STR),         [0xa5] = I2(MOVS, Yv, Xv, STR),
    [0xa6] = I2(CMPS, Xb, Yb, STR),         [0xa7] = I2(CMPS, Xv, Yv, STR),
    [0xa8] = I2(TEST, AL, Ib, 0),           [0xa9] = I2(TEST, eAX, Iz, 0),
    [0xaa] = I2(STOS, Yb, AL, STR),         [0xab] = I2(STOS, Yv, eAX, STR),
    [0xac] = I2(LODS, AL, Xb, STR),         [0xad] = I2(LODS, eAX, Xv, STR),
    [0xae] = I2(SCAS, AL, Yb, STR),         [0xaf] = I2(SCAS, eAX, Yv, STR),
    [0xb0 ... 0xb7] = I2(MOV, Zb, Ib, 0),   [0xb8 ... 0xbf] = I2(MOV, Zv, Iz, 0),
    [0xc0] = G2(2, Eb, Ib, 0),              [0xc1] = G2(2, Ev, Ib, 0),
    [0xc2] = I1(RET, Iw, IND | STOP),       [0xc3] = I0(RET, IND | STOP),
    [0xc4] = I2(LES, Gv, Mp, RM | SENS),    [0xc5] = I2(LDS, Gv, Mp, RM | SENS),
    [0xc6] = G2(11, Eb, Ib, 0),             [0xc7] = G2(11, Ev, Iz, 0),
    [0xc8] = I2(ENTER, Iw, Ib2, 0),         [0xc9] = I0(LEAVE, 0),
    [0xca] = I1(RET_FAR, Iw, SENS | IND | STOP),
    [0xcb] = I0(RET_FAR, SENS | IND | STOP),
    [0xcc] = I0(INT3, SENS),                [0xcd] = I1(INT, Ib, SENS),
    [0xce] = I0(INTO, SENS),                [0xcf] = I0(IRET, SENS | IND | STOP),
    [0xd0] = G2(2, Eb, one, 0),             [0xd1] = G2(2, Ev, one, 0),
    [0xd2] = G2(2, Eb, CL, 0),              [0xd3] = G2(2, Ev, CL, 0),
    [0xd4] = I1(AAM, Ib, 0),                [0xd5] = I1(AAD, Ib, 0),
    [0xd6] = I0(SALC, 0),                   [0xd7] = I0(XLAT, 0),
    [0xd8] = G0(D8, X87),                   [0xd9] = G0(D9, X87),
    [0xda] = G0(DA, X87),                   [0xdb] = G0(DB, X87),
    [0xdc] = G0(DC, X87),                   [0xdd] = G0(DD, X87),
    [0xde] = G0(DE, X87),                   [0xdf] = G0(DF, X87),
    [0xe0] = I1(LOOPNE, Jb, REL),           [0xe1] = I1(LOOPE, Jb, REL),
    [0xe2] = I1(LOOP, Jb, REL),             [0xe3] = I1(JCXZ, Jb, REL),
    [0xe4] = I2(IN, AL, Ib, IO),            [0xe5] = I2(IN, eAX, Ib, IO),
    [0xe6] = I2(OUT, Ib, AL, IO),           [0xe7] = I2(OUT, Ib, eAX, IO),
    [0xe8] = I1(CALL, Jz, REL),             [0xe9] = I1(JMP, Jz, REL | STOP),
    [0xea] = I1(JMP_FAR, Ap, SENS | IND | STOP),
    [0xeb] = I1(JMP, Jb, REL | STOP),
    [0xec] = I2(IN, AL, DX, IO),            [0xed] = I2(IN, eAX, DX, IO),
    [0xee] = I2(OUT, DX, AL, IO),           [0xef] = I2(OUT, DX, eAX, IO),
    [0xf1] = I0(ICEBP, SENS),               /* F0: LOCK; F2, F3: REPNE, REP */
    [0xf4] = I0(HLT, PRIV),                 [0xf5] = I0(CMC, 0),
    [0xf6] = G1(3B, Eb, 0),                 [0xf7] = G1(3V, Ev, 0),
    [0xf8] = I0(CLC, 0),                    [0xf9] = I0(STC, 0),
    [0xfa] = I0(CLI, SENS),                 [0xfb] = I0(STI, SENS),
    [0xfc] = I0(CLD, 0),                    [0xfd] = I0(STD, 0),
    [0xfe] = G1(4, Eb, 0),                  [0xff] = G1(5, Ev, 0),
};

/* Packed integers: MMX behind no prefix, SSE2 behind 66. */
#define PACKED(X)                                                                                  \
    X(0x63, "packsswb") X(0x64, "pcmpgtb") X(0x65, "pcmpgtw") X(0x66, "pcmpgtd")                   \
    X(0x67, "packuswb") X(0x68, "punpckhbw") X(0x69, "punpckhwd") X(0x6a, "punpckhdq")             \
    X(0x6b, "packssdw") X(0x74, "pcmpeqb") X(0x75, "pcmpeqw") X(0x76, "pcmpeqd")                   \
    X(0xd1, "psrlw") X(0xd2, "psrld") X(0xd3, "psrlq") X(0xd5, "pmullw") X(0xd8, "psubusb")        \
    X(0xd9, "psubusw") X(0xda, "pminub") X(0xdb, "pand") X(0xdc, "paddusb") X(0xdd, "paddusw")     \
    X(0xde, "pmaxub") X(0xdf, "pandn") X(0xe0, "pavgb") X(0xe1, "psraw") X(0xe2, "psrad")          \
    X(0xe3, "pavgw") X(0xe4, "pmulhuw") X(0xe5, "pmulhw") X(0xe8, "psubsb") X(0xe9, "psubsw")      \
    X(0xea, "pminsw") X(0xeb, "por") X(0xec, "paddsb") X(0xed, "paddsw") X(0xee, "pmaxsw")         \
    X(0xef, "pxor") X(0xf1, "psllw") X(0xf2, "pslld") X(0xf3, "psllq") X(0xf5, "pmaddwd")          \
    X(0xf6, "psadbw") X(0xf8, "psubb") X(0xf9, "psubw") X(0xfa, "psubd") X(0xfc, "paddb")          \
    X(0xfd, "paddw") X(0xfe, "paddd")
#define PACKED_MMX(opcode, name)  [opcode] = N2(MMX, name, MR, Pq, Qq, F_MMX),
#define PACKED_SSE2(opcode, name) [opcode] = N2(ABSENT, name, MR, Vdq, Wdq, RM),

/* Floating point with all four forms: PS behind no prefix and SS behind F3 are SSE, PD behind 66
 * and SD behind F2 SSE2. */
#define FLOAT(X)                                                                               \
    X(0x51, "sqrt", WR) X(0x58, "add", MR) X(0x59, "mul", MR) X(0x5c, "sub", MR)               \
    X(0x5d, "min", MR) X(0x5e, "div", MR) X(0x5f, "max", MR)
#define FLOAT_PS(opcode, name, access) [opcode] = N2(SSE, name "ps", access, Vdq, Wdq, F_SSE),
#define FLOAT_SS(opcode, name, access) [opcode] = N2(SSE, name "ss", access, Vdq, Wd, F_SS),
#define FLOAT_PD(opcode, name, access) [opcode] = N2(ABSENT, name "pd", access, Vdq, Wdq, RM),
#define FLOAT_SD(opcode, name, access) [opcode] = N2(ABSENT, name "sd", access, Vdq, Wq, RM),

/* SSE whose only other form is SSE2's, for doubles. */
#define DOUBLE(X)                                                                                  \
    X(0x14, "unpcklp") X(0x15, "unpckhp") X(0x54, "andp") X(0x55, "andnp") X(0x56, "orp")          \
    X(0x57, "xorp")
#define DOUBLE_PS(opcode, name) [opcode] = N2(SSE, name "s", MR, Vdq, Wdq, F_SSE),
#define DOUBLE_PD(opcode, name) [opcode] = N2(ABSENT, name "d", MR, Vdq, Wdq, RM),

const struct op_entry op_0f[FORM_COUNT][256] = {
[FORM_NP] = {
    PACKED(PACKED_MMX) FLOAT(FLOAT_PS) DOUBLE(DOUBLE_PS)
    [0x00] = G0(6, SENS),                   [0x01] = G0(7, 0),
    [0x02] = I2(LAR, Gv, MwRv, RM | SENS),  [0x03] = I2(LSL, Gv, MwRv, RM | SENS),
    [0x05] = I0(SYSCALL, SENS | INSN_ABSENT | IND | STOP),
    [0x06] = I0(CLTS, PRIV),
    [0x07] = I0(SYSRET, PRIV | INSN_ABSENT | IND | STOP),
    [0x08] = I0(INVD, PRIV),                [0x09] = I0(WBINVD, PRIV),
    [0x0b] = N0(UD, "ud2", STOP | INSN_INVALID),
    [0x0d] = G0(P, 0),
    [0x0e] = I0(ABSENT, 0),                 [0x0f] = I1(ABSENT, Ib, RM),
    [0x10] = N2(SSE, "movups", WR, Vdq, Wdq, F_SSE),
    [0x11] = N2(SSE, "movups", WR, Wdq, Vdq, F_SSE),
    [0x12] = G0(MOVLPS, F_SSE),
    [0x13] = N2(SSE, "movlps", WR, Mq, Vdq, F_SSE),
    [0x16] = G0(MOVHPS, F_SSE),
    [0x17] = N2(SSE, "movhps", WR, Mq, Vdq, F_SSE),
    [0x18] = G0(16, 0),
    /* Hint space: MPX, CET and CLDEMOTE live here now and stay no-operations unless enabled. */
    [0x19 ... 0x1f] = I1(NOP_MODRM, Ev, RM),
    [0x20] = I2(MOV_FROM_CR, Rd, Cd, RM | PRIV),
    [0x21] = I2(MOV_FROM_DR, Rd, Dd, RM | PRIV),
    [0x22] = I2(MOV_TO_CR, Cd, Rd, RM | PRIV),
    [0x23] = I2(MOV_TO_DR, Dd, Rd, RM | PRIV),
    [0x28] = N2(SSE, "movaps", WR, Vdq, Wdq, F_SSE),
    [0x29] = N2(SSE, "movaps", WR, Wdq, Vdq, F_SSE),
    [0x2a] = N2(SSE, "cvtpi2ps", WR, Vdq, Qq, F_SSE),
    [0x2b] = N2(SSE, "movntps", WR, Mdq, Vdq, F_SSE),
    [0x2c] = N2(SSE, "cvttps2pi", WR, Pq, Wq, F_SSE),
    [0x2d] = N2(SSE, "cvtps2pi", WR, Pq, Wq, F_SSE),
    [0x2e] = N2(COMIS, "ucomiss", RR, Vdq, Wd, F_SSE),
    [0x2f] = N2(COMIS, "comiss", RR, Vdq, Wd, F_SSE),
    [0x30] = I0(WRMSR, PRIV),               [0x31] = I0(RDTSC, SENS),
    [0x32] = I0(RDMSR, PRIV),               [0x33] = I0(RDPMC, SENS),
    [0x34] = I0(SYSENTER, SENS | IND | STOP),
    [0x35] = I0(SYSEXIT, PRIV | IND | STOP),
    [0x37] = I0(ABSENT, 0),                 /* 38, 3A: escapes */
    [0x40 ... 0x4f] = I2(CMOVCC, Gv, Ev, RM),
    [0x50] = N2(SSE, "movmskps", WR, Gd, Udq, F_SSE),
    [0x52] = N2(SSE, "rsqrtps", WR, Vdq, Wdq, F_SSE),
    [0x53] = N2(SSE, "rcpps", WR, Vdq, Wdq, F_SSE),
    [0x5a] = N2(ABSENT, "cvtps2pd", WR, Vdq, Wq, RM | FORMS),
    [0x5b] = N2(ABSENT, "cvtdq2ps", WR, Vdq, Wdq, RM | FORMS),
    [0x60] = N2(MMX, "punpcklbw", MR, Pq, Qd, F_MMX),
    [0x61] = N2(MMX, "punpcklwd", MR, Pq, Qd, F_MMX),
    [0x62] = N2(MMX, "punpckldq", MR, Pq, Qd, F_MMX),
    [0x6c ... 0x6d] = I0(INVALID, RM | FORMS),
    [0x6e] = N2(MMX, "movd", WR, Pq, Ed, F_MMX),
    [0x6f] = N2(MMX, "movq", WR, Pq, Qq, F_MMX),
    [0x70] = N3(MMX, "pshufw", WRR, Pq, Qq, Ib, F_MMX),
    [0x71] = GROUP(12, Nq, Ib, MR, F_MMX),    [0x72] = GROUP(13, Nq, Ib, MR, F_MMX),
    [0x73] = GROUP(14, Nq, Ib, MR, F_MMX),
    [0x77] = N0(MMX, "emms", INSN_MMX | FORMS),
    [0x78 ... 0x79] = I0(ABSENT, RM | FORMS),       /* VMREAD, VMWRITE */
    [0x7c ... 0x7d] = I0(INVALID, RM | FORMS),
    [0x7e] = N2(MMX, "movd", WR, Ed, Pq, F_MMX),
    [0x7f] = N2(MMX, "movq", WR, Qq, Pq, F_MMX),
    [0x80 ... 0x8f] = I1(JCC, Jz, REL),
    [0x90 ... 0x9f] = I1(SETCC, Eb, RM),
    [0xa0] = I1(PUSH_SREG, FS, 0),          [0xa1] = I1(POP_SREG, FS, SENS),
    [0xa2] = I0(CPUID, SENS),               [0xa3] = I2(BT, Ev, Gv, RM),
    [0xa4] = I3(SHLD, Ev, Gv, Ib, RM),      [0xa5] = I3(SHLD, Ev, Gv, CL, RM),
    [0xa6 ... 0xa7] = I0(ABSENT, RM),
    [0xa8] = I1(PUSH_SREG, GS, 0),          [0xa9] = I1(POP_SREG, GS, SENS),
    [0xaa] = I0(RSM, SENS | IND | STOP),    [0xab] = I2(BTS, Ev, Gv, RM | LK),
    [0xac] = I3(SHRD, Ev, Gv, Ib, RM),      [0xad] = I3(SHRD, Ev, Gv, CL, RM),
    [0xae] = G0(15, FORMS),                 [0xaf] = I2(IMUL, Gv, Ev, RM),
    [0xb0] = I2(CMPXCHG, Eb, Gb, RM | LK),  [0xb1] = I2(CMPXCHG, Ev, Gv, RM | LK),
    [0xb2] = I2(LSS, Gv, Mp, RM | SENS),    [0xb3] = I2(BTR, Ev, Gv, RM | LK),
    [0xb4] = I2(LFS, Gv, Mp, RM | SENS),    [0xb5] = I2(LGS, Gv, Mp, RM | SENS),
    [0xb6] = I2(MOVZX, Gv, Eb, RM),         [0xb7] = I2(MOVZX, Gv, Ew, RM),
    [0xb8] = I0(INVALID, RM | FORMS),
    [0xb9] = N2(UD, "ud1", RR, Gd, Ed, RM | STOP | INSN_INVALID),
    [0xba] = G2(8, Ev, Ib, 0),              [0xbb] = I2(BTC, Ev, Gv, RM | LK),
    [0xbc] = I2(BSF, Gv, Ev, RM | FORMS),   [0xbd] = I2(BSR, Gv, Ev, RM | FORMS),
    [0xbe] = I2(MOVSX, Gv, Eb, RM),         [0xbf] = I2(MOVSX, Gv, Ew, RM),
    [0xc0] = I2(XADD, Eb, Gb, RM | LK),     [0xc1] = I2(XADD, Ev, Gv, RM | LK),
    [0xc2] = N3(SSE, "cmpps", MRR, Vdq, Wdq, Ib, F_SSE),
    [0xc3] = N2(ABSENT, "movnti", WR, Md, Gd, RM | FORMS),
    [0xc4] = N3(MMX, "pinsrw", MRR, Pq, MwRd, Ib, F_MMX),
    [0xc5] = N3(MMX, "pextrw", WRR, Gd, Nq, Ib, F_MMX),
    [0xc6] = N3(SSE, "shufps", MRR, Vdq, Wdq, Ib, F_SSE),
    [0xc7] = G0(9, 0),
    [0xc8 ... 0xcf] = I1(BSWAP, Zv, 0),
    [0xd0] = I0(INVALID, RM | FORMS),
    [0xd4] = N2(ABSENT, "paddq", MR, Pq, Qq, RM | FORMS),
    [0xd6] = I0(INVALID, RM | FORMS),
    [0xd7] = N2(MMX, "pmovmskb", WR, Gd, Nq, F_MMX),
    [0xe6] = I0(INVALID, RM | FORMS),
    [0xe7] = N2(MMX, "movntq", WR, Mq, Pq, F_MMX),
    [0xf0] = I0(INVALID, RM | FORMS),
    [0xf4] = N2(ABSENT, "pmuludq", MR, Pq, Qq, RM | FORMS),
    [0xf7] = N2(MASKMOVQ, "maskmovq", RR, Pq, Nq, F_MMX),
    [0xfb] = N2(ABSENT, "psubq", MR, Pq, Qq, RM | FORMS),
    [0xff] = N2(UD, "ud0", RR, Gd, Ed, RM | STOP | INSN_INVALID),
},
[FORM_66] = {
    PACKED(PACKED_SSE2) FLOAT(FLOAT_PD) DOUBLE(DOUBLE_PD)
    [0x10] = N2(ABSENT, "movupd", WR, Vdq, Wdq, RM),
    [0x11] = N2(ABSENT, "movupd", WR, Wdq, Vdq, RM),
    [0x12] = N2(ABSENT, "movlpd", WR, Vdq, Mq, RM), [0x13] = N2(ABSENT, "movlpd", WR, Mq, Vdq, RM),
    [0x16] = N2(ABSENT, "movhpd", WR, Vdq, Mq, RM), [0x17] = N2(ABSENT, "movhpd", WR, Mq, Vdq, RM),
    [0x28] = N2(ABSENT, "movapd", WR, Vdq, Wdq, RM),
    [0x29] = N2(ABSENT, "movapd", WR, Wdq, Vdq, RM),
    [0x2a] = N2(ABSENT, "cvtpi2pd", WR, Vdq, Qq, RM),
    [0x2b] = N2(ABSENT, "movntpd", WR, Mdq, Vdq, RM),
    [0x2c] = N2(ABSENT, "cvttpd2pi", WR, Pq, Wdq, RM),
    [0x2d] = N2(ABSENT, "cvtpd2pi", WR, Pq, Wdq, RM),
    [0x2e] = N2(ABSENT, "ucomisd", RR, Vdq, Wq, RM), [0x2f] = N2(ABSENT, "comisd", RR, Vdq, Wq, RM),
    [0x50] = N2(ABSENT, "movmskpd", WR, Gd, Udq, RM),
    [0x5a] = N2(ABSENT, "cvtpd2ps", WR, Vdq, Wdq, RM),
    [0x5b] = N2(ABSENT, "cvtps2dq", WR, Vdq, Wdq, RM),
    [0x60] = N2(ABSENT, "punpcklbw", MR, Vdq, Wdq, RM),
    [0x61] = N2(ABSENT, "punpcklwd", MR, Vdq, Wdq, RM),
    [0x62] = N2(ABSENT, "punpckldq", MR, Vdq, Wdq, RM),
    [0x6c] = N2(ABSENT, "punpcklqdq", MR, Vdq, Wdq, RM),
    [0x6d] = N2(ABSENT, "punpckhqdq", MR, Vdq, Wdq, RM),
    [0x6e] = N2(ABSENT, "movd", WR, Vdq, Ed, RM),
    [0x6f] = N2(ABSENT, "movdqa", WR, Vdq, Wdq, RM),
    [0x70] = N3(ABSENT, "pshufd", WRR, Vdq, Wdq, Ib, RM),
    [0x71] = GROUP(12_66, Udq, Ib, MR, 0),  [0x72] = GROUP(13_66, Udq, Ib, MR, 0),
    [0x73] = GROUP(14_66, Udq, Ib, MR, 0),
    [0x78] = I2(ABSENT, Ib, Ib2, RM),       [0x79] = I0(ABSENT, RM), /* EXTRQ */
    [0x7c] = N2(ABSENT, "haddpd", MR, Vdq, Wdq, RM),
    [0x7d] = N2(ABSENT, "hsubpd", MR, Vdq, Wdq, RM),
    [0x7e] = N2(ABSENT, "movd", WR, Ed, Vdq, RM),
    [0x7f] = N2(ABSENT, "movdqa", WR, Wdq, Vdq, RM),
    [0xae] = G0(15_LATER, 0),
    [0xbc] = I2(BSF, Gv, Ev, RM),           [0xbd] = I2(BSR, Gv, Ev, RM),
    [0xc2] = N3(ABSENT, "cmppd", MRR, Vdq, Wdq, Ib, RM),
    [0xc4] = N3(ABSENT, "pinsrw", MRR, Vdq, MwRd, Ib, RM),
    [0xc5] = N3(ABSENT, "pextrw", WRR, Gd, Udq, Ib, RM),
    [0xc6] = N3(ABSENT, "shufpd", MRR, Vdq, Wdq, Ib, RM),
    [0xd0] = N2(ABSENT, "addsubpd", MR, Vdq, Wdq, RM),
    [0xd4] = N2(ABSENT, "paddq", MR, Vdq, Wdq, RM),
    [0xd6] = N2(ABSENT, "movq", WR, Wq, Vdq, RM),
    [0xd7] = N2(ABSENT, "pmovmskb", WR, Gd, Udq, RM),
    [0xe6] = N2(ABSENT, "cvttpd2dq", WR, Vdq, Wdq, RM),
    [0xe7] = N2(ABSENT, "movntdq", WR, Mdq, Vdq, RM),
    [0xf4] = N2(ABSENT, "pmuludq", MR, Vdq, Wdq, RM),
    [0xf7] = N2(ABSENT, "maskmovdqu", RR, Vdq, Udq, RM),
    [0xfb] = N2(ABSENT, "psubq", MR, Vdq, Wdq, RM),
},
[FORM_F3] = {
    FLOAT(FLOAT_SS)
    [0x10] = N2(SSE, "movss", WR, Vdq, Wd, F_SS),      [0x11] = N2(SSE, "movss", WR, Wd, Vdq, F_SS),
    [0x12] = N2(ABSENT, "movsldup", WR, Vdq, Wdq, RM),
    [0x16] = N2(ABSENT, "movshdup", WR, Vdq, Wdq, RM),
    [0x2a] = N2(SSE, "cvtsi2ss", WR, Vdq, Ed, F_SS),
    [0x2b] = N2(ABSENT, "movntss", WR, Md, Vdq, RM),
    [0x2c] = N2(SSE, "cvttss2si", WR, Gd, Wd, F_SS), [0x2d] = N2(SSE, "cvtss2si", WR, Gd, Wd, F_SS),
    [0x52] = N2(SSE, "rsqrtss", WR, Vdq, Wd, F_SS),  [0x53] = N2(SSE, "rcpss", WR, Vdq, Wd, F_SS),
    [0x5a] = N2(ABSENT, "cvtss2sd", WR, Vdq, Wd, RM),
    [0x5b] = N2(ABSENT, "cvttps2dq", WR, Vdq, Wdq, RM),
    [0x6f] = N2(ABSENT, "movdqu", WR, Vdq, Wdq, RM),
    [0x70] = N3(ABSENT, "pshufhw", WRR, Vdq, Wdq, Ib, RM),
    [0x7e] = N2(ABSENT, "movq", WR, Vdq, Wq, RM),
    [0x7f] = N2(ABSENT, "movdqu", WR, Wdq, Vdq, RM),
    [0xae] = G0(15_LATER, 0),
    [0xb8] = N2(ABSENT, "popcnt", WR, Gv, Ev, RM),
    /* TZCNT and LZCNT on newer processors, which give other results for the same bytes. */
    [0xbc] = I2(BSF, Gv, Ev, RM | SENS),    [0xbd] = I2(BSR, Gv, Ev, RM | SENS),
    [0xc2] = N3(SSE, "cmpss", MRR, Vdq, Wd, Ib, F_SS),
    [0xd6] = N2(ABSENT, "movq2dq", WR, Vdq, Nq, RM),
    [0xe6] = N2(ABSENT, "cvtdq2pd", WR, Vdq, Wq, RM),
},
[FORM_F2] = {
    FLOAT(FLOAT_SD)
    [0x10] = N2(ABSENT, "movsd", WR, Vdq, Wq, RM),  [0x11] = N2(ABSENT, "movsd", WR, Wq, Vdq, RM),
    [0x12] = N2(ABSENT, "movddup", WR, Vdq, Wq, RM),
    [0x2a] = N2(ABSENT, "cvtsi2sd", WR, Vdq, Ed, RM),
    [0x2b] = N2(ABSENT, "movntsd", WR, Mq, Vdq, RM),
    [0x2c] = N2(ABSENT, "cvttsd2si", WR, Gd, Wq, RM),
    [0x2d] = N2(ABSENT, "cvtsd2si", WR, Gd, Wq, RM),
    [0x5a] = N2(ABSENT, "cvtsd2ss", WR, Vdq, Wq, RM),
    [0x70] = N3(ABSENT, "pshuflw", WRR, Vdq, Wdq, Ib, RM),
    [0x78] = I2(ABSENT, Ib, Ib2, RM),       [0x79] = I0(ABSENT, RM), /* INSERTQ */
    [0x7c] = N2(ABSENT, "haddps", MR, Vdq, Wdq, RM),
    [0x7d] = N2(ABSENT, "hsubps", MR, Vdq, Wdq, RM),
    [0xae] = G0(15_LATER, 0),
    [0xbc] = I2(BSF, Gv, Ev, RM),           [0xbd] = I2(BSR, Gv, Ev, RM),
    [0xc2] = N3(ABSENT, "cmpsd", MRR, Vdq, Wq, Ib, RM),
    [0xd0] = N2(ABSENT, "addsubps", MR, Vdq, Wdq, RM),
    [0xd6] = N2(ABSENT, "movdq2q", WR, Pq, Udq, RM),
    [0xe6] = N2(ABSENT, "cvtpd2dq", WR, Vdq, Wdq, RM),
    [0xf0] = N2(ABSENT, "lddqu", WR, Vdq, Mdq, RM),
},
};

/* Memory and register forms alike. */
#define BOTH(...) {{__VA_ARGS__}, {__VA_ARGS__}}
#define ABSENT_ANY I0(ABSENT, 0)
#define EIGHT(...) {__VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, \
                    __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__}

const struct op_entry op_groups[GROUP_COUNT][2][8] = {
    [GROUP_1] = BOTH(I0(ADD, LK), I0(OR, LK), I0(ADC, LK), I0(SBB, LK),
                     I0(AND, LK), I0(SUB, LK), I0(XOR, LK), I0(CMP, 0)),
    [GROUP_1A] = BOTH(I0(POP, 0)),
    [GROUP_2] = BOTH(I0(ROL, 0), I0(ROR, 0), I0(RCL, 0), I0(RCR, 0),
                     I0(SHL, 0), I0(SHR, 0), I0(SHL, 0), I0(SAR, 0)),
    [GROUP_3B] = BOTH(I2(TEST, Eb, Ib, 0), I2(TEST_ALIAS, Eb, Ib, SENS),
                      I0(NOT, LK), I0(NEG, LK), I0(MUL, 0), I0(IMUL1, 0), I0(DIV, 0), I0(IDIV, 0)),
    [GROUP_3V] = BOTH(I2(TEST, Ev, Iz, 0), I2(TEST_ALIAS, Ev, Iz, SENS),
                      I0(NOT, LK), I0(NEG, LK), I0(MUL, 0), I0(IMUL1, 0), I0(DIV, 0), I0(IDIV, 0)),
    [GROUP_4] = BOTH(I0(INC, LK), I0(DEC, LK)),
    [GROUP_5] = BOTH(I0(INC, LK), I0(DEC, LK), I0(CALL_IND, IND),
                     I1(CALL_FAR_IND, Mp, SENS | IND), I0(JMP_IND, IND | STOP),
                     I1(JMP_FAR_IND, Mp, SENS | IND | STOP), I0(PUSH, 0)),
    [GROUP_6] = BOTH(I1(SLDT, MwRv, 0), I1(STR, MwRv, 0), I1(LLDT, Ew, PRIV), I1(LTR, Ew, PRIV),
                     I1(VERR, Ew, 0), I1(VERW, Ew, 0)),
    [GROUP_7] = {{I1(SGDT, Ms, SENS), I1(SIDT, Ms, SENS), I1(LGDT, Ms, PRIV), I1(LIDT, Ms, PRIV),
                  I1(SMSW, MwRv, SENS), ABSENT_ANY, I1(LMSW, Ew, PRIV),
                  I1(INVLPG, M, PRIV)},
                 {ABSENT_ANY, ABSENT_ANY, ABSENT_ANY, ABSENT_ANY,
                  I1(SMSW, MwRv, SENS), ABSENT_ANY, I1(LMSW, Ew, PRIV), ABSENT_ANY}},
    [GROUP_8] = BOTH({0}, {0}, {0}, {0}, I0(BT, 0), I0(BTS, LK), I0(BTR, LK), I0(BTC, LK)),
    [GROUP_9] = {{{0}, I1(CMPXCHG8B, Mq, LK), {0}, ABSENT_ANY,
                  ABSENT_ANY, ABSENT_ANY, ABSENT_ANY, ABSENT_ANY},
                 {[6] = ABSENT_ANY, [7] = ABSENT_ANY}},
    [GROUP_11] = {{I0(MOV, 0)}, {I0(MOV, 0), [7] = I0(ABSENT, 0)}}, /* XABORT, XBEGIN */
#define SHIFT(name)  N0(MMX, name, 0)
#define SHIFT2(name) N0(ABSENT, name, 0)
    [GROUP_12] = {{{0}}, {[2] = SHIFT("psrlw"), [4] = SHIFT("psraw"), [6] = SHIFT("psllw")}},
    [GROUP_13] = {{{0}}, {[2] = SHIFT("psrld"), [4] = SHIFT("psrad"), [6] = SHIFT("pslld")}},
    [GROUP_14] = {{{0}}, {[2] = SHIFT("psrlq"), [6] = SHIFT("psllq")}},
    [GROUP_12_66] = {{{0}}, {[2] = SHIFT2("psrlw"), [4] = SHIFT2("psraw"), [6] = SHIFT2("psllw")}},
    [GROUP_13_66] = {{{0}}, {[2] = SHIFT2("psrld"), [4] = SHIFT2("psrad"), [6] = SHIFT2("pslld")}},
    [GROUP_14_66] = {{{0}}, {[2] = SHIFT2("psrlq"), [3] = SHIFT2("psrldq"),
                             [6] = SHIFT2("psllq"), [7] = SHIFT2("pslldq")}},
    [GROUP_15] = {{I1(FXSAVE, Mfxsave, 0), I1(FXRSTOR, Mfxsave, 0), I1(LDMXCSR, Md, INSN_SSE),
                   I1(STMXCSR, Md, INSN_SSE), ABSENT_ANY, ABSENT_ANY, ABSENT_ANY, ABSENT_ANY},
                  /* LFENCE came with SSE2, but QEMU's pentium3 executes it (and not MFENCE). */
                  {ABSENT_ANY, ABSENT_ANY, ABSENT_ANY, ABSENT_ANY,
                   ABSENT_ANY, I0(LFENCE, 0), ABSENT_ANY, I0(SFENCE, 0)}},
    /* Behind 66, F3 and F2: CLWB, INCSSP, TPAUSE ... */
    [GROUP_15_LATER] = {{{0}, {0}, {0}, {0}, ABSENT_ANY, ABSENT_ANY, ABSENT_ANY, ABSENT_ANY},
                        EIGHT(ABSENT_ANY)},
    [GROUP_16] = {{N1(PREFETCH, "prefetchnta", NONE, M, 0), N1(PREFETCH, "prefetcht0", NONE, M, 0),
                   N1(PREFETCH, "prefetcht1", NONE, M, 0), N1(PREFETCH, "prefetcht2", NONE, M, 0),
                   I1(NOP_MODRM, M, 0), I1(NOP_MODRM, M, 0), I1(NOP_MODRM, M, 0),
                   I1(NOP_MODRM, M, 0)},
                  /* What would prefetch a register is refused, not a no-operation. */
                  {N1(UD, "nop", R, Ev, INSN_INVALID), N1(UD, "nop", R, Ev, INSN_INVALID),
                   N1(UD, "nop", R, Ev, INSN_INVALID), N1(UD, "nop", R, Ev, INSN_INVALID),
                   I1(NOP_MODRM, Ev, 0), I1(NOP_MODRM, Ev, 0), I1(NOP_MODRM, Ev, 0),
                   I1(NOP_MODRM, Ev, 0)}},
    /* 3DNow! prefetches: QEMU's pentium3 takes the memory forms as hints, refuses the others. */
    [GROUP_P] = {{N1(PREFETCH, "prefetch", NONE, M, 0), N1(PREFETCH, "prefetchw", NONE, M, 0),
                  N1(PREFETCH, "prefetchwt1", NONE, M, 0), N1(PREFETCH, "prefetch", NONE, M, 0),
                  N1(PREFETCH, "prefetch", NONE, M, 0), N1(PREFETCH, "prefetch", NONE, M, 0),
                  N1(PREFETCH, "prefetch", NONE, M, 0), N1(PREFETCH, "prefetch", NONE, M, 0)},
                 EIGHT(ABSENT_ANY)},
    [GROUP_MOVLPS] = {EIGHT(N2(SSE, "movlps", WR, Vdq, Mq, 0)),
                      EIGHT(N2(SSE, "movhlps", WR, Vdq, Udq, 0))},
    [GROUP_MOVHPS] = {EIGHT(N2(SSE, "movhps", WR, Vdq, Mq, 0)),
                      EIGHT(N2(SSE, "movlhps", WR, Vdq, Udq, 0))},
    /* Selectors of DS ES FS GS are the guest's own; those of CS and SS show the real RPL. */
    [GROUP_FROM_SREG] = BOTH(I0(MOV_FROM_SREG, 0), I0(MOV_FROM_SREG, SENS),
                             I0(MOV_FROM_SREG, SENS), I0(MOV_FROM_SREG, 0),
                             I0(MOV_FROM_SREG, 0), I0(MOV_FROM_SREG, 0)),
    [GROUP_TO_SREG] = BOTH(I0(MOV_TO_SREG, 0), {0}, I0(MOV_TO_SREG, 0), I0(MOV_TO_SREG, 0),
                           I0(MOV_TO_SREG, 0), I0(MOV_TO_SREG, 0)),

#define LOAD(name, m)  N1(X87, name, R, m, 0)
#define STORE(name, m) N1(X87, name, W, m, 0)
    [GROUP_D8] = {{LOAD("fadd", Md), LOAD("fmul", Md), LOAD("fcom", Md), LOAD("fcomp", Md),
                   LOAD("fsub", Md), LOAD("fsubr", Md), LOAD("fdiv", Md), LOAD("fdivr", Md)}},
    [GROUP_D9] = {{LOAD("fld", Md), {0}, STORE("fst", Md), STORE("fstp", Md), I1(FLDENV, Menv, 0),
                   LOAD("fldcw", Mw), I1(FNSTENV, Menv, SENS), STORE("fnstcw", Mw)}},
    [GROUP_DA] = {{LOAD("fiadd", Md), LOAD("fimul", Md), LOAD("ficom", Md), LOAD("ficomp", Md),
                   LOAD("fisub", Md), LOAD("fisubr", Md), LOAD("fidiv", Md), LOAD("fidivr", Md)}},
    [GROUP_DB] = {{LOAD("fild", Md), N1(ABSENT, "fisttp", W, Md, 0), STORE("fist", Md),
                   STORE("fistp", Md), {0}, LOAD("fld", Mt), {0}, STORE("fstp", Mt)}},
    [GROUP_DC] = {{LOAD("fadd", Mq), LOAD("fmul", Mq), LOAD("fcom", Mq), LOAD("fcomp", Mq),
                   LOAD("fsub", Mq), LOAD("fsubr", Mq), LOAD("fdiv", Mq), LOAD("fdivr", Mq)}},
    [GROUP_DD] = {{LOAD("fld", Mq), N1(ABSENT, "fisttp", W, Mq, 0), STORE("fst", Mq),
                   STORE("fstp", Mq), I1(FRSTOR, Mstate, 0), {0}, I1(FNSAVE, Mstate, SENS),
                   STORE("fnstsw", Mw)}},
    [GROUP_DE] = {{LOAD("fiadd", Mw), LOAD("fimul", Mw), LOAD("ficom", Mw), LOAD("ficomp", Mw),
                   LOAD("fisub", Mw), LOAD("fisubr", Mw), LOAD("fidiv", Mw), LOAD("fidivr", Mw)}},
    [GROUP_DF] = {{LOAD("fild", Mw), N1(ABSENT, "fisttp", W, Mw, 0), STORE("fist", Mw),
                   STORE("fistp", Mw), LOAD("fbld", Mt), LOAD("fild", Mq), STORE("fbstp", Mt),
                   STORE("fistp", Mq)}},
};

/* With the aliases that every processor since the 8087 executes (FCOM2, FXCH4, FSTP8 ...). */
const struct op_entry op_x87_registers[8][64] = {
/* D8 */ {
    [0x00 ... 0x07] = N2(X87, "fadd", MR, ST0, STi, 0),
    [0x08 ... 0x0f] = N2(X87, "fmul", MR, ST0, STi, 0),
    [0x10 ... 0x17] = N1(X87, "fcom", R, STi, 0),
    [0x18 ... 0x1f] = N1(X87, "fcomp", R, STi, 0),
    [0x20 ... 0x27] = N2(X87, "fsub", MR, ST0, STi, 0),
    [0x28 ... 0x2f] = N2(X87, "fsubr", MR, ST0, STi, 0),
    [0x30 ... 0x37] = N2(X87, "fdiv", MR, ST0, STi, 0),
    [0x38 ... 0x3f] = N2(X87, "fdivr", MR, ST0, STi, 0),
},
/* D9 */ {
    [0x00 ... 0x07] = N1(X87, "fld", R, STi, 0),
    [0x08 ... 0x0f] = N1(X87, "fxch", RW, STi, 0),
    [0x10] = N0(X87, "fnop", 0),
    /* FSTP1: an alias of FSTP that does not look whether the register is empty. */
    [0x18 ... 0x1f] = N1(X87, "fstpnce", W, STi, 0),
    [0x20] = N0(X87, "fchs", 0),            [0x21] = N0(X87, "fabs", 0),
    [0x24] = N0(X87, "ftst", 0),            [0x25] = N0(X87, "fxam", 0),
    [0x28] = N0(X87, "fld1", 0),            [0x29] = N0(X87, "fldl2t", 0),
    [0x2a] = N0(X87, "fldl2e", 0),          [0x2b] = N0(X87, "fldpi", 0),
    [0x2c] = N0(X87, "fldlg2", 0),          [0x2d] = N0(X87, "fldln2", 0),
    [0x2e] = N0(X87, "fldz", 0),            [0x30] = N0(X87, "f2xm1", 0),
    [0x31] = N0(X87, "fyl2x", 0),           [0x32] = N0(X87, "fptan", 0),
    [0x33] = N0(X87, "fpatan", 0),          [0x34] = N0(X87, "fxtract", 0),
    [0x35] = N0(X87, "fprem1", 0),          [0x36] = N0(X87, "fdecstp", 0),
    [0x37] = N0(X87, "fincstp", 0),         [0x38] = N0(X87, "fprem", 0),
    [0x39] = N0(X87, "fyl2xp1", 0),         [0x3a] = N0(X87, "fsqrt", 0),
    [0x3b] = N0(X87, "fsincos", 0),         [0x3c] = N0(X87, "frndint", 0),
    [0x3d] = N0(X87, "fscale", 0),          [0x3e] = N0(X87, "fsin", 0),
    [0x3f] = N0(X87, "fcos", 0),
},
/* DA */ {
    [0x00 ... 0x07] = N2(FCMOV, "fcmovb", WR, ST0, STi, 0),
    [0x08 ... 0x0f] = N2(FCMOV, "fcmove", WR, ST0, STi, 0),
    [0x10 ... 0x17] = N2(FCMOV, "fcmovbe", WR, ST0, STi, 0),
    [0x18 ... 0x1f] = N2(FCMOV, "fcmovu", WR, ST0, STi, 0),
    [0x29] = N0(X87, "fucompp", 0),
},
/* DB */ {
    [0x00 ... 0x07] = N2(FCMOV, "fcmovnb", WR, ST0, STi, 0),
    [0x08 ... 0x0f] = N2(FCMOV, "fcmovne", WR, ST0, STi, 0),
    [0x10 ... 0x17] = N2(FCMOV, "fcmovnbe", WR, ST0, STi, 0),
    [0x18 ... 0x1f] = N2(FCMOV, "fcmovnu", WR, ST0, STi, 0),
    /* No-operations left of the 8087 and the 80287 (FENI, FDISI, FSETPM). */
    [0x20] = N0(X87, "feni", 0),            [0x21] = N0(X87, "fdisi", 0),
    [0x22] = N0(X87, "fnclex", 0),          [0x23] = N0(X87, "fninit", 0),
    [0x24] = N0(X87, "fsetpm", 0),
    [0x28 ... 0x2f] = N2(FCOMI, "fucomi", RR, ST0, STi, 0),
    [0x30 ... 0x37] = N2(FCOMI, "fcomi", RR, ST0, STi, 0),
},
/* DC */ {
    [0x00 ... 0x07] = N2(X87, "fadd", MR, STi, ST0, 0),
    [0x08 ... 0x0f] = N2(X87, "fmul", MR, STi, ST0, 0),
    [0x10 ... 0x17] = N1(X87, "fcom", R, STi, 0),
    [0x18 ... 0x1f] = N1(X87, "fcomp", R, STi, 0),
    [0x20 ... 0x27] = N2(X87, "fsubr", MR, STi, ST0, 0),
    [0x28 ... 0x2f] = N2(X87, "fsub", MR, STi, ST0, 0),
    [0x30 ... 0x37] = N2(X87, "fdivr", MR, STi, ST0, 0),
    [0x38 ... 0x3f] = N2(X87, "fdiv", MR, STi, ST0, 0),
},
/* DD */ {
    [0x00 ... 0x07] = N1(X87, "ffree", NONE, STi, 0),
    [0x08 ... 0x0f] = N1(X87, "fxch", RW, STi, 0),
    [0x10 ... 0x17] = N1(X87, "fst", W, STi, 0),
    [0x18 ... 0x1f] = N1(X87, "fstp", W, STi, 0),
    [0x20 ... 0x27] = N1(X87, "fucom", R, STi, 0),
    [0x28 ... 0x2f] = N1(X87, "fucomp", R, STi, 0),
},
/* DE */ {
    [0x00 ... 0x07] = N2(X87, "faddp", MR, STi, ST0, 0),
    [0x08 ... 0x0f] = N2(X87, "fmulp", MR, STi, ST0, 0),
    [0x10 ... 0x17] = N1(X87, "fcomp", R, STi, 0),
    [0x19] = N0(X87, "fcompp", 0),
    [0x20 ... 0x27] = N2(X87, "fsubrp", MR, STi, ST0, 0),
    [0x28 ... 0x2f] = N2(X87, "fsubp", MR, STi, ST0, 0),
    [0x30 ... 0x37] = N2(X87, "fdivrp", MR, STi, ST0, 0),
    [0x38 ... 0x3f] = N2(X87, "fdivp", MR, STi, ST0, 0),
},
/* DF */ {
    [0x00 ... 0x07] = N1(X87, "ffreep", NONE, STi, 0),
    [0x08 ... 0x0f] = N1(X87, "fxch", RW, STi, 0),
    [0x10 ... 0x17] = N1(X87, "fstp", W, STi, 0),
    [0x18 ... 0x1f] = N1(X87, "fstp", W, STi, 0),
    [0x20] = N1(X87, "fnstsw", W, AX, 0),
    [0x28 ... 0x2f] = N2(FCOMI, "fucomip", RR, ST0, STi, 0),
    [0x30 ... 0x37] = N2(FCOMI, "fcomip", RR, ST0, STi, 0),
},
};
// clang-format on
