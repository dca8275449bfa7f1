/* Moving an instruction's memory operand elsewhere, so that it can run on a real processor. */
#ifndef UMBRA_EMULATE_CPU_RELOCATE_H
#define UMBRA_EMULATE_CPU_RELOCATE_H

#include "insn.h"

/*
 * Writes to `out` the instruction that does to flat 32-bit `address`, in 32-bit code, what `insn`
 * does to its memory operand wherever that is and in code of either size: prefixes are given once
 * and only where they count, ModRM names the absolute address. MASKMOVQ, whose operand ModRM does
 * not name, needs EDI set to the address. For opcodes of the one-byte and the 0F map. Returns the
 * number of bytes, at most INSN_MAX_LENGTH.
 */
unsigned insn_relocate(const struct insn *insn, uint32_t address, uint8_t *out);

#endif
