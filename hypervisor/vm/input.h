/* What a person types, on its way from the host's serial line to the VM that owns the console. */
#ifndef UMBRA_HYPERVISOR_VM_INPUT_H
#define UMBRA_HYPERVISOR_VM_INPUT_H

#include <stdbool.h>

struct vm;

/* Takes what the host's serial line has received into the monitor's buffer. */
void input_collect(void);
/* The same, if COM1 is among the interrupts that arrived (a bit each); COM2's is passed on. */
void input_interrupt(unsigned irqs);
/* Offers what is buffered to the guest's receiver, as much as it takes. */
void input_feed(struct vm *vm);
/* True while there is something that the guest has not taken. */
bool input_waiting(const struct vm *vm);

#endif
