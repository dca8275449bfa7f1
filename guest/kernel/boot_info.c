#include "boot_info.h"
#include "frames.h"
#include "lib/string.h"
#include "paging.h"
#include "panic.h"

#define HAS_COMMAND_LINE (1u << 2)
#define HAS_MEMORY_MAP   (1u << 6)
#define MEMORY_AVAILABLE 1

struct multiboot_info {
    uint32_t flags;
    uint32_t mem_lower, mem_upper;
    uint32_t boot_device;
    uint32_t cmdline;
    uint32_t mods_count, mods_addr;
    uint32_t syms[4];
    uint32_t mmap_length, mmap_addr;
};

struct multiboot_region {
    uint32_t size; /* of what follows, this field not counted */
    uint64_t base;
    uint64_t length;
    uint32_t type;
} __attribute__((packed));

struct boot_info boot_info;

static void add_region(const struct multiboot_region *r)
{
    const uint64_t four_gib = 1ull << 32;
    uint64_t end = r->base + r->length;
    struct memory_region *region = &boot_info.regions[boot_info.region_count];

    if (r->type != MEMORY_AVAILABLE || r->base >= four_gib ||
        boot_info.region_count == BOOT_REGIONS_MAX)
        return;
    region->start = (uint32_t)r->base;
    region->end = end >= four_gib ? 0xFFFFF000u : (uint32_t)end;
    boot_info.region_count++;
}

static void save_memory_map(const struct multiboot_info *info)
{
    uint32_t at = info->mmap_addr;

    while (at < info->mmap_addr + info->mmap_length) {
        const struct multiboot_region *r = phys_to_virt(at);

        add_region(r);
        at += r->size + sizeof(r->size);
    }
}

void boot_info_save(uint32_t magic, uint32_t physical)
{
    const struct multiboot_info *info = phys_to_virt(physical);

    if (magic != MULTIBOOT_MAGIC)
        panic("not started by a multiboot loader (EAX was %x)", magic);
    if (!(info->flags & HAS_MEMORY_MAP))
        panic("the boot loader gave no memory map");
    save_memory_map(info);
    if (info->flags & HAS_COMMAND_LINE)
        string_copy(boot_info.command_line, phys_to_virt(info->cmdline),
                    sizeof(boot_info.command_line));
}
