/* A hostile guest at the ports: nothing it writes may break the board or make it work for long. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support_pc.h"

#include "emulate/pc/bus.h"

#define ROUNDS 3000000u

/* xorshift64*: the same sequence in every run. */
static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return *seed * 0x2545f4914f6cdd1dull;
}

/* Mostly ports where something answers. */
static uint16_t pick_port(uint64_t random)
{
    const struct bus_range *range = &bus_map[(random >> 32) % bus_map_length];
    unsigned length = (unsigned)(range->last - range->first) + 1;
    return (uint16_t)(random & 7u ? range->first + (random >> 16) % length : random >> 40);
}

static void access_port(struct bench *b, uint64_t random)
{
    unsigned size = 1u << (random >> 8) % 3;
    uint16_t port = pick_port(random);

    if (random & 0x80u) {
        pc_out(&b->pc, port, size, (uint32_t)(random >> 24));
    } else {
        pc_in(&b->pc, port, size);
    }
}

static void test_random_accesses(void **state)
{
    static const uint64_t step_ns[] = {0, 1, 838, 55000000, 1000000000, 86400000000000, 1ull << 52};
    struct bench *b = *state;
    uint64_t seed = 0x9e3779b97f4a7c15ull;

    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t random = next_random(&seed);
        access_port(b, random);
        if (random % 16 == 0) {
            bench_advance(b, step_ns[(random >> 50) % (random % 256 ? 5 : 7)]);
            pc_serial_in(&b->pc, (uint8_t)random);
            pc_keyboard_in(&b->pc, (uint8_t)random);
        }
        if (pc_intr(&b->pc) && random % 8 == 1) {
            pc_intr_ack(&b->pc);
        }
        (void)pc_deadline(&b->pc);
    }
    pc_reset(&b->pc);
    assert_int_equal(bench_in(b, 0x21), 0xb8);
}

/* Wherever a guest stops the timers, the deadline lies ahead once the board has ticked. */
static void test_deadline_moves_on(void **state)
{
    struct bench *b = *state;
    uint64_t seed = 1;

    for (unsigned i = 0; i < ROUNDS / 10; i++) {
        uint64_t random = next_random(&seed);
        if (random % 4 == 0) {
            access_port(b, random);
        }
        uint64_t deadline = pc_deadline(&b->pc);
        if (deadline != PC_NEVER && deadline > b->now_ns) {
            b->now_ns = deadline;
        }
        pc_tick(&b->pc);
        assert_true(pc_deadline(&b->pc) > b->now_ns);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_random_accesses),
        TEST(test_deadline_moves_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
