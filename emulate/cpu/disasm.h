/* A decoded instruction as text, in Intel's syntax: for traces and debuggers. */
#ifndef UMBRA_EMULATE_CPU_DISASM_H
#define UMBRA_EMULATE_CPU_DISASM_H

#include <stddef.h>
#include <stdint.h>

#include "insn.h"

/* Any instruction fits, its terminating 0 included. */
#define DISASM_MAX 96

/*
 * Writes the instruction at `eip` (its offset in the code segment: where branches lead to) into
 * text, at most `size` bytes, always terminated when size > 0. What is no instruction of a Pentium
 * III reads "(bad)".
 */
void insn_disassemble(const struct insn *insn, uint32_t eip, char *text, size_t size);

/*
 * Writes the mnemonic alone, in the same way; an empty text for what is no instruction and for
 * those that are measured for length alone.
 */
void insn_mnemonic(const struct insn *insn, char *text, size_t size);

#endif
