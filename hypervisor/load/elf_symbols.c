#include "elf_symbols.h"

#include <string.h>

#define HEADER_BYTES  52u
#define HEADER_SHOFF  32u /* offsets of fields in the ELF header */
#define HEADER_SHSIZE 46u

struct section {
    uint32_t name, type, flags, address, offset, size, link, info, align, entry_bytes;
};

struct symbol {
    uint32_t name, value, size;
    uint8_t info, other;
    uint16_t section;
};

#define SHT_SYMTAB    2u
#define SHF_EXECINSTR 4u
#define STT_NOTYPE    0u /* what assemblers make of a label */
#define STT_FUNC      2u

/* The image, with its table of sections. */
struct image {
    const uint8_t *bytes;
    uint64_t size;
    uint32_t sections_at;
    uint16_t section_count;
};

static bool read_bytes(const struct image *image, uint64_t at, void *to, uint64_t count)
{
    if (at > image->size || count > image->size - at)
        return false;
    memcpy(to, image->bytes + at, count);
    return true;
}

static bool read_section(const struct image *image, uint32_t index, struct section *section)
{
    uint64_t at = image->sections_at + (uint64_t)index * sizeof(*section);
    return index < image->section_count && read_bytes(image, at, section, sizeof(*section));
}

static bool open_image(struct image *image, const uint8_t *bytes, uint64_t size)
{
    uint16_t entry[2]; /* e_shentsize, e_shnum */
    *image = (struct image){.bytes = bytes, .size = size};
    if (size < HEADER_BYTES || memcmp(bytes, "\177ELF\1\1", 6) != 0)
        return false;
    memcpy(&image->sections_at, bytes + HEADER_SHOFF, sizeof(image->sections_at));
    memcpy(entry, bytes + HEADER_SHSIZE, sizeof(entry));
    image->section_count = entry[1];
    return entry[0] == sizeof(struct section);
}

static bool find_symbol_table(const struct image *image, struct section *table)
{
    for (uint32_t i = 0; read_section(image, i, table); i++) {
        if (table->type == SHT_SYMTAB && table->entry_bytes == sizeof(struct symbol))
            return true;
    }
    return false;
}

/* Index of the executable section that an address lies in; 0 (which is none) when there is none. */
static uint32_t section_of(const struct image *image, uint32_t address)
{
    struct section section;
    for (uint32_t i = 1; read_section(image, i, &section); i++) {
        if ((section.flags & SHF_EXECINSTR) && address - section.address < section.size)
            return i;
    }
    return 0;
}

static bool names_code(const struct symbol *symbol)
{
    unsigned type = symbol->info & 15;
    return symbol->name && (type == STT_FUNC || type == STT_NOTYPE);
}

/* Of two symbols at one place the later one in the table counts, and a function before a label. */
static bool better(const struct symbol *symbol, const struct symbol *best)
{
    if (symbol->value != best->value)
        return symbol->value > best->value;
    return !best->name || (symbol->info & 15) == STT_FUNC;
}

static bool find_symbol(const struct image *image, const struct section *table, uint32_t address,
                        struct symbol *best)
{
    uint32_t section = section_of(image, address);
    struct symbol symbol;
    *best = (struct symbol){0};
    for (uint32_t i = 0; section && i < table->size / sizeof(symbol); i++) {
        if (!read_bytes(image, table->offset + (uint64_t)i * sizeof(symbol), &symbol,
                        sizeof(symbol)))
            break;
        if (names_code(&symbol) && symbol.section == section && symbol.value <= address &&
            better(&symbol, best))
            *best = symbol;
    }
    return best->name && (!best->size || address - best->value < best->size);
}

static bool copy_name(const struct image *image, const struct section *strings, uint32_t at,
                      char *name)
{
    unsigned length = 0;
    for (; length < ELF_SYMBOL_MAX - 1; length++, at++) {
        uint8_t byte;
        if (at >= strings->size ||
            !read_bytes(image, (uint64_t)strings->offset + at, &byte, sizeof(byte)))
            return false;
        if (!byte)
            break;
        name[length] = byte > ' ' && byte <= '~' ? (char)byte : '?';
    }
    name[length] = '\0';
    return length > 0;
}

bool elf_symbol_at(const uint8_t *bytes, uint64_t size, uint32_t address, struct elf_symbol *symbol)
{
    struct image image;
    struct section table, strings;
    struct symbol best;
    if (!open_image(&image, bytes, size) || !find_symbol_table(&image, &table) ||
        !read_section(&image, table.link, &strings) ||
        !find_symbol(&image, &table, address, &best) ||
        !copy_name(&image, &strings, best.name, symbol->name))
        return false;
    symbol->address = best.value;
    return true;
}
