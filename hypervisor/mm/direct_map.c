#include "direct_map.h"

#include <string.h>

#include "hypervisor/boot/boot_info.h"
#include "hypervisor/boot/image.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/features.h"
#include "frames.h"
#include "hypervisor/report/panic.h"

/* Page table entries (SDM vol. 3, 4.5). No entry of the monitor is a user's: U/S is always 0. */
#define PTE_P       (1ull << 0)
#define PTE_W       (1ull << 1)
#define PTE_LARGE   (1ull << 7)
#define PTE_G       (1ull << 8) /* ignored while CR4.PGE = 0; guest mappings never have it */
#define PTE_NX      (1ull << 63)
#define PTE_ADDRESS 0x000ffffffffff000ull

#define ENTRIES    512
#define SHIFT_PML4 39
#define SHIFT_1G   30
#define SHIFT_2M   21
#define SHIFT_4K   12
#define FOUR_GIB   0x100000000ull

#define RIGHTS_CODE   (PTE_P | PTE_G)
#define RIGHTS_RODATA (PTE_P | PTE_G | PTE_NX)
#define RIGHTS_DATA   (PTE_P | PTE_G | PTE_W | PTE_NX)

static uint64_t pml4[ENTRIES] __attribute__((aligned(4096)));

static uint64_t *next_table(uint64_t *entry)
{
    if (!(*entry & PTE_P)) {
        uint64_t hpa = frames_alloc(FRAME_SIZE, FRAME_SIZE);

        /* Until the new tables are in force only 4 GiB of the direct map are there. */
        if (hpa == 0 || hpa >= FOUR_GIB)
            panic("no memory for page tables");
        memset(direct_map(hpa), 0, FRAME_SIZE);
        *entry = hpa | PTE_P | PTE_W;
    }
    return direct_map(*entry & PTE_ADDRESS);
}

/* Maps one page of 1 << page_shift bytes. */
static void map_page(uint64_t linear, uint64_t hpa, unsigned page_shift, uint64_t rights)
{
    uint64_t *table = pml4;

    for (unsigned shift = SHIFT_PML4; shift > page_shift; shift -= 9)
        table = next_table(&table[linear >> shift & (ENTRIES - 1)]);
    table[linear >> page_shift & (ENTRIES - 1)] =
        hpa | rights | (page_shift > SHIFT_4K ? PTE_LARGE : 0);
}

static void map_image(const uint8_t *start, const uint8_t *end, uint64_t rights)
{
    for (const uint8_t *at = start; at < end; at += FRAME_SIZE)
        map_page((uint64_t)at, image_hpa(at), SHIFT_4K, rights);
}

/* The end of RAM, but at least 4 GiB: firmware tables and devices are below. */
static uint64_t physical_end(const struct boot_info *info)
{
    uint64_t end = FOUR_GIB;

    for (unsigned i = 0; i < info->memory_count; i++) {
        if (info->memory[i].type == BOOT_MEMORY_RAM && info->memory[i].end > end)
            end = info->memory[i].end;
    }
    return end;
}

void direct_map_init(const struct boot_info *info)
{
    unsigned shift = cpu_features()->gb_pages ? SHIFT_1G : SHIFT_2M;
    uint64_t end = physical_end(info);

    for (uint64_t hpa = 0; hpa < end; hpa += 1ull << shift)
        map_page(DIRECT_MAP_BASE + hpa, hpa, shift, RIGHTS_DATA);
    map_image(text_start, text_end, RIGHTS_CODE);
    map_image(rodata_start, data_start, RIGHTS_RODATA);
    map_image(data_start, stack_guard, RIGHTS_DATA);
    map_image(tables_start, tables_end, RIGHTS_RODATA); /* gdt.h says why */
    map_image(stack_start, image_end, RIGHTS_DATA);
    write_cr3(monitor_root());
}

const uint64_t *monitor_pml4(void)
{
    return pml4;
}

uint64_t monitor_root(void)
{
    return image_hpa(pml4);
}
