#include "paging.h"
#include "cpu.h"
#include "frames.h"
#include "gdt.h"
#include "lib/string.h"
#include "panic.h"

#define ENTRIES    1024u
#define LARGE_PAGE (4u << 20)

static uint32_t directory[ENTRIES] __attribute__((aligned(4096)));
static uint32_t window_table[ENTRIES] __attribute__((aligned(4096)));

uint32_t kernel_directory(void)
{
    return virt_to_phys(directory);
}

/* A directory entry for 4 MiB of RAM when the CPU has large pages, else a table of 4 KiB pages. */
static uint32_t direct_map_entry(uint32_t physical, uint32_t flags)
{
    uint32_t frame, *table;

    if (cpu_has(FEATURE_PSE))
        return physical | flags | PTE_LARGE;
    frame = frame_alloc();
    if (!frame)
        panic("no memory for the direct map");
    table = phys_to_virt(frame);
    for (uint32_t i = 0; i < ENTRIES; i++)
        table[i] = (physical + i * PAGE_SIZE) | flags;
    return frame | PTE_PRESENT | PTE_WRITE;
}

void paging_init(void)
{
    uint32_t cr4 = 0;
    uint32_t flags = PTE_PRESENT | PTE_WRITE;

    if (cpu_has(FEATURE_PSE))
        cr4 |= CR4_PSE;
    if (cpu_has(FEATURE_PGE)) {
        cr4 |= CR4_PGE;
        flags |= PTE_GLOBAL;
    }
    for (uint32_t at = 0; at < frames_end(); at += LARGE_PAGE)
        directory[(KERNEL_BASE + at) / LARGE_PAGE] = direct_map_entry(at, flags);
    directory[WINDOW_BASE / LARGE_PAGE] = virt_to_phys(window_table) | PTE_PRESENT | PTE_WRITE;

    /* PSE before the large pages are used, PGE after (SDM vol. 3, 4.10.2.4: it flushes all). */
    if (cr4)
        write_cr4(read_cr4() | (cr4 & CR4_PSE));
    write_cr3(kernel_directory());
    if (cr4)
        write_cr4(read_cr4() | cr4);
    tss_set_double_fault_cr3(kernel_directory());
}

uint32_t *pte_find(uint32_t dir, uint32_t address, bool create)
{
    uint32_t *entry = (uint32_t *)phys_to_virt(dir) + address / LARGE_PAGE;
    uint32_t *table;

    if (!(*entry & PTE_PRESENT)) {
        uint32_t frame = create ? frame_alloc_zeroed() : 0;

        if (!frame)
            return NULL;
        *entry = frame | PTE_PRESENT | PTE_WRITE | PTE_USER;
    }
    table = phys_to_virt(PTE_FRAME(*entry));
    return &table[address / PAGE_SIZE % ENTRIES];
}

void window_map(uint32_t address, uint32_t entry)
{
    window_table[address / PAGE_SIZE % ENTRIES] = entry;
    invlpg(address);
}
