/* The interrupt descriptor table (Intel SDM vol. 3, 6.10 and 6.11). */
#include "abi.h"
#include "cpu.h"
#include "gdt.h"
#include "trap.h"

#define INTERRUPT_GATE 0x8E /* IF is cleared on the way in */
#define TRAP_GATE      0x8F /* IF stays */
#define TASK_GATE      0x85
#define GATE_DPL_3     0x60
#define CPU_VECTORS    48 /* exceptions and the 16 IRQ lines */

extern const uint32_t trap_stubs[CPU_VECTORS];
extern const uint32_t syscall_stub;

static uint64_t idt[256];

static void set_gate(uint32_t vector, uint32_t selector, uint32_t offset, uint32_t type)
{
    idt[vector] = (offset & 0xFFFF) | (uint64_t)selector << 16 | (uint64_t)type << 40 |
                  (uint64_t)(offset >> 16) << 48;
}

void idt_init(void)
{
    struct descriptor_pointer idtr = {sizeof(idt) - 1, (uint32_t)idt};

    for (uint32_t v = 0; v < CPU_VECTORS; v++)
        set_gate(v, SEL_KERNEL_CODE, trap_stubs[v], INTERRUPT_GATE);
    set_gate(EXC_BP, SEL_KERNEL_CODE, trap_stubs[EXC_BP], INTERRUPT_GATE | GATE_DPL_3);
    set_gate(EXC_DF, SEL_DOUBLE_FAULT, 0, TASK_GATE);
    set_gate(SYSCALL_VECTOR, SEL_KERNEL_CODE, syscall_stub, TRAP_GATE | GATE_DPL_3);
    __asm__ volatile("lidt %0" : : "m"(idtr));
}
