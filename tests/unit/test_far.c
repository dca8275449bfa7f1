/* Far JMP, CALL, RET and IRET: code segments, call gates, every ring, virtual-8086 mode. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "support_tables.h"

/* "EA" or "9A", offset and selector as the instruction has them. */
static const char *far_insn(char *hex, const char *opcode, uint32_t offset, unsigned selector)
{
    sprintf(hex, "%s%02x%02x%02x%02x%02x%02x", opcode, offset & 0xff, offset >> 8 & 0xff,
            offset >> 16 & 0xff, offset >> 24, selector & 0xff, selector >> 8);
    return hex;
}

struct far_case {
    uint16_t selector;
    uint8_t cpl0, cpl3; /* vector, 0 when it works */
    uint16_t error;
};

static const struct far_case far_cases[] = {
    {CODE0, 0, EXC_GP, CODE0},
    {CODE0 | 3, EXC_GP, EXC_GP, CODE0},
    {CODE3, EXC_GP, 0, CODE3},
    {CODE3 | 3, EXC_GP, 0, CODE3},
    {CONFORMING0, 0, 0, 0},
    {CONFORMING0 | 3, 0, 0, 0},
    {DATA0, EXC_GP, EXC_GP, DATA0},
    {CODE0_ABSENT, EXC_NP, EXC_GP, CODE0_ABSENT},
    {0, EXC_GP, EXC_GP, 0},
    {3, EXC_GP, EXC_GP, 0},
    {BEYOND, EXC_GP, EXC_GP, BEYOND},
    {LDT, EXC_GP, EXC_GP, LDT},
    {INT_GATE_IN_GDT, EXC_GP, EXC_GP, INT_GATE_IN_GDT},
};

static void far_to_code(void **state)
{
    struct world *w = *state;
    char hex[32];

    for (unsigned i = 0; i < sizeof(far_cases) / sizeof(far_cases[0]); i++) {
        const struct far_case *c = &far_cases[i];
        for (unsigned cpl = 0; cpl <= 3; cpl += 3) {
            struct cpu before = w->cpu;
            unsigned vector = cpl ? c->cpl3 : c->cpl0;
            if (cpl)
                enter_user(w);
            uint32_t esp = w->cpu.gpr[ESP];
            uint16_t cs = w->cpu.seg[SEG_CS].selector;
            for (unsigned call = 0; call < 2; call++) {
                w->cpu.eip = WORLD_CODE;
                far_insn(hex, call ? "9a" : "ea", WORLD_CODE, c->selector);
                if (vector) {
                    expect_fault(w, hex, vector, c->error);
                    continue;
                }
                expect_ok(w, hex);
                assert_int_equal(w->cpu.cpl, cpl);
                assert_int_equal(w->cpu.seg[SEG_CS].selector, (c->selector & 0xfffc) | cpl);
                assert_int_equal(w->cpu.eip, WORLD_CODE);
                assert_int_equal(w->cpu.gpr[ESP], esp - call * 8);
                if (!call)
                    cs = w->cpu.seg[SEG_CS].selector;
                else
                    assert_int_equal(world_read32(w, esp - 4), cs);
                if (call)
                    assert_int_equal(world_read32(w, esp - 8), WORLD_CODE + 7);
            }
            w->cpu = before;
        }
    }
}

static void far_past_the_limit(void **state)
{
    struct world *w = *state;
    struct cpu_model strict = strict_model();
    char hex[32];

    expect_fault(w, far_insn(hex, "ea", 0x1000, CODE0_SHORT), EXC_GP, 0);
    expect_fault(w, far_insn(hex, "9a", 0x1000, CODE0_SHORT), EXC_GP, CODE0_SHORT);
    w->cpu.model = &strict;
    expect_fault(w, far_insn(hex, "9a", 0x1000, CODE0_SHORT), EXC_GP, 0);
    expect_ok(w, far_insn(hex, "ea", WORLD_CODE, CODE0_NEW));
    assert_int_equal(gdt_high(w, CODE0_NEW) >> 8 & 0xff, 0x9b);
}

static void far_indirect(void **state)
{
    struct world *w = *state;

    world_write32(w, WORLD_DATA, 0x12345);
    world_write16(w, WORLD_DATA + 4, CODE0);
    expect_ok(w, "ff2d00000200");
    assert_int_equal(w->cpu.eip, 0x12345);
    w->cpu.eip = WORLD_CODE;
    world_write16(w, WORLD_DATA + 2, CODE0_16);
    expect_ok(w, "66ff1d00000200");
    assert_int_equal(w->cpu.eip, 0x2345);
    assert_int_equal(w->cpu.gpr[ESP], WORLD_STACK - 4);
    assert_int_equal(world_read16(w, WORLD_STACK - 4), (WORLD_CODE + 7) & 0xffff);
}

static void call_gate_to_the_same_ring(void **state)
{
    struct world *w = *state;
    char hex[32];

    gdt_gate(w, GATE, CODE0, HANDLER, GATE_CALL32, 5);
    expect_ok(w, far_insn(hex, "9a", 0xffffffff, GATE));
    assert_int_equal(w->cpu.eip, HANDLER);
    assert_int_equal(w->cpu.gpr[ESP], WORLD_STACK - 8);
    w->cpu.eip = WORLD_CODE;
    expect_ok(w, far_insn(hex, "ea", 0, GATE));
    assert_int_equal(w->cpu.eip, HANDLER);
}

static void call_gate_to_an_inner_ring_copies_parameters(void **state)
{
    struct world *w = *state;
    char hex[32];

    enter_user(w);
    w->cpu.gpr[ESP] -= 12;
    for (unsigned i = 0; i < 3; i++)
        world_write32(w, w->cpu.gpr[ESP] + i * 4, 0x1000 + i);
    gdt_gate(w, GATE, CODE0, HANDLER, GATE_CALL32 | GATE_DPL3, 3);
    expect_ok(w, far_insn(hex, "9a", 0, GATE | 3));
    assert_int_equal(w->cpu.cpl, 0);
    assert_int_equal(w->cpu.gpr[ESP], INNER_ESP - 28);
    const uint32_t frame[] = {WORLD_CODE + 7, CODE3 | 3,      0x1000,   0x1001,
                              0x1002,         OUTER_ESP - 12, DATA3 | 3};
    for (unsigned i = 0; i < 7; i++)
        assert_int_equal(world_read32(w, w->cpu.gpr[ESP] + i * 4), frame[i]);

    expect_ok(w, "ca0c00"); /* and back: RETF 12 */
    assert_int_equal(w->cpu.cpl, 3);
    assert_int_equal(w->cpu.gpr[ESP], OUTER_ESP);
    assert_int_equal(w->cpu.eip, WORLD_CODE + 7);
    assert_int_equal(w->cpu.seg[SEG_SS].selector, DATA3 | 3);
}

static void sixteen_bit_call_gate(void **state)
{
    struct world *w = *state;
    char hex[32];

    enter_user(w);
    world_write16(w, w->cpu.gpr[ESP], 0xaaaa);
    gdt_gate(w, GATE, CODE0, 0x2340, GATE_CALL16 | GATE_DPL3, 1);
    expect_ok(w, far_insn(hex, "9a", 0, GATE | 3));
    assert_int_equal(w->cpu.gpr[ESP], INNER_ESP - 10);
    assert_int_equal(world_read16(w, INNER_ESP - 6), 0xaaaa);
    assert_int_equal(world_read16(w, INNER_ESP - 8), CODE3 | 3);
}

/* With a 16-bit stack in the inner ring only SP is loaded. */
static void inner_stack_of_16_bits(void **state)
{
    struct world *w = *state;

    gdt_gate(w, GATE, CODE0, HANDLER, GATE_CALL32 | GATE_DPL3, 0);
    world_write32(w, TSS_BASE + 8, DATA0_16);
    enter_user(w);
    w->cpu.gpr[ESP] = 0x43210000;
    w->cpu.seg[SEG_SS].attr &= ~ATTR_DB;
    expect_ok(w, "9a000000006300");
    assert_int_equal(w->cpu.gpr[ESP], 0x43210000 | ((INNER_ESP - 16) & 0xffff));
}

struct gate_case {
    unsigned target, attr;
    unsigned call, jump; /* vectors at CPL 0 */
    uint16_t error;
};

static void bad_call_gates(void **state)
{
    static const struct gate_case cases[] = {
        {CODE0, 0x0c, EXC_NP, EXC_NP, GATE},
        {0, GATE_CALL32, EXC_GP, EXC_GP, 0},
        {BEYOND, GATE_CALL32, EXC_GP, EXC_GP, BEYOND},
        {DATA0, GATE_CALL32, EXC_GP, EXC_GP, DATA0},
        {CODE3, GATE_CALL32, EXC_GP, EXC_GP, CODE3},
        {CODE0_ABSENT, GATE_CALL32, EXC_NP, EXC_GP, CODE0_ABSENT},
    };
    struct world *w = *state;
    char hex[32];

    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        gdt_gate(w, GATE, cases[i].target, HANDLER, cases[i].attr, 0);
        expect_fault(w, far_insn(hex, "9a", 0, GATE), cases[i].call, cases[i].error);
        expect_fault(w, far_insn(hex, "ea", 0, GATE), cases[i].jump, cases[i].error);
    }
    gdt_gate(w, GATE, CODE0, HANDLER, GATE_CALL32, 0);
    expect_fault(w, far_insn(hex, "9a", 0, GATE | 1), EXC_GP, GATE);
    enter_user(w);
    expect_fault(w, far_insn(hex, "9a", 0, GATE), EXC_GP, GATE);
    gdt_gate(w, GATE, CODE0, HANDLER, GATE_CALL32 | GATE_DPL3, 0);
    expect_fault(w, far_insn(hex, "ea", 0, GATE), EXC_GP, CODE0);
    world_write32(w, TSS_BASE + 8, DATA3);
    expect_fault(w, far_insn(hex, "9a", 0, GATE), EXC_TS, DATA3);
}

/* Puts an image at the top of the stack: EIP CS EFLAGS ESP SS ... */
static void put_image(struct world *w, const uint32_t *items, unsigned count)
{
    w->cpu.gpr[ESP] = WORLD_STACK - count * 4;
    for (unsigned i = 0; i < count; i++)
        world_write32(w, w->cpu.gpr[ESP] + i * 4, items[i]);
}

#define PUT_IMAGE(w, ...)                         \
    put_image(w, (const uint32_t[]){__VA_ARGS__}, \
              sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static void iret_to_the_same_ring(void **state)
{
    struct world *w = *state;

    PUT_IMAGE(w, 0x12345, CODE0, 0xffffffff & ~EFLAGS_VM);
    expect_ok(w, "cf");
    assert_int_equal(w->cpu.eip, 0x12345);
    assert_int_equal(w->cpu.eflags, 0x247fd7 | EFLAGS_RF);
    assert_int_equal(w->cpu.gpr[ESP], WORLD_STACK);
}

static void iret_with_16_bits(void **state)
{
    struct world *w = *state;

    w->cpu.eflags = 0x240002;
    PUT_IMAGE(w, CODE0 << 16 | 0x2345, 0xffff3002);
    expect_ok(w, "66cf");
    assert_int_equal(w->cpu.eip, 0x2345);
    assert_int_equal(w->cpu.eflags, 0x243002);
    assert_int_equal(w->cpu.gpr[ESP], WORLD_STACK - 2);
}

static void iret_to_an_outer_ring_drops_segments(void **state)
{
    struct world *w = *state;

    w->cpu.seg[SEG_FS] = w->cpu.seg[SEG_DS];
    w->cpu.seg[SEG_FS].attr |= ATTR_DPL;
    w->cpu.seg[SEG_GS] = (struct segment){.selector = 3};
    PUT_IMAGE(w, 0x12345, CODE3 | 3, 0x3202, OUTER_ESP, DATA3 | 3);
    w->cpu.changed = 0;
    expect_ok(w, "cf");
    assert_int_equal(w->cpu.cpl, 3);
    assert_int_equal(w->cpu.gpr[ESP], OUTER_ESP);
    assert_int_equal(w->cpu.eflags, 0x3202);
    assert_int_equal(w->cpu.seg[SEG_DS].selector, 0);
    assert_int_equal(w->cpu.seg[SEG_DS].attr, 0);
    assert_int_equal(w->cpu.seg[SEG_FS].selector, DATA0);
    assert_int_equal(w->cpu.seg[SEG_GS].selector, 3);
    assert_int_equal(w->cpu.changed, CHANGED_SEG(SEG_CS) | CHANGED_SEG(SEG_SS) |
                                         CHANGED_SEG(SEG_DS) | CHANGED_SEG(SEG_ES) | CHANGED_CPL);
}

struct iret_case {
    uint16_t cs, ss;
    unsigned vector;
    uint16_t error;
};

static void iret_refuses(void **state)
{
    static const struct iret_case cases[] = {
        {0, DATA0, EXC_GP, 0},
        {BEYOND, DATA0, EXC_GP, BEYOND},
        {DATA0, DATA0, EXC_GP, DATA0},
        {CODE3, DATA0, EXC_GP, CODE3},
        {CODE0 | 3, DATA3 | 3, EXC_GP, CODE0},
        {CODE0_ABSENT, DATA0, EXC_NP, CODE0_ABSENT},
        {CODE3 | 3, 0, EXC_GP, 0},
        {CODE3 | 3, DATA3, EXC_GP, DATA3},
        {CODE3 | 3, DATA0 | 3, EXC_GP, DATA0},
        {CODE3 | 3, CODE3 | 3, EXC_GP, CODE3},
        {CODE3 | 3, DATA3_READONLY | 3, EXC_GP, DATA3_READONLY},
        {CODE3 | 3, BEYOND | 3, EXC_GP, BEYOND},
        {CODE3 | 3, DATA3_ABSENT | 3, EXC_NP, DATA3_ABSENT},
    };
    struct world *w = *state;

    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        PUT_IMAGE(w, 0x12345, cases[i].cs, 2, OUTER_ESP, cases[i].ss);
        expect_fault(w, "cf", cases[i].vector, cases[i].error);
    }
    PUT_IMAGE(w, 0x12345, CONFORMING0 | 3, 2, OUTER_ESP, DATA3 | 3);
    expect_ok(w, "cf");
    assert_int_equal(w->cpu.cpl, 3);
    w->cpu.eip = WORLD_CODE;
    PUT_IMAGE(w, 0x12345, CODE0, 2);
    expect_fault(w, "cf", EXC_GP, CODE0); /* never inwards */
}

static void user_iret_changes_no_privileged_flag(void **state)
{
    struct world *w = *state;

    enter_user(w);
    w->cpu.eflags = EFLAGS_FIXED | EFLAGS_IF;
    PUT_IMAGE(w, WORLD_CODE, CODE3 | 3, 0x23002 | EFLAGS_CF, OUTER_ESP, DATA3 | 3);
    expect_ok(w, "cf");
    assert_int_equal(w->cpu.eflags, EFLAGS_FIXED | EFLAGS_IF | EFLAGS_CF);
    assert_int_equal(w->cpu.cpl, 3);
}

static void iret_to_virtual_8086_mode(void **state)
{
    struct world *w = *state;

    PUT_IMAGE(w, 0x77770100, 0x99992000, 0x3fbed7, 0xabcd1000, 0x12342000, 0x3333, 0x4444, 0x5555,
              0x6666);
    expect_ok(w, "cf");
    assert_int_equal(w->cpu.cpl, 3);
    assert_int_equal(w->cpu.eip, 0x100);
    assert_int_equal(w->cpu.gpr[ESP], 0xabcd1000);
    assert_int_equal(w->cpu.eflags & ~EFLAGS_RF, 0x3e3ed7);
    assert_int_equal(w->cpu.seg[SEG_CS].base, 0x20000);
    assert_int_equal(w->cpu.seg[SEG_CS].limit, 0xffff);
    assert_int_equal(w->cpu.seg[SEG_CS].attr, 0xf3);
    assert_int_equal(w->cpu.seg[SEG_ES].selector, 0x3333);
    assert_int_equal(w->cpu.seg[SEG_DS].selector, 0x4444);
    assert_int_equal(w->cpu.seg[SEG_GS].base, 0x66660);
}

static void iret_in_virtual_8086_mode_needs_iopl(void **state)
{
    struct world *w = *state;

    enter_user(w);
    w->cpu.eflags = EFLAGS_VM | EFLAGS_FIXED;
    PUT_IMAGE(w, 0x12340100, 0x2);
    expect_fault(w, "66cf", EXC_GP, 0);
    w->cpu.eflags |= EFLAGS_IOPL;
    expect_ok(w, "66cf");
    assert_int_equal(w->cpu.eip, 0x100);
    assert_int_equal(w->cpu.seg[SEG_CS].base, 0x12340);
    assert_int_equal(w->cpu.eflags, EFLAGS_VM | EFLAGS_IOPL | EFLAGS_FIXED);
}

static void real_mode_transfers(void **state)
{
    struct world *w = *state;

    world_real_mode(w);
    expect_ok(w, "9a34120020");
    assert_int_equal(w->cpu.seg[SEG_CS].base, 0x20000);
    assert_int_equal(w->cpu.eip, 0x1234);
    assert_int_equal(world_read16(w, 0x7ffe), WORLD_CODE >> 4);
    expect_ok(w, "ca0400");
    assert_int_equal(w->cpu.eip, 5);
    assert_int_equal(w->cpu.gpr[ESP], 0x8004);
    expect_ok(w, "ea00000010");
    w->cpu.gpr[ESP] = 0x8000;
    world_write32(w, 0x8000, 0x30000044);
    world_write16(w, 0x8004, 0xffff);
    expect_ok(w, "cf");
    assert_int_equal(w->cpu.seg[SEG_CS].selector, 0x3000);
    assert_int_equal(w->cpu.eflags, 0x7fd7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(far_to_code, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(far_past_the_limit, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(far_indirect, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(call_gate_to_the_same_ring, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(inner_stack_of_16_bits, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(call_gate_to_an_inner_ring_copies_parameters, tables_setup,
                                        tables_teardown),
        cmocka_unit_test_setup_teardown(sixteen_bit_call_gate, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(bad_call_gates, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(iret_to_the_same_ring, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(iret_with_16_bits, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(iret_to_an_outer_ring_drops_segments, tables_setup,
                                        tables_teardown),
        cmocka_unit_test_setup_teardown(iret_refuses, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(user_iret_changes_no_privileged_flag, tables_setup,
                                        tables_teardown),
        cmocka_unit_test_setup_teardown(iret_to_virtual_8086_mode, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(iret_in_virtual_8086_mode_needs_iopl, tables_setup,
                                        tables_teardown),
        cmocka_unit_test_setup_teardown(real_mode_transfers, tables_setup, tables_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
