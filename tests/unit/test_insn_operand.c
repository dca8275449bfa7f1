/* What an instruction's operands are, by examples; the other decoders check all of them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "emulate/cpu/cpu.h"
#include "emulate/cpu/disasm.h"
#include "emulate/cpu/insn_operand.h"

static struct insn decode(const char *bytes, unsigned size, bool code32)
{
    struct insn insn;

    assert_int_equal(insn_decode((const uint8_t *)bytes, size, code32, &insn), DECODE_OK);
    return insn;
}

/* Decodes a string literal as 32-bit code and spells its operands out; `count` are expected. */
#define OPERANDS(literal, count)                                   \
    struct insn_operand o[3];                                      \
    struct insn insn = decode(literal, sizeof(literal) - 1, true); \
    assert_int_equal(insn_operands(&insn, o), count)

static void registers_have_class_and_number(void **state)
{
    (void)state;
    {
        OPERANDS("\x66\x0f\xb6\xfc", 2); /* movzx di, ah */
        assert_int_equal(o[0].reg_class, CLASS_16);
        assert_int_equal(o[0].reg, EDI);
        assert_int_equal(o[0].access, ACCESS_W);
        assert_int_equal(o[1].reg_class, CLASS_8);
        assert_int_equal(o[1].reg, 4);
        assert_int_equal(o[1].access, ACCESS_R);
    }
    {
        OPERANDS("\xdc\xc3", 2); /* fadd st3, st0 */
        assert_int_equal(o[0].reg_class, CLASS_ST);
        assert_int_equal(o[0].reg, 3);
        assert_int_equal(o[0].access, ACCESS_RW);
        assert_int_equal(o[1].reg, 0);
    }
}

static void memory_has_its_default_segment(void **state)
{
    (void)state;
    {
        OPERANDS("\x8b\x44\xbd\xf8", 2); /* mov eax, [ebp+edi*4-8] */
        assert_int_equal(o[1].form, IS_MEM);
        assert_int_equal(o[1].seg, SEG_SS);
        assert_int_equal(o[1].base, EBP);
        assert_int_equal(o[1].index, EDI);
        assert_int_equal(o[1].scale, 4);
        assert_int_equal(o[1].disp, 0xfffffff8);
        assert_int_equal(o[1].size, 4);
    }
    {
        OPERANDS("\x67\x64\x03\x42\xff", 2); /* add eax, fs:[bp+si-1] */
        assert_int_equal(o[1].seg, SEG_FS);
        assert_int_equal(o[1].base, EBP);
        assert_int_equal(o[1].index, ESI);
        assert_int_equal(o[1].disp, 0xffff);
    }
}

/* Only the source of a string instruction can be in another segment. */
static void string_operands_are_spelled_out(void **state)
{
    OPERANDS("\x65\xf3\xa5", 2); /* rep movsd es:[edi], gs:[esi] */
    (void)state;
    assert_int_equal(o[0].seg, SEG_ES);
    assert_int_equal(o[0].base, EDI);
    assert_int_equal(o[0].access, ACCESS_W);
    assert_int_equal(o[1].seg, SEG_GS);
    assert_int_equal(o[1].base, ESI);
    assert_int_equal(o[1].access, ACCESS_R);
}

static void values_and_targets(void **state)
{
    (void)state;
    {
        OPERANDS("\x66\x83\xc0\xfe", 2); /* add ax, 0xfffe */
        assert_int_equal(o[1].form, IS_IMM);
        assert_int_equal(o[1].value, 0xfffe);
    }
    {
        OPERANDS("\x66\xe8\xfc\xff", 1); /* call to itself, EIP cut to 16 bits */
        assert_int_equal(o[0].form, IS_BRANCH);
        assert_int_equal(insn_branch_target(&insn, 0x12345678), 0x5678);
    }
    {
        OPERANDS("\x9a\x44\x33\x22\x11\x08\x00", 1);
        assert_int_equal(o[0].form, IS_FAR);
        assert_int_equal(o[0].value, 0x11223344);
        assert_int_equal(o[0].selector, 8);
    }
}

/* The table knows what a Pentium III lacks, too. */
static void absent_instructions_are_described(void **state)
{
    char name[16];
    OPERANDS("\x66\x0f\x7f\x01", 2); /* movdqa [ecx], xmm0 */
    (void)state;
    assert_true(insn.flags & INSN_ABSENT);
    insn_mnemonic(&insn, name, sizeof(name));
    assert_string_equal(name, "movdqa");
    assert_int_equal(o[0].size, 16);
    assert_int_equal(o[0].access, ACCESS_W);
    assert_true(insn_writes_mem(&insn));
}

static void conditions_read_their_flags(void **state)
{
    struct insn ja = decode("\x77\x00", 2, true), cmovl = decode("\x0f\x4c\xc0", 3, true);

    (void)state;
    assert_int_equal(insn_flags_read(&ja), EFLAGS_CF | EFLAGS_ZF);
    assert_int_equal(insn_flags_read(&cmovl), EFLAGS_SF | EFLAGS_OF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registers_have_class_and_number),
        cmocka_unit_test(memory_has_its_default_segment),
        cmocka_unit_test(string_operands_are_spelled_out),
        cmocka_unit_test(values_and_targets),
        cmocka_unit_test(absent_instructions_are_described),
        cmocka_unit_test(conditions_read_their_flags),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
