/* What a probe is written with: code under test, the state it starts from, what came of it.
 *
 * A probe is one function that prints the fields of one line. It runs pieces of code (CODE at CPL
 * 0, USER_CODE at CPL 3) with `run`, which returns when the code is through or an event ended it.
 * The machine is put back into a known state before every probe, so a probe tidies nothing up. What
 * is printed depends neither on where the image was linked nor on time. */
#ifndef PROBE_H
#define PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- The table of probes: the linker collects and sorts it. --- */

struct probe {
    const char *id; /* of the catalogue of checks; '_' is printed as '.' */
    const char *title;
    void (*run)(void);
};

#define PROBE(name, text)                                                                   \
    static void name(void);                                                                 \
    static const struct probe probe_##name                                                  \
        __attribute__((used, aligned(4), section(".probes." #name))) = {#name, text, name}; \
    static void name(void)

/* --- Code under test, in Intel syntax. --- */

/* Where it begins, and its length; kept apart from the code, which nobody reads. */
struct code {
    const void *start;
    uint32_t size;
};

/* Code NAME begins at the label NAME_code. */
#define CODE_AT(section, name, text, end)                                                      \
    extern const struct code name[1];                                                          \
    __asm__(".pushsection .rodata\n.balign 4\n" #name ": .long " #name "_code, " #name         \
            "_end - " #name "_code\n.popsection\n.pushsection " section                        \
            "\n.intel_syntax noprefix\n.balign 16\n" #name "_code:\n" text "\n" end "\n" #name \
            "_end:\n.att_syntax prefix\n.popsection")

/** Code for CPL 0; ends in the harness unless an event ends it first. */
#define CODE(name, text) CODE_AT(".text", name, text, "jmp probe_done")

/** Code for CPL 3, in user pages. */
#define USER_CODE(name, text) CODE_AT(".user_text,\"ax\",@progbits", name, text, "int 0x60")

#define USER_DATA __attribute__((section(".user_data")))

/* --- What code starts from and what came of it. Registers in the order of trap.asm. --- */

struct state {
    uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi;
    uint32_t es, cs, ss, ds, fs, gs;
    uint32_t eip, eflags;
    uint32_t vector, error;
    uint32_t frame[5]; /* EIP CS EFLAGS, and ESP SS from an outer ring, as they were pushed */
    uint32_t cr2, dr6;
    uint32_t dr7; /* of `given`: breakpoints that are armed while the code runs alone */
};

extern struct state given, got;
extern uint32_t code_size; /* of what ran last; it began at given.eip */
extern struct state entry; /* at the first instruction of the image */
extern uint8_t entry_gdtr[6], entry_idtr[6];
extern uint32_t entry_cr0, entry_cr4, entry_dr6, entry_dr7;
extern uint16_t entry_tr, entry_ldtr, entry_fcw, entry_fsw;

#define VECTOR_DONE 0x60 /* the code ran to its end */

enum {
    EXC_DE = 0,
    EXC_DB = 1,
    EXC_BP = 3,
    EXC_OF = 4,
    EXC_BR = 5,
    EXC_UD = 6,
    EXC_NM = 7,
    EXC_DF = 8,
    EXC_TS = 10,
    EXC_NP = 11,
    EXC_SS = 12,
    EXC_GP = 13,
    EXC_PF = 14,
    EXC_MF = 16,
};

/** Run code at CPL 0, or at CPL 3 (with IF set unless flags are given), from `given`; the result is
 * in `got`. The flags and breakpoints given count once, the registers until they are changed. */
void run(const struct code *code);
void run_user(const struct code *code);

/** Run code at CPL 0 and print its outcome; with a name in front of the fields unless it is NULL.
 */
void try_code(const char *name, const struct code *code);
void try_user(const char *name, const struct code *code);

/** Copy bytes into a page that supervisor or user executes, followed by the way out; run it. */
void run_bytes(const void *bytes, size_t n);
void run_user_bytes(const void *bytes, size_t n);

/* Events of these vectors (a mask) are noted in the log and the code goes on. */
extern uint32_t log_vectors;
#define LOG_IRQ (1u << 31) /* as a bit of log_vectors: hardware interrupts */

struct note {
    uint32_t vector, eip, eflags, dr6;
};
#define NOTES 64
extern struct note notes[NOTES];
extern uint32_t note_count;
void trap_note_skip(uint32_t bytes); /* faults that are logged continue so many bytes on */

/* --- Memory that code under test uses. --- */

extern uint32_t user_words[1024];   /* user page; free for results */
extern uint32_t user_stack[1024];   /* user page */
extern uint32_t kernel_words[1024]; /* supervisor page */
extern uint32_t probe_stack[1024];  /* of code at CPL 0, filled with STACK_PATTERN */
#define STACK_PATTERN 0xA5C3965Au
#define PROBE_TOP     512 /* where in probe_stack code at CPL 0 starts, where in user_stack at 3 */

extern uint8_t frames[16][4096]; /* whole pages, for the window and for page tables */

/* --- Tables. --- */

enum {
    SEL_KCODE = 0x08,
    SEL_KDATA = 0x10,
    SEL_UCODE = 0x1B,
    SEL_UDATA = 0x23,
    SEL_TSS = 0x28,
    SEL_TSS2 = 0x30,
    SEL_LDT = 0x38,
    SEL_FREE = 0x40, /* and all behind it, up to GDT_ENTRIES */
};
#define GDT_ENTRIES 64
extern uint64_t gdt[GDT_ENTRIES], idt[256], ldt[16];

struct tss {
    uint32_t link, esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, eflags;
    uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi;
    uint32_t es, cs, ss, ds, fs, gs, ldt;
    uint16_t trap, map_base;
    uint8_t map[136];
};
extern struct tss tss, tss2;

/* Access byte and flags of a descriptor as one number: 0xFA0 with flags in bits 15:12. */
enum {
    DATA0 = 0xC093,
    CODE0 = 0xC09B,
    DATA3 = 0xC0F3,
    CODE3 = 0xC0FB,
    CODE0_16 = 0x009B,
    DATA0_16 = 0x0093,
    CODE3_16 = 0x00FB,
    SYS_TSS16 = 0x81,
    SYS_LDT = 0x82,
    SYS_CALL16 = 0x84,
    SYS_TASK = 0x85,
    SYS_INT16 = 0x86,
    SYS_TRAP16 = 0x87,
    SYS_TSS32 = 0x89,
    SYS_CALL32 = 0x8C,
    SYS_INT32 = 0x8E,
    SYS_TRAP32 = 0x8F,
    DPL3 = 0x60,
};

/** A descriptor; `limit` in the units that the G flag (8000h) of `attributes` says. */
uint64_t segment(uint32_t base, uint32_t limit, uint32_t attributes);
/** A gate; `count` is the parameter count of call gates. */
uint64_t gate(uint32_t selector, const void *offset, uint32_t attributes, uint32_t count);

/* --- Paging: the first 16 MiB are mapped where they are, and a window of 4 MiB is free. --- */

#define WINDOW 0x40000000u
extern uint32_t directory[1024], window_table[1024];
extern uint32_t identity_tables[4][1024];

enum {
    PTE_P = 1,
    PTE_W = 2,
    PTE_U = 4,
    PTE_A = 0x20,
    PTE_D = 0x40,
    PTE_PS = 0x80,
    PTE_G = 0x100,
};

/** Map page i of the window and flush it. */
void map(uint32_t i, const void *frame, uint32_t flags);
/** The same without any flush. */
void map_stale(uint32_t i, const void *frame, uint32_t flags);
uint8_t *window(uint32_t page);

/* --- What is printed. --- */

__attribute__((format(printf, 1, 2))) void print(const char *f, ...);
/** " name=hex". */
void show(const char *name, uint32_t value);
/** A list " name=a,b,c": begin it, then give its items. */
void list(const char *name);
void item(uint32_t value);
/** What ended the last run: vector, error code, EIP from the code's start, CR2 for a page fault. */
void show_event(void);
void item_event(void);
/** The notes of the log: vector:eip:dr6:flags. */
void show_notes(void);
/** ESP at the end, in bytes from where it started. */
void show_esp(void);
/** FNV-1a. */
uint32_t digest(const void *bytes, size_t n);
uint32_t digest_words(const volatile uint32_t *words, size_t n);
uint32_t digest_more(uint32_t digest, const void *bytes, size_t n);
/** Stack bytes of the last run at CPL 0, from `first` words below its start, as a list. */
void show_stack(const char *name, int first, int last);

/* --- The machine. --- */

/** Digest what the boot left in memory, before anything changes it. */
void take_boot_memory(void);
void machine_init(void);
void machine_reset(void);
void uart_init(void);
void uart_write(const char *text);

/** Make IRQ 4 pending at the interrupt controller, and take it back. */
void irq_raise(void);
void irq_quiet(void);

static inline uint8_t inb(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline uint16_t inw(uint16_t port)
{
    uint16_t value;

    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline uint32_t inl(uint16_t port)
{
    uint32_t value;

    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void outb(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static inline void outl(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port));
}

#define CONTROL_REGISTER(name)                                            \
    static inline uint32_t read_##name(void)                              \
    {                                                                     \
        uint32_t value;                                                   \
                                                                          \
        __asm__ volatile("movl %%" #name ", %0" : "=r"(value)::"memory"); \
        return value;                                                     \
    }                                                                     \
    static inline void write_##name(uint32_t value)                       \
    {                                                                     \
        __asm__ volatile("movl %0, %%" #name ::"r"(value) : "memory");    \
    }
CONTROL_REGISTER(cr0)
CONTROL_REGISTER(cr2)
CONTROL_REGISTER(cr3)
CONTROL_REGISTER(cr4)
CONTROL_REGISTER(dr0)
CONTROL_REGISTER(dr1)
CONTROL_REGISTER(dr2)
CONTROL_REGISTER(dr3)
CONTROL_REGISTER(dr6)
CONTROL_REGISTER(dr7)

static inline void invlpg(const void *address)
{
    __asm__ volatile("invlpg (%0)" ::"r"(address) : "memory");
}

#define CR0_WP   0x00010000u
#define CR0_BASE 0x80010011u /* PG WP ET PE */
#define CR4_PSE  0x10u
#define CR4_PGE  0x80u
#define EFLAGS   2u
#define FLAG_TF  0x100u
#define FLAG_IF  0x200u

#endif
