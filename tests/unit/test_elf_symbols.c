/* Names of functions from a kernel's symbol table, and tables that lie. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <elf.h>
#include <string.h>
#include <cmocka.h>

#include "hypervisor/load/elf_symbols.h"

/* Sections: none, text, data, symbols, strings. */
static struct image {
    Elf32_Ehdr header;
    Elf32_Shdr sections[5];
    Elf32_Sym symbols[6];
    char strings[120];
} image;

#define TEXT 0xc0101000u
#define DATA 0xc0109000u

static struct elf_symbol found;

static unsigned add_string(const char *text)
{
    static unsigned used;
    unsigned at;
    if (!image.strings[1])
        used = 1;
    at = used;
    strcpy(image.strings + at, text);
    used += strlen(text) + 1;
    return at;
}

static void add_symbol(unsigned i, const char *name, uint32_t value, uint32_t size, unsigned type,
                       unsigned section)
{
    image.symbols[i] = (Elf32_Sym){.st_name = add_string(name),
                                   .st_value = value,
                                   .st_size = size,
                                   .st_info = ELF32_ST_INFO(STB_GLOBAL, type),
                                   .st_shndx = section};
}

static int make_image(void **state)
{
    (void)state;
    memset(&image, 0, sizeof(image));
    memcpy(image.header.e_ident, ELFMAG "\1\1", 6);
    image.header.e_shoff = offsetof(struct image, sections);
    image.header.e_shentsize = sizeof(Elf32_Shdr);
    image.header.e_shnum = 5;
    image.sections[1] =
        (Elf32_Shdr){.sh_flags = SHF_EXECINSTR | SHF_ALLOC, .sh_addr = TEXT, .sh_size = 0x1000};
    image.sections[2] =
        (Elf32_Shdr){.sh_flags = SHF_ALLOC | SHF_WRITE, .sh_addr = DATA, .sh_size = 0x1000};
    image.sections[3] = (Elf32_Shdr){.sh_type = SHT_SYMTAB,
                                     .sh_offset = offsetof(struct image, symbols),
                                     .sh_size = sizeof(image.symbols),
                                     .sh_link = 4,
                                     .sh_entsize = sizeof(Elf32_Sym)};
    image.sections[4] = (Elf32_Shdr){.sh_type = SHT_STRTAB,
                                     .sh_offset = offsetof(struct image, strings),
                                     .sh_size = sizeof(image.strings)};
    add_symbol(1, "main", TEXT + 0x100, 0x20, STT_FUNC, 1);
    add_symbol(2, "schedule", TEXT + 0x40, 0, STT_NOTYPE, 1);
    add_symbol(3, "counter", DATA, 4, STT_OBJECT, 2);
    add_symbol(4, "file.c", TEXT + 0x110, 0, STT_FILE, 1);
    add_symbol(5, "elsewhere", TEXT + 0x108, 0, STT_NOTYPE, SHN_ABS);
    return 0;
}

static bool find(uint32_t address)
{
    return elf_symbol_at((const uint8_t *)&image, sizeof(image), address, &found);
}

static void test_names(void **state)
{
    (void)state;
    assert_true(find(TEXT + 0x100));
    assert_string_equal(found.name, "main");
    assert_int_equal(found.address, TEXT + 0x100);
    assert_true(find(TEXT + 0x11f));
    assert_string_equal(found.name, "main");
    assert_true(find(TEXT + 0xff));
    assert_string_equal(found.name, "schedule");
    assert_int_equal(found.address, TEXT + 0x40);
}

static void test_no_name(void **state)
{
    (void)state;
    assert_false(find(TEXT + 0x120)); /* behind the end of main */
    assert_false(find(TEXT + 0x3f));  /* before the first */
    assert_false(find(TEXT - 1));
    assert_false(find(TEXT + 0x1000));
    assert_false(find(DATA));
    assert_false(find(0));
}

static void test_function_before_label(void **state)
{
    (void)state;
    image.symbols[2].st_value = TEXT + 0x100;
    assert_true(find(TEXT + 0x110));
    assert_string_equal(found.name, "main");
}

static void test_unprintable_and_long(void **state)
{
    (void)state;
    memset(image.strings + 1, 'x', 80);
    image.strings[2] = '\n';
    image.symbols[1].st_name = 1;
    assert_true(find(TEXT + 0x100));
    assert_int_equal(strlen(found.name), ELF_SYMBOL_MAX - 1);
    assert_int_equal(found.name[1], '?');
}

/* Each of these breaks the image in one place; none may be read past. */
static void test_broken(void **state)
{
    (void)state;
    image.sections[4].sh_offset = 0xfffffff0;
    assert_false(find(TEXT + 0x100));
    make_image(NULL);
    image.symbols[1].st_name = 0xffffffff;
    assert_false(find(TEXT + 0x100));
    make_image(NULL);
    memset(image.strings + 1, 'x', sizeof(image.strings) - 1);
    image.symbols[1].st_name = sizeof(image.strings) - 4; /* no end */
    assert_false(find(TEXT + 0x100));
    make_image(NULL);
    image.sections[3].sh_link = 77;
    assert_false(find(TEXT + 0x100));
    make_image(NULL);
    image.sections[3].sh_offset = 0xffffffff;
    assert_false(find(TEXT + 0x100));
    make_image(NULL);
    image.sections[3].sh_entsize = 1;
    assert_false(find(TEXT + 0x100));
    make_image(NULL);
    image.header.e_shoff = 0xffffffff;
    assert_false(find(TEXT + 0x100));
    make_image(NULL);
    image.header.e_shnum = 0;
    assert_false(find(TEXT + 0x100));
    make_image(NULL);
    image.header.e_shentsize = 0;
    assert_false(find(TEXT + 0x100));
    for (unsigned size = 0; size < offsetof(struct image, strings); size++)
        assert_false(elf_symbol_at((const uint8_t *)&image, size, TEXT + 0x100, &found));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_names, make_image),
        cmocka_unit_test_setup(test_no_name, make_image),
        cmocka_unit_test_setup(test_function_before_label, make_image),
        cmocka_unit_test_setup(test_unprintable_and_long, make_image),
        cmocka_unit_test_setup(test_broken, make_image),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
