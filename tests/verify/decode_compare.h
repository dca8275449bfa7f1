/*
 * Comparing a decoding of ours with another decoder's, aspect by aspect. What differs on purpose
 * stands in a table of each comparer, with the words that decide it.
 */
#ifndef UMBRA_TESTS_VERIFY_DECODE_COMPARE_H
#define UMBRA_TESTS_VERIFY_DECODE_COMPARE_H

#include <stddef.h>

#include "emulate/cpu/insn_operand.h"

#define WINDOW INSN_MAX_LENGTH
/* Where compared instructions stand: for targets of branches. */
#define COMPARE_EIP 0x00401234u

/* In what decodings can differ. */
#define DIFF_EXISTS    0x001u
#define DIFF_LENGTH    0x002u
#define DIFF_OPERATION 0x004u
#define DIFF_COUNT     0x008u /* how many operands */
#define DIFF_OPERAND   0x010u /* which register, address or value */
#define DIFF_SIZE      0x020u /* how long in memory */
#define DIFF_ACCESS    0x040u
#define DIFF_EFLAGS    0x080u
#define DIFF_LOCK      0x100u
#define DIFF_PRIVILEGE 0x200u
#define DIFF_ALL       0x3ffu

/* What another decoder says. */
struct other {
    bool exists;
    bool pentium3; /* exists on a Pentium III, as far as the other knows */
    unsigned length;
    char name[32];    /* as ours names it: insn_mnemonic() */
    unsigned unknown; /* DIFF_* that it does not tell */
    bool lockable, privileged;
    uint32_t flags_read, flags_written, flags_undefined; /* of EFLAGS_STATUS and DF */
    unsigned count;
    struct insn_operand operands[6]; /* seg is REG_NONE where it does not tell */
};

/* One deliberate difference: which instructions it holds for, in what, and why. */
struct difference {
    uint8_t map;                           /* enum insn_map, or ANY_MAP */
    uint8_t first, last;                   /* opcodes */
    uint8_t regs;                          /* ModRM.reg, a bit each; 0: any */
    uint8_t mods;                          /* MEM_FORM, REG_FORM; 0: both */
    uint8_t forms;                         /* 1 << enum op_form; 0: any */
    bool (*when)(const struct insn *insn); /* NULL: always */
    uint16_t aspects;                      /* DIFF_* */
    const char *why;
    uint64_t seen;
};

#define ANY_MAP  0xff
#define MEM_FORM 1
#define REG_FORM 2

struct comparer {
    const char *name;
    void (*decode)(const uint8_t bytes[WINDOW], bool code32, struct other *other);
    struct difference *differences;
    size_t difference_count;
};

extern struct comparer compare_zydis, compare_capstone;

enum verdict {
    NOT_COMPARED, /* the other refuses what does not exist for us, or cannot tell */
    SAME,
    SAME_LENGTH, /* measured for length alone */
    LISTED,
    DIFFERENT,
};

/*
 * Decodes the bytes on both sides and compares. For DIFFERENT, `text` says what and how. Returns
 * our length in *length, 0 if the bytes do not decode.
 */
enum verdict compare_decodings(struct comparer *comparer, const uint8_t bytes[WINDOW], bool code32,
                               unsigned *length, char *text, size_t size);

#endif
