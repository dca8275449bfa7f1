#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support_pc.h"

static uint8_t command(struct bench *b, uint8_t value)
{
    bench_out(b, 0x64, value);
    return bench_in(b, 0x60);
}

static void test_hand_over_state(void **state)
{
    struct bench *b = *state;
    assert_int_equal(bench_in(b, 0x64), 0x1c);
    assert_int_equal(bench_in(b, 0x60), 0xfa);
    assert_int_equal(command(b, 0x20), 0x61);
    assert_int_equal(command(b, 0xd0), 0xcf);
    assert_int_equal(command(b, 0xc0), 0x80);
    assert_int_equal(bench_in(b, 0x92), 0x02);
}

static void test_controller_tests(void **state)
{
    struct bench *b = *state;
    assert_int_equal(command(b, 0xaa), 0x55);
    assert_int_equal(command(b, 0xab), 0x00);
    assert_int_equal(command(b, 0xa9), 0x00);
}

static void test_key_interrupts(void **state)
{
    struct bench *b = *state;
    bench_program_pic(b);
    assert_true(pc_keyboard_in(&b->pc, 0x1e));
    assert_true(pc_keyboard_in(&b->pc, 0x9e));
    assert_int_equal(pc_intr_ack(&b->pc), 0x21);
    assert_int_equal(bench_in(b, 0x64) & 0x21, 0x01);
    assert_int_equal(bench_in(b, 0x60), 0x1e);
    bench_out(b, 0x20, 0x20);
    assert_int_equal(pc_intr_ack(&b->pc), 0x21); /* the second byte is its own edge */
    assert_int_equal(bench_in(b, 0x60), 0x9e);
    assert_int_equal(bench_in(b, 0x64) & 0x01, 0x00);
}

static void test_keyboard_commands(void **state)
{
    struct bench *b = *state;
    bench_out(b, 0x60, 0xf2);
    assert_int_equal(bench_in(b, 0x60), 0xfa);
    assert_int_equal(bench_in(b, 0x60), 0xab);
    assert_int_equal(bench_in(b, 0x60), 0x41);
    bench_out(b, 0x60, 0xff);
    assert_int_equal(bench_in(b, 0x60), 0xfa);
    assert_int_equal(bench_in(b, 0x60), 0xaa);
    bench_out(b, 0x60, 0xee);
    assert_int_equal(bench_in(b, 0x60), 0xee);
    bench_out(b, 0x60, 0xf5);
    assert_int_equal(bench_in(b, 0x60), 0xfa);
    assert_true(pc_keyboard_in(&b->pc, 0x1e)); /* not scanning: dropped */
    assert_int_equal(bench_in(b, 0x64) & 0x01, 0x00);
}

static void test_mouse_answers_on_irq12(void **state)
{
    struct bench *b = *state;
    bench_program_pic(b);
    bench_out(b, 0x64, 0x60);
    bench_out(b, 0x60, 0x47);
    bench_out(b, 0x64, 0xd4);
    bench_out(b, 0x60, 0xf2);
    assert_int_equal(pc_intr_ack(&b->pc), 0x2c);
    assert_int_equal(bench_in(b, 0x64) & 0x21, 0x21);
    assert_int_equal(bench_in(b, 0x60), 0xfa);
    assert_int_equal(bench_in(b, 0x60), 0x00);
}

static void test_a20_and_reset(void **state)
{
    struct bench *b = *state;
    bench_out(b, 0x64, 0xdd);
    assert_false(pc_a20(&b->pc));
    bench_out(b, 0x92, 0x02);
    assert_true(pc_a20(&b->pc));
    bench_out(b, 0x64, 0xd1);
    bench_out(b, 0x60, 0xdd);
    assert_false(pc_a20(&b->pc));
    bench_out(b, 0x64, 0xdf);
    assert_int_equal(b->a20_changes, 4);
    bench_out(b, 0x64, 0xfe);
    bench_out(b, 0x92, 0x03);
    bench_out(b, 0x64, 0xd1);
    bench_out(b, 0x60, 0x02);
    assert_int_equal(b->resets, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_hand_over_state),   TEST(test_controller_tests),       TEST(test_key_interrupts),
        TEST(test_keyboard_commands), TEST(test_mouse_answers_on_irq12), TEST(test_a20_and_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
