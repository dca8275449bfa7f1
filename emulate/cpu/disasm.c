#include "disasm.h"

#include <string.h>

#include "cpu.h"
#include "insn_operand.h"

struct writer {
    const struct insn *insn;
    uint32_t eip;
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

static void put_hex(struct writer *w, uint32_t value)
{
    int shift = 28;

    while (shift > 0 && !(value >> shift))
        shift -= 4;
    put(w, "0x");
    for (; shift >= 0; shift -= 4)
        put_char(w, "0123456789abcdef"[value >> shift & 15]);
}

/* --- mnemonics ---------------------------------------------------------------------------------
 */

static const char *const conditions[16] = {"o", "no", "b", "nb", "z", "nz", "be", "nbe",
                                           "s", "ns", "p", "np", "l", "nl", "le", "nle"};

static void put_prefixes(struct writer *w)
{
    const struct insn *insn = w->insn;
    bool compares = insn->op == OP_CMPS || insn->op == OP_SCAS;

    if (insn->lock)
        put(w, "lock ");
    if (insn->rep && (insn->flags & INSN_STRING))
        put(w, !compares ? "rep " : insn->rep == 0xf3 ? "repe " : "repne ");
}

/* Operations whose name says how wide they are, in ways of their own. */
static const char *sized_name(const struct insn *insn)
{
    switch (insn->op) {
    case OP_CBW:
        return insn->opsize == 4 ? "cwde" : "cbw";
    case OP_CWD:
        return insn->opsize == 4 ? "cdq" : "cwd";
    case OP_JCXZ:
        return insn->adsize == 4 ? "jecxz" : "jcxz";
    case OP_NOP:
        return insn->rep == 0xf3 ? "pause" : "nop";
    default:
        return op_facts[insn->op].name;
    }
}

/* What is appended to a name: a condition, or a width. */
static void put_suffix(struct writer *w)
{
    const struct insn *insn = w->insn;

    switch (insn->op) {
    case OP_JCC:
    case OP_SETCC:
    case OP_CMOVCC:
        put(w, conditions[insn->opcode & 15]);
        break;
    case OP_PUSHA:
    case OP_POPA:
    case OP_PUSHF:
    case OP_POPF:
    case OP_IRET:
        if (insn->opsize == 4)
            put_char(w, 'd');
        break;
    default:
        if (insn->flags & INSN_STRING)
            put_char(w, !(insn->opcode & 1) ? 'b' : insn->opsize == 4 ? 'd' : 'w');
    }
}

static const char *name_of_entry(const struct insn *insn)
{
    const struct op_entry *entry = insn_entry(insn);

    return entry ? op_of_group(entry, insn->modrm)->name : NULL;
}

static void put_mnemonic(struct writer *w)
{
    const char *name = w->insn->op == OP_INVALID ? NULL : name_of_entry(w->insn);

    if (!name)
        name = sized_name(w->insn);
    if (!name)
        return;
    put(w, name);
    put_suffix(w);
}

/* --- operands ----------------------------------------------------------------------------------
 */

static const char *const words[8] = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
static const char *const bytes[8] = {"al", "cl", "dl", "bl", "ah", "ch", "dh", "bh"};
static const char *const segments[8] = {"es", "cs", "ss", "ds", "fs", "gs", "?", "?"};

static void put_numbered(struct writer *w, const char *name, unsigned number)
{
    put(w, name);
    put_char(w, (char)('0' + number));
}

static void put_register(struct writer *w, enum reg_class class, unsigned number)
{
    static const char *const numbered[] = {[CLASS_CR] = "cr",
                                           [CLASS_DR] = "dr",
                                           [CLASS_ST] = "st",
                                           [CLASS_MMX] = "mm",
                                           [CLASS_XMM] = "xmm"};

    if (class >= CLASS_CR) {
        put_numbered(w, numbered[class], number);
        return;
    }
    if (class == CLASS_32)
        put_char(w, 'e');
    put(w, class == CLASS_SEG ? segments[number]
           : class == CLASS_8 ? bytes[number]
                              : words[number]);
}

static void put_memory_size(struct writer *w, unsigned size)
{
    static const struct {
        uint8_t bytes;
        const char *name;
    } sizes[] = {{1, "byte"},  {2, "word"},   {4, "dword"},   {6, "fword"},
                 {8, "qword"}, {10, "tbyte"}, {16, "xmmword"}};

    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        if (sizes[i].bytes == size) {
            put(w, sizes[i].name);
            put(w, " ptr ");
        }
    }
}

static int32_t signed_displacement(const struct writer *w, uint32_t disp)
{
    return w->insn->adsize == 4 ? (int32_t)disp : (int16_t)disp;
}

static void put_address(struct writer *w, const struct insn_operand *o)
{
    enum reg_class class = w->insn->adsize == 4 ? CLASS_32 : CLASS_16;
    int32_t disp = signed_displacement(w, o->disp);

    if (o->base != REG_NONE)
        put_register(w, class, o->base);
    if (o->index != REG_NONE) {
        if (o->base != REG_NONE)
            put_char(w, '+');
        put_register(w, class, o->index);
        if (o->scale > 1)
            put_numbered(w, "*", o->scale);
    }
    if (o->base == REG_NONE && o->index == REG_NONE) {
        put_hex(w, o->disp);
    } else if (disp) {
        put_char(w, disp < 0 ? '-' : '+');
        put_hex(w, disp < 0 ? -(uint32_t)disp : (uint32_t)disp);
    }
}

static void put_memory(struct writer *w, const struct insn_operand *o)
{
    if (w->insn->op != OP_NOP_MODRM)
        put_memory_size(w, o->size);
    if (w->insn->seg != SEG_NONE) {
        put(w, segments[w->insn->seg & 7]);
        put_char(w, ':');
    }
    put_char(w, '[');
    put_address(w, o);
    put_char(w, ']');
}

static void put_operand(struct writer *w, const struct insn_operand *o)
{
    switch (o->form) {
    case IS_REG:
        put_register(w, o->reg_class, o->reg);
        break;
    case IS_MEM:
        put_memory(w, o);
        break;
    case IS_IMM:
        put_hex(w, o->value);
        break;
    case IS_BRANCH:
        put_hex(w, insn_branch_target(w->insn, w->eip));
        break;
    case IS_FAR:
        put_hex(w, o->selector);
        put_char(w, ':');
        put_hex(w, o->value);
        break;
    }
}

/* Those of string instructions go without saying. */
static void put_operands(struct writer *w)
{
    struct insn_operand operands[3];
    unsigned count = w->insn->flags & INSN_STRING ? 0 : insn_operands(w->insn, operands);

    for (unsigned i = 0; i < count; i++) {
        put(w, i ? ", " : " ");
        put_operand(w, &operands[i]);
    }
}

void insn_mnemonic(const struct insn *insn, char *text, size_t size)
{
    struct writer w = {.insn = insn, .text = text, .size = size};

    if (!size)
        return;
    put_mnemonic(&w);
    text[w.at] = '\0';
}

void insn_disassemble(const struct insn *insn, uint32_t eip, char *text, size_t size)
{
    struct writer w = {.insn = insn, .eip = eip, .text = text, .size = size};

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
