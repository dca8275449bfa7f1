/*
 * Event delivery: frames item by item, the checks of gate, code and stack segment, and what becomes
 * of a fault on the way.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support_tables.h"

static int setup(void **state)
{
    struct world *w = world_new(&cpu_model_pentium3_tcg);

    tables_init(w);
    w->cpu.eflags = EFLAGS_FIXED | EFLAGS_IF | EFLAGS_TF | EFLAGS_NT | EFLAGS_CF;
    *state = w;
    return 0;
}

#define FLAGS_BEFORE (EFLAGS_FIXED | EFLAGS_IF | EFLAGS_TF | EFLAGS_NT | EFLAGS_CF)
#define VECTOR       0x30

static enum cpu_result deliver(struct world *w, struct event event)
{
    return cpu_deliver(&w->cpu, &world_ops, w, &event);
}

static struct event interrupt(uint8_t vector)
{
    return (struct event){.vector = vector, .type = EVENT_HW_INT};
}

/* The items at SS:ESP, top first, and that the stack ends where `bottom` says. */
static void expect_frame(const struct world *w, uint32_t bottom, unsigned size,
                         const uint32_t *items, unsigned count)
{
    uint32_t esp = w->cpu.gpr[ESP];

    assert_int_equal(esp, bottom - size * count);
    for (unsigned i = 0; i < count; i++) {
        uint32_t at = esp + i * size;
        uint32_t item = size == 4 ? world_read32(w, at) : world_read16(w, at);
        assert_int_equal(item, size == 4 ? items[i] : items[i] & 0xffff);
    }
}

#define EXPECT_FRAME(w, bottom, size, ...)                         \
    expect_frame(w, bottom, size, (const uint32_t[]){__VA_ARGS__}, \
                 sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static void same_ring(void **state)
{
    struct world *w = *state;

    w->cpu.halted = true;
    w->cpu.int_shadow = SHADOW_STI;
    assert_int_equal(deliver(w, interrupt(VECTOR)), CPU_OK);
    EXPECT_FRAME(w, WORLD_STACK, 4, WORLD_CODE, CODE0, FLAGS_BEFORE);
    assert_int_equal(w->cpu.eip, HANDLER);
    assert_int_equal(w->cpu.eflags, EFLAGS_FIXED | EFLAGS_CF);
    assert_false(w->cpu.halted);
    assert_int_equal(w->cpu.int_shadow, SHADOW_NONE);
}

static void same_ring_with_error_code(void **state)
{
    struct world *w = *state;
    struct event fault = exception_error(EXC_PF, 2);

    fault.cr2 = 0xcafe0000;
    idt_gate(w, EXC_PF, CODE0, HANDLER, GATE_TRAP32);
    assert_int_equal(deliver(w, fault), CPU_OK);
    EXPECT_FRAME(w, WORLD_STACK, 4, 2, WORLD_CODE, CODE0, FLAGS_BEFORE);
    assert_int_equal(w->cpu.cr2, 0xcafe0000);
    assert_int_equal(w->cpu.eflags, EFLAGS_FIXED | EFLAGS_CF | EFLAGS_IF);
}

static void sixteen_bit_gate(void **state)
{
    struct world *w = *state;

    idt_gate(w, EXC_GP, CODE0, 0x2340, GATE_INT16);
    assert_int_equal(deliver(w, exception_error(EXC_GP, 0x58)), CPU_OK);
    EXPECT_FRAME(w, WORLD_STACK, 2, 0x58, WORLD_CODE, CODE0, FLAGS_BEFORE);
    assert_int_equal(w->cpu.eip, 0x2340);
}

static void to_inner_ring(void **state)
{
    struct world *w = *state;

    enter_user(w);
    w->cpu.changed = 0;
    assert_int_equal(deliver(w, interrupt(VECTOR)), CPU_OK);
    EXPECT_FRAME(w, INNER_ESP, 4, WORLD_CODE, CODE3 | 3, FLAGS_BEFORE, OUTER_ESP, DATA3 | 3);
    assert_int_equal(w->cpu.cpl, 0);
    assert_int_equal(w->cpu.seg[SEG_CS].selector, CODE0);
    assert_int_equal(w->cpu.seg[SEG_SS].selector, DATA0);
    assert_int_equal(w->cpu.seg[SEG_DS].selector, DATA3 | 3);
    assert_int_equal(w->cpu.changed, CHANGED_SEG(SEG_CS) | CHANGED_SEG(SEG_SS) | CHANGED_CPL);
}

static void to_inner_ring_with_error_code(void **state)
{
    struct world *w = *state;

    enter_user(w);
    assert_int_equal(deliver(w, exception_error(EXC_GP, 0x1234)), CPU_OK);
    EXPECT_FRAME(w, INNER_ESP, 4, 0x1234, WORLD_CODE, CODE3 | 3, FLAGS_BEFORE, OUTER_ESP,
                 DATA3 | 3);
}

static void to_inner_ring_through_16_bits(void **state)
{
    struct world *w = *state;

    enter_user(w);
    idt_gate(w, VECTOR, CODE0, 0x2340, GATE_INT16);
    w->cpu.seg[SEG_TR].attr = 0x83; /* 16-bit TSS: SP0 at 2, SS0 at 4 */
    world_write16(w, TSS_BASE + 2, 0x8000);
    world_write16(w, TSS_BASE + 4, DATA0);
    assert_int_equal(deliver(w, interrupt(VECTOR)), CPU_OK);
    EXPECT_FRAME(w, 0x8000, 2, WORLD_CODE, CODE3 | 3, FLAGS_BEFORE, OUTER_ESP, DATA3 | 3);
}

static void from_virtual_8086_mode(void **state)
{
    static const uint16_t selectors[6] = {0x1111, 0x2222, 0x3333, 0x4444, 0x5555, 0x6666};
    struct world *w = *state;

    enter_user(w);
    for (unsigned seg = SEG_ES; seg <= SEG_GS; seg++)
        w->cpu.seg[seg].selector = selectors[seg];
    w->cpu.eflags = EFLAGS_VM | EFLAGS_FIXED | EFLAGS_IF;
    w->cpu.eip = 0x100;
    assert_int_equal(deliver(w, interrupt(VECTOR)), CPU_OK);
    EXPECT_FRAME(w, INNER_ESP, 4, 0x100, 0x2222, EFLAGS_VM | EFLAGS_FIXED | EFLAGS_IF, OUTER_ESP,
                 0x3333, 0x1111, 0x4444, 0x5555, 0x6666);
    assert_false(w->cpu.eflags & EFLAGS_VM);
    assert_int_equal(w->cpu.seg[SEG_DS].selector, 0);
    assert_int_equal(w->cpu.seg[SEG_GS].attr, 0);
    assert_int_equal(w->cpu.seg[SEG_SS].selector, DATA0);

    enter_user(w);
    w->cpu.eflags = EFLAGS_VM | EFLAGS_FIXED;
    idt_gate(w, VECTOR, CONFORMING0, HANDLER, GATE_INT32); /* cannot be entered from there */
    assert_int_equal(deliver(w, interrupt(VECTOR)), CPU_OK);
    assert_int_equal(world_read32(w, w->cpu.gpr[ESP]), CONFORMING0);
}

static void conforming_handler_keeps_the_ring(void **state)
{
    struct world *w = *state;

    enter_user(w);
    idt_gate(w, VECTOR, CONFORMING0, HANDLER, GATE_INT32);
    assert_int_equal(deliver(w, interrupt(VECTOR)), CPU_OK);
    assert_int_equal(w->cpu.cpl, 3);
    assert_int_equal(w->cpu.seg[SEG_CS].selector, CONFORMING0 | 3);
    EXPECT_FRAME(w, OUTER_ESP, 4, WORLD_CODE, CODE3 | 3, FLAGS_BEFORE);
}

static void real_mode(void **state)
{
    struct world *w = *state;

    world_real_mode(w);
    w->cpu.idtr = (struct table_reg){0, 0x3ff};
    w->cpu.eflags = EFLAGS_FIXED | EFLAGS_IF | EFLAGS_TF | EFLAGS_AC;
    world_write16(w, 0x21 * 4, 0x4321);
    world_write16(w, 0x21 * 4 + 2, 0x1000);
    w->cpu.eip = 0x55;
    assert_int_equal(deliver(w, interrupt(0x21)), CPU_OK);
    EXPECT_FRAME(w, 0x8000, 2, 0x55, WORLD_CODE >> 4, EFLAGS_FIXED | EFLAGS_IF | EFLAGS_TF);
    assert_int_equal(w->cpu.eip, 0x4321);
    assert_int_equal(w->cpu.seg[SEG_CS].base, 0x10000);
    assert_int_equal(w->cpu.eflags, EFLAGS_FIXED);
    w->cpu.idtr.limit = 0x20;
    assert_int_equal(deliver(w, interrupt(0x21)), CPU_SHUTDOWN);
}

/* Vector and error code that the handler finds after INT 30h went wrong. */
static void expect_instead(struct world *w, unsigned vector, uint32_t error)
{
    idt_gate(w, vector, CODE0, HANDLER + vector * 16, GATE_INT32);
    assert_int_equal(world_run(w, "cd30"), CPU_FAULT);
    uint32_t after = w->cpu.eip;
    assert_int_equal(deliver(w, w->fault), CPU_OK);
    assert_int_equal(w->cpu.eip, HANDLER + vector * 16);
    assert_int_equal(world_read32(w, w->cpu.gpr[ESP]), error);
    assert_int_equal(world_read32(w, w->cpu.gpr[ESP] + 4), after - 2);
}

struct gate_case {
    unsigned target, attr; /* of gate 30h */
    unsigned vector;       /* that comes instead */
    uint32_t error;
};

static void bad_gates(void **state)
{
    static const struct gate_case cases[] = {
        {CODE0, 0x0e, EXC_NP, VECTOR * 8 + 2},
        {CODE0, 0x8c, EXC_GP, VECTOR * 8 + 2},
        {CODE0, 0x9e, EXC_GP, VECTOR * 8 + 2},
        {0, GATE_INT32, EXC_GP, 0},
        {3, GATE_INT32, EXC_GP, 0},
        {BEYOND, GATE_INT32, EXC_GP, BEYOND},
        {DATA0, GATE_INT32, EXC_GP, DATA0},
        {TSS32, GATE_INT32, EXC_GP, TSS32},
        {CODE3 | 3, GATE_INT32, EXC_GP, CODE3},
        {CODE0_ABSENT, GATE_INT32, EXC_NP, CODE0_ABSENT},
        {CODE1, GATE_INT32, EXC_GP, CODE1},
        {BEYOND, GATE_TASK, EXC_GP, BEYOND},
        {LOCAL_DATA3, GATE_TASK, EXC_TS, LOCAL_DATA3},
        {TSS32, GATE_TASK, EXC_GP, TSS32},
        {TSS32_ABSENT, GATE_TASK, EXC_NP, TSS32_ABSENT},
    };
    struct world *w = *state;

    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        w->cpu.eip = WORLD_CODE;
        w->cpu.gpr[ESP] = WORLD_STACK;
        idt_gate(w, VECTOR, cases[i].target, HANDLER, cases[i].attr);
        expect_instead(w, cases[i].vector, cases[i].error);
    }
    w->cpu.idtr.limit = VECTOR * 8 + 6;
    w->cpu.eip = WORLD_CODE;
    expect_instead(w, EXC_GP, VECTOR * 8 + 2);
}

static void gate_dpl_counts_for_software_alone(void **state)
{
    struct world *w = *state;

    enter_user(w);
    expect_instead(w, EXC_GP, VECTOR * 8 + 2);
    enter_user(w);
    w->cpu.eip = WORLD_CODE;
    assert_int_equal(deliver(w, interrupt(VECTOR)), CPU_OK);
    assert_int_equal(w->cpu.eip, HANDLER);
    enter_user(w);
    w->cpu.eip = WORLD_CODE;
    w->cpu.eflags = FLAGS_BEFORE;
    idt_gate(w, VECTOR, CODE0, HANDLER, GATE_INT32 | GATE_DPL3);
    assert_int_equal(world_run(w, "cd30"), CPU_FAULT);
    assert_int_equal(deliver(w, w->fault), CPU_OK);
    EXPECT_FRAME(w, INNER_ESP, 4, WORLD_CODE + 2, CODE3 | 3, FLAGS_BEFORE, OUTER_ESP, DATA3 | 3);
}

struct stack_case {
    uint16_t ss0;
    unsigned vector;
};

/* Handlers for the bad stack run in a conforming segment: they need no inner stack themselves. */
static void bad_inner_stacks(void **state)
{
    static const struct stack_case cases[] = {
        {0, EXC_TS},          {3, EXC_TS},      {DATA0 | 3, EXC_TS}, {DATA3, EXC_TS},
        {CODE0, EXC_TS},      {BEYOND, EXC_TS}, {DATA1, EXC_TS},     {DATA0_ABSENT, EXC_TS},
        {EXEC_ONLY0, EXC_TS}, {TSS32, EXC_TS},
    };
    struct world *w = *state;

    idt_gate(w, EXC_TS, CONFORMING0, HANDLER + 0x100, GATE_INT32);
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enter_user(w);
        world_write32(w, TSS_BASE + 8, cases[i].ss0);
        assert_int_equal(deliver(w, interrupt(VECTOR)), CPU_OK);
        assert_int_equal(w->cpu.eip, HANDLER + 0x100);
        assert_int_equal(world_read32(w, w->cpu.gpr[ESP]), cases[i].ss0 & 0xfffc);
        assert_int_equal(w->cpu.cpl, 3);
    }
    enter_user(w);
    w->cpu.seg[SEG_TR].limit = 10;
    assert_int_equal(deliver(w, interrupt(VECTOR)), CPU_OK);
    assert_int_equal(world_read32(w, w->cpu.gpr[ESP]), TSS32);
    enter_user(w);
    w->cpu.seg[SEG_TR].attr = 0;
    assert_int_equal(deliver(w, interrupt(VECTOR)), CPU_OK);
    assert_int_equal(w->cpu.eip, HANDLER + 0x100);
}

/* What comes when `first` cannot be delivered for this reason (SDM vol. 3, table 6-5). */
struct double_case {
    unsigned first;
    bool page_fault; /* the reason: a page fault, else a segment that is not there */
    unsigned then;
};

static void double_fault_matrix(void **state)
{
    static const struct double_case cases[] = {
        {EXC_UD, false, EXC_NP}, {EXC_UD, true, EXC_PF},  {EXC_DE, false, EXC_DF},
        {EXC_TS, false, EXC_DF}, {EXC_NP, true, EXC_PF},  {EXC_GP, false, EXC_DF},
        {EXC_GP, true, EXC_PF},  {EXC_SS, false, EXC_DF}, {EXC_DB, false, EXC_NP},
        {EXC_NM, true, EXC_PF},
    };
    struct world *w = *state;

    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct double_case *c = &cases[i];
        struct cpu before = w->cpu;
        tables_init(w);
        /* CS A0h is in the GDT but its descriptor page (1000h) stays; the LDT page is absent. */
        w->cpu.seg[SEG_LDTR].base = 0x70000;
        w->rights[0x70] = 0;
        idt_gate(w, c->first, c->page_fault ? 4 : CODE0_ABSENT, HANDLER, GATE_INT32);
        idt_gate(w, c->then, CODE0, HANDLER + 0x200, GATE_INT32);
        assert_int_equal(deliver(w, exception((uint8_t)c->first)), CPU_OK);
        assert_int_equal(w->cpu.eip, HANDLER + 0x200);
        assert_int_equal(w->cpu.gpr[ESP], before.gpr[ESP] - 16);
        assert_int_equal(world_read32(w, w->cpu.gpr[ESP] + 4), before.eip);
        if (c->then == EXC_DF)
            assert_int_equal(world_read32(w, w->cpu.gpr[ESP]), 0);
        if (c->page_fault)
            assert_int_equal(w->cpu.cr2, 0x70000);
        w->cpu = before;
    }
}

static void page_fault_twice_is_a_double_fault(void **state)
{
    struct world *w = *state;
    struct event fault = exception_error(EXC_PF, 0);

    idt_gate(w, EXC_PF, CODE0_ABSENT, HANDLER, GATE_INT32);
    idt_gate(w, EXC_DF, CODE0, HANDLER + 0x200, GATE_INT32);
    assert_int_equal(deliver(w, fault), CPU_OK);
    assert_int_equal(w->cpu.eip, HANDLER + 0x200);

    w->cpu.eip = WORLD_CODE;
    w->cpu.gpr[ESP] = WORLD_STACK;
    w->rights[WORLD_STACK / 4096 - 1] = 0;
    w->cpu.seg[SEG_SS].base = 0;
    uint32_t esp = w->cpu.gpr[ESP];
    assert_int_equal(deliver(w, fault), CPU_SHUTDOWN);
    assert_int_equal(w->cpu.cr2, WORLD_STACK - 4);
    assert_int_equal(w->cpu.gpr[ESP], esp);
}

static void triple_fault(void **state)
{
    struct world *w = *state;

    w->cpu.idtr.limit = 0;
    assert_int_equal(deliver(w, interrupt(VECTOR)), CPU_SHUTDOWN);
    assert_int_equal(deliver(w, exception(EXC_UD)), CPU_SHUTDOWN);
}

static void ext_bit_by_the_manual(void **state)
{
    struct world *w = *state;
    struct cpu_model strict = strict_model();

    w->cpu.model = &strict;
    idt_gate(w, VECTOR, CODE0_ABSENT, HANDLER, GATE_INT32);
    assert_int_equal(deliver(w, interrupt(VECTOR)), CPU_OK);
    assert_int_equal(world_read32(w, w->cpu.gpr[ESP]), CODE0_ABSENT | 1);
    w->cpu.eip = WORLD_CODE;
    expect_instead(w, EXC_NP, CODE0_ABSENT);
}

static void strict_frames(void **state)
{
    struct world *w = *state;
    struct cpu_model strict = strict_model();

    w->cpu.model = &strict;
    idt_gate(w, EXC_UD, CODE0_NEW, HANDLER, GATE_INT32);
    assert_int_equal(deliver(w, exception(EXC_UD)), CPU_OK);
    EXPECT_FRAME(w, WORLD_STACK, 4, WORLD_CODE, CODE0, FLAGS_BEFORE | EFLAGS_RF);
    assert_int_equal(gdt_high(w, CODE0_NEW) >> 8 & 0xff, 0x9b);
    w->cpu.seg[SEG_SS].limit = 0xfff;
    assert_int_equal(deliver(w, interrupt(VECTOR)), CPU_SHUTDOWN);
}

static void software_events(void **state)
{
    struct world *w = *state;

    assert_int_equal(world_run(w, "cc"), CPU_FAULT);
    assert_int_equal(w->fault.type, EVENT_SOFT_EXC);
    assert_int_equal(w->cpu.eip, WORLD_CODE + 1);
    assert_int_equal(world_run(w, "ce"), CPU_OK);
    w->cpu.eflags |= EFLAGS_OF;
    assert_int_equal(world_run(w, "ce"), CPU_FAULT);
    assert_int_equal(w->fault.vector, EXC_OF);
    expect_ud(w, "f1");
    enter_user(w);
    w->cpu.eflags = EFLAGS_VM | EFLAGS_FIXED;
    expect_fault(w, "cd30", EXC_GP, 0);
    assert_int_equal(world_run(w, "cc"), CPU_FAULT);
    assert_int_equal(w->fault.type, EVENT_SOFT_EXC);
}

static void nmi_blocks_until_iret(void **state)
{
    struct world *w = *state;

    w->cpu.eflags &= ~EFLAGS_NT;
    assert_int_equal(deliver(w, (struct event){.vector = EXC_NMI, .type = EVENT_NMI}), CPU_OK);
    assert_true(w->cpu.nmi_blocked);
    expect_ok(w, "cf");
    assert_false(w->cpu.nmi_blocked);
    assert_int_equal(w->cpu.eip, WORLD_CODE);
    assert_int_equal(w->cpu.gpr[ESP], WORLD_STACK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(same_ring, setup, tables_teardown),
        cmocka_unit_test_setup_teardown(same_ring_with_error_code, setup, tables_teardown),
        cmocka_unit_test_setup_teardown(sixteen_bit_gate, setup, tables_teardown),
        cmocka_unit_test_setup_teardown(to_inner_ring, setup, tables_teardown),
        cmocka_unit_test_setup_teardown(to_inner_ring_with_error_code, setup, tables_teardown),
        cmocka_unit_test_setup_teardown(to_inner_ring_through_16_bits, setup, tables_teardown),
        cmocka_unit_test_setup_teardown(from_virtual_8086_mode, setup, tables_teardown),
        cmocka_unit_test_setup_teardown(conforming_handler_keeps_the_ring, setup, tables_teardown),
        cmocka_unit_test_setup_teardown(real_mode, setup, tables_teardown),
        cmocka_unit_test_setup_teardown(bad_gates, setup, tables_teardown),
        cmocka_unit_test_setup_teardown(gate_dpl_counts_for_software_alone, setup, tables_teardown),
        cmocka_unit_test_setup_teardown(bad_inner_stacks, setup, tables_teardown),
        cmocka_unit_test_setup_teardown(double_fault_matrix, setup, tables_teardown),
        cmocka_unit_test_setup_teardown(page_fault_twice_is_a_double_fault, setup, tables_teardown),
        cmocka_unit_test_setup_teardown(triple_fault, setup, tables_teardown),
        cmocka_unit_test_setup_teardown(ext_bit_by_the_manual, setup, tables_teardown),
        cmocka_unit_test_setup_teardown(strict_frames, setup, tables_teardown),
        cmocka_unit_test_setup_teardown(software_events, setup, tables_teardown),
        cmocka_unit_test_setup_teardown(nmi_blocks_until_iret, setup, tables_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
