#include "decode_compare.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "emulate/cpu/cpu.h"
#include "emulate/cpu/disasm.h"

static bool exists(const struct insn *insn)
{
    return !(insn->flags & (INSN_ABSENT | INSN_INVALID));
}

/* An instruction of newer processors of which only the length is known. */
static bool measured_only(const struct insn *insn)
{
    char name[32];

    insn_mnemonic(insn, name, sizeof(name));
    return (insn->flags & INSN_ABSENT) && !name[0];
}

static bool same_place(const struct insn_operand *a, const struct insn_operand *b)
{
    if (a->form != b->form)
        return false;
    switch (a->form) {
    case IS_REG:
        return a->reg_class == b->reg_class && a->reg == b->reg;
    case IS_MEM:
        return (b->seg == REG_NONE || a->seg == b->seg) && a->base == b->base &&
               a->index == b->index && a->scale == b->scale && a->disp == b->disp;
    case IS_FAR:
        return a->selector == b->selector && a->value == b->value;
    default: /* how far the other extends an immediate does not matter */
        return !((a->value ^ b->value) << (a->form == IS_IMM ? 32 - 8 * a->size : 0));
    }
}

static unsigned compare_operands(const struct insn *insn, const struct other *other)
{
    struct insn_operand ours[3];
    unsigned count = insn_operands(insn, ours), differs = 0;

    if (count != other->count)
        return DIFF_COUNT;
    for (unsigned i = 0; i < count; i++) {
        const struct insn_operand *theirs = &other->operands[i];

        if (ours[i].form == IS_BRANCH)
            ours[i].value = insn_branch_target(insn, COMPARE_EIP);
        if (!same_place(&ours[i], theirs))
            differs |= DIFF_OPERAND;
        if (ours[i].form == IS_MEM && ours[i].size != theirs->size)
            differs |= DIFF_SIZE;
        if (ours[i].access != theirs->access)
            differs |= DIFF_ACCESS;
    }
    return differs;
}

static unsigned compare_facts(const struct insn *insn, const struct other *other)
{
    const struct op_fact *fact = &op_facts[insn->op];
    uint32_t mask = EFLAGS_STATUS | EFLAGS_DF;
    bool lockable = (insn->flags & INSN_LOCKABLE) && insn_has_mem(insn);
    unsigned differs = 0;

    /* A flag can be both, by the count of a shift; not everybody says so. */
    if ((insn_flags_read(insn) & mask) != other->flags_read ||
        ((fact->flags_written ^ other->flags_written) & mask &
         ~(fact->flags_undefined | other->flags_undefined)) ||
        (fact->flags_undefined & mask) != other->flags_undefined)
        differs |= DIFF_EFLAGS;
    if (lockable != other->lockable)
        differs |= DIFF_LOCK;
    if (!!(insn->flags & INSN_PRIVILEGED) != other->privileged)
        differs |= DIFF_PRIVILEGE;
    return differs;
}

static unsigned compare_all(const struct insn *insn, const struct other *other)
{
    unsigned differs = 0;
    char name[32];

    if (insn->length != other->length)
        differs |= DIFF_LENGTH;
    /* UD0, UD1 and UD2 exist to be invalid. */
    if (exists(insn) != other->pentium3 && strncmp(other->name, "ud", 2) != 0)
        differs |= DIFF_EXISTS;
    if (measured_only(insn))
        return differs;
    insn_mnemonic(insn, name, sizeof(name));
    if (strcmp(name, other->name) != 0)
        differs |= DIFF_OPERATION;
    differs |= compare_operands(insn, other);
    /* What an absent instruction does is nobody's business here. */
    if (exists(insn))
        differs |= compare_facts(insn, other);
    return differs & ~other->unknown;
}

static bool holds_for(const struct difference *d, const struct insn *insn)
{
    unsigned mod = insn_has_mem(insn) ? MEM_FORM : REG_FORM;

    return (d->map == ANY_MAP || insn->map == d->map) && insn->opcode >= d->first &&
           insn->opcode <= d->last && (!d->regs || (d->regs >> insn_reg(insn) & 1)) &&
           (!d->mods || (d->mods & mod)) && (!d->forms || (d->forms >> insn_form(insn) & 1)) &&
           (!d->when || d->when(insn));
}

/* Takes away what differs on purpose. */
static unsigned unlisted(struct comparer *comparer, const struct insn *insn, unsigned differs)
{
    for (size_t i = 0; differs && i < comparer->difference_count; i++) {
        struct difference *d = &comparer->differences[i];

        if ((d->aspects & differs) && holds_for(d, insn)) {
            differs &= ~(unsigned)d->aspects;
            d->seen++;
        }
    }
    return differs;
}

struct writer {
    char *text;
    size_t size;
};

static void put(struct writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct writer *w, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(w->text, w->size, format, args);
    va_end(args);
    if (n > 0 && (size_t)n < w->size) {
        w->text += n;
        w->size -= (size_t)n;
    }
}

static void put_operand(struct writer *w, const struct insn_operand *o)
{
    static const char *const accesses[] = {"-", "r", "w", "rw"};

    if (o->form == IS_REG)
        put(w, " reg(%u:%u)%s", o->reg_class, o->reg, accesses[o->access]);
    else if (o->form == IS_MEM)
        put(w, " mem%u(%u:%d+%d*%u+%x)%s", o->size, o->seg, (int8_t)o->base, (int8_t)o->index,
            o->scale, o->disp, accesses[o->access]);
    else
        put(w, " %s(%x:%x)%s", o->form == IS_IMM ? "imm" : "to", o->selector, o->value,
            accesses[o->access]);
}

static void describe(struct writer *w, const struct insn *insn, const uint8_t *bytes, bool code32,
                     const struct other *other)
{
    const struct op_fact *fact = &op_facts[insn->op];
    struct insn_operand ours[3];
    unsigned count = insn_operands(insn, ours);
    char name[32];

    for (unsigned i = 0; i < WINDOW; i++)
        put(w, "%02x ", bytes[i]);
    insn_mnemonic(insn, name, sizeof(name));
    put(w, "(%u bit): %s %s, %u bytes,", code32 ? 32 : 16, op_name(insn->op), name, insn->length);
    for (unsigned i = 0; i < count; i++)
        put_operand(w, &ours[i]);
    put(w, ", flags %04x, EFLAGS %x/%x/%x; other: %s, %u bytes,", insn->flags,
        insn_flags_read(insn), fact->flags_written, fact->flags_undefined,
        other->exists ? other->name : "refuses", other->length);
    for (unsigned i = 0; i < other->count; i++)
        put_operand(w, &other->operands[i]);
    put(w, ", EFLAGS %x/%x/%x", other->flags_read, other->flags_written, other->flags_undefined);
}

enum verdict compare_decodings(struct comparer *comparer, const uint8_t bytes[WINDOW], bool code32,
                               unsigned *length, char *text, size_t size)
{
    static struct other other;
    struct writer w = {text, size};
    struct insn insn;
    unsigned differs, left;

    memset(&other, 0, offsetof(struct other, operands));
    comparer->decode(bytes, code32, &other);
    if (insn_decode(bytes, WINDOW, code32, &insn) != DECODE_OK) {
        *length = 0;
        put(&w, "%02x %02x %02x %02x: not decoded", bytes[0], bytes[1], bytes[2], bytes[3]);
        return other.exists ? DIFFERENT : NOT_COMPARED;
    }
    *length = insn.length;
    if (!other.exists && (!exists(&insn) || (other.unknown & DIFF_EXISTS)))
        return NOT_COMPARED;
    differs = other.exists ? compare_all(&insn, &other) : DIFF_EXISTS;
    left = unlisted(comparer, &insn, differs);
    if (!left)
        return !other.exists          ? NOT_COMPARED
               : differs              ? LISTED
               : measured_only(&insn) ? SAME_LENGTH
                                      : SAME;
    put(&w, "%03x: ", left);
    describe(&w, &insn, bytes, code32, &other);
    return DIFFERENT;
}
