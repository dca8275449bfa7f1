/* printf's formatting, one character at a time. */
#ifndef UMBRA_HYPERVISOR_REPORT_FORMAT_H
#define UMBRA_HYPERVISOR_REPORT_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/* Calls put(target, c) for every character of the text. The conversions are those that
 * console_printf() names. */
void format_text(void (*put)(void *target, char c), void *target, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

/* snprintf: writes at most `size` bytes, the terminator included; returns the length of the whole
 * text. */
size_t format_buffer(char *buffer, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
