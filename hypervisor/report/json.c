#include "json.h"

static void put_escaped(struct json *json, uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";
    const char escape[] = {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]};
    for (unsigned i = 0; i < sizeof(escape); i++)
        json->put(json->target, escape[i]);
}

static void put_quoted(struct json *json, const char *text)
{
    json->put(json->target, '"');
    for (; *text; text++) {
        uint8_t byte = (uint8_t)*text;
        if (byte < ' ' || byte > '~' || byte == '"' || byte == '\\')
            put_escaped(json, byte);
        else
            json->put(json->target, *text);
    }
    json->put(json->target, '"');
}

static void begin_value(struct json *json, const char *key)
{
    if (json->comma)
        json->put(json->target, ',');
    json->comma = true;
    if (key) {
        put_quoted(json, key);
        json->put(json->target, ':');
    }
}

void json_open(struct json *json, const char *key, char bracket)
{
    begin_value(json, key);
    json->put(json->target, bracket);
    json->comma = false;
}

void json_close(struct json *json, char bracket)
{
    json->put(json->target, bracket);
    json->comma = true;
}

void json_number(struct json *json, const char *key, uint64_t value)
{
    char text[20];
    unsigned at = sizeof(text);
    begin_value(json, key);
    do {
        text[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    while (at < sizeof(text))
        json->put(json->target, text[at++]);
}

void json_null(struct json *json, const char *key)
{
    begin_value(json, key);
    for (const char *text = "null"; *text; text++)
        json->put(json->target, *text);
}

void json_string(struct json *json, const char *key, const char *text)
{
    begin_value(json, key);
    put_quoted(json, text);
}
