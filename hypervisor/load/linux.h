/* Linux' 32-bit boot protocol (Documentation/arch/x86/boot.rst): what the kernel's own real-mode
 * code would have found out and set up is given to it in struct boot_params. */
#ifndef UMBRA_HYPERVISOR_LOAD_LINUX_H
#define UMBRA_HYPERVISOR_LOAD_LINUX_H

#include "config.h"

struct vm;
struct vm_image;

/* True when initrd and command line have their place; all boot modules together are the initrd. */
bool linux_fits(const struct vm_image *image, const struct vm_config *config,
                struct load_error *error);

/* Passes the VM to its kernel: boot_params, command line, initrd, tables, registers. */
void linux_boot(struct vm *vm);

#endif
