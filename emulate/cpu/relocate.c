#include "relocate.h"

#include <string.h>

#define PREFIX_LOCK    0xf0
#define PREFIX_OPSIZE  0x66
#define ESCAPE_0F      0x0f
#define MODRM_ABSOLUTE 5u /* mod 0, rm 5: a 32-bit displacement alone */

/*
 * Behind 0F a prefix 66 is part of an MMX or SSE opcode, FXSAVE and FXRSTOR do not have it at all;
 * elsewhere it turns the size of the code.
 */
static bool has_opsize_prefix(const struct insn *insn)
{
    if (insn->op == OP_FXSAVE || insn->op == OP_FXRSTOR)
        return false;
    return insn->flags & (INSN_MMX | INSN_SSE) ? insn->prefix_66 : insn->opsize == 2;
}

unsigned insn_relocate(const struct insn *insn, uint32_t address, uint8_t *out)
{
    unsigned rest = insn->opcode_at + 1u;
    unsigned n = 0;

    if (insn->lock)
        out[n++] = PREFIX_LOCK;
    if (insn->rep)
        out[n++] = insn->rep;
    if (has_opsize_prefix(insn))
        out[n++] = PREFIX_OPSIZE;
    if (insn->map == MAP_0F)
        out[n++] = ESCAPE_0F;
    out[n++] = insn->opcode;
    if (insn_has_mem(insn)) {
        out[n++] = (uint8_t)((insn->modrm & 0x38u) | MODRM_ABSOLUTE);
        memcpy(out + n, &address, sizeof(address));
        n += sizeof(address);
        rest = insn->length - insn->imm_size;
    }
    memcpy(out + n, insn->bytes + rest, insn->length - rest);
    return n + insn->length - rest;
}
