/* What a VM boots: a kernel, its boot modules, and the ROMs of its board. All stay where the boot
 * loader of the host put them, so that a reset finds them untouched. */
#ifndef UMBRA_HYPERVISOR_LOAD_IMAGE_H
#define UMBRA_HYPERVISOR_LOAD_IMAGE_H

#include "config.h"
#include "elf.h"

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
    struct file kernel;
    struct elf_image elf;
    unsigned extra_count;
    struct file extra[EXTRA_MODULES_MAX];
    unsigned rom_count;
    struct rom roms[ROMS_MAX];
};

struct vm;

/* Copies the image into the memory of a VM and sets its processor and the structures in its memory
 * as a boot loader leaves them (boot_contract.h). */
void image_boot(struct vm *vm);

#endif
