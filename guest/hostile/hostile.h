/* A guest that means harm: what its stages are written with.
 *
 * Every stage is a function that does one kind of damage with numbers drawn from the seed. What may
 * fault runs inside guarded(), which comes back whatever happened, with the processor put back into
 * a known state; what cannot be survived on any machine is the last stage's (wild.c). The guest
 * judges nothing but its own self-modifying code: whoever boots it looks at what became of the
 * machine and of the neighbours. */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- Memory. The kernel lies at 2 MiB, where address bit 20 is 0: a closed A20 gate spares it. ---
 */

#define RAM_MAPPED  0x1000000u /* identity mapped, 4 KiB pages; the guest needs this much */
#define ARENA       0x400000u  /* scratch memory of all stages */
#define ARENA_SIZE  0x100000u
#define LOW_ARENA   0x10000u    /* scratch memory that 16-bit code reaches; 64 KiB */
#define USER_WINDOW 0x40000000u /* the arena, for CPL 3 */
#define PLAYGROUND  0x60000000u /* linear addresses whose tables are anybody's */
#define KERN_WINDOW 0x80000000u /* the arena, for CPL 0 */

enum {
    PTE_P = 1,
    PTE_W = 2,
    PTE_U = 4,
    PTE_A = 0x20,
    PTE_D = 0x40,
    PTE_PS = 0x80,
};

extern uint32_t directory[1024], user_table[1024], kern_table[1024], play_table[1024];
extern uint32_t identity_tables[4][1024];

/* --- Segments. --- */

#define GDT_ENTRIES 8192

enum {
    SEL_KCODE = 0x08,
    SEL_KDATA = 0x10,
    SEL_UCODE = 0x1B,
    SEL_UDATA = 0x23,
    SEL_TSS = 0x28,       /* of the kernel */
    SEL_TSS_FAULT = 0x30, /* behind the double fault's task gate: needs no stack of the victim's */
    SEL_TSS_ENTER = 0x38, /* a task to switch to with any registers */
    SEL_LDT = 0x40,
    SEL_KCODE16 = 0x48,
    SEL_KDATA16 = 0x50,
    SEL_UCODE16 = 0x5B,
    SEL_UDATA16 = 0x63,
    SEL_KDOWN = 0x68,  /* expand-down, 32-bit */
    SEL_KSHIFT = 0x70, /* code with a base */
    SEL_FREE = 0x80,   /* and all behind it */
};

enum {
    ATTR_CODE0 = 0xC09B,
    ATTR_DATA0 = 0xC093,
    ATTR_CODE3 = 0xC0FB,
    ATTR_DATA3 = 0xC0F3,
    ATTR_CODE0_16 = 0x009B,
    ATTR_DATA0_16 = 0x0093,
    ATTR_CODE3_16 = 0x00FB,
    ATTR_DATA3_16 = 0x00F3,
    ATTR_DOWN0 = 0xC097,
    ATTR_LONG = 0x2000, /* L: 64-bit code, on a processor that has it */
    ATTR_LDT = 0x82,
    ATTR_TSS = 0x89,
    ATTR_TASK_GATE = 0x85,
    ATTR_CALL_GATE = 0x8C,
    ATTR_INT_GATE = 0x8E,
    ATTR_DPL3 = 0x60,
};

struct tss {
    uint32_t link, esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, eflags;
    uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi;
    uint32_t es, cs, ss, ds, fs, gs, ldt;
    uint16_t trap, map_base;
    uint8_t map[64];
};

struct table_register {
    uint16_t limit;
    uint32_t base;
} __attribute__((packed));

extern uint64_t gdt[GDT_ENTRIES], idt[256], ldt[512];
extern struct tss tss, tss_fault, tss_enter;

uint64_t descriptor(uint32_t base, uint32_t limit, uint32_t attributes);
uint64_t gate(uint32_t selector, uint32_t offset, uint32_t attributes, uint32_t count);

/** A descriptor that is half random, half plausible. */
uint64_t random_descriptor(void);

/** The known state of all tables in memory; once for good, and whenever a stage may have hit them.
 */
void machine_init(void);
void machine_rebuild(void);

/** The interrupt controllers and the timer (which ends endless loops); IRQ 0 is vector 20h. */
void irq_init(uint32_t divisor);
void tlb_flush(void);

/* --- Attempts. --- */

#define VECTOR_TIMER 0x20
#define VECTOR_DONE  0x81  /* INT 81h: open to CPL 3, ends an attempt */
#define VECTOR_REAL  0x100 /* the attempt ended in real mode */
#define RETURNED     -1

/** Call f(arg). Returns the vector that ended it, or RETURNED. Counts, and says so now and then. */
int guarded(void (*f)(void *), void *arg);

/* Of the last event: where it was reported. */
extern volatile uint32_t event_eip;
extern volatile uint32_t events;

/* A page of code that is walked through at CPL 0: see guard.asm, which moves on by itself as long
 * as there is a budget. */
#define WALK_RUN_MAX 24u /* an event farther on is that of a jump */
extern volatile uint32_t walk_budget, walk_base, walk_offset, walk_events;

/* The registers that launch() starts from, in the order of guard.asm. */
struct registers {
    uint32_t eax, ecx, edx, ebx, esp, ss, ebp, esi, edi;
    uint32_t es, ds, fs, gs;
    uint32_t eip, cs, eflags;
};

extern struct registers start;

/** Jump into `start` at CPL 0, or at CPL 3 or in virtual-8086 mode. Both return like guarded(). */
int launch_kernel(void);
int launch_user(void);

/** The same by a task switch: all registers, EFLAGS and ESP at once. */
int launch_task(void);

/** Switch to real mode and jump to LOW_ARENA + eip. */
int launch_real(void);

/** Random general registers: addresses that are worth something, and any number. */
void random_registers(void);

/** Copy bytes to `at`; returns where they end. */
uint8_t *emit(uint8_t *at, const void *bytes, size_t n);

/* --- Randomness, output, the stages. --- */

void random_seed(uint32_t seed);
uint32_t random32(void);
uint32_t below(uint32_t n);
bool one_in(uint32_t n);
#define PICK(array) (array)[below(sizeof(array) / sizeof((array)[0]))]

/** An address that hurts: edges, tables, devices, holes; in the linear or the physical space. */
uint32_t random_address(void);

void uart_init(void);
__attribute__((format(printf, 1, 2))) void print(const char *format, ...);

extern uint32_t seed, wanted_bytes;
extern uint32_t variant; /* of the wild stage; 0: any, and it says which */

/* What the stage that runs has done so far. */
extern struct progress {
    const char *stage;
    uint32_t attempts;
    uint32_t bytes;  /* random ones that were executed */
    uint32_t events; /* attempts that an interrupt or exception ended are a part of these */
} so_far;

void progress_begin(const char *stage);

/** So many more attempts; every so often a line tells how far the stage is. */
void progress_attempts(uint32_t count);
void progress_end(void);

void stage_linear(void);
void stage_paging(void);
void stage_live(void);
void stage_selectors(void);
void stage_transfers(void);
void stage_tables(void);
void stage_ports(void);
void stage_msrs(void);
void stage_control(void);
void stage_stacks(void);
void stage_nested(void);
void stage_storms(void);
void stage_modify(void);
void stage_user(void);
void stage_kernel(void);
void stage_wild(void);

/* --- Instructions. --- */

static inline void outb(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static inline void outl(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port));
}

static inline uint8_t inb(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void invlpg(uint32_t address)
{
    __asm__ volatile("invlpg (%0)" ::"r"(address) : "memory");
}

#endif
