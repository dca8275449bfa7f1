/*
 * What a person types on a terminal, as scan codes of a keyboard (set 1): characters, and the
 * sequences of the cursor keys.
 *
 * Pure: also built on the host for tests.
 */
#ifndef UMBRA_HYPERVISOR_VM_KEYS_H
#define UMBRA_HYPERVISOR_VM_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#define KEYS_CODES_MAX 6u

struct keys {
    unsigned sequence; /* characters of an escape sequence seen so far */
    unsigned count;    /* of codes */
    uint8_t codes[KEYS_CODES_MAX];
};

/* Takes a byte from the line; the codes that come of it, if any, replace those before. An ESC of
 * its own is known as such only when the next byte is another one. */
void keys_take(struct keys *keys, uint8_t byte);

#endif
