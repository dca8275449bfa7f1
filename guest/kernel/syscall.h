/* System calls: a table from number to function. */
#ifndef SYSCALL_H
#define SYSCALL_H

#include "trap.h"

/** Do what the frame's registers ask for; the result for EAX. */
int syscall_dispatch(struct trap_frame *f);

/** System calls made so far. */
uint32_t syscall_count(void);

#endif
