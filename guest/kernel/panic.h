/* The end of the kernel, told in detail. */
#ifndef PANIC_H
#define PANIC_H

#include "trap.h"

/** Print the message and a backtrace; end the machine as failed. */
__attribute__((noreturn, format(printf, 1, 2))) void panic(const char *format, ...);

/** The same with the registers of the trap that caused it. */
__attribute__((noreturn)) void panic_trap(const struct trap_frame *f, const char *message);

/** Entry of the double fault task. */
__attribute__((noreturn)) void panic_double_fault(void);

#endif
