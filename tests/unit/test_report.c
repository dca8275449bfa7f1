/* The books of a VM: exits, their reasons, instructions, costs and processes; and JSON. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "hypervisor/report/counters.h"
#include "hypervisor/report/json.h"

static struct counters counters;

static int init(void **state)
{
    (void)state;
    counters_init(&counters, 1000);
    return 0;
}

/* One exit that costs `ticks`; the guest runs for 10 ticks before. */
static void take_exit(enum exit_reason reason, unsigned op, uint64_t ticks)
{
    static uint64_t now = 5000;
    count_begin(&counters, now, now + 10);
    count_exit(&counters, reason);
    if (op != OP_COUNT)
        count_op(&counters, op);
    now += 10 + ticks;
    count_end(&counters, now);
}

static void assert_cost(struct cost cost, uint64_t samples, uint64_t ticks, uint64_t min,
                        uint64_t max)
{
    assert_int_equal(cost.samples, samples);
    assert_int_equal(cost.ticks, ticks);
    assert_int_equal(cost.min, min);
    assert_int_equal(cost.max, max);
}

static void test_costs(void **state)
{
    (void)state;
    take_exit(EXIT_SENSITIVE, OP_CLI, 100);
    take_exit(EXIT_SENSITIVE, OP_CLI, 300);
    take_exit(EXIT_USER_TRAP, OP_INT, 50);
    take_exit(EXIT_FILL, OP_COUNT, 7);
    assert_cost(cost_of_reason(&counters, EXIT_SENSITIVE), 2, 400, 100, 300);
    assert_cost(cost_of_reason(&counters, EXIT_FILL), 1, 7, 7, 7);
    assert_cost(cost_of_op(&counters, OP_CLI), 2, 400, 100, 300);
    assert_cost(cost_of_op(&counters, OP_STI), 0, 0, UINT64_MAX, 0);
    assert_cost(cost_of_all(&counters), 4, 457, 7, 300);
}

/* An exit lasts until the guest is entered again: what comes of it belongs to it. */
static void test_cost_lasts_until_entry(void **state)
{
    (void)state;
    count_begin(&counters, 100, 110);
    count_exit(&counters, EXIT_INTERRUPT);
    count_begin(&counters, 160, 200);
    assert_cost(cost_of_reason(&counters, EXIT_INTERRUPT), 1, 50, 50, 50);
    count_end(&counters, 201);
    count_end(&counters, 999); /* the guest waits in HLT: nothing is open */
    counters.rest = 0;
    count_begin(&counters, 5000, 5001);
    assert_int_equal(counters.rest, 5000 - 201);
    assert_cost(cost_of_all(&counters), 2, 51, 1, 50);
}

/* A shadow fill that leads to an emulation is a fill, and one exit. */
static void test_first_reason_counts(void **state)
{
    (void)state;
    count_begin(&counters, 1, 2);
    count_exit(&counters, EXIT_FILL_CODE);
    count_exit(&counters, EXIT_SENSITIVE);
    count_op(&counters, OP_PUSHF);
    count_op(&counters, OP_MOVS);
    count_op(&counters, OP_MOVS);
    count_end(&counters, 12);
    assert_cost(cost_of_all(&counters), 1, 10, 10, 10);
    assert_cost(cost_of_reason(&counters, EXIT_FILL_CODE), 1, 10, 10, 10);
    assert_int_equal(cost_of_reason(&counters, EXIT_SENSITIVE).samples, 0);
    assert_int_equal(cost_of_op(&counters, OP_PUSHF).samples, 1);
    assert_int_equal(cost_of_op(&counters, OP_MOVS).samples, 0);
    assert_int_equal(counters.by_op[OP_MOVS], 2);
}

static void test_interpretation_is_no_exit(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        count_exit(&counters, EXIT_INTERPRET);
        count_op(&counters, OP_ADD);
    }
    take_exit(EXIT_SENSITIVE, OP_CLI, 3);
    assert_int_equal(cost_of_all(&counters).samples, 1);
    assert_int_equal(cost_of_reason(&counters, EXIT_INTERPRET).samples, 0);
    assert_int_equal(counters.by_op[OP_ADD], 5);
}

static const struct process_counters *find(uint32_t cr3)
{
    for (unsigned i = 0; i < PROCESS_SLOTS; i++) {
        if (counters.processes[i].used && counters.processes[i].cr3 == cr3)
            return &counters.processes[i];
    }
    return NULL;
}

/* The exit that loads CR3 is the old process's. */
static void test_processes(void **state)
{
    (void)state;
    take_exit(EXIT_SENSITIVE, OP_CLI, 1);
    count_begin(&counters, 1, 2);
    count_exit(&counters, EXIT_SENSITIVE);
    count_cr3(&counters, 0x1000);
    count_end(&counters, 3);
    take_exit(EXIT_GUEST_FAULT, OP_COUNT, 1);
    take_exit(EXIT_FLIP, OP_COUNT, 1);
    count_syscall(&counters);
    count_cr3(&counters, 0x1000);
    assert_int_equal(counters.switches, 1);
    assert_int_equal(find(0)->by_reason[EXIT_SENSITIVE], 2);
    assert_int_equal(find(0x1000)->switches, 1);
    assert_int_equal(find(0x1000)->syscalls, 1);
    assert_int_equal(find(0x1000)->by_reason[EXIT_GUEST_FAULT], 1);
    assert_int_equal(process_exits(find(0x1000), 0, EXIT_REASONS), 2);
    assert_int_equal(process_exits(find(0x1000), EXIT_FIRST_HIDDEN, EXIT_REASONS), 1);
}

/* More processes than there is room for: none is lost. */
static void test_many_processes(void **state)
{
    uint64_t sum = 0;
    (void)state;
    for (uint32_t i = 1; i <= 1000; i++) {
        count_cr3(&counters, i << 12);
        take_exit(EXIT_FILL, OP_COUNT, 1);
    }
    count_cr3(&counters, 1 << 12);
    take_exit(EXIT_FILL, OP_COUNT, 1);
    assert_int_equal(find(1 << 12)->by_reason[EXIT_FILL], 2);
    for (unsigned i = 0; i < PROCESS_SLOTS; i++)
        sum += counters.processes[i].by_reason[EXIT_FILL];
    assert_int_equal(counters.process_count, PROCESSES_MAX);
    assert_int_equal(sum + counters.others.by_reason[EXIT_FILL], 1001);
    assert_int_equal(counters.switches, 1001);
}

static void test_names(void **state)
{
    (void)state;
    for (unsigned i = 0; i < EXIT_REASONS; i++) {
        assert_non_null(exit_reason_key(i));
        assert_non_null(exit_reason_text(i));
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(exit_reason_key(i), exit_reason_key(k));
    }
}

/* --- JSON -------------------------------------------------------------------------------------
 */

static char text[256];

static void put(void *target, char c)
{
    size_t *length = target;
    assert_true(*length < sizeof(text) - 1);
    text[(*length)++] = c;
    text[*length] = '\0';
}

static void test_json(void **state)
{
    size_t length = 0;
    struct json json = {.put = put, .target = &length};
    (void)state;
    json_open(&json, NULL, '{');
    json_number(&json, "zero", 0);
    json_number(&json, "most", UINT64_MAX);
    json_open(&json, "list", '[');
    json_number(&json, NULL, 1);
    json_null(&json, NULL);
    json_open(&json, NULL, '{');
    json_close(&json, '}');
    json_close(&json, ']');
    json_null(&json, "none");
    json_close(&json, '}');
    assert_string_equal(
        text, "{\"zero\":0,\"most\":18446744073709551615,\"list\":[1,null,{}],\"none\":null}");
}

static void test_json_escapes(void **state)
{
    size_t length = 0;
    struct json json = {.put = put, .target = &length};
    (void)state;
    json_open(&json, NULL, '{');
    json_string(&json, "a\"b", "\\ \n \x7f \xe9 ~");
    json_close(&json, '}');
    assert_string_equal(text, "{\"a\\u0022b\":\"\\u005c \\u000a \\u007f \\u00e9 ~\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_costs, init),
        cmocka_unit_test_setup(test_cost_lasts_until_entry, init),
        cmocka_unit_test_setup(test_first_reason_counts, init),
        cmocka_unit_test_setup(test_interpretation_is_no_exit, init),
        cmocka_unit_test_setup(test_processes, init),
        cmocka_unit_test_setup(test_many_processes, init),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_json_escapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
