/* Multiboot 2 (specification 2.0, 3.3 and 3.6). The native machine has no loader for it but GRUB:
 * what is not told by the specification is as for multiboot 1. */
#ifndef UMBRA_HYPERVISOR_LOAD_MULTIBOOT2_H
#define UMBRA_HYPERVISOR_LOAD_MULTIBOOT2_H

struct vm;

/* Passes the VM to its kernel: information tags, boot modules, registers. */
void multiboot2_boot(struct vm *vm);

#endif
