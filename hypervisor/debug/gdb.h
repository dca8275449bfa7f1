/* A gdb session: the remote protocol's target is a VM. */
#ifndef UMBRA_HYPERVISOR_DEBUG_GDB_H
#define UMBRA_HYPERVISOR_DEBUG_GDB_H

#include <stdbool.h>
#include <stdint.h>

struct vm;

/* True while the line is gdb's. */
bool gdb_active(void);
/* The line speaks the remote protocol from now on; the VM is paused. */
void gdb_begin(struct vm *vm);
/* A byte from the line. */
void gdb_take(uint8_t byte);
/* Tells gdb when the VM that it resumed has stopped or ended. */
void gdb_poll(void);

#endif
