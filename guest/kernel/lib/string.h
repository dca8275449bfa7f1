/* Memory and string functions, compiled once into the kernel and once into the programs. */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include <stddef.h>

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int value, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);

/** Copy a string into a buffer of `size` bytes, cut if need be; always ends in a zero byte. */
void string_copy(char *to, const char *from, size_t size);

/** Read a decimal number; stops at the first character that is no digit. */
unsigned string_number(const char *s);

#endif
