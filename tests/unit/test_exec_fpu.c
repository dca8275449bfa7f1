/*
 * x87, MMX and SSE end to end: the interpreter moves operands and checks, the processor under the
 * test computes. host_native() is to the test what the scratch page is to the monitor.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "support_cpu.h"
#include "support_host.h"

/* The instruction with its memory operand at host->data instead. */
static unsigned relocate(const struct insn *insn, unsigned mem_len, uint8_t *out)
{
    uint32_t address = host_address(host->data);
    unsigned len = 0;
    if (insn->prefix_66)
        out[len++] = 0x66;
    if (insn->rep)
        out[len++] = insn->rep;
    if (insn->map == MAP_0F)
        out[len++] = 0x0f;
    out[len++] = insn->opcode;
    if (insn->flags & INSN_MODRM)
        out[len++] = mem_len && insn_has_mem(insn) ? (insn->modrm & 0x38) | 4 : insn->modrm;
    if (mem_len && insn_has_mem(insn)) {
        out[len++] = 0x25;
        memcpy(out + len, &address, 4);
        len += 4;
    }
    memcpy(out + len, &insn->imm, insn->imm_size);
    return len + insn->imm_size;
}

static bool host_native(struct world *w, const struct insn *insn, void *mem, unsigned len,
                        struct event *fault)
{
    uint32_t edi = w->cpu.gpr[EDI];
    uint8_t code[16];
    (void)fault;
    memcpy(host->in, w->cpu.gpr, sizeof host->in);
    host->in_flags = w->cpu.eflags;
    memcpy(host->data, mem, len);
    if (insn->op == OP_MASKMOVQ)
        host->in[EDI] = host_address(host->data);
    host_run(code, relocate(insn, len, code));
    memcpy(mem, host->data, len);
    memcpy(w->cpu.gpr, host->out, sizeof host->out);
    if (insn->op == OP_MASKMOVQ)
        w->cpu.gpr[EDI] = edi;
    w->cpu.eflags = (w->cpu.eflags & ~EFLAGS_STATUS) | (host->out_flags & EFLAGS_STATUS);
    return true;
}

static int new_world(void **state)
{
    struct world *w = world_new(&model_strict);
    w->native = host_native;
    w->cpu.cr4 = CR4_OSFXSR;
    w->cpu.gpr[EBX] = WORLD_DATA;
    *state = w;
    return 0;
}

static int free_world(void **state)
{
    free(*state);
    return 0;
}

static void run(struct world *w, const char *hex)
{
    assert_int_equal(world_run(w, hex), CPU_OK);
}

static void test_x87(void **state)
{
    struct world *w = *state;
    double sum;
    uint16_t status;
    world_write32(w, WORLD_DATA, 20);
    run(w, "dbe3");   /* fninit */
    run(w, "db03");   /* fild dword [ebx] */
    run(w, "d9e8");   /* fld1 */
    run(w, "dec1");   /* faddp */
    run(w, "dd5308"); /* fst qword [ebx+8] */
    run(w, "da1b");   /* ficomp dword [ebx] */
    run(w, "dfe0");   /* fnstsw ax */
    memcpy(&sum, w->mem + WORLD_DATA + 8, sizeof sum);
    status = (uint16_t)w->cpu.gpr[EAX];
    assert_true(sum == 21.0);
    assert_int_equal(status & 0x4700, 0); /* 21 > 20 */
    run(w, "d9e8");
    run(w, "d9ee");
    run(w, "dbf1"); /* fcomi st, st1: 0 < 1 */
    assert_int_equal(w->cpu.eflags & (EFLAGS_CF | EFLAGS_ZF | EFLAGS_PF), EFLAGS_CF);
}

static void test_state_round_trip(void **state)
{
    struct world *w = *state;
    run(w, "dbe3");
    run(w, "d9eb"); /* fldpi */
    run(w, "dd33"); /* fnsave [ebx]: and resets */
    run(w, "dfe0");
    assert_int_equal(w->cpu.gpr[EAX] & 0x3800, 0);
    run(w, "dd23");   /* frstor */
    run(w, "db7b78"); /* fstp tbyte [ebx+78h] */
    assert_memory_equal(w->mem + WORLD_DATA + 28, w->mem + WORLD_DATA + 0x78, 10);
}

static void test_sse(void **state)
{
    struct world *w = *state;
    static const float a[4] = {1, 2, 3, 4}, b[4] = {10, 20, 30, 40};
    float sum[4];
    memcpy(w->mem + WORLD_DATA, a, sizeof a);
    memcpy(w->mem + WORLD_DATA + 16, b, sizeof b);
    run(w, "0f2803");   /* movaps xmm0, [ebx] */
    run(w, "0f584310"); /* addps xmm0, [ebx+16] */
    run(w, "0f114321"); /* movups [ebx+33], xmm0 */
    memcpy(sum, w->mem + WORLD_DATA + 33, sizeof sum);
    for (unsigned i = 0; i < 4; i++)
        assert_true(sum[i] == a[i] + b[i]);
    run(w, "f30f2cc8"); /* cvttss2si ecx, xmm0 */
    assert_int_equal(w->cpu.gpr[ECX], 11);
    run(w, "f30f2c4b0c"); /* ... from memory */
    assert_int_equal(w->cpu.gpr[ECX], 4);
    run(w, "0f50d0"); /* movmskps edx, xmm0 */
    assert_int_equal(w->cpu.gpr[EDX], 0);
    run(w, "0fae5b40"); /* stmxcsr */
    assert_int_equal(world_read32(w, WORLD_DATA + 0x40) & 0xffc0, 0x1f80);
}

static void test_mmx(void **state)
{
    struct world *w = *state;
    w->cpu.gpr[EAX] = 0x01020304;
    run(w, "0f6ec0"); /* movd mm0, eax */
    run(w, "0ffcc0"); /* paddb mm0, mm0 */
    run(w, "0f7ec1"); /* movd ecx, mm0 */
    assert_int_equal(w->cpu.gpr[ECX], 0x02040608);
    run(w, "0f7f03"); /* movq [ebx], mm0 */
    assert_int_equal(world_read32(w, WORLD_DATA), 0x02040608);
    assert_int_equal(world_read32(w, WORLD_DATA + 4), 0);
    run(w, "0f71f008"); /* psllw mm0, 8 */
    run(w, "0f7ec1");
    assert_int_equal(w->cpu.gpr[ECX], 0x04000800);
    w->cpu.gpr[EDI] = WORLD_DATA + 16;
    w->cpu.gpr[EAX] = 0x00800080;
    memset(w->mem + WORLD_DATA + 16, 0xee, 8);
    run(w, "0f6ec8"); /* movd mm1, eax */
    run(w, "0ff7c1"); /* maskmovq mm0, mm1: bytes 0 and 2 */
    assert_int_equal(world_read32(w, WORLD_DATA + 16), 0xee00ee00);
    assert_int_equal(w->cpu.gpr[EDI], WORLD_DATA + 16);
    run(w, "0f77");
}

/* FXSAVE leaves the end of its area alone. */
static void test_fxsave(void **state)
{
    struct world *w = *state;
    memset(w->mem + WORLD_DATA, 0xee, 512);
    run(w, "dbe3");
    run(w, "0fae03");
    assert_int_equal(world_read16(w, WORLD_DATA), 0x037f);
    assert_int_equal(w->mem[WORLD_DATA + 511], 0xee);
    run(w, "0fae0b");
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, new_world, free_world)

static int set_up(void **state)
{
    (void)state;
    return host_set_up() ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_x87), WORLD_TEST(test_state_round_trip), WORLD_TEST(test_sse),
        WORLD_TEST(test_mmx), WORLD_TEST(test_fxsave),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
