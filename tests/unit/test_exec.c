/*
 * The interpreter against expectations written down: what the differential test on the host CPU
 * cannot reach (stack, branches, 16-bit code, decimal, faults, checks, x87 and SSE gating).
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "support_cpu.h"

#define GPR(w, reg)    ((w)->cpu.gpr[reg])
#define COUNT_OF(list) (sizeof(list) / sizeof((list)[0]))

static void assert_ok(struct world *w, const char *hex)
{
    enum cpu_result result = world_run(w, hex);
    if (result != CPU_OK)
        print_message("%s: vector %u\n", hex, w->fault.vector);
    assert_int_equal(result, CPU_OK);
}

/* The instruction must fault, and leave registers, EIP and flags as they were. */
static void assert_fault(struct world *w, const char *hex, uint8_t vector)
{
    struct cpu before = w->cpu;
    assert_int_equal(world_run(w, hex), CPU_FAULT);
    assert_int_equal(w->fault.vector, vector);
    assert_memory_equal(w->cpu.gpr, before.gpr, sizeof before.gpr);
    assert_int_equal(w->cpu.eip, before.eip);
    assert_int_equal(w->cpu.eflags, before.eflags);
}

static int strict_world(void **state)
{
    *state = world_new(&model_strict);
    return 0;
}

static int tcg_world(void **state)
{
    *state = world_new(&cpu_model_pentium3_tcg);
    return 0;
}

static int free_world(void **state)
{
    free(*state);
    return 0;
}

/* --- decimal and one-byte forms that 64-bit mode does not have --- */

struct al_case {
    const char *hex;
    uint32_t eax, eflags;         /* before */
    uint32_t eax_after, af_after; /* and status flags */
};

#define AF EFLAGS_AF
#define CF EFLAGS_CF
#define PF EFLAGS_PF
#define SF EFLAGS_SF
#define ZF EFLAGS_ZF

// clang-format off
static const struct al_case al_cases[] = {
    {"27", 0x0f, 0, 0x15, AF},                      /* DAA */
    {"27", 0x9a, 0, 0x00, AF | CF | ZF | PF},
    {"27", 0x99, CF, 0xf9, CF | SF | PF},
    {"27", 0x42, 0, 0x42, PF},
    {"27", 0xae, 0, 0x14, AF | CF | PF},            /* SDM example: 79h + 35h = AEh */
    {"2f", 0xee, AF, 0x88, AF | CF | SF | PF},      /* DAS: 35h - 47h, the SDM's example */
    {"2f", 0x05, AF, 0xff, PF | AF | CF | SF | PF},
    {"2f", 0x42, 0, 0x42, PF},
    {"37", 0x020f, 0, 0x0305, AF | CF},             /* AAA */
    {"37", 0x02fa, 0, 0x0400, AF | CF},             /* the carry of AL + 6 reaches AH */
    {"37", 0x0205, AF, 0x030b, AF | CF},
    {"37", 0x0275, 0, 0x0205, 0},
    {"3f", 0x020f, 0, 0x0109, AF | CF},             /* AAS */
    {"3f", 0x0203, AF, 0x000d, AF | CF},
    {"d40a", 0x0049, 0, 0x0703, PF},                /* AAM */
    {"d410", 0x00ab, 0, 0x0a0b, 0},
    {"d50a", 0x0703, 0, 0x0049, 0},                 /* AAD */
    {"40", 0xffffffff, CF, 0x00000000, CF | ZF | PF | AF},
    {"48", 0x80000000, CF, 0x7fffffff, CF | EFLAGS_OF | PF | AF},
    {"6640", 0x1234ffff, 0, 0x12340000, ZF | PF | AF},
    {"d6", 0x1234, CF, 0x12ff, CF},                 /* SALC */
    {"d6", 0x1234, 0, 0x1200, 0},
    {"9f", 0, SF | CF, 0x8300, SF | CF},            /* LAHF */
};
// clang-format on

static void test_al_forms(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < COUNT_OF(al_cases); i++) {
        const struct al_case *c = &al_cases[i];
        GPR(w, EAX) = c->eax;
        w->cpu.eflags = EFLAGS_FIXED | c->eflags;
        assert_ok(w, c->hex);
        if (GPR(w, EAX) != c->eax_after || (w->cpu.eflags & EFLAGS_STATUS) != c->af_after)
            print_message("%s eax %x: %x flags %x\n", c->hex, c->eax, GPR(w, EAX), w->cpu.eflags);
        assert_int_equal(GPR(w, EAX), c->eax_after);
        assert_int_equal(w->cpu.eflags & EFLAGS_STATUS, c->af_after);
    }
    assert_fault(w, "d400", EXC_DE);
}

static void test_bound(void **state)
{
    struct world *w = *state;
    GPR(w, EBX) = WORLD_DATA;
    world_write32(w, WORLD_DATA, (uint32_t)-5);
    world_write32(w, WORLD_DATA + 4, 7);
    GPR(w, EAX) = 7;
    assert_ok(w, "6203");
    GPR(w, EAX) = (uint32_t)-5;
    assert_ok(w, "6203");
    GPR(w, EAX) = 8;
    assert_fault(w, "6203", EXC_BR);
    GPR(w, EAX) = (uint32_t)-6;
    assert_fault(w, "6203", EXC_BR);
}

static void test_bswap16_swaps_all(void **state)
{
    struct world *w = *state;
    GPR(w, EAX) = 0x12345678;
    assert_ok(w, "660fc8");
    assert_int_equal(GPR(w, EAX), 0x78563412);
}

/* --- addressing --- */

static void test_address16(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *hex;
        uint32_t address;
    } cases[] = {
        {"678a00", 0x3004},   {"678a01", 0x3008},   {"678a02", 0x5004},     {"678a03", 0x5008},
        {"678a04", 0x2004},   {"678a05", 0x2008},   {"678a063412", 0x1234}, {"678a07", 0x1000},
        {"678a46fe", 0x2ffe}, {"678a47f0", 0x0ff0}, {"678a80fcdf", 0x1000}, {"67a03412", 0x1234},
    };
    w->cpu.gpr[EBX] = 0xabcd1000;
    w->cpu.gpr[EBP] = 0xabcd3000;
    w->cpu.gpr[ESI] = 0xabcd2004;
    w->cpu.gpr[EDI] = 0xabcd2008;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        w->mem[cases[i].address] = (uint8_t)(0x40 + i);
        GPR(w, EAX) = 0;
        assert_ok(w, cases[i].hex);
        assert_int_equal(GPR(w, EAX), 0x40 + i);
        w->mem[cases[i].address] = 0;
    }
}

/* EBP and ESP bases mean SS; an override wins. */
static void test_default_segments(void **state)
{
    struct world *w = *state;
    w->cpu.seg[SEG_SS].base = 0x100;
    w->cpu.seg[SEG_GS].base = 0x200;
    w->mem[WORLD_DATA] = 1;
    w->mem[WORLD_DATA + 0x100] = 2;
    w->mem[WORLD_DATA + 0x200] = 3;
    GPR(w, EBP) = GPR(w, ESP) = GPR(w, EBX) = WORLD_DATA;
    GPR(w, ECX) = 0;
    static const struct {
        const char *hex;
        uint8_t al;
    } cases[] = {{"8a03", 1},     {"8a4500", 2},   {"8a0424", 2},         {"658a0424", 3},
                 {"8a440d00", 2}, {"3e8a0424", 1}, {"8a840d00000000", 2}, {"8a842900000000", 1}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        GPR(w, EAX) = 0;
        assert_ok(w, cases[i].hex);
        assert_int_equal(GPR(w, EAX) & 0xff, cases[i].al);
    }
}

/* --- stack --- */

static void test_push_pop(void **state)
{
    struct world *w = *state;
    uint32_t esp = GPR(w, ESP);
    assert_ok(w, "54"); /* push esp: the old value */
    assert_int_equal(world_read32(w, esp - 4), esp);
    assert_ok(w, "5c"); /* pop esp: the value wins over the increment */
    assert_int_equal(GPR(w, ESP), esp);
    assert_ok(w, "6aff");
    assert_int_equal(world_read32(w, esp - 4), 0xffffffff);
    assert_ok(w, "8f0424"); /* pop [esp]: addressed with ESP behind the pop */
    assert_int_equal(world_read32(w, esp), 0xffffffff);
    assert_ok(w, "666aff");
    assert_int_equal(GPR(w, ESP), esp - 2);
    assert_ok(w, "6658");
    assert_int_equal(GPR(w, EAX), 0xffff);
}

static void test_stack16_wraps(void **state)
{
    struct world *w = *state;
    w->cpu.seg[SEG_SS].attr &= (uint16_t)~ATTR_DB;
    GPR(w, ESP) = 0xabcd0002;
    GPR(w, EAX) = 0x11223344;
    assert_ok(w, "6650");
    assert_int_equal(GPR(w, ESP), 0xabcd0000);
    assert_ok(w, "50");
    assert_int_equal(GPR(w, ESP), 0xabcdfffc);
    assert_int_equal(world_read32(w, 0xfffc), 0x11223344);
}

static void test_pusha_popa(void **state)
{
    struct world *w = *state;
    static const uint8_t stack_bits[] = {32, 16};
    for (size_t s = 0; s < COUNT_OF(stack_bits); s++) {
        struct cpu before;
        if (stack_bits[s] == 16)
            w->cpu.seg[SEG_SS].attr &= (uint16_t)~ATTR_DB;
        for (unsigned i = 0; i < 8; i++)
            GPR(w, i) = 0x11110000u * i + i;
        GPR(w, ESP) = stack_bits[s] == 16 ? 0x10 : WORLD_STACK; /* 16: it wraps */
        before = w->cpu;
        assert_ok(w, "60");
        for (unsigned i = 0; i < 8; i++)
            GPR(w, i) = i == ESP ? GPR(w, i) : 0;
        assert_ok(w, "61");
        assert_memory_equal(w->cpu.gpr, before.gpr, sizeof before.gpr);
        assert_ok(w, "6660");
        assert_ok(w, "6661");
        assert_memory_equal(w->cpu.gpr, before.gpr, sizeof before.gpr);
    }
}

static void test_pusha_is_all_or_nothing(void **state)
{
    struct world *w = *state;
    GPR(w, ESP) = WORLD_STACK + 8; /* the lower part is in the page before */
    memset(w->mem + WORLD_STACK - 64, 0xee, 128);
    w->rights[WORLD_STACK / 4096 - 1] = 0;
    assert_fault(w, "60", EXC_PF);
    for (unsigned i = 0; i < 128; i++)
        assert_int_equal(w->mem[WORLD_STACK - 64 + i], 0xee);
}

static void test_enter_leave(void **state)
{
    struct world *w = *state;
    uint32_t esp = GPR(w, ESP);
    GPR(w, EBP) = WORLD_STACK + 0x100;
    world_write32(w, WORLD_STACK + 0xfc, 0xaaaa);
    world_write32(w, WORLD_STACK + 0xf8, 0xbbbb);
    assert_ok(w, "c8200003");
    assert_int_equal(GPR(w, EBP), esp - 4);
    assert_int_equal(GPR(w, ESP), esp - 4 - 12 - 0x20);
    assert_int_equal(world_read32(w, esp - 4), WORLD_STACK + 0x100);
    assert_int_equal(world_read32(w, esp - 8), 0xaaaa);
    assert_int_equal(world_read32(w, esp - 12), 0xbbbb);
    assert_int_equal(world_read32(w, esp - 16), esp - 4);
    assert_ok(w, "c9");
    assert_int_equal(GPR(w, EBP), WORLD_STACK + 0x100);
    assert_int_equal(GPR(w, ESP), esp);
}

/* --- branches --- */

static void test_branches(void **state)
{
    struct world *w = *state;
    uint32_t esp = GPR(w, ESP);
    assert_ok(w, "e8fb0f0000"); /* call +0FFBh */
    assert_int_equal(w->cpu.eip, WORLD_CODE + 0x1000);
    assert_int_equal(world_read32(w, esp - 4), WORLD_CODE + 5);
    assert_ok(w, "c20800"); /* ret 8 */
    assert_int_equal(w->cpu.eip, WORLD_CODE + 5);
    assert_int_equal(GPR(w, ESP), esp + 8);
    GPR(w, EAX) = WORLD_CODE;
    assert_ok(w, "ffe0");
    assert_int_equal(w->cpu.eip, WORLD_CODE);
    w->cpu.eflags |= EFLAGS_ZF;
    assert_ok(w, "74fe"); /* jz to itself */
    assert_int_equal(w->cpu.eip, WORLD_CODE);
    assert_ok(w, "75fe");
    assert_int_equal(w->cpu.eip, WORLD_CODE + 2);
    w->cpu.eip = WORLD_CODE;
    assert_ok(w, "66e90010"); /* a 16-bit branch cuts EIP */
    assert_int_equal(w->cpu.eip, (WORLD_CODE + 4 + 0x1000) & 0xffff);
}

static void test_loops(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *hex;
        uint32_t ecx, flags, ecx_after;
        bool taken;
    } cases[] = {
        {"e2fe", 2, 0, 1, true},
        {"e2fe", 1, 0, 0, false},
        {"e2fe", 0, 0, 0xffffffff, true},
        {"67e2fd", 0x10001, 0, 0x10000, false}, /* CX alone */
        {"e1fe", 2, 0, 1, false},
        {"e1fe", 2, ZF, 1, true},
        {"e0fe", 2, 0, 1, true},
        {"e0fe", 2, ZF, 1, false},
        {"e3fe", 0, 0, 0, true},
        {"e3fe", 1, 0, 1, false},
        {"67e3fd", 0x10000, 0, 0x10000, true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        w->cpu.eip = WORLD_CODE;
        w->cpu.eflags = EFLAGS_FIXED | cases[i].flags;
        GPR(w, ECX) = cases[i].ecx;
        assert_ok(w, cases[i].hex);
        assert_int_equal(GPR(w, ECX), cases[i].ecx_after);
        assert_int_equal(w->cpu.eip == WORLD_CODE, cases[i].taken);
    }
}

/* --- strings --- */

static void test_rep_stops_at_every_iteration(void **state)
{
    struct world *w = *state;
    GPR(w, ESI) = WORLD_DATA;
    GPR(w, EDI) = WORLD_DATA + 0x100;
    GPR(w, ECX) = 3;
    memcpy(w->mem + WORLD_DATA, "abc", 3);
    for (unsigned left = 2; left; left--) {
        assert_ok(w, "f3a4");
        assert_int_equal(GPR(w, ECX), left);
        assert_int_equal(w->cpu.eip, WORLD_CODE);
    }
    assert_ok(w, "f3a4");
    assert_int_equal(w->cpu.eip, WORLD_CODE + 2);
    assert_memory_equal(w->mem + WORLD_DATA + 0x100, "abc", 3);
    assert_ok(w, "f3a4"); /* ECX is 0 */
    assert_int_equal(w->cpu.eip, WORLD_CODE + 4);
}

static void test_rep_keeps_progress_over_a_fault(void **state)
{
    struct world *w = *state;
    GPR(w, EDI) = WORLD_DATA + 4095;
    GPR(w, ECX) = 2;
    w->rights[WORLD_DATA / 4096 + 1] = PAGE_PRESENT;
    assert_ok(w, "f3aa");
    assert_fault(w, "f3aa", EXC_PF);
    assert_int_equal(GPR(w, ECX), 1);
    assert_int_equal(GPR(w, EDI), WORLD_DATA + 4096);
    assert_int_equal(w->fault.cr2, WORLD_DATA + 4096);
    assert_int_equal(w->fault.error, 3);
}

/* --- faults leave nothing behind --- */

static void test_rmw_faults_as_write(void **state)
{
    static const char *const rmw[] = {"0103",   "ff03",   "f713",   "d103",     "0fab03",  "870b",
                                      "0fb10b", "0fc10b", "0fc70b", "f00fc70b", "0fa40304"};
    struct world *w = *state;
    GPR(w, EBX) = WORLD_DATA;
    w->rights[WORLD_DATA / 4096] = PAGE_PRESENT | PAGE_USER;
    world_user_mode(w);
    for (size_t i = 0; i < COUNT_OF(rmw); i++) {
        unsigned writes = w->writes;
        assert_fault(w, rmw[i], EXC_PF);
        assert_int_equal(w->fault.error, 7);
        assert_int_equal(w->fault.cr2, WORLD_DATA);
        assert_int_equal(w->writes, writes);
    }
}

/* Where a read-modify-write faults as the read that comes first, a mere store is still a write. */
static void test_stores_fault_as_writes_tcg(void **state)
{
    static const struct {
        const char *hex;
        uint32_t error;
    } cases[] = {{"0103", 0}, {"6c", 2}, {"d91b", 2}, {"0fae03", 2}};
    struct world *w = *state;
    GPR(w, EBX) = GPR(w, EDI) = WORLD_DATA;
    w->rights[WORLD_DATA / 4096] = 0;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_fault(w, cases[i].hex, EXC_PF);
        assert_int_equal(w->fault.error, cases[i].error);
    }
}

static void test_fetch_over_pages(void **state)
{
    struct world *w = *state;
    w->rights[WORLD_CODE / 4096 + 1] = 0;
    w->cpu.eip = WORLD_CODE + 4095;
    assert_ok(w, "90"); /* ends with the page: the next is not touched */
    w->cpu.eip = WORLD_CODE + 4094;
    assert_fault(w, "b8 11223344", EXC_PF);
    assert_int_equal(w->fault.cr2, WORLD_CODE + 4096);
    w->rights[WORLD_CODE / 4096 + 1] = 7;
    assert_ok(w, "b8 11223344");
    assert_int_equal(GPR(w, EAX), 0x44332211);
}

static void test_instruction_length(void **state)
{
    struct world *w = *state;
    assert_ok(w, "6666666666666666666666666666 90");
    assert_fault(w, "666666666666666666666666666666 90", EXC_GP);
}

static void test_cs_limit(void **state)
{
    struct world *w = *state;
    w->cpu.seg[SEG_CS].limit = WORLD_CODE + 3;
    assert_fault(w, "b8 11223344", EXC_GP);
    assert_ok(w, "66b8 1122");
    assert_fault(w, "90", EXC_GP);
    w->cpu.eip = WORLD_CODE;
    assert_fault(w, "eb02", EXC_GP); /* the target is past the limit */
    assert_ok(w, "eb00");
}

/* --- segment checks --- */

static void test_segment_checks(void **state)
{
    struct world *w = *state;
    GPR(w, EBX) = WORLD_DATA;
    w->cpu.seg[SEG_DS].limit = WORLD_DATA + 2;
    assert_ok(w, "8a4302");
    assert_fault(w, "8b03", EXC_GP);
    w->cpu.seg[SEG_DS].limit = UINT32_MAX;
    w->cpu.seg[SEG_DS].attr &= (uint16_t)~ATTR_WRITABLE;
    assert_ok(w, "8b03");
    assert_fault(w, "8903", EXC_GP);
    assert_fault(w, "0103", EXC_GP);
    assert_fault(w, "2e8903", EXC_GP); /* code is never writable */
    w->cpu.seg[SEG_ES] = (struct segment){0};
    assert_fault(w, "268b03", EXC_GP);
    w->cpu.seg[SEG_SS].limit = 0x1000;
    assert_fault(w, "50", EXC_SS);
    assert_fault(w, "8b442400", EXC_SS);
}

static void test_expand_down(void **state)
{
    struct world *w = *state;
    w->cpu.seg[SEG_DS].attr |= ATTR_DOWN;
    w->cpu.seg[SEG_DS].limit = WORLD_DATA;
    GPR(w, EBX) = WORLD_DATA;
    assert_fault(w, "8a03", EXC_GP);
    assert_ok(w, "8a4301");
    w->cpu.seg[SEG_DS].attr &= (uint16_t)~ATTR_DB;
    assert_fault(w, "8a4301", EXC_GP); /* above FFFFh */
}

static void test_tcg_checks_nothing(void **state)
{
    struct world *w = *state;
    GPR(w, EBX) = WORLD_DATA;
    w->cpu.seg[SEG_DS] = (struct segment){0};
    assert_ok(w, "8903");
    assert_ok(w, "2e8903");
}

static void test_real_mode(void **state)
{
    struct world *w = *state;
    world_real_mode(w);
    w->cpu.seg[SEG_DS].base = WORLD_DATA;
    w->mem[WORLD_DATA + 0x1234] = 0x5a;
    assert_ok(w, "a03412");
    assert_int_equal(GPR(w, EAX), 0x5a);
    GPR(w, EBX) = 0xffff;
    assert_ok(w, "8a07");
    assert_fault(w, "8b07", EXC_GP);
    assert_ok(w, "e80001");
    assert_int_equal(w->cpu.eip, 0x108);
    assert_int_equal(world_read16(w, 0x7ffe), 8);
    assert_ok(w, "c3");
    assert_int_equal(w->cpu.eip, 8);
}

/* --- what may not run --- */

static void test_lock_strict(void **state)
{
    struct world *w = *state;
    GPR(w, EBX) = WORLD_DATA;
    assert_ok(w, "f00103");
    assert_fault(w, "f001c3", EXC_UD);
    assert_fault(w, "f08903", EXC_UD);
    assert_fault(w, "f03903", EXC_UD);
    assert_fault(w, "f00303", EXC_UD); /* memory is the source */
    assert_fault(w, "f090", EXC_UD);
}

static void test_lock_tcg(void **state)
{
    struct world *w = *state;
    GPR(w, EBX) = WORLD_DATA;
    assert_ok(w, "f00103");
    assert_ok(w, "f08903");
    assert_fault(w, "f001c3", EXC_UD);
    assert_fault(w, "f03903", EXC_UD);
    assert_fault(w, "f00303", EXC_UD);
    assert_fault(w, "f090", EXC_UD);
}

static void test_undefined(void **state)
{
    static const char *const undefined[] = {"0f0b",   "0fff00",       "0f04",   "660f6fc0", "fef8",
                                            "f6c801", "f7c801000000", "0f18c0", "0f18d9"};
    struct world *w = *state;
    for (size_t i = 0; i < COUNT_OF(undefined); i++)
        assert_fault(w, undefined[i], EXC_UD);
    assert_ok(w, "0f18e0");
    /* TZCNT on newer processors is BSF with a prefix that means nothing. */
    GPR(w, EAX) = 8;
    assert_ok(w, "f30fbcc0");
    assert_int_equal(GPR(w, EAX), 3);
}

/* --- PUSHA that faults half way --- */

static void test_pusha_faults_half_way(void **state)
{
    struct world *w = *state;
    uint32_t page = 0x30000;
    GPR(w, ESP) = page + 8;
    GPR(w, EDI) = 0xd1d1d1d1;
    GPR(w, EBX) = 0xb1b1b1b1;
    w->rights[page / 4096] = 0;
    assert_fault(w, "60", EXC_PF);
    assert_int_equal(w->fault.cr2, page);
    assert_int_equal(world_read32(w, page - 24), 0xd1d1d1d1);
    assert_int_equal(world_read32(w, page - 8), 0xb1b1b1b1);
    assert_int_equal(world_read32(w, page), 0);
}

/* --- x87, MMX, SSE: gating and memory operands; a stand-in computes --- */

static bool fill(struct world *w, const struct insn *insn, void *mem, unsigned len,
                 struct event *fault)
{
    (void)insn;
    (void)fault;
    memset(mem, 0x5a, len);
    w->reads = len; /* what the instruction was given */
    return true;
}

struct gate_case {
    const char *hex;
    uint32_t cr0, cr4;
    uint8_t vector; /* 0: runs */
};

// clang-format off
static const struct gate_case gate_cases[] = {
    {"d903", 0, 0, 0}, {"d903", CR0_EM, 0, EXC_NM}, {"d903", CR0_TS, 0, EXC_NM},
    {"9b", CR0_TS, 0, 0}, {"9b", CR0_MP, 0, 0}, {"9b", CR0_TS | CR0_MP, 0, EXC_NM}, {"9b", CR0_EM, 0, 0},
    {"0f6f03", 0, 0, 0}, {"0f6f03", CR0_EM, 0, EXC_UD}, {"0f6f03", CR0_TS, 0, EXC_NM},
    {"0f77", CR0_EM, 0, EXC_UD}, {"0f77", CR0_TS, 0, EXC_NM},
    {"0f2803", 0, 0, EXC_UD}, {"0f2803", 0, CR4_OSFXSR, 0},
    {"0f2803", CR0_TS, CR4_OSFXSR, EXC_NM}, {"0f2803", CR0_EM, CR4_OSFXSR, EXC_UD},
    {"0fae03", 0, 0, 0}, {"0fae03", CR0_EM, 0, EXC_NM}, {"0fae03", CR0_TS, 0, EXC_NM},
    {"0fae13", 0, 0, EXC_UD}, {"0fae13", 0, CR4_OSFXSR, 0},
    {"0faef8", CR0_EM | CR0_TS, 0, 0}, {"0faee8", CR0_EM | CR0_TS, 0, 0},
};

static const struct gate_case tcg_gate_cases[] = {
    {"0f6f03", CR0_EM, 0, EXC_NM}, {"0f77", CR0_EM, 0, 0}, {"0f77", CR0_TS, 0, 0},
    {"0f2803", CR0_EM, CR4_OSFXSR, EXC_NM}, {"0f2803", CR0_EM, 0, EXC_UD},
};
// clang-format on

static void check_gates(struct world *w, const struct gate_case *cases, size_t count)
{
    uint32_t cr0 = w->cpu.cr0;
    w->native = fill;
    GPR(w, EBX) = WORLD_DATA;
    for (size_t i = 0; i < count; i++) {
        w->cpu.cr0 = cr0 | cases[i].cr0;
        w->cpu.cr4 = cases[i].cr4;
        if (cases[i].vector)
            assert_fault(w, cases[i].hex, cases[i].vector);
        else
            assert_ok(w, cases[i].hex);
    }
}

static void test_fpu_gates(void **state)
{
    check_gates(*state, gate_cases, COUNT_OF(gate_cases));
}

static void test_fpu_gates_tcg(void **state)
{
    check_gates(*state, tcg_gate_cases, COUNT_OF(tcg_gate_cases));
}

/* Length of the operand, and whether it is written. */
static void test_fpu_operands(void **state)
{
    static const struct {
        const char *hex;
        unsigned len;
        bool stored;
    } cases[] = {
        {"d903", 4, false},     {"dd03", 8, false},    {"db2b", 10, false},    {"df03", 2, false},
        {"d91b", 4, true},      {"dd1b", 8, true},     {"db3b", 10, true},     {"dd3b", 2, true},
        {"d93b", 2, true},      {"d92b", 2, false},    {"d933", 28, true},     {"66d933", 14, true},
        {"dd33", 108, true},    {"66dd33", 94, true},  {"dd23", 108, false},   {"d923", 28, false},
        {"0f6f03", 8, false},   {"0f7f03", 8, true},   {"0f7e03", 4, true},    {"0f6e03", 4, false},
        {"0f2803", 16, false},  {"0f2903", 16, true},  {"f30f1103", 4, true},  {"0f1303", 8, true},
        {"f30f5803", 4, false}, {"0fae03", 512, true}, {"0fae0b", 512, false}, {"0fae13", 4, false},
        {"0fae1b", 4, true},    {"0f2b03", 16, true},  {"0fe703", 8, true},
    };
    struct world *w = *state;
    w->native = fill;
    w->cpu.cr4 = CR4_OSFXSR;
    GPR(w, EBX) = WORLD_DATA;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        memset(w->mem + WORLD_DATA, 0, 1024);
        assert_ok(w, cases[i].hex);
        assert_int_equal(w->reads, cases[i].len);
        assert_int_equal(w->mem[WORLD_DATA], cases[i].stored ? 0x5a : 0);
        assert_int_equal(w->mem[WORLD_DATA + cases[i].len - 1], cases[i].stored ? 0x5a : 0);
        assert_int_equal(w->mem[WORLD_DATA + cases[i].len], 0);
    }
    GPR(w, EDI) = WORLD_DATA + 8;
    assert_ok(w, "0ff7c1"); /* MASKMOVQ */
    assert_int_equal(world_read32(w, WORLD_DATA + 12), 0x5a5a5a5a);
}

static void test_sse_alignment(void **state)
{
    struct world *w = *state;
    w->native = fill;
    w->cpu.cr4 = CR4_OSFXSR;
    GPR(w, EBX) = WORLD_DATA + 8;
    assert_fault(w, "0f2803", EXC_GP);
    assert_fault(w, "0f5803", EXC_GP);
    assert_fault(w, "0fae03", EXC_GP);
    assert_ok(w, "0f1003");
    assert_ok(w, "0f1203");
    assert_ok(w, "f30f5803");
}

static void test_fnstenv_shows_guest_cs(void **state)
{
    struct world *w = *state;
    w->native = fill;
    GPR(w, EBX) = WORLD_DATA;
    w->cpu.seg[SEG_CS].selector = 0x0008;
    assert_ok(w, "d933");
    assert_int_equal(world_read32(w, WORLD_DATA + 16), 0x5a5a0008);
    assert_ok(w, "66d933");
    assert_int_equal(world_read16(w, WORLD_DATA + 8), 0x0008);
    assert_ok(w, "dd33");
    assert_int_equal(world_read32(w, WORLD_DATA + 16), 0x5a5a0008);
}

static bool fpu_error_pending(struct world *w, const struct insn *insn, void *mem, unsigned len,
                              struct event *fault)
{
    (void)w;
    (void)insn;
    (void)mem;
    (void)len;
    *fault = exception(EXC_MF);
    return false;
}

static void test_fpu_error_by_exception(void **state)
{
    struct world *w = *state;
    w->native = fpu_error_pending;
    w->cpu.cr0 |= CR0_NE;
    assert_fault(w, "9b", EXC_MF);
    assert_fault(w, "d8c1", EXC_MF);
    assert_int_equal(w->fpu_errors, 0);
}

/* The processor stops in front of the instruction until an interrupt has been served. */
static void test_fpu_error_by_interrupt(void **state)
{
    static const char *const waiting[] = {"9b", "d8c1", "d918", "0f6f03", "0f77"};
    struct world *w = *state;
    w->native = fpu_error_pending;
    w->cpu.cr0 &= ~CR0_NE;
    GPR(w, EBX) = WORLD_DATA;
    for (unsigned i = 0; i < COUNT_OF(waiting); i++) {
        uint32_t eip = w->cpu.eip;
        world_write32(w, WORLD_DATA, 0x1234);
        assert_ok(w, waiting[i]);
        assert_int_equal(w->fpu_errors, i + 1);
        assert_int_equal(w->cpu.eip, eip);
        assert_int_equal(world_read32(w, WORLD_DATA), 0x1234);
        assert_true(w->cpu.halted);
        w->cpu.halted = false;
    }
}

#define RAN_AT     0x12340u
#define OPERAND_AT 0x56780u

/* As a processor that runs each instruction at a place of its own, FLD at RAN_AT. */
static bool environment(struct world *w, const struct insn *insn, void *mem, unsigned len,
                        struct event *fault)
{
    uint32_t words[] = {0, 0, 0, RAN_AT, 0x1b, OPERAND_AT, 0x23};
    (void)fault;
    w->cpu.x87.ran_at = insn->op == OP_X87 && insn->opcode == 0xd9 ? RAN_AT : RAN_AT + 0x20;
    w->cpu.x87.operand_at = OPERAND_AT;
    if (insn->op == OP_FNSTENV)
        memcpy(mem, words, len);
    if (insn->op == OP_FXSAVE)
        memcpy((uint8_t *)mem + 8, words + 3, 16);
    return true;
}

/* FLD DWORD [EBX]; FLDCW [EBX], which moves no pointer. Returns where FLD stood. */
static uint32_t load_and_control(struct world *w)
{
    uint32_t fip = w->cpu.eip;
    w->native = environment;
    GPR(w, EBX) = WORLD_DATA;
    assert_ok(w, "d903");
    assert_ok(w, "d92b");
    return fip;
}

static void assert_pointers(struct world *w, unsigned at_fip, unsigned at_fdp, uint32_t fip)
{
    assert_int_equal(world_read32(w, WORLD_DATA + at_fip), fip);
    assert_int_equal(world_read16(w, WORLD_DATA + at_fip + 4), w->cpu.seg[SEG_CS].selector);
    assert_int_equal(world_read32(w, WORLD_DATA + at_fdp), WORLD_DATA);
    assert_int_equal(world_read16(w, WORLD_DATA + at_fdp + 4), w->cpu.seg[SEG_DS].selector);
}

static void test_fnstenv_shows_guest_pointers(void **state)
{
    struct world *w = *state;
    uint32_t fip = load_and_control(w);
    assert_ok(w, "d933");
    assert_pointers(w, 12, 20, fip);
}

static void test_fxsave_shows_guest_pointers(void **state)
{
    struct world *w = *state;
    uint32_t fip = load_and_control(w);
    assert_ok(w, "0fae03");
    assert_pointers(w, 8, 16, fip);
}

/* FLDENV, FRSTOR, FXRSTOR: from then on the processor holds what the guest says, be it RAN_AT. */
static void test_loaded_pointers_stay(void **state)
{
    static const char *const loads[] = {"d923", "dd23", "0fae0b"};
    struct world *w = *state;
    for (unsigned i = 0; i < COUNT_OF(loads); i++) {
        load_and_control(w);
        assert_ok(w, loads[i]);
        assert_ok(w, "d933");
        assert_int_equal(world_read32(w, WORLD_DATA + 12), RAN_AT);
        assert_int_equal(world_read32(w, WORLD_DATA + 20), OPERAND_AT);
    }
}

static void test_reset_forgets_pointers(void **state)
{
    struct world *w = *state;
    load_and_control(w);
    cpu_reset(&w->cpu, w->cpu.model);
    assert_int_equal(w->cpu.x87.fip_held, 0);
    assert_int_equal(w->cpu.x87.fdp_held, 0);
}

#define STRICT(test) cmocka_unit_test_setup_teardown(test, strict_world, free_world)
#define TCG(test)    cmocka_unit_test_setup_teardown(test, tcg_world, free_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STRICT(test_al_forms),
        STRICT(test_bound),
        STRICT(test_bswap16_swaps_all),
        STRICT(test_address16),
        STRICT(test_default_segments),
        STRICT(test_push_pop),
        STRICT(test_stack16_wraps),
        STRICT(test_pusha_popa),
        STRICT(test_pusha_is_all_or_nothing),
        STRICT(test_enter_leave),
        STRICT(test_branches),
        STRICT(test_loops),
        STRICT(test_rep_stops_at_every_iteration),
        STRICT(test_rep_keeps_progress_over_a_fault),
        STRICT(test_rmw_faults_as_write),
        TCG(test_stores_fault_as_writes_tcg),
        STRICT(test_fetch_over_pages),
        STRICT(test_instruction_length),
        STRICT(test_cs_limit),
        STRICT(test_segment_checks),
        STRICT(test_expand_down),
        TCG(test_tcg_checks_nothing),
        STRICT(test_real_mode),
        STRICT(test_lock_strict),
        TCG(test_lock_tcg),
        STRICT(test_undefined),
        STRICT(test_pusha_faults_half_way),
        STRICT(test_fpu_gates),
        TCG(test_fpu_gates_tcg),
        STRICT(test_fpu_operands),
        STRICT(test_sse_alignment),
        STRICT(test_fnstenv_shows_guest_cs),
        STRICT(test_fnstenv_shows_guest_pointers),
        STRICT(test_fpu_error_by_exception),
        STRICT(test_fpu_error_by_interrupt),
        STRICT(test_fxsave_shows_guest_pointers),
        STRICT(test_loaded_pointers_stay),
        STRICT(test_reset_forgets_pointers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
