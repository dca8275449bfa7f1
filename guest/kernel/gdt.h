/* Segments and task state: flat code and data for two rings, one TSS, one for double faults. */
#ifndef GDT_H
#define GDT_H

#include <stdint.h>

#define SEL_KERNEL_CODE  0x08
#define SEL_KERNEL_DATA  0x10
#define SEL_USER_CODE    0x1B
#define SEL_USER_DATA    0x23
#define SEL_TSS          0x28
#define SEL_DOUBLE_FAULT 0x30
#define GDT_ENTRIES      7

/* Intel SDM vol. 3, 7.2.1. */
struct tss {
    uint32_t link;
    uint32_t esp0, ss0, esp1, ss1, esp2, ss2;
    uint32_t cr3, eip, eflags;
    uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi;
    uint32_t es, cs, ss, ds, fs, gs;
    uint32_t ldt;
    uint16_t trap, io_map_base;
};

extern uint64_t gdt[GDT_ENTRIES];

/** Build the GDT and both TSS; load GDTR, all segment registers, LDTR and TR. */
void gdt_init(void);

/** The stack that the CPU takes when it enters ring 0 from now on. */
void tss_set_kernel_stack(uint32_t top);

/** Tell the double-fault task which page directory to run on, once there is one. */
void tss_set_double_fault_cr3(uint32_t cr3);

/** The task that was interrupted by a double fault, as the CPU saved it. */
const struct tss *tss_interrupted(void);

#endif
