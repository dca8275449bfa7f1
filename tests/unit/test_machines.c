/* What the interpreter does where QEMU's TCG and silicon differ, and where both do the same. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "emulate/cpu/relocate.h"
#include "support_cpu.h"

static struct cpu_model silicon;

static struct world *new_world(bool like_silicon)
{
    silicon = cpu_model_pentium3_tcg;
    silicon.policy = cpu_policy_silicon;
    struct world *w = world_new(like_silicon ? &silicon : &cpu_model_pentium3_tcg);
    world_user_mode(w);
    return w;
}

static void expect_fault(struct world *w, const char *hex, unsigned vector, uint32_t error)
{
    assert_int_equal(world_run(w, hex), CPU_FAULT);
    assert_int_equal(w->fault.vector, vector);
    assert_int_equal(w->fault.error, error);
}

/* ADD [EBX], EAX; LOCK ADD [EBX], EAX; XCHG [EBX], EAX at a page that is not there. */
static void test_rmw_fault_reads_first_under_tcg(void **state)
{
    struct world *w = new_world(false);
    (void)state;
    w->cpu.gpr[EBX] = WORLD_DATA;
    w->rights[WORLD_DATA / 4096] = 0;
    expect_fault(w, "0103", EXC_PF, 4);
    expect_fault(w, "f00103", EXC_PF, 6);
    expect_fault(w, "8703", EXC_PF, 6);
    expect_fault(w, "f00fc70b", EXC_PF, 4); /* LOCK CMPXCHG8B */
    w->rights[WORLD_DATA / 4096] = PAGE_PRESENT | PAGE_USER;
    expect_fault(w, "0103", EXC_PF, 7);
    w->cpu.model = &silicon;
    w->rights[WORLD_DATA / 4096] = 0;
    expect_fault(w, "0103", EXC_PF, 6);
    free(w);
}

/* NOP, then JMP to the next instruction. */
static void test_rf_lasts_to_a_branch_under_tcg(void **state)
{
    struct world *w = new_world(false);
    (void)state;
    w->cpu.eflags |= EFLAGS_RF;
    assert_int_equal(world_run(w, "90"), CPU_OK);
    assert_true(w->cpu.eflags & EFLAGS_RF);
    assert_int_equal(world_run(w, "eb00"), CPU_OK);
    assert_false(w->cpu.eflags & EFLAGS_RF);
    w->cpu.eflags |= EFLAGS_RF;
    w->cpu.dr[7] = 0x401;
    assert_int_equal(world_run(w, "90"), CPU_OK);
    assert_false(w->cpu.eflags & EFLAGS_RF);
    free(w);
    w = new_world(true);
    w->cpu.eflags |= EFLAGS_RF;
    assert_int_equal(world_run(w, "90"), CPU_OK);
    assert_false(w->cpu.eflags & EFLAGS_RF);
    free(w);
}

/* ARPL [EBX], AX that has nothing to raise. */
static void test_arpl_without_effect(void **state)
{
    struct world *w = new_world(true);
    (void)state;
    w->cpu.gpr[EBX] = WORLD_DATA;
    w->rights[WORLD_DATA / 4096] = PAGE_PRESENT | PAGE_USER;
    assert_int_equal(world_run(w, "6303"), CPU_OK);
    w->cpu.model = &cpu_model_pentium3_tcg;
    expect_fault(w, "6303", EXC_PF, 7);
    free(w);
}

/* EDI and ESI come from the page that is there: POPA starts again from an unmoved ESP. */
static void test_popa_keeps_what_it_loaded(void **state)
{
    struct world *w = new_world(false);
    (void)state;
    w->cpu.gpr[ESP] = WORLD_DATA + 4096 - 8;
    w->cpu.gpr[EBP] = 77;
    world_write32(w, w->cpu.gpr[ESP], 1);
    world_write32(w, w->cpu.gpr[ESP] + 4, 2);
    w->rights[WORLD_DATA / 4096 + 1] = 0;
    expect_fault(w, "61", EXC_PF, 4);
    assert_int_equal(w->fault.cr2, WORLD_DATA + 4096);
    assert_int_equal(w->cpu.gpr[EDI], 1);
    assert_int_equal(w->cpu.gpr[ESI], 2);
    assert_int_equal(w->cpu.gpr[EBP], 77);
    assert_int_equal(w->cpu.gpr[ESP], WORLD_DATA + 4096 - 8);
    free(w);
}

/* REP INSB with ECX = 0 and no right to the port. */
static void test_empty_rep_ins_needs_its_port(void **state)
{
    struct world *w = new_world(false);
    (void)state;
    w->cpu.gpr[ECX] = 0;
    expect_fault(w, "f36c", EXC_GP, 0);
    expect_fault(w, "f36e", EXC_GP, 0);
    free(w);
}

/* LES EAX, [EBX] across two pages of which the second is not there: the selector's read faults. */
static void test_far_pointer_is_two_reads(void **state)
{
    struct world *w = new_world(false);
    (void)state;
    w->cpu.gpr[EBX] = WORLD_DATA + 4096 - 5;
    w->rights[WORLD_DATA / 4096 + 1] = 0;
    expect_fault(w, "c403", EXC_PF, 4);
    assert_int_equal(w->fault.cr2, WORLD_DATA + 4096);
    free(w);
}

/* SP wraps on a 16-bit stack, the frame pointer that a nested ENTER pushes does not. */
static void test_enter_pushes_all_of_esp(void **state)
{
    struct world *w = new_world(false);
    (void)state;
    w->cpu.seg[SEG_SS].attr &= (uint16_t)~ATTR_DB;
    w->cpu.seg[SEG_SS].base = WORLD_DATA;
    w->cpu.gpr[ESP] = 0x10000000;
    assert_int_equal(world_run(w, "c8000001"), CPU_OK);
    assert_int_equal(world_read32(w, WORLD_DATA + 0xfff8), 0x0ffffffc);
    assert_int_equal(w->cpu.gpr[ESP], 0x1000fff8);
    free(w);
}

/* RET FFF8h drops -8 bytes where the count is signed; F6 /1 of a page that is not there. */
static void test_ret_count_and_test_alias(void **state)
{
    struct world *w = new_world(true);
    (void)state;
    assert_int_equal(world_run(w, "c2f8ff"), CPU_OK);
    assert_int_equal(w->cpu.gpr[ESP], WORLD_STACK + 4 + 0xfff8);
    w->cpu.gpr[ESP] = WORLD_STACK;
    w->cpu.eip = WORLD_CODE;
    w->cpu.model = &cpu_model_pentium3_tcg;
    assert_int_equal(world_run(w, "c2f8ff"), CPU_OK);
    assert_int_equal(w->cpu.gpr[ESP], WORLD_STACK + 4 - 8);
    w->cpu.eip = WORLD_CODE;
    w->cpu.gpr[EBX] = WORLD_DATA;
    expect_fault(w, "f60b01", EXC_UD, 0);
    w->rights[WORLD_DATA / 4096] = 0;
    expect_fault(w, "f60b01", EXC_PF, 4);
    w->rights[WORLD_DATA / 4096] = 7;
    w->cpu.model = &silicon;
    assert_int_equal(world_run(w, "f60b01"), CPU_OK);
    free(w);
}

static unsigned natives;

static bool count_native(struct world *w, const struct insn *insn, void *mem, unsigned len,
                         struct event *fault)
{
    (void)fault;
    (void)mem;
    (void)len;
    natives++;
    w->cpu.eflags ^= EFLAGS_AF;
    return insn != NULL;
}

/* SHL EAX, 3: the flags are the processor's own where TCG's are not known to be right. */
static void test_undefined_flags_are_asked_for(void **state)
{
    struct world *w = new_world(true);
    (void)state;
    w->native = count_native;
    natives = 0;
    assert_int_equal(world_run(w, "c1e003"), CPU_OK);
    assert_int_equal(natives, 1);
    assert_int_equal(world_run(w, "01d8"), CPU_OK);
    assert_int_equal(natives, 1);
    w->cpu.model = &cpu_model_pentium3_tcg;
    assert_int_equal(world_run(w, "c1e003"), CPU_OK);
    assert_int_equal(natives, 1);
    free(w);
}

/* MOV EAX, [EBX + 1] under AC and AM; a byte never minds. */
static void test_alignment(void **state)
{
    struct world *w = new_world(true);
    (void)state;
    w->cpu.gpr[EBX] = WORLD_DATA + 1;
    w->cpu.cr0 |= CR0_AM;
    w->cpu.eflags |= EFLAGS_AC;
    expect_fault(w, "8b03", EXC_AC, 0);
    assert_int_equal(world_run(w, "8a03"), CPU_OK);
    w->cpu.cr0 &= ~CR0_AM;
    assert_int_equal(world_run(w, "8b03"), CPU_OK);
    free(w);
}

/* REP CMPSB between two iterations: the flags from before it, and RF. */
static void test_suspended_rep(void **state)
{
    struct world *w = new_world(true);
    (void)state;
    w->cpu.gpr[ESI] = w->cpu.gpr[EDI] = WORLD_DATA;
    w->cpu.gpr[ECX] = 2;
    w->cpu.eflags |= EFLAGS_CF;
    assert_int_equal(world_run(w, "f3a6"), CPU_OK);
    assert_int_equal(w->cpu.eip, WORLD_CODE);
    assert_int_equal(w->cpu.eflags & (EFLAGS_STATUS | EFLAGS_RF), EFLAGS_CF | EFLAGS_RF);
    assert_int_equal(world_execute(w), CPU_OK);
    assert_int_equal(w->cpu.eflags & (EFLAGS_STATUS | EFLAGS_RF), EFLAGS_ZF | EFLAGS_PF);
    free(w);
}

#define V86_CODE  0x5000u
#define V86_STACK 0x6000u
#define V86_TSS   0x7000u
#define V86_MAP   0x88u

/* Virtual-8086 mode with VME, IOPL 0 and a TSS whose redirection bits are all set. */
static struct world *new_8086(void)
{
    struct world *w = new_world(true);
    w->cpu.cr4 |= CR4_VME;
    w->cpu.eflags |= EFLAGS_VM | EFLAGS_IF;
    for (unsigned seg = SEG_ES; seg <= SEG_GS; seg++)
        w->cpu.seg[seg] = (struct segment){.attr = 0xf3, .limit = 0xffff};
    w->cpu.seg[SEG_SS].selector = V86_STACK >> 4;
    w->cpu.seg[SEG_SS].base = V86_STACK;
    w->cpu.eip = V86_CODE;
    w->cpu.gpr[ESP] = 0x100;
    w->cpu.seg[SEG_TR] = (struct segment){.attr = 0x8b, .base = V86_TSS, .limit = 0xff};
    world_write16(w, V86_TSS + 0x66, V86_MAP);
    memset(w->mem + V86_TSS + V86_MAP - 32, 0xff, 32);
    return w;
}

static void test_vme_flags(void **state)
{
    struct world *w = new_8086();
    (void)state;
    assert_int_equal(world_run(w, "fb"), CPU_OK); /* STI */
    assert_true(w->cpu.eflags & EFLAGS_VIF);
    assert_int_equal(world_run(w, "9c"), CPU_OK); /* PUSHF */
    assert_int_equal(world_read16(w, V86_STACK + 0xfe) & 0x3200, 0x3200);
    assert_int_equal(world_run(w, "fa"), CPU_OK); /* CLI */
    assert_int_equal(w->cpu.eflags & (EFLAGS_VIF | EFLAGS_IF), EFLAGS_IF);
    assert_int_equal(world_run(w, "9d"), CPU_OK); /* POPF */
    assert_int_equal(w->cpu.eflags & (EFLAGS_VIF | EFLAGS_IF | EFLAGS_IOPL),
                     EFLAGS_VIF | EFLAGS_IF);
    expect_fault(w, "669c", EXC_GP, 0); /* PUSHFD */
    w->cpu.eflags |= EFLAGS_VIP;
    expect_fault(w, "fb", EXC_GP, 0);
    w->cpu.cr4 = 0;
    expect_fault(w, "fa", EXC_GP, 0);
    free(w);
}

/* INT 21h through the vector table at 0, and the IRET behind it. */
static void test_vme_interrupt(void **state)
{
    struct world *w = new_8086();
    (void)state;
    expect_fault(w, "cd21", EXC_GP, 0); /* its bit is set: not redirected, and IOPL is 0 */
    w->mem[V86_TSS + V86_MAP - 32 + 4] = 0xfd;
    world_write32(w, 0x21 * 4, 0x02340010);
    w->cpu.eflags |= EFLAGS_VIF;
    assert_int_equal(world_run(w, "cd21"), CPU_OK);
    assert_int_equal(w->cpu.seg[SEG_CS].base, 0x2340);
    assert_int_equal(w->cpu.eip, 0x10);
    assert_false(w->cpu.eflags & EFLAGS_VIF);
    assert_int_equal(world_read16(w, V86_STACK + 0xfe) & 0x3200, 0x3200);
    assert_int_equal(world_read16(w, V86_STACK + 0xfa), V86_CODE + 2);
    assert_int_equal(world_run(w, "cf"), CPU_OK);
    assert_int_equal(w->cpu.eip, V86_CODE + 2);
    assert_true(w->cpu.eflags & EFLAGS_VIF);
    assert_int_equal(w->cpu.gpr[ESP], 0x100);
    free(w);
}

static void test_pvi(void **state)
{
    struct world *w = new_world(true);
    (void)state;
    expect_fault(w, "fb", EXC_GP, 0);
    w->cpu.cr4 |= CR4_PVI;
    assert_int_equal(world_run(w, "fb"), CPU_OK);
    assert_int_equal(w->cpu.eflags & (EFLAGS_VIF | EFLAGS_IF), EFLAGS_VIF);
    assert_int_equal(world_run(w, "fa"), CPU_OK);
    assert_false(w->cpu.eflags & EFLAGS_VIF);
    w->cpu.model = &cpu_model_pentium3_tcg;
    expect_fault(w, "fb", EXC_GP, 0);
    free(w);
}

#define DR7_BREAK_0_ACCESS 0x000f0001u

/* MOV SS, [EBX] meets a breakpoint: it traps behind MOV EAX, EBX. */
static void test_mov_ss_holds_a_breakpoint(void **state)
{
    struct world *w = world_new(&cpu_model_pentium3_tcg);
    struct event event;
    (void)state;
    w->cpu.gpr[EBX] = WORLD_DATA;
    w->cpu.dr[0] = WORLD_DATA;
    w->cpu.dr[7] = DR7_BREAK_0_ACCESS;
    world_write32(w, 0x1010, 0x0000ffff);
    world_write32(w, 0x1014, 0x00cf9300);
    w->cpu.gdtr = (struct table_reg){0x1000, 0xff};
    world_write16(w, WORLD_DATA, 0x10);
    for (unsigned like_silicon = 0; like_silicon < 2; like_silicon++) {
        w->cpu.model = like_silicon ? &silicon : &cpu_model_pentium3_tcg;
        assert_int_equal(world_run(w, "8e13"), CPU_OK);
        assert_int_equal(cpu_debug_trap(&w->cpu, &w->insn, false, &event), !like_silicon);
    }
    w->cpu.int_shadow = SHADOW_NONE;
    world_put(w, w->cpu.eip, "89d8");
    assert_int_equal(world_execute(w), CPU_OK);
    assert_true(cpu_debug_trap(&w->cpu, &w->insn, false, &event));
    assert_int_equal(w->cpu.dr[6] & 15, 1);
    free(w);
}

static void expect_relocated(const char *bytes, unsigned len, bool code32, const char *expected,
                             unsigned expected_len)
{
    uint8_t out[INSN_MAX_LENGTH];
    struct insn insn;
    assert_int_equal(insn_decode((const uint8_t *)bytes, len, code32, &insn), DECODE_OK);
    assert_int_equal(insn_relocate(&insn, 0x2000, out), expected_len);
    assert_memory_equal(out, expected, expected_len);
}

#define RELOCATED(bytes, code32, expected) \
    expect_relocated(bytes, sizeof(bytes) - 1, code32, expected, sizeof(expected) - 1)

/* The operand size is the instruction's, whatever code it stood in. */
static void test_relocation(void **state)
{
    (void)state;
    RELOCATED("\xd9\x37", false, "\x66\xd9\x35\x00\x20\x00\x00");
    RELOCATED("\x66\xd9\x37", false, "\xd9\x35\x00\x20\x00\x00");
    RELOCATED("\x66\x64\xd9\x33", true, "\x66\xd9\x35\x00\x20\x00\x00");
    RELOCATED("\x0f\xae\x07", false, "\x0f\xae\x05\x00\x20\x00\x00");
    RELOCATED("\xf3\x0f\x58\x44\x24\x04", true, "\xf3\x0f\x58\x05\x00\x20\x00\x00");
    RELOCATED("\xc1\xe0\x03", false, "\x66\xc1\xe0\x03");
    RELOCATED("\xc1\x64\x8b\x04\x05", true, "\xc1\x25\x00\x20\x00\x00\x05");
    RELOCATED("\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\x2e\xd9\xc0", false,
              "\x66\xd9\xc0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rmw_fault_reads_first_under_tcg),
        cmocka_unit_test(test_rf_lasts_to_a_branch_under_tcg),
        cmocka_unit_test(test_arpl_without_effect),
        cmocka_unit_test(test_popa_keeps_what_it_loaded),
        cmocka_unit_test(test_empty_rep_ins_needs_its_port),
        cmocka_unit_test(test_far_pointer_is_two_reads),
        cmocka_unit_test(test_enter_pushes_all_of_esp),
        cmocka_unit_test(test_ret_count_and_test_alias),
        cmocka_unit_test(test_undefined_flags_are_asked_for),
        cmocka_unit_test(test_alignment),
        cmocka_unit_test(test_suspended_rep),
        cmocka_unit_test(test_vme_flags),
        cmocka_unit_test(test_vme_interrupt),
        cmocka_unit_test(test_pvi),
        cmocka_unit_test(test_mov_ss_holds_a_breakpoint),
        cmocka_unit_test(test_relocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
