/* Single steps and breakpoints of emulated instructions: when #DB comes, and what DR6 says then. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "support_tables.h"

#define DR6_NONE 0xffff0ff0u
#define BS       0x4000u

/* R/W and LEN of breakpoint n, enabled. */
enum { EXECUTE = 0, WRITE = 1, PORT = 2, ACCESS = 3 };
#define ARM(n, kind, len) (1u << (2 * (n)) | (uint32_t)((kind) | (len) << 2) << (16 + 4 * (n)))
#define LEN1              0u
#define LEN2              1u
#define LEN4              3u

static struct cpu_model silicon;

static void world_setup(void **state, const struct cpu_model *model)
{
    struct world *w = world_new(model);

    tables_init(w);
    idt_gate(w, EXC_DB, CODE0, HANDLER, GATE_INT32);
    idt_gate(w, EXC_PF, CODE0, HANDLER, GATE_INT32);
    w->cpu.dr[6] = DR6_NONE;
    *state = w;
}

static int setup(void **state)
{
    world_setup(state, &cpu_model_pentium3_tcg);
    return 0;
}

static int silicon_setup(void **state)
{
    silicon = cpu_model_pentium3_tcg;
    silicon.policy.all_data_breaks = true;
    silicon.policy.io_break_after_insn = true;
    silicon.policy.steps_sti_hlt = true;
    world_setup(state, &silicon);
    return 0;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

/* One step of the instruction at EIP: it ran through, to `next`. */
static void expect_step(struct world *w, uint32_t next)
{
    struct insn insn;

    assert_int_equal(cpu_step(&w->cpu, &world_ops, w, &insn), CPU_OK);
    assert_int_equal(w->cpu.eip, next);
}

/* One step that ends in #DB: checks the pushed EIP and the B and BS bits, and returns from it. */
static void expect_debug(struct world *w, uint32_t eip, uint32_t dr6)
{
    uint32_t esp;

    expect_step(w, HANDLER);
    esp = w->cpu.gpr[ESP];
    assert_int_equal(world_read32(w, esp), eip);
    assert_int_equal(w->cpu.dr[6], DR6_NONE | dr6);
    w->cpu.eip = eip;
    w->cpu.eflags = world_read32(w, esp + 8);
    w->cpu.gpr[ESP] += 12;
    w->cpu.dr[6] = DR6_NONE;
}

static uint32_t code(struct world *w, const char *hex)
{
    world_put(w, WORLD_CODE, hex);
    w->cpu.eip = WORLD_CODE;
    return WORLD_CODE;
}

static void single_step_clears_stale_breaks(void **state)
{
    struct world *w = *state;
    uint32_t at = code(w, "90 90 90");

    w->cpu.eflags |= EFLAGS_TF;
    w->cpu.dr[6] = DR6_NONE | 0xf;
    w->cpu.dr[1] = at + 1; /* not enabled, and yet it shows */
    expect_debug(w, at + 1, BS | 2);
    w->cpu.dr[6] = DR6_NONE | 0x200f;
    expect_step(w, HANDLER);
    assert_int_equal(w->cpu.dr[6], DR6_NONE | 0x2000 | BS);
}

static void native_debug_exception(void **state)
{
    struct world *w = *state;
    struct event event;

    w->cpu.eip = WORLD_CODE;
    w->cpu.dr[2] = WORLD_CODE;
    w->cpu.dr[6] = DR6_NONE | 2;
    event = cpu_native_debug(&w->cpu, BS | 1); /* B0 of a register that is not the guest's */
    assert_int_equal(event.vector, EXC_DB);
    assert_int_equal(w->cpu.dr[6], DR6_NONE | BS | 4);
    w->cpu.dr[7] = ARM(0, WRITE, LEN4);
    cpu_native_debug(&w->cpu, 1);
    assert_int_equal(w->cpu.dr[6], DR6_NONE | BS | 1);
}

static void not_stepped(void **state)
{
    struct world *w = *state;
    uint32_t at = code(w, "fb fb 90 8ed0 90 16 17 90");

    w->cpu.gpr[EAX] = w->cpu.seg[SEG_SS].selector;
    w->cpu.eflags |= EFLAGS_TF;
    expect_step(w, at + 1);
    expect_step(w, at + 2);
    expect_debug(w, at + 3, BS);
    expect_step(w, at + 5);
    expect_debug(w, at + 6, BS);
    expect_debug(w, at + 7, BS);
    expect_step(w, at + 8);
    expect_debug(w, at + 9, BS);
    at = code(w, "f4");
    expect_step(w, at + 1);
    assert_true(w->cpu.halted);
}

static void silicon_steps_sti_and_hlt(void **state)
{
    struct world *w = *state;
    uint32_t at = code(w, "fb f4 8ed0");

    w->cpu.gpr[EAX] = w->cpu.seg[SEG_SS].selector;
    w->cpu.eflags |= EFLAGS_TF;
    expect_debug(w, at + 1, BS);
    expect_debug(w, at + 2, BS);
    assert_false(w->cpu.halted);
    expect_step(w, at + 4);
}

static void shadow_is_not_extended(void **state)
{
    struct world *w = *state;
    uint32_t at = code(w, "fb 8ed0 8ed0");

    w->cpu.gpr[EAX] = w->cpu.seg[SEG_SS].selector;
    expect_step(w, at + 1);
    assert_int_equal(w->cpu.int_shadow, SHADOW_STI);
    expect_step(w, at + 3);
    assert_int_equal(w->cpu.int_shadow, SHADOW_NONE);
    expect_step(w, at + 5);
    assert_int_equal(w->cpu.int_shadow, SHADOW_MOV_SS);
}

static void data_breaks(void **state)
{
    struct world *w = *state;
    uint32_t at = code(w, "a100000200 a300000200 8ed0 8b1500000200 a202000200 0f010500000200");

    w->cpu.gpr[EAX] = 0;
    w->cpu.dr[3] = WORLD_DATA + 2;
    w->cpu.dr[7] = ARM(3, WRITE, LEN2);
    expect_step(w, at + 5);
    expect_debug(w, at + 10, 8);
    w->cpu.gpr[EAX] = w->cpu.seg[SEG_SS].selector;
    expect_step(w, at + 12);
    expect_step(w, at + 18);
    expect_debug(w, at + 23, 8);
    expect_debug(w, at + 30, 8); /* SGDT */
    code(w, "a100000200");
    w->cpu.dr[7] = ARM(3, ACCESS, LEN1);
    expect_debug(w, at + 5, 8);
    code(w, "66a100000200");
    expect_step(w, at + 6); /* up to the byte before */
    code(w, "a002000200");
    w->cpu.dr[7] = ARM(3, PORT, LEN4);
    expect_step(w, at + 5);
}

static void breaks_on_the_stack(void **state)
{
    struct world *w = *state;
    uint32_t at = code(w, "0e 58 9c 9d");

    w->cpu.dr[0] = w->cpu.gpr[ESP] - 4;
    w->cpu.dr[7] = ARM(0, WRITE, LEN4);
    expect_debug(w, at + 1, 1);
    expect_step(w, at + 2);
    expect_debug(w, at + 3, 1);
    expect_step(w, at + 4);
}

/* MOV SS holds the single step off, not the breakpoint that it met. */
static void break_of_mov_ss(void **state)
{
    struct world *w = *state;
    uint32_t at = code(w, "8e1500000200 90");

    world_write32(w, WORLD_DATA, w->cpu.seg[SEG_SS].selector);
    w->cpu.eflags |= EFLAGS_TF;
    w->cpu.dr[0] = WORLD_DATA;
    w->cpu.dr[7] = ARM(0, ACCESS, LEN2);
    expect_debug(w, at + 6, 1);
    expect_debug(w, at + 7, BS);
}

static void several_data_breaks(void **state)
{
    struct world *w = *state;
    uint32_t at = code(w, "a300000200");
    bool all = w->cpu.model == &silicon;

    w->cpu.dr[1] = w->cpu.dr[2] = WORLD_DATA;
    w->cpu.dr[7] = ARM(1, WRITE, LEN1) | ARM(2, ACCESS, LEN4);
    expect_debug(w, at + 5, all ? 6 : 2);
}

static void fault_drops_data_breaks(void **state)
{
    struct world *w = *state;
    uint32_t at = code(w, "a300000200 90");

    w->cpu.dr[0] = WORLD_DATA;
    w->cpu.dr[7] = ARM(0, WRITE, LEN4);
    w->rights[WORLD_DATA / 4096] = 0;
    expect_step(w, HANDLER);
    assert_int_equal(w->cpu.dr[6], DR6_NONE);
    w->cpu.eip = at + 5;
    expect_step(w, at + 6);
}

static void code_breaks(void **state)
{
    struct world *w = *state;
    uint32_t at = code(w, "90 fa f3aa");

    w->cpu.dr[0] = at + 1;
    w->cpu.dr[7] = ARM(0, EXECUTE, LEN1);
    expect_step(w, at + 1);
    expect_debug(w, at + 1, 1);
    w->cpu.eflags |= EFLAGS_RF;
    expect_step(w, at + 2);
    assert_false(w->cpu.eflags & EFLAGS_RF);
    /* Before each iteration; one that is enabled nowhere is none. */
    w->cpu.gpr[EDI] = WORLD_DATA;
    w->cpu.gpr[ECX] = 2;
    w->cpu.dr[0] = at + 2;
    expect_debug(w, at + 2, 1);
    w->cpu.eflags |= EFLAGS_RF;
    expect_step(w, at + 2);
    expect_debug(w, at + 2, 1);
    w->cpu.dr[7] = ARM(1, WRITE, LEN1);
    expect_step(w, at + 4);
}

static void port_breaks(void **state)
{
    struct world *w = *state;
    uint32_t at = code(w, "e481 e480 66e77f e782 90");

    w->port_in = 0x5a;
    w->cpu.dr[2] = 0x80;
    w->cpu.dr[7] = ARM(2, PORT, LEN1);
    expect_step(w, at + 2);
    w->cpu.gpr[EAX] = 0;
    w->cpu.eflags |= EFLAGS_RF;
    expect_debug(w, at + 4, 4);
    assert_int_equal(w->cpu.gpr[EAX], 0x5a);
    assert_true(w->cpu.eflags & EFLAGS_RF); /* the instruction was left before it is cleared */
    w->cpu.eflags &= ~EFLAGS_RF;
    expect_debug(w, at + 7, 4);
    assert_int_equal(w->port_accesses, 3);
    expect_step(w, at + 9);
}

static void port_break_of_rep(void **state)
{
    struct world *w = *state;
    uint32_t at = code(w, "f36c 90");

    w->cpu.gpr[EDI] = WORLD_DATA;
    w->cpu.gpr[EDX] = 0x80;
    w->cpu.gpr[ECX] = 3;
    w->cpu.eflags |= EFLAGS_TF;
    w->cpu.dr[0] = 0x80;
    w->cpu.dr[7] = ARM(0, PORT, LEN1);
    expect_debug(w, at + 2, 1);
    assert_int_equal(w->cpu.gpr[ECX], 3);
    assert_int_equal(w->cpu.gpr[EDI], WORLD_DATA + 1);
    expect_debug(w, at + 3, BS);
}

static void silicon_port_break_of_rep(void **state)
{
    struct world *w = *state;
    uint32_t at = code(w, "f36e 90");

    w->cpu.gpr[ESI] = WORLD_DATA;
    w->cpu.gpr[EDX] = 0x80;
    w->cpu.gpr[ECX] = 2;
    w->cpu.eflags |= EFLAGS_TF;
    w->cpu.dr[0] = 0x80;
    w->cpu.dr[7] = ARM(0, PORT, LEN1);
    expect_debug(w, at, BS | 1);
    assert_int_equal(w->cpu.gpr[ECX], 1);
    expect_debug(w, at + 2, BS | 1);
    expect_debug(w, at + 3, BS);
}

#define TCG(test)     cmocka_unit_test_setup_teardown(test, setup, teardown)
#define SILICON(test) cmocka_unit_test_setup_teardown(test, silicon_setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TCG(single_step_clears_stale_breaks),
        TCG(native_debug_exception),
        TCG(not_stepped),
        SILICON(silicon_steps_sti_and_hlt),
        TCG(shadow_is_not_extended),
        TCG(data_breaks),
        TCG(breaks_on_the_stack),
        TCG(break_of_mov_ss),
        TCG(several_data_breaks),
        SILICON(several_data_breaks),
        TCG(fault_drops_data_breaks),
        TCG(code_breaks),
        TCG(port_breaks),
        TCG(port_break_of_rep),
        SILICON(silicon_port_break_of_rep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
