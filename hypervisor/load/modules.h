/* The boot loader's modules become virtual machines. */
#ifndef UMBRA_HYPERVISOR_LOAD_MODULES_H
#define UMBRA_HYPERVISOR_LOAD_MODULES_H

#include "hypervisor/boot/boot_info.h"

struct vm;

/* What the modules came to. */
struct modules_loaded {
    unsigned made;    /* VMs in vms[] */
    unsigned kernels; /* lines that describe a VM, the refused ones with them */
    unsigned refused; /* modules of any kind */
};

/*
 * Makes and boots a VM for each kernel module, at most VM_MAX, in vms[]. A module that is refused,
 * a boot module for no VM among them, costs one line that names the VM, the cause and the remedy;
 * the others are not affected.
 */
struct modules_loaded modules_load(const struct boot_info *info, struct vm **vms);

#endif
