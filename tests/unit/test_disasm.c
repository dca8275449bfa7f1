/* The disassembler: by a table, and every opcode's text against Zydis' formatter. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <Zydis/Zydis.h>

#include "emulate/cpu/cpu.h"
#include "emulate/cpu/disasm.h"

#define EIP 0xc0101000u

static const struct {
    uint8_t bytes[INSN_MAX_LENGTH];
    bool code16;
    const char *text;
} examples[] = {
    {{0xfa}, false, "cli"},
    {{0x9c}, false, "pushfd"},
    {{0x66, 0x9d}, false, "popf"},
    {{0xcf}, false, "iretd"},
    {{0xcd, 0x80}, false, "int 0x80"},
    {{0x0f, 0x22, 0xd8}, false, "mov cr3, eax"},
    {{0x0f, 0x21, 0xf1}, false, "mov ecx, dr6"},
    {{0x8e, 0xd8}, false, "mov ds, ax"},
    {{0x8c, 0xc8}, false, "mov eax, cs"},
    {{0x0f, 0x01, 0x38}, false, "invlpg [eax]"},
    {{0x0f, 0x01, 0x15, 0, 0x20, 0x10, 0xc0}, false, "lgdt fword ptr [0xc0102000]"},
    {{0xea, 0, 0x10, 0x10, 0xc0, 8, 0}, false, "jmp far 0x8:0xc0101000"},
    {{0xf3, 0xa5}, false, "rep movsd"},
    {{0xf2, 0xae}, false, "repne scasb"},
    {{0xec}, false, "in al, dx"},
    {{0xe7, 0x80}, false, "out 0x80, eax"},
    {{0x75, 0xfe}, false, "jnz 0xc0101000"},
    {{0xe8, 0xfb, 0xff, 0xff, 0xff}, false, "call 0xc0101000"},
    {{0x89, 0x44, 0x8d, 0xf8}, false, "mov dword ptr [ebp+ecx*4-0x8], eax"},
    {{0x65, 0xa1, 0x14, 0, 0, 0}, false, "mov eax, dword ptr gs:[0x14]"},
    {{0xf0, 0x0f, 0xb1, 0x0b}, false, "lock cmpxchg dword ptr [ebx], ecx"},
    {{0x83, 0xec, 0xf0}, false, "sub esp, 0xfffffff0"},
    {{0x8b, 0x40, 0x02}, true, "mov ax, word ptr [bx+si+0x2]"},
    {{0xd8, 0xc1}, false, "fadd st0, st1"},
    {{0xd9, 0xee}, false, "fldz"},
    {{0x0f, 0x58, 0x01}, false, "addps xmm0, xmmword ptr [ecx]"},
    {{0x0f, 0x0b}, false, "ud2"},
    {{0x0f, 0x04}, false, "(bad)"},
};

static void test_examples(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        struct insn insn;
        char text[DISASM_MAX];
        assert_int_equal(
            insn_decode(examples[i].bytes, sizeof(examples[i].bytes), !examples[i].code16, &insn),
            DECODE_OK);
        insn_disassemble(&insn, EIP, text, sizeof(text));
        assert_string_equal(text, examples[i].text);
    }
}

static void test_short_buffer(void **state)
{
    const uint8_t bytes[] = {0x89, 0x44, 0x8d, 0xf8};
    struct insn insn;
    char text[8];
    (void)state;
    assert_int_equal(insn_decode(bytes, sizeof(bytes), true, &insn), DECODE_OK);
    memset(text, 'x', sizeof(text));
    insn_disassemble(&insn, EIP, text, 6);
    assert_string_equal(text, "mov d");
    assert_int_equal(text[6], 'x');
    insn_disassemble(&insn, EIP, text + 6, 0);
    assert_int_equal(text[6], 'x');
}

/* --- against Zydis ----------------------------------------------------------------------------
 */

static ZydisDecoder decoder;
static ZydisFormatter formatter;
static unsigned long compared;

static void init_zydis(void)
{
    assert_true(ZYAN_SUCCESS(
        ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_COMPAT_32, ZYDIS_STACK_WIDTH_32)));
    ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
    ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_FORCE_SIZE, ZYAN_TRUE);
    ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_HEX_UPPERCASE, ZYAN_FALSE);
    ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_ADDR_PADDING_ABSOLUTE,
                              ZYDIS_PADDING_DISABLED);
    ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_ADDR_PADDING_RELATIVE,
                              ZYDIS_PADDING_DISABLED);
    ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_DISP_PADDING,
                              ZYDIS_PADDING_DISABLED);
    ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_IMM_PADDING, ZYDIS_PADDING_DISABLED);
    ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_IMM_SIGNEDNESS,
                              ZYDIS_SIGNEDNESS_UNSIGNED);
}

/*
 * Where Zydis writes something else on purpose: the size of what is only an address;
 * no-operations of the x87; prefixes that mean nothing to a Pentium III (BND, NOTRACK).
 */
static bool written_otherwise(const struct insn *insn)
{
    static const uint16_t ops[] = {OP_NOP_MODRM, OP_PREFETCH, OP_INVLPG};
    for (unsigned i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        if (insn->op == ops[i])
            return true;
    }
    /* FDISI and its kin; FUCOMP, with ST(0) */
    if (insn->map == MAP_PRIMARY && insn_mod(insn) == 3 &&
        (insn->opcode == 0xdb || (insn->opcode == 0xdd && insn_reg(insn) == 5)))
        return true;
    return insn->rep || insn->seg == SEG_DS;
}

/* [eax+ebx*1]: the scale goes without saying. */
static void drop_scale_of_one(char *text)
{
    char *scale = strstr(text, "*1");
    if (scale)
        memmove(scale, scale + 2, strlen(scale + 2) + 1);
}

static void compare(const uint8_t *bytes)
{
    struct insn insn;
    char ours[DISASM_MAX], theirs[128];
    ZydisDecodedInstruction zydis;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    if (insn_decode(bytes, INSN_MAX_LENGTH, true, &insn) != DECODE_OK ||
        (insn.flags & (INSN_INVALID | INSN_ABSENT)) || written_otherwise(&insn) ||
        !ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, INSN_MAX_LENGTH, &zydis, operands)))
        return;
    insn_disassemble(&insn, EIP, ours, sizeof(ours));
    ZydisFormatterFormatInstruction(&formatter, &zydis, operands, zydis.operand_count_visible,
                                    theirs, sizeof(theirs), EIP, NULL);
    drop_scale_of_one(theirs);
    compared++;
    if (strcmp(ours, theirs) != 0)
        fail_msg("%02x %02x %02x %02x: %s; Zydis: %s", bytes[0], bytes[1], bytes[2], bytes[3], ours,
                 theirs);
}

static void test_against_zydis(void **state)
{
    static const uint8_t modrms[] = {0x00, 0x05, 0x44, 0x82, 0xc1};
    uint8_t bytes[INSN_MAX_LENGTH] = {0, 0, 0, 0x24, 0x85, 0xf0, 0x12, 0x34, 0x56, 0x78};
    (void)state;
    init_zydis();
    for (unsigned escape = 0; escape < 2; escape++) {
        for (unsigned opcode = 0; opcode < 256; opcode++) {
            for (unsigned n = 0; n < 8 * sizeof(modrms); n++) {
                bytes[0] = escape ? 0x0f : (uint8_t)opcode;
                bytes[escape] = (uint8_t)opcode;
                bytes[escape + 1] = (uint8_t)(modrms[n / 8] | n % 8 << 3);
                compare(bytes);
            }
        }
    }
    print_message("%lu instructions compared\n", compared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_short_buffer),
        cmocka_unit_test(test_against_zydis),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
