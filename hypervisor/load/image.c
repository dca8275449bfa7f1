#include "hypervisor/load/image.h"

#include "emulate/cpu/model.h"
#include "hypervisor/load/boot_contract.h"
#include "hypervisor/load/multiboot.h"
#include "hypervisor/vm/vm.h"

static void load_roms(struct vm *vm)
{
    for (unsigned i = 0; i < vm->image.rom_count; i++) {
        const struct rom *rom = &vm->image.roms[i];
        gpa_load(vm, rom->gpa, rom->file.bytes, rom->file.size);
    }
}

struct extent {
    uint32_t start, end; /* gpa */
};

/* RAM is clear already. */
static struct extent load_kernel(struct vm *vm)
{
    const struct elf_image *elf = &vm->image.elf;
    struct extent extent = {.start = UINT32_MAX};
    for (unsigned i = 0; i < elf->count; i++) {
        const struct elf_segment *segment = &elf->segments[i];
        uint32_t end = segment->gpa + segment->memory_bytes;
        gpa_load(vm, segment->gpa, vm->image.kernel.bytes + segment->file_offset,
                 segment->file_bytes);
        extent.start = segment->gpa < extent.start ? segment->gpa : extent.start;
        extent.end = end > extent.end ? end : extent.end;
    }
    return extent;
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

/* Flat 4 GiB segments, as the boot loader's own GDT described them. */
static void set_flat(struct cpu *cpu, unsigned seg, uint16_t selector, uint16_t attr)
{
    cpu->seg[seg] = (struct segment){
        .selector = selector,
        .attr = attr,
        .limit = 0xffffffff,
    };
}

static void set_registers(struct vm *vm, uint32_t load_address)
{
    uint32_t mem_upper = (uint32_t)(vm->memory.bytes / 1024 - 1024);
    struct cpu *cpu = &vm->vcpu.cpu;
    set_flat(cpu, SEG_CS, CONTRACT_CS, CONTRACT_CODE_ATTR);
    for (unsigned seg = SEG_ES; seg <= SEG_GS; seg++) {
        if (seg != SEG_CS)
            set_flat(cpu, seg, CONTRACT_DS, CONTRACT_DATA_ATTR);
    }
    cpu->gpr[EAX] = CONTRACT_EAX;
    cpu->gpr[EBX] = CONTRACT_MBI;
    cpu->gpr[ECX] = vm->image.elf.entry;
    cpu->gpr[EDX] = CONTRACT_EDX_FOR(mem_upper);
    cpu->gpr[ESP] = CONTRACT_ESP;
    cpu->gpr[ESI] = CONTRACT_ESI;
    cpu->gpr[EDI] = CONTRACT_EDI_FOR(load_address);
    cpu->gpr[EBP] = CONTRACT_EBP;
    cpu->eip = vm->image.elf.entry;
    cpu->eflags = CONTRACT_EFLAGS;
    cpu->cr0 = CONTRACT_CR0;
    cpu->gdtr = (struct table_reg){CONTRACT_GDT_BASE, CONTRACT_GDT_LIMIT};
    cpu->idtr = (struct table_reg){CONTRACT_IDT_BASE, CONTRACT_IDT_LIMIT};
    msr_set_by_firmware(cpu);
}

void image_boot(struct vm *vm)
{
    load_roms(vm);
    write_firmware_areas(vm);
    struct extent kernel = load_kernel(vm);
    multiboot_write_info(vm, kernel.end);
    set_registers(vm, kernel.start);
}
