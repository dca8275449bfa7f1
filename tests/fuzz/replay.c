/* A fuzz target as a unit test: the inputs of its corpus, and the same pseudo-random ones in every
 * run. The tests are run from the project's root. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fuzz.h"

#define INPUTS    1000
#define MAX_BYTES 512

static char corpus[256];

/* Marsaglia's xorshift32. */
static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* Of exact size: a read past its end is seen. */
static void replay(const uint8_t *bytes, size_t size)
{
    uint8_t *data = test_malloc(size);
    memcpy(data, bytes, size);
    assert_int_equal(LLVMFuzzerTestOneInput(data, size), 0);
    test_free(data);
}

static void survives_random_inputs(void **state)
{
    uint32_t random = 2463534242u;
    (void)state;
    for (unsigned i = 0; i < INPUTS; i++) {
        uint8_t bytes[MAX_BYTES];
        size_t size = next_random(&random) % MAX_BYTES;
        for (size_t at = 0; at < size; at++)
            bytes[at] = (uint8_t)(next_random(&random) >> 8);
        replay(bytes, size);
    }
}

/* A line of hexadecimal digits becomes the bytes at its front. */
static size_t bytes_of(char *line)
{
    size_t size = 0;
    for (; line[2 * size] > ' '; size++) {
        char digits[3] = {line[2 * size], line[2 * size + 1], 0}, *end;
        unsigned long byte = strtoul(digits, &end, 16);
        assert_true(*end == 0);
        line[size] = (char)byte;
    }
    return size;
}

static void survives_its_corpus(void **state)
{
    FILE *file = fopen(corpus, "r");
    char *line = NULL;
    size_t room = 0, count = 0;
    (void)state;
    if (!file)
        fail_msg("%s is missing", corpus);
    for (; getline(&line, &room, file) > 0; count++) {
        size_t size = bytes_of(line);
        replay((const uint8_t *)line, size);
    }
    assert_true(count > 0);
    free(line);
    fclose(file);
}

int main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(survives_random_inputs),
        cmocka_unit_test(survives_its_corpus),
    };
    (void)argc;
    snprintf(corpus, sizeof(corpus), "tests/fuzz/corpus/%s.hex", slash ? slash + 1 : argv[0]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
