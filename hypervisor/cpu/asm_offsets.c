/*
 * Offsets and constants of C that the assembly needs. This file is only compiled to assembly text;
 * each DEFINE leaves a line there that the makefile turns into a NASM %define.
 */
#include <stddef.h>

#include "gdt.h"
#include "trap_frame.h"
#include "hypervisor/vm/vcpu.h"

#define DEFINE(name, value) __asm__ volatile("\n#define " #name " %c0" : : "i"(value))

void asm_offsets(void);

void asm_offsets(void)
{
    DEFINE(VCPU_GPR, offsetof(struct vcpu, cpu.gpr));
    DEFINE(VCPU_HOST_RSP, offsetof(struct vcpu, host_rsp));
    DEFINE(VCPU_FRAME, offsetof(struct vcpu, frame));
    DEFINE(FRAME_FLAGS, offsetof(struct trap_frame, flags));
    DEFINE(FRAME_VECTOR, offsetof(struct trap_frame, vector));
    DEFINE(FRAME_ERROR, offsetof(struct trap_frame, error));
    DEFINE(FRAME_RIP, offsetof(struct trap_frame, rip));
    DEFINE(FRAME_CS, offsetof(struct trap_frame, cs));
    DEFINE(FRAME_RFLAGS, offsetof(struct trap_frame, rflags));
    DEFINE(EFLAGS_VM, EFLAGS_VM);
    DEFINE(FRAME_RSP, offsetof(struct trap_frame, rsp));
    DEFINE(TRAP_ENTRY_REFUSED, TRAP_ENTRY_REFUSED);
    DEFINE(TSS_RSP0, offsetof(struct tss, rsp0));
}
