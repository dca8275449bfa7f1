/*
 * A fuzz target: libFuzzer calls it with inputs of its own invention (make fuzz), replay.c with
 * pseudo-random ones as part of the unit tests. It must neither crash nor trip a sanitizer.
 */
#ifndef UMBRA_TESTS_FUZZ_FUZZ_H
#define UMBRA_TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold; ends the program where it does not. */
#define REQUIRE(condition)    \
    do {                      \
        if (!(condition))     \
            __builtin_trap(); \
    } while (0)

/* An input, eaten from its front; zeros when it is used up. */
struct input {
    const uint8_t *data;
    size_t size;
};

static inline uint32_t take(struct input *input, unsigned bytes)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < bytes && input->size; i++, input->size--)
        value |= (uint32_t)*input->data++ << (8 * i);
    return value;
}

#endif
