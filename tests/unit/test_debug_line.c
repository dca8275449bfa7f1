/* The line that a person types at the monitor's prompt. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "hypervisor/debug/line.h"

/* Types all keys; returns what the last one does. */
static enum line_action type(struct line *line, const char *keys)
{
    enum line_action action = LINE_IGNORE;
    for (; *keys; keys++)
        action = line_key(line, (uint8_t)*keys);
    return action;
}

static void test_editing(void **state)
{
    (void)state;
    struct line line = {0};
    assert_int_equal(type(&line, "\b"), LINE_IGNORE);
    assert_int_equal(type(&line, "lisr"), LINE_ECHO);
    assert_int_equal(type(&line, "\b"), LINE_RUBBED);
    assert_int_equal(type(&line, "x\177"), LINE_RUBBED);
    assert_int_equal(type(&line, "t"), LINE_ECHO);
    assert_string_equal(line.text, "list");
    assert_int_equal(type(&line, "\025"), LINE_CLEAR);
    assert_string_equal(line.text, "");
    assert_int_equal(type(&line, "a\003"), LINE_CLEAR);
    assert_int_equal(type(&line, "\t\001"), LINE_IGNORE);
    assert_int_equal(line.length, 0);
}

static void test_enter(void **state)
{
    (void)state;
    struct line line = {0};
    assert_int_equal(type(&line, "a\r"), LINE_DONE);
    assert_int_equal(type(&line, "\n"), LINE_IGNORE); /* CR LF is one Enter */
    assert_int_equal(type(&line, "\n"), LINE_DONE);
    assert_int_equal(type(&line, "\r\r"), LINE_DONE);
}

static void test_escape_sequences(void **state)
{
    (void)state;
    struct line line = {0};
    type(&line, "a\033[Ab\033[3~c\033OPd\033xe");
    assert_string_equal(line.text, "abcde");
}

static void test_full(void **state)
{
    (void)state;
    struct line line = {0};
    for (unsigned i = 0; i < 2 * LINE_MAX; i++)
        type(&line, "x");
    assert_int_equal(line.length, LINE_MAX - 1);
    assert_int_equal(strlen(line.text), LINE_MAX - 1);
    assert_int_equal(type(&line, "\r"), LINE_DONE);
    line_clear(&line);
    assert_string_equal(line.text, "");
}

static void test_words(void **state)
{
    (void)state;
    char *words[WORDS_MAX];
    char text[] = "  info  regs demo ";
    assert_int_equal(line_words(text, words), 3);
    assert_string_equal(words[0], "info");
    assert_string_equal(words[1], "regs");
    assert_string_equal(words[2], "demo");
    char blank[] = "   ";
    assert_int_equal(line_words(blank, words), 0);
    char many[] = "a b c d e f g h";
    assert_int_equal(line_words(many, words), WORDS_MAX + 1);
}

static void test_numbers(void **state)
{
    (void)state;
    uint32_t value;
    assert_true(line_number("0", &value));
    assert_int_equal(value, 0);
    assert_true(line_number("4294967295", &value));
    assert_int_equal(value, UINT32_MAX);
    assert_true(line_number("0xC0100000", &value));
    assert_int_equal(value, 0xc0100000);
    static const char *const wrong[] = {"",    "0x", "4294967296", "0x100000000",
                                        "12a", "-1", "1 ",         "99999999999999999999999"};
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(line_number(wrong[i], &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_editing),
        cmocka_unit_test(test_enter),
        cmocka_unit_test(test_escape_sequences),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
