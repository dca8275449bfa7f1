#include "gdt.h"

#include <stddef.h>

#include "asm.h"
#include "hypervisor/mm/direct_map.h"

#define IST_STACK_SIZE 8192

/* Descriptor bits 40..55 (SDM vol. 3, 3.4.5 and 7.2.3). */
#define DESCRIPTOR_CODE64 0x00209b0000000000ull
#define TYPE_LDT          0x82ull /* present, DPL 0 */
#define TYPE_TSS64        0x89ull

#define TABLES __attribute__((aligned(4096), section(".bss.tables")))

static uint64_t gdt[DESCRIPTOR_TABLE_ENTRIES] TABLES;
static uint64_t ldt[DESCRIPTOR_TABLE_ENTRIES] TABLES;
static uint8_t ist_stacks[IST_END - 1][IST_STACK_SIZE] __attribute__((aligned(16)));

#define TSS_LIMIT (sizeof(struct tss) - 1)

/* Known to the entry stubs. A bitmap base past the limit makes every IN and OUT of the guest trap;
 * one within it would let ports through. */
struct tss host_tss __attribute__((aligned(16))) = {.io_bitmap = sizeof(struct tss)};

_Static_assert(sizeof(struct tss) == 104, "SDM vol. 3, figure 7-11");
_Static_assert(sizeof(struct tss) > TSS_LIMIT, "the I/O bitmap must be past the limit");

/* A 16-byte system descriptor (SDM vol. 3, 7.2.3). */
static void set_system_descriptor(unsigned slot, uint64_t type, const void *start, uint64_t limit)
{
    uint64_t base = (uint64_t)start;

    gdt[slot] = (limit & 0xffff) | (base & 0xffffff) << 16 | type << 40 |
                (limit >> 16 & 0xf) << 48 | (base >> 24 & 0xff) << 56;
    gdt[slot + 1] = base >> 32;
}

/* CS can only be loaded by a far transfer. Null is a valid SS in 64-bit mode at CPL 0. */
static void load_monitor_segments(void)
{
    __asm__ volatile("pushq %0\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "1:"
                     :
                     : "i"(SELECTOR(SLOT_MONITOR_CS64, 0))
                     : "rax", "memory");
    __asm__ volatile("mov %0, %%ss" : : "r"(0));
    write_ds(0);
    write_es(0);
    write_fs(0);
    write_gs(0);
}

void gdt_init(void)
{
    const struct table_operand operand = {sizeof(gdt) - 1, (uint64_t)gdt};

    for (unsigned i = 0; i < IST_END - 1; i++)
        host_tss.ist[i] = (uint64_t)ist_stacks[i] + IST_STACK_SIZE;
    gdt[SLOT_MONITOR_CS64] = DESCRIPTOR_CODE64;
    set_system_descriptor(SLOT_TSS, TYPE_TSS64, &host_tss, TSS_LIMIT);
    set_system_descriptor(SLOT_LDT, TYPE_LDT, ldt, sizeof(ldt) - 1);
    lgdt(&operand);
    load_monitor_segments();
    ltr(SELECTOR(SLOT_TSS, 0));
    lldt(SELECTOR(SLOT_LDT, 0));
}

uint64_t *host_gdt(void)
{
    return direct_map(image_hpa(gdt));
}

uint64_t *host_ldt(void)
{
    return direct_map(image_hpa(ldt));
}

void tss_set_rsp0(uint64_t rsp0)
{
    host_tss.rsp0 = rsp0;
}

uint64_t tss_rsp0(void)
{
    return host_tss.rsp0;
}
