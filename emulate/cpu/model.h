/*
 * What differs from processor to processor, as data: CPUID leaves, which bits stick, and where the
 * machines that Umbra compares itself with (QEMU's TCG, Bochs, silicon) disagree.
 */
#ifndef UMBRA_EMULATE_CPU_MODEL_H
#define UMBRA_EMULATE_CPU_MODEL_H

#include <stdbool.h>
#include <stdint.h>

struct cpuid_leaf {
    uint32_t leaf;
    uint32_t subleaf;
    uint32_t eax, ebx, ecx, edx;
};

/* Where machines differ; each field names the question it answers "yes" to. */
struct cpu_policy {
    bool checks_segments;      /* data segment limit, type and null checks raise #GP/#SS */
    bool checks_alignment;     /* #AC under CR0.AM and EFLAGS.AC at CPL 3 */
    bool asks_processor;       /* results and flags that the manual leaves undefined are those of
                                  exec_native (else they are computed as TCG does) */
    bool enter_probes_stack;   /* ENTER faults when it could not push below its frame */
    bool enter_ebp_by_opsize;  /* ENTER loads EBP by its operand size (else by that of the stack) */
    bool test_has_alias;       /* F6 /1 and F7 /1 are TEST too (else #UD) */
    bool cr_ud_first;          /* MOV of a CR or DR that does not exist: #UD before #GP(0) */
    bool call_pushes_first;    /* CALL stores the return address before it looks at the CS limit */
    bool returns_read_down;    /* RETF and IRET read their frame from its upper end */
    bool ret_count_signed;     /* RET and RETF sign-extend the number of bytes to drop */
    bool pusha_from_top;       /* PUSHA stores EAX first (else EDI) */
    bool sreg_on_stack_is_two; /* 32-bit PUSH and POP of a sreg move 2 bytes (else 4) */
    bool rmw_reads_first; /* a read-modify-write without LOCK faults as a read, then as a write */
    bool arpl_always_writes;  /* ARPL stores a selector that it leaves alone, too */
    bool bound_reads_both;    /* BOUND reads the upper bound even when the lower is violated */
    bool lar_shows_limit;     /* LAR stores limit bits 19..16 too */
    bool rep_suspends;        /* between iterations of a repeated string instruction RF is set and
                                 the status flags are those from before it (else as they stand) */
    bool long_operand_ends;   /* of a long operand the ends are tried first: FXSAVE and FXRSTOR the
                                 last byte, environments the first item and the last byte */
    bool mf_before_memory;    /* a pending x87 exception comes before the operand's faults */
    bool rf_in_fault_frames;  /* EFLAGS.RF = 1 in the frame of a fault */
    bool rf_until_branch;     /* RF stays set until a branch or a sensitive instruction, but
                                 under TF and breakpoints on memory (else for one instruction) */
    bool icebp_is_db;         /* F1 raises #DB (else #UD) */
    bool lock_checked;        /* LOCK on an instruction that cannot take it is #UD */
    bool dr7_gd;              /* DR7.GD traps MOV DR */
    bool rsvd_pf_has_p;       /* a reserved-bit #PF has P set too */
    bool pdptes_loaded;       /* PAE: CR3, CR0, CR4 writes load and check the four PDPTEs (else a
                                 walk reads them from memory like any entry) */
    bool unknown_msr_gp;      /* an unknown MSR raises #GP(0) (else reads 0, writes ignored) */
    bool rdpmc_is_ud;         /* RDPMC at CPL 0 is #UD */
    bool cr0_keeps_reserved;  /* reserved CR0 bits read back as written; NW without CD too */
    bool far_sets_accessed;   /* far transfers, IRET and events set the accessed bits */
    bool ext_in_errors;       /* error codes of nested faults have EXT = 1 */
    bool gate16_has_offset32; /* 16-bit gates use offset bits 31..16 too */
    bool ltr_null;            /* LTR of a null selector is accepted */
    bool call_limit_selector; /* far CALL past the CS limit: #GP(selector), else #GP(0) */
    bool jump_gate_np_is_gp;  /* JMP gate to a not-present segment: #GP, else #NP */
    bool inner_ss_np_is_ts;   /* not-present inner stack: #TS, else #SS */
    bool iret_ss_np_is_np;    /* not-present outer stack: #NP, else #SS */
    bool null_keeps_base;     /* a segment register nulled by an outer return keeps its base */
    bool table16_masks_base;  /* SGDT and SIDT with a 16-bit operand store 24 bits of base */
    bool segment_base_msrs;   /* MSRs C0000100h and C0000101h are the bases of FS and GS */
    bool tsc_msr;             /* MSR 10h is the TSC (else reads 0, writes ignored) */
    bool all_data_breaks;     /* DR6 shows every data breakpoint an instruction met (else one) */
    bool io_break_after_insn; /* an I/O breakpoint traps behind a whole iteration, with BS under
                                 TF (else at once: RF not cleared, REP not counted and left) */
    bool has_vme;             /* CR4.VME and CR4.PVI work */
    bool mov_ss_holds_breaks; /* data breakpoints of MOV SS trap behind the next instruction */
    bool steps_sti_hlt;       /* TF raises #DB after STI and HLT too */
    bool task_fault_in_new;   /* EIP of a fault by the new task's selectors is that of the new
                                 task (else of the instruction that switched) */
    bool task16_keeps_upper;  /* a 16-bit TSS leaves the upper halves of the general registers to
                                 the new task (else they are all ones) */
    bool task_traps;          /* the T bit of a TSS raises #DB in the new task (else ignored) */
    bool em_is_nm;            /* CR0.EM: #NM for MMX and SSE too (else #UD) */
    bool emms_unchecked;      /* EMMS runs whatever CR0.EM and CR0.TS say */
};

/* A model-specific register: a run of `count` consecutive numbers kept in struct cpu_msrs. */
struct msr_range {
    uint32_t first;
    uint16_t count;
    uint16_t offset; /* in struct cpu_msrs */
    uint8_t size;    /* of one register there: 4 or 8 bytes */
    uint8_t rule;    /* enum msr_rule */
    uint64_t mask;   /* bits that a write keeps */
    uint64_t reset;
};

/* What a write that `mask` alone does not describe does. */
enum msr_rule {
    MSR_PLAIN,
    MSR_ALL_OR_NOTHING, /* kept when all zeros or all ones, ignored otherwise */
    MSR_MCE_BANK,       /* every fourth one (CTL) as MSR_ALL_OR_NOTHING, the rest plain */
    MSR_PAGE_ADDRESS,   /* #GP(0) when `mask` is violated */
};

/* An MSR that always reads the same and whose writes are ignored. */
struct msr_const {
    uint32_t index;
    uint64_t value;
};

#define CPUID_ANY_SUBLEAF 0xffffffffu

struct cpu;

struct cpu_model {
    const char *name;
    const struct cpuid_leaf *cpuid;
    unsigned cpuid_count;
    uint32_t cpuid_max_basic;
    uint32_t cpuid_max_extended;
    uint32_t cr4_valid;    /* CR4 bits that can be set; any other is #GP(0) */
    uint32_t eflags_valid; /* bits that POPF at CPL 0 can change, RF and VM excluded */
    uint32_t reset_edx;    /* family, model, stepping: EDX at reset */
    const struct msr_range *msr;
    unsigned msr_count;
    const struct msr_const *msr_const;
    unsigned msr_const_count;
    const struct msr_const *msr_boot; /* set by the BIOS before it hands over */
    unsigned msr_boot_count;
    uint32_t dr6_zeros, dr7_zeros; /* bits that cannot be set */
    struct cpu_policy policy;
};

/* Puts the MSRs in their reset state. */
void msr_reset(struct cpu *cpu);
/* Puts in what the BIOS writes to MSRs (MTRRs) before it starts a boot loader. */
void msr_set_by_firmware(struct cpu *cpu);

/* QEMU's `-cpu pentium3,-apic,-hypervisor,tcg-cpuid=off` under TCG: the native half of every
 * comparison. */
extern const struct cpu_model cpu_model_pentium3_tcg;

extern const struct cpu_policy cpu_policy_silicon;

#endif
