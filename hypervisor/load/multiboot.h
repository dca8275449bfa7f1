/* The multiboot 1 information structure (specification 0.6.96, 3.3), laid out as QEMU's loader
 * does. */
#ifndef UMBRA_HYPERVISOR_LOAD_MULTIBOOT_H
#define UMBRA_HYPERVISOR_LOAD_MULTIBOOT_H

#include <stdint.h>

struct vm;

/* Writes the structure, the memory map, the command lines and the boot modules into the VM's
 * memory. `load_end` is where the kernel's image ends (gpa). */
void multiboot_write_info(struct vm *vm, uint32_t load_end);

#endif
