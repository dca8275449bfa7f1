/*
 * A sample of the decodings that `make verify-emulate` compares in full, as unit tests: length,
 * operation and operands must agree but for the differences that the comparer lists.
 */
#ifndef UMBRA_TESTS_UNIT_TEST_DECODE_SWEEP_H
#define UMBRA_TESTS_UNIT_TEST_DECODE_SWEEP_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/verify/decode_compare.h"
#include "tests/verify/decode_sets.h"

static struct {
    unsigned long met, compared;
} total;

static inline unsigned compare(void *context, const uint8_t *bytes, bool code32, double share)
{
    char text[1024];
    unsigned length;
    enum verdict verdict = compare_decodings(context, bytes, code32, &length, text, sizeof(text));

    (void)share;
    total.met++;
    total.compared += verdict != NOT_COMPARED;
    if (verdict == DIFFERENT)
        fail_msg("%s", text);
    return length ? length : 1;
}

/* Every opcode is met behind every set of prefixes, each with other ModRM bytes. */
static inline void opcode_maps(void **state)
{
    visit_maps(compare, *state, 61);
}

static inline void vector_maps(void **state)
{
    visit_vectors(compare, *state, 9);
}

static inline void random_bytes(void **state)
{
    visit_random(compare, *state, 100000);
}

/* The code of our own guest, when it is built. */
static inline void guest_text(void **state)
{
    if (!visit_elf(compare, *state, "build/guest/demo.elf"))
        skip();
}

static inline int print_totals(void **state)
{
    (void)state;
    print_message("%lu decodings met, %lu of them compared\n", total.met, total.compared);
    return total.compared > 200000 ? 0 : -1;
}

/* Runs them all against one other decoder; what main() returns. */
static inline int sweep_decodings(struct comparer *comparer)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(opcode_maps, comparer),
        cmocka_unit_test_prestate(vector_maps, comparer),
        cmocka_unit_test_prestate(random_bytes, comparer),
        cmocka_unit_test_prestate(guest_text, comparer),
    };

    return cmocka_run_group_tests(tests, NULL, print_totals);
}

#endif
