/*
 * What the instruction groups share while they execute one instruction. Private to emulate/cpu.
 *
 * Every function that returns bool returns true when it is done, or false with x->fault filled in;
 * the caller then just returns false too. cpu_execute() restores general registers, EIP and EFLAGS
 * when a handler fails, so a handler only has to take care that what it did to memory and to hidden
 * state comes last.
 */
#ifndef UMBRA_EMULATE_CPU_STEP_H
#define UMBRA_EMULATE_CPU_STEP_H

#include "cpu.h"
#include "exec.h"
#include "insn.h"
#include "model.h"

struct step {
    struct cpu *cpu;
    const struct cpu_ops *ops;
    void *world;
    const struct insn *insn;
    uint32_t next_eip;  /* EIP after this instruction; branches overwrite it */
    uint32_t eflags;    /* before this instruction */
    bool keeps_gpr;     /* a fault leaves the general registers as they are by then */
    bool task_switched; /* a fault from here on belongs to the new task */
    bool task_trap;     /* the T bit of the new task's TSS asks for a debug trap */
    bool trapped;       /* the debug trap behind this instruction is dealt with */
    struct event fault;
};

/* fault.c: each records the exception and returns false, so that `return raise(...)` reads well.
 * Cold: the compiler keeps the way of an instruction that does not fault straight. */
__attribute__((cold)) bool raise(struct step *x, uint8_t vector);
__attribute__((cold)) bool raise_error(struct step *x, uint8_t vector, uint32_t error);
static inline bool raise_gp0(struct step *x)
{
    return raise_error(x, EXC_GP, 0);
}

/*
 * memory.c: accesses by segment and 32-bit offset, with the rights of the current CPL. `size` is 1
 * to 16 bytes. Limit, type and null checks follow the model's policy.
 */
bool read_mem(struct step *x, unsigned seg, uint32_t offset, void *buf, unsigned size);
bool read_mem_rmw(struct step *x, unsigned seg, uint32_t offset, void *buf, unsigned size);
/* For what is stored without having been read: faults as that store would. */
bool claim_mem(struct step *x, unsigned seg, uint32_t offset, void *buf, unsigned size);
bool write_mem(struct step *x, unsigned seg, uint32_t offset, const void *buf, unsigned size);
/* The checks of the segment alone. */
bool check_segment(struct step *x, unsigned seg, uint32_t offset, unsigned size, bool write);
/* True where an access that is not aligned raises #AC (SDM vol. 3, 6.15). */
static inline bool alignment_checked(const struct cpu *cpu)
{
    return (cpu->eflags & EFLAGS_AC) && (cpu->cr0 & CR0_AM) && cpu->cpl == 3 &&
           cpu->model->policy.checks_alignment;
}

/* stack.c: the stack of SS:ESP or SS:SP by SS.B; `size` is 2 or 4. ESP moves only on success. */
bool push(struct step *x, uint32_t value, unsigned size);
bool pop(struct step *x, uint32_t *value, unsigned size);
/* Reads the `index`-th `size`-byte item above the stack top without popping it. */
bool peek(struct step *x, unsigned index, uint32_t *value, unsigned size);
/* Adds to ESP or SP, as SS.B says. */
void move_sp(struct cpu *cpu, int32_t delta);

/* operand.c: operand n (0 = destination) as the opcode table describes it. */
uint32_t effective_offset(const struct step *x);  /* of the ModRM memory operand, adsize applied */
unsigned effective_segment(const struct step *x); /* override, or SS for EBP/ESP bases, or DS */
unsigned operand_size(const struct step *x, unsigned n); /* 1, 2 or 4 */
bool read_operand(struct step *x, unsigned n, uint32_t *value);
bool read_operand_rmw(struct step *x, unsigned n, uint32_t *value);
bool write_operand(struct step *x, unsigned n, uint32_t value);
/* The far pointer that ModRM names: its offset first, then its selector. */
bool read_far_pointer(struct step *x, uint16_t *selector, uint32_t *offset);
uint32_t get_reg(const struct cpu *cpu, unsigned reg, unsigned size); /* size 1: AL..BH */
void set_reg(struct cpu *cpu, unsigned reg, unsigned size, uint32_t value);

/* branch.c: what RET and RETF with a count drop from the stack behind the return address. */
uint32_t released_bytes(const struct step *x);

/* string.c: leaves EIP on a repeated instruction, with what the machine shows between iterations.
 */
void suspend_rep(struct step *x);

/* segment.c: descriptors and segment registers. */
struct descriptor {
    uint32_t lo, hi; /* as in memory */
    uint32_t lin;    /* where it stands in the guest's table */
};
/* Sets the accessed bit in the guest's table when it is clear. */
bool mark_accessed(struct step *x, struct descriptor *d);
/* MOV/POP/LxS to DS ES FS GS SS with every check; not CS. */
bool load_segment(struct step *x, unsigned seg, uint16_t selector);
/* Real mode and virtual-8086 mode: base = selector * 16. */
void load_segment_real(struct cpu *cpu, unsigned seg, uint16_t selector);
/* Sets the hidden part and tells the runner. */
static inline void set_segment(struct cpu *cpu, unsigned seg, struct segment value)
{
    cpu->seg[seg] = value;
    cpu->changed |= CHANGED_SEG(seg);
}
static inline void set_cpl(struct cpu *cpu, uint8_t cpl)
{
    if (cpu->cpl == cpl)
        return;
    cpu->cpl = cpl;
    cpu->changed |= CHANGED_CPL;
}
/* After a return to an outer ring: DS ES FS GS that the new CPL may not hold become null. */
void drop_privileged_segments(struct cpu *cpu);

/* flags.c */
/* What POPF and IRET may change at this CPL and IOPL, by operand size (SDM vol. 2, POPF). */
void load_eflags(struct cpu *cpu, uint32_t value, unsigned size);

/* Virtual-8086 mode extensions (SDM vol. 3, 20.3): in force; FLAGS with VIF as IF and IOPL 3; and
 * the way back, #GP(0) for TF or an IF that VIP forbids. */
bool vme_active(const struct cpu *cpu);
uint32_t virtual_flags(const struct cpu *cpu);
bool load_virtual_flags(struct step *x, uint32_t value);

/* io.c: IOPL and I/O bitmap (SDM vol. 1, 19.5); true when the port may be used. */
bool io_allowed(struct step *x, uint16_t port, unsigned size);

/* control.c: refuses with #GP(0) unless CPL = 0. */
bool require_cpl0(struct step *x);
/* Loads the PDPTE registers where PAE paging holds with these values (SDM vol. 3, 4.4.1); #GP(0),
 * and nothing loaded, when one has a reserved bit. */
bool load_pdptes(struct step *x, uint32_t cr0, uint32_t cr3, uint32_t cr4);

/* exec.c: one handler an operation; a null entry is not interpreted (and raises #UD). */
extern const op_handler op_handlers[];

#endif
