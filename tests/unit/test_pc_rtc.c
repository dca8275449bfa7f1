#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support_pc.h"

static uint8_t cmos(struct bench *b, uint8_t index)
{
    bench_out(b, 0x70, index);
    return bench_in(b, 0x71);
}

static void set_cmos(struct bench *b, uint8_t index, uint8_t value)
{
    bench_out(b, 0x70, index);
    bench_out(b, 0x71, value);
}

#define SECOND_NS 1000000000ull

static void test_hand_over_bytes(void **state)
{
    static const struct {
        uint8_t index, value;
    } expected[] = {
        {0x0b, 0x02}, {0x0d, 0x80}, {0x10, 0x50}, {0x14, 0x07}, {0x15, 0x80}, {0x16, 0x02},
        {0x17, 0x00}, {0x18, 0xfc}, {0x30, 0x00}, {0x31, 0xfc}, {0x34, 0x00}, {0x35, 0x03},
        {0x38, 0x30}, {0x3d, 0x12}, {0x32, 0x20}, {0x37, 0x20}, {0x5b, 0x00}, {0x7f, 0x00},
    };
    struct bench *b = *state;
    for (unsigned i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        assert_int_equal(cmos(b, expected[i].index), expected[i].value);
    }
    assert_int_equal(bench_in(b, 0x70), 0xff);
}

/* 2020-01-01 (a Wednesday) + 59 days = 29 February. */
static void test_time_and_leap_day(void **state)
{
    struct bench *b = *state;
    bench_advance(b, (59 * 86400 + 13 * 3600 + 14 * 60 + 15) * SECOND_NS);
    assert_int_equal(cmos(b, 0x00), 0x15);
    assert_int_equal(cmos(b, 0x02), 0x14);
    assert_int_equal(cmos(b, 0x04), 0x13);
    assert_int_equal(cmos(b, 0x06), 0x07);
    assert_int_equal(cmos(b, 0x07), 0x29);
    assert_int_equal(cmos(b, 0x08), 0x02);
    assert_int_equal(cmos(b, 0x09), 0x20);
}

static void test_binary_and_12_hours(void **state)
{
    struct bench *b = *state;
    set_cmos(b, 0x0b, 0x04);
    bench_advance(b, 13 * 3600 * SECOND_NS);
    assert_int_equal(cmos(b, 0x04), 0x81);
    assert_int_equal(cmos(b, 0x09), 20);
}

static void test_setting_the_time(void **state)
{
    struct bench *b = *state;
    set_cmos(b, 0x0b, 0x82);
    set_cmos(b, 0x00, 0x58);
    set_cmos(b, 0x02, 0x59);
    set_cmos(b, 0x04, 0x23);
    bench_advance(b, 100 * SECOND_NS);
    assert_int_equal(cmos(b, 0x00), 0x58); /* SET freezes it */
    set_cmos(b, 0x0b, 0x02);
    bench_advance(b, 3 * SECOND_NS);
    assert_int_equal(cmos(b, 0x00), 0x01);
    assert_int_equal(cmos(b, 0x07), 0x02);
}

static void test_update_in_progress(void **state)
{
    struct bench *b = *state;
    bench_advance(b, SECOND_NS - 300000);
    assert_int_equal(cmos(b, 0x0a), 0x26);
    bench_advance(b, 100000);
    assert_int_equal(cmos(b, 0x0a), 0xa6);
    bench_advance(b, 200000);
    assert_int_equal(cmos(b, 0x0a), 0x26);
}

static void test_periodic_interrupt(void **state)
{
    struct bench *b = *state;
    bench_program_pic(b);
    bench_out(b, 0x21, 0xfb);
    set_cmos(b, 0x0b, 0x42); /* rate 6: 1,024 Hz */
    unsigned count = 0;
    while (b->now_ns < SECOND_NS) {
        b->now_ns = pc_deadline(&b->pc);
        pc_tick(&b->pc);
        assert_int_equal(pc_intr_ack(&b->pc), 0x28);
        assert_int_equal(cmos(b, 0x0c) & 0xc0, 0xc0);
        bench_out(b, 0xa0, 0x20);
        bench_out(b, 0x20, 0x20);
        count++;
    }
    assert_in_range(count, 1023, 1025);
}

static void test_update_ended_interrupt(void **state)
{
    struct bench *b = *state;
    bench_program_pic(b);
    set_cmos(b, 0x0b, 0x12);
    bench_advance(b, SECOND_NS);
    assert_true(pc_irq_count(&b->pc, PC_IRQ_RTC) == 1);
    assert_int_equal(cmos(b, 0x0c), 0x90);
    assert_int_equal(cmos(b, 0x0c), 0x00);
}

static void test_alarm(void **state)
{
    struct bench *b = *state;
    bench_program_pic(b);
    bench_out(b, 0x21, 0xfb);
    set_cmos(b, 0x01, 0x30);
    set_cmos(b, 0x03, 0x05);
    set_cmos(b, 0x05, 0xff); /* any hour */
    set_cmos(b, 0x0b, 0x22);
    while (b->pc.pic.count[PC_IRQ_RTC] == 0) {
        b->now_ns = pc_deadline(&b->pc);
        pc_tick(&b->pc);
        assert_true(b->now_ns < 400 * SECOND_NS);
    }
    assert_int_equal(b->now_ns / SECOND_NS, 330);
    assert_int_equal(cmos(b, 0x0c), 0xb0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_hand_over_bytes),        TEST(test_time_and_leap_day),
        TEST(test_binary_and_12_hours),    TEST(test_setting_the_time),
        TEST(test_update_in_progress),     TEST(test_periodic_interrupt),
        TEST(test_update_ended_interrupt), TEST(test_alarm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
