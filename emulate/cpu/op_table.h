/*
 * The opcode map: the single source of what each opcode is. The decoder reads it, nobody else needs
 * to.
 */
#ifndef UMBRA_EMULATE_CPU_OP_TABLE_H
#define UMBRA_EMULATE_CPU_OP_TABLE_H

#include <stdint.h>

#include "insn.h"

/*
 * Mandatory prefixes (SDM vol. 2, 2.1.2): the same opcode is another instruction, or none, behind
 * 66, F3 or F2. A bit for each form; F3 and F2 beat 66.
 */
#define FORM_NP 1u
#define FORM_66 2u
#define FORM_F3 4u
#define FORM_F2 8u

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
    GROUP_13,
    GROUP_14,
    GROUP_15,
    GROUP_16,
    GROUP_P,
    GROUP_FROM_SREG,
    GROUP_TO_SREG,
    GROUP_D8, /* x87: one for each of D8..DF */
    GROUP_D9,
    GROUP_DA,
    GROUP_DB,
    GROUP_DC,
    GROUP_DD,
    GROUP_DE,
    GROUP_DF,
    GROUP_COUNT
};

/*
 * One opcode. An all-zero entry is an invalid opcode. In a group entry, flags add to those of the
 * opcode, and operands and forms are the opcode's where the entry gives none.
 */
struct op_entry {
    uint8_t op;         /* enum op */
    uint8_t operand[3]; /* enum operand */
    uint16_t flags;     /* INSN_*; INSN_INVALID and INSN_ABSENT follow from `op` */
    /*
     * FORM_* that a Pentium III has, and << 4 those that came later; 0: any. A form in both halves
     * is another instruction on newer processors: sensitive.
     */
    uint8_t forms;
    uint8_t group; /* enum op_group */
};

extern const struct op_entry op_primary[256];
extern const struct op_entry op_0f[256];
/* [group][0: memory, 1: register][ModRM.reg] */
extern const struct op_entry op_groups[GROUP_COUNT][2][8];
/* x87 register forms that exist: [opcode & 7][ModRM.reg], a bit for each ModRM.rm. */
extern const uint8_t op_x87_registers[8][8];

/*
 * Bytes that a decoded instruction's ModRM memory operand takes, 0 when it has none or (M) only its
 * address counts. CMPXCHG8B: 8; BT and its kin: the operand size, whatever their offset reaches.
 */
unsigned insn_mem_size(const struct insn *insn);

#endif
