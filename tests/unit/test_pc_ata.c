/* The IDE disk: addresses, transfers, errors. What it says of itself is compared with the bare
 * machine (tests/boot/small/disk.asm). */
#include "emulate/pc/board.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECTORS 0x1000u

#define DATA    0x1f0u
#define COUNT   0x1f2u
#define SECTOR  0x1f3u
#define CYL_LOW 0x1f4u
#define CYL_HI  0x1f5u
#define DEVICE  0x1f6u
#define STATUS  0x1f7u
#define CONTROL 0x3f6u

#define LBA 0xe0u

struct outside {
    struct pc pc;
    uint8_t *disk; /* allocated alone: the sanitizer guards its ends */
};

static uint64_t now_ns(void *world)
{
    (void)world;
    return 0;
}

static void ignore_line(void *world, bool enabled)
{
    (void)world;
    (void)enabled;
}

static int setup(void **state)
{
    static const struct pc_host host = {.now_ns = now_ns, .a20_changed = ignore_line};
    struct outside *o = calloc(1, sizeof(*o));
    o->disk = malloc(SECTORS * ATA_SECTOR);
    for (uint32_t i = 0; i < SECTORS; i++)
        for (unsigned at = 0; at < ATA_SECTOR; at += 4)
            memcpy(o->disk + i * ATA_SECTOR + at, &(uint32_t){i << 8 | at / 4}, 4);
    const struct pc_config config = {.ram_bytes = 64u << 20, .disk = {o->disk, SECTORS}};
    pc_init(&o->pc, &config, &host, o);
    *state = o;
    return 0;
}

static int teardown(void **state)
{
    struct outside *o = *state;
    free(o->disk);
    free(o);
    return 0;
}

static void out(struct outside *o, uint16_t port, uint8_t value)
{
    pc_out(&o->pc, port, 1, value);
}

static uint8_t in(struct outside *o, uint16_t port)
{
    return (uint8_t)pc_in(&o->pc, port, 1);
}

static void command(struct outside *o, uint8_t code, uint32_t sector, uint8_t count)
{
    out(o, DEVICE, (uint8_t)(LBA | sector >> 24));
    out(o, COUNT, count);
    out(o, SECTOR, (uint8_t)sector);
    out(o, CYL_LOW, (uint8_t)(sector >> 8));
    out(o, CYL_HI, (uint8_t)(sector >> 16));
    out(o, STATUS, code);
}

/* Reads a sector; returns its first dword. */
static uint32_t take_sector(struct outside *o)
{
    uint32_t first = pc_in(&o->pc, DATA, 4);
    for (unsigned i = 1; i < ATA_SECTOR / 4; i++)
        pc_in(&o->pc, DATA, 4);
    return first;
}

static void give_sector(struct outside *o, uint16_t word)
{
    for (unsigned i = 0; i < ATA_SECTOR / 2; i++)
        pc_out(&o->pc, DATA, 2, word);
}

static void reads_and_writes(void **state)
{
    struct outside *o = *state;
    command(o, 0x20, 7, 2);
    assert_int_equal(in(o, STATUS), 0x58);
    assert_int_equal(take_sector(o), 7 << 8);
    assert_int_equal(take_sector(o), 8 << 8);
    assert_int_equal(in(o, STATUS), 0x50);
    assert_int_equal(in(o, SECTOR), 9);
    command(o, 0x30, SECTORS - 1, 1);
    give_sector(o, 0xabcd);
    assert_int_equal(in(o, STATUS), 0x50);
    assert_int_equal(o->disk[SECTORS * ATA_SECTOR - 1], 0xab);
    assert_int_equal(o->disk[(SECTORS - 1) * ATA_SECTOR - 1], 0);
}

static void names_sectors_by_cylinder(void **state)
{
    struct outside *o = *state;
    out(o, DEVICE, 0xa2);
    out(o, COUNT, 1);
    out(o, SECTOR, 63);
    out(o, CYL_LOW, 1);
    out(o, CYL_HI, 0);
    out(o, STATUS, 0x20);
    assert_int_equal(take_sector(o), ((1 * 16 + 2) * 63 + 62) << 8);
    assert_int_equal(in(o, DEVICE), 0xa3);
    assert_int_equal(in(o, SECTOR), 1);
    out(o, SECTOR, 0);
    out(o, STATUS, 0x20);
    assert_int_equal(in(o, STATUS), 0x41);
}

/* No tracks, no sectors on them: nothing divides by that. */
static void odd_geometry(void **state)
{
    struct outside *o = *state;
    out(o, DEVICE, 0xa0);
    out(o, COUNT, 0);
    out(o, STATUS, 0x91);
    out(o, COUNT, 2);
    out(o, SECTOR, 1);
    out(o, STATUS, 0x20);
    assert_int_equal(in(o, STATUS), 0x58);
    assert_int_equal(take_sector(o), 0);
}

static void moves_blocks(void **state)
{
    struct outside *o = *state;
    out(o, DEVICE, LBA);
    out(o, COUNT, 4);
    out(o, STATUS, 0xc6);
    command(o, 0xc4, 20, 6);
    assert_int_equal(in(o, COUNT), 2);
    for (unsigned i = 20; i < 26; i++)
        assert_int_equal(take_sector(o), i << 8);
    assert_int_equal(in(o, STATUS), 0x50);
    command(o, 0xc5, 40, 5);
    for (unsigned i = 0; i < 4; i++)
        give_sector(o, 0x1111);
    assert_int_equal(o->disk[44 * ATA_SECTOR - 1], 0x11);
    give_sector(o, 0x2222);
    assert_int_equal(o->disk[45 * ATA_SECTOR - 1], 0x22);
    assert_int_equal(in(o, STATUS), 0x50);
    out(o, COUNT, 3);
    out(o, STATUS, 0xc6);
    assert_int_equal(in(o, STATUS), 0x41);
}

static void ends_at_the_last_sector(void **state)
{
    static const uint32_t behind[] = {SECTORS, 0x0fffffff};
    struct outside *o = *state;
    for (unsigned i = 0; i < 2; i++) {
        command(o, 0x20, behind[i], 1);
        assert_int_equal(in(o, STATUS), 0x41);
        command(o, 0x30, behind[i], 1);
        give_sector(o, 0xffff);
        assert_int_equal(in(o, STATUS), 0x41);
    }
    command(o, 0xc4, SECTORS - 3, 6); /* a block that runs over the end */
    assert_int_equal(in(o, STATUS), 0x41);
    command(o, 0xf8, 0, 0);
    assert_int_equal(in(o, SECTOR) | in(o, CYL_LOW) << 8, SECTORS - 1);
}

/* What was written of a block that a reset cuts off never reaches the disk. */
static void reset_ends_a_transfer(void **state)
{
    struct outside *o = *state;
    command(o, 0x30, 5, 1);
    for (unsigned i = 0; i < 100; i++)
        pc_out(&o->pc, DATA, 2, 0xffff);
    out(o, CONTROL, 4);
    out(o, CONTROL, 0);
    assert_int_equal(in(o, STATUS), 0x50);
    assert_int_equal(in(o, CYL_LOW), 0);
    give_sector(o, 0xffff);
    assert_int_equal(o->disk[5 * ATA_SECTOR], 0);
    assert_int_equal(o->disk[5 * ATA_SECTOR + 1], 5);
}

static void addresses_of_48_bits(void **state)
{
    struct outside *o = *state;
    command(o, 0x24, 0, 0); /* the bytes before these are not all zero */
    out(o, CONTROL, 4);
    out(o, CONTROL, 0);
    out(o, DEVICE, LBA);
    for (unsigned i = 0; i < 2; i++) {
        out(o, COUNT, i ? 2 : 0);
        out(o, SECTOR, i ? 9 : 0);
        out(o, CYL_LOW, 0);
        out(o, CYL_HI, 0);
    }
    out(o, STATUS, 0x24);
    assert_int_equal(take_sector(o), 9 << 8);
    assert_int_equal(take_sector(o), 10 << 8);
    out(o, CYL_HI, 1); /* bit 40 */
    out(o, CYL_HI, 0);
    out(o, STATUS, 0x24);
    assert_int_equal(in(o, STATUS), 0x41);
}

static void device_1_is_absent(void **state)
{
    struct outside *o = *state;
    out(o, DEVICE, 0xf0);
    assert_int_equal(in(o, STATUS), 0);
    out(o, STATUS, 0xec);
    assert_int_equal(in(o, STATUS), 0);
    out(o, DEVICE, LBA);
    assert_int_equal(in(o, STATUS), 0x50);
}

#define TEST_DISK(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_DISK(reads_and_writes),
        TEST_DISK(names_sectors_by_cylinder),
        TEST_DISK(odd_geometry),
        TEST_DISK(moves_blocks),
        TEST_DISK(ends_at_the_last_sector),
        TEST_DISK(reset_ends_a_transfer),
        TEST_DISK(addresses_of_48_bits),
        TEST_DISK(device_1_is_absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
