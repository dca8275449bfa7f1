#include "lib/format.h"
#include "lib/string.h"
#include <stdbool.h>
#include <stdint.h>

struct output {
    char *next;
    char *last;
};

struct field {
    bool left, zero;
    size_t width;
};

static void put(struct output *out, char c)
{
    if (out->next < out->last)
        *out->next++ = c;
}

static void put_field(struct output *out, struct field field, const char *text, size_t length)
{
    size_t padding = field.width > length ? field.width - length : 0;

    for (size_t i = 0; i < padding && !field.left; i++)
        put(out, field.zero ? '0' : ' ');
    for (size_t i = 0; i < length; i++)
        put(out, text[i]);
    for (size_t i = 0; i < padding && field.left; i++)
        put(out, ' ');
}

static void put_number(struct output *out, struct field field, uint64_t value, unsigned base,
                       bool negative)
{
    char digits[24];
    char *first = digits + sizeof(digits);

    do {
        *--first = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    if (negative)
        *--first = '-';
    put_field(out, field, first, (size_t)(digits + sizeof(digits) - first));
}

static const char *parse_field(const char *f, struct field *field)
{
    *field = (struct field){0};
    for (; *f == '-' || *f == '0'; f++) {
        if (*f == '-')
            field->left = true;
        else
            field->zero = true;
    }
    for (; *f >= '0' && *f <= '9'; f++)
        field->width = field->width * 10 + (size_t)(*f - '0');
    return f;
}

static void put_signed(struct output *out, struct field field, int value)
{
    uint32_t magnitude = value < 0 ? -(uint32_t)value : (uint32_t)value;

    put_number(out, field, magnitude, 10, value < 0);
}

static void put_string(struct output *out, struct field field, const char *text)
{
    put_field(out, field, text, strlen(text));
}

size_t format_va(char *buffer, size_t size, const char *f, va_list args)
{
    struct output out = {buffer, buffer + size - 1};
    struct field field;

    for (; *f; f++) {
        if (*f != '%') {
            put(&out, *f);
            continue;
        }
        f = parse_field(f + 1, &field);
        if (*f == 's') {
            put_string(&out, field, va_arg(args, const char *));
        } else if (*f == 'c') {
            put(&out, (char)va_arg(args, int));
        } else if (*f == 'd') {
            put_signed(&out, field, va_arg(args, int));
        } else if (*f == 'u' || *f == 'x') {
            put_number(&out, field, va_arg(args, uint32_t), *f == 'u' ? 10 : 16, false);
        } else if (!strncmp(f, "llu", 3)) {
            put_number(&out, field, va_arg(args, uint64_t), 10, false);
            f += 2;
        } else {
            put(&out, *f);
        }
    }
    *out.next = 0;
    return (size_t)(out.next - buffer);
}

size_t format(char *buffer, size_t size, const char *f, ...)
{
    va_list args;
    size_t n;

    va_start(args, f);
    n = format_va(buffer, size, f, args);
    va_end(args);
    return n;
}
