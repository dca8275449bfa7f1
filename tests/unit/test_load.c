/* Module lines and kernel images: what is taken, and the one line that says why something is not.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "hypervisor/load/config.h"
#include "hypervisor/load/kernel.h"
#include "hypervisor/report/counters.h"

static struct vm_config config;
static struct load_error error;

static void test_defaults(void **state)
{
    (void)state;
    assert_true(config_parse(&config, "", 3, &error));
    assert_string_equal(config.name, "vm3");
    assert_int_equal(config.mem, 64 << 20);
    assert_int_equal(config.engine, ENGINE_TRAP);
    assert_int_equal(config.kind, MODULE_KERNEL);
    assert_string_equal(config.cmdline, "");
}

static void test_full_line(void **state)
{
    (void)state;
    assert_true(
        config_parse(&config, "name=demo  mem=0x2000K engine=interp --  a  b=c --", 1, &error));
    assert_string_equal(config.name, "demo");
    assert_int_equal(config.mem, 8 << 20);
    assert_int_equal(config.engine, ENGINE_INTERP);
    assert_string_equal(config.cmdline, "a  b=c --");
}

static void test_gdb(void **state)
{
    (void)state;
    assert_true(config_parse(&config, "mem=8M", 1, &error));
    assert_int_equal(config.gdb, GDB_OFF);
    assert_true(config_parse(&config, "gdb=on", 1, &error));
    assert_int_equal(config.gdb, GDB_ON);
    assert_true(config_parse(&config, "gdb=wait", 1, &error));
    assert_int_equal(config.gdb, GDB_WAIT);
}

static void test_lockstep(void **state)
{
    (void)state;
    assert_true(config_parse(&config, "mem=8M", 1, &error));
    assert_int_equal(config.lockstep, 0);
    assert_true(config_parse(&config, "lockstep=on", 1, &error));
    assert_int_equal(config.lockstep, LOCKSTEP_ON);
    assert_true(config_parse(&config, "lockstep=0", 1, &error));
    assert_int_equal(config.lockstep, 1);
    assert_true(config_parse(&config, "lockstep=12", 1, &error));
    assert_int_equal(config.lockstep, 13);
    assert_false(config_parse(&config, "lockstep=off", 1, &error));
    assert_false(config_parse(&config, "lockstep=4294967294", 1, &error));
}

static void test_screen(void **state)
{
    (void)state;
    assert_true(config_parse(&config, "mem=8M", 1, &error));
    assert_int_equal(config.screen, SCREEN_HOST);
    assert_true(config_parse(&config, "screen=serial", 1, &error));
    assert_int_equal(config.screen, SCREEN_SERIAL);
    assert_true(config_parse(&config, "screen=host", 1, &error));
    assert_int_equal(config.screen, SCREEN_HOST);
}

static void test_overlap(void **state)
{
    (void)state;
    assert_true(config_parse(&config, "mem=8M", 1, &error));
    assert_int_equal(config.overlap, OVERLAP_STATIC);
    assert_true(config_parse(&config, "overlap=strict", 1, &error));
    assert_int_equal(config.overlap, OVERLAP_STRICT);
    assert_true(config_parse(&config, "overlap=static", 1, &error));
    assert_int_equal(config.overlap, OVERLAP_STATIC);
}

static void test_trace(void **state)
{
    const uint32_t hidden = 1u << EXIT_FILL | 1u << EXIT_FILL_CODE | 1u << EXIT_TABLE_WRITE |
                            1u << EXIT_CODE_WRITE | 1u << EXIT_MMIO | 1u << EXIT_CODE_DATA |
                            1u << EXIT_FLIP | 1u << EXIT_INTERPRET;
    (void)state;
    assert_true(config_parse(&config, "mem=8M", 1, &error));
    assert_int_equal(config.trace, 0);
    assert_true(config_parse(&config, "trace=sensitive,guest-fault", 1, &error));
    assert_int_equal(config.trace, 1u << EXIT_SENSITIVE | 1u << EXIT_GUEST_FAULT);
    assert_true(config_parse(&config, "trace=hidden", 1, &error));
    assert_int_equal(config.trace, hidden);
    assert_true(config_parse(&config, "trace=fault", 1, &error));
    assert_int_equal(config.trace, hidden | 1u << EXIT_GUEST_FAULT);
    assert_true(config_parse(&config, "trace=all", 1, &error));
    assert_int_equal(config.trace, (1u << EXIT_REASONS) - 1);
}

static void test_user(void **state)
{
    (void)state;
    assert_true(config_parse(&config, "mem=8M", 1, &error));
    assert_int_equal(config.user, USER_NATIVE);
    assert_true(config_parse(&config, "user=exposed", 1, &error));
    assert_int_equal(config.user, USER_EXPOSED);
    assert_true(config_parse(&config, "user=native", 1, &error));
    assert_int_equal(config.user, USER_NATIVE);
}

static void test_quotes(void **state)
{
    (void)state;
    assert_true(config_parse(&config, "-- run=\\\"a b\\\" \"c d\" e\\\\f \\", 1, &error));
    assert_string_equal(config.cmdline, "run=\"a b\" c d e\\f \\");
}

static void test_companions(void **state)
{
    (void)state;
    assert_true(config_parse(&config, "rom=0xe0000", 1, &error));
    assert_int_equal(config.kind, MODULE_ROM);
    assert_int_equal(config.rom_address, 0xe0000);
    assert_true(config_parse(&config, "for=demo -- initrd", 1, &error));
    assert_int_equal(config.kind, MODULE_EXTRA);
    assert_string_equal(config.name, "demo");
}

static void test_bad_lines(void **state)
{
    static const struct {
        const char *line, *says;
    } bad[] = {
        {"mem=abc", "mem=abc: not a size"},
        {"mem=", "mem=: not a size"},
        {"mem=64Q", "mem=64Q: not a size"},
        {"mem=-1", "mem=-1: not a size"},
        {"mem=99999999999999999999999999", "not a size"},
        {"mem=0", "mem=0: out of range"},
        {"mem=4G", "mem=4G: out of range"},
        {"mem=5000001", "mem=5000001: not whole pages"},
        {"name=", "name=: not a name"},
        {"name=a/b", "name=a/b: not a name"},
        {"name=aaaaaaaaaabbbbbbbbbbccccccccccdd", "not a name"},
        {"engine=magic", "engine=magic: unknown engine"},
        {"screen=large", "screen=large: unknown value"},
        {"overlap=maybe", "overlap=maybe: unknown value"},
        {"user=root", "user=root: unknown value"},
        {"gdb=maybe", "gdb=maybe: unknown value"},
        {"trace=everything", "trace=everything: unknown kind of trap"},
        {"trace=", "trace=: unknown kind of trap"},
        {"trace=fill,", "trace=fill,: unknown kind of trap"},
        {"colour=red", "colour=red: unknown option"},
        {"memory=64M", "memory=64M: unknown option"},
        {"quiet", "quiet: not KEY=VALUE"},
        {"rom=0x1000", "rom=0x1000: not a ROM address"},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(config_parse(&config, bad[i].line, 1, &error));
        assert_non_null(strstr(error.text, bad[i].says));
        assert_non_null(strstr(error.text, "; ")); /* the remedy */
    }
}

static void test_long_lines(void **state)
{
    static char line[5000];
    (void)state;
    memset(line, 'x', sizeof(line) - 1);
    assert_false(config_parse(&config, line, 1, &error));
    memcpy(line, "-- ", 3);
    assert_false(config_parse(&config, line, 1, &error));
    assert_non_null(strstr(error.text, "too long"));
}

/* --- images ------------------------------------------------------------------------------------
 */

#define ELF_SIZE     0x400u
#define PHDRS        52u
#define PHDR         32u
#define MULTIBOOT_AT 0x200u

static uint8_t image[ELF_SIZE];
static struct kernel_image kernel;

static void put32(unsigned at, uint32_t value)
{
    memcpy(image + at, &value, sizeof(value));
}

static void put16(unsigned at, uint16_t value)
{
    memcpy(image + at, &value, sizeof(value));
}

static void put_segment(unsigned n, uint32_t gpa, uint32_t filesz, uint32_t memsz)
{
    unsigned at = PHDRS + n * PHDR;
    put32(at, 1);
    put32(at + 4, 0x200);
    put32(at + 8, gpa);
    put32(at + 12, gpa);
    put32(at + 16, filesz);
    put32(at + 20, memsz);
    put16(44, (uint16_t)(n + 1));
}

static int make_image(void **state)
{
    (void)state;
    memset(image, 0, sizeof(image));
    memcpy(image, "\177ELF\1\1\1", 7);
    put16(16, 2);
    put16(18, 3);
    put32(20, 1);
    put32(24, 0x100010);
    put32(28, PHDRS);
    put16(40, 52);
    put16(42, PHDR);
    put_segment(0, 0x100000, 0x200, 0x1000);
    put32(MULTIBOOT_AT, 0x1badb002);
    put32(MULTIBOOT_AT + 4, 3);
    put32(MULTIBOOT_AT + 8, -(0x1badb002u + 3));
    return 0;
}

static void refused(const char *says)
{
    assert_false(kernel_parse(&kernel, image, ELF_SIZE, &error));
    assert_non_null(strstr(error.text, says));
}

static void test_good_image(void **state)
{
    (void)state;
    assert_true(kernel_parse(&kernel, image, ELF_SIZE, &error));
    assert_int_equal(kernel.count, 1);
    assert_int_equal(kernel.entry, 0x100010);
    assert_int_equal(kernel.segments[0].gpa, 0x100000);
    assert_int_equal(kernel.segments[0].memory_bytes, 0x1000);
    assert_true(kernel_fits(&kernel, 4 << 20, &error));
}

static void test_not_an_elf(void **state)
{
    (void)state;
    image[0] = 'M';
    refused("not an ELF");
    assert_false(kernel_parse(&kernel, image, 0, &error));
}

static void test_wrong_kind(void **state)
{
    (void)state;
    image[4] = 2;
    refused("not a 32-bit ELF");
    image[4] = 1;
    put16(18, 40);
    refused("not an x86 ELF");
    put16(18, 3);
    put16(16, 3);
    refused("not an executable ELF");
}

static void test_truncated(void **state)
{
    (void)state;
    for (uint64_t size = 0; size < ELF_SIZE; size++)
        assert_false(kernel_parse(&kernel, image, size, &error));
    put32(28, 0xfffffff0);
    refused("truncated ELF");
}

static void test_segments(void **state)
{
    (void)state;
    put_segment(1, 0x100800, 0x100, 0x100);
    refused("overlap");
    put_segment(1, 0xfffff000, 0x100, 0x2000);
    refused("sizes make no sense");
    put_segment(1, 0x200000, 0x200, 0x100);
    refused("sizes make no sense");
}

static void test_outside_ram(void **state)
{
    (void)state;
    put_segment(1, 0x300000, 0x100, 0x200000);
    assert_true(kernel_parse(&kernel, image, ELF_SIZE, &error));
    assert_true(kernel_fits(&kernel, 5 << 20, &error));
    assert_false(kernel_fits(&kernel, 4 << 20, &error));
    assert_non_null(strstr(error.text, "outside RAM"));
    put_segment(1, 0xa0000, 0x100, 0x100);
    assert_true(kernel_parse(&kernel, image, ELF_SIZE, &error));
    assert_false(kernel_fits(&kernel, 64 << 20, &error));
}

static void test_entry_and_header(void **state)
{
    (void)state;
    put32(24, 0x500000);
    refused("entry point");
    put32(24, 0x100010);
    put32(MULTIBOOT_AT + 8, 0);
    refused("no multiboot header");
    put32(MULTIBOOT_AT + 4, 4);
    put32(MULTIBOOT_AT + 8, -(0x1badb002u + 4));
    refused("asks for more");
}

#define TEST_IMAGE(name) cmocka_unit_test_setup(name, make_image)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),   cmocka_unit_test(test_full_line),
        cmocka_unit_test(test_gdb),        cmocka_unit_test(test_trace),
        cmocka_unit_test(test_lockstep),   cmocka_unit_test(test_screen),
        cmocka_unit_test(test_quotes),     cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_user),       cmocka_unit_test(test_companions),
        cmocka_unit_test(test_bad_lines),  cmocka_unit_test(test_long_lines),
        TEST_IMAGE(test_good_image),       TEST_IMAGE(test_not_an_elf),
        TEST_IMAGE(test_wrong_kind),       TEST_IMAGE(test_truncated),
        TEST_IMAGE(test_segments),         TEST_IMAGE(test_outside_ram),
        TEST_IMAGE(test_entry_and_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
