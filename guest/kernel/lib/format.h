/* The printf family's engine, shared by the kernel and the programs. */
#ifndef LIB_FORMAT_H
#define LIB_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/**
 * Format into a buffer of `size` bytes, which always ends in a zero byte.
 * Knows %s %c %d %u %x %llu %%, a width, and the flags '-' and '0'.
 * Returns the number of characters stored.
 */
size_t format_va(char *buffer, size_t size, const char *format, va_list args);

__attribute__((format(printf, 3, 4))) size_t format(char *buffer, size_t size, const char *format,
                                                    ...);

#endif
