#include "registers.h"

#define X87_BITS 80u

struct description {
    const char *name;
    const char *type;
    unsigned bits;
};

// clang-format off
static const struct description registers[DEBUG_REGISTERS] = {
    {"eax", "int32", 32}, {"ecx", "int32", 32}, {"edx", "int32", 32}, {"ebx", "int32", 32},
    {"esp", "data_ptr", 32}, {"ebp", "data_ptr", 32}, {"esi", "int32", 32}, {"edi", "int32", 32},
    {"eip", "code_ptr", 32}, {"eflags", "i386_eflags", 32},
    {"cs", "int32", 32}, {"ss", "int32", 32}, {"ds", "int32", 32}, {"es", "int32", 32},
    {"fs", "int32", 32}, {"gs", "int32", 32},
    {"st0", "i387_ext", X87_BITS}, {"st1", "i387_ext", X87_BITS}, {"st2", "i387_ext", X87_BITS},
    {"st3", "i387_ext", X87_BITS}, {"st4", "i387_ext", X87_BITS}, {"st5", "i387_ext", X87_BITS},
    {"st6", "i387_ext", X87_BITS}, {"st7", "i387_ext", X87_BITS},
    {"fctrl", "int", 32}, {"fstat", "int", 32}, {"ftag", "int", 32}, {"fiseg", "int", 32},
    {"fioff", "int", 32}, {"foseg", "int", 32}, {"fooff", "int", 32}, {"fop", "int", 32},
    {"cr0", "int32", 32}, {"cr2", "int32", 32}, {"cr3", "int32", 32}, {"cr4", "int32", 32},
    {"cpl", "int32", 32},
};

static const struct flag {
    const char *name;
    unsigned bit;
} flags[] = {
    {"CF", 0}, {"PF", 2}, {"AF", 4}, {"ZF", 6}, {"SF", 7}, {"TF", 8}, {"IF", 9}, {"DF", 10},
    {"OF", 11}, {"NT", 14}, {"RF", 16}, {"VM", 17}, {"AC", 18}, {"VIF", 19}, {"VIP", 20},
    {"ID", 21},
};
// clang-format on

struct output {
    void (*put)(void *target, char c);
    void *target;
};

static void text(const struct output *out, const char *part)
{
    while (*part)
        out->put(out->target, *part++);
}

static void number(const struct output *out, unsigned value)
{
    if (value >= 10)
        number(out, value / 10);
    out->put(out->target, (char)('0' + value % 10));
}

static void attribute(const struct output *out, const char *name, unsigned value)
{
    text(out, name);
    number(out, value);
    text(out, "\"");
}

static void describe_flags(const struct output *out)
{
    text(out, "<flags id=\"i386_eflags\" size=\"4\">");
    for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        text(out, "<field name=\"");
        text(out, flags[i].name);
        attribute(out, "\" start=\"", flags[i].bit);
        attribute(out, " end=\"", flags[i].bit);
        text(out, "/>");
    }
    text(out, "</flags>");
}

static void describe_registers(const struct output *out, unsigned first, unsigned end)
{
    for (unsigned i = first; i < end; i++) {
        text(out, "<reg name=\"");
        text(out, registers[i].name);
        attribute(out, "\" bitsize=\"", registers[i].bits);
        text(out, " type=\"");
        text(out, registers[i].type);
        attribute(out, "\" regnum=\"", i);
        if (i >= DEBUG_FCTRL && i < DEBUG_CR0)
            text(out, " group=\"float\"");
        text(out, "/>");
    }
}

unsigned debug_register_size(unsigned n)
{
    return registers[n].bits / 8;
}

void debug_describe(void (*put)(void *target, char c), void *target)
{
    const struct output out = {put, target};
    text(&out, "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\">"
               "<target version=\"1.0\"><architecture>i386</architecture>"
               "<feature name=\"org.gnu.gdb.i386.core\">");
    describe_flags(&out);
    describe_registers(&out, 0, DEBUG_CR0);
    text(&out, "</feature><feature name=\"umbra.i386.system\">");
    describe_registers(&out, DEBUG_CR0, DEBUG_REGISTERS);
    text(&out, "</feature></target>");
}
