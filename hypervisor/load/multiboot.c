#include "hypervisor/load/multiboot.h"

#include <string.h>

#include "hypervisor/load/boot_contract.h"
#include "hypervisor/vm/vm.h"

#define MMAP_RAM      1
#define MMAP_RESERVED 2
#define MMAP_ENTRIES  5

struct multiboot_info {
    uint32_t flags;
    uint32_t mem_lower, mem_upper; /* KiB below 1 MiB, KiB above it */
    uint32_t boot_device;
    uint32_t cmdline;
    uint32_t mods_count, mods_addr;
    uint32_t syms[4];
    uint32_t mmap_length, mmap_addr;
    uint32_t drives_length, drives_addr;
    uint32_t config_table;
    uint32_t boot_loader_name;
    uint32_t rest[5];
};

struct multiboot_module {
    uint32_t start, end, string, pad;
};

/* An entry of the memory map; `size` does not count itself. */
struct multiboot_mmap {
    uint32_t size;
    uint64_t base, length;
    uint32_t type;
} __attribute__((packed));

static uint32_t page_up(uint32_t gpa)
{
    return (gpa + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
}

static uint32_t put_string(struct vm *vm, uint32_t gpa, const char *text)
{
    uint32_t length = (uint32_t)strlen(text) + 1;
    gpa_load(vm, gpa, text, length);
    return gpa + length;
}

static void write_memory_map(struct vm *vm)
{
    const uint64_t high = 0x100000;
    const struct multiboot_mmap map[MMAP_ENTRIES] = {
        {20, 0, CONTRACT_EBDA, MMAP_RAM},
        {20, CONTRACT_EBDA, 0xa0000 - CONTRACT_EBDA, MMAP_RESERVED},
        {20, 0xf0000, 0x10000, MMAP_RESERVED},
        {20, high, vm->memory.bytes - high, MMAP_RAM},
        {20, 0xfffc0000, 0x40000, MMAP_RESERVED},
    };
    gpa_load(vm, CONTRACT_MMAP, map, sizeof(map));
}

/*
 * Behind the image, from its next page on: the table of boot modules, their strings, the kernel's
 * command line, the loader's name, and from the next page on the modules themselves.
 */
struct placement {
    uint32_t table, cmdline, loader_name, modules;
};

/* Modules that do not fit into the VM's memory are left out. Returns how many there are. */
static unsigned write_modules(struct vm *vm, const struct placement *place)
{
    uint32_t string = place->table + vm->image.extra_count * sizeof(struct multiboot_module);
    uint32_t load = place->modules;
    unsigned i;
    for (i = 0; i < vm->image.extra_count; i++) {
        const struct file *file = &vm->image.extra[i];
        if (load > vm->memory.bytes || file->size > vm->memory.bytes - load)
            break;
        struct multiboot_module module = {load, load + (uint32_t)file->size, string, 0};
        gpa_load(vm, load, file->bytes, file->size);
        gpa_load(vm, place->table + i * sizeof(module), &module, sizeof(module));
        string = put_string(vm, string, file->cmdline);
        load = page_up(module.end);
    }
    return i;
}

/* QEMU puts the kernel's file name in front, and a space also when nothing follows; the VM's name
 * stands for the file's. */
static uint32_t put_command_line(struct vm *vm, uint32_t gpa)
{
    gpa = put_string(vm, gpa, vm->config.name) - 1;
    gpa = put_string(vm, gpa, " ") - 1;
    return put_string(vm, gpa, vm->config.cmdline);
}

static struct placement place_behind(struct vm *vm, uint32_t load_end)
{
    struct placement place = {.table = page_up(load_end)};
    place.cmdline = place.table;
    for (unsigned i = 0; i < vm->image.extra_count; i++)
        place.cmdline +=
            (uint32_t)(sizeof(struct multiboot_module) + strlen(vm->image.extra[i].cmdline) + 1);
    place.loader_name = put_command_line(vm, place.cmdline);
    place.modules = page_up(put_string(vm, place.loader_name, CONTRACT_LOADER_NAME));
    return place;
}

void multiboot_write_info(struct vm *vm, uint32_t load_end)
{
    struct placement place = place_behind(vm, load_end);
    struct multiboot_info info = {
        .flags = CONTRACT_MBI_FLAGS,
        .mem_lower = CONTRACT_MEM_LOWER,
        .mem_upper = (uint32_t)(vm->memory.bytes / 1024 - 1024),
        .boot_device = CONTRACT_BOOT_DEVICE,
        .cmdline = place.cmdline,
        .mods_count = write_modules(vm, &place),
        .mods_addr = place.table,
        .mmap_length = MMAP_ENTRIES * sizeof(struct multiboot_mmap),
        .mmap_addr = CONTRACT_MMAP,
        .boot_loader_name = place.loader_name,
    };
    write_memory_map(vm);
    gpa_load(vm, CONTRACT_MBI, &info, sizeof(info));
}
