#include "line.h"

#define CTRL(letter) ((letter)&31)
#define BACKSPACE    8
#define DELETE       127
#define ESC          27

void line_clear(struct line *line)
{
    line->length = 0;
    line->text[0] = '\0';
}

static enum line_action insert(struct line *line, uint8_t key)
{
    if (key < ' ' || key > '~' || line->length == LINE_MAX - 1)
        return LINE_IGNORE;
    line->text[line->length++] = (char)key;
    line->text[line->length] = '\0';
    return LINE_ECHO;
}

static enum line_action rub_out(struct line *line)
{
    if (!line->length)
        return LINE_IGNORE;
    line->text[--line->length] = '\0';
    return LINE_RUBBED;
}

/* Cursor keys and the like are ESC [ digits letter, or ESC letter. */
static enum line_action skip_escape(struct line *line, uint8_t key)
{
    bool opens = line->escape == 1 && (key == '[' || key == 'O');
    bool goes_on = line->escape == 2 && (key < '@' || key > '~');
    line->escape = opens || goes_on ? 2 : 0;
    return LINE_IGNORE;
}

enum line_action line_key(struct line *line, uint8_t key)
{
    bool second = line->after_cr && key == '\n';
    line->after_cr = key == '\r';
    if (line->escape)
        return skip_escape(line, key);
    switch (key) {
    case ESC:
        line->escape = 1;
        return LINE_IGNORE;
    case '\r':
    case '\n':
        return second ? LINE_IGNORE : LINE_DONE;
    case BACKSPACE:
    case DELETE:
        return rub_out(line);
    case CTRL('U'):
    case CTRL('C'):
        line_clear(line);
        return LINE_CLEAR;
    default:
        return insert(line, key);
    }
}

unsigned line_words(char *text, char **words)
{
    unsigned count = 0;
    for (;;) {
        while (*text == ' ')
            text++;
        if (!*text)
            return count;
        if (count == WORDS_MAX)
            return count + 1;
        words[count++] = text;
        while (*text && *text != ' ')
            text++;
        if (*text)
            *text++ = '\0';
    }
}

static bool digit_of(char c, unsigned base, unsigned *digit)
{
    char lower = (char)(c | 32);
    if (c >= '0' && c <= '9')
        *digit = (unsigned)(c - '0');
    else if (lower >= 'a' && lower <= 'f')
        *digit = (unsigned)(lower - 'a') + 10;
    else
        return false;
    return *digit < base;
}

bool line_number(const char *text, uint32_t *value)
{
    unsigned base = 10, digit;
    uint64_t number = 0;
    if (text[0] == '0' && (text[1] | 32) == 'x') {
        base = 16;
        text += 2;
    }
    if (!*text)
        return false;
    for (; *text; text++) {
        if (!digit_of(*text, base, &digit))
            return false;
        number = number * base + digit;
        if (number > UINT32_MAX)
            return false;
    }
    *value = (uint32_t)number;
    return true;
}
