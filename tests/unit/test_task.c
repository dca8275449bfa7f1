/* Hardware task switches: by JMP, CALL, task gate, event and IRET; faults before and after. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support_tables.h"

#define NEW_EIP 0x15000u
#define NEW_ESP 0x48000u

static int setup(void **state)
{
    static const uint16_t segments[] = {DATA0, CODE0, DATA0, DATA0, DATA3 | 3, 0};
    struct world *w = world_new(&cpu_model_pentium3_tcg);

    tables_init(w);
    world_write32(w, TSS2_BASE + 0x1c, 0x7000);
    world_write32(w, TSS2_BASE + 0x20, NEW_EIP);
    world_write32(w, TSS2_BASE + 0x24, EFLAGS_FIXED | EFLAGS_IF);
    for (unsigned i = 0; i < GPR_COUNT; i++)
        world_write32(w, TSS2_BASE + 0x28 + i * 4, 0x11110000 + i);
    world_write32(w, TSS2_BASE + 0x28 + ESP * 4, NEW_ESP);
    for (unsigned i = 0; i < 6; i++)
        world_write32(w, TSS2_BASE + 0x48 + i * 4, segments[i]);
    world_write32(w, TSS2_BASE + 0x60, LDT);
    w->cpu.gpr[EBX] = 0xbbbbbbbb;
    w->cpu.dr[7] = 0x4ff;
    *state = w;
    return 0;
}

static unsigned type_of(const struct world *w, unsigned selector)
{
    return gdt_high(w, selector) >> 8 & 0xf;
}

static void expect_new_task(const struct world *w)
{
    assert_int_equal(w->cpu.eip, NEW_EIP);
    assert_int_equal(w->cpu.gpr[EAX], 0x11110000);
    assert_int_equal(w->cpu.seg[SEG_TR].selector, TSS32_OTHER);
    assert_int_equal(w->cpu.seg[SEG_FS].selector, DATA3 | 3);
    assert_int_equal(w->cpu.seg[SEG_LDTR].selector, LDT);
    assert_true(w->cpu.cr0 & CR0_TS);
    assert_int_equal(w->cpu.dr[7], 0x4aa);
    assert_int_equal(type_of(w, TSS32_OTHER), 0xb);
}

/* PDPTEs with reserved bits: the fault is the new task's, in the old one's memory. */
static void pdptes_of_the_new_task(void **state)
{
    struct world *w = *state;
    struct cpu_model model = cpu_model_pentium3_tcg;

    model.policy.pdptes_loaded = true;
    w->cpu.model = &model;
    w->cpu.cr0 |= CR0_PG;
    w->cpu.cr4 |= CR4_PAE;
    world_write32(w, 0x7000, 0x9001);
    expect_ok(w, "9a00000000b000");
    assert_int_equal(w->cpu.pdpte[0], 0x9001);
    assert_int_equal(w->cpu.cr3, 0x7000);
    expect_ok(w, "cf");
    world_write32(w, 0x7000, 0xa003);
    w->cpu.cr3 = 0x6000;
    assert_int_equal(world_run(w, "9a00000000b000"), CPU_OK); /* #GP was delivered */
    assert_int_equal(w->cpu.seg[SEG_TR].selector, TSS32_OTHER);
    assert_int_equal(w->cpu.pdpte[0], 0);
    assert_int_equal(w->cpu.cr3, 0x6000);
}

static void jump(void **state)
{
    struct world *w = *state;

    expect_ok(w, "ea00000000b000");
    expect_new_task(w);
    assert_int_equal(w->cpu.gpr[ESP], NEW_ESP);
    assert_int_equal(w->cpu.eflags, EFLAGS_FIXED | EFLAGS_IF);
    assert_int_equal(type_of(w, TSS32), 0x9);
    assert_int_equal(world_read32(w, TSS_BASE + 0x20), WORLD_CODE + 7);
    assert_int_equal(world_read32(w, TSS_BASE + 0x28 + EBX * 4), 0xbbbbbbbb);
    assert_int_equal(world_read16(w, TSS_BASE + 0x4c), CODE0);
    assert_int_equal(w->cpu.cr3, 0); /* paging is off */
}

static void call_and_return(void **state)
{
    struct world *w = *state;

    w->cpu.cr0 |= CR0_PG;
    expect_ok(w, "9a00000000b000");
    expect_new_task(w);
    assert_int_equal(w->cpu.cr3, 0x7000);
    assert_int_equal(w->cpu.eflags, EFLAGS_FIXED | EFLAGS_IF | EFLAGS_NT);
    assert_int_equal(world_read16(w, TSS2_BASE), TSS32);
    assert_int_equal(type_of(w, TSS32), 0xb);
    expect_ok(w, "cf");
    assert_int_equal(w->cpu.seg[SEG_TR].selector, TSS32);
    assert_int_equal(w->cpu.eip, WORLD_CODE + 7);
    assert_int_equal(w->cpu.gpr[EBX], 0xbbbbbbbb);
    assert_int_equal(type_of(w, TSS32_OTHER), 0x9);
    assert_int_equal(world_read32(w, TSS2_BASE + 0x20), NEW_EIP + 1);
    assert_false(world_read32(w, TSS2_BASE + 0x24) & EFLAGS_NT);
}

static void gate_and_event_with_error_code(void **state)
{
    struct world *w = *state;
    struct event fault = exception_error(EXC_GP, 0x58);

    gdt_gate(w, GATE, TSS32_OTHER, 0, GATE_TASK | GATE_DPL3, 0);
    enter_user(w);
    expect_ok(w, "9a000000006300");
    expect_new_task(w);
    assert_int_equal(w->cpu.cpl, 0);
    expect_ok(w, "cf");
    assert_int_equal(w->cpu.cpl, 3);

    idt_gate(w, EXC_GP, TSS32_OTHER, 0, GATE_TASK);
    world_write32(w, TSS2_BASE + 0x20, NEW_EIP);
    uint32_t eip = w->cpu.eip;
    assert_int_equal(cpu_deliver(&w->cpu, &world_ops, w, &fault), CPU_OK);
    expect_new_task(w);
    assert_int_equal(w->cpu.gpr[ESP], NEW_ESP - 4);
    assert_int_equal(world_read32(w, NEW_ESP - 4), 0x58);
    assert_int_equal(world_read32(w, TSS_BASE + 0x20), eip);
}

static void refused_before_the_switch(void **state)
{
    struct world *w = *state;

    expect_fault(w, "ea000000002800", EXC_GP, TSS32); /* busy */
    expect_fault(w, "9a00000000b800", EXC_NP, TSS32_ABSENT);
    expect_fault(w, "9a00000000b100", EXC_GP, TSS32_OTHER);
    gdt_gate(w, GATE, TSS32, 0, GATE_TASK, 0);
    expect_fault(w, "9a000000006000", EXC_GP, TSS32);
    gdt_gate(w, GATE, LOCAL_DATA3, 0, GATE_TASK, 0);
    expect_fault(w, "9a000000006000", EXC_TS, LOCAL_DATA3);
    gdt_entry(w, TSS32_OTHER, TSS2_BASE, 0x66, 0x89);
    expect_fault(w, "9a00000000b000", EXC_TS, TSS32_OTHER);
    tables_init(w);
    w->rights[TSS_BASE / 4096] = PAGE_PRESENT;
    expect_fault(w, "9a00000000b000", EXC_PF, 3);
    assert_int_equal(type_of(w, TSS32_OTHER), 0x9);
    w->cpu.eflags |= EFLAGS_NT;
    expect_fault(w, "cf", EXC_TS, 0);
    world_write16(w, TSS_BASE, TSS32_OTHER);
    expect_fault(w, "cf", EXC_TS, TSS32_OTHER);
}

struct segment_case {
    unsigned offset, selector, vector;
};

static void faults_of_the_new_task_with(struct world *w, uint32_t eip)
{
    static const struct segment_case cases[] = {
        {0x48, BEYOND, EXC_TS},     {0x48, DATA0_ABSENT, EXC_NP}, {0x4c, 0, EXC_TS},
        {0x4c, DATA0, EXC_TS},      {0x4c, CODE0_ABSENT, EXC_NP}, {0x4c, CODE0 | 3, EXC_TS},
        {0x54, TSS32, EXC_TS},      {0x54, EXEC_ONLY0, EXC_TS},   {0x60, DATA0, EXC_TS},
        {0x60, LDT_ABSENT, EXC_TS}, {0x60, LOCAL_DATA3, EXC_TS},
    };

    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct cpu before = w->cpu;
        uint32_t held = world_read32(w, TSS2_BASE + cases[i].offset);
        world_write32(w, TSS2_BASE + 0x20, NEW_EIP);
        world_write32(w, TSS2_BASE + cases[i].offset, cases[i].selector);
        /* A handler task with its own stack, for the new task's may be the bad one. */
        gdt_entry(w, CODE3_NEW, 0x3600, 0x67, 0x89);
        for (unsigned at = 0; at < 0x68; at += 4)
            world_write32(w, 0x3600 + at, world_read32(w, TSS2_BASE + at));
        world_write32(w, 0x3600 + cases[i].offset, held);
        world_write32(w, 0x3600 + 0x20, HANDLER);
        idt_gate(w, cases[i].vector, CODE3_NEW, 0, GATE_TASK);
        expect_ok(w, "9a00000000b000");
        assert_int_equal(w->cpu.eip, HANDLER);
        assert_int_equal(w->cpu.seg[SEG_TR].selector, CODE3_NEW);
        assert_int_equal(world_read32(w, w->cpu.gpr[ESP]), cases[i].selector & 0xfffc);
        assert_int_equal(world_read16(w, 0x3600), TSS32_OTHER);
        assert_int_equal(world_read32(w, TSS2_BASE + 0x20), eip);
        tables_init(w);
        world_write32(w, TSS2_BASE + cases[i].offset, held);
        w->cpu = before;
    }
}

/* Where the fault is reported: at the instruction on QEMU, in the new task on silicon. */
static void faults_of_the_new_task(void **state)
{
    struct world *w = *state;
    struct cpu_model silicon = *w->cpu.model;

    faults_of_the_new_task_with(w, WORLD_CODE);
    silicon.policy.task_fault_in_new = true;
    w->cpu.model = &silicon;
    faults_of_the_new_task_with(w, NEW_EIP);
}

/* Task gates whose tasks all fail must end in shutdown, not in endless switching. */
static void failing_tasks_end_in_shutdown(void **state)
{
    struct world *w = *state;

    world_write32(w, TSS2_BASE + 0x50, 0);
    for (unsigned vector = 0; vector < 32; vector++)
        idt_gate(w, vector, TSS32_OTHER, 0, GATE_TASK);
    struct event fault = exception_error(EXC_GP, 0);
    assert_int_equal(cpu_deliver(&w->cpu, &world_ops, w, &fault), CPU_SHUTDOWN);
}

static void sixteen_bit_tss(struct world *w)
{
    for (unsigned at = 0; at < 0x2c; at += 2)
        world_write16(w, TSS2_BASE + at, 0);
    world_write16(w, TSS2_BASE + 0x0e, 0x5000);
    world_write16(w, TSS2_BASE + 0x10, 0x0202);
    world_write16(w, TSS2_BASE + 0x12 + EBX * 2, 0x1234);
    world_write16(w, TSS2_BASE + 0x22, DATA0);
    world_write16(w, TSS2_BASE + 0x24, CODE0_16);
    world_write16(w, TSS2_BASE + 0x26, DATA0_16);
    world_write16(w, TSS2_BASE + 0x28, DATA0);
}

static void sixteen_bit_task(void **state)
{
    struct world *w = *state;

    sixteen_bit_tss(w);
    expect_ok(w, "9a000000006800");
    assert_int_equal(w->cpu.eip, 0x5000);
    assert_int_equal(w->cpu.gpr[EBX], 0xbbbb1234);
    assert_int_equal(w->cpu.seg[SEG_SS].selector, DATA0_16);
    assert_int_equal(w->cpu.seg[SEG_GS].selector, 0);
    assert_int_equal(type_of(w, TSS16), 3);
    expect_ok(w, "cf");
    assert_int_equal(w->cpu.eip, WORLD_CODE + 7);
    assert_int_equal(world_read16(w, TSS2_BASE + 0x0e), 0x5001);
}

/* The upper halves of registers that a 16-bit TSS does not name. */
static void registers_of_a_sixteen_bit_task(void **state)
{
    struct world *w = *state;
    struct cpu_model ones = *w->cpu.model;

    ones.policy.task16_keeps_upper = false;
    w->cpu.model = &ones;
    w->cpu.gpr[EDI] = 0x87654321;
    sixteen_bit_tss(w);
    world_write16(w, TSS2_BASE + 0x12 + EDI * 2, 0x1234);
    expect_ok(w, "9a000000006800");
    assert_int_equal(w->cpu.gpr[EDI], 0xffff1234);
}

#define DR6_BS     0x4000u
#define DR6_BT     0x8000u
#define TSS32_TRAP 0x64u

/* As setup(), with T set in the other task's TSS, on a processor that looks at it. */
static int setup_trap(void **state)
{
    static struct cpu_model model;

    setup(state);
    struct world *w = *state;
    model = *w->cpu.model;
    model.policy.task_traps = true;
    w->cpu.model = &model;
    w->cpu.dr[7] = 0x400;
    world_write16(w, TSS2_BASE + TSS32_TRAP, 1);
    return 0;
}

static enum cpu_result step(struct world *w, const char *hex)
{
    struct insn insn;

    world_put(w, w->cpu.eip, hex);
    return cpu_step(&w->cpu, &world_ops, w, &insn);
}

/* #DB, and nothing else, before the first instruction of the new task. */
static void expect_trap(const struct world *w, uint32_t esp, uint32_t dr6)
{
    assert_int_equal(w->cpu.eip, HANDLER);
    assert_int_equal(w->cpu.seg[SEG_TR].selector, TSS32_OTHER);
    assert_int_equal(w->cpu.gpr[ESP], esp - 12);
    assert_int_equal(world_read32(w, esp - 12), NEW_EIP);
    assert_false(world_read32(w, esp - 4) & (EFLAGS_RF | EFLAGS_TF));
    assert_int_equal(w->cpu.dr[6], dr6);
}

static void trap_of_the_new_task(void **state)
{
    struct world *w = *state;
    struct cpu before = w->cpu;

    assert_int_equal(step(w, "9a00000000b000"), CPU_OK);
    expect_trap(w, NEW_ESP, DR6_BT);
    assert_true(world_read32(w, NEW_ESP - 4) & EFLAGS_NT);

    /* The single step over the switch is in the same #DB. */
    tables_init(w);
    w->cpu = before;
    w->cpu.eflags |= EFLAGS_TF;
    assert_int_equal(step(w, "ea00000000b000"), CPU_OK);
    expect_trap(w, NEW_ESP, DR6_BT | DR6_BS);

    /* What has no T, or a processor that does not look at it. */
    tables_init(w);
    w->cpu = before;
    w->cpu.model = &cpu_model_pentium3_tcg;
    assert_int_equal(step(w, "ea00000000b000"), CPU_OK);
    assert_int_equal(w->cpu.eip, NEW_EIP);
    assert_int_equal(w->cpu.dr[6], 0);
    tables_init(w);
    w->cpu = before;
    world_write16(w, TSS2_BASE + TSS32_TRAP, 0xfffe);
    assert_int_equal(step(w, "ea00000000b000"), CPU_OK);
    assert_int_equal(w->cpu.eip, NEW_EIP);
}

/* IRET leads back into a task whose T bit was set meanwhile. */
static void trap_of_the_task_returned_to(void **state)
{
    struct world *w = *state;

    world_write16(w, TSS2_BASE + TSS32_TRAP, 0);
    assert_int_equal(step(w, "9a00000000b000"), CPU_OK);
    assert_int_equal(w->cpu.eip, NEW_EIP);
    world_write16(w, TSS_BASE + TSS32_TRAP, 1);
    assert_int_equal(step(w, "cf"), CPU_OK);
    assert_int_equal(w->cpu.seg[SEG_TR].selector, TSS32);
    assert_int_equal(w->cpu.eip, HANDLER);
    assert_int_equal(world_read32(w, w->cpu.gpr[ESP]), WORLD_CODE + 7);
    assert_int_equal(w->cpu.dr[6], DR6_BT);
}

/* By an event: its error code lies on the new stack before the frame of the #DB. */
static void trap_behind_an_event(void **state)
{
    struct world *w = *state;
    struct event fault = exception_error(EXC_GP, 0x58);

    idt_gate(w, EXC_GP, TSS32_OTHER, 0, GATE_TASK);
    assert_int_equal(cpu_deliver(&w->cpu, &world_ops, w, &fault), CPU_OK);
    expect_trap(w, NEW_ESP - 4, DR6_BT);
    assert_int_equal(world_read32(w, NEW_ESP - 4), 0x58);
}

/* A fault of the new task's selectors comes first, and its handler is not trapped. */
static void fault_instead_of_a_trap(void **state)
{
    struct world *w = *state;

    w->cpu.eflags |= EFLAGS_TF;
    world_write16(w, TSS2_BASE + 0x54, EXEC_ONLY0);
    idt_gate(w, EXC_TS, CODE0, HANDLER + 0x10, GATE_INT32);
    assert_int_equal(step(w, "ea00000000b000"), CPU_OK);
    assert_int_equal(w->cpu.eip, HANDLER + 0x10);
    assert_int_equal(w->cpu.dr[6], 0);
}

/* Where the handler of #DB is a task with T set itself, it is entered once. */
static void trap_in_the_handler_of_traps(void **state)
{
    struct world *w = *state;

    w->cpu.eflags |= EFLAGS_TF;
    idt_gate(w, EXC_DB, TSS32_OTHER, 0, GATE_TASK);
    assert_int_equal(step(w, "90"), CPU_OK);
    assert_int_equal(w->cpu.eip, NEW_EIP);
    assert_int_equal(w->cpu.seg[SEG_TR].selector, TSS32_OTHER);
    assert_int_equal(w->cpu.dr[6], DR6_BS);
}

static void without_a_current_task(void **state)
{
    struct world *w = *state;

    w->cpu.seg[SEG_TR] = (struct segment){0};
    expect_fault(w, "9a00000000b000", EXC_TS, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(jump, setup, tables_teardown),
        cmocka_unit_test_setup_teardown(pdptes_of_the_new_task, setup, tables_teardown),
        cmocka_unit_test_setup_teardown(call_and_return, setup, tables_teardown),
        cmocka_unit_test_setup_teardown(gate_and_event_with_error_code, setup, tables_teardown),
        cmocka_unit_test_setup_teardown(refused_before_the_switch, setup, tables_teardown),
        cmocka_unit_test_setup_teardown(faults_of_the_new_task, setup, tables_teardown),
        cmocka_unit_test_setup_teardown(failing_tasks_end_in_shutdown, setup, tables_teardown),
        cmocka_unit_test_setup_teardown(sixteen_bit_task, setup, tables_teardown),
        cmocka_unit_test_setup_teardown(registers_of_a_sixteen_bit_task, setup, tables_teardown),
        cmocka_unit_test_setup_teardown(without_a_current_task, setup, tables_teardown),
        cmocka_unit_test_setup_teardown(trap_of_the_new_task, setup_trap, tables_teardown),
        cmocka_unit_test_setup_teardown(trap_of_the_task_returned_to, setup_trap, tables_teardown),
        cmocka_unit_test_setup_teardown(trap_behind_an_event, setup_trap, tables_teardown),
        cmocka_unit_test_setup_teardown(fault_instead_of_a_trap, setup_trap, tables_teardown),
        cmocka_unit_test_setup_teardown(trap_in_the_handler_of_traps, setup_trap, tables_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
