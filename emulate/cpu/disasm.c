#include "disasm.h"

#include <string.h>

#include "cpu.h"
#include "op_table.h"

/* --- mnemonics ---------------------------------------------------------------------------------
 */

/* What is appended to a name. */
enum suffix {
    SUFFIX_NONE,
    SUFFIX_CC,     /* the condition */
    SUFFIX_STRING, /* b, w or d */
    SUFFIX_D,      /* d with a 32-bit operand size */
};

// clang-format off
/* Operations whose name is not simply that of enum op in lower case. */
static const struct {
    const char *name;
    uint8_t suffix;
} names[OP_COUNT] = {
    [OP_IMUL1] = {"imul", 0}, [OP_JMP_IND] = {"jmp", 0}, [OP_CALL_IND] = {"call", 0},
    [OP_JMP_FAR] = {"jmp far", 0}, [OP_JMP_FAR_IND] = {"jmp far", 0},
    [OP_CALL_FAR] = {"call far", 0}, [OP_CALL_FAR_IND] = {"call far", 0},
    [OP_RET_FAR] = {"ret far", 0}, [OP_ICEBP] = {"int1", 0}, [OP_XLAT] = {"xlat", 0},
    [OP_MOV_FROM_SREG] = {"mov", 0}, [OP_MOV_TO_SREG] = {"mov", 0},
    [OP_PUSH_SREG] = {"push", 0}, [OP_POP_SREG] = {"pop", 0},
    [OP_MOV_FROM_CR] = {"mov", 0}, [OP_MOV_TO_CR] = {"mov", 0},
    [OP_MOV_FROM_DR] = {"mov", 0}, [OP_MOV_TO_DR] = {"mov", 0}, [OP_NOP_MODRM] = {"nop", 0},
    [OP_JCC] = {"j", SUFFIX_CC}, [OP_SETCC] = {"set", SUFFIX_CC}, [OP_CMOVCC] = {"cmov", SUFFIX_CC},
    [OP_MOVS] = {"movs", SUFFIX_STRING}, [OP_CMPS] = {"cmps", SUFFIX_STRING},
    [OP_STOS] = {"stos", SUFFIX_STRING}, [OP_LODS] = {"lods", SUFFIX_STRING},
    [OP_SCAS] = {"scas", SUFFIX_STRING}, [OP_INS] = {"ins", SUFFIX_STRING},
    [OP_OUTS] = {"outs", SUFFIX_STRING},
    [OP_PUSHA] = {"pusha", SUFFIX_D}, [OP_POPA] = {"popa", SUFFIX_D},
    [OP_PUSHF] = {"pushf", SUFFIX_D}, [OP_POPF] = {"popf", SUFFIX_D},
    [OP_IRET] = {"iret", SUFFIX_D},
};
// clang-format on

static const char *const conditions[16] = {"o", "no", "b", "nb", "z", "nz", "be", "nbe",
                                           "s", "ns", "p", "np", "l", "nl", "le", "nle"};

struct writer {
    const struct insn *insn;
    uint32_t next; /* EIP behind the instruction */
    char *text;
    size_t size, at;
};

static void put_char(struct writer *w, char c)
{
    if (w->at + 1 < w->size)
        w->text[w->at++] = c;
}

static void put(struct writer *w, const char *text)
{
    for (; *text; text++)
        put_char(w, *text);
}

static void put_lower(struct writer *w, const char *text)
{
    for (; *text; text++)
        put_char(w, *text >= 'A' && *text <= 'Z' ? (char)(*text + 32) : *text);
}

static void put_hex(struct writer *w, uint32_t value)
{
    int shift = 28;
    while (shift > 0 && !(value >> shift))
        shift -= 4;
    put(w, "0x");
    for (; shift >= 0; shift -= 4)
        put_char(w, "0123456789abcdef"[value >> shift & 15]);
}

static bool is_byte_string(const struct insn *insn)
{
    return !(insn->opcode & 1);
}

static void put_prefixes(struct writer *w)
{
    const struct insn *insn = w->insn;
    bool compares = insn->op == OP_CMPS || insn->op == OP_SCAS;
    if (insn->lock)
        put(w, "lock ");
    if (insn->rep && (insn->flags & INSN_STRING))
        put(w, !compares ? "rep " : insn->rep == 0xf3 ? "repe " : "repne ");
}

/* Operations whose name depends on a size or an opcode, in ways of their own. */
static const char *special_name(const struct insn *insn)
{
    static const char *const prefetch[8] = {"prefetchnta", "prefetcht0", "prefetcht1",
                                            "prefetcht2"};
    switch (insn->op) {
    case OP_CBW:
        return insn->opsize == 4 ? "cwde" : "cbw";
    case OP_CWD:
        return insn->opsize == 4 ? "cdq" : "cwd";
    case OP_JCXZ:
        return insn->adsize == 4 ? "jecxz" : "jcxz";
    case OP_UD:
        return insn->opcode == 0x0b ? "ud2" : insn->opcode == 0xb9 ? "ud1" : "ud0";
    case OP_NOP:
        return insn->rep == 0xf3 ? "pause" : "nop";
    case OP_PREFETCH:
        return insn->opcode == 0x18 ? prefetch[insn_reg(insn)] : "prefetch";
    default:
        return disasm_fpu_mnemonic(insn);
    }
}

static void put_mnemonic(struct writer *w)
{
    const struct insn *insn = w->insn;
    const char *special = special_name(insn);
    if (special) {
        put(w, special);
        return;
    }
    if (!names[insn->op].name)
        put_lower(w, op_name(insn->op));
    else
        put(w, names[insn->op].name);
    if (names[insn->op].suffix == SUFFIX_CC)
        put(w, conditions[insn->opcode & 15]);
    else if (names[insn->op].suffix == SUFFIX_STRING)
        put_char(w, is_byte_string(insn) ? 'b' : insn->opsize == 4 ? 'd' : 'w');
    else if (names[insn->op].suffix == SUFFIX_D && insn->opsize == 4)
        put_char(w, 'd');
}

/* --- operands ----------------------------------------------------------------------------------
 */

enum kind {
    KIND_NONE,
    KIND_RM,     /* ModRM.rm */
    KIND_REG,    /* ModRM.reg */
    KIND_RM_REG, /* ModRM.rm, always a register */
    KIND_OPCODE, /* the opcode's low bits */
    KIND_IMM,    /* as wide as it counts */
    KIND_IMM2,   /* the second one */
    KIND_BRANCH,
    KIND_FAR,
    KIND_OFFSET, /* moffs */
    KIND_SREG,
    KIND_CR,
    KIND_DR,
    KIND_FIXED, /* text */
    KIND_ACCUMULATOR,
};

/* Sizes of registers; SIZE_V goes by the operand size. */
enum size { SIZE_V, SIZE_8, SIZE_16, SIZE_32, SIZE_MMX, SIZE_SSE };

// clang-format off
static const struct {
    uint8_t kind, size;
    const char *text;
} operands[OPERAND_COUNT] = {
    [OPERAND_Eb] = {KIND_RM, SIZE_8, NULL}, [OPERAND_Ew] = {KIND_RM, SIZE_16, NULL},
    [OPERAND_Ed] = {KIND_RM, SIZE_32, NULL}, [OPERAND_Ev] = {KIND_RM, SIZE_V, NULL},
    [OPERAND_MwRv] = {KIND_RM, SIZE_V, NULL},
    [OPERAND_Gb] = {KIND_REG, SIZE_8, NULL}, [OPERAND_Gw] = {KIND_REG, SIZE_16, NULL},
    [OPERAND_Gd] = {KIND_REG, SIZE_32, NULL}, [OPERAND_Gv] = {KIND_REG, SIZE_V, NULL},
    [OPERAND_Ib] = {KIND_IMM, SIZE_8, NULL}, [OPERAND_sIb] = {KIND_IMM, SIZE_V, NULL},
    [OPERAND_Iw] = {KIND_IMM, SIZE_16, NULL}, [OPERAND_Iz] = {KIND_IMM, SIZE_V, NULL},
    [OPERAND_Ib2] = {KIND_IMM2, SIZE_8, NULL},
    [OPERAND_Jb] = {KIND_BRANCH, SIZE_V, NULL}, [OPERAND_Jz] = {KIND_BRANCH, SIZE_V, NULL},
    [OPERAND_Ap] = {KIND_FAR, SIZE_V, NULL},
    [OPERAND_Ob] = {KIND_OFFSET, SIZE_8, NULL}, [OPERAND_Ov] = {KIND_OFFSET, SIZE_V, NULL},
    [OPERAND_M] = {KIND_RM, SIZE_V, NULL}, [OPERAND_Ma] = {KIND_RM, SIZE_V, NULL},
    [OPERAND_Mp] = {KIND_RM, SIZE_V, NULL}, [OPERAND_Ms] = {KIND_RM, SIZE_V, NULL},
    [OPERAND_Mw] = {KIND_RM, SIZE_V, NULL}, [OPERAND_Md] = {KIND_RM, SIZE_V, NULL},
    [OPERAND_Mq] = {KIND_RM, SIZE_V, NULL}, [OPERAND_Mt] = {KIND_RM, SIZE_V, NULL},
    [OPERAND_Mdq] = {KIND_RM, SIZE_V, NULL}, [OPERAND_Menv] = {KIND_RM, SIZE_V, NULL},
    [OPERAND_Mstate] = {KIND_RM, SIZE_V, NULL}, [OPERAND_Mfxsave] = {KIND_RM, SIZE_V, NULL},
    [OPERAND_Sw] = {KIND_SREG, SIZE_16, NULL}, [OPERAND_Cd] = {KIND_CR, SIZE_32, NULL},
    [OPERAND_Dd] = {KIND_DR, SIZE_32, NULL}, [OPERAND_Rd] = {KIND_RM_REG, SIZE_32, NULL},
    [OPERAND_Zb] = {KIND_OPCODE, SIZE_8, NULL}, [OPERAND_Zv] = {KIND_OPCODE, SIZE_V, NULL},
    [OPERAND_one] = {KIND_FIXED, 0, "0x1"}, [OPERAND_AL] = {KIND_FIXED, 0, "al"},
    [OPERAND_CL] = {KIND_FIXED, 0, "cl"}, [OPERAND_AX] = {KIND_FIXED, 0, "ax"},
    [OPERAND_DX] = {KIND_FIXED, 0, "dx"}, [OPERAND_eAX] = {KIND_ACCUMULATOR, SIZE_V, NULL},
    [OPERAND_ES] = {KIND_FIXED, 0, "es"}, [OPERAND_CS] = {KIND_FIXED, 0, "cs"},
    [OPERAND_SS] = {KIND_FIXED, 0, "ss"}, [OPERAND_DS] = {KIND_FIXED, 0, "ds"},
    [OPERAND_FS] = {KIND_FIXED, 0, "fs"}, [OPERAND_GS] = {KIND_FIXED, 0, "gs"},
    [OPERAND_Pq] = {KIND_REG, SIZE_MMX, NULL}, [OPERAND_Qq] = {KIND_RM, SIZE_MMX, NULL},
    [OPERAND_Qd] = {KIND_RM, SIZE_MMX, NULL}, [OPERAND_Nq] = {KIND_RM_REG, SIZE_MMX, NULL},
    [OPERAND_Vdq] = {KIND_REG, SIZE_SSE, NULL}, [OPERAND_Wdq] = {KIND_RM, SIZE_SSE, NULL},
    [OPERAND_Wq] = {KIND_RM, SIZE_SSE, NULL}, [OPERAND_Wd] = {KIND_RM, SIZE_SSE, NULL},
    [OPERAND_Udq] = {KIND_RM_REG, SIZE_SSE, NULL},
};
// clang-format on

static const char *const words[8] = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
static const char *const bytes[8] = {"al", "cl", "dl", "bl", "ah", "ch", "dh", "bh"};
static const char *const segments[8] = {"es", "cs", "ss", "ds", "fs", "gs", "?", "?"};

static void put_numbered(struct writer *w, const char *name, unsigned number)
{
    put(w, name);
    put_char(w, (char)('0' + number));
}

static void put_register(struct writer *w, unsigned number, enum size size)
{
    if (size == SIZE_V)
        size = w->insn->opsize == 4 ? SIZE_32 : SIZE_16;
    if (size == SIZE_32)
        put_char(w, 'e');
    if (size == SIZE_MMX || size == SIZE_SSE)
        put_numbered(w, size == SIZE_MMX ? "mm" : "xmm", number);
    else
        put(w, size == SIZE_8 ? bytes[number] : words[number]);
}

static void put_memory_size(struct writer *w)
{
    static const struct {
        uint8_t bytes;
        const char *name;
    } sizes[] = {{1, "byte"},  {2, "word"},   {4, "dword"},   {6, "fword"},
                 {8, "qword"}, {10, "tbyte"}, {16, "xmmword"}};
    unsigned size = insn_mem_size(w->insn);
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        if (sizes[i].bytes == size) {
            put(w, sizes[i].name);
            put(w, " ptr ");
        }
    }
}

static void open_bracket(struct writer *w)
{
    if (w->insn->seg != SEG_NONE) {
        put(w, segments[w->insn->seg & 7]);
        put_char(w, ':');
    }
    put_char(w, '[');
}

static void put_displacement(struct writer *w, bool alone)
{
    int32_t disp = w->insn->disp;
    if (alone) {
        put_hex(w, (uint32_t)disp & (w->insn->adsize == 4 ? 0xffffffffu : 0xffffu));
    } else if (disp) {
        put_char(w, disp < 0 ? '-' : '+');
        put_hex(w, disp < 0 ? -(uint32_t)disp : (uint32_t)disp);
    }
}

static void put_address16(struct writer *w)
{
    static const char *const bases[8] = {"bx+si", "bx+di", "bp+si", "bp+di",
                                         "si",    "di",    "bp",    "bx"};
    unsigned rm = insn_rm(w->insn);
    bool alone = insn_mod(w->insn) == 0 && rm == 6;
    if (!alone)
        put(w, bases[rm]);
    put_displacement(w, alone);
}

static void put_address32(struct writer *w)
{
    const struct insn *insn = w->insn;
    bool sib = insn_rm(insn) == 4;
    unsigned base = sib ? insn->sib & 7 : insn_rm(insn);
    unsigned index = insn->sib >> 3 & 7;
    bool has_base = insn_mod(insn) != 0 || base != 5;
    bool has_index = sib && index != 4;
    if (has_base)
        put_register(w, base, SIZE_32);
    if (has_base && has_index)
        put_char(w, '+');
    if (has_index) {
        put_register(w, index, SIZE_32);
        if (insn->sib >> 6)
            put_numbered(w, "*", 1u << (insn->sib >> 6));
    }
    put_displacement(w, !has_base && !has_index);
}

static void put_memory(struct writer *w)
{
    put_memory_size(w);
    open_bracket(w);
    if (w->insn->adsize == 4)
        put_address32(w);
    else
        put_address16(w);
    put_char(w, ']');
}

static void put_immediate(struct writer *w, enum size size)
{
    uint32_t mask = size == SIZE_8 ? 0xff : 0xffff;
    if (size == SIZE_V && w->insn->opsize == 4)
        mask = 0xffffffff;
    put_hex(w, w->insn->imm & mask);
}

static void put_far(struct writer *w)
{
    put_hex(w, w->insn->imm2);
    put_char(w, ':');
    put_hex(w, w->insn->imm);
}

static void put_offset(struct writer *w, enum size size)
{
    put(w, size == SIZE_8 ? "byte ptr " : w->insn->opsize == 4 ? "dword ptr " : "word ptr ");
    open_bracket(w);
    put_displacement(w, true);
    put_char(w, ']');
}

static void put_operand(struct writer *w, unsigned operand)
{
    const struct insn *insn = w->insn;
    enum size size = operands[operand].size;
    switch (operands[operand].kind) {
    case KIND_RM:
        if (insn_has_mem(insn))
            put_memory(w);
        else
            put_register(w, insn_rm(insn), size);
        break;
    case KIND_RM_REG:
        put_register(w, insn_rm(insn), size);
        break;
    case KIND_REG:
        put_register(w, insn_reg(insn), size);
        break;
    case KIND_OPCODE:
        put_register(w, insn->opcode & 7, size);
        break;
    case KIND_ACCUMULATOR:
        put_register(w, EAX, size);
        break;
    case KIND_IMM:
        put_immediate(w, size);
        break;
    case KIND_IMM2:
        put_hex(w, insn->imm2);
        break;
    case KIND_BRANCH:
        put_hex(w, (w->next + insn->imm) & (insn->opsize == 4 ? 0xffffffffu : 0xffffu));
        break;
    case KIND_FAR:
        put_far(w);
        break;
    case KIND_OFFSET:
        put_offset(w, size);
        break;
    case KIND_SREG:
        put(w, segments[insn_reg(insn)]);
        break;
    case KIND_CR:
        put_numbered(w, "cr", insn_reg(insn));
        break;
    case KIND_DR:
        put_numbered(w, "dr", insn_reg(insn));
        break;
    case KIND_FIXED:
        put(w, operands[operand].text);
        break;
    }
}

/*
 * What an x87 register form names, by [opcode & 7][ModRM.reg]: 1 ST(i), 2 ST(0) and ST(i), r the
 * reverse, a AX, - nothing.
 */
static const char x87_forms[8][9] = {"22112222", "11-1----", "2222----", "2222-22-",
                                     "rr11rrrr", "111112--", "rr1-rrrr", "1111a22-"};

static void put_x87_registers(struct writer *w)
{
    char form = x87_forms[w->insn->opcode & 7][insn_reg(w->insn)];
    if (form == '-')
        return;
    put(w, form == '2' ? " st0, " : " ");
    if (form == 'a')
        put(w, "ax");
    else
        put_numbered(w, "st", insn_rm(w->insn));
    if (form == 'r')
        put(w, ", st0");
}

static void put_operands(struct writer *w)
{
    const struct insn *insn = w->insn;
    const char *separator = " ";
    if (insn->flags & INSN_STRING)
        return;
    if ((insn->flags & INSN_X87) && (insn->flags & INSN_MODRM) && !insn_has_mem(insn)) {
        put_x87_registers(w);
        return;
    }
    for (unsigned i = 0; i < 3; i++) {
        if (!operands[insn->operand[i]].kind)
            continue;
        put(w, separator);
        put_operand(w, insn->operand[i]);
        separator = ", ";
    }
}

void insn_disassemble(const struct insn *insn, uint32_t eip, char *text, size_t size)
{
    struct writer w = {
        .insn = insn, .next = eip + insn->length, .text = text, .size = size, .at = 0};
    if (!size)
        return;
    if ((insn->flags & (INSN_INVALID | INSN_ABSENT)) && insn->op != OP_UD) {
        put(&w, "(bad)");
    } else {
        put_prefixes(&w);
        put_mnemonic(&w);
        put_operands(&w);
    }
    text[w.at] = '\0';
}
