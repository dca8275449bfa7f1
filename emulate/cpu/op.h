/*
 * What an instruction does (enum op) and what it works on (enum operand), as the opcode table in
 * op_table.c names them.
 *
 * Groups are resolved: 81 /5 is OP_SUB, D3 /4 is OP_SHL (and /6 its alias), F7 /3 is OP_NEG. One
 * operation keeps one name whatever its operands: OP_ADD is 00..05 and 80..83 /0 alike, so that a
 * handler does read_operand_rmw(x, 0), read_operand(x, 1), write_operand(x, 0) and never looks at
 * the opcode. Operands stand in Intel's order, destination first; unused ones are OPERAND_NONE.
 *
 * Immediates are in insn->imm, extended to 32 bits as the operation wants them: 83 /r, 6A and 6B
 * sign-extend their byte (sIb), all other bytes are zero-extended (Ib). Branch displacements (Jb,
 * Jz) are sign-extended. Where an instruction has two, the second is in insn->imm2: the selector of
 * Ap, the nesting level of ENTER. moffs (Ob, Ov) keep their address in insn->disp.
 *
 * The condition of OP_JCC, OP_SETCC and OP_CMOVCC is insn->opcode & 15.
 *
 * x87, MMX and SSE instructions are told apart by name alone (insn_mnemonic(), op_table.h): a real
 * processor computes them. What an operand is, how long, read or written: insn_operands().
 */
#ifndef UMBRA_EMULATE_CPU_OP_H
#define UMBRA_EMULATE_CPU_OP_H

// clang-format off
/* The operations, as X(name): one per line of meaning, grouped as the SDM groups them. */
#define OP_LIST(X)                                                                                 \
    /* no such opcode; present on newer processors only */                                         \
    X(INVALID) X(ABSENT)                                                                           \
    /* 0F 0B, 0F B9, 0F FF: #UD by definition */                                                   \
    X(UD)                                                                                          \
    /* arithmetic and logic */                                                                     \
    X(ADD) X(OR) X(ADC) X(SBB) X(AND) X(SUB) X(XOR) X(CMP) X(TEST) X(NOT) X(NEG) X(INC) X(DEC)     \
    X(TEST_ALIAS) /* F6 /1 and F7 /1: TEST again, but not to every machine */                      \
    X(MUL) X(IMUL1) /* one operand */ X(IMUL) /* two or three operands */ X(DIV) X(IDIV)           \
    X(CBW) X(CWD) /* CWDE and CDQ too, by operand size */                                          \
    /* decimal */                                                                                  \
    X(DAA) X(DAS) X(AAA) X(AAS) X(AAM) X(AAD)                                                      \
    /* shifts and bits */                                                                          \
    X(ROL) X(ROR) X(RCL) X(RCR) X(SHL) X(SHR) X(SAR) X(SHLD) X(SHRD)                               \
    X(BT) X(BTS) X(BTR) X(BTC) X(BSF) X(BSR) X(BSWAP)                                              \
    /* moves */                                                                                    \
    X(MOV) X(MOVZX) X(MOVSX) X(LEA) X(XCHG) X(CMPXCHG) X(CMPXCHG8B) X(XADD) X(XLAT)                \
    X(CMOVCC) X(SETCC)                                                                             \
    X(NOP) /* 90 and PAUSE */ X(NOP_MODRM) /* 0F 19..1F */ X(PREFETCH)                             \
    /* flags */                                                                                    \
    X(CLC) X(STC) X(CMC) X(CLD) X(STD) X(LAHF) X(SAHF) X(SALC)                                     \
    /* stack */                                                                                    \
    X(PUSH) X(POP) X(PUSHA) X(POPA) X(PUSHF) X(POPF) X(ENTER) X(LEAVE)                             \
    /* strings */                                                                                  \
    X(MOVS) X(CMPS) X(STOS) X(LODS) X(SCAS) X(INS) X(OUTS)                                         \
    /* near transfers; _IND: through a register or memory */                                       \
    X(JMP) X(JMP_IND) X(JCC) X(LOOP) X(LOOPE) X(LOOPNE) X(JCXZ) X(CALL) X(CALL_IND) X(RET)         \
    /* far transfers */                                                                            \
    X(JMP_FAR) X(JMP_FAR_IND) X(CALL_FAR) X(CALL_FAR_IND) X(RET_FAR) X(IRET)                       \
    X(INT) X(INT3) X(INTO) X(ICEBP) X(BOUND)                                                       \
    X(SYSENTER) X(SYSEXIT) X(SYSCALL) X(SYSRET) X(RSM)                                             \
    /* segments */                                                                                 \
    X(MOV_FROM_SREG) X(MOV_TO_SREG) X(PUSH_SREG) X(POP_SREG)                                       \
    X(LDS) X(LES) X(LFS) X(LGS) X(LSS) X(ARPL) X(LAR) X(LSL) X(VERR) X(VERW)                       \
    /* system registers */                                                                         \
    X(SGDT) X(SIDT) X(SLDT) X(STR) X(SMSW) X(LGDT) X(LIDT) X(LLDT) X(LTR) X(LMSW) X(CLTS)          \
    X(MOV_FROM_CR) X(MOV_TO_CR) X(MOV_FROM_DR) X(MOV_TO_DR) X(INVLPG) X(INVD) X(WBINVD)            \
    X(RDMSR) X(WRMSR) X(RDTSC) X(RDPMC) X(CPUID)                                                   \
    /* input, output, interrupts */                                                                \
    X(IN) X(OUT) X(CLI) X(STI) X(HLT)                                                              \
    /* x87, MMX, SSE */                                                                            \
    X(X87) /* all but the following */ X(FCOMI) X(FCMOV) X(FWAIT) X(FNSTENV) X(FNSAVE)             \
    X(FLDENV) X(FRSTOR)                                                                            \
    X(MMX) X(SSE) X(COMIS) X(MASKMOVQ) /* stores to DS:EDI */                                      \
    X(FXSAVE) X(FXRSTOR) X(LDMXCSR) X(STMXCSR) X(SFENCE) X(LFENCE)
// clang-format on

#define OP_ENUM(name) OP_##name,
enum op { OP_LIST(OP_ENUM) OP_COUNT };
#undef OP_ENUM

/*
 * Operands, named as the opcode map of SDM vol. 2, appendix A names them: a letter for where it is,
 * a letter for how long it is (b 8, w 16, d 32, q 64, dq 128 bits, v by operand size).
 */
enum operand {
    OPERAND_NONE,
    /* ModRM.rm: register or memory */
    OPERAND_Eb,
    OPERAND_Ew,
    OPERAND_Ed,
    OPERAND_Ev,
    OPERAND_MwRv, /* 16 bits in memory, a whole register otherwise: MOV r/m,sreg SLDT STR SMSW */
    OPERAND_MwRd, /* 16 bits in memory, 32 in a register: PINSRW */
    /* ModRM.reg */
    OPERAND_Gb,
    OPERAND_Gw,
    OPERAND_Gd,
    OPERAND_Gv,
    /* immediates */
    OPERAND_Ib,  /* a byte as it is */
    OPERAND_sIb, /* a byte sign-extended to the operand size */
    OPERAND_Iw,
    OPERAND_Iz,  /* by operand size */
    OPERAND_Ib2, /* second immediate byte, in imm2 */
    OPERAND_Jb,  /* next EIP + imm */
    OPERAND_Jz,
    OPERAND_Ap, /* far pointer: selector imm2, offset imm */
    /* memory at insn->disp (moffs) */
    OPERAND_Ob,
    OPERAND_Ov,
    /* ModRM.rm, memory only */
    OPERAND_M,  /* the address alone: LEA, INVLPG, prefetches */
    OPERAND_Ma, /* BOUND: two signed values of the operand size */
    OPERAND_Mp, /* far pointer: offset of the operand size, then the selector */
    OPERAND_Ms, /* 6 bytes: limit and base of a descriptor table */
    OPERAND_Mw,
    OPERAND_Md,
    OPERAND_Mq,
    OPERAND_Mt, /* 80 bits */
    OPERAND_Mdq,
    OPERAND_Menv,    /* x87 environment: 14 or 28 bytes by operand size */
    OPERAND_Mstate,  /* x87 state: 94 or 108 bytes by operand size */
    OPERAND_Mfxsave, /* 512 bytes */
    /* special registers in ModRM.reg, and the general register in ModRM.rm whatever mod says */
    OPERAND_Sw,
    OPERAND_Cd,
    OPERAND_Dd,
    OPERAND_Rd,
    /* general register in the low three bits of the opcode */
    OPERAND_Zb,
    OPERAND_Zv,
    /* fixed */
    OPERAND_one,
    OPERAND_AL,
    OPERAND_CL,
    OPERAND_AX,
    OPERAND_DX,
    OPERAND_eAX, /* AX or EAX by operand size */
    OPERAND_ES,  /* in the order of enum seg_reg */
    OPERAND_CS,
    OPERAND_SS,
    OPERAND_DS,
    OPERAND_FS,
    OPERAND_GS,
    /* strings: seg:[E]SI and ES:[E]DI */
    OPERAND_Xb,
    OPERAND_Xv,
    OPERAND_Yb,
    OPERAND_Yv,
    /* x87: the stack's top, and the register in ModRM.rm */
    OPERAND_ST0,
    OPERAND_STi,
    /* MMX: ModRM.reg; ModRM.rm register or 64 or 32 bits of memory; ModRM.rm register only */
    OPERAND_Pq,
    OPERAND_Qq,
    OPERAND_Qd,
    OPERAND_Nq,
    /* SSE: ModRM.reg; ModRM.rm register or memory; ModRM.rm register only */
    OPERAND_Vdq,
    OPERAND_Wdq,
    OPERAND_Wq,
    OPERAND_Wd,
    OPERAND_Udq,
    OPERAND_COUNT
};

/* The Intel mnemonic of an operation (enum op), in capitals; "?" when out of range. */
const char *op_name(unsigned op);

#endif
