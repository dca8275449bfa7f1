/* The decoder: fields, classes, and what happens when bytes run out or never end. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "emulate/cpu/cpu.h"
#include "emulate/cpu/op_table.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct code {
    const char *bytes;
    unsigned len;
};

/* A string literal as code. */
#define CODE(s)            \
    {                      \
        (s), sizeof(s) - 1 \
    }

static struct insn decode(struct code code, bool code32)
{
    struct insn insn;

    assert_int_equal(insn_decode((const uint8_t *)code.bytes, code.len, code32, &insn), DECODE_OK);
    assert_int_equal(insn.length, code.len);
    assert_memory_equal(insn.bytes, code.bytes, code.len);
    return insn;
}

// clang-format off
static const struct {
    struct code code;
    bool code32;
    uint16_t op;
    uint8_t operand[3];
    uint8_t opsize, adsize, seg;
    int32_t disp;
    uint32_t imm, imm2;
} fields[] = {
#define O(...) {__VA_ARGS__}
#define o(x)   OPERAND_##x
    {CODE("\x90"), true, OP_NOP, O(0), 4, 4, SEG_NONE, 0, 0, 0},
    {CODE("\xf3\x90"), true, OP_NOP, O(0), 4, 4, SEG_NONE, 0, 0, 0},
    {CODE("\x01\xd8"), true, OP_ADD, O(o(Ev), o(Gv)), 4, 4, SEG_NONE, 0, 0, 0},
    {CODE("\x66\x01\xd8"), true, OP_ADD, O(o(Ev), o(Gv)), 2, 4, SEG_NONE, 0, 0, 0},
    {CODE("\x66\x01\xd8"), false, OP_ADD, O(o(Ev), o(Gv)), 4, 2, SEG_NONE, 0, 0, 0},
    {CODE("\x83\x6d\xf8\xff"), true, OP_SUB, O(o(Ev), o(sIb)), 4, 4, SEG_NONE, -8, 0xffffffff, 0},
    {CODE("\x80\x3e\x34\x12\xff"), false, OP_CMP, O(o(Eb), o(Ib)), 2, 2, SEG_NONE, 0x1234, 0xff, 0},
    {CODE("\x82\xc8\x01"), true, OP_OR, O(o(Eb), o(Ib)), 4, 4, SEG_NONE, 0, 1, 0},
    {CODE("\xc1\xf0\x05"), true, OP_SHL, O(o(Ev), o(Ib)), 4, 4, SEG_NONE, 0, 5, 0},
    {CODE("\xd3\xf8"), true, OP_SAR, O(o(Ev), o(CL)), 4, 4, SEG_NONE, 0, 0, 0},
    {CODE("\xf7\xc0\x01\x02\x03\x84"), true, OP_TEST, O(o(Ev), o(Iz)), 4, 4, SEG_NONE, 0, 0x84030201, 0},
    {CODE("\xf6\xd8"), true, OP_NEG, O(o(Eb)), 4, 4, SEG_NONE, 0, 0, 0},
    {CODE("\x6a\x80"), true, OP_PUSH, O(o(sIb)), 4, 4, SEG_NONE, 0, 0xffffff80, 0},
    {CODE("\x68\x80\x90"), false, OP_PUSH, O(o(Iz)), 2, 2, SEG_NONE, 0, 0x9080, 0},
    {CODE("\x8b\x84\x8b\x00\xff\xff\xff"), true, OP_MOV, O(o(Gv), o(Ev)), 4, 4, SEG_NONE, -256, 0, 0},
    {CODE("\x64\xa1\x04\x00\x00\x00"), true, OP_MOV, O(o(eAX), o(Ov)), 4, 4, SEG_FS, 4, 0, 0},
    {CODE("\x2e\x26\xa2\x04\x00"), false, OP_MOV, O(o(Ob), o(AL)), 2, 2, SEG_ES, 4, 0, 0},
    {CODE("\x67\x8b\x46\xfe"), true, OP_MOV, O(o(Gv), o(Ev)), 4, 2, SEG_NONE, -2, 0, 0},
    {CODE("\xe8\xfb\xff\xff\xff"), true, OP_CALL, O(o(Jz)), 4, 4, SEG_NONE, 0, 0xfffffffb, 0},
    {CODE("\x66\xe9\xfc\xff"), true, OP_JMP, O(o(Jz)), 2, 4, SEG_NONE, 0, 0xfffffffc, 0},
    {CODE("\x0f\x85\x00\x01\x00\x00"), true, OP_JCC, O(o(Jz)), 4, 4, SEG_NONE, 0, 0x100, 0},
    {CODE("\x9a\x01\x02\x03\x04\x08\x00"), true, OP_CALL_FAR, O(o(Ap)), 4, 4, SEG_NONE, 0, 0x04030201, 8},
    {CODE("\xea\x5b\xe0\x00\xf0"), false, OP_JMP_FAR, O(o(Ap)), 2, 2, SEG_NONE, 0, 0xe05b, 0xf000},
    {CODE("\xff\x2d\x00\x10\x00\x00"), true, OP_JMP_FAR_IND, O(o(Mp)), 4, 4, SEG_NONE, 0x1000, 0, 0},
    {CODE("\xc8\x10\x80\x02"), true, OP_ENTER, O(o(Iw), o(Ib2)), 4, 4, SEG_NONE, 0, 0x8010, 2},
    {CODE("\xc2\x08\x80"), true, OP_RET, O(o(Iw)), 4, 4, SEG_NONE, 0, 0x8008, 0},
    {CODE("\xcd\x80"), true, OP_INT, O(o(Ib)), 4, 4, SEG_NONE, 0, 0x80, 0},
    {CODE("\x8c\xc8"), true, OP_MOV_FROM_SREG, O(o(MwRv), o(Sw)), 4, 4, SEG_NONE, 0, 0, 0},
    {CODE("\x8e\xd8"), true, OP_MOV_TO_SREG, O(o(Sw), o(Ew)), 4, 4, SEG_NONE, 0, 0, 0},
    {CODE("\x0f\xa9"), true, OP_POP_SREG, O(o(GS)), 4, 4, SEG_NONE, 0, 0, 0},
    {CODE("\x0f\x22\x18"), true, OP_MOV_TO_CR, O(o(Cd), o(Rd)), 4, 4, SEG_NONE, 0, 0, 0},
    {CODE("\x0f\x01\x15\x00\x00\x00\xc0"), true, OP_LGDT, O(o(Ms)), 4, 4, SEG_NONE, (int32_t)0xc0000000, 0, 0},
    {CODE("\x0f\xba\xe8\x1f"), true, OP_BTS, O(o(Ev), o(Ib)), 4, 4, SEG_NONE, 0, 31, 0},
    {CODE("\x0f\xa4\xd0\x04"), true, OP_SHLD, O(o(Ev), o(Gv), o(Ib)), 4, 4, SEG_NONE, 0, 4, 0},
    {CODE("\xf0\x0f\xc7\x0e"), true, OP_CMPXCHG8B, O(o(Mq)), 4, 4, SEG_NONE, 0, 0, 0},
    {CODE("\xf3\x0f\xbc\xc1"), true, OP_BSF, O(o(Gv), o(Ev)), 4, 4, SEG_NONE, 0, 0, 0},
    {CODE("\xdd\x36\x00\x01"), false, OP_FNSAVE, O(o(Mstate)), 2, 2, SEG_NONE, 0x100, 0, 0},
    {CODE("\x0f\x70\xc1\x1b"), true, OP_MMX, O(o(Pq), o(Qq), o(Ib)), 4, 4, SEG_NONE, 0, 0x1b, 0},
    {CODE("\xf3\x0f\x10\x00"), true, OP_SSE, O(o(Vdq), o(Wd)), 4, 4, SEG_NONE, 0, 0, 0},
};

/* All of these keep HLT in a code view. */
static const struct code sensitive[] = {
    CODE("\x9c"), CODE("\x9d"), CODE("\x66\x9c"),                       /* PUSHF POPF */
    CODE("\xcf"), CODE("\xcc"), CODE("\xcd\x80"), CODE("\xce"), CODE("\xf1"),
    CODE("\x0e"), CODE("\x16"), CODE("\x8c\xc8"), CODE("\x8c\x10"),     /* from CS and SS */
    CODE("\x07"), CODE("\x17"), CODE("\x1f"), CODE("\x0f\xa1"), CODE("\x0f\xa9"),
    CODE("\x8e\xc0"), CODE("\x8e\xd0"), CODE("\x8e\xd8"), CODE("\x8e\xe0"), CODE("\x8e\x28"),
    CODE("\xc4\x00"), CODE("\xc5\x00"), CODE("\x0f\xb2\x00"), CODE("\x0f\xb4\x00"),
    CODE("\x0f\xb5\x00"),
    CODE("\x9a\0\0\0\0\0\0"), CODE("\xea\0\0\0\0\0\0"), CODE("\xff\x18"), CODE("\xff\x28"),
    CODE("\xca\0\0"), CODE("\xcb"),
    CODE("\x0f\x02\xc0"), CODE("\x0f\x03\xc0"), CODE("\x0f\x00\xe0"), CODE("\x0f\x00\xe8"),
    CODE("\x0f\x01\x00"), CODE("\x0f\x01\x08"), CODE("\x0f\x00\xc0"), CODE("\x0f\x00\xc8"),
    CODE("\x0f\x01\xe0"), CODE("\x0f\x01\x20"), CODE("\x0f\xa2"), CODE("\x0f\x31"),
    CODE("\x0f\x33"), CODE("\xd9\x30"), CODE("\xdd\x30"), CODE("\x0f\x34"), CODE("\x0f\x35"),
    CODE("\xe4\x60"), CODE("\xe7\x60"), CODE("\xec"), CODE("\xef"), CODE("\x6c"), CODE("\xf3\x6f"),
    CODE("\xfa"), CODE("\xfb"), CODE("\xf4"), CODE("\x0f\x06"), CODE("\x0f\x08"), CODE("\x0f\x09"),
    CODE("\x0f\x20\xc0"), CODE("\x0f\x21\xc0"), CODE("\x0f\x22\xc0"), CODE("\x0f\x23\xc0"),
    CODE("\x0f\x01\x10"), CODE("\x0f\x01\x18"), CODE("\x0f\x01\x30"), CODE("\x0f\x01\xf0"),
    CODE("\x0f\x01\x38"), CODE("\x0f\x00\xd0"), CODE("\x0f\x00\xd8"), CODE("\x0f\x30"),
    CODE("\x0f\x32"), CODE("\x0f\xaa"), CODE("\xf3\x0f\xbd\xc0"), CODE("\xf3\x0f\xbc\x00"),
};

static const struct code harmless[] = {
    CODE("\x06"), CODE("\x1e"), CODE("\x0f\xa0"), CODE("\x0f\xa8"),     /* PUSH ES DS FS GS */
    CODE("\x8c\xd8"), CODE("\x8c\xc0"), CODE("\x8c\xe8"), CODE("\x8c\xe0"),
    CODE("\x63\xc8"), CODE("\x62\x00"), CODE("\xc3"), CODE("\xff\x10"), CODE("\xff\xe0"),
    CODE("\xd6"), CODE("\x9b"), CODE("\xd9\x38"), CODE("\xd9\x20"), CODE("\xdf\xe0"),
    CODE("\x0f\xae\x00"), CODE("\x0f\xae\x08"), CODE("\x0f\xae\x10"), CODE("\x0f\xae\xf8"), CODE("\x0f\xae\xe8"),
    CODE("\x0f\x58\xc1"), CODE("\xf3\x0f\x58\xc1"), CODE("\x0f\xef\xc0"), CODE("\x0f\x77"),
    CODE("\x0f\x18\x00"), CODE("\x0f\x0d\x08"), CODE("\x0f\x1f\x40\x00"),
    CODE("\xf3\x0f\x1e\xfb"),                                           /* ENDBR32: a hint NOP */
    CODE("\xf0\x0f\xb1\x08"), CODE("\xf0\x0f\xc7\x08"), CODE("\x0f\xbd\xc0"), CODE("\xf3\xa4"),
    CODE("\xf3\xc3"), CODE("\xdd\xc0"), CODE("\xdf\xc0"), CODE("\xdb\xe4"),
};

/* Not on a Pentium III. */
static const struct code absent[] = {
    CODE("\xf3\x0f\xb8\xc0"), CODE("\x0f\x38\xf0\x00"), CODE("\x0f\x3a\x0f\xc0\x01"),
    CODE("\x66\x0f\xef\xc0"), CODE("\xf2\x0f\x58\xc1"), CODE("\x0f\x5a\xc0"), CODE("\x0f\xd4\xc0"),
    CODE("\x0f\xc3\x00"), CODE("\x0f\x01\xd0"), CODE("\x0f\x01\xef"), CODE("\x0f\x01\xf9"),
    CODE("\x0f\xae\xf0"), CODE("\x0f\xae\x38"), CODE("\x0f\xae\x20"),
    CODE("\x0f\x05"), CODE("\x0f\x07"), CODE("\x0f\x0e"), CODE("\x0f\x0f\xc0\x94"),
    CODE("\xdb\x08"), CODE("\xdd\x08"), CODE("\xdf\x08"), CODE("\x0f\xc7\xf0"),
    CODE("\xc5\xf8\x77"), CODE("\xc5\xf8\x58\xc1"), CODE("\xc4\xe2\x79\x18\x00"),
    CODE("\x62\xf1\x7c\x48\x58\x40\x01"), CODE("\x8f\xe9\x78\x80\xc0"),
    CODE("\xc6\xf8\x01"), CODE("\xc7\xf8\0\0\0\0"),
};

static const struct code invalid[] = {
    CODE("\x0f\x0b"), CODE("\x0f\xb9\xc0"), CODE("\x0f\xff\xc0"), CODE("\x0f\x04"),
    CODE("\x0f\x24"), CODE("\x8e\xc8"), CODE("\x8e\xf0"), CODE("\x8c\xf0"), CODE("\xfe\xd0"),
    CODE("\xff\xf8"), CODE("\xff\xd8"), CODE("\xff\xe8"), CODE("\x8d\xc0"), CODE("\x0f\xb2\xc0"),
    CODE("\xf0\x0f\xc7\xc8"), CODE("\xc6\xc8\x01"), CODE("\x8f\xe0"), CODE("\xd9\xd1"),
    CODE("\xd9\xef"), CODE("\xd9\x08"), CODE("\xdb\x20"), CODE("\xdf\xf8"), CODE("\x0f\x50\x00"),
    CODE("\x0f\x13\xc0"), CODE("\x0f\x00\xf0"), CODE("\x0f\xba\xc0\x01"),
};
// clang-format on

static void fills_fields(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(fields); i++) {
        struct insn insn = decode(fields[i].code, fields[i].code32);

        assert_string_equal(op_name(insn.op), op_name(fields[i].op));
        assert_memory_equal(insn.operand, fields[i].operand, sizeof(insn.operand));
        assert_int_equal(insn.opsize, fields[i].opsize);
        assert_int_equal(insn.adsize, fields[i].adsize);
        assert_int_equal(insn.seg, fields[i].seg);
        assert_int_equal(insn.disp, fields[i].disp);
        assert_int_equal(insn.imm, fields[i].imm);
        assert_int_equal(insn.imm2, fields[i].imm2);
    }
}

static void says_where_things_stand(void **state)
{
    struct insn insn = decode((struct code)CODE("\x66\xf3\x67\xf0\x0f\xc1\x84\x34\x12"), true);

    (void)state;
    assert_true(insn.lock && insn.prefix_66);
    assert_int_equal(insn.rep, 0xf3);
    assert_int_equal(insn.map, MAP_0F);
    assert_int_equal(insn.opcode, 0xc1);
    assert_int_equal(insn.opcode_at, 5);
    assert_int_equal(insn.modrm_at, 6);
    assert_int_equal(insn.disp_size, 2);
    assert_int_equal(insn.imm_size, 0);
    insn = decode((struct code)CODE("\xc7\x44\x24\x04\x01\x00\x00\x00"), true);
    assert_int_equal(insn.sib, 0x24);
    assert_int_equal(insn.disp_size, 1);
    assert_int_equal(insn.imm_size, 4);
}

static void moves_of_control_registers_have_no_memory_form(void **state)
{
    struct insn insn = decode((struct code)CODE("\x0f\x20\x04"), true);

    (void)state;
    assert_false(insn_has_mem(&insn));
    assert_int_equal(insn_rm(&insn), ESP);
    assert_int_equal(insn.modrm, 0xc4);
    assert_int_equal(insn.bytes[2], 0x04);
}

static void knows_memory_sizes(void **state)
{
    static const struct {
        struct code code;
        unsigned size;
    } cases[] = {
        {CODE("\x8b\x00"), 4},         {CODE("\x66\x8b\x00"), 2},     {CODE("\x8b\xc0"), 0},
        {CODE("\x8d\x00"), 0},         {CODE("\x0f\xae\x00"), 512},   {CODE("\xd9\x30"), 28},
        {CODE("\x66\xdd\x20"), 94},    {CODE("\xdb\x28"), 10},        {CODE("\xff\x28"), 6},
        {CODE("\x0f\x28\x00"), 16},    {CODE("\xf3\x0f\x51\x00"), 4}, {CODE("\x0f\x16\x00"), 8},
        {CODE("\xf3\x0f\x2a\x00"), 4}, {CODE("\x0f\x2a\x00"), 8},     {CODE("\x0f\xc4\x00\x01"), 2},
        {CODE("\x0f\x1f\x00"), 0},     {CODE("\x0f\x01\x00"), 6},     {CODE("\x62\x00"), 8},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct insn insn = decode(cases[i].code, true);

        assert_int_equal(insn_mem_size(&insn), cases[i].size);
    }
}

/* Every code in `list` has exactly `want` of the flags in `mask`; prefixes do not change that. */
static void expect_class(const struct code *list, size_t count, unsigned mask, unsigned want)
{
    static const char decoration[] = "\x2e\x67\x65";

    for (size_t i = 0; i < count; i++) {
        char longer[INSN_MAX_LENGTH + 1];
        struct insn insn = decode(list[i], true);

        if ((insn.flags & mask) != want)
            fail_msg("class of %s (%02x %02x): %04x", op_name(insn.op), insn.bytes[0],
                     insn.bytes[1], insn.flags);
        if (insn_has_mem(&insn) || insn.disp_size)
            continue; /* 67 changes the length */
        memcpy(longer, decoration, 3);
        memcpy(longer + 3, list[i].bytes, list[i].len);
        insn = decode((struct code){longer, list[i].len + 3}, true);
        assert_int_equal(insn.flags & mask, want);
    }
}

static void classes(void **state)
{
    const unsigned exist = INSN_ABSENT | INSN_INVALID;

    (void)state;
    expect_class(sensitive, COUNT(sensitive), exist | INSN_SENSITIVE, INSN_SENSITIVE);
    expect_class(harmless, COUNT(harmless), exist | INSN_SENSITIVE | INSN_PRIVILEGED | INSN_IO, 0);
    expect_class(absent, COUNT(absent), exist, INSN_ABSENT);
    expect_class(invalid, COUNT(invalid), exist, INSN_INVALID);
}

/* Whatever asks for a privilege check is sensitive, too: exposure looks at one bit in the end. */
static void privileged_is_sensitive(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 0x20000; i++) {
        uint8_t b[INSN_MAX_LENGTH] = {0x0f, i >> 8, i};
        struct insn insn;

        insn_decode(b + !(i >> 16), sizeof(b) - 1, i & 1, &insn);
        if (insn.flags & (INSN_PRIVILEGED | INSN_IO))
            assert_true(insn.flags & INSN_SENSITIVE);
        assert_int_equal(insn_harmless(&insn),
                         !(insn.flags & (INSN_SENSITIVE | INSN_ABSENT | INSN_INVALID)));
    }
}

/* Decodes from an exact allocation, so that the sanitizer sees any byte too many. */
static enum decode_status decode_exactly(const uint8_t *bytes, unsigned len, bool code32)
{
    uint8_t *exact = malloc(len ? len : 1);
    struct insn insn;
    enum decode_status status;

    assert_non_null(exact);
    memcpy(exact, bytes, len);
    status = insn_decode(exact, len, code32, &insn);
    free(exact);
    return status;
}

static void expect_every_prefix_needs_more(const uint8_t *bytes, bool code32)
{
    struct insn insn;

    assert_int_equal(insn_decode(bytes, INSN_MAX_LENGTH, code32, &insn), DECODE_OK);
    for (unsigned len = 0; len < insn.length; len++)
        assert_int_equal(decode_exactly(bytes, len, code32), DECODE_NEED);
    assert_int_equal(decode_exactly(bytes, insn.length, code32), DECODE_OK);
}

static void truncated_code_needs_more(void **state)
{
    static const char *const heads[] = {"",         "\x66",     "\x67\x2e",     "\x0f",
                                        "\xf3\x0f", "\x0f\x38", "\x0f\x3a",     "\x0f\x0f",
                                        "\xc5",     "\xc4\xe2", "\x62\xf1\x7c", "\x8f\xe9"};

    (void)state;
    for (size_t h = 0; h < COUNT(heads); h++) {
        for (unsigned i = 0; i < 0x10000; i += 5) {
            uint8_t b[INSN_MAX_LENGTH] = {0};
            size_t len = strlen(heads[h]);

            memcpy(b, heads[h], len);
            b[len] = i >> 8;
            b[len + 1] = i;
            expect_every_prefix_needs_more(b, i & 1);
        }
    }
}

static void fifteen_bytes_are_the_limit(void **state)
{
    uint8_t b[2 * INSN_MAX_LENGTH];
    struct insn insn;

    (void)state;
    memset(b, 0x66, sizeof(b));
    b[14] = 0x90;
    assert_int_equal(insn_decode(b, 15, true, &insn), DECODE_OK);
    assert_int_equal(insn.length, 15);
    assert_int_equal(insn_decode(b, 14, true, &insn), DECODE_NEED);
    b[14] = 0x66;
    assert_int_equal(decode_exactly(b, 14, true), DECODE_NEED);
    assert_int_equal(decode_exactly(b, 15, true), DECODE_TOO_LONG);
    /* The sixteenth byte would be an immediate, a displacement, a ModRM, the second opcode byte. */
    memcpy(b + 10, "\x05\x01\x02\x03\x04\x05", 6);
    b[9] = 0x2e;
    memset(b, 0x2e, 9);
    assert_int_equal(insn_decode(b, 30, true, &insn), DECODE_OK);
    assert_int_equal(insn.length, 15);
    memmove(b + 1, b, 20);
    assert_int_equal(decode_exactly(b, 15, true), DECODE_TOO_LONG);
    memset(b, 0x2e, sizeof(b));
    memcpy(b + 14, "\x8b", 1);
    assert_int_equal(decode_exactly(b, 15, true), DECODE_TOO_LONG);
    b[14] = 0x0f;
    assert_int_equal(decode_exactly(b, 15, true), DECODE_TOO_LONG);
}

static void names_every_operation(void **state)
{
    (void)state;
    for (unsigned op = 0; op < OP_COUNT; op++)
        assert_true(strlen(op_name(op)) > 1);
    assert_string_equal(op_name(OP_MOV_FROM_SREG), "MOV_FROM_SREG");
    assert_string_equal(op_name(OP_SFENCE), "SFENCE");
    assert_string_equal(op_name(OP_COUNT), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_fields),
        cmocka_unit_test(says_where_things_stand),
        cmocka_unit_test(moves_of_control_registers_have_no_memory_form),
        cmocka_unit_test(knows_memory_sizes),
        cmocka_unit_test(classes),
        cmocka_unit_test(privileged_is_sensitive),
        cmocka_unit_test(truncated_code_needs_more),
        cmocka_unit_test(fifteen_bytes_are_the_limit),
        cmocka_unit_test(names_every_operation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
