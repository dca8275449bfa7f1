#include "hypervisor/load/image.h"

#include <string.h>

#include "emulate/cpu/model.h"
#include "hypervisor/load/boot_contract.h"
#include "hypervisor/load/linux.h"
#include "hypervisor/load/multiboot.h"
#include "hypervisor/load/multiboot2.h"
#include "hypervisor/load/smbios.h"
#include "hypervisor/vm/vm.h"

static void load_roms(struct vm *vm)
{
    for (unsigned i = 0; i < vm->image.rom_count; i++) {
        const struct rom *rom = &vm->image.roms[i];
        gpa_load(vm, rom->gpa, rom->file.bytes, rom->file.size);
    }
    smbios_set_memory(vm->memory.ram + SMBIOS_AREA, vm->memory.bytes);
}

/* RAM is clear already. */
static void load_kernel(struct vm *vm)
{
    const struct kernel_image *kernel = &vm->image.kernel;
    for (unsigned i = 0; i < kernel->count; i++) {
        const struct kernel_segment *segment = &kernel->segments[i];
        gpa_load(vm, segment->gpa, vm->image.file.bytes + segment->file_offset,
                 segment->file_bytes);
    }
}

unsigned image_memory_map(const struct vm *vm, struct memory_range *map)
{
    const uint64_t high = 0x100000;
    const struct memory_range ranges[MEMORY_RANGES] = {
        {0, CONTRACT_EBDA, MEMORY_RAM},
        {CONTRACT_EBDA, 0xa0000 - CONTRACT_EBDA, MEMORY_RESERVED},
        {0xf0000, 0x10000, MEMORY_RESERVED},
        {high, vm->memory.bytes - high, MEMORY_RAM},
        {0xfffc0000, 0x40000, MEMORY_RESERVED},
    };
    memcpy(map, ranges, sizeof(ranges));
    return MEMORY_RANGES;
}

/* --- what the BIOS leaves ----------------------------------------------------------------------
 */

#define TEXT_MEMORY  0xb8000u
#define TEXT_BYTES   0x8000u
#define TEXT_COLUMNS 80u
#define TEXT_BLANK   0x0720u
#define TEXT_ATTR    0x0700u

static void write_row(struct vm *vm, unsigned row, const char *text)
{
    uint32_t gpa = TEXT_MEMORY + row * TEXT_COLUMNS * 2;
    for (; *text; text++, gpa += 2) {
        uint16_t cell = TEXT_ATTR | (uint8_t)*text;
        gpa_load(vm, gpa, &cell, sizeof(cell));
    }
}

static void write_screen(struct vm *vm)
{
    const uint16_t blank = TEXT_BLANK;
    for (uint32_t at = 0; at < TEXT_BYTES; at += sizeof(blank))
        gpa_load(vm, TEXT_MEMORY + at, &blank, sizeof(blank));
    write_row(vm, 0, CONTRACT_SCREEN_ROW0);
    write_row(vm, 1, CONTRACT_SCREEN_ROW1);
}

static void write_interrupt_vectors(struct vm *vm)
{
    for (unsigned i = 0; i < sizeof(contract_ivt) / sizeof(contract_ivt[0]); i++) {
        const struct contract_vectors *run = &contract_ivt[i];
        const uint16_t entry[2] = {run->offset, run->segment};
        for (unsigned vector = run->first; vector <= run->last; vector++)
            gpa_load(vm, vector * sizeof(entry), entry, sizeof(entry));
    }
}

static void write_firmware_areas(struct vm *vm)
{
    write_interrupt_vectors(vm);
    for (unsigned i = 0; i < sizeof(contract_runs) / sizeof(contract_runs[0]); i++)
        gpa_load(vm, contract_runs[i].gpa, contract_runs[i].bytes, contract_runs[i].length);
    gpa_load(vm, CONTRACT_GDT_BASE, contract_gdt, sizeof(contract_gdt));
    write_screen(vm);
}

/* --- the processor -----------------------------------------------------------------------------
 */

static void set_flat(struct cpu *cpu, unsigned seg, uint16_t selector, uint16_t attr)
{
    cpu->seg[seg] = (struct segment){
        .selector = selector,
        .attr = attr,
        .limit = 0xffffffff,
    };
}

void image_set_segments(struct cpu *cpu, uint16_t code, uint16_t data)
{
    for (unsigned seg = SEG_ES; seg <= SEG_GS; seg++)
        set_flat(cpu, seg, data, CONTRACT_DATA_ATTR);
    set_flat(cpu, SEG_CS, code, CONTRACT_CODE_ATTR);
}

/* --- what the boot loader adds -----------------------------------------------------------------
 */

void image_boot(struct vm *vm)
{
    static void (*const boot[BOOT_PROTOCOLS])(struct vm *) = {
        [BOOT_MULTIBOOT1] = multiboot_boot,
        [BOOT_MULTIBOOT2] = multiboot2_boot,
        [BOOT_LINUX] = linux_boot,
    };
    load_roms(vm);
    write_firmware_areas(vm);
    load_kernel(vm);
    boot[vm->image.kernel.protocol](vm);
    msr_set_by_firmware(&vm->vcpu.cpu);
}

static bool modules_fit(const struct vm_image *image, uint64_t ram_bytes, struct load_error *error)
{
    uint64_t end = multiboot_modules_start(image);
    for (unsigned i = 0; i < image->extra_count; i++)
        end = page_up(end) + image->extra[i].size;
    return end <= ram_bytes ||
           refuse(error, "for", "the boot modules are too large for the VM's memory",
                  "give the VM more mem=");
}

bool image_fits(const struct vm_image *image, const struct vm_config *config,
                struct load_error *error)
{
    if (!kernel_fits(&image->kernel, config->mem, error))
        return false;
    if (image->kernel.protocol != BOOT_LINUX)
        return modules_fit(image, config->mem, error);
    return linux_fits(image, config, error);
}
