/*
 * A decoded instruction. Filled by insn_decode() from bytes alone: the same bytes and code size
 * always give the same struct insn.
 */
#ifndef UMBRA_EMULATE_CPU_INSN_H
#define UMBRA_EMULATE_CPU_INSN_H

#include <stdbool.h>
#include <stdint.h>

#include "op.h"

#define INSN_MAX_LENGTH 15

/* Opcode maps, named by their escape bytes. */
enum insn_map { MAP_PRIMARY, MAP_0F, MAP_0F38, MAP_0F3A, MAP_3DNOW, MAP_VEX };

// clang-format off
/* Properties of an operation, from the opcode table. */
#define INSN_SENSITIVE  0x0001u /* must not run natively in kernel mode: traps, reads or writes
                                   privileged state without a trap, or is another operation on
                                   newer processors (LZCNT, TZCNT) */
#define INSN_PRIVILEGED 0x0002u /* #GP(0) when CPL > 0 */
#define INSN_IO         0x0004u /* checked against IOPL and the I/O bitmap */
#define INSN_REL        0x0008u /* branch to next + imm (direct) */
#define INSN_INDIRECT   0x0010u /* branch to an address from a register, memory or the stack */
#define INSN_STOP       0x0020u /* never falls through (JMP, RET, IRET, UD2; not CALL, INT) */
#define INSN_X87        0x0040u
#define INSN_MMX        0x0080u
#define INSN_SSE        0x0100u
#define INSN_ABSENT     0x0200u /* #UD on the virtual CPU (a Pentium III), but not on newer ones */
#define INSN_INVALID    0x0400u /* no such opcode: #UD on every processor of this kind */
#define INSN_LOCKABLE   0x0800u /* LOCK is legal with a memory destination */
#define INSN_STRING     0x1000u /* REP repeats it */
#define INSN_MODRM      0x2000u
#define INSN_FORMS      0x4000u /* another instruction, or none, behind 66, F3 and F2 */
// clang-format on

struct insn {
    uint8_t length; /* bytes, 1..15, prefixes included */
    uint8_t map;    /* enum insn_map */
    uint8_t opcode; /* last opcode byte */
    uint8_t modrm;  /* mod reads 3 where the operation ignores it (MOV CR, MOV DR) */
    uint8_t sib;
    uint8_t opcode_at; /* offset of the opcode byte (after prefixes and escapes) */
    uint8_t modrm_at;  /* offset of the ModRM byte; 0 when there is none */
    uint8_t disp_size; /* 0, 1, 2 or 4 bytes */
    uint8_t imm_size;  /* all immediate bytes */
    uint8_t opsize;    /* 2 or 4 */
    uint8_t adsize;    /* 2 or 4 */
    uint8_t seg;       /* segment override: enum seg_reg or SEG_NONE */
    bool lock;
    uint8_t rep;        /* 0, 0xf2 or 0xf3: the last one given */
    bool prefix_66;     /* as given, whatever it means here */
    uint16_t flags;     /* INSN_* */
    uint16_t op;        /* enum op */
    uint8_t operand[3]; /* enum operand, in Intel's order (destination first); OPERAND_NONE ends */
    int32_t disp;       /* sign-extended; moffs addresses too */
    uint32_t imm;       /* sign- or zero-extended as the operation wants it */
    uint32_t imm2;      /* far pointers: selector; ENTER: nesting level */
    uint8_t bytes[INSN_MAX_LENGTH];
};

enum decode_status {
    DECODE_OK,       /* *insn is filled; INSN_INVALID in flags when there is no such opcode */
    DECODE_NEED,     /* bytes ran out: at least one more is needed */
    DECODE_TOO_LONG, /* more than 15 bytes: #GP(0) */
};

/*
 * Decodes one instruction from `avail` bytes at `bytes`, in code whose CS.D says 32 bit or 16 bit.
 * For DECODE_OK insn->length bytes were used. Never reads past `avail` or past 15 bytes.
 */
enum decode_status insn_decode(const uint8_t *bytes, unsigned avail, bool code32,
                               struct insn *insn);

static inline unsigned insn_mod(const struct insn *insn)
{
    return insn->modrm >> 6;
}

static inline unsigned insn_reg(const struct insn *insn)
{
    return (insn->modrm >> 3) & 7u;
}

static inline unsigned insn_rm(const struct insn *insn)
{
    return insn->modrm & 7u;
}

/*
 * True when the instruction may run natively in guest-kernel mode: it exists on the virtual CPU,
 * does there what it does on the real one, and neither reads nor writes privileged state.
 */
static inline bool insn_harmless(const struct insn *insn)
{
    return !(insn->flags &
             (INSN_SENSITIVE | INSN_PRIVILEGED | INSN_IO | INSN_ABSENT | INSN_INVALID));
}

static inline bool insn_has_mem(const struct insn *insn)
{
    return (insn->flags & INSN_MODRM) && insn_mod(insn) != 3;
}

#endif
