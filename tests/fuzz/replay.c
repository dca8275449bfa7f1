/* A fuzz target as a unit test: the same pseudo-random inputs in every run. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "fuzz.h"

#define INPUTS    4000
#define MAX_BYTES 512

/* Marsaglia's xorshift32. */
static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static void survives_random_inputs(void **state)
{
    uint32_t random = 2463534242u;
    (void)state;
    for (unsigned i = 0; i < INPUTS; i++) {
        size_t size = next_random(&random) % MAX_BYTES;
        uint8_t *data = test_malloc(size); /* of exact size: a read past its end is seen */
        for (size_t at = 0; at < size; at++)
            data[at] = (uint8_t)(next_random(&random) >> 8);
        assert_int_equal(LLVMFuzzerTestOneInput(data, size), 0);
        test_free(data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(survives_random_inputs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
