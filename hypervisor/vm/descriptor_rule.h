/* What a guest's segment descriptor becomes in the table that the processor reads. Pure. */
#ifndef UMBRA_HYPERVISOR_VM_DESCRIPTOR_RULE_H
#define UMBRA_HYPERVISOR_VM_DESCRIPTOR_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "emulate/cpu/cpu.h"

/* The accessed bit in a descriptor (SDM vol. 3, figures 3-8 and 3.4.5.1). */
#define DESCRIPTOR_ACCESSED (1ull << 40)

/*
 * The descriptor that user code may see and load in place of the guest's own; 0 for one that is
 * none of CPL 3's business, or a system descriptor: those lead to other rings, and are longer here.
 * It is the guest's, bit for bit, but for L of code that is present, which is 0: it would lead into
 * 64-bit mode, out of the 4 GiB that are the guest's.
 */
uint64_t rule_descriptor(uint64_t guest);

/* The hidden part that loading the descriptor gives (SDM vol. 3, 3.4.3). */
struct segment rule_segment(uint64_t descriptor, uint16_t selector);

/* The descriptor whose load at CPL 3 gives the hidden part `s`: present, DPL 3, accessed, L = 0. */
uint64_t rule_native(const struct segment *s);

/* True when far transfers and IRET at CPL 3 get `wanted`, one of rule_native(), from `found`. */
bool rule_gives_code(uint64_t found, uint64_t wanted);

/* The same for loads of data segment registers; these set the accessed bit where it is clear. */
bool rule_gives_data(uint64_t found, uint64_t wanted);

#endif
