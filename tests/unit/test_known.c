/*
 * Ways between rings that were gone before: with every bit of what they depend on changed, without
 * anyone telling, a processor that remembers does what one that never did does.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "emulate/cpu/tlb.h"
#include "support_tables.h"

#define VECTOR 0x30
#define FLAGS  (EFLAGS_FIXED | EFLAGS_IF | EFLAGS_CF)

static const uint32_t generation = 7;

/* All of memory, with supervisor rights. */
static void fill_tlb(struct world *w)
{
    static const uint32_t pages[] = {GDT_BASE, IDT_BASE, TSS_BASE, INNER_ESP - 4096};

    for (unsigned i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        tlb_fill(&w->cpu, pages[i], 0, w->mem + pages[i], &generation);
        tlb_fill(&w->cpu, pages[i], ACCESS_WRITE, w->mem + pages[i], &generation);
    }
}

static void to_user(struct world *w)
{
    enter_user(w);
    w->cpu.eip = WORLD_CODE;
    w->cpu.eflags = FLAGS;
}

static enum cpu_result deliver(struct world *w, struct event event)
{
    return cpu_deliver(&w->cpu, &world_ops, w, &event);
}

static enum cpu_result iret(struct world *w)
{
    struct insn insn;

    world_put(w, w->cpu.eip, "cf");
    return cpu_step(&w->cpu, &world_ops, w, &insn);
}

static struct event call(void)
{
    return (struct event){.vector = VECTOR, .type = EVENT_SOFT_INT, .insn_length = 2};
}

static enum cpu_result call_event(struct world *w)
{
    return deliver(w, call());
}

static enum cpu_result call_insn(struct world *w)
{
    struct insn insn;

    world_put(w, w->cpu.eip, "cd30");
    return cpu_step(&w->cpu, &world_ops, w, &insn);
}

/* The event of INT n, and the instruction. */
#define CALLS 2
static enum cpu_result (*const calls[CALLS])(struct world *) = {call_event, call_insn};

/* A processor that has gone both ways, in user code again. */
static struct world *experienced(const struct cpu_model *model)
{
    struct world *w = world_new(model);

    tables_init(w);
    idt_gate(w, VECTOR, CODE0, HANDLER, GATE_INT32 | GATE_DPL3);
    fill_tlb(w);
    to_user(w);
    assert_int_equal(deliver(w, call()), CPU_OK);
    assert_int_equal(iret(w), CPU_OK);
    assert_int_equal(w->cpu.cpl, 3);
    return w;
}

/* The same one with nothing in its mind. */
static struct world *forgetful(const struct world *w)
{
    struct world *copy = malloc(sizeof(*copy));

    assert_non_null(copy);
    memcpy(copy, w, sizeof(*copy));
    tlb_clear(&copy->cpu);
    return copy;
}

static void expect_same(struct world *w, struct world *other)
{
    tlb_clear(&w->cpu);
    tlb_clear(&other->cpu);
    assert_memory_equal(&w->cpu, &other->cpu, sizeof(w->cpu));
    assert_memory_equal(w->mem, other->mem, sizeof(w->mem));
}

static void call_both(struct world *w, unsigned way)
{
    struct world *other = forgetful(w);

    assert_int_equal(calls[way](w), calls[way](other));
    expect_same(w, other);
    free(other);
}

static void return_both(struct world *w)
{
    struct world *other = forgetful(w);

    assert_int_equal(iret(w), iret(other));
    expect_same(w, other);
    free(other);
}

static void flip(struct world *w, uint32_t lin, unsigned bit)
{
    w->mem[lin + bit / 8] ^= (uint8_t)(1u << bit % 8);
}

/* The way is really the short one: nobody is asked for memory. */
static void known_ways_ask_nobody(void **state)
{
    (void)state;
    for (unsigned way = 0; way < CALLS; way++) {
        struct world *w = experienced(&cpu_model_pentium3_tcg);
        unsigned reads = w->reads, writes = w->writes;
        assert_int_equal(calls[way](w), CPU_OK);
        assert_int_equal(w->cpu.eip, HANDLER);
        assert_int_equal(w->cpu.gpr[ESP], INNER_ESP - 20);
        assert_int_equal(w->reads, reads + way); /* the instruction is fetched */
        assert_int_equal(w->writes, writes);
        assert_non_null(w->cpu.tlb.gate[VECTOR % CPU_KNOWN_GATES].to.code.at);
        assert_non_null(w->cpu.tlb.back.to.code.at);
        free(w);
    }
}

/* What a call depends on: its gate, two descriptors, ESP0 and SS0. */
static void call_sees_every_bit(void **state)
{
    static const struct {
        uint32_t lin;
        unsigned bits;
    } sources[] = {{IDT_BASE + 8 * VECTOR, 64},
                   {GDT_BASE + CODE0, 64},
                   {GDT_BASE + DATA0, 64},
                   {TSS_BASE + 4, 64}};

    (void)state;
    for (unsigned i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        for (unsigned n = 0; n < CALLS * sources[i].bits; n++) {
            struct world *w = experienced(&cpu_model_pentium3_tcg);
            flip(w, sources[i].lin, n / CALLS);
            call_both(w, n % CALLS);
            free(w);
        }
    }
}

static void return_sees_every_bit(void **state)
{
    static const uint32_t sources[] = {GDT_BASE + CODE3, GDT_BASE + DATA3, INNER_ESP - 20,
                                       INNER_ESP - 16,   INNER_ESP - 12,   INNER_ESP - 4};

    (void)state;
    for (unsigned i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        for (unsigned bit = 0; bit < (i < 2 ? 64 : 32); bit++) {
            struct world *w = experienced(&cpu_model_pentium3_tcg);
            assert_int_equal(deliver(w, call()), CPU_OK);
            flip(w, sources[i], bit);
            return_both(w);
            free(w);
        }
    }
}

/* Registers: each is changed in turn; what it points at then holds other tables. */
static void registers_are_looked_at(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CALLS * 10; i++) {
        unsigned n = i / CALLS;
        struct world *w = experienced(&cpu_model_pentium3_tcg);
        struct cpu *cpu = &w->cpu;
        memcpy(w->mem + 0x8000, w->mem + IDT_BASE, 0x800);
        memcpy(w->mem + 0x9000, w->mem + GDT_BASE, GDT_LIMIT + 1);
        world_write32(w, 0x8000 + 8 * VECTOR, (uint32_t)CODE0 << 16 | 0x4321);
        world_write32(w, 0x9000 + CODE0, 0x1234ffff);
        world_write32(w, 0x9000 + CODE3, 0x5678ffff);
        bool back = n >= 6;
        if (back)
            assert_int_equal(deliver(w, call()), CPU_OK);
        switch (n) {
        case 0:
            cpu->idtr.base = 0x8000;
            break;
        case 1:
            cpu->idtr.limit = 8 * VECTOR + 6;
            break;
        case 2:
        case 6:
            cpu->gdtr.base = 0x9000;
            break;
        case 3:
            cpu->gdtr.limit = CODE0;
            break;
        case 4:
            cpu->seg[SEG_TR].base += 0x10;
            break;
        case 5:
            cpu->seg[SEG_TR].limit = 8;
            break;
        case 7:
            cpu->gdtr.limit = CODE3;
            break;
        case 8:
            cpu->eflags |= EFLAGS_NT;
            break;
        default:
            cpu->gpr[ESP] += 4;
            break;
        }
        if (back)
            return_both(w);
        else
            call_both(w, i % CALLS);
        free(w);
    }
}

/* A DPL that INT n may not use is no matter for an interrupt through the same gate. */
static void events_are_told_apart(void **state)
{
    static const struct event others[] = {
        {.vector = VECTOR, .type = EVENT_HW_INT},
        {.vector = VECTOR + CPU_KNOWN_GATES, .type = EVENT_SOFT_INT, .insn_length = 2},
        {.vector = VECTOR, .type = EVENT_SOFT_INT, .insn_length = 2, .has_error = true, .error = 9},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct world *w = experienced(&cpu_model_pentium3_tcg);
        struct world *other = forgetful(w);
        assert_int_equal(deliver(w, others[i]), deliver(other, others[i]));
        expect_same(w, other);
        free(other);
        free(w);
    }
}

/* Where segments are checked each time nothing is remembered. */
static void strict_machines_remember_nothing(void **state)
{
    struct cpu_model strict = strict_model();
    struct world *w = experienced(&strict);

    (void)state;
    assert_null(w->cpu.tlb.gate[VECTOR % CPU_KNOWN_GATES].to.code.at);
    assert_null(w->cpu.tlb.back.to.code.at);
    free(w);
}

/* Data segments of an inner ring do not outlive a known return either. */
static void returns_drop_segments(void **state)
{
    struct world *w = experienced(&cpu_model_pentium3_tcg);

    (void)state;
    assert_int_equal(deliver(w, call()), CPU_OK);
    w->cpu.seg[SEG_DS].attr &= ~ATTR_DPL;
    w->cpu.seg[SEG_GS].attr &= ~ATTR_DPL;
    return_both(w);
    assert_int_equal(w->cpu.seg[SEG_DS].selector, 0);
    free(w);
}

/* Every process has a kernel stack of its own; one of them lies where the TLB knows nothing. */
static void stacks_may_move(void **state)
{
    static const uint32_t tops[] = {INNER_ESP - 64, INNER_ESP - 61, INNER_ESP - 4096 + 8, 0xa000};

    (void)state;
    for (unsigned n = 0; n < CALLS * sizeof(tops) / sizeof(tops[0]); n++) {
        struct world *w = experienced(&cpu_model_pentium3_tcg);
        world_write32(w, TSS_BASE + 4, tops[n / CALLS]);
        call_both(w, n % CALLS);
        free(w);
    }
}

/* What was known of pages is not good any more: they are asked for again. */
static void translations_may_change(void **state)
{
    (void)state;
    for (unsigned way = 0; way < CALLS; way++) {
        uint32_t now = generation;
        struct world *w = experienced(&cpu_model_pentium3_tcg);
        w->cpu.tlb.generation = &now;
        unsigned reads = w->reads;
        now++;
        assert_int_equal(calls[way](w), CPU_OK);
        assert_int_not_equal(w->reads, reads + way);
        free(w);
    }
}

/* The instruction traps behind itself, the handler does not. */
static void single_steps_go_the_long_way(void **state)
{
    struct world *w = experienced(&cpu_model_pentium3_tcg);

    (void)state;
    w->cpu.eflags |= EFLAGS_TF;
    call_both(w, 1);
    assert_int_equal(w->cpu.eip, HANDLER);
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_ways_ask_nobody),
        cmocka_unit_test(call_sees_every_bit),
        cmocka_unit_test(return_sees_every_bit),
        cmocka_unit_test(registers_are_looked_at),
        cmocka_unit_test(events_are_told_apart),
        cmocka_unit_test(strict_machines_remember_nothing),
        cmocka_unit_test(returns_drop_segments),
        cmocka_unit_test(stacks_may_move),
        cmocka_unit_test(translations_may_change),
        cmocka_unit_test(single_steps_go_the_long_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
