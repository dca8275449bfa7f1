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

/* The guest's paging mode now. */
struct shadow_mode world_paging_mode(const struct vm *vm);
/* Walks the guest's tables for a debugger's eyes: sets no accessed bit, fills nothing. False where
 * nothing is mapped. */
bool world_walk_quietly(struct vm *vm, uint32_t gva, struct walk *walk);

/* The VM's COM1 is the host's from now on; no other's is. */
void world_give_console(struct vm *const *vms, unsigned count, struct vm *vm);

#endif
