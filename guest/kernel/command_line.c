#include "command_line.h"
#include "boot_info.h"
#include "lib/string.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The end of the word at `s`; blanks between quotes do not end it. */
static const char *word_end(const char *s)
{
    bool quoted = false;

    for (; *s && (quoted || !is_blank(*s)); s++) {
        if (*s == '"')
            quoted = !quoted;
    }
    return s;
}

static const char *next_word(const char *s)
{
    while (is_blank(*s))
        s++;
    return s;
}

bool command_line_has(const char *word)
{
    size_t length = strlen(word);
    const char *s = next_word(boot_info.command_line);

    for (; *s; s = next_word(word_end(s))) {
        if ((size_t)(word_end(s) - s) == length && !strncmp(s, word, length))
            return true;
    }
    return false;
}

bool command_line_value(const char *key, char *value, size_t size)
{
    size_t length = strlen(key), n = 0;
    const char *s = next_word(boot_info.command_line);

    while (*s && (strncmp(s, key, length) || s[length] != '='))
        s = next_word(word_end(s));
    if (!*s)
        return false;
    for (const char *c = s + length + 1; c < word_end(s) && n < size - 1; c++) {
        if (*c != '"')
            value[n++] = *c;
    }
    value[n] = 0;
    return true;
}

char *command_line_item(char **list)
{
    char *item = *list, *s;

    while (is_blank(*item))
        item++;
    for (s = item; *s && *s != ',' && !is_blank(*s); s++)
        ;
    if (*s)
        *s++ = 0;
    *list = s;
    return item;
}
