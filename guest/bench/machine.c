/* The machine that the workloads run in: flat segments, two address spaces, interrupts masked. */
#include "bench.h"
#include "cpu.h"
#include "lib/string.h"

#define SEL_KCODE 0x08u
#define TSS_INDEX 5

#define CODE0 0xCF9B000000FFFFull
#define DATA0 0xCF93000000FFFFull
#define CODE3 0xCFFB000000FFFFull
#define DATA3 0xCFF3000000FFFFull

#define TSS32         0x89u
#define INT_GATE      0x8E00u
#define INT_GATE_CPL3 0xEE00u

#define CR0_PG (1u << 31)

#define IDENTITY_TABLES 8u /* 32 MiB: the image and the pool */

struct tss {
    uint32_t link, esp0, ss0, unused[22];
    uint16_t trap, map_base;
};

extern const uint8_t vector_page_fault[], vector_other[], vector_null[], vector_done[];
extern const uint8_t vector_yield[], vector_mixed[], vector_counted[];
extern const uint8_t sysenter_null[];
extern char user_start[], user_end[];
void load_segments(void);

struct tss tss;
uint32_t directories[2][1024] __attribute__((aligned(4096)));
uint32_t window_tables[WINDOW_TABLES][1024] __attribute__((aligned(4096)));
static uint32_t identity_tables[IDENTITY_TABLES][1024] __attribute__((aligned(4096)));
static uint64_t gdt[6], idt[256];

static void set_gate(unsigned vector, const uint8_t *handler, uint32_t attributes)
{
    uint32_t to = (uint32_t)handler;

    idt[vector] =
        (to & 0xFFFF) | SEL_KCODE << 16 | (uint64_t)(attributes | (to & 0xFFFF0000)) << 32;
}

static void tables_init(void)
{
    uint32_t base = (uint32_t)&tss;

    gdt[1] = CODE0;
    gdt[2] = DATA0;
    gdt[3] = CODE3;
    gdt[4] = DATA3;
    gdt[TSS_INDEX] = (sizeof(tss) - 1) | (uint64_t)(base & 0xFFFFFF) << 16 | (uint64_t)TSS32 << 40 |
                     (uint64_t)(base >> 24) << 56;
    tss.ss0 = 0x10;
    tss.map_base = sizeof(tss);
    for (unsigned v = 0; v < 256; v++)
        set_gate(v, vector_other, INT_GATE);
    set_gate(14, vector_page_fault, INT_GATE);
    set_gate(0x80, vector_null, INT_GATE_CPL3);
    set_gate(0x81, vector_done, INT_GATE_CPL3);
    set_gate(0x82, vector_yield, INT_GATE_CPL3);
    set_gate(0x83, vector_mixed, INT_GATE_CPL3);
    set_gate(0x84, vector_counted, INT_GATE_CPL3);
}

static void load_tables(void)
{
    struct descriptor_pointer gdtr = {sizeof(gdt) - 1, (uint32_t)gdt};
    struct descriptor_pointer idtr = {sizeof(idt) - 1, (uint32_t)idt};

    __asm__ volatile("lgdt %0; lidt %1" ::"m"(gdtr), "m"(idtr));
    load_segments();
}

/* Everything one to one, the user's pages for the user, too. */
static void paging_init(void)
{
    uint32_t first = (uint32_t)user_start / PAGE_SIZE, last = (uint32_t)user_end / PAGE_SIZE;

    for (uint32_t i = 0; i < IDENTITY_TABLES * 1024; i++) {
        uint32_t user = i >= first && i < last ? PTE_U : 0;

        identity_tables[i / 1024][i % 1024] = i * PAGE_SIZE | PTE_P | PTE_W | user;
    }
    for (unsigned d = 0; d < 2; d++) {
        for (uint32_t i = 0; i < IDENTITY_TABLES; i++)
            directories[d][i] = (uint32_t)identity_tables[i] | PTE_P | PTE_W | PTE_U;
        process_cr3[d] = (uint32_t)directories[d];
    }
    write_cr3(process_cr3[0]);
    write_cr0(read_cr0() | CR0_PG | CR0_WP);
}

static void mask_interrupts(void)
{
    outb(0x21, 0xFF);
    outb(0xA1, 0xFF);
}

/* SDM vol. 3, 5.8.7: CS, ESP and EIP of the kernel. */
static void sysenter_init(void)
{
    static uint32_t stack[64];

    wrmsr(0x174, SEL_KCODE);
    wrmsr(0x175, (uint32_t)(stack + 64));
    wrmsr(0x176, (uint32_t)sysenter_null);
}

void machine_init(void)
{
    mask_interrupts();
    tables_init();
    load_tables();
    paging_init();
    sysenter_init();
}

uint32_t pool_frame(uint32_t i)
{
    return POOL_START + i % POOL_FRAMES * PAGE_SIZE;
}

void window_fill(void)
{
    for (uint32_t i = 0; i < WINDOW_TABLES * 1024; i++)
        window_tables[i / 1024][i % 1024] = pool_frame(i) | PTE_P | PTE_W | PTE_U | PTE_A | PTE_D;
}

void window_open(void)
{
    for (uint32_t i = 0; i < WINDOW_TABLES; i++)
        directories[0][WINDOW / 0x400000 + i] =
            (uint32_t)window_tables[i] | PTE_P | PTE_W | PTE_U | PTE_A;
    write_cr3(process_cr3[0]);
}
