/* A sample of what `make verify-emulate` compares in full: seconds instead of minutes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

/* Built beside this program, which runs in the project's folder. */
static void test_execute_host(void **state)
{
    (void)state;
    assert_int_equal(system("build/verify/verify_execute_host 300000"), 0);
}

static void test_execute_unicorn(void **state)
{
    (void)state;
    assert_int_equal(system("build/verify/verify_execute_unicorn 2000"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_execute_host),
        cmocka_unit_test(test_execute_unicorn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
