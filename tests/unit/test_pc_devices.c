/* Printer, floppy, disks, network card and firmware configuration, as measured on the bare machine.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support_pc.h"

static void assert_ports(struct bench *b, uint16_t port, const char *bytes, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(bench_in(b, (uint16_t)(port + i)), (uint8_t)bytes[i]);
    }
}

static void test_idle_registers(void **state)
{
    struct bench *b = *state;
    assert_ports(b, 0x378, "\xaa\xd9\xcc\xff\xff\xff\xff\xff", 8);
    assert_ports(b, 0x3f0, "\xff\xc0\x0c\x00\x80\x00\x00\x80", 8);
    assert_ports(b, 0x170, "\x00\x00\x00\x00\x00\x00\xb0\x00", 8);
    assert_ports(b, 0x1f0, "\x00\x00\x00\x00\x00\x00\x00\x00", 8);
    assert_ports(b, 0x376, "\x00", 1);
    assert_ports(b, 0x300, "\0\0\0\0\0\0\0\x80\0\0\x50\x43\0\0\0\0\x52\xff", 18);
    assert_ports(b, 0x510, "\0\0\xff\xffQEMU CFG", 12);
}

static void test_printer_interrupt(void **state)
{
    struct bench *b = *state;
    bench_program_pic(b);
    bench_out(b, 0x37a, 0x1c);
    bench_out(b, 0x37a, 0x1d); /* strobe: busy */
    bench_out(b, 0x37a, 0x1c);
    assert_int_equal(pc_intr_ack(&b->pc), 0x27);
    assert_int_equal(bench_in(b, 0x379), 0x59);
    assert_int_equal(bench_in(b, 0x379), 0x19); /* acknowledge */
    assert_int_equal(bench_in(b, 0x379), 0xd9);
}

static void floppy_command(struct bench *b, const char *bytes, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        bench_out(b, 0x3f5, (uint8_t)bytes[i]);
    }
}

static void test_floppy_reset(void **state)
{
    struct bench *b = *state;
    bench_program_pic(b);
    bench_out(b, 0x3f2, 0x08);
    bench_out(b, 0x3f2, 0x0c);
    assert_int_equal(pc_intr_ack(&b->pc), 0x26);
    for (uint8_t drive = 0; drive < 4; drive++) {
        floppy_command(b, "\x08", 1);
        assert_int_equal(bench_in(b, 0x3f5), 0xc0 | drive);
        assert_int_equal(bench_in(b, 0x3f5), 0);
    }
    floppy_command(b, "\x08", 1);
    assert_int_equal(bench_in(b, 0x3f5), 0x80);
    assert_int_equal(bench_in(b, 0x3f4), 0x80);
}

static void test_floppy_commands(void **state)
{
    struct bench *b = *state;
    floppy_command(b, "\x10", 1);
    assert_int_equal(bench_in(b, 0x3f5), 0x90);
    floppy_command(b, "\x0f\x00\x05\x08", 4);
    assert_int_equal(bench_in(b, 0x3f5), 0x20);
    assert_int_equal(bench_in(b, 0x3f5), 5);
    floppy_command(b, "\xe6\x00\x02\x00\x03\x02\x12\x1b\xff", 9);
    assert_int_equal(bench_in(b, 0x3f4), 0xd0);
    assert_ports(b, 0x3f5, "\x40", 1);
    assert_ports(b, 0x3f5, "\x00", 1);
    assert_ports(b, 0x3f5, "\x00", 1);
    assert_ports(b, 0x3f5, "\x02", 1);
}

static void test_floppy_read_id(void **state)
{
    struct bench *b = *state;
    bench_program_pic(b);
    floppy_command(b, "\x4a\x00", 2);
    assert_int_equal(bench_in(b, 0x3f4), 0x10);
    assert_int_equal(pc_deadline(&b->pc), 20000000);
    bench_advance(b, 20000000);
    assert_int_equal(bench_in(b, 0x3f4), 0xd0);
    assert_true(pc_intr(&b->pc));
}

static void identify(struct bench *b, uint16_t words[256])
{
    bench_out(b, 0x176, 0xa0);
    bench_out(b, 0x177, 0xa1);
    for (unsigned i = 0; i < 256; i++) {
        assert_int_equal(bench_in(b, 0x376), 0x58);
        words[i] = (uint16_t)pc_in(&b->pc, 0x170, 2);
    }
    assert_int_equal(bench_in(b, 0x376), 0x50);
}

static void test_disk_identification(void **state)
{
    struct bench *b = *state;
    uint16_t words[256];
    bench_program_pic(b);
    bench_out(b, 0x176, 0xa0);
    bench_out(b, 0x177, 0xec); /* a packet device aborts, with its signature */
    assert_ports(b, 0x171, "\x04\x01\x01\x14\xeb\xa0\x41", 7);
    assert_int_equal(pc_intr_ack(&b->pc), 0x2f);
    identify(b, words);
    assert_int_equal(words[0], 0x85c0);
    assert_int_equal(words[27], 'Q' << 8 | 'E');
    assert_int_equal(words[46], ' ' << 8 | ' ');
    assert_int_equal(words[88], 0x203f);
    bench_out(b, 0x171, 0x03);
    bench_out(b, 0x172, 0x42);
    bench_out(b, 0x177, 0xef);
    identify(b, words);
    assert_int_equal(words[88], 0x043f);
}

static void packet(struct bench *b, const char *bytes)
{
    bench_out(b, 0x176, 0xa0);
    bench_out(b, 0x171, 0);
    bench_out(b, 0x174, 0x10);
    bench_out(b, 0x175, 0);
    bench_out(b, 0x177, 0xa0);
    for (unsigned i = 0; i < 12; i += 2) {
        pc_out(&b->pc, 0x170, 2, (uint32_t)((uint8_t)bytes[i] | (uint8_t)bytes[i + 1] << 8));
    }
}

static void test_disk_packets(void **state)
{
    static const unsigned pieces[] = {16, 16, 4};
    struct bench *b = *state;

    packet(b, "\0\0\0\0\0\0\0\0\0\0\0\0"); /* test unit ready */
    assert_ports(b, 0x171, "\x20\x03", 2);
    assert_int_equal(bench_in(b, 0x177), 0x41);
    packet(b, "\x12\0\0\0\x24\0\0\0\0\0\0\0"); /* inquiry: 36 bytes in pieces of 16 */
    for (unsigned i = 0; i < 3; i++) {
        assert_ports(b, 0x171, "\x00\x02", 2);
        assert_int_equal(bench_in(b, 0x174), pieces[i]);
        for (unsigned k = 0; k < pieces[i]; k += 2) {
            assert_int_equal(bench_in(b, 0x177), 0x58);
            pc_in(&b->pc, 0x170, 2);
        }
    }
    assert_int_equal(bench_in(b, 0x177), 0x50);
    packet(b, "\x03\0\0\0\x12\0\0\0\0\0\0\0"); /* request sense */
    assert_int_equal(pc_in(&b->pc, 0x170, 4), 0x000200f0);
    bench_out(b, 0x376, 4); /* a reset ends the transfer */
    assert_ports(b, 0x171, "\x01\x01\x01\x14\xeb\xa0\x00", 7);
}

static void test_network_card(void **state)
{
    static const uint8_t address[] = {0x52, 0x52, 0x54, 0x54, 0x00, 0x00, 0x12, 0x12, 0x34, 0x34};
    struct bench *b = *state;
    bench_program_pic(b);
    bench_out(b, 0x30a, sizeof(address));
    bench_out(b, 0x30f, 0x42); /* transmitted, remote done */
    bench_out(b, 0x300, 0x0a);
    for (unsigned i = 0; i < sizeof(address); i++) {
        assert_int_equal(bench_in(b, 0x310), address[i]);
    }
    assert_int_equal(bench_in(b, 0x307), 0x40);
    assert_int_equal(pc_intr_ack(&b->pc), 0x29);
    bench_out(b, 0x307, 0x40);
    bench_out(b, 0x300, 0x26);
    assert_int_equal(bench_in(b, 0x300), 0x22);
    assert_int_equal(bench_in(b, 0x304), 0x01);
}

/* The last address of the packet memory, in every width. */
static void test_network_memory_end(void **state)
{
    struct bench *b = *state;
    for (unsigned size = 1; size <= 4; size *= 2) {
        bench_out(b, 0x30e, size == 2);
        bench_out(b, 0x308, 0xff);
        bench_out(b, 0x309, 0xbf);
        bench_out(b, 0x30a, 8);
        bench_out(b, 0x300, 0x12);
        pc_out(&b->pc, 0x310, size, 0x12345678);
        pc_in(&b->pc, 0x310, size);
    }
}

static void test_firmware_configuration(void **state)
{
    struct bench *b = *state;
    pc_out(&b->pc, 0x510, 2, 0x0000);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(bench_in(b, 0x511), "QEMU"[i]);
    }
    assert_int_equal(bench_in(b, 0x511), 0);
    pc_out(&b->pc, 0x510, 2, 0x0003);
    bench_in(b, 0x511);
    bench_in(b, 0x511);
    bench_in(b, 0x511);
    assert_int_equal(bench_in(b, 0x511), 0x04); /* 64 MiB */
    pc_out(&b->pc, 0x510, 2, 0x0019);
    for (unsigned i = 0; i < 12; i++) {
        assert_int_equal(bench_in(b, 0x511), "\0\0\0\x06\0\0\0\0\0\x20\0\0"[i]);
    }
    assert_int_equal(bench_in(b, 0x511), 'b');
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_idle_registers),     TEST(test_printer_interrupt),
        TEST(test_floppy_reset),       TEST(test_floppy_commands),
        TEST(test_floppy_read_id),     TEST(test_disk_identification),
        TEST(test_disk_packets),       TEST(test_network_card),
        TEST(test_network_memory_end), TEST(test_firmware_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
