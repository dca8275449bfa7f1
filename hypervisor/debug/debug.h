/*
 * The second serial line (COM2): the monitor's prompt, and gdb's remote protocol. One debugger at a
 * time, for one VM.
 *
 * What a debugger sets is invisible to the guest. Breakpoints in kernel code are offsets of code
 * views that must trap; breakpoints in user code and watchpoints are debug registers of the real
 * processor that the guest does not use; emulated instructions and accesses are compared with the
 * list. What neither can do is done by running the whole VM in the interpreter.
 *
 * These are the hooks of the rest of the monitor. vm->debug is NULL while no debugger is attached.
 */
#ifndef UMBRA_HYPERVISOR_DEBUG_DEBUG_H
#define UMBRA_HYPERVISOR_DEBUG_DEBUG_H

#include <stdbool.h>
#include <stdint.h>

struct vm;

/* --- the line ----------------------------------------------------------------------------------
 */

/* Takes COM2, when there is one; VMs with gdb=wait stand still from here on. */
void debug_init(struct vm *const *vms, unsigned count);
/* COM2 has something for us: debug_poll() looks at it. */
void debug_notice(void);
/* True when it has; for where no interrupt tells of it. */
bool debug_called(void);
/* Between two VMs' runs: executes what was typed or asked for, tells gdb what has stopped. */
void debug_poll(void);

/* --- a VM that is being debugged (vm->debug is not NULL) ----------------------------------------
 */

/* Before an instruction is emulated. True when it has a breakpoint: the VM is paused, and the
 * instruction must not be executed. */
bool debug_meets_breakpoint(struct vm *vm);
/* After an emulated access to `length` bytes at linear address gva. */
void debug_accessed(struct vm *vm, uint32_t gva, unsigned length, bool write);
/* Translations have changed: decides anew what catches which point. */
void debug_plan(struct vm *vm);
/* Adds the debugger's to the real debug registers, which hold the guest's. */
void debug_load_registers(struct vm *vm);
/* A #DB with these bits of DR6: takes out the debugger's (the VM is paused then), returns those
 * that are the guest's. */
uint32_t debug_take_trap(struct vm *vm, uint32_t dr6);
/* Does the step that the debugger asked for; false when it asked for none. */
bool debug_step(struct vm *vm);

#endif
