/* A frame on either side of a VM's memory that nobody may write: a store that left the memory by a
 * small step shows. */
#ifndef UMBRA_HYPERVISOR_VM_CANARY_H
#define UMBRA_HYPERVISOR_VM_CANARY_H

#include <stdbool.h>

#include "hypervisor/mm/frames.h"
#include "hypervisor/vm/guest_memory.h"

#define CANARY_BYTES FRAME_SIZE /* before the memory, and behind it again */

/* Fills both frames around the memory; they are the caller's to allocate. */
void canary_plant(const struct guest_memory *memory);

/* Do both still hold what was planted? */
bool canary_intact(const struct guest_memory *memory);

#endif
