/* Multiboot 1 (specification 0.6.96, 3.2 and 3.3), laid out as QEMU's loader does. */
#ifndef UMBRA_HYPERVISOR_LOAD_MULTIBOOT_H
#define UMBRA_HYPERVISOR_LOAD_MULTIBOOT_H

#include <stdint.h>

struct vm;
struct vm_image;

/* Passes the VM to its kernel: structure, memory map, command lines, boot modules, registers. */
void multiboot_boot(struct vm *vm);

/* For multiboot 2: copies the boot modules behind `gpa`. Fills each one's start and end. */
struct multiboot_extent {
    uint32_t start, end; /* gpa */
};
void multiboot_load_modules(struct vm *vm, uint64_t gpa, struct multiboot_extent *extents);

/* Where the kernel's image ends (gpa). */
uint32_t multiboot_image_end(const struct vm_image *image);

/* No boot module of this image lies below (gpa): an upper bound, for the check whether all fit. */
uint64_t multiboot_modules_start(const struct vm_image *image);

/* The flat segments, tables and stack of QEMU's loader, with these in EAX, EBX. */
void multiboot_set_registers(struct vm *vm, uint32_t magic, uint32_t information);

#endif
