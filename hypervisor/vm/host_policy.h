/* How the processor under us behaves where machines differ: what it runs natively it runs its own
 * way, and what is emulated is to be no different. */
#ifndef UMBRA_HYPERVISOR_VM_HOST_POLICY_H
#define UMBRA_HYPERVISOR_VM_HOST_POLICY_H

#include "emulate/cpu/model.h"

/* Measures the fields of struct cpu_policy that single instructions tell, by running them, and says
 * in one line what was found. After native_init(), before the first VM is made. */
void host_policy_measure(void);

/* The virtual processor of all VMs, with what was measured for its policy. */
const struct cpu_model *host_model(void);

#endif
