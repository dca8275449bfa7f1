/* The host's control registers and MSRs: what makes guest instructions trap. */
#ifndef UMBRA_HYPERVISOR_CPU_CONTROL_H
#define UMBRA_HYPERVISOR_CPU_CONTROL_H

#include <stdint.h>

/* Beyond those a 32-bit guest knows (emulate/cpu/cpu.h). */
#define CR4_UMIP     0x00000800u
#define CR4_FSGSBASE 0x00010000u
#define CR4_OSXSAVE  0x00040000u
#define CR4_SMEP     0x00100000u
#define CR4_SMAP     0x00200000u
#define CR4_PKE      0x00400000u

#define MSR_APIC_BASE    0x01bu
#define MSR_SYSENTER_CS  0x174u
#define MSR_SYSENTER_ESP 0x175u
#define MSR_SYSENTER_EIP 0x176u
#define MSR_EFER         0xc0000080u
#define MSR_STAR         0xc0000081u
#define MSR_FS_BASE      0xc0000100u
#define MSR_GS_BASE      0xc0000101u

#define EFER_SCE 0x001u
#define EFER_LME 0x100u
#define EFER_LMA 0x400u
#define EFER_NXE 0x800u

/*
 * Sets CR0, CR4, EFER and the SYSENTER MSRs as the design wants them; CR4.UMIP only where the
 * processor has it, CR4.PKE off (the run loop turns it on for the kernel view).
 */
void control_init(void);

/* The values that control_init() loaded: the base that per-guest bits are added to. */
uint64_t control_cr0(void);
uint64_t control_cr4(void);

#endif
