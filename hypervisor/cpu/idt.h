/* The interrupt descriptor table: 256 gates of DPL 0, so that no INT n of a guest passes one. */
#ifndef UMBRA_HYPERVISOR_CPU_IDT_H
#define UMBRA_HYPERVISOR_CPU_IDT_H

#define VECTOR_COUNT    256
#define VECTOR_IRQ_BASE 0x20 /* IRQ n of the host arrives as vector 0x20 + n */

/* Fills and loads the IDT. */
void idt_init(void);

#endif
