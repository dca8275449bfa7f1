/* Several VMs on one processor. */
#ifndef UMBRA_HYPERVISOR_VM_SCHED_H
#define UMBRA_HYPERVISOR_VM_SCHED_H

struct vm;

/* Runs VMs by turns until all have ended. Sleeps while all of them wait. */
void schedule(struct vm *const *vms, unsigned count);

#endif
