/* When a guest is taken to poll its interval timer. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "hypervisor/vm/poll.h"

#define STEP_NS 500
#define LONG_NS 4000000u /* what a busy host takes */

static bool reads(struct poll *poll, unsigned times, uint64_t *now)
{
    bool polls = false;
    for (unsigned i = 0; i < times; i++)
        polls = poll_read_timer(poll, *now += STEP_NS);
    return polls;
}

static void one_reading_of_a_counter_is_no_poll(void **state)
{
    (void)state;
    struct poll poll = {0};
    for (uint64_t now = LONG_NS; now < 20 * LONG_NS; now += LONG_NS) {
        uint64_t at = now;
        assert_false(reads(&poll, 3, &at));
        assert_false(poll_step(&poll));
    }
}

static void a_loop_is_one(void **state)
{
    (void)state;
    struct poll poll = {0};
    uint64_t now = 0;
    assert_true(reads(&poll, 20, &now));
    assert_true(poll_step(&poll));
}

static void it_goes_on_however_often_it_reads(void **state)
{
    (void)state;
    struct poll poll = {0};
    uint64_t now = 0;
    reads(&poll, 20, &now);
    for (unsigned i = 0; i < 100000; i++) {
        assert_true(reads(&poll, 1, &now));
        assert_true(poll_step(&poll) && poll_step(&poll) && poll_step(&poll));
    }
}

static void it_ends_when_it_reads_no_more(void **state)
{
    (void)state;
    struct poll poll = {0};
    uint64_t now = 0;
    unsigned steps = 0;
    reads(&poll, 20, &now);
    while (poll_step(&poll))
        assert_in_range(++steps, 1, 1000);
    assert_false(poll_step(&poll));
    now += LONG_NS;
    assert_false(reads(&poll, 1, &now));
    assert_true(reads(&poll, 20, &now));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_reading_of_a_counter_is_no_poll),
        cmocka_unit_test(a_loop_is_one),
        cmocka_unit_test(it_goes_on_however_often_it_reads),
        cmocka_unit_test(it_ends_when_it_reads_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
