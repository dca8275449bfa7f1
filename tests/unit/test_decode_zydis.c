/*
 * The decoder against Zydis: a sample of what `make verify-emulate` compares in full. Length,
 * operation and operands must agree but for the differences listed in tests/verify/decode_zydis.c.
 */
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

static unsigned compare(void *context, const uint8_t *bytes, bool code32, double share)
{
    char text[1024];
    unsigned length;
    enum verdict verdict =
        compare_decodings(&compare_zydis, bytes, code32, &length, text, sizeof(text));

    (void)context;
    (void)share;
    total.met++;
    total.compared += verdict != NOT_COMPARED;
    if (verdict == DIFFERENT)
        fail_msg("%s", text);
    return length ? length : 1;
}

/* Every opcode is met behind every set of prefixes, each with other ModRM bytes. */
static void opcode_maps(void **state)
{
    (void)state;
    visit_maps(compare, NULL, 61);
}

static void vector_maps(void **state)
{
    (void)state;
    visit_vectors(compare, NULL, 9);
}

static void random_bytes(void **state)
{
    (void)state;
    visit_random(compare, NULL, 100000);
}

/* The code of our own guest, when it is built. */
static void guest_text(void **state)
{
    (void)state;
    if (!visit_elf(compare, NULL, "build/guest/demo.elf"))
        skip();
}

static int print_totals(void **state)
{
    (void)state;
    print_message("%lu decodings met, %lu of them compared\n", total.met, total.compared);
    return total.compared > 200000 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opcode_maps),
        cmocka_unit_test(vector_maps),
        cmocka_unit_test(random_bytes),
        cmocka_unit_test(guest_text),
    };

    return cmocka_run_group_tests(tests, NULL, print_totals);
}
