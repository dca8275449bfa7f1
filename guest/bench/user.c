/* What runs at CPL 3. The linker puts this file's code and data into the user's pages. */
#include "bench.h"

#define TABLE_WORDS 1024u

uint32_t user_stacks[2][1024] __attribute__((aligned(4096)));
static uint32_t table[TABLE_WORDS];

/* Arithmetic, memory and a branch that nobody can predict. */
void user_compute(uint32_t n)
{
    uint32_t x = 2463534242u;

    for (uint32_t i = 0; i < n; i++) {
        x = mix(x, 1);
        if (x & 1)
            table[x % TABLE_WORDS] += x;
        else
            table[x % TABLE_WORDS] ^= i;
    }
}

void user_null_calls(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        __asm__ volatile("int $0x80" ::: "memory");
}

void user_counted_calls(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        __asm__ volatile("int $0x84" ::: "memory");
}

void user_segments(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        __asm__ volatile("movl %0, %%es" ::"r"(0x23));
}

void user_touch(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        *(volatile uint8_t *)(WINDOW + i * PAGE_SIZE) = 1;
}

static inline void yield(void)
{
    __asm__ volatile("int $0x82" ::: "memory");
}

void user_yield(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        yield();
}

void user_yield_back(void)
{
    for (;;)
        yield();
}

/* A process that computes, calls the kernel, and now and then gives up the processor. */
void user_mixed(uint32_t n)
{
    uint32_t x = 88172645u;

    for (uint32_t i = 0; i < n; i++) {
        x = mix(x, 256);
        table[x % TABLE_WORDS] ^= x;
        __asm__ volatile("int $0x83" ::: "memory");
        if (i % 8 == 7)
            yield();
    }
}

void user_mixed_back(void)
{
    for (uint32_t x = 1;; yield()) {
        x = mix(x, 256);
        table[x % TABLE_WORDS] += x;
    }
}
