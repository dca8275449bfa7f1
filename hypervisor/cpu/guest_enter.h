/* Into the guest and back. */
#ifndef UMBRA_HYPERVISOR_CPU_GUEST_ENTER_H
#define UMBRA_HYPERVISOR_CPU_GUEST_ENTER_H

struct vcpu;

/*
 * Runs the guest until something traps. Before: vcpu->frame.{rip,cs,rflags,rsp,ss} say where to,
 * DS ES FS GS and CR3 are loaded, tss_set_rsp0() points to the end of vcpu->frame. The general
 * registers but ESP are loaded from vcpu->cpu.gpr. After: all eight are in vcpu->cpu.gpr, and
 * vcpu->frame tells what happened where. DS ES FS GS are still the guest's.
 */
void guest_enter(struct vcpu *vcpu);

#endif
