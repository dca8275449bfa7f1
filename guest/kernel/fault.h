/* Faults: resolving those that memory management expects, and telling of those it does not. */
#ifndef FAULT_H
#define FAULT_H

#include "trap.h"

/** Resolve a page fault (demand zero, copy on write), fail a guarded copy, or stop the offender. */
void fault_page(struct trap_frame *f, uint32_t address);

/** A process did what it must not: print who and why, and end it. */
void fault_stop_process(struct trap_frame *f);

/** Mnemonic of an exception, as "#GP". */
const char *fault_name(uint32_t vector);

#endif
