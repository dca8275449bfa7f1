/* The known state: tables in memory, interrupt controllers, what brings real mode back. */
#include "hostile.h"
#include "lib/string.h"

#define TIMER_DIVISOR 300u    /* 0.25 ms: endless loops are frequent */
#define REAL_CODE     0x7000u /* of guard.asm, copied to low memory */

extern const uint8_t stubs[256][16];
extern const char real_code[], real_code_end[];
extern char writable_start[], image_end[], stack_guards[], safe_stack_top[];
extern const struct table_register good_gdtr, good_idtr;
void fault_task(void);
int guarded_call(void (*f)(void *), void *arg);
void enter_kernel(void *), enter_user(void *), enter_task(void *), enter_real(void *);

uint64_t gdt[GDT_ENTRIES] __attribute__((aligned(4096)));
uint64_t idt[256] __attribute__((aligned(4096)));
uint64_t ldt[512] __attribute__((aligned(4096)));
struct tss tss, tss_fault, tss_enter;

uint32_t directory[1024] __attribute__((aligned(4096)));
uint32_t user_table[1024] __attribute__((aligned(4096)));
uint32_t kern_table[1024] __attribute__((aligned(4096)));
uint32_t play_table[1024] __attribute__((aligned(4096)));
uint32_t identity_tables[4][1024] __attribute__((aligned(4096)));

static uint8_t task_stack[4096] __attribute__((aligned(16)));

uint64_t descriptor(uint32_t base, uint32_t limit, uint32_t attributes)
{
    uint64_t low = (limit & 0xFFFF) | (uint64_t)(base & 0xFFFFFF) << 16;
    uint64_t high = (attributes & 0xFF) | (limit >> 8 & 0xF00) | (attributes & 0xF000);

    return low | high << 40 | (uint64_t)(base >> 24) << 56;
}

uint64_t gate(uint32_t selector, uint32_t offset, uint32_t attributes, uint32_t count)
{
    return (offset & 0xFFFF) | (uint64_t)(selector & 0xFFFF) << 16 |
           (uint64_t)(count & 0x1F) << 32 | (uint64_t)(attributes & 0xFF) << 40 |
           (uint64_t)(offset >> 16) << 48;
}

static void gdt_rebuild(void)
{
    gdt[SEL_KCODE / 8] = descriptor(0, 0xFFFFF, ATTR_CODE0);
    gdt[SEL_KDATA / 8] = descriptor(0, 0xFFFFF, ATTR_DATA0);
    gdt[SEL_UCODE / 8] = descriptor(0, 0xFFFFF, ATTR_CODE3);
    gdt[SEL_UDATA / 8] = descriptor(0, 0xFFFFF, ATTR_DATA3);
    gdt[SEL_TSS / 8] = descriptor((uint32_t)&tss, sizeof(tss) - 1, ATTR_TSS);
    gdt[SEL_TSS_FAULT / 8] = descriptor((uint32_t)&tss_fault, sizeof(tss) - 1, ATTR_TSS);
    gdt[SEL_TSS_ENTER / 8] = descriptor((uint32_t)&tss_enter, sizeof(tss) - 1, ATTR_TSS);
    gdt[SEL_LDT / 8] = descriptor((uint32_t)ldt, sizeof(ldt) - 1, ATTR_LDT);
    gdt[SEL_KCODE16 / 8] = descriptor(0, 0xFFFF, ATTR_CODE0_16);
    gdt[SEL_KDATA16 / 8] = descriptor(0, 0xFFFF, ATTR_DATA0_16);
    gdt[SEL_UCODE16 / 8] = descriptor(LOW_ARENA, 0xFFFF, ATTR_CODE3_16);
    gdt[SEL_UDATA16 / 8] = descriptor(LOW_ARENA, 0xFFFF, ATTR_DATA3_16);
    gdt[SEL_KDOWN / 8] = descriptor(0, 0x300, ATTR_DOWN0);
    gdt[SEL_KSHIFT / 8] = descriptor(ARENA, 0xFF, ATTR_CODE0);
}

/* Vectors from 60h on are open to CPL 3. The double fault has a task: it comes when no stack is
 * left. */
static void idt_rebuild(void)
{
    for (uint32_t v = 0; v < 256; v++)
        idt[v] = gate(SEL_KCODE, (uint32_t)stubs[v],
                      ATTR_INT_GATE | (v >= 0x60 || v == 3 || v == 4 ? ATTR_DPL3 : 0), 0);
    idt[8] = gate(SEL_TSS_FAULT, 0, ATTR_TASK_GATE, 0);
}

static void task_rebuild(struct tss *task, void (*entry)(void))
{
    memset(task, 0, sizeof(*task));
    task->cr3 = (uint32_t)directory;
    task->eip = (uint32_t)entry;
    task->eflags = 2;
    task->esp = task->esp0 = (uint32_t)task_stack + sizeof(task_stack);
    task->cs = SEL_KCODE;
    task->ss = task->ss0 = task->ds = task->es = task->fs = task->gs = SEL_KDATA;
    task->map_base = sizeof(*task);
}

/* In real mode the IDT is read as interrupt vectors of 4 bytes: gate k is vectors 2k, at 8:offset,
 * and 2k + 1, at 20h:attributes. All these places jump to the way back, and so do the vectors at 0.
 */
static void real_rebuild(void)
{
    static const uint8_t jump[] = {0xEA, 0, REAL_CODE >> 8, 0, 0, 0, 0}; /* in 16 and 32 bits */
    static const uint32_t others[] = {0x9000, 0xF000, 0x300, 0x8500};

    for (uint32_t k = 0; k < 128; k++)
        memcpy((void *)(0x1080 + 16 * k), jump, sizeof(jump));
    for (uint32_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        memcpy((void *)others[i], jump, sizeof(jump));
    memcpy((void *)REAL_CODE, real_code, (size_t)(real_code_end - real_code));
}

/* Only what differs is written: under a monitor each store to a table costs. */
static void put_entry(uint32_t *at, uint32_t value)
{
    if ((*at & ~(uint32_t)(PTE_A | PTE_D)) != value)
        *at = value;
}

static uint32_t identity_entry(uint32_t page)
{
    uint32_t address = page * 4096;
    bool low = address >= LOW_ARENA && address < LOW_ARENA + 0x10000;
    bool fixed = address >= 0x200000 && address < (uint32_t)writable_start;

    if (address == (uint32_t)stack_guards || address == (uint32_t)stack_guards + 16384)
        return 0;
    return address | PTE_P | (fixed ? 0 : PTE_W) | (low ? PTE_U : 0);
}

static void paging_rebuild(void)
{
    for (uint32_t i = 0; i < 4096; i++)
        put_entry(&identity_tables[i / 1024][i % 1024], identity_entry(i));
    for (uint32_t i = 0; i < 1024; i++) {
        bool arena = i < ARENA_SIZE / 4096;

        put_entry(&user_table[i], arena ? ARENA + i * 4096 + (PTE_P | PTE_W | PTE_U) : 0);
        put_entry(&kern_table[i], arena ? ARENA + i * 4096 + (PTE_P | PTE_W) : 0);
        put_entry(&play_table[i], 0);
        put_entry(&directory[i], i < 4 ? (uint32_t)identity_tables[i] | 7 : 0);
    }
    directory[USER_WINDOW >> 22] = (uint32_t)user_table | 7;
    directory[KERN_WINDOW >> 22] = (uint32_t)kern_table | 7;
    directory[PLAYGROUND >> 22] = (uint32_t)play_table | 7;
}

void tlb_flush(void)
{
    __asm__ volatile("mov %0, %%cr3" ::"r"(directory) : "memory");
}

void machine_rebuild(void)
{
    gdt_rebuild();
    idt_rebuild();
    task_rebuild(&tss, fault_task);
    task_rebuild(&tss_fault, fault_task);
    task_rebuild(&tss_enter, fault_task);
    tss.esp0 = (uint32_t)safe_stack_top;
    real_rebuild();
    paging_rebuild();
    tlb_flush();
    irq_init(TIMER_DIVISOR);
}

int guarded(void (*f)(void *), void *arg)
{
    progress_attempts(1);
    return guarded_call(f, arg);
}

static void nothing(void *unused)
{
    (void)unused;
}

/* BOUND of a register, or INTO in front of one, in [from, to): wild jumps end with #UD at once, and
 * a POPF from there leaves IF set. */
static void lay_traps(uint32_t from, uint32_t to)
{
    for (uint16_t *at = (uint16_t *)from; at < (uint16_t *)to; at++)
        *at = 0xCE62;
}

/* guarded_call() loads all registers of the known state on its way back. */
void machine_init(void)
{
    gdt_rebuild();
    __asm__ volatile(
        "lgdt %0; ljmp $8, $1f; 1: mov %w1, %%ds; mov %w1, %%es; mov %w1, %%ss" ::"m"(good_gdtr),
        "r"(SEL_KDATA));
    lay_traps(LOW_ARENA, 0x90000);
    lay_traps(0x100000, 0x200000);
    lay_traps((uint32_t)image_end, RAM_MAPPED);
    machine_rebuild();
    for (uint32_t v = 0; v < 256; v++)
        ((uint32_t *)0)[v] = REAL_CODE;
    guarded_call(nothing, NULL);
}

void irq_init(uint32_t divisor)
{
    static const uint8_t setup[][2] = {{0x20, 0x11}, {0x21, 0x20}, {0x21, 4},    {0x21, 1},
                                       {0xA0, 0x11}, {0xA1, 0x28}, {0xA1, 2},    {0xA1, 1},
                                       {0x21, 0xFE}, {0xA1, 0xFF}, {0x20, 0x20}, {0x43, 0x34}};

    for (size_t i = 0; i < sizeof(setup) / sizeof(setup[0]); i++)
        outb(setup[i][0], setup[i][1]);
    outb(0x40, (uint8_t)divisor);
    outb(0x40, (uint8_t)(divisor >> 8));
}

int launch_kernel(void)
{
    return guarded(enter_kernel, NULL);
}

int launch_user(void)
{
    return guarded(enter_user, NULL);
}

int launch_real(void)
{
    return guarded(enter_real, NULL);
}

int launch_task(void)
{
    struct tss *task = &tss_enter;

    task->eip = start.eip, task->eflags = start.eflags;
    task->eax = start.eax, task->ecx = start.ecx, task->edx = start.edx, task->ebx = start.ebx;
    task->esp = start.esp, task->ebp = start.ebp, task->esi = start.esi, task->edi = start.edi;
    task->es = start.es, task->cs = start.cs, task->ss = start.ss;
    task->ds = start.ds, task->fs = start.fs, task->gs = start.gs;
    task->cr3 = (uint32_t)directory, task->ldt = 0, task->trap = 0;
    return guarded(enter_task, NULL);
}
