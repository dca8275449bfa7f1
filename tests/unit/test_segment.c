/* Loads of segment registers: the bad-selector matrix, accessed bits, hidden parts, LAR to ARPL. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support_tables.h"

#define NO_FAULT 0xffu

/* MOV DS,AX and MOV SS,AX with every kind of selector at CPL 0 and CPL 3. */
struct load_case {
    uint16_t selector;
    uint8_t ds0, ss0, ds3, ss3; /* vector, or NO_FAULT */
};

static const struct load_case load_cases[] = {
    {DATA0, NO_FAULT, NO_FAULT, EXC_GP, EXC_GP},
    {DATA0 | 3, EXC_GP, EXC_GP, EXC_GP, EXC_GP},
    {DATA3, NO_FAULT, EXC_GP, NO_FAULT, EXC_GP},
    {DATA3 | 3, NO_FAULT, EXC_GP, NO_FAULT, NO_FAULT},
    {NULL_SELECTOR, NO_FAULT, EXC_GP, NO_FAULT, EXC_GP},
    {3, NO_FAULT, EXC_GP, NO_FAULT, EXC_GP},
    {CODE0, NO_FAULT, EXC_GP, EXC_GP, EXC_GP},
    {CONFORMING0 | 3, NO_FAULT, EXC_GP, NO_FAULT, EXC_GP},
    {EXEC_ONLY0, EXC_GP, EXC_GP, EXC_GP, EXC_GP},
    {DATA0_ABSENT, EXC_NP, EXC_SS, EXC_GP, EXC_GP},
    {DATA3_ABSENT | 3, EXC_NP, EXC_GP, EXC_NP, EXC_SS},
    {DATA3_READONLY | 3, NO_FAULT, EXC_GP, NO_FAULT, EXC_GP},
    {TSS32, EXC_GP, EXC_GP, EXC_GP, EXC_GP},
    {LDT, EXC_GP, EXC_GP, EXC_GP, EXC_GP},
    {INT_GATE_IN_GDT, EXC_GP, EXC_GP, EXC_GP, EXC_GP},
    {BEYOND, EXC_GP, EXC_GP, EXC_GP, EXC_GP},
    {LOCAL_DATA3 | 3, NO_FAULT, EXC_GP, NO_FAULT, NO_FAULT},
    {LOCAL_DATA3 + 0x10, EXC_GP, EXC_GP, EXC_GP, EXC_GP},
};

static void check_load(struct world *w, const char *hex, uint16_t selector, unsigned vector,
                       unsigned seg)
{
    w->cpu.gpr[EAX] = selector;
    if (vector != NO_FAULT) {
        expect_fault(w, hex, vector, selector & 0xfffc);
        return;
    }
    expect_ok(w, hex);
    assert_int_equal(w->cpu.seg[seg].selector, selector);
}

static void loads_check_every_selector(void **state)
{
    struct world *w = *state;

    for (unsigned i = 0; i < sizeof(load_cases) / sizeof(load_cases[0]); i++) {
        const struct load_case *c = &load_cases[i];
        check_load(w, "8ed8", c->selector, c->ds0, SEG_DS);
        check_load(w, "8ed0", c->selector, c->ss0, SEG_SS);
    }
    enter_user(w);
    for (unsigned i = 0; i < sizeof(load_cases) / sizeof(load_cases[0]); i++) {
        const struct load_case *c = &load_cases[i];
        check_load(w, "8ed8", c->selector, c->ds3, SEG_DS);
        check_load(w, "8ed0", c->selector, c->ss3, SEG_SS);
    }
}

static void accessed_bit_is_set_in_the_guests_table(void **state)
{
    struct world *w = *state;

    w->cpu.gpr[EAX] = DATA0_NEW;
    w->cpu.changed = 0;
    expect_ok(w, "8ee0");
    assert_int_equal(gdt_high(w, DATA0_NEW) >> 8 & 0xff, 0x93);
    assert_int_equal(w->cpu.seg[SEG_FS].attr, 0xc093);
    assert_int_equal(w->cpu.changed, CHANGED_SEG(SEG_FS));
    unsigned writes = w->writes;
    expect_ok(w, "8ee0");
    assert_int_equal(w->writes, writes);
}

static void read_only_table_faults_as_supervisor_write(void **state)
{
    struct world *w = *state;

    enter_user(w);
    w->rights[GDT_BASE / 4096] = PAGE_PRESENT;
    w->cpu.gpr[EAX] = DATA3_NEW | 3;
    expect_fault(w, "8ed8", EXC_PF, 3);
    assert_int_equal(w->fault.cr2, GDT_BASE + DATA3_NEW + 4);
    w->rights[GDT_BASE / 4096] = 0;
    expect_fault(w, "8ed8", EXC_PF, 0);
    assert_int_equal(w->fault.cr2, GDT_BASE + DATA3_NEW);
}

static void hidden_part_is_taken_apart(void **state)
{
    struct world *w = *state;

    gdt_entry(w, GATE, 0x89abcdef, 0x12345, 0x40f3);
    w->cpu.gpr[EAX] = GATE;
    expect_ok(w, "8ee8");
    assert_int_equal(w->cpu.seg[SEG_GS].base, 0x89abcdef);
    assert_int_equal(w->cpu.seg[SEG_GS].limit, 0x12345);
    gdt_entry(w, GATE, 0, 0x12345, 0xc0f3);
    assert_int_equal(w->cpu.seg[SEG_GS].base, 0x89abcdef);
    expect_ok(w, "8ee8");
    assert_int_equal(w->cpu.seg[SEG_GS].limit, 0x12345fff);
    w->cpu.gpr[EAX] = 2;
    expect_ok(w, "8ee8");
    assert_int_equal(w->cpu.seg[SEG_GS].selector, 2);
    assert_int_equal(w->cpu.seg[SEG_GS].attr, 0);
}

static void only_mov_and_pop_ss_shadow(void **state)
{
    struct world *w = *state;

    w->cpu.gpr[EAX] = DATA0;
    expect_ok(w, "8ed0");
    assert_int_equal(w->cpu.int_shadow, SHADOW_MOV_SS);
    expect_ok(w, "90");
    assert_int_equal(w->cpu.int_shadow, SHADOW_NONE);
    world_write32(w, w->cpu.gpr[ESP], DATA0);
    expect_ok(w, "17");
    assert_int_equal(w->cpu.int_shadow, SHADOW_MOV_SS);
    assert_int_equal(w->cpu.gpr[ESP], WORLD_STACK + 4);
    world_write32(w, WORLD_DATA, 0x7000);
    world_write16(w, WORLD_DATA + 4, DATA0);
    expect_ok(w, "0fb22500000200");
    assert_int_equal(w->cpu.gpr[ESP], 0x7000);
    assert_int_equal(w->cpu.int_shadow, SHADOW_NONE);
}

static void far_pointer_loads(void **state)
{
    struct world *w = *state;

    world_write32(w, WORLD_DATA, 0x11223344);
    world_write16(w, WORLD_DATA + 4, DATA3);
    expect_ok(w, "c40d00000200");
    assert_int_equal(w->cpu.gpr[ECX], 0x11223344);
    assert_int_equal(w->cpu.seg[SEG_ES].selector, DATA3);
    world_write16(w, WORLD_DATA + 4, BEYOND);
    expect_fault(w, "c51500000200", EXC_GP, BEYOND);
    w->cpu.gpr[EDX] = 0xaaaaaaaa;
    world_write16(w, WORLD_DATA + 2, DATA3);
    expect_ok(w, "660fb41500000200");
    assert_int_equal(w->cpu.gpr[EDX], 0xaaaa3344);
    assert_int_equal(w->cpu.seg[SEG_FS].selector, DATA3);
}

static void moves_from_segment_registers(void **state)
{
    struct world *w = *state;

    w->cpu.gpr[EAX] = w->cpu.gpr[EBX] = 0xffffffff;
    expect_ok(w, "8cd8");
    assert_int_equal(w->cpu.gpr[EAX], DATA0);
    expect_ok(w, "668cdb");
    assert_int_equal(w->cpu.gpr[EBX], 0xffff0010);
    world_write32(w, WORLD_DATA, 0xffffffff);
    expect_ok(w, "8c1d00000200");
    assert_int_equal(world_read32(w, WORLD_DATA), 0xffff0010);
    expect_ud(w, "8cf0");
    expect_ud(w, "8ec8");
    expect_ud(w, "8ef0");
}

static void push_of_segment_registers(void **state)
{
    struct world *w = *state;
    struct cpu_model strict = strict_model();

    world_write32(w, WORLD_STACK - 4, 0xffffffff);
    expect_ok(w, "1e");
    assert_int_equal(world_read32(w, WORLD_STACK - 4), DATA0);
    w->cpu.model = &strict;
    world_write32(w, WORLD_STACK - 8, 0xffffffff);
    expect_ok(w, "1e");
    assert_int_equal(world_read32(w, WORLD_STACK - 8), 0xffff0010);
    assert_int_equal(w->cpu.gpr[ESP], WORLD_STACK - 8);
    expect_ok(w, "66 0fa8");
    assert_int_equal(w->cpu.gpr[ESP], WORLD_STACK - 10);
}

static void real_mode_changes_base_alone(void **state)
{
    struct world *w = *state;

    world_real_mode(w);
    w->cpu.seg[SEG_DS].limit = 0xffffffff;
    w->cpu.gpr[EAX] = 0x1234;
    expect_ok(w, "8ed8");
    assert_int_equal(w->cpu.seg[SEG_DS].base, 0x12340);
    assert_int_equal(w->cpu.seg[SEG_DS].limit, 0xffffffff);
}

struct look_case {
    uint16_t selector;
    uint32_t rights, limit; /* 0: ZF = 0 */
    bool verr, verw;
};

/* At CPL 0. */
static const struct look_case look_cases[] = {
    {CODE0, 0xc09b00, 0xffffffff, true, false},
    {DATA0, 0xc09300, 0xffffffff, true, true},
    {DATA0 | 3, 0, 0, false, false},
    {DATA3 | 3, 0xc0f300, 0xffffffff, true, true},
    {DATA3_READONLY, 0xc0f100, 0xffffffff, true, false},
    {CONFORMING0 | 3, 0xc09f00, 0xffffffff, true, false},
    {EXEC_ONLY0, 0xc09900, 0xffffffff, false, false},
    {CODE0_SHORT, 0x409b00, 0xfff, true, false},
    {TSS32, 0x008b00, 0x67, false, false},
    {TSS16, 0x008100, 0x2b, false, false},
    {LDT, 0x008200, 0x0f, false, false},
    {INT_GATE_IN_GDT, 0, 0, false, false},
    {NULL_SELECTOR, 0, 0, false, false},
    {BEYOND, 0, 0, false, false},
    {DATA0_ABSENT, 0xc01300, 0xffffffff, true, true},
};

static bool zf_after(struct world *w, const char *hex)
{
    expect_ok(w, hex);
    return w->cpu.eflags & EFLAGS_ZF;
}

static void lar_lsl_verr_verw(void **state)
{
    struct world *w = *state;

    for (unsigned i = 0; i < sizeof(look_cases) / sizeof(look_cases[0]); i++) {
        const struct look_case *c = &look_cases[i];
        w->cpu.gpr[ECX] = c->selector;
        w->cpu.gpr[EAX] = w->cpu.gpr[EBX] = 0x55aa55aa;
        assert_int_equal(zf_after(w, "0f02c1"), c->rights != 0);
        assert_int_equal(w->cpu.gpr[EAX], c->rights ? c->rights : 0x55aa55aa);
        assert_int_equal(zf_after(w, "0f03d9"), c->limit != 0);
        assert_int_equal(w->cpu.gpr[EBX], c->limit ? c->limit : 0x55aa55aa);
        assert_int_equal(zf_after(w, "0f00e1"), c->verr);
        assert_int_equal(zf_after(w, "0f00e9"), c->verw);
    }
    gdt_gate(w, GATE, CODE0, 0, GATE_CALL32, 0);
    w->cpu.gpr[ECX] = GATE;
    assert_true(zf_after(w, "0f02c1"));
    assert_int_equal(w->cpu.gpr[EAX], 0x8c00);
    assert_false(zf_after(w, "0f03d9"));
    enter_user(w);
    w->cpu.gpr[ECX] = DATA0;
    assert_false(zf_after(w, "0f02c1"));
    assert_false(zf_after(w, "0f00e1"));
}

static void arpl_raises_the_rpl(void **state)
{
    struct world *w = *state;

    w->cpu.gpr[EAX] = 0xffff1230;
    w->cpu.gpr[EBX] = 0x4563;
    assert_true(zf_after(w, "63d8"));
    assert_int_equal(w->cpu.gpr[EAX], 0xffff1233);
    assert_false(zf_after(w, "63d8"));
    world_real_mode(w);
    expect_ud(w, "63d8");
    expect_ud(w, "0f02c1");
    expect_ud(w, "0f00e1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(loads_check_every_selector, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(accessed_bit_is_set_in_the_guests_table, tables_setup,
                                        tables_teardown),
        cmocka_unit_test_setup_teardown(read_only_table_faults_as_supervisor_write, tables_setup,
                                        tables_teardown),
        cmocka_unit_test_setup_teardown(hidden_part_is_taken_apart, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(only_mov_and_pop_ss_shadow, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(far_pointer_loads, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(moves_from_segment_registers, tables_setup,
                                        tables_teardown),
        cmocka_unit_test_setup_teardown(push_of_segment_registers, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(real_mode_changes_base_alone, tables_setup,
                                        tables_teardown),
        cmocka_unit_test_setup_teardown(lar_lsl_verr_verw, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(arpl_raises_the_rpl, tables_setup, tables_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
