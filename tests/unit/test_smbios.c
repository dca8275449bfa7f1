/* Memory sizes in SMBIOS tables; random areas, which must not be written outside of them. */
#include "hypervisor/load/smbios.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TABLES 0x6820u
#define MIB    (1ull << 20)

/* As SeaBIOS makes them on a machine with 64 MiB, but for a structure with strings in front. */
static const uint8_t tables[] = {
    1,  8,  0, 1, 1, 2, 0,    0,    'B',  'o',  'c',  'h',  's',  0,  'x', 0,  0, //
    16, 15, 0, 0, 1, 3, 6,    0,    0,    1,    0,    0xfe, 0xff, 1,  0,   0,  0, //
    17, 21, 0, 0, 0, 0, 0xfe, 0xff, 0x40, 0,    0x40, 0,    0x40, 0,  9,   0,  1, 0, 7, 0, 0,
    0,  0,                                                                                    //
    19, 15, 0, 0, 0, 0, 0,    0,    0xff, 0xff, 0,    0,    0,    16, 1,   0,  0,             //
    20, 19, 0, 0, 0, 0, 0,    0,    0xff, 0xff, 0,    0,    0,    17, 0,   19, 1, 0, 0, 0, 0, //
};

static uint8_t *area;

static int make_area(void **state)
{
    (void)state;
    area = calloc(1, SMBIOS_AREA_BYTES); /* its ends are guarded by the sanitizer */
    uint32_t address = SMBIOS_AREA + TABLES;
    memcpy(area + 0x6800, "_SM_", 4);
    area[0x6816] = sizeof(tables);
    memcpy(area + 0x6818, &address, 4);
    memcpy(area + TABLES, tables, sizeof(tables));
    return 0;
}

static int free_area(void **state)
{
    (void)state;
    free(area);
    return 0;
}

static uint32_t field(unsigned offset, unsigned bytes)
{
    uint32_t value = 0;
    memcpy(&value, area + TABLES + offset, bytes);
    return value;
}

static void sizes_are_set(void **state)
{
    (void)state;
    smbios_set_memory(area, 256 * MIB);
    assert_int_equal(field(17 + 7, 4), 256 * 1024);
    assert_int_equal(field(34 + 12, 2), 256);
    assert_int_equal(field(57 + 8, 4), 256 * 1024 - 1);
    assert_int_equal(field(74 + 8, 4), 256 * 1024 - 1);
    smbios_set_memory(area, 64 * MIB);
    assert_memory_equal(area + TABLES, tables, sizeof(tables));
}

static void no_entry_point_no_change(void **state)
{
    (void)state;
    area[0x6800] = 'x';
    smbios_set_memory(area, 256 * MIB);
    assert_memory_equal(area + TABLES, tables, sizeof(tables));
}

/* Tables cut off after each byte, and at the end of the area. */
static void truncated_tables(void **state)
{
    (void)state;
    for (unsigned length = 0; length < sizeof(tables); length++) {
        memset(area + TABLES + length, 0, sizeof(tables) - length);
        area[0x6816] = (uint8_t)length;
        smbios_set_memory(area, 256 * MIB);
        memcpy(area + TABLES, tables, sizeof(tables));
        uint32_t address = SMBIOS_AREA + SMBIOS_AREA_BYTES - length;
        memcpy(area + 0x6818, &address, 4);
        memcpy(area + SMBIOS_AREA_BYTES - length, tables, length);
        smbios_set_memory(area, 256 * MIB);
        address = SMBIOS_AREA + TABLES;
        memcpy(area + 0x6818, &address, 4);
    }
}

static void random_areas(void **state)
{
    (void)state;
    srand(1);
    for (unsigned round = 0; round < 500; round++) {
        for (unsigned i = 0; i < 0x100; i++)
            area[TABLES + i] = (uint8_t)(rand() % 3 ? rand() % 24 : rand());
        uint32_t address = SMBIOS_AREA + (uint32_t)rand() % 0x18000;
        memcpy(area + 0x6818, &address, 4);
        area[0x6816] = (uint8_t)rand();
        area[0x6817] = (uint8_t)(rand() % 4 ? 0 : rand());
        smbios_set_memory(area, 2048 * MIB);
    }
}

#define TEST_AREA(name) cmocka_unit_test_setup_teardown(name, make_area, free_area)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_AREA(sizes_are_set),
        TEST_AREA(no_entry_point_no_change),
        TEST_AREA(truncated_tables),
        TEST_AREA(random_areas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
