/* Single instructions on the real processor, on behalf of the interpreter. */
#ifndef UMBRA_HYPERVISOR_VM_NATIVE_H
#define UMBRA_HYPERVISOR_VM_NATIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "emulate/cpu/cpu.h"

/* Sets up the address space in which they run. */
void native_init(void);

/* As cpu_ops.exec_native: runs one instruction at CPL 3 on a scratch page. */
bool native_execute(struct cpu *cpu, const struct insn *insn, void *mem, unsigned mem_len,
                    struct event *fault);

/* Ticks from clock_start() to clock_stop() around a guest that traps at once: the least of a few
 * tries. */
uint64_t native_entry_cost(void);

#endif
