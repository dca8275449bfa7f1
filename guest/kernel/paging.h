/* Page tables and the kernel's part of every address space.
 *
 *   C0000000  direct map: all of RAM the kernel uses, at physical + KERNEL_BASE
 *   F8000000  kernel stacks, each below an unmapped guard page; then alias windows
 */
#ifndef PAGING_H
#define PAGING_H

#include <stdbool.h>
#include <stdint.h>

#define KERNEL_BASE    0xC0000000u
#define DIRECT_MAP_MAX 0x30000000u /* 768 MiB */
#define WINDOW_BASE    0xF8000000u /* one page table's worth, 4 MiB */
#define ALIAS_BASE     0xF8300000u

/* Page table entries, Intel SDM vol. 3, 4.3. */
#define PTE_PRESENT  (1u << 0)
#define PTE_WRITE    (1u << 1)
#define PTE_USER     (1u << 2)
#define PTE_LARGE    (1u << 7)
#define PTE_GLOBAL   (1u << 8)
#define PTE_COW      (1u << 9) /* free for software: copy on write */
#define PTE_FRAME(e) ((e) & ~0xFFFu)

static inline void *phys_to_virt(uint32_t physical)
{
    return (void *)(physical + KERNEL_BASE);
}

static inline uint32_t virt_to_phys(const void *virtual)
{
    return (uint32_t) virtual - KERNEL_BASE;
}

/** Replace the boot page tables by the direct map; the low identity mapping is gone after this. */
void paging_init(void);

/** The directory of the kernel alone; its upper quarter is part of every other. */
uint32_t kernel_directory(void);

/** The entry for a 4 KiB page; NULL without a page table, or when none could be made. */
uint32_t *pte_find(uint32_t directory, uint32_t address, bool create);

/** Map, change (frame and flags) or, with 0, unmap a page of the kernel's windows. */
void window_map(uint32_t address, uint32_t entry);

#endif
