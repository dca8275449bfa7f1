#include "lib/spin.h"

/* A generator step (xorshift, G. Marsaglia 2003): shifts and exclusive ors only. */
static uint32_t step(uint32_t x)
{
    x ^= x << 13;
    x ^= x >> 17;
    return x ^ x << 5;
}

__attribute__((noinline)) uint32_t spin(uint32_t *table, uint32_t rounds)
{
    uint32_t x = 2463534242u, sum = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        uint32_t *word = &table[x % SPIN_TABLE];

        x = step(x);
        sum += *word;
        if (x & 1)
            *word += x;
        else
            *word ^= sum;
    }
    return sum;
}
