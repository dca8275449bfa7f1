#include "lib/string.h"
#include <stdint.h>

void *memcpy(void *to, const void *from, size_t n)
{
    void *d = to;
    size_t words = n / 4;

    __asm__ volatile("rep movsl" : "+D"(d), "+S"(from), "+c"(words) : : "memory");
    n &= 3;
    __asm__ volatile("rep movsb" : "+D"(d), "+S"(from), "+c"(n) : : "memory");
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    uint8_t *d = to;
    const uint8_t *s = from;

    if (d <= s || d >= s + n)
        return memcpy(to, from, n);
    while (n--)
        ((volatile uint8_t *)d)[n] = s[n];
    return to;
}

void *memset(void *to, int value, size_t n)
{
    void *d = to;
    size_t words = n / 4;
    uint32_t pattern = (uint8_t)value * 0x01010101u;

    __asm__ volatile("rep stosl" : "+D"(d), "+c"(words) : "a"(pattern) : "memory");
    n &= 3;
    __asm__ volatile("rep stosb" : "+D"(d), "+c"(n) : "a"(pattern) : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *x = a, *y = b;

    for (; n; n--, x++, y++) {
        if (*x != *y)
            return *x - *y;
    }
    return 0;
}

size_t strlen(const char *s)
{
    const char *end = s;

    while (*end)
        end++;
    return (size_t)(end - s);
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (; n && *a && *a == *b; n--)
        a++, b++;
    return n ? (uint8_t)*a - (uint8_t)*b : 0;
}

void string_copy(char *to, const char *from, size_t size)
{
    size_t n = strlen(from);

    if (n >= size)
        n = size - 1;
    memcpy(to, from, n);
    to[n] = 0;
}

unsigned string_number(const char *s)
{
    unsigned value = 0;

    while (*s >= '0' && *s <= '9')
        value = value * 10 + (unsigned)(*s++ - '0');
    return value;
}
