/* Single instructions on the real processor, on behalf of the interpreter. */
#ifndef UMBRA_HYPERVISOR_VM_NATIVE_H
#define UMBRA_HYPERVISOR_VM_NATIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "emulate/cpu/cpu.h"
#include "hypervisor/cpu/gdt.h"

/* Sets up the address space in which they run. */
void native_init(void);

/* As cpu_ops.exec_native: runs one instruction at CPL 3 on a scratch page. */
bool native_execute(struct cpu *cpu, const struct insn *insn, void *mem, unsigned mem_len,
                    struct event *fault);

/* Where native_try() runs its instruction, and memory that it may write. */
#define NATIVE_DATA 0x1000u
#define NATIVE_CODE 0x2000u
#define NATIVE_FILL 0xa5a5a5a5u /* what that memory holds */
/* A flat data segment. */
#define NATIVE_DATA_SELECTOR SELECTOR(SLOT_GUEST_SS, 3)

/* An instruction to see what the processor makes of it. */
struct native_try {
    const char *code;
    unsigned length;
    uint32_t eax, esp;
    uint32_t eflags; /* beside the fixed bits */
    uint32_t cr0;    /* CR0_EM, CR0_AM: set while it runs */
};

struct native_outcome {
    bool done; /* else `vector` was raised */
    unsigned vector;
    uint32_t error, cr2, eflags, eax;
    uint32_t below; /* the four bytes below the stack pointer it began with, if that is in memory */
};

/* Runs one instruction at CPL 3, and all that it may do is fault. */
void native_try(const struct native_try *try, struct native_outcome *outcome);

/* Ticks from clock_start() to clock_stop() around a guest that traps at once: the least of a few
 * tries. */
uint64_t native_entry_cost(void);

#endif
