#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support_pc.h"

static void test_absent_ports(void **state)
{
    struct bench *b = *state;
    assert_int_equal(pc_in(&b->pc, 0x240, 1), 0xff);
    assert_int_equal(pc_in(&b->pc, 0x240, 2), 0xffff);
    assert_int_equal(pc_in(&b->pc, 0x240, 4), 0xffffffffu);
    assert_int_equal(pc_in(&b->pc, 0x241, 1), 0xff);
    assert_int_equal(pc_in(&b->pc, 0x241, 2), 0);
    assert_int_equal(pc_in(&b->pc, 0x242, 4), 0);
    assert_int_equal(pc_in(&b->pc, 0x80, 1), 0xff);
}

/* As measured: the chip of the first port answers the whole of a wide access. */
static void test_wide_accesses_of_byte_chips(void **state)
{
    struct bench *b = *state;
    assert_int_equal(pc_in(&b->pc, 0x20, 2), 0xb810);
    assert_int_equal(pc_in(&b->pc, 0x20, 4), 0xb8b8b810u);
    assert_int_equal(pc_in(&b->pc, 0x21, 2), 0);
    assert_int_equal(pc_in(&b->pc, 0xa0, 4), 0x8e8e8e00u);
    assert_int_equal(pc_in(&b->pc, 0x60, 4), 0xfafafafau);
    assert_int_equal(pc_in(&b->pc, 0x64, 2), 0x1c1c);
    assert_int_equal(pc_in(&b->pc, 0xd0, 4), 0xfefe0000u);
    assert_int_equal(pc_in(&b->pc, 0x3fb, 2), 0x0800);
    assert_int_equal(pc_in(&b->pc, 0x3d4, 2), 0xa00f);
    assert_int_equal(pc_in(&b->pc, 0x83, 2), 0xff00);
    assert_int_equal(pc_in(&b->pc, 0x81, 4), 0xffffffffu);
}

static void test_debug_exit(void **state)
{
    struct bench *b = *state;
    assert_int_equal(pc_in(&b->pc, 0xf4, 4), 0);
    pc_out(&b->pc, 0xf4, 4, 0x12345678);
    assert_int_equal(b->exit_code, 0x12345678);
    assert_int_equal(b->power_offs, 1);
}

static void test_fpu_error_line(void **state)
{
    struct bench *b = *state;
    bench_program_pic(b);
    pc_fpu_error(&b->pc);
    assert_int_equal(pc_intr_ack(&b->pc), 0x2d);
    bench_out(b, 0xf0, 0);
    assert_int_equal(b->pc.pic.slave.pins & 0x20, 0);
}

static void test_dma_registers(void **state)
{
    struct bench *b = *state;
    bench_out(b, 0x0c, 0);
    bench_out(b, 0x04, 0x34);
    bench_out(b, 0x04, 0x12);
    assert_int_equal(bench_in(b, 0x04), 0x34);
    assert_int_equal(bench_in(b, 0x04), 0x12);
    bench_out(b, 0x81, 0x55);
    assert_int_equal(bench_in(b, 0x81), 0x55);
    assert_int_equal(bench_in(b, 0x09), 0xff);
    assert_int_equal(bench_in(b, 0xd2), 0xfe);
}

static void test_vga_cursor(void **state)
{
    struct bench *b = *state;
    bench_out(b, 0x3d4, 0x0e);
    bench_out(b, 0x3d5, 0x07);
    assert_int_equal(bench_in(b, 0x3d5), 0x07);
    assert_int_equal(bench_in(b, 0x3b5), 0xff);
    bench_out(b, 0x3d4, 0x00);
    bench_out(b, 0x3d5, 0x00); /* protected by bit 7 of register 11h */
    assert_int_equal(bench_in(b, 0x3d5), 0x5f);
}

static void test_vga_attribute_flip_flop(void **state)
{
    struct bench *b = *state;
    uint8_t first = bench_in(b, 0x3da);
    assert_int_equal(first ^ bench_in(b, 0x3da), 0x09);
    bench_out(b, 0x3c0, 0x06);
    assert_int_equal(bench_in(b, 0x3c1), 0x14);
    bench_out(b, 0x3c0, 0xff);
    assert_int_equal(bench_in(b, 0x3c1), 0x3f);
}

static void test_vga_palette(void **state)
{
    struct bench *b = *state;
    bench_out(b, 0x3c7, 20);
    assert_int_equal(bench_in(b, 0x3c9), 0x2a);
    assert_int_equal(bench_in(b, 0x3c9), 0x15);
    assert_int_equal(bench_in(b, 0x3c9), 0x00);
    assert_int_equal(bench_in(b, 0x3c7), 0x03);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_absent_ports),
        TEST(test_wide_accesses_of_byte_chips),
        TEST(test_debug_exit),
        TEST(test_fpu_error_line),
        TEST(test_dma_registers),
        TEST(test_vga_cursor),
        TEST(test_vga_attribute_flip_flop),
        TEST(test_vga_palette),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
