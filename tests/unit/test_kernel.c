/* Kernel images that are no plain multiboot ELF: Linux as a bzImage and decompressed, multiboot 2,
 * and files whose multiboot header says where they go. ELF segments: test_load.c. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "hypervisor/load/kernel.h"

#define MIB (1024u * 1024)

static uint8_t image[0x8000];
static struct kernel_image kernel;
static struct load_error error;

static void put32(unsigned at, uint32_t value)
{
    memcpy(image + at, &value, sizeof(value));
}

static void put16(unsigned at, uint16_t value)
{
    memcpy(image + at, &value, sizeof(value));
}

static void refused(uint64_t size, const char *says)
{
    assert_false(kernel_parse(&kernel, image, size, &error));
    assert_non_null(strstr(error.text, says));
    assert_non_null(strstr(error.text, "; ")); /* the remedy */
}

/* --- bzImage: two setup sectors behind the boot sector, 0x200 bytes of code --------------------
 */

#define BZ_SETUP 0x600u
#define BZ_SIZE  0x800u

static int make_bzimage(void **state)
{
    (void)state;
    memset(image, 0, sizeof(image));
    image[LINUX_SETUP_SECTS] = 2;
    put32(LINUX_SYSSIZE, 0x20);
    put16(LINUX_BOOT_FLAG, 0xaa55);
    put16(LINUX_JUMP, 0x6aeb);
    memcpy(image + LINUX_MAGIC, "HdrS", 4);
    put16(LINUX_VERSION, 0x020f);
    image[LINUX_LOADFLAGS] = 1;
    put32(LINUX_CODE32_START, 0x100000);
    put32(LINUX_INITRD_MAX, 0x7fffffff);
    put32(LINUX_ALIGNMENT, 0x1000000);
    image[LINUX_RELOCATABLE] = 1;
    put32(LINUX_CMDLINE_SIZE, 2047);
    put32(LINUX_PREF_ADDRESS, 0x1000000);
    put32(LINUX_INIT_SIZE, 0x800000);
    return 0;
}

static void test_bzimage(void **state)
{
    (void)state;
    assert_true(kernel_parse(&kernel, image, BZ_SIZE, &error));
    assert_int_equal(kernel.protocol, BOOT_LINUX);
    assert_int_equal(kernel.entry, 0x100000);
    assert_int_equal(kernel.count, 1);
    assert_int_equal(kernel.segments[0].gpa, 0x100000);
    assert_int_equal(kernel.segments[0].file_offset, BZ_SETUP);
    assert_int_equal(kernel.segments[0].file_bytes, BZ_SIZE - BZ_SETUP);
    assert_memory_equal(kernel.linux_header.bytes, image + LINUX_HEADER_START,
                        LINUX_INIT_SIZE + 4 - LINUX_HEADER_START);
    assert_int_equal(kernel.linux_header.end, 24 * MIB);
    assert_true(kernel_fits(&kernel, 24 * MIB, &error));
    assert_false(kernel_fits(&kernel, 23 * MIB, &error));
    assert_non_null(strstr(error.text, "mem: too little"));
}

/* Not relocatable: it unpacks to where it prefers to be. Old: it says nothing of that. */
static void test_bzimage_end(void **state)
{
    (void)state;
    image[LINUX_RELOCATABLE] = 0;
    put32(LINUX_PREF_ADDRESS, 0x100000);
    assert_true(kernel_parse(&kernel, image, BZ_SIZE, &error));
    assert_int_equal(kernel.linux_header.end, 9 * MIB);
    put16(LINUX_VERSION, 0x0207);
    assert_true(kernel_parse(&kernel, image, BZ_SIZE, &error));
    assert_int_equal(kernel.linux_header.end, MIB + BZ_SIZE - BZ_SETUP);
}

static void test_bzimage_header_ends(void **state)
{
    (void)state;
    image[LINUX_JUMP + 1] = 0x40;
    memset(image + LINUX_JUMP + 2 + 0x40, 0xcc, 0x60);
    assert_true(kernel_parse(&kernel, image, BZ_SIZE, &error));
    assert_int_equal(kernel.linux_header.bytes[LINUX_JUMP + 2 + 0x40 - LINUX_HEADER_START], 0);
    image[LINUX_JUMP + 1] = 0xff; /* longer than any known: cut */
    assert_true(kernel_parse(&kernel, image, BZ_SIZE, &error));
}

static void test_bzimage_truncated(void **state)
{
    (void)state;
    for (uint64_t size = 0; size < BZ_SIZE - 15; size++)
        assert_false(kernel_parse(&kernel, image, size, &error));
    refused(BZ_SIZE - 16, "truncated bzImage");
    put32(LINUX_SYSSIZE, 0xffffffff);
    refused(BZ_SIZE, "truncated bzImage");
    put32(LINUX_SYSSIZE, 0);
    refused(BZ_SETUP, "truncated bzImage");
    image[LINUX_SETUP_SECTS] = 0; /* means 4 */
    refused(BZ_SIZE, "truncated bzImage");
}

static void test_bzimage_wrong(void **state)
{
    (void)state;
    put32(LINUX_CODE32_START, 0x9000);
    refused(BZ_SIZE, "its load address");
    put32(LINUX_CODE32_START, 0xffffff00);
    refused(BZ_SIZE, "broken segment");
    image[LINUX_LOADFLAGS] = 0;
    refused(BZ_SIZE, "a zImage");
    put16(LINUX_VERSION, 0x0203);
    refused(BZ_SIZE, "too old");
    put16(LINUX_BOOT_FLAG, 0);
    refused(BZ_SIZE, "not an ELF");
}

static void test_place(void **state)
{
    const struct linux_header *header = &kernel.linux_header;
    struct linux_place place;
    (void)state;
    assert_true(kernel_parse(&kernel, image, BZ_SIZE, &error));
    assert_true(linux_header_place(header, 64 * MIB, 0, 10, &place, &error));
    assert_int_equal(place.initrd, 0);
    assert_true(linux_header_place(header, 128 * MIB, 1063811, 10, &place, &error));
    assert_int_equal(place.initrd, 0x07efc000); /* as QEMU's loader */
    assert_int_equal(place.initrd_bytes, 1063811);
    assert_true(linux_header_place(header, 32 * MIB, 8 * MIB - 1, 10, &place, &error));
    assert_int_equal(place.initrd, 24 * MIB);
    assert_false(linux_header_place(header, 32 * MIB, 8 * MIB, 10, &place, &error));
    assert_non_null(strstr(error.text, "initrd is too large"));
    assert_false(linux_header_place(header, 32 * MIB, UINT64_MAX, 10, &place, &error));
    assert_false(linux_header_place(header, 64 * MIB, 1, 2048, &place, &error));
    assert_non_null(strstr(error.text, "command line: too long"));
}

/* --- a decompressed Linux ----------------------------------------------------------------------
 */

#define PHDRS    52u
#define PHDR     32u
#define NOTES_AT 0x300u

static void put_segment(unsigned n, uint32_t type, uint32_t offset, uint32_t gpa, uint32_t bytes)
{
    unsigned at = PHDRS + n * PHDR;
    put32(at, type);
    put32(at + 4, offset);
    put32(at + 8, 0xc0000000 + gpa);
    put32(at + 12, gpa);
    put32(at + 16, bytes);
    put32(at + 20, bytes);
    put16(44, (uint16_t)(n + 1));
}

static void make_elf(uint32_t entry)
{
    memset(image, 0, sizeof(image));
    memcpy(image, "\177ELF\1\1\1", 7);
    put16(16, 2);
    put16(18, 3);
    put32(20, 1);
    put32(24, entry);
    put32(28, PHDRS);
    put16(40, 52);
    put16(42, PHDR);
    put_segment(0, 1, 0x200, 0x1000000, 0x100);
}

static int make_vmlinux(void **state)
{
    (void)state;
    make_elf(0x1000010);
    put_segment(1, 4, NOTES_AT, 0x1000080, 0x40);
    put32(NOTES_AT, 4);
    put32(NOTES_AT + 4, 5);
    memcpy(image + NOTES_AT + 12, "GNU", 4);
    put32(NOTES_AT + 24, 6);
    put32(NOTES_AT + 28, 4);
    memcpy(image + NOTES_AT + 36, "Linux", 6);
    return 0;
}

static void test_vmlinux(void **state)
{
    struct linux_place place;
    (void)state;
    assert_true(kernel_parse(&kernel, image, 0x400, &error));
    assert_int_equal(kernel.protocol, BOOT_LINUX);
    assert_int_equal(kernel.entry, 0x1000010);
    assert_int_equal(kernel.linux_header.end, 0x1000100);
    assert_memory_equal(kernel.linux_header.bytes + LINUX_MAGIC - LINUX_HEADER_START, "HdrS", 4);
    assert_true(linux_header_place(&kernel.linux_header, 64 * MIB, 4096, 10, &place, &error));
    assert_int_equal(place.initrd, 64 * MIB - 8192);
}

static void test_other_notes(void **state)
{
    (void)state;
    memcpy(image + NOTES_AT + 36, "Linus", 6);
    refused(0x400, "no multiboot header");
    memcpy(image + NOTES_AT + 36, "Linux", 6);
    put32(NOTES_AT, 0xffffffff); /* the first note has no end */
    refused(0x400, "no multiboot header");
    put32(NOTES_AT, 4);
    put32(PHDRS + PHDR + 4, 0xfffffff0);
    refused(0x400, "no multiboot header");
}

/* --- multiboot 1 with addresses ----------------------------------------------------------------
 */

#define MB_AT 0x84u

static int make_flat(void **state)
{
    (void)state;
    memset(image, 0, sizeof(image));
    put32(MB_AT, 0x1badb002);
    put32(MB_AT + 4, 0x10003);
    put32(MB_AT + 8, -(0x1badb002u + 0x10003));
    put32(MB_AT + 12, 0x100004); /* of the header itself */
    put32(MB_AT + 16, 0x100000);
    put32(MB_AT + 20, 0x100300);
    put32(MB_AT + 24, 0x105b50);
    put32(MB_AT + 28, 0x100024);
    return 0;
}

static void test_flat(void **state)
{
    (void)state;
    assert_true(kernel_parse(&kernel, image, 0x400, &error));
    assert_int_equal(kernel.protocol, BOOT_MULTIBOOT1);
    assert_int_equal(kernel.entry, 0x100024);
    assert_int_equal(kernel.count, 1);
    assert_int_equal(kernel.segments[0].gpa, 0x100000);
    assert_int_equal(kernel.segments[0].file_offset, 0x80);
    assert_int_equal(kernel.segments[0].file_bytes, 0x300);
    assert_int_equal(kernel.segments[0].memory_bytes, 0x5b50);
    put32(MB_AT + 20, 0); /* to the end of the file */
    put32(MB_AT + 24, 0); /* and no further */
    assert_true(kernel_parse(&kernel, image, 0x400, &error));
    assert_int_equal(kernel.segments[0].file_bytes, 0x380);
    assert_int_equal(kernel.segments[0].memory_bytes, 0x380);
}

static void test_flat_wrong(void **state)
{
    (void)state;
    refused(0x37f, "truncated");
    refused(MB_AT + 31, "truncated");
    put32(MB_AT + 28, 0x200000);
    refused(0x400, "entry point");
    put32(MB_AT + 12, 0x100100); /* its start would lie before the file's */
    refused(0x400, "addresses make no sense");
    put32(MB_AT + 12, 0xfffff);
    refused(0x400, "addresses make no sense");
    put32(MB_AT + 12, 0x100004);
    put32(MB_AT + 20, 0xfffff);
    refused(0x400, "addresses make no sense");
}

/* --- multiboot 2 -------------------------------------------------------------------------------
 */

#define MB2_AT   0x4000u /* behind what multiboot 1 searches */
#define MB2_SIZE 0x5000u

static void put_mb2(uint32_t bytes)
{
    put32(MB2_AT, 0xe85250d6);
    put32(MB2_AT + 4, 0);
    put32(MB2_AT + 8, bytes);
    put32(MB2_AT + 12, -(0xe85250d6u + bytes));
}

static void put_tag(unsigned at, uint16_t type, uint16_t flags, uint32_t bytes)
{
    put16(MB2_AT + at, type);
    put16(MB2_AT + at + 2, flags);
    put32(MB2_AT + at + 4, bytes);
}

static int make_multiboot2(void **state)
{
    (void)state;
    make_elf(0xc1000010);
    put_mb2(40);
    put_tag(16, 3, 0, 12);
    put32(MB2_AT + 24, 0x1000020);
    put_tag(32, 0, 0, 8);
    return 0;
}

static void test_multiboot2(void **state)
{
    (void)state;
    assert_true(kernel_parse(&kernel, image, MB2_SIZE, &error));
    assert_int_equal(kernel.protocol, BOOT_MULTIBOOT2);
    assert_int_equal(kernel.entry, 0x1000020);
    assert_int_equal(kernel.count, 1);
    put_tag(16, 0, 0, 8); /* no entry tag: the ELF's, which is a linear address */
    assert_true(kernel_parse(&kernel, image, MB2_SIZE, &error));
    assert_int_equal(kernel.entry, 0x1000010);
}

static void test_multiboot2_addresses(void **state)
{
    (void)state;
    memset(image, 0, PHDRS);
    put_mb2(64);
    put_tag(32, 2, 0, 24);
    put32(MB2_AT + 40, 0x104000);
    put32(MB2_AT + 44, 0x100000);
    put32(MB2_AT + 48, 0);
    put32(MB2_AT + 52, 0);
    put_tag(56, 0, 0, 8);
    refused(MB2_SIZE, "entry point");
    put32(MB2_AT + 24, 0x100020);
    assert_true(kernel_parse(&kernel, image, MB2_SIZE, &error));
    assert_int_equal(kernel.segments[0].gpa, 0x100000);
    assert_int_equal(kernel.segments[0].file_bytes, MB2_SIZE);
    put_tag(16, 1, 0, 12);
    refused(MB2_SIZE, "needs an entry tag");
}

static void test_multiboot2_wrong(void **state)
{
    (void)state;
    put_tag(16, 9, 0, 12);
    refused(MB2_SIZE, "asks for more");
    put_tag(16, 77, 0, 12);
    refused(MB2_SIZE, "asks for more");
    put_tag(16, 77, 1, 12);
    assert_true(kernel_parse(&kernel, image, MB2_SIZE, &error));
    put_tag(16, 3, 0, 4);
    refused(MB2_SIZE, "broken multiboot 2 header");
    put_tag(16, 3, 0, 64);
    refused(MB2_SIZE, "broken multiboot 2 header");
    put_mb2(0x10000);
    refused(MB2_SIZE, "no multiboot header");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_bzimage, make_bzimage),
        cmocka_unit_test_setup(test_bzimage_end, make_bzimage),
        cmocka_unit_test_setup(test_bzimage_header_ends, make_bzimage),
        cmocka_unit_test_setup(test_bzimage_truncated, make_bzimage),
        cmocka_unit_test_setup(test_bzimage_wrong, make_bzimage),
        cmocka_unit_test_setup(test_place, make_bzimage),
        cmocka_unit_test_setup(test_vmlinux, make_vmlinux),
        cmocka_unit_test_setup(test_other_notes, make_vmlinux),
        cmocka_unit_test_setup(test_flat, make_flat),
        cmocka_unit_test_setup(test_flat_wrong, make_flat),
        cmocka_unit_test_setup(test_multiboot2, make_multiboot2),
        cmocka_unit_test_setup(test_multiboot2_addresses, make_multiboot2),
        cmocka_unit_test_setup(test_multiboot2_wrong, make_multiboot2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
