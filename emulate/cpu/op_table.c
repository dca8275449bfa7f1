/*
 * The opcode map of a Pentium III-class processor (SDM vol. 2, appendix A), with what came later
 * marked absent.
 */
#include "op_table.h"

#define I0(name, flags)                          \
    {                                            \
        OP_##name, {OPERAND_NONE}, (flags), 0, 0 \
    }
#define I1(name, a, flags)                      \
    {                                           \
        OP_##name, {OPERAND_##a}, (flags), 0, 0 \
    }
#define I2(name, a, b, flags)                                \
    {                                                        \
        OP_##name, {OPERAND_##a, OPERAND_##b}, (flags), 0, 0 \
    }
#define I3(name, a, b, c, flags)                                          \
    {                                                                     \
        OP_##name, {OPERAND_##a, OPERAND_##b, OPERAND_##c}, (flags), 0, 0 \
    }
/* The same with the mandatory prefixes: those of a Pentium III, those that came later. */
#define F0(name, flags, has, later)                              \
    {                                                            \
        OP_##name, {OPERAND_NONE}, (flags), FORMS(has, later), 0 \
    }
#define F1(name, a, flags, has, later)                          \
    {                                                           \
        OP_##name, {OPERAND_##a}, (flags), FORMS(has, later), 0 \
    }
#define F2(name, a, b, flags, has, later)                                    \
    {                                                                        \
        OP_##name, {OPERAND_##a, OPERAND_##b}, (flags), FORMS(has, later), 0 \
    }
#define F3(name, a, b, c, flags, has, later)                                              \
    {                                                                                     \
        OP_##name, {OPERAND_##a, OPERAND_##b, OPERAND_##c}, (flags), FORMS(has, later), 0 \
    }
#define G0(n, flags)                                           \
    {                                                          \
        OP_INVALID, {OPERAND_NONE}, RM | (flags), 0, GROUP_##n \
    }
#define G1(n, a, flags)                                       \
    {                                                         \
        OP_INVALID, {OPERAND_##a}, RM | (flags), 0, GROUP_##n \
    }
#define G2(n, a, b, flags)                                                 \
    {                                                                      \
        OP_INVALID, {OPERAND_##a, OPERAND_##b}, RM | (flags), 0, GROUP_##n \
    }

#define FORMS(has, later) ((has) | (later) << 4)
#define NP                FORM_NP
#define P66               FORM_66
#define PF3               FORM_F3
#define PF2               FORM_F2
#define ALL               (NP | P66 | PF3 | PF2)

#define RM   INSN_MODRM
#define LK   INSN_LOCKABLE
#define SENS INSN_SENSITIVE
#define PRIV (INSN_SENSITIVE | INSN_PRIVILEGED)
#define IO   (INSN_SENSITIVE | INSN_IO)
#define REL  INSN_REL
#define IND  INSN_INDIRECT
#define STOP INSN_STOP
#define STR  INSN_STRING
#define X87  INSN_X87
#define MMX  (INSN_MMX | RM)
#define SSE  (INSN_SSE | RM)

/* Six encodings of a two-operand arithmetic instruction. */
#define ALU(base, name, lock)                                                             \
    [base] = I2(name, Eb, Gb, RM | (lock)), [(base) + 1] = I2(name, Ev, Gv, RM | (lock)), \
    [(base) + 2] = I2(name, Gb, Eb, RM), [(base) + 3] = I2(name, Gv, Ev, RM),             \
    [(base) + 4] = I2(name, AL, Ib, 0), [(base) + 5] = I2(name, eAX, Iz, 0)

// clang-format off
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
    [0x68] = I1(PUSH, Iz, 0),               [0x69] = I3(IMUL, Gv, Ev, Iz, RM),
    [0x6a] = I1(PUSH, sIb, 0),              [0x6b] = I3(IMUL, Gv, Ev, sIb, RM),
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

const struct op_entry op_0f[256] = {
    [0x00] = G0(6, SENS),                   [0x01] = G0(7, 0),
    [0x02] = I2(LAR, Gv, Ew, RM | SENS),    [0x03] = I2(LSL, Gv, Ew, RM | SENS),
    [0x05] = I0(SYSCALL, SENS | INSN_ABSENT | IND | STOP),
    [0x06] = I0(CLTS, PRIV),
    [0x07] = I0(SYSRET, PRIV | INSN_ABSENT | IND | STOP),
    [0x08] = I0(INVD, PRIV),                [0x09] = I0(WBINVD, PRIV),
    [0x0b] = I0(UD, STOP | INSN_INVALID),                  [0x0d] = G0(P, 0),
    [0x0e] = I0(ABSENT, 0),                 [0x0f] = I1(ABSENT, Ib, RM),
    [0x10] = F2(SSE, Vdq, Wdq, SSE, NP | PF3, P66 | PF2),
    [0x11] = F2(SSE, Wdq, Vdq, SSE, NP | PF3, P66 | PF2),
    [0x12] = F2(SSE, Vdq, Wq, SSE, NP, P66 | PF3 | PF2),
    [0x13] = F2(SSE, Mq, Vdq, SSE, NP, P66),
    [0x14] = F2(SSE, Vdq, Wdq, SSE, NP, P66),
    [0x15] = F2(SSE, Vdq, Wdq, SSE, NP, P66),
    [0x16] = F2(SSE, Vdq, Wq, SSE, NP, P66 | PF3),
    [0x17] = F2(SSE, Mq, Vdq, SSE, NP, P66),
    [0x18] = G0(16, 0),
    /* Hint space: MPX, CET and CLDEMOTE live here now and stay no-operations unless enabled. */
    [0x19 ... 0x1f] = I1(NOP_MODRM, Ev, RM),
    [0x20] = I2(MOV_FROM_CR, Rd, Cd, RM | PRIV),
    [0x21] = I2(MOV_FROM_DR, Rd, Dd, RM | PRIV),
    [0x22] = I2(MOV_TO_CR, Cd, Rd, RM | PRIV),
    [0x23] = I2(MOV_TO_DR, Dd, Rd, RM | PRIV),
    [0x28] = F2(SSE, Vdq, Wdq, SSE, NP, P66),
    [0x29] = F2(SSE, Wdq, Vdq, SSE, NP, P66),
    [0x2a] = F2(SSE, Vdq, Qq, SSE, NP | PF3, P66 | PF2),
    [0x2b] = F2(SSE, Mdq, Vdq, SSE, NP, P66 | PF3 | PF2),
    [0x2c] = F2(SSE, Pq, Wq, SSE, NP | PF3, P66 | PF2),
    [0x2d] = F2(SSE, Pq, Wq, SSE, NP | PF3, P66 | PF2),
    [0x2e] = F2(SSE, Vdq, Wd, SSE, NP, P66),
    [0x2f] = F2(SSE, Vdq, Wd, SSE, NP, P66),
    [0x30] = I0(WRMSR, PRIV),               [0x31] = I0(RDTSC, SENS),
    [0x32] = I0(RDMSR, PRIV),               [0x33] = I0(RDPMC, SENS),
    [0x34] = I0(SYSENTER, SENS | IND | STOP),
    [0x35] = I0(SYSEXIT, PRIV | IND | STOP),
    [0x37] = I0(ABSENT, 0),                 /* 38, 3A: escapes */
    [0x40 ... 0x4f] = I2(CMOVCC, Gv, Ev, RM),
    [0x50] = F2(SSE, Gd, Udq, SSE, NP, P66),
    [0x51] = F2(SSE, Vdq, Wdq, SSE, NP | PF3, P66 | PF2),
    [0x52 ... 0x53] = F2(SSE, Vdq, Wdq, SSE, NP | PF3, 0),
    [0x54 ... 0x57] = F2(SSE, Vdq, Wdq, SSE, NP, P66),
    [0x58 ... 0x59] = F2(SSE, Vdq, Wdq, SSE, NP | PF3, P66 | PF2),
    [0x5a] = F0(ABSENT, RM, 0, ALL),        [0x5b] = F0(ABSENT, RM, 0, NP | P66 | PF3),
    [0x5c ... 0x5f] = F2(SSE, Vdq, Wdq, SSE, NP | PF3, P66 | PF2),
    [0x60 ... 0x62] = F2(MMX, Pq, Qd, MMX, NP, P66),
    [0x63 ... 0x6b] = F2(MMX, Pq, Qq, MMX, NP, P66),
    [0x6c ... 0x6d] = F0(ABSENT, RM, 0, P66),
    [0x6e] = F2(MMX, Pq, Ed, MMX, NP, P66),
    [0x6f] = F2(MMX, Pq, Qq, MMX, NP, P66 | PF3),
    [0x70] = F3(MMX, Pq, Qq, Ib, MMX, NP, P66 | PF3 | PF2),
    [0x71] = G2(12, Nq, Ib, INSN_MMX),      [0x72] = G2(13, Nq, Ib, INSN_MMX),
    [0x73] = G2(14, Nq, Ib, INSN_MMX),
    [0x74 ... 0x76] = F2(MMX, Pq, Qq, MMX, NP, P66),
    [0x77] = F0(MMX, INSN_MMX, NP, 0),
    [0x78] = F2(ABSENT, Ib, Ib2, RM, 0, NP | P66 | PF2), /* the immediates: EXTRQ, INSERTQ */
    [0x79] = F0(ABSENT, RM, 0, NP | P66 | PF2),
    [0x7c ... 0x7d] = F0(ABSENT, RM, 0, P66 | PF2),
    [0x7e] = F2(MMX, Ed, Pq, MMX, NP, P66 | PF3),
    [0x7f] = F2(MMX, Qq, Pq, MMX, NP, P66 | PF3),
    [0x80 ... 0x8f] = I1(JCC, Jz, REL),
    [0x90 ... 0x9f] = I1(SETCC, Eb, RM),
    [0xa0] = I1(PUSH_SREG, FS, 0),          [0xa1] = I1(POP_SREG, FS, SENS),
    [0xa2] = I0(CPUID, SENS),               [0xa3] = I2(BT, Ev, Gv, RM),
    [0xa4] = I3(SHLD, Ev, Gv, Ib, RM),      [0xa5] = I3(SHLD, Ev, Gv, CL, RM),
    [0xa6 ... 0xa7] = I0(ABSENT, RM),
    [0xa8] = I1(PUSH_SREG, GS, 0),          [0xa9] = I1(POP_SREG, GS, SENS),
    [0xaa] = I0(RSM, SENS | IND | STOP),    [0xab] = I2(BTS, Ev, Gv, RM | LK),
    [0xac] = I3(SHRD, Ev, Gv, Ib, RM),      [0xad] = I3(SHRD, Ev, Gv, CL, RM),
    [0xae] = G0(15, 0),                     [0xaf] = I2(IMUL, Gv, Ev, RM),
    [0xb0] = I2(CMPXCHG, Eb, Gb, RM | LK),  [0xb1] = I2(CMPXCHG, Ev, Gv, RM | LK),
    [0xb2] = I2(LSS, Gv, Mp, RM | SENS),    [0xb3] = I2(BTR, Ev, Gv, RM | LK),
    [0xb4] = I2(LFS, Gv, Mp, RM | SENS),    [0xb5] = I2(LGS, Gv, Mp, RM | SENS),
    [0xb6] = I2(MOVZX, Gv, Eb, RM),         [0xb7] = I2(MOVZX, Gv, Ew, RM),
    [0xb8] = F0(ABSENT, RM, 0, PF3),        [0xb9] = I2(UD, Gv, Ev, RM | STOP | INSN_INVALID),
    [0xba] = G2(8, Ev, Ib, 0),              [0xbb] = I2(BTC, Ev, Gv, RM | LK),
    /* F3: TZCNT and LZCNT on newer processors, which give other results for the same bytes. */
    [0xbc] = F2(BSF, Gv, Ev, RM, ALL, PF3),     [0xbd] = F2(BSR, Gv, Ev, RM, ALL, PF3),
    [0xbe] = I2(MOVSX, Gv, Eb, RM),         [0xbf] = I2(MOVSX, Gv, Ew, RM),
    [0xc0] = I2(XADD, Eb, Gb, RM | LK),     [0xc1] = I2(XADD, Ev, Gv, RM | LK),
    [0xc2] = F3(SSE, Vdq, Wdq, Ib, SSE, NP | PF3, P66 | PF2),
    [0xc3] = F1(ABSENT, Md, RM, 0, NP),
    [0xc4] = F3(MMX, Pq, Ew, Ib, MMX, NP, P66),
    [0xc5] = F3(MMX, Gd, Nq, Ib, MMX, NP, P66),
    [0xc6] = F3(SSE, Vdq, Wdq, Ib, SSE, NP, P66),
    [0xc7] = G0(9, 0),
    [0xc8 ... 0xcf] = I1(BSWAP, Zv, 0),
    [0xd0] = F0(ABSENT, RM, 0, P66 | PF2),
    [0xd1 ... 0xd3] = F2(MMX, Pq, Qq, MMX, NP, P66),
    [0xd4] = F0(ABSENT, RM, 0, NP | P66),   [0xd5] = F2(MMX, Pq, Qq, MMX, NP, P66),
    [0xd6] = F0(ABSENT, RM, 0, P66 | PF3 | PF2),
    [0xd7] = F2(MMX, Gd, Nq, MMX, NP, P66),
    [0xd8 ... 0xe5] = F2(MMX, Pq, Qq, MMX, NP, P66),
    [0xe6] = F0(ABSENT, RM, 0, P66 | PF3 | PF2),
    [0xe7] = F2(MMX, Mq, Pq, MMX, NP, P66),
    [0xe8 ... 0xef] = F2(MMX, Pq, Qq, MMX, NP, P66),
    [0xf0] = F0(ABSENT, RM, 0, PF2),
    [0xf1 ... 0xf3] = F2(MMX, Pq, Qq, MMX, NP, P66),
    [0xf4] = F0(ABSENT, RM, 0, NP | P66),
    [0xf5 ... 0xf6] = F2(MMX, Pq, Qq, MMX, NP, P66),
    [0xf7] = F2(MASKMOVQ, Pq, Nq, MMX, NP, P66),
    [0xf8 ... 0xfa] = F2(MMX, Pq, Qq, MMX, NP, P66),
    [0xfb] = F0(ABSENT, RM, 0, NP | P66),
    [0xfc ... 0xfe] = F2(MMX, Pq, Qq, MMX, NP, P66),
    [0xff] = I2(UD, Gv, Ev, RM | STOP | INSN_INVALID),
};

/* Memory and register forms alike. */
#define BOTH(...) {{__VA_ARGS__}, {__VA_ARGS__}}
#define ABSENT_ALL F0(ABSENT, 0, 0, ALL)

const struct op_entry op_groups[GROUP_COUNT][2][8] = {
    [GROUP_1] = BOTH(I0(ADD, LK), I0(OR, LK), I0(ADC, LK), I0(SBB, LK),
                     I0(AND, LK), I0(SUB, LK), I0(XOR, LK), I0(CMP, 0)),
    [GROUP_1A] = BOTH(I0(POP, 0)),
    [GROUP_2] = BOTH(I0(ROL, 0), I0(ROR, 0), I0(RCL, 0), I0(RCR, 0),
                     I0(SHL, 0), I0(SHR, 0), I0(SHL, 0), I0(SAR, 0)),
    /* /1 is TEST again, but not to QEMU. */
    [GROUP_3B] = BOTH(I2(TEST, Eb, Ib, 0), I2(UD, Eb, Ib, INSN_INVALID), I0(NOT, LK), I0(NEG, LK),
                      I0(MUL, 0), I0(IMUL1, 0), I0(DIV, 0), I0(IDIV, 0)),
    [GROUP_3V] = BOTH(I2(TEST, Ev, Iz, 0), I2(UD, Ev, Iz, INSN_INVALID), I0(NOT, LK), I0(NEG, LK),
                      I0(MUL, 0), I0(IMUL1, 0), I0(DIV, 0), I0(IDIV, 0)),
    [GROUP_4] = BOTH(I0(INC, LK), I0(DEC, LK)),
    [GROUP_5] = BOTH(I0(INC, LK), I0(DEC, LK), I0(CALL_IND, IND),
                     I1(CALL_FAR_IND, Mp, SENS | IND), I0(JMP_IND, IND | STOP),
                     I1(JMP_FAR_IND, Mp, SENS | IND | STOP), I0(PUSH, 0)),
    [GROUP_6] = BOTH(I1(SLDT, MwRv, 0), I1(STR, MwRv, 0), I1(LLDT, Ew, PRIV), I1(LTR, Ew, PRIV),
                     I1(VERR, Ew, 0), I1(VERW, Ew, 0)),
    [GROUP_7] = {{I1(SGDT, Ms, SENS), I1(SIDT, Ms, SENS), I1(LGDT, Ms, PRIV), I1(LIDT, Ms, PRIV),
                  I1(SMSW, MwRv, SENS), F0(ABSENT, 0, 0, PF3), I1(LMSW, Ew, PRIV),
                  I1(INVLPG, M, PRIV)},
                 {ABSENT_ALL, ABSENT_ALL, ABSENT_ALL, ABSENT_ALL,
                  I1(SMSW, MwRv, SENS), ABSENT_ALL, I1(LMSW, Ew, PRIV), ABSENT_ALL}},
    [GROUP_8] = BOTH({0}, {0}, {0}, {0}, I0(BT, 0), I0(BTS, LK), I0(BTR, LK), I0(BTC, LK)),
    [GROUP_9] = {{{0}, I1(CMPXCHG8B, Mq, LK), {0}, ABSENT_ALL,
                  ABSENT_ALL, ABSENT_ALL, ABSENT_ALL, ABSENT_ALL},
                 {[6] = ABSENT_ALL, [7] = ABSENT_ALL}},
    [GROUP_11] = {{I0(MOV, 0)}, {I0(MOV, 0), [7] = I0(ABSENT, 0)}}, /* XABORT, XBEGIN */
    [GROUP_12] = {{{0}}, {[2] = F0(MMX, 0, NP, P66), [4] = F0(MMX, 0, NP, P66),
                          [6] = F0(MMX, 0, NP, P66)}},
    [GROUP_13] = {{{0}}, {[2] = F0(MMX, 0, NP, P66), [4] = F0(MMX, 0, NP, P66),
                          [6] = F0(MMX, 0, NP, P66)}},
    [GROUP_14] = {{{0}}, {[2] = F0(MMX, 0, NP, P66), [3] = F0(ABSENT, 0, 0, P66),
                          [6] = F0(MMX, 0, NP, P66), [7] = F0(ABSENT, 0, 0, P66)}},
    [GROUP_15] = {{F1(FXSAVE, Mfxsave, 0, NP, 0), F2(FXRSTOR, ST, Mfxsave, 0, NP, 0),
                   F2(LDMXCSR, ST, Md, INSN_SSE, NP, 0), F1(STMXCSR, Md, INSN_SSE, NP, 0),
                   ABSENT_ALL, ABSENT_ALL, ABSENT_ALL, ABSENT_ALL},
                  /* LFENCE came with SSE2, but QEMU's pentium3 executes it (and not MFENCE). */
                  {ABSENT_ALL, ABSENT_ALL, ABSENT_ALL, ABSENT_ALL,
                   ABSENT_ALL, F0(LFENCE, 0, NP, P66 | PF3 | PF2), ABSENT_ALL,
                   F0(SFENCE, 0, NP, P66 | PF3 | PF2)}},
    [GROUP_16] = {{I1(PREFETCH, M, 0), I1(PREFETCH, M, 0), I1(PREFETCH, M, 0), I1(PREFETCH, M, 0),
                   I1(NOP_MODRM, M, 0), I1(NOP_MODRM, M, 0), I1(NOP_MODRM, M, 0),
                   I1(NOP_MODRM, M, 0)},
                  /* What would prefetch a register is refused, not a no-operation. */
                  {I1(UD, Ev, INSN_INVALID), I1(UD, Ev, INSN_INVALID), I1(UD, Ev, INSN_INVALID),
                   I1(UD, Ev, INSN_INVALID), I1(NOP_MODRM, Ev, 0), I1(NOP_MODRM, Ev, 0),
                   I1(NOP_MODRM, Ev, 0), I1(NOP_MODRM, Ev, 0)}},
    /* 3DNow! prefetches: QEMU's pentium3 takes the memory forms as hints, refuses the others. */
    [GROUP_P] = {{I1(PREFETCH, M, 0), I1(PREFETCH, M, 0), I1(PREFETCH, M, 0), I1(PREFETCH, M, 0),
                  I1(PREFETCH, M, 0), I1(PREFETCH, M, 0), I1(PREFETCH, M, 0), I1(PREFETCH, M, 0)},
                 {I0(ABSENT, 0), I0(ABSENT, 0), I0(ABSENT, 0), I0(ABSENT, 0),
                  I0(ABSENT, 0), I0(ABSENT, 0), I0(ABSENT, 0), I0(ABSENT, 0)}},
    /* Selectors of DS ES FS GS are the guest's own; those of CS and SS show the real RPL. */
    [GROUP_FROM_SREG] = BOTH(I0(MOV_FROM_SREG, 0), I0(MOV_FROM_SREG, SENS),
                             I0(MOV_FROM_SREG, SENS), I0(MOV_FROM_SREG, 0),
                             I0(MOV_FROM_SREG, 0), I0(MOV_FROM_SREG, 0)),
    [GROUP_TO_SREG] = BOTH(I0(MOV_TO_SREG, 0), {0}, I0(MOV_TO_SREG, 0), I0(MOV_TO_SREG, 0),
                           I0(MOV_TO_SREG, 0), I0(MOV_TO_SREG, 0)),

#define X_REGISTERS                                                                                \
    {I1(X87, ST, 0), I1(X87, ST, 0), I1(X87, ST, 0), I1(X87, ST, 0),                               \
     I1(X87, ST, 0), I1(X87, ST, 0), I1(X87, ST, 0), I1(X87, ST, 0)}
#define LOAD(a)  I2(X87, ST, a, 0)
#define STORE(a) I2(X87, a, ST, 0)
    [GROUP_D8] = {{LOAD(Md), LOAD(Md), LOAD(Md), LOAD(Md), LOAD(Md), LOAD(Md), LOAD(Md), LOAD(Md)},
                  X_REGISTERS},
    [GROUP_D9] = {{LOAD(Md), {0}, STORE(Md), STORE(Md), I2(FLDENV, ST, Menv, 0), LOAD(Mw),
                   I2(FNSTENV, Menv, ST, SENS), STORE(Mw)},
                  X_REGISTERS},
    [GROUP_DA] = {{LOAD(Md), LOAD(Md), LOAD(Md), LOAD(Md), LOAD(Md), LOAD(Md), LOAD(Md), LOAD(Md)},
                  X_REGISTERS},
    [GROUP_DB] = {{LOAD(Md), I1(ABSENT, Md, 0), STORE(Md), STORE(Md), {0}, LOAD(Mt), {0},
                   STORE(Mt)},
                  X_REGISTERS},
    [GROUP_DC] = {{LOAD(Mq), LOAD(Mq), LOAD(Mq), LOAD(Mq), LOAD(Mq), LOAD(Mq), LOAD(Mq), LOAD(Mq)},
                  X_REGISTERS},
    [GROUP_DD] = {{LOAD(Mq), I1(ABSENT, Mq, 0), STORE(Mq), STORE(Mq), I2(FRSTOR, ST, Mstate, 0),
                   {0}, I2(FNSAVE, Mstate, ST, SENS), STORE(Mw)},
                  X_REGISTERS},
    [GROUP_DE] = {{LOAD(Mw), LOAD(Mw), LOAD(Mw), LOAD(Mw), LOAD(Mw), LOAD(Mw), LOAD(Mw), LOAD(Mw)},
                  X_REGISTERS},
    [GROUP_DF] = {{LOAD(Mw), I1(ABSENT, Mw, 0), STORE(Mw), STORE(Mw), LOAD(Mt), LOAD(Mq),
                   STORE(Mt), STORE(Mq)},
                  X_REGISTERS},
};

/*
 * The aliases that every processor since the 8087 executes count (FCOM2, FXCH4, FSTP8 ...), as do
 * the no-operations left of the 8087 and 80287 (FENI, FDISI, FSETPM).
 */
const uint8_t op_x87_registers[8][8] = {
    /*  /0    /1    /2    /3    /4    /5    /6    /7  */
    {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, /* D8 */
    {0xff, 0xff, 0x01, 0xff, 0x33, 0x7f, 0xff, 0xff}, /* D9 */
    {0xff, 0xff, 0xff, 0xff, 0x00, 0x02, 0x00, 0x00}, /* DA */
    {0xff, 0xff, 0xff, 0xff, 0x1f, 0xff, 0xff, 0x00}, /* DB */
    {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, /* DC */
    {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00}, /* DD */
    {0xff, 0xff, 0xff, 0x02, 0xff, 0xff, 0xff, 0xff}, /* DE */
    {0xff, 0xff, 0xff, 0xff, 0x01, 0xff, 0xff, 0x00}, /* DF */
};

#define OP_NAME(name) #name,
static const char *const op_names[] = {OP_LIST(OP_NAME)};
#undef OP_NAME

/* Bytes of a memory operand with a 16-bit and with a 32-bit operand size. */
static const uint8_t operand_bytes[OPERAND_COUNT][2] = {
    [OPERAND_Eb] = {1, 1},     [OPERAND_Ew] = {2, 2},       [OPERAND_Ed] = {4, 4},
    [OPERAND_Ev] = {2, 4},     [OPERAND_MwRv] = {2, 2},     [OPERAND_Ma] = {4, 8},
    [OPERAND_Mp] = {4, 6},     [OPERAND_Ms] = {6, 6},       [OPERAND_Mw] = {2, 2},
    [OPERAND_Md] = {4, 4},     [OPERAND_Mq] = {8, 8},       [OPERAND_Mt] = {10, 10},
    [OPERAND_Mdq] = {16, 16},  [OPERAND_Menv] = {14, 28},   [OPERAND_Mstate] = {94, 108},
    [OPERAND_Qq] = {8, 8},     [OPERAND_Qd] = {4, 4},       [OPERAND_Wdq] = {16, 16},
    [OPERAND_Wq] = {8, 8},     [OPERAND_Wd] = {4, 4},
};
// clang-format on

const char *op_name(unsigned op)
{
    return op < OP_COUNT ? op_names[op] : "?";
}

unsigned insn_mem_size(const struct insn *insn)
{
    unsigned size = 0;

    if (!insn_has_mem(insn) || insn->op == OP_NOP_MODRM)
        return 0;
    if (insn->op == OP_FXSAVE || insn->op == OP_FXRSTOR)
        return 512;
    /* The F3 forms of SSE are the scalar ones, CVTSI2SS included. */
    if ((insn->flags & INSN_SSE) && insn->rep == 0xf3)
        return 4;
    for (unsigned i = 0; i < 3; i++)
        size |= operand_bytes[insn->operand[i]][insn->opsize == 4];
    return size;
}
