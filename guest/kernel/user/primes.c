/* primes N: counts the primes below N with Eratosthenes' sieve. */
#include "lib/user.h"

static void strike_multiples(uint8_t *composite, unsigned prime, unsigned limit)
{
    for (unsigned m = prime * prime; m < limit; m += prime)
        composite[m] = 1;
}

int main(int argc, char **argv)
{
    unsigned limit = argc > 1 ? string_number(argv[1]) : 100000, count = 0;
    uint8_t *composite = sbrk((int)limit);

    if (!composite || limit > 1000000000) {
        printf("primes: not enough memory for %u\n", limit);
        return 1;
    }
    for (unsigned n = 2; n < limit; n++) {
        if (composite[n])
            continue;
        count++;
        if (n < 32768)
            strike_multiples(composite, n, limit);
    }
    printf("%u primes below %u\n", count, limit);
    return 0;
}
