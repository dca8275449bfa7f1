/* The monitor's own address space: its image, and all physical memory once. */
#ifndef UMBRA_HYPERVISOR_MM_DIRECT_MAP_H
#define UMBRA_HYPERVISOR_MM_DIRECT_MAP_H

#include <stdint.h>

#define DIRECT_MAP_BASE 0xffff800000000000ull
#define IMAGE_BASE      0xffffffff80000000ull /* the image's linear minus its physical addresses */

struct boot_info;

/*
 * Replaces the tables that the entry code made: the image with the rights of its sections and a
 * hole under the stack, physical memory without execution. PML4 entry 0 is empty: it is where each
 * guest root has its 4 GiB; nothing else is mapped below the upper half.
 */
void direct_map_init(const struct boot_info *info);

/* The 512 entries of the monitor's PML4, and its hpa (for CR3). */
const uint64_t *monitor_pml4(void);
uint64_t monitor_root(void);

/* Physical address <-> where the monitor sees it. The second takes direct map pointers only. */
static inline void *direct_map(uint64_t hpa)
{
    return (void *)(DIRECT_MAP_BASE + hpa);
}

static inline uint64_t direct_map_hpa(const void *linear)
{
    return (uint64_t)linear - DIRECT_MAP_BASE;
}

/* hpa of an object in the monitor's image (its code, statics and boot stack). */
static inline uint64_t image_hpa(const void *linear)
{
    return (uint64_t)linear - IMAGE_BASE;
}

#endif
