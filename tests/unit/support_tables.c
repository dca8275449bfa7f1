#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "support_tables.h"

struct cpu_model strict_model(void)
{
    struct cpu_model model = cpu_model_pentium3_tcg;

    model.name = "by the manual";
    model.dr6_zeros = 0x1000;
    model.dr7_zeros = 0xd000;
    model.cr4_valid = 0x7ff;
    model.policy = (struct cpu_policy){
        .checks_segments = true,
        .rf_in_fault_frames = true,
        .icebp_is_db = true,
        .sreg_on_stack_is_two = true,
        .lock_checked = true,
        .dr7_gd = true,
        .unknown_msr_gp = true,
        .far_sets_accessed = true,
        .ext_in_errors = true,
        .tsc_msr = true,
    };
    return model;
}

void gdt_entry(struct world *w, unsigned selector, uint32_t base, uint32_t limit, unsigned attr)
{
    uint32_t lin = GDT_BASE + (selector & ~7u);

    world_write32(w, lin, (limit & 0xffff) | base << 16);
    world_write32(w, lin + 4,
                  (base >> 16 & 0xff) | (attr & 0xf0ff) << 8 | (limit & 0xf0000) |
                      (base & 0xff000000));
}

static void write_gate(struct world *w, uint32_t lin, unsigned target, uint32_t offset,
                       unsigned attr, unsigned params)
{
    world_write32(w, lin, (offset & 0xffff) | target << 16);
    world_write32(w, lin + 4, (offset & 0xffff0000) | attr << 8 | params);
}

void gdt_gate(struct world *w, unsigned selector, unsigned target, uint32_t offset, unsigned attr,
              unsigned params)
{
    write_gate(w, GDT_BASE + selector, target, offset, attr, params);
}

void idt_gate(struct world *w, unsigned vector, unsigned target, uint32_t offset, unsigned attr)
{
    write_gate(w, IDT_BASE + vector * 8, target, offset, attr, 0);
}

uint32_t gdt_high(const struct world *w, unsigned selector)
{
    return world_read32(w, GDT_BASE + (selector & ~7u) + 4);
}

static const struct {
    unsigned selector;
    uint32_t base, limit;
    unsigned attr;
} entries[] = {
    {CODE0, 0, 0xfffff, 0xc09b},
    {DATA0, 0, 0xfffff, 0xc093},
    {CODE3, 0, 0xfffff, 0xc0fb},
    {DATA3, 0, 0xfffff, 0xc0f3},
    {TSS32, TSS_BASE, 0x67, 0x008b},
    {CODE0_NEW, 0, 0xfffff, 0xc09a},
    {DATA0_NEW, 0, 0xfffff, 0xc092},
    {DATA0_ABSENT, 0, 0xfffff, 0xc013},
    {CODE0_ABSENT, 0, 0xfffff, 0xc01b},
    {DATA3_READONLY, 0, 0xfffff, 0xc0f1},
    {DATA3_ABSENT, 0, 0xfffff, 0xc073},
    {TSS16, TSS2_BASE, 0x2b, 0x0081},
    {LDT, LDT_BASE, 0x0f, 0x0082},
    {CONFORMING0, 0, 0xfffff, 0xc09f},
    {EXEC_ONLY0, 0, 0xfffff, 0xc099},
    {CODE0_16, 0, 0xfffff, 0x809b},
    {DATA0_16, 0, 0xfffff, 0x8093},
    {CODE0_SHORT, 0, 0xfff, 0x409b},
    {CODE1, 0, 0xfffff, 0xc0bb},
    {DATA1, 0, 0xfffff, 0xc0b3},
    {TSS32_OTHER, TSS2_BASE, 0x67, 0x0089},
    {TSS32_ABSENT, TSS2_BASE, 0x67, 0x0009},
    {LDT_ABSENT, LDT_BASE, 0x0f, 0x0002},
    {CODE3_NEW, 0, 0xfffff, 0xc0fa},
    {DATA3_NEW, 0, 0xfffff, 0xc0f2},
    {EXPAND_DOWN, 0, 0x0000f, 0xc097},
};

void tables_init(struct world *w)
{
    for (unsigned i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
        gdt_entry(w, entries[i].selector, entries[i].base, entries[i].limit, entries[i].attr);
    gdt_gate(w, INT_GATE_IN_GDT, CODE0, HANDLER, GATE_INT32, 0);
    memcpy(w->mem + LDT_BASE, w->mem + GDT_BASE + DATA3, 8);
    for (unsigned vector = 0; vector < 256; vector++)
        idt_gate(w, vector, CODE0, HANDLER, GATE_INT32);
    world_write32(w, TSS_BASE + 4, INNER_ESP);
    world_write32(w, TSS_BASE + 8, DATA0);
    world_write16(w, TSS_BASE + 0x66, 0x68); /* no I/O bitmap */
    w->cpu.gdtr = (struct table_reg){GDT_BASE, GDT_LIMIT};
    w->cpu.idtr = (struct table_reg){IDT_BASE, 0x7ff};
    w->cpu.seg[SEG_TR] = (struct segment){TSS32, 0x008b, TSS_BASE, 0x67};
    w->cpu.seg[SEG_LDTR] = (struct segment){LDT, 0x0082, LDT_BASE, 0x0f};
}

void enter_user(struct world *w)
{
    world_user_mode(w);
    w->cpu.gpr[ESP] = OUTER_ESP;
}

void expect_ok(struct world *w, const char *hex)
{
    enum cpu_result result = world_run(w, hex);

    if (result != CPU_OK)
        print_error("%s: vector %u error %x\n", hex, w->fault.vector, w->fault.error);
    assert_int_equal(result, CPU_OK);
}

static void expect_event(struct world *w, const char *hex, unsigned vector)
{
    struct cpu before = w->cpu;
    enum cpu_result result = world_run(w, hex);

    if (result != CPU_FAULT || w->fault.vector != vector)
        print_error("%s: result %d vector %u error %x\n", hex, result, w->fault.vector,
                    w->fault.error);
    assert_int_equal(result, CPU_FAULT);
    assert_int_equal(w->fault.vector, vector);
    assert_memory_equal(before.gpr, w->cpu.gpr, sizeof(before.gpr));
    assert_memory_equal(before.seg, w->cpu.seg, sizeof(before.seg));
    assert_int_equal(before.eip, w->cpu.eip);
    assert_int_equal(before.eflags, w->cpu.eflags);
    assert_int_equal(before.cpl, w->cpu.cpl);
}

void expect_fault(struct world *w, const char *hex, unsigned vector, uint32_t error)
{
    expect_event(w, hex, vector);
    assert_true(w->fault.has_error);
    assert_int_equal(w->fault.error, error);
}

void expect_ud(struct world *w, const char *hex)
{
    expect_event(w, hex, EXC_UD);
    assert_false(w->fault.has_error);
}

int tables_setup(void **state)
{
    struct world *w = world_new(&cpu_model_pentium3_tcg);

    tables_init(w);
    *state = w;
    return 0;
}

int tables_teardown(void **state)
{
    free(*state);
    return 0;
}
