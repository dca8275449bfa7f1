/* What user code is shown of the guest's descriptors. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "hypervisor/vm/descriptor_rule.h"

#define DPL(n) ((n) << ATTR_DPL_SHIFT)
#define DATA   (ATTR_P | ATTR_S | ATTR_WRITABLE | ATTR_ACCESSED | ATTR_DB | ATTR_G)
#define CODE   (DATA | ATTR_CODE)

/* Base 12345678h, limit 9ABCDh. */
static uint64_t descriptor(unsigned attr)
{
    return 0x1200003456780000ull | 0x000900000000abcdull | (uint64_t)attr << 40;
}

static void other_rings_are_not_shown(void **state)
{
    (void)state;
    for (unsigned dpl = 0; dpl < 3; dpl++) {
        assert_int_equal(rule_descriptor(descriptor(DATA | DPL(dpl))), 0);
        assert_int_equal(rule_descriptor(descriptor(DATA | ATTR_DOWN | DPL(dpl))), 0);
        assert_int_equal(rule_descriptor(descriptor(CODE | DPL(dpl))), 0);
    }
}

static void what_cpl_3_can_see_is_shown_as_it_is(void **state)
{
    (void)state;
    static const unsigned kinds[] = {
        DATA,
        DATA & ~ATTR_ACCESSED,
        DATA & ~ATTR_P,
        DATA & ~ATTR_DB,
        DATA & ~ATTR_G,
        DATA & ~ATTR_WRITABLE,
        DATA | ATTR_DOWN,
        DATA | ATTR_AVL,
        DATA | ATTR_L,
        CODE,
        CODE & ~ATTR_READABLE,
        CODE & ~ATTR_DB,
    };
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        uint64_t guest = descriptor(kinds[i] | DPL(3u));
        assert_int_equal(rule_descriptor(guest), guest);
    }
    for (unsigned dpl = 0; dpl < 4; dpl++) {
        uint64_t conforming = descriptor(CODE | ATTR_CONFORM | DPL(dpl));
        assert_int_equal(rule_descriptor(conforming), conforming);
    }
}

static void nothing_leads_into_64_bit_mode(void **state)
{
    (void)state;
    for (unsigned attr = 0; attr < 0x10000; attr++) {
        uint64_t shown = rule_descriptor(descriptor(attr & 0xf0ff));
        unsigned got = (unsigned)(shown >> 40) & 0xffff;
        if (!shown)
            continue;
        assert_true(got & ATTR_S);
        assert_false(got & ATTR_CODE && got & ATTR_P && got & ATTR_L);
    }
    uint64_t absent = descriptor((CODE & ~ATTR_P) | ATTR_L | DPL(3u));
    assert_int_equal(rule_descriptor(absent), absent);
}

static void system_descriptors_are_never_shown(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 16; type++) {
        for (unsigned dpl = 0; dpl < 4; dpl++)
            assert_int_equal(rule_descriptor(descriptor(ATTR_P | type | DPL(dpl))), 0);
    }
}

static void hidden_part_and_descriptor_say_the_same(void **state)
{
    (void)state;
    static const unsigned kinds[] = {DATA, DATA & ~ATTR_G, DATA & ~ATTR_DB, CODE, DATA | ATTR_AVL};
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        uint64_t guest = descriptor(kinds[i] | DPL(3u));
        struct segment s = rule_segment(guest, 0x23);
        assert_int_equal(s.selector, 0x23);
        assert_int_equal(s.base, 0x12345678);
        assert_int_equal(s.limit, kinds[i] & ATTR_G ? 0x9abcdfff : 0x9abcd);
        assert_int_equal(rule_native(&s), guest);
    }
}

static void kernel_segments_are_native_at_cpl_3(void **state)
{
    (void)state;
    struct segment s = rule_segment(descriptor((CODE & ~ATTR_ACCESSED) | ATTR_L), 8);
    assert_int_equal(rule_native(&s), descriptor(CODE | DPL(3u)));
}

static void accessed_bit_matters_to_data_alone(void **state)
{
    (void)state;
    uint64_t wanted = descriptor(DATA | DPL(3u));
    uint64_t clear = wanted & ~DESCRIPTOR_ACCESSED;
    assert_true(rule_gives_data(wanted, wanted) && rule_gives_code(wanted, wanted));
    assert_true(rule_gives_code(clear, wanted));
    assert_false(rule_gives_data(clear, wanted));
    for (unsigned bit = 0; bit < 64; bit++) {
        unsigned attr = bit >= 40 ? bit - 40 : 32;
        bool free = attr == 5 || attr == 6 || attr == 13; /* DPL, L */
        assert_int_equal(rule_gives_data(wanted ^ 1ull << bit, wanted), free);
        assert_int_equal(rule_gives_code(wanted ^ 1ull << bit, wanted), free || attr == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_rings_are_not_shown),
        cmocka_unit_test(what_cpl_3_can_see_is_shown_as_it_is),
        cmocka_unit_test(nothing_leads_into_64_bit_mode),
        cmocka_unit_test(system_descriptors_are_never_shown),
        cmocka_unit_test(hidden_part_and_descriptor_say_the_same),
        cmocka_unit_test(kernel_segments_are_native_at_cpl_3),
        cmocka_unit_test(accessed_bit_matters_to_data_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
