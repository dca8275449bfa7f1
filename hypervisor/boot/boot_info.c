#include "boot_info.h"

#include <stdbool.h>
#include <stddef.h>

#include "hypervisor/mm/direct_map.h"
#include "hypervisor/report/console.h"
#include "hypervisor/report/panic.h"

#define MULTIBOOT2_LOADER_MAGIC 0x36d76289u

/* Tags (multiboot2 specification, 3.6). */
enum { TAG_END = 0, TAG_COMMAND_LINE = 1, TAG_MODULE = 3, TAG_MEMORY_MAP = 6 };

struct information {
    uint32_t total_size;
    uint32_t reserved;
};

struct tag {
    uint32_t type;
    uint32_t size; /* header included, padding to 8 bytes not */
};

struct tag_module {
    struct tag tag;
    uint32_t start, end;
    char command_line[];
};

struct tag_memory_map {
    struct tag tag;
    uint32_t entry_size;
    uint32_t entry_version;
};

struct memory_map_entry {
    uint64_t start, length;
    uint32_t type;
    uint32_t reserved;
};

/* The string at `offset` of a tag: "" when it does not end within the tag. */
static const char *tag_string(const struct tag *tag, uint32_t offset)
{
    const char *text = (const char *)tag + offset;

    for (uint32_t i = offset; i < tag->size; i++) {
        if (((const char *)tag)[i] == '\0')
            return text;
    }
    return "";
}

static void parse_module(struct boot_info *info, const struct tag *tag)
{
    const struct tag_module *module = (const struct tag_module *)tag;

    if (tag->size < sizeof(*module) || module->end < module->start) {
        console_printf("umbra: the boot loader passed a malformed module: left out\n");
        return;
    }
    if (info->module_count == BOOT_MODULES_MAX) {
        console_printf("umbra: more than %d modules: the rest is left out\n", BOOT_MODULES_MAX);
        return;
    }
    info->modules[info->module_count++] = (struct boot_module){
        .start = module->start,
        .end = module->end,
        .command_line = tag_string(tag, offsetof(struct tag_module, command_line)),
    };
}

static void add_memory(struct boot_info *info, const struct memory_map_entry *entry)
{
    uint64_t end;

    if (info->memory_count == BOOT_MEMORY_MAX ||
        __builtin_add_overflow(entry->start, entry->length, &end)) {
        console_printf("umbra: memory range at %#lx left out\n", entry->start);
        return;
    }
    info->memory[info->memory_count++] =
        (struct boot_memory){.start = entry->start, .end = end, .type = entry->type};
}

static void parse_memory_map(struct boot_info *info, const struct tag *tag)
{
    const struct tag_memory_map *map = (const struct tag_memory_map *)tag;
    uint32_t step = tag->size < sizeof(*map) ? 0 : map->entry_size;

    if (step < sizeof(struct memory_map_entry) || step % 8 != 0)
        return;
    for (uint64_t at = sizeof(*map); at + step <= tag->size; at += step)
        add_memory(info, (const struct memory_map_entry *)((const uint8_t *)tag + at));
}

static void parse_tag(struct boot_info *info, const struct tag *tag)
{
    switch (tag->type) {
    case TAG_COMMAND_LINE:
        info->command_line = tag_string(tag, sizeof(*tag));
        break;
    case TAG_MODULE:
        parse_module(info, tag);
        break;
    case TAG_MEMORY_MAP:
        parse_memory_map(info, tag);
        break;
    }
}

void boot_info_parse(struct boot_info *info, uint32_t magic, uint64_t hpa)
{
    const struct information *information = direct_map(hpa);
    const uint8_t *bytes = direct_map(hpa);
    const struct tag *tag;

    if (magic != MULTIBOOT2_LOADER_MAGIC)
        panic("started by something else than a multiboot2 boot loader");
    *info =
        (struct boot_info){.command_line = "", .start = hpa, .end = hpa + information->total_size};
    for (uint64_t at = sizeof(*information); at + sizeof(*tag) <= information->total_size;
         at += ((uint64_t)tag->size + 7) & ~7ull) {
        tag = (const struct tag *)(bytes + at);
        if (tag->type == TAG_END)
            break;
        if (tag->size < sizeof(*tag) || tag->size > information->total_size - at)
            panic("the boot loader's information is malformed at byte %lu", at);
        parse_tag(info, tag);
    }
}
