/* Traps taken while the monitor itself runs, and the few instructions that may fault in it. */
#ifndef UMBRA_HYPERVISOR_CPU_HOST_TRAP_H
#define UMBRA_HYPERVISOR_CPU_HOST_TRAP_H

#include <stdbool.h>
#include <stdint.h>

/* What the entry stub pushes when it interrupted the monitor; lowest address first. */
struct host_registers {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rdi, rsi, rbp, rdx, rcx, rbx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};

/* Called by the entry stub: acknowledges IRQs, ignores #DB, counts NMIs, applies fixups, and
 * panics on everything else. */
void host_trap(struct host_registers *regs);

/* Non-maskable interrupts that arrived while the monitor ran. */
uint64_t host_nmi_count(void);

/* RDMSR and WRMSR of registers that may not exist: false when the processor raised #GP. */
bool rdmsr_safe(uint32_t msr, uint64_t *value);
bool wrmsr_safe(uint32_t msr, uint64_t value);

/* MOV to DS ES FS GS: false when the processor raised #GP or #NP; the register is unchanged then.
 */
bool load_ds_safe(uint16_t selector);
bool load_es_safe(uint16_t selector);
bool load_fs_safe(uint16_t selector);
bool load_gs_safe(uint16_t selector);

#endif
