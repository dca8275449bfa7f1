/* What the monitor does about each trap of the guest. */
#ifndef UMBRA_HYPERVISOR_VM_EXITS_H
#define UMBRA_HYPERVISOR_VM_EXITS_H

#include "hypervisor/report/counters.h"
#include "hypervisor/vm/vcpu.h"

/* Handles the trap in vcpu->frame, after vcpu_store(). */
void handle_exit(struct vcpu *vcpu);

/* Emulates the instruction at CS:EIP and counts it under `reason`. */
void emulate(struct vcpu *vcpu, enum exit_reason reason);

/* A triple fault: the VM is reset, or ends. */
void shut_down(struct vcpu *vcpu);

/* Hands an event to the guest; a triple fault ends or resets the VM. */
void inject(struct vcpu *vcpu, const struct event *event);

#endif
