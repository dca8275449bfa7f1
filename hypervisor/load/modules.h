/* The boot loader's modules become virtual machines. */
#ifndef UMBRA_HYPERVISOR_LOAD_MODULES_H
#define UMBRA_HYPERVISOR_LOAD_MODULES_H

#include "hypervisor/boot/boot_info.h"

struct vm;

/*
 * Makes and boots a VM for each kernel module, at most VM_MAX, in vms[]; returns how many. A module
 * that is refused costs one line that names the VM, the cause and the remedy, and counts in
 * *refused; the others are not affected.
 */
unsigned modules_load(const struct boot_info *info, struct vm **vms, unsigned *refused);

#endif
