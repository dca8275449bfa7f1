#include "keys.h"

#define ESC        0x1bu
#define RELEASED   0x80u
#define EXTENDED   0xe0u
#define KEY_ESC    0x01u
#define KEY_SHIFT  0x2au
#define KEY_CTRL   0x1du
#define NO_KEY     0x00u
#define WITH_SHIFT 0x80u

/* US keyboard: the key of each character, WITH_SHIFT where it needs that. Control characters that
 * are none of their own are letters with CTRL. */
static const uint8_t key_of[128] = {
    [0x08] = 0x0e, [0x09] = 0x0f, ['\r'] = 0x1c, ['\n'] = 0x1c, [' '] = 0x39, ['!'] = 0x82,
    ['"'] = 0xa8,  ['#'] = 0x84,  ['$'] = 0x85,  ['%'] = 0x86,  ['&'] = 0x88, ['\''] = 0x28,
    ['('] = 0x8a,  [')'] = 0x8b,  ['*'] = 0x89,  ['+'] = 0x8d,  [','] = 0x33, ['-'] = 0x0c,
    ['.'] = 0x34,  ['/'] = 0x35,  ['0'] = 0x0b,  ['1'] = 0x02,  ['2'] = 0x03, ['3'] = 0x04,
    ['4'] = 0x05,  ['5'] = 0x06,  ['6'] = 0x07,  ['7'] = 0x08,  ['8'] = 0x09, ['9'] = 0x0a,
    [':'] = 0xa7,  [';'] = 0x27,  ['<'] = 0xb3,  ['='] = 0x0d,  ['>'] = 0xb4, ['?'] = 0xb5,
    ['@'] = 0x83,  ['['] = 0x1a,  ['\\'] = 0x2b, [']'] = 0x1b,  ['^'] = 0x87, ['_'] = 0x8c,
    ['`'] = 0x29,  ['a'] = 0x1e,  ['b'] = 0x30,  ['c'] = 0x2e,  ['d'] = 0x20, ['e'] = 0x12,
    ['f'] = 0x21,  ['g'] = 0x22,  ['h'] = 0x23,  ['i'] = 0x17,  ['j'] = 0x24, ['k'] = 0x25,
    ['l'] = 0x26,  ['m'] = 0x32,  ['n'] = 0x31,  ['o'] = 0x18,  ['p'] = 0x19, ['q'] = 0x10,
    ['r'] = 0x13,  ['s'] = 0x1f,  ['t'] = 0x14,  ['u'] = 0x16,  ['v'] = 0x2f, ['w'] = 0x11,
    ['x'] = 0x2d,  ['y'] = 0x15,  ['z'] = 0x2c,  ['{'] = 0x9a,  ['|'] = 0xab, ['}'] = 0x9b,
    ['~'] = 0xa9,  [0x7f] = 0x0e,
};

static void add(struct keys *keys, uint8_t code)
{
    keys->codes[keys->count++] = code;
}

static void press(struct keys *keys, uint8_t key)
{
    add(keys, key);
    add(keys, key | RELEASED);
}

static void press_with(struct keys *keys, uint8_t modifier, uint8_t key)
{
    add(keys, modifier);
    press(keys, key);
    add(keys, modifier | RELEASED);
}

static void take_character(struct keys *keys, uint8_t byte)
{
    bool upper = byte >= 'A' && byte <= 'Z';
    uint8_t key = byte < 128 ? key_of[upper ? byte | 0x20 : byte] : NO_KEY;
    if (key == NO_KEY && byte && byte < 0x1b)
        press_with(keys, KEY_CTRL, key_of[byte | 0x60]);
    else if (key == NO_KEY)
        return;
    else if (upper || key & WITH_SHIFT)
        press_with(keys, KEY_SHIFT, key & (uint8_t)~WITH_SHIFT);
    else
        press(keys, key);
}

/* ESC [ A to D, H and F, or with O for the bracket: up, down, right, left, home, end. */
static uint8_t cursor_key(uint8_t byte)
{
    switch (byte) {
    case 'A':
        return 0x48;
    case 'B':
        return 0x50;
    case 'C':
        return 0x4d;
    case 'D':
        return 0x4b;
    case 'H':
        return 0x47;
    case 'F':
        return 0x4f;
    default:
        return NO_KEY;
    }
}

static void press_extended(struct keys *keys, uint8_t key)
{
    add(keys, EXTENDED);
    add(keys, key);
    add(keys, EXTENDED);
    add(keys, key | RELEASED);
}

void keys_take(struct keys *keys, uint8_t byte)
{
    unsigned sequence = keys->sequence;
    keys->count = 0;
    keys->sequence = 0;
    if (sequence == 1 && (byte == '[' || byte == 'O')) {
        keys->sequence = 2;
    } else if (sequence == 2 && cursor_key(byte)) {
        press_extended(keys, cursor_key(byte));
    } else if (byte == ESC) {
        keys->sequence = 1;
        if (sequence == 1)
            press(keys, KEY_ESC);
    } else {
        if (sequence == 1)
            press(keys, KEY_ESC);
        take_character(keys, byte);
    }
}
