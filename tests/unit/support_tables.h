/*
 * A GDT, an IDT and a TSS for the world of support_cpu.h, with one descriptor of every kind that
 * the segment, transfer and event tests ask for.
 */
#ifndef UMBRA_TESTS_SUPPORT_TABLES_H
#define UMBRA_TESTS_SUPPORT_TABLES_H

#include "support_cpu.h"

#define GDT_BASE  0x1000u
#define GDT_LIMIT 0x1ffu
#define IDT_BASE  0x2000u
#define TSS_BASE  0x3000u /* of ring 0: SS0:ESP0 = 10h:INNER_ESP */
#define TSS2_BASE 0x3400u /* another task */
#define LDT_BASE  0x3800u
#define INNER_ESP 0x50000u
#define OUTER_ESP 0x60000u
#define HANDLER   0x12340u /* where every gate leads */

/* Selectors, RPL 0. */
enum {
    CODE0 = 0x08,
    DATA0 = 0x10,
    CODE3 = 0x18,
    DATA3 = 0x20,
    TSS32 = 0x28,
    CODE0_NEW = 0x30, /* accessed bit clear */
    DATA0_NEW = 0x38,
    DATA0_ABSENT = 0x40,
    CODE0_ABSENT = 0x48,
    DATA3_READONLY = 0x50,
    DATA3_ABSENT = 0x58,
    GATE = 0x60, /* set by gdt_gate() */
    TSS16 = 0x68,
    LDT = 0x70,
    CONFORMING0 = 0x78,
    EXEC_ONLY0 = 0x80,
    CODE0_16 = 0x88,
    DATA0_16 = 0x90,
    CODE0_SHORT = 0x98, /* limit FFFh */
    CODE1 = 0xa0,
    DATA1 = 0xa8,
    TSS32_OTHER = 0xb0,
    TSS32_ABSENT = 0xb8,
    LDT_ABSENT = 0xc0,
    CODE3_NEW = 0xc8,
    DATA3_NEW = 0xd0,
    INT_GATE_IN_GDT = 0xd8,
    EXPAND_DOWN = 0xe0,
    BEYOND = 0x200,
    NULL_SELECTOR = 0,
    LOCAL_DATA3 = 0x04, /* first entry of the LDT */
};

/* Attribute bytes of gates. */
#define GATE_INT16  0x86u
#define GATE_INT32  0x8eu
#define GATE_TRAP32 0x8fu
#define GATE_TASK   0x85u
#define GATE_CALL16 0x84u
#define GATE_CALL32 0x8cu
#define GATE_DPL3   0x60u

/* A processor that does all the manual says, with the CPUID and MSR tables of the default model. */
struct cpu_model strict_model(void);

/* Writes all of the above and points GDTR, IDTR, TR and LDTR at it; every vector is GATE_INT32. */
void tables_init(struct world *w);
/* For cmocka: *state is a new world of the default model with them; and its end. */
int tables_setup(void **state);
int tables_teardown(void **state);
void gdt_entry(struct world *w, unsigned selector, uint32_t base, uint32_t limit, unsigned attr);
void gdt_gate(struct world *w, unsigned selector, unsigned target, uint32_t offset, unsigned attr,
              unsigned params);
void idt_gate(struct world *w, unsigned vector, unsigned target, uint32_t offset, unsigned attr);
/* Bits 32..63 of a descriptor in the GDT. */
uint32_t gdt_high(const struct world *w, unsigned selector);

/* Ring 3 with its own stack, as a program that was entered by IRET. */
void enter_user(struct world *w);

/* Executes and expects success, or this exception with every general register as before. */
void expect_ok(struct world *w, const char *hex);
void expect_fault(struct world *w, const char *hex, unsigned vector, uint32_t error);
void expect_ud(struct world *w, const char *hex);

#endif
