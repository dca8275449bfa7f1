/* The known state that every probe starts from: descriptor tables, page tables, control and debug
 * registers, interrupt controllers. */
#include "probe.h"
#include "lib/string.h"

extern const void *const trap_stubs[256];
extern char user_start[], user_end[], handler_stack_top[];
void load_segments(void);

uint64_t gdt[GDT_ENTRIES] __attribute__((aligned(4096)));
uint64_t idt[256] __attribute__((aligned(4096)));
uint64_t ldt[16] __attribute__((aligned(4096)));
struct tss tss __attribute__((aligned(4096))), tss2 __attribute__((aligned(4096)));

uint32_t directory[1024] __attribute__((aligned(4096)));
uint32_t window_table[1024] __attribute__((aligned(4096)));
uint32_t identity_tables[4][1024] __attribute__((aligned(4096)));
uint8_t frames[16][4096] __attribute__((aligned(4096)));
static uint32_t ring0_stack[1024] __attribute__((aligned(4096)));

uint64_t segment(uint32_t base, uint32_t limit, uint32_t attributes)
{
    uint64_t low = limit & 0xFFFF, high = limit >> 16 & 0xF;

    return low | (uint64_t)(base & 0xFFFFFF) << 16 | (uint64_t)(attributes & 0xFF) << 40 |
           high << 48 | (uint64_t)(attributes >> 12 & 0xF) << 52 | (uint64_t)(base >> 24) << 56;
}

uint64_t gate(uint32_t selector, const void *offset, uint32_t attributes, uint32_t count)
{
    uint32_t to = (uint32_t)offset;

    return (to & 0xFFFF) | (uint64_t)(selector & 0xFFFF) << 16 | (uint64_t)(count & 0x1F) << 32 |
           (uint64_t)(attributes & 0xFF) << 40 | (uint64_t)(to >> 16) << 48;
}

static void reset_gdt(void)
{
    memset(gdt, 0, sizeof(gdt));
    gdt[SEL_KCODE / 8] = segment(0, 0xFFFFF, CODE0);
    gdt[SEL_KDATA / 8] = segment(0, 0xFFFFF, DATA0);
    gdt[SEL_UCODE / 8] = segment(0, 0xFFFFF, CODE3);
    gdt[SEL_UDATA / 8] = segment(0, 0xFFFFF, DATA3);
    gdt[SEL_TSS / 8] = segment((uint32_t)&tss, sizeof(tss) - 1, SYS_TSS32);
    gdt[SEL_TSS2 / 8] = segment((uint32_t)&tss2, sizeof(tss2) - 1, SYS_TSS32);
    gdt[SEL_LDT / 8] = segment((uint32_t)ldt, sizeof(ldt) - 1, SYS_LDT);
}

/* Every vector has a stub; the user may call those from 60h on, and the exceptions that INT3, INTO
 * and BOUND make. */
static void reset_idt(void)
{
    for (uint32_t v = 0; v < 256; v++) {
        bool open = v == EXC_BP || v == EXC_OF || v == EXC_BR || v >= VECTOR_DONE;

        idt[v] = gate(SEL_KCODE, trap_stubs[v], open ? SYS_INT32 | DPL3 : SYS_INT32, 0);
    }
}

static void reset_tss(void)
{
    memset(&tss, 0, sizeof(tss));
    memset(&tss2, 0, sizeof(tss2));
    memset(ldt, 0, sizeof(ldt));
    tss.ss0 = SEL_KDATA;
    tss.esp0 = (uint32_t)(ring0_stack + 1024);
    tss.map_base = sizeof(tss);
}

/* Only what differs is written, accessed and dirty bits aside: under a monitor each store costs. */
static void put_entry(uint32_t *at, uint32_t value)
{
    if ((*at & ~(uint32_t)(PTE_A | PTE_D)) != value)
        *at = value;
}

static void reset_paging(void)
{
    uint32_t first = (uint32_t)user_start / 4096, last = (uint32_t)user_end / 4096;

    for (uint32_t i = 0; i < 4096; i++) {
        bool user = i >= first && i < last;

        put_entry(&identity_tables[i / 1024][i % 1024],
                  i * 4096 | PTE_P | PTE_W | (user ? PTE_U : 0));
    }
    for (uint32_t i = 0; i < 1024; i++)
        if (window_table[i])
            window_table[i] = 0;
    for (uint32_t i = 0; i < 1024; i++)
        put_entry(&directory[i], i < 4 ? (uint32_t)identity_tables[i] | 7 : 0);
    directory[WINDOW >> 22] = (uint32_t)window_table | 7;
}

static void load_tables(void)
{
    struct {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) gdtr = {sizeof(gdt) - 1, (uint32_t)gdt},
                              idtr = {sizeof(idt) - 1, (uint32_t)idt};

    __asm__ volatile("lgdt %0; lidt %1" ::"m"(gdtr), "m"(idtr));
    load_segments();
    __asm__ volatile("lldt %w0; ltr %w1" ::"r"(0), "r"((uint32_t)SEL_TSS));
}

static void reset_processor(void)
{
    write_dr6(0xFFFF0FF0);
    write_cr3((uint32_t)directory);
    write_cr4(0);
    write_cr0(CR0_BASE);
    write_cr2(0);
    __asm__ volatile("fninit");
}

static void reset_memory(void)
{
    memset(user_words, 0, sizeof(user_words));
    memset(kernel_words, 0, sizeof(kernel_words));
    memset(frames, 0, sizeof(frames));
}

void machine_reset(void)
{
    write_dr7(0x400);
    reset_paging();
    reset_processor();
    reset_gdt();
    reset_idt();
    reset_tss();
    load_tables();
    reset_memory();
    irq_quiet();
}

static void pic_init(void)
{
    static const uint8_t setup[][2] = {{0x20, 0x11}, {0x21, 0x20}, {0x21, 4}, {0x21, 1},
                                       {0xA0, 0x11}, {0xA1, 0x28}, {0xA1, 2}, {0xA1, 1},
                                       {0x21, 0xFF}, {0xA1, 0xFF}};

    for (size_t i = 0; i < sizeof(setup) / sizeof(setup[0]); i++)
        outb(setup[i][0], setup[i][1]);
}

void machine_init(void)
{
    pic_init();
    uart_init();
    machine_reset();
}

/* The transmitter is empty whenever a probe runs: enabling its interrupt raises the line at once.
 */
void irq_raise(void)
{
    outb(0x21, 0xEF);
    outb(0x3F9, 2);
}

void irq_quiet(void)
{
    outb(0x3F9, 0);
    outb(0x21, 0xFF);
    inb(0x3FA);
    outb(0x20, 0x20);
}

void map_stale(uint32_t i, const void *frame, uint32_t flags)
{
    window_table[i] = (uint32_t)frame | flags;
}

void map(uint32_t i, const void *frame, uint32_t flags)
{
    map_stale(i, frame, flags);
    invlpg(window(i));
}

uint8_t *window(uint32_t page)
{
    return (uint8_t *)WINDOW + page * 4096;
}
