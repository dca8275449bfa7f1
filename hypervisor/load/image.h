/* What a VM boots: a kernel, its boot modules, and the ROMs of its board. All stay where the boot
 * loader of the host put them, so that a reset finds them untouched. */
#ifndef UMBRA_HYPERVISOR_LOAD_IMAGE_H
#define UMBRA_HYPERVISOR_LOAD_IMAGE_H

#include "emulate/pc/ata.h"

#include "config.h"
#include "kernel.h"

#define EXTRA_MODULES_MAX 8
#define ROMS_MAX          4

struct file {
    const uint8_t *bytes;
    uint64_t size;
    const char *cmdline; /* "" when there is none */
};

struct rom {
    uint32_t gpa;
    struct file file;
};

struct vm_image {
    struct file file; /* the kernel's */
    struct kernel_image kernel;
    unsigned extra_count;
    struct file extra[EXTRA_MODULES_MAX];
    unsigned rom_count;
    struct rom roms[ROMS_MAX];
    struct ata_medium disk; /* which the guest writes to: no reset undoes that */
};

struct vm;

#define MEMORY_RAM      1u
#define MEMORY_RESERVED 2u
#define MEMORY_RANGES   5u

/* The memory map, as BIOS function E820h lists it and all boot protocols pass it on. */
struct memory_range {
    uint64_t base, length;
    uint32_t type;
} __attribute__((packed));

/* Fills MEMORY_RANGES entries; returns how many. */
unsigned image_memory_map(const struct vm *vm, struct memory_range *map);

/* True when kernel and boot modules have room in the VM's memory, and what its protocol passes on
 * fits. */
bool image_fits(const struct vm_image *image, const struct vm_config *config,
                struct load_error *error);

struct cpu;

/* Loads CS with this selector and the others with that one: flat 4 GiB segments. */
void image_set_segments(struct cpu *cpu, uint16_t code, uint16_t data);

/* Copies the image into the memory of a VM and sets its processor and the structures in its memory
 * as a boot loader leaves them (boot_contract.h). */
void image_boot(struct vm *vm);

static inline uint64_t page_up(uint64_t gpa)
{
    return (gpa + 0xfff) & ~0xfffull;
}

#endif
