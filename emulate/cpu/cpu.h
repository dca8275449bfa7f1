/*
 * The virtual CPU: everything a 32-bit x86 guest can see or feel of its processor.
 *
 * This folder is pure: no allocation, no mutable statics, no hardware. Whatever lies outside the
 * processor (memory, ports, time) is reached through `struct cpu_ops`, so that the same sources run
 * inside the monitor and, on the host, under sanitizers, fuzzers and differential tests.
 */
#ifndef UMBRA_EMULATE_CPU_CPU_H
#define UMBRA_EMULATE_CPU_CPU_H

#include <stdbool.h>
#include <stdint.h>

/* General registers, numbered as ModRM numbers them (SDM vol. 2, table 2-2). */
enum gpr { EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI, GPR_COUNT };
/* One more, which is always 0: the base or index of an address that has none. */
#define GPR_ZERO GPR_COUNT

/* Segment registers, the first six numbered as the sreg field numbers them. */
enum seg_reg { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, SEG_LDTR, SEG_TR, SEG_COUNT };
#define SEG_NONE 0xff

enum exception {
    EXC_DE = 0,
    EXC_DB = 1,
    EXC_NMI = 2,
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
    EXC_AC = 17,
    EXC_MC = 18,
    EXC_XM = 19,
};

#define EFLAGS_CF              0x00000001u
#define EFLAGS_FIXED           0x00000002u
#define EFLAGS_PF              0x00000004u
#define EFLAGS_AF              0x00000010u
#define EFLAGS_ZF              0x00000040u
#define EFLAGS_SF              0x00000080u
#define EFLAGS_TF              0x00000100u
#define EFLAGS_IF              0x00000200u
#define EFLAGS_DF              0x00000400u
#define EFLAGS_OF              0x00000800u
#define EFLAGS_IOPL            0x00003000u
#define EFLAGS_NT              0x00004000u
#define EFLAGS_RF              0x00010000u
#define EFLAGS_VM              0x00020000u
#define EFLAGS_AC              0x00040000u
#define EFLAGS_VIF             0x00080000u
#define EFLAGS_VIP             0x00100000u
#define EFLAGS_ID              0x00200000u
#define EFLAGS_STATUS          0x000008d5u /* CF PF AF ZF SF OF */
#define EFLAGS_IOPL_OF(eflags) (((eflags) >> 12) & 3u)

#define CR0_PE 0x00000001u
#define CR0_MP 0x00000002u
#define CR0_EM 0x00000004u
#define CR0_TS 0x00000008u
#define CR0_ET 0x00000010u
#define CR0_NE 0x00000020u
#define CR0_WP 0x00010000u
#define CR0_AM 0x00040000u
#define CR0_NW 0x20000000u
#define CR0_CD 0x40000000u
#define CR0_PG 0x80000000u

#define CR4_VME        0x0001u
#define CR4_PVI        0x0002u
#define CR4_TSD        0x0004u
#define CR4_DE         0x0008u
#define CR4_PSE        0x0010u
#define CR4_PAE        0x0020u
#define CR4_MCE        0x0040u
#define CR4_PGE        0x0080u
#define CR4_PCE        0x0100u
#define CR4_OSFXSR     0x0200u
#define CR4_OSXMMEXCPT 0x0400u

/*
 * A segment register with its hidden part, exactly as it was loaded (SDM vol. 3, 3.4.3). The table
 * in memory may say something else by now; the hidden part is what counts.
 */
struct segment {
    uint16_t selector;
    uint16_t attr; /* descriptor bits 40..55: type S DPL P | AVL L D/B G; 0 in a null segment */
    uint32_t base;
    uint32_t limit; /* in bytes, G already applied */
};

#define ATTR_TYPE         0x000fu
#define ATTR_ACCESSED     0x0001u
#define ATTR_WRITABLE     0x0002u /* data; in code: readable */
#define ATTR_READABLE     0x0002u
#define ATTR_DOWN         0x0004u /* data: expand-down; in code: conforming */
#define ATTR_CONFORM      0x0004u
#define ATTR_CODE         0x0008u
#define ATTR_S            0x0010u
#define ATTR_DPL          0x0060u
#define ATTR_DPL_SHIFT    5
#define ATTR_P            0x0080u
#define ATTR_AVL          0x1000u
#define ATTR_L            0x2000u
#define ATTR_DB           0x4000u
#define ATTR_G            0x8000u
#define ATTR_DPL_OF(attr) (((attr)&ATTR_DPL) >> ATTR_DPL_SHIFT)

/* GDTR and IDTR. */
struct table_reg {
    uint32_t base;
    uint16_t limit;
};

/* Model-specific registers that the virtual CPU keeps; the rest answer by the model's policy. */
struct cpu_msrs {
    uint32_t sysenter_cs;
    uint64_t sysenter_esp; /* 64 bits can be written and read back; SYSENTER uses the low half */
    uint64_t sysenter_eip;
    uint64_t apic_base;
    uint64_t pat;
    uint64_t mtrr_def_type;
    uint64_t mtrr_fixed[11];
    uint64_t mtrr_var[16];
    uint64_t misc_enable;
    uint64_t mcg_status;
    uint64_t mcg_ctl;
    uint64_t mce_bank[40]; /* CTL, STATUS, ADDR, MISC of ten banks */
    uint64_t syscall[4];   /* STAR LSTAR CSTAR SFMASK: kept, though SYSCALL does not exist */
    uint64_t kernel_gs_base;
    uint64_t tsc_aux;
    uint64_t vm_hsave_pa;
};

/* What a change of the virtual CPU asks of whoever runs it on a real one. */
#define CHANGED_SEG(seg) (1u << (seg)) /* seg's hidden part or selector */
#define CHANGED_CPL      (1u << 8)
#define CHANGED_CR0      (1u << 9)
#define CHANGED_CR4      (1u << 10)
#define CHANGED_DR       (1u << 11)
#define CHANGED_ALL      0xfffu

/* One instruction without interrupts (STI), or without interrupts and debug traps (MOV/POP SS). */
enum shadow_kind { SHADOW_NONE, SHADOW_STI, SHADOW_MOV_SS };

/* The interpreter's TLB (tlb.h). */
#define CPU_TLB_PAGES 64u

struct cpu_tlb_page {
    uint32_t tag; /* linear address of the page and rights; 0: none */
    uint32_t generation;
    uint8_t *bytes;
};

/* Ways between rings that were gone before (known.h). */
#define CPU_KNOWN_GATES 16u

struct cpu_known_descriptor {
    const uint8_t *at; /* where it lies; NULL: nothing is known */
    uint64_t raw;
};

struct cpu_known_pair {
    uint32_t generation;
    struct table_reg gdtr;
    struct cpu_known_descriptor code, stack;
    struct segment cs, ss; /* what they give */
};

struct cpu_known_return {
    uint32_t lin; /* where the last frame was taken from */
    const uint8_t *frame;
    struct cpu_known_pair to;
};

struct cpu_known_gate {
    uint8_t vector, type;
    struct table_reg idtr;
    struct segment tr;
    struct cpu_known_descriptor gate;
    const uint8_t *tss_at; /* ESP0, SS0 */
    uint64_t tss;          /* what they were when the last frame was stored */
    uint8_t *stack;        /* and where its end was */
    uint32_t offset;
    uint32_t cleared; /* of EFLAGS */
    struct cpu_known_pair to;
};

struct cpu_tlb {
    const uint32_t *generation;
    struct cpu_tlb_page page[CPU_TLB_PAGES];
    struct cpu_known_return back;
    struct cpu_known_gate gate[CPU_KNOWN_GATES];
};

struct cpu_model;
struct insn;

/*
 * The last x87 instruction that ran through exec_native: the processor's FIP and FDP name the place
 * it ran at, the guest is to find its own. Instructions that ran elsewhere leave other values
 * there.
 */
struct x87_pointers {
    uint32_t ran_at, operand_at; /* set by exec_native: where it ran its last instruction */
    uint32_t fip_held, fdp_held; /* what the processor holds, when that is of exec_native; or 0 */
    uint32_t fip, fdp;
    uint16_t fcs, fds;
};

struct cpu {
    uint32_t gpr[GPR_COUNT + 1]; /* and GPR_ZERO */
    uint32_t eip;
    uint32_t eflags; /* as the guest would PUSHF it: virtual IF, IOPL, NT, VM ... */
    struct segment seg[SEG_COUNT];
    uint8_t cpl;
    uint8_t int_shadow; /* enum shadow_kind: in force for the *next* instruction */
    bool halted;        /* HLT executed, or an x87 exception made IRQ 13; no interrupt since */
    bool nmi_blocked;
    uint8_t breaks_due; /* data and I/O breakpoints that the current instruction met: DR6.B0..B3 */
    uint32_t changed;   /* CHANGED_*; set here, cleared by the caller who acted on it */
    struct table_reg gdtr;
    struct table_reg idtr;
    uint32_t cr0, cr2, cr3, cr4;
    uint64_t pdpte[4]; /* where policy.pdptes_loaded says so */
    uint32_t dr[8];
    struct cpu_msrs msr;
    struct x87_pointers x87;
    const struct cpu_model *model;
    struct cpu_tlb tlb; /* empty where nobody fills it */
};

/* An event to deliver: SDM vol. 3, 6.3 and 6.4. */
enum event_type {
    EVENT_HW_INT,    /* maskable external interrupt: EXT = 1, no error code */
    EVENT_NMI,       /* */
    EVENT_EXCEPTION, /* fault or trap raised by the processor: EXT = 1 for nested faults */
    EVENT_SOFT_INT,  /* INT n: gate DPL is checked */
    EVENT_SOFT_EXC,  /* INT3, INTO: gate DPL is checked */
    EVENT_PRIV_EXC,  /* ICEBP: gate DPL is not checked */
};

struct event {
    uint8_t vector;
    uint8_t type; /* enum event_type */
    bool has_error;
    uint32_t error;
    uint32_t cr2; /* EXC_PF only: goes into CR2 on delivery */
    /* EVENT_SOFT_INT, _EXC and EVENT_PRIV_EXC: bytes of the instruction that EIP is already past; a
     * fault while such an event is delivered points at the instruction itself. */
    uint8_t insn_length;
};

/* How one step of the virtual CPU ended. */
enum cpu_result {
    CPU_OK,       /* the instruction was executed, or the event it raised was delivered */
    CPU_FAULT,    /* nothing was changed but what the manual says; the event is in *event */
    CPU_SHUTDOWN, /* triple fault: the processor is in the shutdown state */
};

/* What an access is for. Without ACCESS_USER it has supervisor rights whatever the CPL. */
#define ACCESS_WRITE 1u
#define ACCESS_USER  2u
#define ACCESS_FETCH 4u
#define ACCESS_RMW   8u /* a read that must also be writable (first half of a read-modify-write) */

/*
 * The processor's way to the outside. `world` is handed back unchanged. Memory calls take linear
 * addresses (32 bit, wrapping at 4 GiB) and return true, or false with *fault filled in (EXC_PF
 * with error code and CR2) and no byte transferred: an access that spans two pages is all or
 * nothing.
 */
struct cpu_ops {
    bool (*read)(void *world, uint32_t lin, void *buf, unsigned len, unsigned access,
                 struct event *fault);
    bool (*write)(void *world, uint32_t lin, const void *buf, unsigned len, unsigned access,
                  struct event *fault);
    uint32_t (*in)(void *world, uint16_t port, unsigned size);
    void (*out)(void *world, uint16_t port, unsigned size, uint32_t value);
    uint64_t (*rdtsc)(void *world);
    void (*wrtsc)(void *world, uint64_t value);
    /* CR0, CR3 or CR4 was written such that translations may have changed: all are dropped. */
    void (*flush_tlb)(void *world);
    void (*invlpg)(void *world, uint32_t lin);
    /* Guest-physical memory; absent memory reads as on the native machine. */
    void (*read_physical)(void *world, uint64_t gpa, void *buf, unsigned len);
    /*
     * Runs an x87/MMX/SSE instruction, or one whose result the manual leaves to the processor, on a
     * real one: `bytes` with its memory operand (if any) placed at `mem` (`mem_len` bytes, read
     * before and written back after). Uses and updates cpu->gpr and the status flags; says in
     * cpu->x87 where it ran. Returns true, or false with the exception it raised in *fault.
     */
    bool (*exec_native)(void *world, struct cpu *cpu, const struct insn *insn, void *mem,
                        unsigned mem_len, struct event *fault);
    /* Optional: an x87 exception is pending and CR0.NE is clear (the FERR# pin). */
    void (*fpu_error)(void *world);
    /*
     * Optional: the bytes of the page at linear address `lin` (a multiple of its size), when
     * accesses of this kind (ACCESS_*) may be made to them without asking, until
     * cpu_cache_config.generation changes; else NULL, and read() or write() is asked each time. One
     * page of memory has one address here, under whatever linear address it is seen.
     */
    uint8_t *(*page)(void *world, uint32_t lin, unsigned access);
    /* Optional: an event is about to be delivered, to the state that `cpu` has. */
    void (*entered)(void *world, const struct cpu *cpu, const struct event *event);
};

static inline struct event exception(uint8_t vector)
{
    return (struct event){.vector = vector, .type = EVENT_EXCEPTION};
}

static inline struct event exception_error(uint8_t vector, uint32_t error)
{
    return (struct event){
        .vector = vector, .type = EVENT_EXCEPTION, .has_error = true, .error = error};
}

/* True in real-address mode (and not in virtual-8086 mode). */
static inline bool cpu_real_mode(const struct cpu *cpu)
{
    return !(cpu->cr0 & CR0_PE);
}

static inline bool cpu_v86(const struct cpu *cpu)
{
    return cpu->eflags & EFLAGS_VM;
}

/* True where instructions are 32-bit by default (CS.D). */
static inline bool cpu_code32(const struct cpu *cpu)
{
    return cpu->seg[SEG_CS].attr & ATTR_DB;
}

#endif
