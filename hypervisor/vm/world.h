/* How the pure modules reach the machine around them: their `world` is the VM. */
#ifndef UMBRA_HYPERVISOR_VM_WORLD_H
#define UMBRA_HYPERVISOR_VM_WORLD_H

#include "emulate/cpu/cpu.h"
#include "emulate/pc/pc.h"
#include "shadow_pt/shadow.h"

struct vm;

extern const struct cpu_ops world_cpu_ops;
extern const struct shadow_ops world_shadow_ops;
extern const struct pc_host world_pc_host;

/* The VM's COM1 is the host's from now on; no other's is. */
void world_give_console(struct vm *const *vms, unsigned count, struct vm *vm);

#endif
