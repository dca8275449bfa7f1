#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support_pc.h"

#define PERIOD_NS 10000151u /* 11932 ticks of 1,193,182 Hz, rounded up */

static void load(struct bench *b, unsigned channel, uint8_t mode, uint16_t count)
{
    bench_out(b, 0x43, (uint8_t)(channel << 6 | 0x30u | mode << 1));
    bench_out(b, (uint16_t)(0x40 + channel), (uint8_t)count);
    bench_out(b, (uint16_t)(0x40 + channel), (uint8_t)(count >> 8));
}

static uint16_t read_count(struct bench *b, unsigned channel)
{
    uint16_t port = (uint16_t)(0x40 + channel);
    bench_out(b, 0x43, (uint8_t)(channel << 6));
    unsigned low = bench_in(b, port);
    return (uint16_t)(low | (unsigned)bench_in(b, port) << 8);
}

static uint8_t read_status(struct bench *b, unsigned channel)
{
    bench_out(b, 0x43, (uint8_t)(0xe0u | 2u << channel));
    return bench_in(b, (uint16_t)(0x40 + channel));
}

static void test_hand_over_state(void **state)
{
    struct bench *b = *state;
    bench_advance(b, 1000000);
    assert_int_equal(read_status(b, 0), 0x34);
    assert_int_equal(read_status(b, 1), 0x86);
    assert_int_equal(read_status(b, 2), 0xb0);
    assert_int_equal(bench_in(b, 0x61) & 0xef, 0x20);
}

static void test_counts_follow_the_clock(void **state)
{
    struct bench *b = *state;
    load(b, 2, 0, 50000);
    bench_advance(b, 1000000000);
    assert_int_equal(read_count(b, 2), (uint16_t)(50000 - 1193182));
    load(b, 0, 2, 1000);
    bench_advance(b, 500000); /* 596 ticks */
    assert_int_equal(read_count(b, 0), 1000 - 596);
}

/* A latched count stands still until it was read, a second latch does not disturb it. */
static void test_latch_holds(void **state)
{
    struct bench *b = *state;
    load(b, 2, 0, 5000);
    bench_out(b, 0x43, 0x80);
    bench_advance(b, 1000000);
    bench_out(b, 0x43, 0x80);
    assert_int_equal(bench_in(b, 0x42), 5000 & 0xff);
    assert_int_equal(bench_in(b, 0x42), 5000 >> 8);
    assert_int_equal(read_count(b, 2), 5000 - 1193);
}

static void test_read_back_gives_status_then_count(void **state)
{
    struct bench *b = *state;
    load(b, 2, 3, 0x1234);
    bench_out(b, 0x43, 0xc8);
    assert_int_equal(bench_in(b, 0x42) & 0x7f, 0x36);
    assert_int_equal(bench_in(b, 0x42), 0x34);
    assert_int_equal(bench_in(b, 0x42), 0x12);
}

/* 100 Hz for 1,000 seconds: every tick arrives at its deadline, none is lost, none drifts. */
static void test_periodic_ticks_do_not_drift(void **state)
{
    struct bench *b = *state;
    bench_program_pic(b);
    bench_out(b, 0x21, 0xfe);
    load(b, 0, 2, 11932);
    uint64_t start = b->now_ns;
    unsigned ticks = 0;
    while (b->now_ns < start + 1000000000000ull) {
        b->now_ns = pc_deadline(&b->pc);
        pc_tick(&b->pc);
        if (pc_intr(&b->pc)) {
            assert_int_equal(pc_intr_ack(&b->pc), 0x20);
            bench_out(b, 0x20, 0x20);
            ticks++;
        }
    }
    assert_int_equal(ticks, (1000ull * 1193182 + 11931) / 11932);
}

static void test_missed_ticks_merge(void **state)
{
    struct bench *b = *state;
    bench_program_pic(b);
    load(b, 0, 2, 11932);
    bench_advance(b, 3600ull * 1000000000);
    assert_int_equal(pc_intr_ack(&b->pc), 0x20);
    bench_out(b, 0x20, 0x20);
    assert_false(pc_intr(&b->pc));
    bench_advance(b, 2 * PERIOD_NS);
    assert_true(pc_intr(&b->pc));
}

static void test_one_shot_has_no_second_deadline(void **state)
{
    struct bench *b = *state;
    bench_program_pic(b);
    load(b, 0, 0, 100);
    b->now_ns = pc_deadline(&b->pc) + 1;
    pc_tick(&b->pc);
    assert_int_equal(pc_intr_ack(&b->pc), 0x20);
    assert_true(pc_deadline(&b->pc) == PC_NEVER);
}

static void test_masked_timer_has_no_deadline(void **state)
{
    struct bench *b = *state;
    bench_program_pic(b);
    load(b, 0, 2, 100);
    assert_true(pc_deadline(&b->pc) != PC_NEVER);
    bench_out(b, 0x21, 0x01);
    assert_true(pc_deadline(&b->pc) == PC_NEVER);
}

static void test_gate_restarts_channel_2(void **state)
{
    struct bench *b = *state;
    bench_out(b, 0x61, 0x00);
    load(b, 2, 2, 10000);
    bench_advance(b, 1000000);
    bench_out(b, 0x61, 0x01);
    assert_int_equal(read_count(b, 2), 10000);
    uint8_t first = bench_in(b, 0x61);
    assert_int_equal(first ^ bench_in(b, 0x61), 0x10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_hand_over_state),
        TEST(test_counts_follow_the_clock),
        TEST(test_latch_holds),
        TEST(test_read_back_gives_status_then_count),
        TEST(test_periodic_ticks_do_not_drift),
        TEST(test_missed_ticks_merge),
        TEST(test_one_shot_has_no_second_deadline),
        TEST(test_masked_timer_has_no_deadline),
        TEST(test_gate_restarts_channel_2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
