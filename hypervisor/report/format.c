#include "format.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* One conversion: %[flags][width][.precision][length]conversion */
struct spec {
    bool left, zero, alternate;
    unsigned width;
    size_t precision; /* SIZE_MAX: none */
    unsigned bytes;   /* size of the integer */
    char conversion;
};

struct output {
    void (*put)(void *target, char c);
    void *target;
};

static void pad(const struct output *out, char c, size_t from, size_t to)
{
    for (; from < to; from++)
        out->put(out->target, c);
}

/* Prefix (sign or 0x), then text, padded to the field width; zeros go between the two. */
static void put_field(const struct output *out, const struct spec *spec, const char *prefix,
                      const char *text, size_t length)
{
    size_t all = strlen(prefix) + length;
    bool zeros = spec->zero && !spec->left;

    if (!spec->left && !zeros)
        pad(out, ' ', all, spec->width);
    for (; *prefix; prefix++)
        out->put(out->target, *prefix);
    if (zeros)
        pad(out, '0', all, spec->width);
    for (size_t i = 0; i < length; i++)
        out->put(out->target, text[i]);
    if (spec->left)
        pad(out, ' ', all, spec->width);
}

static void put_number(const struct output *out, const struct spec *spec, uint64_t value,
                       unsigned base, const char *prefix)
{
    const char *digits = spec->conversion == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[20];
    unsigned at = sizeof(text);

    do {
        text[--at] = digits[value % base];
        value /= base;
    } while (value);
    put_field(out, spec, prefix, text + at, sizeof(text) - at);
}

static void put_signed(const struct output *out, const struct spec *spec, int64_t value)
{
    uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;

    put_number(out, spec, magnitude, 10, value < 0 ? "-" : "");
}

static void put_string(const struct output *out, const struct spec *spec, const char *text)
{
    put_field(out, spec, "", text, strnlen(text, spec->precision));
}

/* Integers narrower than int are passed as int. */
static uint64_t unsigned_argument(const struct spec *spec, va_list *args)
{
    uint64_t value = spec->bytes == 8 ? va_arg(*args, uint64_t) : va_arg(*args, uint32_t);

    return spec->bytes < 4 ? value & ((1u << 8 * spec->bytes) - 1) : value;
}

static int64_t signed_argument(const struct spec *spec, va_list *args)
{
    return spec->bytes == 8 ? va_arg(*args, int64_t) : va_arg(*args, int32_t);
}

static const char *parse_flags(const char *at, struct spec *spec)
{
    for (;; at++) {
        if (*at == '-')
            spec->left = true;
        else if (*at == '0')
            spec->zero = true;
        else if (*at == '#')
            spec->alternate = true;
        else
            return at;
    }
}

/* A decimal number, or `*` for an argument. */
static const char *parse_size(const char *at, size_t *size, va_list *args)
{
    if (*at == '*') {
        int value = va_arg(*args, int);

        *size = value < 0 ? 0 : (size_t)value;
        return at + 1;
    }
    for (*size = 0; *at >= '0' && *at <= '9'; at++)
        *size = *size * 10 + (size_t)(*at - '0');
    return at;
}

static const char *parse_length(const char *at, struct spec *spec)
{
    spec->bytes = 4;
    for (; *at == 'h'; at++)
        spec->bytes /= 2;
    for (; *at == 'l' || *at == 'z'; at++)
        spec->bytes = 8;
    return at;
}

static const char *parse_spec(const char *at, struct spec *spec, va_list *args)
{
    size_t width;

    *spec = (struct spec){.precision = SIZE_MAX};
    at = parse_flags(at, spec);
    at = parse_size(at, &width, args);
    spec->width = (unsigned)width;
    if (*at == '.')
        at = parse_size(at + 1, &spec->precision, args);
    at = parse_length(at, spec);
    spec->conversion = *at;
    return *at ? at + 1 : at;
}

static void put_conversion(const struct output *out, struct spec *spec, va_list *args)
{
    char c;

    switch (spec->conversion) {
    case 'c':
        c = (char)va_arg(*args, int);
        put_field(out, spec, "", &c, 1);
        break;
    case 's':
        put_string(out, spec, va_arg(*args, const char *));
        break;
    case 'd':
    case 'i':
        put_signed(out, spec, signed_argument(spec, args));
        break;
    case 'u':
        put_number(out, spec, unsigned_argument(spec, args), 10, "");
        break;
    case 'p':
        put_number(out, spec, (uint64_t)va_arg(*args, void *), 16, "0x");
        break;
    case 'x':
    case 'X':
        put_number(out, spec, unsigned_argument(spec, args), 16, spec->alternate ? "0x" : "");
        break;
    case '%':
        out->put(out->target, '%');
        break;
    }
}

void format_text(void (*put)(void *target, char c), void *target, const char *format, va_list args)
{
    const struct output out = {put, target};
    struct spec spec;
    va_list rest;

    va_copy(rest, args);
    while (*format) {
        if (*format != '%') {
            put(target, *format++);
            continue;
        }
        format = parse_spec(format + 1, &spec, &rest);
        put_conversion(&out, &spec, &rest);
    }
    va_end(rest);
}

struct buffer {
    char *bytes;
    size_t size, length;
};

static void buffer_put(void *target, char c)
{
    struct buffer *buffer = target;

    if (buffer->length + 1 < buffer->size)
        buffer->bytes[buffer->length] = c;
    buffer->length++;
}

size_t format_buffer(char *buffer, size_t size, const char *format, ...)
{
    struct buffer target = {buffer, size, 0};
    va_list args;

    va_start(args, format);
    format_text(buffer_put, &target, format, args);
    va_end(args);
    if (size > 0)
        buffer[target.length < size ? target.length : size - 1] = '\0';
    return target.length;
}
