/* A guest's text screen on a terminal, and a terminal's characters as keys. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "hypervisor/vm/keys.h"
#include "hypervisor/vm/text.h"

static char sent[65536];
static size_t length;

static void put(char c)
{
    assert_true(length < sizeof(sent) - 1);
    sent[length++] = c;
    sent[length] = '\0';
}

static struct text_screen screen;
static struct text_terminal terminal;

static int blank_screen(void **state)
{
    (void)state;
    for (unsigned i = 0; i < TEXT_CELLS; i++)
        screen.cells[i] = 0x0720;
    screen.cursor = 0;
    memset(&terminal, 0, sizeof(terminal));
    sent[length = 0] = '\0';
    return 0;
}

static void write_at(unsigned row, unsigned column, uint8_t attr, const char *text)
{
    for (unsigned i = row * TEXT_COLUMNS + column; *text; text++, i++)
        screen.cells[i] = (uint16_t)(attr << 8 | (uint8_t)*text);
}

static void painted(const char *expected)
{
    sent[length = 0] = '\0';
    text_paint(&terminal, &screen, put);
    assert_string_equal(sent, expected);
}

static void test_row(void **state)
{
    (void)state;
    write_at(3, 2, 0x07, "a\xb3\x01\x80 z");
    screen.cells[3 * TEXT_COLUMNS + 20] = 0;
    text_row(&screen, 3, put);
    assert_string_equal(sent, "  a\xe2\x94\x82\xe2\x98\xba\xc3\x87 z");
    sent[length = 0] = '\0';
    text_row(&screen, 24, put);
    assert_string_equal(sent, "");
}

static void test_paint(void **state)
{
    (void)state;
    write_at(1, 4, 0x1f, "ab");
    painted("\033[0m\033[2J\033[?25l\033[2;5H\033[97;44mab\033[0m\033[1;1H\033[?25h");
    painted(""); /* nothing has changed */
    write_at(1, 5, 0x1f, "c");
    write_at(24, 79, 0x04, "x");
    screen.cursor = TEXT_CELLS;
    painted("\033[?25l\033[2;6H\033[97;44mc\033[25;80H\033[31;40mx\033[0m");
    screen.cursor = 81;
    painted("\033[?25l\033[0m\033[2;2H\033[?25h");
}

/* A run goes on over the end of a row only by going there: terminals differ in what they do. */
static void test_paint_rows(void **state)
{
    (void)state;
    painted("\033[0m\033[2J\033[?25l\033[0m\033[1;1H\033[?25h");
    write_at(0, 79, 0x07, "ab");
    painted("\033[?25l\033[1;80H\033[37;40ma\033[2;1Hb\033[0m\033[1;1H\033[?25h");
}

static void typed(struct keys *keys, const char *text, const char *codes, unsigned count)
{
    for (; *text; text++)
        keys_take(keys, (uint8_t)*text);
    assert_int_equal(keys->count, count);
    assert_memory_equal(keys->codes, codes, count);
}

static void test_keys(void **state)
{
    struct keys keys = {0};
    (void)state;
    typed(&keys, "a", "\x1e\x9e", 2);
    typed(&keys, "A", "\x2a\x1e\x9e\xaa", 4);
    typed(&keys, "?", "\x2a\x35\xb5\xaa", 4);
    typed(&keys, "\r", "\x1c\x9c", 2);
    typed(&keys, "\003", "\x1d\x2e\xae\x9d", 4);
    typed(&keys, "\033[A", "\xe0\x48\xe0\xc8", 4);
    typed(&keys, "\033OD", "\xe0\x4b\xe0\xcb", 4);
    typed(&keys, "\033\033", "\x01\x81", 2);
    typed(&keys, "x", "\x01\x81\x2d\xad", 4);
    typed(&keys, "\033[Z", "\x2a\x2c\xac\xaa", 4);
    typed(&keys, "\x80", "", 0);
}

/* Whatever is typed after ESC fits: the longest is ESC and a character with a modifier. */
static void test_all_keys(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        struct keys keys = {.sequence = 1};
        keys_take(&keys, (uint8_t)byte);
        assert_true(keys.count <= KEYS_CODES_MAX);
    }
}

/* --- a guest's lines among the monitor's ------------------------------------------------------ */

static void add(struct text_line *line, const char *text)
{
    for (; text[1]; text++)
        assert_false(text_line_add(line, (uint8_t)*text));
    assert_true(text_line_add(line, (uint8_t)*text));
}

static void test_line(void **state)
{
    (void)state;
    struct text_line line = {.length = 0};
    add(&line, "plain\ttext\r\n");
    assert_string_equal(line.text, "plain\ttext");

    struct text_line hostile = {.length = 0};
    add(&hostile, "\rumbra: \x1b[2J\x9b\x7f\n");
    assert_string_equal(hostile.text, "\\x0dumbra: \\x1b[2J\\x9b\\x7f");
}

/* No byte is lost and none lies outside, wherever the line becomes full. */
static void test_line_full(void **state)
{
    (void)state;
    static const char *const units[] = {"a", "\x1b", "\r", "\ra", "a\x01"};
    for (unsigned i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        struct text_line line = {.length = 0};
        const char *at = units[i];
        unsigned taken = 0;
        while (!text_line_add(&line, (uint8_t)*at)) {
            at = at[1] ? at + 1 : units[i];
            assert_true(++taken < sizeof(line.text));
        }
        assert_true(line.length < sizeof(line.text));
        assert_int_equal(strlen(line.text), line.length);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_row, blank_screen),
        cmocka_unit_test_setup(test_paint, blank_screen),
        cmocka_unit_test_setup(test_paint_rows, blank_screen),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_all_keys),
        cmocka_unit_test(test_line),
        cmocka_unit_test(test_line_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
