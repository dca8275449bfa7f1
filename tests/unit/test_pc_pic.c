#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support_pc.h"

static void raise_irq(struct bench *bench, unsigned irq)
{
    pic_set_irq(&bench->pc.pic, irq, true);
}

static void lower_irq(struct bench *bench, unsigned irq)
{
    pic_set_irq(&bench->pc.pic, irq, false);
}

static uint8_t irr(struct bench *bench, uint16_t port)
{
    bench_out(bench, port, 0x0a);
    return bench_in(bench, port);
}

static uint8_t isr(struct bench *bench, uint16_t port)
{
    bench_out(bench, port, 0x0b);
    return bench_in(bench, port);
}

static void test_hand_over_state(void **state)
{
    struct bench *b = *state;
    assert_int_equal(bench_in(b, 0x21), 0xb8);
    assert_int_equal(bench_in(b, 0xa1), 0x8e);
    assert_int_equal(irr(b, 0x20), 0x10); /* COM1, from the probe of the BIOS */
    assert_int_equal(isr(b, 0x20), 0x00);
    assert_int_equal(irr(b, 0xa0), 0x00);
    assert_false(pc_intr(&b->pc));
}

static void test_request_to_eoi(void **state)
{
    struct bench *b = *state;
    bench_program_pic(b);
    raise_irq(b, 5);
    assert_true(pc_intr(&b->pc));
    assert_int_equal(pc_intr_ack(&b->pc), 0x25);
    assert_false(pc_intr(&b->pc));
    assert_int_equal(isr(b, 0x20), 0x20);
    bench_out(b, 0x20, 0x20);
    assert_int_equal(isr(b, 0x20), 0x00);
    assert_false(pc_intr(&b->pc)); /* the line is still high: no new edge */
    lower_irq(b, 5);
    raise_irq(b, 5);
    assert_true(pc_intr(&b->pc));
}

/* IRQ 13 of an x87 exception: the line stays high until port F0h is written. */
static void test_fpu_error_until_port_f0(void **state)
{
    struct bench *b = *state;
    bench_program_pic(b);
    pc_fpu_error(&b->pc);
    assert_true(pc_intr(&b->pc));
    assert_int_equal(pc_intr_ack(&b->pc), 0x2d);
    bench_out(b, 0xa0, 0x20);
    bench_out(b, 0x20, 0x20);
    pc_fpu_error(&b->pc);
    assert_false(pc_intr(&b->pc));
    bench_out(b, 0xf0, 0);
    assert_false(pc_intr(&b->pc));
    pc_fpu_error(&b->pc);
    assert_true(pc_intr(&b->pc));
    assert_int_equal(pc_intr_ack(&b->pc), 0x2d);
}

static void test_cascade_serves_both_chips(void **state)
{
    struct bench *b = *state;
    bench_program_pic(b);
    raise_irq(b, 10);
    assert_int_equal(pc_intr_ack(&b->pc), 0x2a);
    assert_int_equal(isr(b, 0x20), 0x04);
    assert_int_equal(isr(b, 0xa0), 0x04);
    bench_out(b, 0xa0, 0x62);
    bench_out(b, 0x20, 0x62);
    assert_int_equal(isr(b, 0x20) | isr(b, 0xa0), 0);
}

static void test_priority_and_nesting(void **state)
{
    struct bench *b = *state;
    bench_program_pic(b);
    raise_irq(b, 5);
    raise_irq(b, 3);
    assert_int_equal(pc_intr_ack(&b->pc), 0x23);
    assert_false(pc_intr(&b->pc)); /* 5 waits for 3 */
    raise_irq(b, 1);
    assert_int_equal(pc_intr_ack(&b->pc), 0x21);
    bench_out(b, 0x20, 0x20);
    bench_out(b, 0x20, 0x20);
    assert_int_equal(pc_intr_ack(&b->pc), 0x25);
}

static void test_rotation(void **state)
{
    struct bench *b = *state;
    bench_program_pic(b);
    raise_irq(b, 3);
    assert_int_equal(pc_intr_ack(&b->pc), 0x23);
    bench_out(b, 0x20, 0xa0); /* EOI with rotation: 3 is now the last, 4 the first */
    raise_irq(b, 1);
    raise_irq(b, 6);
    assert_int_equal(pc_intr_ack(&b->pc), 0x26);
}

static void test_special_mask_lets_lower_ones_through(void **state)
{
    struct bench *b = *state;
    bench_program_pic(b);
    raise_irq(b, 1);
    assert_int_equal(pc_intr_ack(&b->pc), 0x21);
    bench_out(b, 0x20, 0x68);
    bench_out(b, 0x21, 0x02);
    raise_irq(b, 6);
    assert_int_equal(pc_intr_ack(&b->pc), 0x26);
}

static void test_auto_eoi(void **state)
{
    struct bench *b = *state;
    bench_program_pic(b);
    bench_out(b, 0x20, 0x11);
    bench_out(b, 0x21, 0x40);
    bench_out(b, 0x21, 0x04);
    bench_out(b, 0x21, 0x03);
    raise_irq(b, 7);
    assert_int_equal(pc_intr_ack(&b->pc), 0x47);
    assert_int_equal(isr(b, 0x20), 0x00);
}

static void test_poll(void **state)
{
    struct bench *b = *state;
    bench_program_pic(b);
    raise_irq(b, 6);
    bench_out(b, 0x20, 0x0c);
    assert_int_equal(bench_in(b, 0x20), 0x86);
    bench_out(b, 0x20, 0x0c);
    assert_int_equal(bench_in(b, 0x20), 0x00);
    assert_int_equal(isr(b, 0x20), 0x40);
}

static void test_spurious(void **state)
{
    struct bench *b = *state;
    bench_program_pic(b);
    bench_out(b, 0x4d0, 0x20); /* level: the request goes away with the line */
    raise_irq(b, 5);
    assert_true(pc_intr(&b->pc));
    lower_irq(b, 5);
    assert_false(pc_intr(&b->pc));
    assert_int_equal(pc_intr_ack(&b->pc), 0x27);
    assert_int_equal(isr(b, 0x20), 0x00);
}

static void test_level_triggered_repeats(void **state)
{
    struct bench *b = *state;
    bench_program_pic(b);
    bench_out(b, 0x4d0, 0xff);
    bench_out(b, 0x4d1, 0xff);
    assert_int_equal(bench_in(b, 0x4d0), 0xf8);
    assert_int_equal(bench_in(b, 0x4d1), 0xde);
    raise_irq(b, 11);
    assert_int_equal(pc_intr_ack(&b->pc), 0x2b);
    bench_out(b, 0xa0, 0x20);
    bench_out(b, 0x20, 0x20);
    assert_true(pc_intr(&b->pc));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_hand_over_state),
        TEST(test_request_to_eoi),
        TEST(test_fpu_error_until_port_f0),
        TEST(test_cascade_serves_both_chips),
        TEST(test_priority_and_nesting),
        TEST(test_rotation),
        TEST(test_special_mask_lets_lower_ones_through),
        TEST(test_auto_eoi),
        TEST(test_poll),
        TEST(test_spurious),
        TEST(test_level_triggered_repeats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
