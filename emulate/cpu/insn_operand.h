/*
 * The operands of a decoded instruction, spelled out: which register, which address, which value,
 * how long, read or written. For disassembly, tracing and tests; derived from the opcode table when
 * asked for, so that struct insn stays small.
 */
#ifndef UMBRA_EMULATE_CPU_INSN_OPERAND_H
#define UMBRA_EMULATE_CPU_INSN_OPERAND_H

#include "insn.h"
#include "op_table.h"

enum operand_form {
    IS_REG,
    IS_MEM,
    IS_IMM,
    IS_BRANCH, /* value is the distance from the next instruction */
    IS_FAR,    /* selector : value */
};

#define REG_NONE 0xff

struct insn_operand {
    uint8_t form;      /* enum operand_form */
    uint8_t access;    /* enum access */
    uint16_t size;     /* bytes; 0: only the address counts */
    uint8_t reg_class; /* IS_REG: enum reg_class, never CLASS_V */
    uint8_t reg;       /* IS_REG: its number */
    /* IS_MEM; base and index are general registers of the address size, or REG_NONE */
    uint8_t seg; /* enum seg_reg, as it applies: the override's or the default */
    uint8_t base, index, scale;
    uint32_t disp;     /* cut to the address size */
    uint32_t value;    /* IS_IMM, extended to `size`; IS_BRANCH, sign-extended; IS_FAR */
    uint16_t selector; /* IS_FAR */
};

/*
 * Spells out the explicit operands of `insn` in Intel's order, string operands included, but not
 * those that an operation implies (the stack of PUSH, EDX:EAX of MUL). Returns how many, 0 to 3.
 */
unsigned insn_operands(const struct insn *insn, struct insn_operand operands[3]);

/* Where a branch (IS_BRANCH) of an instruction at `eip` leads: EIP, cut by the operand size. */
uint32_t insn_branch_target(const struct insn *insn, uint32_t eip);

#endif
