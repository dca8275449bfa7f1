/* What the probes of descriptors share: the slots of the GDT that are theirs. */
#pragma once
#include "probe.h"

enum { SLOT = SEL_FREE / 8, OTHER = SEL_FREE + 8 };

/** The access byte of descriptor `selector` as memory has it (SDM vol. 3, 3.4.5). */
static inline uint32_t access_byte(uint32_t selector)
{
    return gdt[selector / 8] >> 40 & 0xFF;
}
