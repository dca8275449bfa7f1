/* A virtual machine: one vCPU, its memory, its board, its shadows and its books. */
#ifndef UMBRA_HYPERVISOR_VM_VM_H
#define UMBRA_HYPERVISOR_VM_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "emulate/cpu/engine.h"
#include "emulate/pc/board.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/load/image.h"
#include "hypervisor/report/counters.h"
#include "hypervisor/report/trace.h"
#include "hypervisor/vm/clock.h"
#include "hypervisor/vm/descriptors.h"
#include "hypervisor/vm/guest_memory.h"
#include "hypervisor/vm/keys.h"
#include "hypervisor/vm/lockstep.h"
#include "hypervisor/vm/poll.h"
#include "hypervisor/vm/sites.h"
#include "hypervisor/vm/text.h"
#include "hypervisor/vm/vcpu.h"
#include "hypervisor/vm/run.h"
#include "hypervisor/vm/views.h"
#include "shadow_pt/shadow.h"

#define VM_MAX 8

enum vm_state {
    VM_RUNNING,
    VM_PAUSED,      /* by a person or a debugger: its clock stands still */
    VM_POWERED_OFF, /* by its own hand: exit_code */
    VM_RESET,       /* the guest asked for a reset: reloaded before it runs on */
    VM_ENDED,
};

struct debug;

struct vm {
    struct vcpu vcpu;
    struct vm_config config;
    enum vm_state state;
    unsigned resets;
    uint32_t exit_code; /* what the guest wrote to isa-debug-exit */
    struct guest_memory memory;
    struct vm_image image; /* the pristine kernel: a reset boots it again */
    struct pc pc;
    struct shadow *shadow;
    const uint32_t *generation; /* shadow_generation() */
    struct code_views views;
    struct descriptor_views descriptors;
    struct sites sites;
    struct cpu_cache *cache; /* code of the engine that interprets */
    bool ran_natively;       /* since the cache was used last: nobody told it of stores */
    struct vm_clock clock;
    struct poll poll;
    struct lockstep lockstep;
    uint64_t slice_end;   /* virtual ticks; CLOCK_NEVER while no other VM wants the processor */
    uint64_t slice_tsc;   /* host TSC at which it ends whatever the guest's clock says */
    uint64_t alarm;       /* virtual ticks that the host's timer is armed for, or CLOCK_NEVER */
    uint64_t attention;   /* virtual ticks at which the run loop has to look at board and slice */
    uint64_t interpreted; /* instructions and interrupts: see look_now_and_then() */
    uint64_t screen_due;  /* virtual ticks at which its screen is looked at */
    uint64_t next_tick;   /* virtual ticks at which the board wants pc_tick() */
    struct counters counters;
    struct trace trace;
    bool fpu_stale;         /* the processor holds what a reset has made void */
    struct fxsave_area fpu; /* while another VM runs */
    struct debug *debug;    /* an attached debugger (hypervisor/debug/debug.h), or NULL */
    bool owns_console;      /* its COM1 is the host's */
    struct text_line line;  /* COM1 of a VM that does not, until its newline */
    struct keys keys;       /* what is typed, when its screen is on the serial line */
    unsigned keys_pending;
};

/* The VM of a vCPU, for where each load counts: it is vcpu->vm. */
static inline struct vm *vm_of(const struct vcpu *vcpu)
{
    return (struct vm *)((uintptr_t)vcpu - offsetof(struct vm, vcpu));
}

/* True when the guest's processor would take an interrupt now, but for an interrupt shadow. */
static inline bool vm_interrupt_due(const struct vm *vm)
{
    return (vm->vcpu.cpu.eflags & EFLAGS_IF) && pc_intr(&vm->pc);
}

/*
 * Makes a VM out of a configuration and its image: memory, board, shadows. Returns NULL with
 * *error when the host has not enough memory; nothing is kept then.
 */
struct vm *vm_create(const struct vm_config *config, const struct vm_image *image,
                     struct load_error *error);

/* Puts the VM in the state in which the boot loader hands it to its kernel. */
void vm_boot(struct vm *vm);

/* The guest asked for a reset, or its processor shut down: boots its pristine image again; ends it
 * when that happens too often to be meant. */
void vm_restart(struct vm *vm);

/* Ends a VM with a line that says why (a sentence without a full stop), and prints its counts. */
void vm_end(struct vm *vm, const char *why);

#endif
