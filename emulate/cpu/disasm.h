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

/* The mnemonic of an x87, MMX or SSE instruction; NULL for all others. */
const char *disasm_fpu_mnemonic(const struct insn *insn);

#endif
