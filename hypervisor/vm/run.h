/* Running a VM on the processor. */
#ifndef UMBRA_HYPERVISOR_VM_RUN_H
#define UMBRA_HYPERVISOR_VM_RUN_H

#include <stdbool.h>

struct vm;

/* Runs the VM until its slice is over (vm->slice_end), it waits for an interrupt, or it ends. */
void vm_run(struct vm *vm);

/* Executes one instruction, by the interpreter and without interrupts; where the processor is
 * halted, delivers the interrupt that wakes it instead. */
void vm_step(struct vm *vm);

/* True when its processor is halted and nothing wakes it now. */
bool vm_waits(struct vm *vm);
/* True when its processor is halted and nothing ever will: HLT with IF = 0. */
bool vm_dead(const struct vm *vm);

/* Brings the board up to the virtual clock, and feeds it what was typed. */
void vm_tick(struct vm *vm);
/* The board's timers may have been reprogrammed, or the slice has changed: asks anew when the run
 * loop has to look at them. */
void vm_reschedule(struct vm *vm);

#endif
