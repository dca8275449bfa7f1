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
static inline void guest_enter(struct vcpu *vcpu)
{
    /* Not a plain call: the compiler knows what it still needs, and saves less than a function
     * would have to. */
    __asm__ volatile("call guest_round_trip"
                     : "+D"(vcpu)
                     :
                     : "rax", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
                       "r15", "cc", "memory");
}

#endif
