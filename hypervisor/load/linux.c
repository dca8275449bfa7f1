#include "hypervisor/load/linux.h"

#include <string.h>

#include "hypervisor/load/boot_contract.h"
#include "hypervisor/vm/vm.h"

/* Where QEMU's loader and the kernel's setup code have these: the setup code's segment, and the
 * command line behind its heap. */
#define BOOT_PARAMS 0x00010000u
#define SETUP_GDT   0x00011000u
#define SETUP_STACK 0x0001ff80u
#define SETUP_TSS   0x00001000u
#define CMDLINE     0x00020000u

#define SETUP_CS  0x10u
#define SETUP_DS  0x18u
#define SETUP_TR  0x20u
#define TSS_LIMIT 0x67u
#define ATTR_TSS  0x008bu

/* struct boot_params beyond the setup header. */
#define BOOT_PARAMS_BYTES 4096u
#define SCREEN_INFO       0x000u
#define EXT_MEM_K         0x002u
#define EXT_MEM_K_MAX     0xfc00u /* BIOS function 88h tells of 64 MiB */
#define ALT_MEM_K         0x1e0u
#define E820_COUNT        0x1e8u
#define E820_TABLE        0x2d0u

#define LOADER_QEMU 0xb0u
#define HEAP_END    0xfe00u

/* Null, unused, code, data, and the TSS that the setup code loads to please some processors. */
static const uint64_t setup_gdt[] = {
    0, 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00008b0010000067,
};

/* Screen: cursor in the third row, mode 3, 80 columns, 25 rows of 16 lines, a VGA. */
static const uint8_t screen_info[] = {
    0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x03, 0x50, 0x00,
    0x00, 0x03, 0x00, 0x00, 0x00, 0x19, 0x01, 0x10,
};

/* APM 1.2 as the BIOS describes it. */
static const uint8_t apm_info[] = {
    0x02, 0x01, 0x00, 0xf0, 0xd8, 0xd2, 0x00, 0x00, 0x00, 0xf0,
    0x00, 0xf0, 0x03, 0x00, 0xf0, 0xff, 0xf0, 0xff, 0xf0, 0xff,
};

/* The BIOS knows no SpeedStep (E980h): what that call leaves in the registers. */
static const uint8_t speed_step_info[] = {
    0x80, 0x86, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x43, 0x49, 0x53, 0x47,
};

static const struct {
    uint32_t offset, length;
    const uint8_t *bytes;
} found_by_setup[] = {
    {SCREEN_INFO, sizeof(screen_info), screen_info},
    {0x040, sizeof(apm_info), apm_info},
    {0x060, sizeof(speed_step_info), speed_step_info},
};

/* The video BIOS tells of no monitor: the setup code leaves its filler. */
#define EDID        0x140u
#define EDID_BYTES  128u
#define EDID_FILLER 0x13u

static uint64_t initrd_bytes(const struct vm_image *image)
{
    uint64_t total = 0;
    for (unsigned i = 0; i < image->extra_count; i++)
        total = (total + 3) / 4 * 4 + image->extra[i].size;
    return total;
}

static bool find_place(const struct vm_image *image, const struct vm_config *config,
                       struct linux_place *place, struct load_error *error)
{
    return linux_header_place(&image->kernel.linux_header, config->mem, initrd_bytes(image),
                              (uint32_t)strlen(config->cmdline), place, error);
}

bool linux_fits(const struct vm_image *image, const struct vm_config *config,
                struct load_error *error)
{
    struct linux_place place;
    return find_place(image, config, &place, error);
}

static void put(struct vm *vm, uint32_t offset, uint32_t value, unsigned size)
{
    gpa_load(vm, BOOT_PARAMS + offset, &value, size);
}

/* What a loader fills in. */
static void write_header(struct vm *vm, const struct linux_place *place)
{
    const struct linux_header *header = &vm->image.kernel.linux_header;
    uint8_t flags = header->bytes[LINUX_LOADFLAGS - LINUX_HEADER_START];
    gpa_load(vm, BOOT_PARAMS + LINUX_HEADER_START, header->bytes, sizeof(header->bytes));
    put(vm, LINUX_LOADER_TYPE, LOADER_QEMU, 1);
    put(vm, LINUX_LOADFLAGS, flags | LINUX_CAN_USE_HEAP, 1);
    put(vm, LINUX_RAMDISK, place->initrd, 4);
    put(vm, LINUX_RAMDISK_SIZE, place->initrd_bytes, 4);
    put(vm, LINUX_HEAP_END, HEAP_END, 2);
    put(vm, LINUX_CMDLINE, CMDLINE, 4);
}

static void write_boot_params(struct vm *vm, const struct linux_place *place)
{
    struct memory_range map[MEMORY_RANGES];
    unsigned count = image_memory_map(vm, map);
    uint32_t mem_upper = (uint32_t)(vm->memory.bytes / 1024 - 1024);
    uint8_t edid[EDID_BYTES];
    for (unsigned i = 0; i < sizeof(found_by_setup) / sizeof(found_by_setup[0]); i++)
        gpa_load(vm, BOOT_PARAMS + found_by_setup[i].offset, found_by_setup[i].bytes,
                 found_by_setup[i].length);
    memset(edid, EDID_FILLER, sizeof(edid));
    gpa_load(vm, BOOT_PARAMS + EDID, edid, sizeof(edid));
    put(vm, EXT_MEM_K, mem_upper < EXT_MEM_K_MAX ? mem_upper : EXT_MEM_K_MAX, 2);
    put(vm, ALT_MEM_K, mem_upper, 4);
    put(vm, E820_COUNT, count, 1);
    gpa_load(vm, BOOT_PARAMS + E820_TABLE, map, count * sizeof(map[0]));
    write_header(vm, place);
}

static void load_initrd(struct vm *vm, const struct linux_place *place)
{
    uint64_t gpa = place->initrd;
    for (unsigned i = 0; i < vm->image.extra_count; i++) {
        const struct file *file = &vm->image.extra[i];
        gpa = (gpa + 3) / 4 * 4;
        gpa_load(vm, gpa, file->bytes, file->size);
        gpa += file->size;
    }
}

/* The setup code masks all interrupts and NMI, and resets the coprocessor. */
static void quieten_board(struct vm *vm)
{
    static const struct {
        uint16_t port;
        uint8_t value;
    } writes[] = {{0x70, 0x80}, {0xf0, 0}, {0xf1, 0}, {0xa1, 0xff}, {0x21, 0xfb}};
    for (unsigned i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
        pc_out(&vm->pc, writes[i].port, 1, writes[i].value);
}

static void set_registers(struct vm *vm)
{
    struct cpu *cpu = &vm->vcpu.cpu;
    memset(cpu->gpr, 0, sizeof(cpu->gpr));
    image_set_segments(cpu, SETUP_CS, SETUP_DS);
    cpu->seg[SEG_LDTR] = (struct segment){.selector = 0};
    cpu->seg[SEG_TR] = (struct segment){
        .selector = SETUP_TR,
        .attr = ATTR_TSS,
        .base = SETUP_TSS,
        .limit = TSS_LIMIT,
    };
    cpu->gpr[EAX] = vm->image.kernel.entry;
    cpu->gpr[ESI] = BOOT_PARAMS;
    cpu->gpr[ESP] = SETUP_STACK;
    cpu->eip = vm->image.kernel.entry;
    cpu->eflags = EFLAGS_FIXED | EFLAGS_ZF | EFLAGS_PF;
    cpu->cr0 = CONTRACT_CR0;
    cpu->gdtr = (struct table_reg){SETUP_GDT, sizeof(setup_gdt) - 1};
    cpu->idtr = (struct table_reg){0, 0};
}

void linux_boot(struct vm *vm)
{
    struct load_error error;
    struct linux_place place;
    find_place(&vm->image, &vm->config, &place, &error); /* linux_fits() has said that it can */
    write_boot_params(vm, &place);
    gpa_load(vm, CMDLINE, vm->config.cmdline, strlen(vm->config.cmdline) + 1);
    gpa_load(vm, SETUP_GDT, setup_gdt, sizeof(setup_gdt));
    load_initrd(vm, &place);
    quieten_board(vm);
    set_registers(vm);
}
