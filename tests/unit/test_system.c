/* System instructions: the legal case, the refusal at CPL 3 and the odd cases of each. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support_tables.h"

static void refused_at_cpl3(void **state)
{
    /* Memory operands point nowhere: the privilege comes first. */
    static const char *const privileged[] = {
        "fa",
        "fb",
        "f4",
        "0f06",
        "0f08",
        "0f09",
        "0f20c0",
        "0f22c0",
        "0f20c8",
        "0f21f8",
        "0f23f8",
        "0f23e0",
        "0f30",
        "0f32",
        "0f33",
        "0f35",
        "0f01f0",
        "0f011500f0ff",
        "0f011d00f0ff",
        "0f00d0",
        "0f00d8",
        "0f001500f0ff00",
        "0f013d00f0ff00",
        "0f013500f0ff00",
        "e480",
        "e680",
        "ec",
        "ee",
        "6c",
        "6e",
    };
    struct world *w = *state;

    enter_user(w);
    for (unsigned page = 0xf; page < 0x10; page++)
        w->rights[page] = 0;
    for (unsigned i = 0; i < sizeof(privileged) / sizeof(privileged[0]); i++)
        expect_fault(w, privileged[i], EXC_GP, 0);
    assert_int_equal(w->port_accesses, 0);
    w->cpu.cr4 |= CR4_TSD;
    expect_fault(w, "0f31", EXC_GP, 0);
}

static void not_refused_at_cpl3(void **state)
{
    struct world *w = *state;

    enter_user(w);
    w->tsc = 0x123456789;
    expect_ok(w, "0f31");
    assert_int_equal(w->cpu.gpr[EAX], 0x23456789);
    assert_int_equal(w->cpu.gpr[EDX], 1);
    w->cpu.gpr[EAX] = 0;
    expect_ok(w, "0fa2");
    assert_int_equal(w->cpu.gpr[EAX], 3);
    assert_int_equal(w->cpu.gpr[EBX], 0x756e6547);
    expect_ok(w, "0f01e0");
    expect_ok(w, "0f010500000200");
    expect_ok(w, "0f00c8");
    expect_ok(w, "0f00c0");
}

static void cli_sti_follow_iopl(void **state)
{
    struct world *w = *state;

    expect_ok(w, "fb");
    assert_int_equal(w->cpu.int_shadow, SHADOW_STI);
    assert_int_equal(w->cpu.eflags, EFLAGS_IF | EFLAGS_FIXED);
    expect_ok(w, "fb");
    assert_int_equal(w->cpu.int_shadow, SHADOW_NONE);
    expect_ok(w, "fa");
    assert_int_equal(w->cpu.eflags, EFLAGS_FIXED);
    enter_user(w);
    w->cpu.eflags |= EFLAGS_IOPL;
    expect_ok(w, "fb");
    expect_ok(w, "fa");
    w->cpu.eflags |= EFLAGS_VM;
    expect_ok(w, "fb");
    w->cpu.eflags &= ~EFLAGS_IOPL;
    expect_fault(w, "fb", EXC_GP, 0);
    expect_fault(w, "9c", EXC_GP, 0);
    expect_fault(w, "9d", EXC_GP, 0);
}

static uint32_t popf(struct world *w, uint32_t value, const char *hex)
{
    world_write32(w, w->cpu.gpr[ESP], value);
    expect_ok(w, hex);
    return w->cpu.eflags;
}

static void popf_masks(void **state)
{
    struct world *w = *state;

    assert_int_equal(popf(w, 0xffffffff, "9d"), 0x247fd7);
    assert_int_equal(popf(w, 0, "9d"), EFLAGS_FIXED);
    w->cpu.eflags = 0x240002;
    assert_int_equal(popf(w, 0xffff3002, "669d"), 0x243002);
    enter_user(w);
    w->cpu.eflags = EFLAGS_FIXED | EFLAGS_IF;
    assert_int_equal(popf(w, 0x3d02, "9d"), 0x0f02);
    assert_int_equal(popf(w, 0x0002, "9d"), 0x0202);
    w->cpu.eflags = EFLAGS_FIXED | EFLAGS_IOPL;
    assert_int_equal(popf(w, EFLAGS_IF | 2, "9d"), 0x3202);
    w->cpu.eflags |= EFLAGS_RF;
    expect_ok(w, "9c");
    assert_int_equal(world_read32(w, w->cpu.gpr[ESP]), 0x3202);
}

static void control_registers(void **state)
{
    struct world *w = *state;

    w->cpu.gpr[EBX] = 0x7fffffff;
    expect_ok(w, "0f22c3");
    assert_int_equal(w->cpu.cr0, 0x7fffffff);
    assert_true(w->cpu.changed & CHANGED_CR0);
    assert_int_equal(w->flushes, 0); /* WP and PE as before */
    w->cpu.gpr[EBX] = 1;
    expect_ok(w, "0f22c3");
    assert_int_equal(w->cpu.cr0, 0x11);
    assert_int_equal(w->flushes, 1);
    w->cpu.gpr[EBX] = CR0_PG;
    expect_fault(w, "0f22c3", EXC_GP, 0);
    w->cpu.gpr[EBX] = 0xffffffff;
    expect_ok(w, "0f22db");
    expect_ok(w, "0f20d8");
    assert_int_equal(w->cpu.gpr[EAX], 0xffffffff);
    assert_int_equal(w->flushes, 2);
    expect_fault(w, "0f22e3", EXC_GP, 0);
    w->cpu.gpr[EBX] = CR4_PSE | CR4_TSD;
    expect_ok(w, "0f22e3");
    assert_int_equal(w->flushes, 3);
    w->cpu.gpr[EBX] = CR4_PSE;
    expect_ok(w, "0f22e3");
    assert_int_equal(w->flushes, 3);
    expect_ud(w, "0f20c8");
    expect_ud(w, "0f22eb");
    w->cpu.cr2 = 0xdeadbeef;
    expect_ok(w, "0f2013"); /* mod means nothing */
    assert_int_equal(w->cpu.gpr[EBX], 0xdeadbeef);
}

static void strict_cr0(void **state)
{
    struct world *w = *state;
    struct cpu_model strict = strict_model();

    w->cpu.model = &strict;
    w->cpu.gpr[EBX] = CR0_PE | CR0_NW;
    expect_fault(w, "0f22c3", EXC_GP, 0);
    w->cpu.gpr[EBX] = CR0_PE | 0x1000ffc0;
    expect_ok(w, "0f22c3");
    assert_int_equal(w->cpu.cr0, CR0_PE | CR0_ET);
}

/* PAE where the processor keeps the PDPTEs: what loads them, and what it refuses. */
static void pdptes_are_loaded_and_checked(void **state)
{
    struct world *w = *state;
    struct cpu_model model = cpu_model_pentium3_tcg;

    model.policy.pdptes_loaded = true;
    w->cpu.model = &model;
    for (unsigned i = 0; i < 4; i++)
        world_write32(w, 0x5020 + 8 * i, (i + 1) << 12 | 1);
    world_write32(w, 0x5020 + 24 + 4, 0xf); /* bits 35:32 of an address */
    w->cpu.gpr[EAX] = CR4_PAE;
    expect_ok(w, "0f22e0");
    w->cpu.gpr[EAX] = 0x503f;
    expect_ok(w, "0f22d8");
    assert_int_equal(w->cpu.pdpte[0], 0); /* paging is off */
    w->cpu.gpr[EAX] = CR0_PE | CR0_PG;
    expect_ok(w, "0f22c0");
    assert_int_equal(w->cpu.pdpte[0], 0x1001);
    assert_int_equal(w->cpu.pdpte[3], 0xf00004001);

    world_write32(w, 0x5020, 0x7001);
    expect_ok(w, "0f22c0");
    assert_int_equal(w->cpu.pdpte[0], 0x1001); /* nothing was changed */
    w->flushes = 0;
    w->cpu.gpr[EAX] |= CR0_CD;
    expect_ok(w, "0f22c0");
    assert_int_equal(w->cpu.pdpte[0], 0x7001);
    assert_int_equal(w->flushes, 1);
    world_write32(w, 0x5028, 0x8000); /* not present: anything goes */
    w->cpu.gpr[EAX] = CR4_PAE | CR4_PGE;
    expect_ok(w, "0f22e0");
    assert_int_equal(w->cpu.pdpte[1], 0x8000);
}

static void reserved_bits_of_pdptes_are_refused(void **state)
{
    static const uint64_t bits[] = {1ull << 1, 1ull << 5, 1ull << 8, 1ull << 36, 1ull << 63};
    struct world *w = *state;
    struct cpu_model model = cpu_model_pentium3_tcg;

    model.policy.pdptes_loaded = true;
    w->cpu.model = &model;
    w->cpu.cr0 |= CR0_PG;
    w->cpu.cr4 = CR4_PAE;
    for (unsigned i = 0; i < 5; i++) {
        world_write32(w, 0x5008, 0x1001 | (uint32_t)bits[i]);
        world_write32(w, 0x500c, (uint32_t)(bits[i] >> 32));
        w->cpu.gpr[EAX] = 0x5000;
        expect_fault(w, "0f22d8", EXC_GP, 0);
        assert_int_equal(w->cpu.cr3, 0);
        w->cpu.cr3 = 0x5000;
        w->cpu.gpr[EAX] = CR4_PAE | CR4_PSE;
        expect_fault(w, "0f22e0", EXC_GP, 0);
        w->cpu.gpr[EAX] = w->cpu.cr0 | CR0_CD;
        expect_fault(w, "0f22c0", EXC_GP, 0);
        assert_int_equal(w->cpu.pdpte[1], 0);
        w->cpu.cr3 = 0;
    }
    w->cpu.model = &cpu_model_pentium3_tcg; /* which looks at them in each walk */
    w->cpu.gpr[EAX] = 0x5000;
    expect_ok(w, "0f22d8");
}

static void lmsw_smsw_clts(void **state)
{
    struct world *w = *state;

    w->cpu.cr0 = 0x11;
    w->cpu.gpr[EAX] = 0xfffe;
    expect_ok(w, "0f01f0");
    assert_int_equal(w->cpu.cr0, 0x1f);
    w->cpu.gpr[EAX] = 0;
    expect_ok(w, "0f01f0");
    assert_int_equal(w->cpu.cr0, 0x11);
    w->cpu.cr0 |= CR0_TS | CR0_PG;
    expect_ok(w, "0f01e1");
    assert_int_equal(w->cpu.gpr[ECX], 0x80000019);
    world_write32(w, WORLD_DATA, 0xffffffff);
    expect_ok(w, "0f012500000200");
    assert_int_equal(world_read32(w, WORLD_DATA), 0xffff0019);
    expect_ok(w, "0f06");
    assert_false(w->cpu.cr0 & CR0_TS);
}

static void debug_registers(void **state)
{
    struct world *w = *state;

    w->cpu.gpr[EAX] = 0xffffffff;
    expect_ok(w, "0f23f0");
    assert_int_equal(w->cpu.dr[6], 0xffffffff);
    w->cpu.gpr[EAX] = 0x12345678;
    expect_ok(w, "0f23e0"); /* DR4 */
    assert_int_equal(w->cpu.dr[6], 0xffff5ff8);
    w->cpu.gpr[EAX] = 0xd000;
    expect_ok(w, "0f23f8");
    assert_int_equal(w->cpu.dr[7], 0xd400);
    expect_ok(w, "0f21e9");
    assert_int_equal(w->cpu.gpr[ECX], 0xd400);
    w->cpu.cr4 |= CR4_DE;
    expect_ud(w, "0f21e9");
    w->cpu.dr[7] = 0x2400;
    expect_ok(w, "0f21c0");
}

static void strict_debug_registers(void **state)
{
    struct world *w = *state;
    struct cpu_model strict = strict_model();

    w->cpu.model = &strict;
    w->cpu.gpr[EAX] = 0xffffffff;
    expect_ok(w, "0f23f0");
    assert_int_equal(w->cpu.dr[6], 0xffffefff);
    w->cpu.dr[7] = 0x2400;
    assert_int_equal(world_run(w, "0f21c0"), CPU_FAULT);
    assert_int_equal(w->fault.vector, EXC_DB);
    assert_int_equal(w->cpu.dr[7], 0x400);
    assert_true(w->cpu.dr[6] & 0x2000);
}

static uint64_t rdmsr(struct world *w, uint32_t index)
{
    w->cpu.gpr[ECX] = index;
    expect_ok(w, "0f32");
    return (uint64_t)w->cpu.gpr[EDX] << 32 | w->cpu.gpr[EAX];
}

static void wrmsr(struct world *w, uint32_t index, uint64_t value)
{
    w->cpu.gpr[ECX] = index;
    w->cpu.gpr[EAX] = (uint32_t)value;
    w->cpu.gpr[EDX] = (uint32_t)(value >> 32);
    expect_ok(w, "0f30");
}

/* Index, value after reset, value after writing all ones, value after writing zeros. */
static const uint64_t msr_cases[][4] = {
    {0x10, 0, 0, 0},
    {0x1b, 0x100, 0x100, 0x100},
    {0x8b, 0x100000000, 0x100000000, 0x100000000},
    {0xfe, 0x508, 0x508, 0x508},
    {0x174, 0, 0xffff, 0},
    {0x175, 0, UINT64_MAX, 0},
    {0x176, 0, UINT64_MAX, 0},
    {0x179, 0x0100010a, 0x0100010a, 0x0100010a},
    {0x17b, UINT64_MAX, UINT64_MAX, 0},
    {0x1a0, 1, UINT64_MAX, 0},
    {0x20f, 0, UINT64_MAX, 0},
    {0x210, 0, 0, 0},
    {0x26f, 0, UINT64_MAX, 0},
    {0x277, 0x0007040600070406, UINT64_MAX, 0},
    {0x400, UINT64_MAX, UINT64_MAX, 0},
    {0x427, 0, UINT64_MAX, 0},
    {0x428, 0, 0, 0},
    {0xc0000080, 0, 0, 0},
    {0xc0000084, 0, UINT64_MAX, 0},
    {0x12345678, 0, 0, 0},
};

static void model_specific_registers(void **state)
{
    struct world *w = *state;

    msr_reset(&w->cpu);
    for (unsigned i = 0; i < sizeof(msr_cases) / sizeof(msr_cases[0]); i++) {
        const uint64_t *c = msr_cases[i];
        assert_true(rdmsr(w, (uint32_t)c[0]) == c[1]);
        wrmsr(w, (uint32_t)c[0], UINT64_MAX);
        assert_true(rdmsr(w, (uint32_t)c[0]) == c[2]);
        wrmsr(w, (uint32_t)c[0], 0);
        assert_true(rdmsr(w, (uint32_t)c[0]) == c[3]);
    }
    wrmsr(w, 0x400, 5);
    assert_true(rdmsr(w, 0x400) == 0);
    wrmsr(w, 0xc0000100, 0x1234);
    assert_int_equal(w->cpu.seg[SEG_FS].base, 0x1234);
    w->cpu.gpr[ECX] = 0xc0010117;
    w->cpu.gpr[EAX] = 1;
    expect_fault(w, "0f30", EXC_GP, 0);
    msr_set_by_firmware(&w->cpu);
    assert_true(rdmsr(w, 0x2ff) == 0xc06);
}

static void strict_msrs_and_counters(void **state)
{
    struct world *w = *state;
    struct cpu_model strict = strict_model();

    expect_ud(w, "0f33");
    w->cpu.model = &strict;
    w->cpu.gpr[ECX] = 0x12345678;
    expect_fault(w, "0f32", EXC_GP, 0);
    expect_fault(w, "0f30", EXC_GP, 0);
    expect_fault(w, "0f33", EXC_GP, 0);
    wrmsr(w, 0x10, 77);
    assert_int_equal(w->tsc, 77);
    w->cpu.gpr[ECX] = 0;
    expect_ok(w, "0f33");
}

static void cpuid_past_the_end(void **state)
{
    static const uint32_t leaves[] = {3, 4, 0x40000000, 0x80000000, 0x80000001, 0xffffffff};
    struct world *w = *state;

    for (unsigned i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++) {
        w->cpu.gpr[EAX] = leaves[i];
        expect_ok(w, "0fa2");
        assert_int_equal(w->cpu.gpr[EAX] | w->cpu.gpr[EBX] | w->cpu.gpr[ECX] | w->cpu.gpr[EDX], 0);
    }
    w->cpu.gpr[EAX] = 1;
    w->cpu.gpr[ECX] = 0xffff;
    expect_ok(w, "0fa2");
    assert_int_equal(w->cpu.gpr[EDX], 0x0383f9fd);
}

static void descriptor_tables(void **state)
{
    struct world *w = *state;

    world_write16(w, WORLD_DATA, 0xfff);
    world_write32(w, WORLD_DATA + 2, 0x12345678);
    expect_ok(w, "0f011d00000200");
    assert_int_equal(w->cpu.idtr.base, 0x12345678);
    assert_int_equal(w->cpu.idtr.limit, 0xfff);
    world_write32(w, WORLD_DATA + 8, 0xffffffff);
    world_write32(w, WORLD_DATA + 12, 0xffffffff);
    expect_ok(w, "660f010d08000200");
    assert_int_equal(world_read32(w, WORLD_DATA + 8), 0x56780fff);
    assert_int_equal(world_read32(w, WORLD_DATA + 12), 0xffff0034);
    expect_ok(w, "0f010d08000200");
    assert_int_equal(world_read32(w, WORLD_DATA + 12), 0xffff1234);
    expect_ok(w, "660f011500000200");
    assert_int_equal(w->cpu.gdtr.base, 0x345678);
}

static void task_register(void **state)
{
    struct world *w = *state;

    w->cpu.gpr[EAX] = TSS32_OTHER;
    expect_ok(w, "0f00d8");
    assert_int_equal(gdt_high(w, TSS32_OTHER) >> 8 & 0xff, 0x8b);
    expect_ok(w, "0f00cb");
    assert_int_equal(w->cpu.gpr[EBX], TSS32_OTHER);
    expect_fault(w, "0f00d8", EXC_GP, TSS32_OTHER);
    w->cpu.gpr[EAX] = TSS32_ABSENT;
    expect_fault(w, "0f00d8", EXC_NP, TSS32_ABSENT);
    w->cpu.gpr[EAX] = DATA0;
    expect_fault(w, "0f00d8", EXC_GP, DATA0);
    w->cpu.gpr[EAX] = LOCAL_DATA3;
    expect_fault(w, "0f00d8", EXC_GP, LOCAL_DATA3);
    w->cpu.gpr[EAX] = BEYOND | 3;
    expect_fault(w, "0f00d8", EXC_GP, BEYOND);
    w->cpu.gpr[EAX] = 0;
    expect_ok(w, "0f00d8");
    assert_int_equal(w->cpu.seg[SEG_TR].selector, 0);
}

static void local_table(void **state)
{
    struct world *w = *state;

    w->cpu.gpr[EAX] = 3;
    expect_ok(w, "0f00d0");
    expect_ok(w, "0f00c3");
    assert_int_equal(w->cpu.gpr[EBX], 3);
    w->cpu.gpr[EAX] = LOCAL_DATA3;
    expect_fault(w, "8ed8", EXC_GP, LOCAL_DATA3);
    expect_fault(w, "0f00d0", EXC_GP, LOCAL_DATA3);
    w->cpu.gpr[EAX] = LDT_ABSENT;
    expect_fault(w, "0f00d0", EXC_NP, LDT_ABSENT);
    w->cpu.gpr[EAX] = TSS32;
    expect_fault(w, "0f00d0", EXC_GP, TSS32);
    w->cpu.gpr[EAX] = LDT;
    expect_ok(w, "0f00d0");
    w->cpu.gpr[EAX] = LOCAL_DATA3;
    expect_ok(w, "8ed8");
    world_real_mode(w);
    expect_ud(w, "0f00d0");
    expect_ud(w, "0f00c0");
}

static void sysenter_sysexit(void **state)
{
    struct world *w = *state;

    expect_fault(w, "0f34", EXC_GP, 0);
    expect_fault(w, "0f35", EXC_GP, 0);
    w->cpu.msr.sysenter_cs = 0x0b;
    w->cpu.msr.sysenter_esp = 0x12345678;
    w->cpu.msr.sysenter_eip = WORLD_CODE + 0x100;
    enter_user(w);
    w->cpu.eflags |= EFLAGS_IF | EFLAGS_CF;
    expect_ok(w, "0f34");
    assert_int_equal(w->cpu.cpl, 0);
    assert_int_equal(w->cpu.seg[SEG_CS].selector, 8);
    assert_int_equal(w->cpu.seg[SEG_CS].attr, 0xc09b);
    assert_int_equal(w->cpu.seg[SEG_SS].selector, 0x10);
    assert_int_equal(w->cpu.seg[SEG_SS].attr, 0xc093);
    assert_int_equal(w->cpu.gpr[ESP], 0x12345678);
    assert_int_equal(w->cpu.eip, WORLD_CODE + 0x100);
    assert_int_equal(w->cpu.eflags, EFLAGS_FIXED | EFLAGS_CF);
    w->cpu.gpr[ECX] = OUTER_ESP;
    w->cpu.gpr[EDX] = WORLD_CODE;
    expect_ok(w, "0f35");
    assert_int_equal(w->cpu.cpl, 3);
    assert_int_equal(w->cpu.seg[SEG_CS].selector, 0x1b);
    assert_int_equal(w->cpu.seg[SEG_CS].attr, 0xc0fb);
    assert_int_equal(w->cpu.seg[SEG_SS].selector, 0x23);
    assert_int_equal(w->cpu.gpr[ESP], OUTER_ESP);
    expect_ud(w, "0f05");
}

static void halt_and_invlpg(void **state)
{
    struct world *w = *state;

    expect_ok(w, "f4");
    assert_true(w->cpu.halted);
    assert_int_equal(w->cpu.eip, WORLD_CODE + 1);
    w->cpu.seg[SEG_DS].base = 0x1000;
    expect_ok(w, "0f013d00000080");
    assert_int_equal(w->invlpg, 0x80001000);
    expect_ok(w, "0f08");
    expect_ok(w, "0f09");
}

static void ports(void **state)
{
    struct world *w = *state;

    w->port_in = 0x11223344;
    w->cpu.gpr[EAX] = 0xffffffff;
    w->cpu.gpr[EDX] = 0x3f8;
    expect_ok(w, "ec");
    assert_int_equal(w->cpu.gpr[EAX], 0xffffff44);
    assert_int_equal(w->port, 0x3f8);
    expect_ok(w, "66ed");
    assert_int_equal(w->cpu.gpr[EAX], 0xffff3344);
    expect_ok(w, "ed");
    assert_int_equal(w->cpu.gpr[EAX], 0x11223344);
    expect_ok(w, "e680");
    assert_int_equal(w->port_out, 0x44);
    assert_int_equal(w->port, 0x80);
    assert_int_equal(w->port_size, 1);
}

static void string_ports(void **state)
{
    struct world *w = *state;

    w->port_in = 0x55667788;
    w->cpu.gpr[EDI] = WORLD_DATA;
    w->cpu.gpr[ECX] = 2;
    w->cpu.gpr[EDX] = 0x1f0;
    expect_ok(w, "f36d");
    assert_int_equal(w->cpu.eip, WORLD_CODE);
    assert_int_equal(w->cpu.gpr[ECX], 1);
    expect_ok(w, "f36d");
    assert_int_equal(w->cpu.eip, WORLD_CODE + 2);
    assert_int_equal(w->cpu.gpr[EDI], WORLD_DATA + 8);
    assert_int_equal(world_read32(w, WORLD_DATA + 4), 0x55667788);
    w->cpu.eflags |= EFLAGS_DF;
    w->cpu.gpr[ESI] = WORLD_DATA;
    expect_ok(w, "666f");
    assert_int_equal(w->port_out, 0x7788);
    assert_int_equal(w->cpu.gpr[ESI], WORLD_DATA - 2);
    expect_ok(w, "f36e"); /* count 0 */
    assert_int_equal(w->port_accesses, 3);
    w->rights[WORLD_DATA / 4096] = PAGE_PRESENT;
    w->cpu.gpr[EDI] = WORLD_DATA;
    expect_fault(w, "6c", EXC_PF, 3);
    assert_int_equal(w->port_accesses, 3);
}

static void io_bitmap(void **state)
{
    struct world *w = *state;

    enter_user(w);
    w->cpu.seg[SEG_TR].limit = 0x68 + 16;
    world_write16(w, TSS_BASE + 0x66, 0x68);
    w->mem[TSS_BASE + 0x68 + 8] = 0x80; /* port 47h refused */
    w->cpu.gpr[EDX] = 0x46;
    expect_ok(w, "ec");
    expect_fault(w, "66ed", EXC_GP, 0);
    w->cpu.gpr[EDX] = 0x48;
    expect_ok(w, "ed");
    w->cpu.gpr[EDX] = 0x80; /* the second byte read is past the limit */
    expect_fault(w, "ec", EXC_GP, 0);
    w->cpu.gpr[EDX] = 0xffff;
    expect_fault(w, "ec", EXC_GP, 0);
    w->cpu.eflags |= EFLAGS_IOPL;
    expect_ok(w, "ec");
    w->cpu.eflags |= EFLAGS_VM; /* there IOPL does not help */
    expect_fault(w, "ec", EXC_GP, 0);
    w->cpu.eflags = EFLAGS_FIXED;
    w->cpu.gpr[EDX] = 0x46;
    w->cpu.seg[SEG_TR].attr = 0x83; /* a 16-bit TSS has no bitmap */
    expect_fault(w, "ec", EXC_GP, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(refused_at_cpl3, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(not_refused_at_cpl3, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(cli_sti_follow_iopl, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(popf_masks, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(control_registers, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(strict_cr0, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(pdptes_are_loaded_and_checked, tables_setup,
                                        tables_teardown),
        cmocka_unit_test_setup_teardown(reserved_bits_of_pdptes_are_refused, tables_setup,
                                        tables_teardown),
        cmocka_unit_test_setup_teardown(lmsw_smsw_clts, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(debug_registers, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(strict_debug_registers, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(model_specific_registers, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(strict_msrs_and_counters, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(cpuid_past_the_end, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(descriptor_tables, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(task_register, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(local_table, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(sysenter_sysexit, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(halt_and_invlpg, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(ports, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(string_ports, tables_setup, tables_teardown),
        cmocka_unit_test_setup_teardown(io_bitmap, tables_setup, tables_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
