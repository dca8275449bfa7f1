/*
 * What every opcode is: the single source of opcode facts, for the decoder, the disassembler and
 * everyone who asks about operands.
 *
 * op_entry says what an encoding is (operation, operands, properties); op_facts what an operation
 * does wherever it is encoded; operand_kinds what an operand's name (enum operand) stands for.
 */
#ifndef UMBRA_EMULATE_CPU_OP_TABLE_H
#define UMBRA_EMULATE_CPU_OP_TABLE_H

#include <stdint.h>

#include "insn.h"

/* Mandatory prefixes (SDM vol. 2, 2.1.2): none, 66, F3, F2. F3 and F2 beat 66. */
enum op_form { FORM_NP, FORM_66, FORM_F3, FORM_F2, FORM_COUNT };

/* Groups: opcodes whose operation stands in ModRM.reg (SDM vol. 2, A.4). 0: not a group. */
enum op_group {
    GROUP_NONE,
    GROUP_1,
    GROUP_1A,
    GROUP_2,
    GROUP_3B,
    GROUP_3V,
    GROUP_4,
    GROUP_5,
    GROUP_6,
    GROUP_7,
    GROUP_8,
    GROUP_9,
    GROUP_11,
    GROUP_12,
    GROUP_12_66,
    GROUP_13,
    GROUP_13_66,
    GROUP_14,
    GROUP_14_66,
    GROUP_15,
    GROUP_15_LATER,
    GROUP_16,
    GROUP_P,
    GROUP_MOVLPS,
    GROUP_MOVHPS,
    GROUP_FROM_SREG,
    GROUP_TO_SREG,
    GROUP_D8, /* x87, memory forms: one for each of D8..DF */
    GROUP_D9,
    GROUP_DA,
    GROUP_DB,
    GROUP_DC,
    GROUP_DD,
    GROUP_DE,
    GROUP_DF,
    GROUP_COUNT
};

/* What an instruction does to an operand. An address alone (LEA) is neither read nor written. */
enum access { ACCESS_NONE, ACCESS_R, ACCESS_W, ACCESS_RW };
#define ACCESS_OF(a, b, c) ((a) | (b) << 2 | (c) << 4)
// clang-format off
/* The usual combinations, for first, second and third; M: modified, read and written. */
#define A_R    ACCESS_OF(ACCESS_R, 0, 0)
#define A_W    ACCESS_OF(ACCESS_W, 0, 0)
#define A_RW   ACCESS_OF(ACCESS_RW, 0, 0)
#define A_RR   ACCESS_OF(ACCESS_R, ACCESS_R, 0)
#define A_WR   ACCESS_OF(ACCESS_W, ACCESS_R, 0)
#define A_MR   ACCESS_OF(ACCESS_RW, ACCESS_R, 0)
#define A_MM   ACCESS_OF(ACCESS_RW, ACCESS_RW, 0)
#define A_WRR  ACCESS_OF(ACCESS_W, ACCESS_R, ACCESS_R)
#define A_MRR  ACCESS_OF(ACCESS_RW, ACCESS_R, ACCESS_R)
#define A_NONE 0
// clang-format on

/*
 * One encoding. An all-zero entry is an invalid opcode. In a group entry, flags add to those of the
 * opcode, and operands and access are the opcode's where the entry gives none.
 */
struct op_entry {
    const char *name;   /* where the operation has none of its own (x87, MMX, SSE and later) */
    uint16_t flags;     /* INSN_*; INSN_INVALID and INSN_ABSENT follow from `op` */
    uint8_t op;         /* enum op */
    uint8_t group;      /* enum op_group */
    uint8_t operand[3]; /* enum operand */
    uint8_t access;     /* ACCESS_OF(); 0: that of the operation */
};

extern const struct op_entry op_primary[256];
/* Only opcodes with INSN_FORMS in [FORM_NP] have entries in the others. A form that does not exist
 * has the shape of [FORM_NP], and is invalid. */
extern const struct op_entry op_0f[FORM_COUNT][256];
/* [group][0: memory, 1: register][ModRM.reg] */
extern const struct op_entry op_groups[GROUP_COUNT][2][8];
/* x87 register forms: [opcode & 7][ModRM & 63] */
extern const struct op_entry op_x87_registers[8][64];

static inline enum op_form insn_form(const struct insn *insn)
{
    if (insn->rep)
        return insn->rep == 0xf3 ? FORM_F3 : FORM_F2;
    return insn->prefix_66 ? FORM_66 : FORM_NP;
}

/* Whether an entry of op_0f stands for anything. */
static inline bool op_entry_exists(const struct op_entry *entry)
{
    return entry->op != OP_INVALID || entry->group != GROUP_NONE;
}

/* The entry of an opcode of the 0F map behind these prefixes. */
static inline const struct op_entry *op_0f_entry(uint8_t opcode, enum op_form form)
{
    const struct op_entry *plain = &op_0f[FORM_NP][opcode];

    if (!(plain->flags & INSN_FORMS) || !op_entry_exists(&op_0f[form][opcode]))
        return plain;
    return &op_0f[form][opcode];
}

/* An opcode's own entry, or that of its group. */
static inline const struct op_entry *op_of_group(const struct op_entry *entry, uint8_t modrm)
{
    if (entry->group == GROUP_NONE)
        return entry;
    if (entry->group >= GROUP_D8 && modrm >= 0xc0)
        return &op_x87_registers[entry->group - GROUP_D8][modrm & 63];
    return &op_groups[entry->group][modrm >= 0xc0][modrm >> 3 & 7];
}

/* What an operation does. A flag that is written and undefined is so by the count of a shift. */
struct op_fact {
    const char *name;       /* mnemonic; a suffix or a condition may follow (insn_mnemonic()) */
    uint8_t access;         /* ACCESS_OF() its operands */
    uint32_t flags_read;    /* EFLAGS, for conditions all that any is made of */
    uint32_t flags_written; /* by the result, or to a constant */
    uint32_t flags_undefined;
};

extern const struct op_fact op_facts[];

/* Where an operand stands. */
enum operand_place {
    AT_NOWHERE,
    AT_RM,     /* register or memory by ModRM */
    AT_RM_REG, /* ModRM.rm as a register whatever mod says */
    AT_REG,    /* ModRM.reg */
    AT_OPCODE, /* low three bits of the opcode */
    AT_FIXED,  /* the register given in the table */
    AT_MOFFS,  /* memory at insn->disp */
    AT_SOURCE, /* string: seg:[E]SI */
    AT_DEST,   /* string: ES:[E]DI */
    AT_IMM,
    AT_IMM2,
    AT_ONE,
    AT_BRANCH, /* insn->imm from the next instruction on */
    AT_FAR,    /* insn->imm2 : insn->imm */
};

/* Kinds of registers; CLASS_V goes by the operand size. */
enum reg_class {
    CLASS_NONE,
    CLASS_8,
    CLASS_16,
    CLASS_32,
    CLASS_V,
    CLASS_SEG,
    CLASS_CR,
    CLASS_DR,
    CLASS_ST,
    CLASS_MMX,
    CLASS_XMM,
};

/* Bytes in a register of each class, CLASS_V aside. */
extern const uint8_t reg_class_bytes[];

/* How the immediate bytes of an operand are spelled. */
enum imm_kind {
    IMM_NONE,
    IMM_BYTE,
    IMM_BYTE_SIGNED,
    IMM_BYTE_SECOND,
    IMM_WORD,
    IMM_FULL, /* by operand size */
    IMM_FULL_SIGNED,
    IMM_FAR,
    IMM_OFFSET, /* moffs: by address size */
};

struct operand_kind {
    uint8_t place;     /* enum operand_place */
    uint8_t class;     /* enum reg_class: what it is as a register */
    uint8_t reg;       /* AT_FIXED */
    uint8_t imm;       /* enum imm_kind */
    uint16_t bytes[2]; /* in memory, or as an immediate: operand size 16, operand size 32 */
};

extern const struct operand_kind operand_kinds[OPERAND_COUNT];

/* The opcode's entry (not that of its group); NULL in maps that are measured for length alone. */
const struct op_entry *insn_entry(const struct insn *insn);

/* What the instruction does to its n-th operand. */
enum access insn_access(const struct insn *insn, unsigned n);

/*
 * Bytes that a decoded instruction's ModRM memory operand takes, 0 when it has none or (M) only its
 * address counts. CMPXCHG8B: 8; BT and its kin: the operand size, whatever their offset reaches.
 */
unsigned insn_mem_size(const struct insn *insn);

/* EFLAGS that the instruction reads: of a condition those that it is made of. */
uint32_t insn_flags_read(const struct insn *insn);

/* Whether the instruction writes its ModRM memory operand. */
bool insn_writes_mem(const struct insn *insn);

#endif
