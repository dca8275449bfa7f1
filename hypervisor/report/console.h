/* What the monitor itself has to say: debugcon (port E9h) and COM2. COM1 belongs to the guest. */
#ifndef UMBRA_HYPERVISOR_REPORT_CONSOLE_H
#define UMBRA_HYPERVISOR_REPORT_CONSOLE_H

#include <stdarg.h>
#include <stdbool.h>

/* Finds out which of the two are there. */
void console_init(void);

/* printf with %c %s %d %i %u %x %X %p %%, the flags 0 - and #, width, precision (of %s; both may be
 * *), and the lengths hh h l ll z. */
void console_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
void console_vprintf(const char *format, va_list args) __attribute__((format(printf, 1, 0)));

/* Messages go to put() as well as to debugcon, or (`only`) to it alone: the answer to a command.
 * Until the first call it is COM2; NULL for no second channel. */
void console_mirror(void (*put)(char c), bool only);

/* Ends QEMU through isa-debug-exit (its exit status is 2 * code + 1), or Bochs; halts the processor
 * of other machines. */
void host_exit(unsigned code) __attribute__((noreturn));

#endif
