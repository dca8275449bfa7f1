/* Running a VM, or that part of its code which cannot run natively, by the interpreter. */
#ifndef UMBRA_HYPERVISOR_VM_INTERPRET_H
#define UMBRA_HYPERVISOR_VM_INTERPRET_H

#include <stdint.h>

struct vm;

/* Interprets until the board wants attention, an instruction was sensitive, or some thousand were
 * executed. */
void interpret(struct vm *vm);

/* `count` interpreted instructions, or interrupts: now and then the host's serial lines are looked
 * at (nothing else tells of them: the monitor runs with IF = 0). */
void interpret_count(struct vm *vm, uint64_t count);

#endif
