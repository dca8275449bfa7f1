#include "hypervisor/load/multiboot.h"

#include <string.h>

#include "hypervisor/load/boot_contract.h"
#include "hypervisor/vm/vm.h"

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
    struct memory_range range;
} __attribute__((packed));

#define MULTIBOOT_MAGIC 0x2badb002u

static uint32_t put_string(struct vm *vm, uint32_t gpa, const char *text)
{
    uint32_t length = (uint32_t)strlen(text) + 1;
    gpa_load(vm, gpa, text, length);
    return gpa + length;
}

static unsigned write_memory_map(struct vm *vm)
{
    struct memory_range map[MEMORY_RANGES];
    unsigned count = image_memory_map(vm, map);
    for (unsigned i = 0; i < count; i++) {
        struct multiboot_mmap entry = {sizeof(entry.range), map[i]};
        gpa_load(vm, CONTRACT_MMAP + i * sizeof(entry), &entry, sizeof(entry));
    }
    return count;
}

uint32_t multiboot_image_end(const struct vm_image *image)
{
    uint32_t end = 0;
    for (unsigned i = 0; i < image->kernel.count; i++) {
        const struct kernel_segment *segment = &image->kernel.segments[i];
        uint32_t segment_end = segment->gpa + segment->memory_bytes;
        end = segment_end > end ? segment_end : end;
    }
    return end;
}

static uint32_t image_start(const struct vm_image *image)
{
    uint32_t start = UINT32_MAX;
    for (unsigned i = 0; i < image->kernel.count; i++) {
        const struct kernel_segment *segment = &image->kernel.segments[i];
        start = segment->gpa < start ? segment->gpa : start;
    }
    return start;
}

/*
 * Behind the image, from its next page on: the table of boot modules, their strings, the kernel's
 * command line, the loader's name, and from the next page on the modules themselves.
 */
struct placement {
    uint32_t table, cmdline, loader_name, modules;
};

/* All strings are at most so long. */
#define STRINGS_MAX ((EXTRA_MODULES_MAX + 1) * VM_CMDLINE_MAX + VM_NAME_MAX + 64)

uint64_t multiboot_modules_start(const struct vm_image *image)
{
    return page_up(page_up(multiboot_image_end(image)) +
                   EXTRA_MODULES_MAX * sizeof(struct multiboot_module) + STRINGS_MAX);
}

void multiboot_load_modules(struct vm *vm, uint64_t gpa, struct multiboot_extent *extents)
{
    for (unsigned i = 0; i < vm->image.extra_count; i++) {
        const struct file *file = &vm->image.extra[i];
        gpa = page_up(gpa);
        gpa_load(vm, gpa, file->bytes, file->size);
        extents[i].start = (uint32_t)gpa;
        gpa += file->size;
        extents[i].end = (uint32_t)gpa;
    }
}

/* Returns the end of what the boot loader fetched (gpa). */
static uint32_t write_modules(struct vm *vm, const struct placement *place)
{
    uint32_t end = place->modules;
    struct multiboot_extent extents[EXTRA_MODULES_MAX];
    uint32_t string = place->table + vm->image.extra_count * sizeof(struct multiboot_module);
    multiboot_load_modules(vm, place->modules, extents);
    for (unsigned i = 0; i < vm->image.extra_count; i++) {
        struct multiboot_module module = {extents[i].start, extents[i].end, string, 0};
        gpa_load(vm, place->table + i * sizeof(module), &module, sizeof(module));
        string = put_string(vm, string, vm->image.extra[i].cmdline);
        end = (uint32_t)page_up(extents[i].end);
    }
    return end;
}

/* QEMU puts the kernel's file name in front, and a space also when nothing follows; the VM's name
 * stands for the file's. */
static uint32_t put_command_line(struct vm *vm, uint32_t gpa)
{
    gpa = put_string(vm, gpa, vm->config.name) - 1;
    gpa = put_string(vm, gpa, " ") - 1;
    return put_string(vm, gpa, vm->config.cmdline);
}

static struct placement place_behind(struct vm *vm, uint32_t image_end)
{
    struct placement place = {.table = (uint32_t)page_up(image_end)};
    place.cmdline = place.table;
    for (unsigned i = 0; i < vm->image.extra_count; i++)
        place.cmdline +=
            (uint32_t)(sizeof(struct multiboot_module) + strlen(vm->image.extra[i].cmdline) + 1);
    place.loader_name = put_command_line(vm, place.cmdline);
    place.modules = (uint32_t)page_up(put_string(vm, place.loader_name, CONTRACT_LOADER_NAME));
    return place;
}

/* All came in one piece, whose size the boot loader left on its stack. */
static void write_fetched_size(struct vm *vm, uint32_t end)
{
    uint32_t big_endian = __builtin_bswap32(end - image_start(&vm->image));
    gpa_load(vm, CONTRACT_FETCHED_SIZE, &big_endian, sizeof(big_endian));
}

static void write_information(struct vm *vm)
{
    struct placement place = place_behind(vm, multiboot_image_end(&vm->image));
    struct multiboot_info info = {
        .flags = CONTRACT_MBI_FLAGS,
        .mem_lower = CONTRACT_MEM_LOWER,
        .mem_upper = (uint32_t)(vm->memory.bytes / 1024 - 1024),
        .boot_device = CONTRACT_BOOT_DEVICE,
        .cmdline = place.cmdline,
        .mods_count = vm->image.extra_count,
        .mods_addr = place.table,
        .mmap_length = write_memory_map(vm) * sizeof(struct multiboot_mmap),
        .mmap_addr = CONTRACT_MMAP,
        .boot_loader_name = place.loader_name,
    };
    write_fetched_size(vm, write_modules(vm, &place));
    gpa_load(vm, CONTRACT_MBI, &info, sizeof(info));
}

void multiboot_set_registers(struct vm *vm, uint32_t magic, uint32_t information)
{
    uint32_t mem_upper = (uint32_t)(vm->memory.bytes / 1024 - 1024);
    struct cpu *cpu = &vm->vcpu.cpu;
    image_set_segments(cpu, CONTRACT_CS, CONTRACT_DS);
    cpu->gpr[EAX] = magic;
    cpu->gpr[EBX] = information;
    cpu->gpr[ECX] = vm->image.kernel.entry;
    cpu->gpr[EDX] = CONTRACT_EDX_FOR(mem_upper);
    cpu->gpr[ESP] = CONTRACT_ESP;
    cpu->gpr[ESI] = CONTRACT_ESI;
    cpu->gpr[EDI] = CONTRACT_EDI_FOR(image_start(&vm->image));
    cpu->gpr[EBP] = CONTRACT_EBP;
    cpu->eip = vm->image.kernel.entry;
    cpu->eflags = CONTRACT_EFLAGS;
    cpu->cr0 = CONTRACT_CR0;
    cpu->gdtr = (struct table_reg){CONTRACT_GDT_BASE, CONTRACT_GDT_LIMIT};
    cpu->idtr = (struct table_reg){CONTRACT_IDT_BASE, CONTRACT_IDT_LIMIT};
}

void multiboot_boot(struct vm *vm)
{
    write_information(vm);
    multiboot_set_registers(vm, MULTIBOOT_MAGIC, CONTRACT_MBI);
}
