/* A virtual CPU on the real one: what the guest believes, and what the processor holds for it. */
#ifndef UMBRA_HYPERVISOR_VM_VCPU_H
#define UMBRA_HYPERVISOR_VM_VCPU_H

#include <stdbool.h>
#include <stdint.h>

#include "emulate/cpu/cpu.h"
#include "hypervisor/cpu/trap_frame.h"
#include "shadow_pt/shadow.h"

struct vm;
struct site;

/* vcpu->space of a view when it was loaded last. */
struct code_space {
    uint64_t name;
    uint32_t generation; /* of translations: what `name` names has changed since, where it has */
};

/*
 * How CS and SS were placed when a view was entered last. It holds for these two segments until a
 * slot of the guest's own tables changes (user view), or another VM or an entry with other segments
 * uses the monitor's slots: whoever does that clears `known`.
 */
struct placed {
    bool known;
    uint16_t cs, ss;           /* real selectors */
    struct segment segment[2]; /* CS and SS: side by side as in struct cpu */
    uint64_t slot[2];          /* what the monitor's slots held */
};

struct vcpu {
    struct cpu cpu; /* the exit stub stores the general registers into cpu.gpr */
    struct vm *vm;
    uint64_t host_rsp;       /* the monitor's stack while the guest runs */
    struct trap_frame frame; /* the entry stub's pushes land here */

    struct {
        uint64_t cr0, cr4;
    } control[2]; /* by view: what the processor holds while it is shown */
    struct {
        struct segment segment;
        uint64_t descriptor;
    } native[2][2]; /* by view: CS and SS as last placed, and their descriptors */

    struct placed placed[2]; /* by view */
    enum shadow_view view;   /* of the last entry: which picture the processor was shown */
    bool interpreted;        /* its code cannot run natively now */
    uint8_t odd_selectors; /* a bit for each segment register whose selector the real one refuses */
    uint32_t tlb_generation;     /* counts the flushes of the real TLB */
    uint64_t space;              /* names root and generation: what is known of code holds in it */
    struct code_space spaces[2]; /* by view */
    struct site *emulated;       /* the last instruction that was */
    uint64_t loaded_cr0, loaded_cr4;
    uint64_t loaded_root;        /* in CR3; 0: none of this VM's */
    uint32_t entry_eip;          /* EIP at the last entry: unchanged at an exit means no progress */
    uint16_t entry_cs, entry_ss; /* real selectors at the last entry of user code */
};

/*
 * Makes the real processor hold the virtual CPU's state: view, root, segment registers, control
 * and debug registers, and the frame that IRETQ takes. Cheap when nothing changed.
 */
void vcpu_load(struct vcpu *vcpu);

/* The view in which the code at CS:EIP runs. */
static inline enum shadow_view vcpu_view(const struct vcpu *vcpu)
{
    return vcpu->cpu.cpl == 3 ? VIEW_USER : VIEW_KERNEL;
}

/* After an exit: EIP, ESP, EFLAGS and, from user code, segment registers go back to vcpu->cpu. */
void vcpu_store(struct vcpu *vcpu);

/* Another VM used the processor, or nobody yet: the next vcpu_load() loads everything. */
void vcpu_invalidate(struct vcpu *vcpu);

/* From now on traps of CPL 3 land in this vCPU's frame. */
void vcpu_enter_here(struct vcpu *vcpu);

/* Takes what is this vCPU's out of the processor, before another one gets it. */
void vcpu_leave(struct vcpu *vcpu);

/*
 * Sees to it that vcpu->interpreted says whether the code at CS:EIP cannot run natively at all
 * (real mode, virtual-8086 mode, 16-bit kernel code, a 16-bit stack). Cheap when nothing changed.
 */
void vcpu_choose_engine(struct vcpu *vcpu);

/* True when user code runs from code views, too (user=exposed). */
bool vcpu_exposes_user(const struct vcpu *vcpu);

/* Forgets what is known of code (sites.h). */
void vcpu_forget_code(struct vcpu *vcpu);

/* Makes CR3 hold the current root, and forgets translations that are no longer good. */
void vcpu_load_root(struct vcpu *vcpu);

#endif
