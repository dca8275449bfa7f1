/* The parts of <string.h> that the monitor, and gcc on its own, use. */
#include <string.h>

#include <stdint.h>

/* Eight bytes a step: a REP iteration costs the same whatever its width. */
void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    void *di = to;
    const void *si = from;
    size_t count = size / 8;

    __asm__ volatile("rep movsq" : "+D"(di), "+S"(si), "+c"(count) : : "memory");
    count = size % 8;
    __asm__ volatile("rep movsb" : "+D"(di), "+S"(si), "+c"(count) : : "memory");
    return to;
}

void *memset(void *to, int byte, size_t size)
{
    void *di = to;
    size_t count = size / 8;
    uint64_t pattern = (uint8_t)byte * 0x0101010101010101ull;

    __asm__ volatile("rep stosq" : "+D"(di), "+c"(count) : "a"(pattern) : "memory");
    count = size % 8;
    __asm__ volatile("rep stosb" : "+D"(di), "+c"(count) : "a"(pattern) : "memory");
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    uint8_t *di = (uint8_t *)to + size - 1;
    const uint8_t *si = (const uint8_t *)from + size - 1;
    size_t count = size;

    if ((uintptr_t)to - (uintptr_t)from >= size)
        return memcpy(to, from, size);
    __asm__ volatile("std; rep movsb; cld" : "+D"(di), "+S"(si), "+c"(count) : : "memory", "cc");
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const uint8_t *x = a, *y = b;

    for (size_t i = 0; i < size; i++) {
        if (x[i] != y[i])
            return x[i] - y[i];
    }
    return 0;
}

void *memchr(const void *from, int byte, size_t size)
{
    const uint8_t *at = from;

    for (size_t i = 0; i < size; i++) {
        if (at[i] == (uint8_t)byte)
            return (void *)(at + i);
    }
    return NULL;
}

size_t strlen(const char *text)
{
    size_t length = 0;

    while (text[length])
        length++;
    return length;
}

size_t strnlen(const char *text, size_t limit)
{
    size_t length = 0;

    while (length < limit && text[length])
        length++;
    return length;
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t limit)
{
    for (size_t i = 0; i < limit; i++) {
        if (a[i] != b[i] || !a[i])
            return (uint8_t)a[i] - (uint8_t)b[i];
    }
    return 0;
}

char *strchr(const char *text, int c)
{
    for (; *text != (char)c; text++) {
        if (!*text)
            return NULL;
    }
    return (char *)text;
}
