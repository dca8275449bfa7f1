/* What decoders are compared on: sets of byte sequences. */
#ifndef UMBRA_TESTS_VERIFY_DECODE_SETS_H
#define UMBRA_TESTS_VERIFY_DECODE_SETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emulate/cpu/insn.h"

/*
 * Is given INSN_MAX_LENGTH bytes, the code size, and how far the set is (0 to 1). Returns how many
 * bytes a linear sweep goes on by, at least 1.
 */
typedef unsigned (*visit_bytes)(void *context, const uint8_t *bytes, bool code32, double share);

/* How many of a set are visited: each, or every n-th of the widest dimension. */
#define ALL_OF_SET 1

/* Every opcode of the primary, 0F, 0F38 and 0F3A maps with every ModRM byte, sampled SIB bytes and
 * sets of prefixes, as 16- and 32-bit code. */
void visit_maps(visit_bytes visit, void *context, unsigned step);

/* 3DNow!, VEX, XOP and EVEX: escapes with sampled payloads, every opcode, sampled ModRM bytes. */
void visit_vectors(visit_bytes visit, void *context, unsigned step);

/* Random bytes, prefixes more often than by chance. */
void visit_random(visit_bytes visit, void *context, unsigned count);

/* Linear sweep, as 32-bit code, of all executable sections of an ELF file. Returns false when the
 * file is not there or is no 32-bit ELF file with such a section. */
bool visit_elf(visit_bytes visit, void *context, const char *path);

#endif
