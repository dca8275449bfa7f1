#include "gdt.h"
#include "cpu.h"
#include "panic.h"

/* Access bytes, Intel SDM vol. 3, 3.4.5. */
#define KERNEL_CODE 0x9A
#define KERNEL_DATA 0x92
#define USER_CODE   0xFA
#define USER_DATA   0xF2
#define TSS_32      0x89
#define FLAT_FLAGS  0xC /* 4 KiB granularity, 32-bit */

uint64_t gdt[GDT_ENTRIES];

static struct tss main_tss, double_fault_tss;
static uint8_t double_fault_stack[4096] __attribute__((aligned(16)));

static uint64_t descriptor(uint32_t base, uint32_t limit, uint64_t access, uint64_t flags)
{
    return (limit & 0xFFFF) | (uint64_t)(base & 0xFFFFFF) << 16 | access << 40 |
           (uint64_t)(limit >> 16 & 0xF) << 48 | flags << 52 | (uint64_t)(base >> 24) << 56;
}

static void init_double_fault_tss(void)
{
    /* Entered by a task gate: the stack that failed is not touched (SDM vol. 3, 7.3). */
    double_fault_tss = (struct tss){
        .cr3 = read_cr3(),
        .eip = (uint32_t)panic_double_fault,
        .eflags = 2,
        .esp = (uint32_t)(double_fault_stack + sizeof(double_fault_stack)),
        .cs = SEL_KERNEL_CODE,
        .ss = SEL_KERNEL_DATA,
        .ds = SEL_KERNEL_DATA,
        .es = SEL_KERNEL_DATA,
        .io_map_base = sizeof(struct tss),
    };
}

static void load_segments(void)
{
    __asm__ volatile("ljmp %0, $1f\n"
                     "1: movw %w1, %%ds\n"
                     "movw %w1, %%es\n"
                     "movw %w1, %%ss\n"
                     "movw %w2, %%fs\n"
                     "movw %w2, %%gs\n"
                     "lldt %w2\n"
                     "ltr %w3"
                     :
                     : "i"(SEL_KERNEL_CODE), "r"(SEL_KERNEL_DATA), "r"(0), "r"(SEL_TSS)
                     : "memory");
}

void gdt_init(void)
{
    struct descriptor_pointer gdtr = {sizeof(gdt) - 1, (uint32_t)gdt};

    gdt[SEL_KERNEL_CODE / 8] = descriptor(0, 0xFFFFF, KERNEL_CODE, FLAT_FLAGS);
    gdt[SEL_KERNEL_DATA / 8] = descriptor(0, 0xFFFFF, KERNEL_DATA, FLAT_FLAGS);
    gdt[SEL_USER_CODE / 8] = descriptor(0, 0xFFFFF, USER_CODE, FLAT_FLAGS);
    gdt[SEL_USER_DATA / 8] = descriptor(0, 0xFFFFF, USER_DATA, FLAT_FLAGS);
    gdt[SEL_TSS / 8] = descriptor((uint32_t)&main_tss, sizeof(main_tss) - 1, TSS_32, 0);
    gdt[SEL_DOUBLE_FAULT / 8] =
        descriptor((uint32_t)&double_fault_tss, sizeof(double_fault_tss) - 1, TSS_32, 0);

    main_tss.ss0 = SEL_KERNEL_DATA;
    main_tss.io_map_base = sizeof(main_tss); /* past the limit: no port is open to ring 3 */
    init_double_fault_tss();

    __asm__ volatile("lgdt %0" : : "m"(gdtr));
    load_segments();
}

void tss_set_kernel_stack(uint32_t top)
{
    main_tss.esp0 = top;
}

void tss_set_double_fault_cr3(uint32_t cr3)
{
    double_fault_tss.cr3 = cr3;
}

const struct tss *tss_interrupted(void)
{
    return &main_tss;
}
