#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support_pc.h"

static void test_hand_over_registers(void **state)
{
    static const uint8_t expected[] = {0x00, 0x00, 0x01, 0x00, 0x08, 0x60, 0xb0, 0x00};
    struct bench *b = *state;
    for (unsigned i = 0; i < sizeof(expected); i++) {
        assert_int_equal(bench_in(b, (uint16_t)(0x3f8 + i)), expected[i]);
    }
    bench_out(b, 0x3fb, 0x80);
    assert_int_equal(bench_in(b, 0x3f8), 12);
    assert_int_equal(bench_in(b, 0x3f9), 0);
}

static void test_transmit(void **state)
{
    struct bench *b = *state;
    bench_out(b, 0x3f8, 'h');
    bench_out(b, 0x3f8, 'i');
    assert_string_equal(b->sent, "hi");
    assert_int_equal(bench_in(b, 0x3fd), 0x60);
}

/* Each byte sent is a new edge, even if the last THRE interrupt was never read away. */
static void test_transmit_interrupt(void **state)
{
    struct bench *b = *state;
    bench_program_pic(b);
    bench_out(b, 0x3f9, 0x02);
    assert_int_equal(pc_intr_ack(&b->pc), 0x24);
    bench_out(b, 0x20, 0x20);
    assert_false(pc_intr(&b->pc));
    bench_out(b, 0x3f8, 'x');
    assert_true(pc_intr(&b->pc));
    assert_int_equal(bench_in(b, 0x3fa), 0x02);
    assert_int_equal(bench_in(b, 0x3fa), 0x01);
}

static void test_receive_without_fifo(void **state)
{
    struct bench *b = *state;
    bench_out(b, 0x3f9, 0x01);
    assert_true(pc_serial_in(&b->pc, 'a'));
    assert_false(pc_serial_in(&b->pc, 'b'));
    assert_int_equal(bench_in(b, 0x3fa), 0x04);
    assert_int_equal(bench_in(b, 0x3fd), 0x61);
    assert_int_equal(bench_in(b, 0x3f8), 'a');
    assert_int_equal(bench_in(b, 0x3fd), 0x60);
    assert_true(pc_serial_in(&b->pc, 'b'));
}

static void test_fifo_trigger_and_timeout(void **state)
{
    struct bench *b = *state;
    bench_program_pic(b);
    bench_out(b, 0x3fa, 0x41); /* trigger at 4 */
    bench_out(b, 0x3f9, 0x01);
    assert_true(pc_serial_in(&b->pc, '1'));
    assert_int_equal(bench_in(b, 0x3fa), 0xc1);
    bench_advance(b, 5000000); /* four characters of 9600 baud take 4.2 ms */
    assert_int_equal(bench_in(b, 0x3fa), 0xcc);
    for (char c = '2'; c <= '4'; c++) {
        assert_true(pc_serial_in(&b->pc, (uint8_t)c));
    }
    assert_false(pc_serial_in(&b->pc, '5'));
    for (char c = '1'; c <= '4'; c++) {
        assert_int_equal(bench_in(b, 0x3f8), c);
    }
    assert_int_equal(bench_in(b, 0x3fa), 0xc1);
}

static void test_loopback(void **state)
{
    struct bench *b = *state;
    bench_out(b, 0x3fc, 0x1b);
    assert_int_equal(bench_in(b, 0x3fe), 0xb0);
    bench_out(b, 0x3fc, 0x14);
    assert_int_equal(bench_in(b, 0x3fe), 0x40);
    bench_out(b, 0x3f8, 0x5a);
    assert_int_equal(bench_in(b, 0x3f8), 0x5a);
    bench_out(b, 0x3f8, 1);
    bench_out(b, 0x3f8, 2);
    assert_int_equal(bench_in(b, 0x3fd), 0x63); /* overrun, once */
    assert_int_equal(bench_in(b, 0x3fd), 0x61);
    assert_int_equal(b->sent_length, 0);
}

static void test_scratch_and_fifo_identification(void **state)
{
    struct bench *b = *state;
    bench_out(b, 0x3ff, 0xa5);
    assert_int_equal(bench_in(b, 0x3ff), 0xa5);
    bench_out(b, 0x3fa, 0x01);
    assert_int_equal(bench_in(b, 0x3fa) & 0xc0, 0xc0);
    bench_out(b, 0x3fa, 0x00);
    assert_int_equal(bench_in(b, 0x3fa) & 0xc0, 0x00);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_hand_over_registers),
        TEST(test_transmit),
        TEST(test_transmit_interrupt),
        TEST(test_receive_without_fifo),
        TEST(test_fifo_trigger_and_timeout),
        TEST(test_loopback),
        TEST(test_scratch_and_fifo_identification),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
