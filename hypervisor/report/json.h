/* JSON (RFC 8259), one character at a time, on one line. Pure: also built on the host for tests. */
#ifndef UMBRA_HYPERVISOR_REPORT_JSON_H
#define UMBRA_HYPERVISOR_REPORT_JSON_H

#include <stdbool.h>
#include <stdint.h>

struct json {
    void (*put)(void *target, char c);
    void *target;
    bool comma; /* a value stands before: the next one is separated from it */
};

/* Opens an object ('{') or an array ('['), and closes it. Keys are NULL within arrays. */
void json_open(struct json *json, const char *key, char bracket);
void json_close(struct json *json, char bracket);
void json_number(struct json *json, const char *key, uint64_t value);
void json_null(struct json *json, const char *key);
/* Any bytes: quotes, backslashes, controls and what is not ASCII (read as Latin-1) are escaped. */
void json_string(struct json *json, const char *key, const char *text);

#endif
