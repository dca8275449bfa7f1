#include "ps2.h"

#include <string.h>

#define PS2_ACK       0xfau
#define PS2_RESEND    0xfeu
#define PS2_SELF_TEST 0xaau

enum keyboard_command {
    KEYBOARD_SET_LEDS = 0xed,
    KEYBOARD_ECHO = 0xee,
    KEYBOARD_SCANCODE_SET = 0xf0,
    KEYBOARD_IDENTIFY = 0xf2,
    KEYBOARD_SET_RATE = 0xf3,
    KEYBOARD_ENABLE = 0xf4,
    KEYBOARD_DISABLE = 0xf5,
    KEYBOARD_DEFAULTS = 0xf6,
    KEYBOARD_TYPEMATIC_MAKE_BREAK = 0xfa,
    KEYBOARD_RESET = 0xff,
};

enum mouse_command {
    MOUSE_SCALE_1_1 = 0xe6,
    MOUSE_SCALE_2_1 = 0xe7,
    MOUSE_SET_RESOLUTION = 0xe8,
    MOUSE_STATUS = 0xe9,
    MOUSE_STREAM = 0xea,
    MOUSE_POLL = 0xeb,
    MOUSE_WRAP_OFF = 0xec,
    MOUSE_WRAP_ON = 0xee,
    MOUSE_REMOTE = 0xf0,
    MOUSE_IDENTIFY = 0xf2,
    MOUSE_SET_RATE = 0xf3,
    MOUSE_ENABLE = 0xf4,
    MOUSE_DISABLE = 0xf5,
    MOUSE_DEFAULTS = 0xf6,
    MOUSE_RESET = 0xff,
};

#define MOUSE_STATUS_SCALE_2_1 0x10u
#define MOUSE_STATUS_ENABLED   0x20u
#define MOUSE_STATUS_REMOTE    0x40u

bool ps2_queue_ready(const struct ps2_queue *queue)
{
    return queue->answer_length != 0 || queue->typed_length != 0;
}

uint8_t ps2_queue_get(struct ps2_queue *queue)
{
    if (queue->answer_length != 0) {
        queue->last = queue->answer[queue->answer_head];
        queue->answer_head = (queue->answer_head + 1) % PS2_ANSWER_BYTES;
        queue->answer_length--;
    } else if (queue->typed_length != 0) {
        queue->last = queue->typed[queue->typed_head];
        queue->typed_head = (queue->typed_head + 1) % PS2_QUEUE_BYTES;
        queue->typed_length--;
    }
    return queue->last;
}

bool ps2_queue_type(struct ps2_queue *queue, uint8_t value)
{
    if (queue->typed_length == PS2_QUEUE_BYTES) {
        return false;
    }
    queue->typed[(queue->typed_head + queue->typed_length) % PS2_QUEUE_BYTES] = value;
    queue->typed_length++;
    return true;
}

/* The keyboard serves one command at a time: an answer replaces one that was not read. */
static void answer(struct ps2_queue *queue, const uint8_t *bytes, uint8_t length)
{
    memcpy(queue->answer, bytes, length);
    queue->answer_head = 0;
    queue->answer_length = length;
}

static void answer_byte(struct ps2_queue *queue, uint8_t value)
{
    answer(queue, &value, 1);
}

static void queue_clear(struct ps2_queue *queue)
{
    queue->typed_length = 0;
    queue->answer_length = 0;
}

static void keyboard_defaults(struct ps2_keyboard *keyboard, bool scanning)
{
    keyboard->scanning = scanning;
    keyboard->scancode_set = 2;
    queue_clear(&keyboard->queue);
}

void ps2_keyboard_init(struct ps2_keyboard *keyboard)
{
    memset(keyboard, 0, sizeof(*keyboard));
    keyboard_defaults(keyboard, true);
}

/* Asked for with 0, the current set is told; through the controller's translation it reads as the
 * set 1 code of that number. */
static void write_scancode_set(struct ps2_keyboard *keyboard, uint8_t value)
{
    static const uint8_t translated[4] = {0x00, 0x43, 0x41, 0x3f};
    uint8_t set = keyboard->scancode_set;

    if (value == 0) {
        uint8_t bytes[] = {PS2_ACK, keyboard->translate ? translated[set & 3u] : set};
        answer(&keyboard->queue, bytes, sizeof(bytes));
    } else if (value <= 3) {
        keyboard->scancode_set = value;
        answer_byte(&keyboard->queue, PS2_ACK);
    } else {
        answer_byte(&keyboard->queue, PS2_RESEND);
    }
}

static void keyboard_identify(struct ps2_keyboard *keyboard)
{
    uint8_t bytes[] = {PS2_ACK, 0xab, keyboard->translate ? 0x41 : 0x83};
    answer(&keyboard->queue, bytes, sizeof(bytes));
}

static void keyboard_reset(struct ps2_keyboard *keyboard)
{
    static const uint8_t bytes[] = {PS2_ACK, PS2_SELF_TEST};
    keyboard_defaults(keyboard, true);
    answer(&keyboard->queue, bytes, sizeof(bytes));
}

static void keyboard_command(struct ps2_keyboard *keyboard, uint8_t value)
{
    uint8_t reply = PS2_ACK;

    switch (value) {
    case KEYBOARD_IDENTIFY:
        keyboard_identify(keyboard);
        return;
    case KEYBOARD_RESET:
        keyboard_reset(keyboard);
        return;
    case KEYBOARD_ECHO:
        reply = KEYBOARD_ECHO;
        break;
    case KEYBOARD_ENABLE:
        keyboard->scanning = true;
        break;
    case KEYBOARD_DISABLE:
    case KEYBOARD_DEFAULTS:
        keyboard_defaults(keyboard, value == KEYBOARD_DEFAULTS);
        break;
    case KEYBOARD_SET_LEDS:
    case KEYBOARD_SCANCODE_SET:
    case KEYBOARD_SET_RATE:
        keyboard->command = value;
        break;
    case 0x00:
    case KEYBOARD_TYPEMATIC_MAKE_BREAK:
        break;
    default:
        reply = PS2_RESEND;
        break;
    }
    answer_byte(&keyboard->queue, reply);
}

void ps2_keyboard_write(struct ps2_keyboard *keyboard, uint8_t value)
{
    uint8_t command = keyboard->command;

    keyboard->command = 0;
    if (command == 0) {
        keyboard_command(keyboard, value);
    } else if (command == KEYBOARD_SCANCODE_SET) {
        write_scancode_set(keyboard, value);
    } else {
        answer_byte(&keyboard->queue, PS2_ACK);
    }
}

/* The mouse queues its answers; one that does not fit whole is lost. */
static void append(struct ps2_queue *queue, const uint8_t *bytes, unsigned length)
{
    if (length > PS2_QUEUE_BYTES - queue->typed_length) {
        return;
    }
    for (unsigned i = 0; i < length; i++) {
        ps2_queue_type(queue, bytes[i]);
    }
}

static void append_byte(struct ps2_queue *queue, uint8_t value)
{
    append(queue, &value, 1);
}

static void mouse_defaults(struct ps2_mouse *mouse)
{
    mouse->sample_rate = 100;
    mouse->resolution = 2;
    mouse->status = 0;
}

void ps2_mouse_init(struct ps2_mouse *mouse)
{
    memset(mouse, 0, sizeof(*mouse));
    mouse_defaults(mouse);
}

static void mouse_reset(struct ps2_mouse *mouse)
{
    static const uint8_t bytes[] = {PS2_ACK, PS2_SELF_TEST, 0x00};
    mouse_defaults(mouse);
    mouse->type = 0;
    queue_clear(&mouse->queue);
    append(&mouse->queue, bytes, sizeof(bytes));
}

/* An idle packet: no button, no movement; wheel mice send a fourth byte. */
static void mouse_poll(struct ps2_mouse *mouse)
{
    static const uint8_t packet[] = {0x08, 0x00, 0x00, 0x00};
    append_byte(&mouse->queue, PS2_ACK);
    append(&mouse->queue, packet, mouse->type ? 4 : 3);
}

static void mouse_tell_status(struct ps2_mouse *mouse)
{
    uint8_t bytes[] = {PS2_ACK, mouse->status, mouse->resolution, mouse->sample_rate};
    append(&mouse->queue, bytes, sizeof(bytes));
}

static void mouse_identify(struct ps2_mouse *mouse)
{
    uint8_t bytes[] = {PS2_ACK, mouse->type};
    append(&mouse->queue, bytes, sizeof(bytes));
}

/* Sample rates 200, 100, 80 in a row turn the wheel on; 200, 200, 80 the five buttons. */
static void mouse_set_rate(struct ps2_mouse *mouse, uint8_t rate)
{
    uint8_t seen = mouse->type_detected;

    mouse->sample_rate = rate;
    mouse->type_detected = 0;
    if (seen == 0) {
        mouse->type_detected = rate == 200;
    } else if (seen == 1) {
        mouse->type_detected = rate == 100 ? 2 : rate == 200 ? 3 : 0;
    } else if (rate == 80) {
        mouse->type = seen == 2 ? 3 : 4;
    }
}

static void mouse_data(struct ps2_mouse *mouse, uint8_t command, uint8_t value)
{
    if (command == MOUSE_SET_RATE) {
        mouse_set_rate(mouse, value);
    } else {
        mouse->resolution = value;
    }
    append_byte(&mouse->queue, PS2_ACK);
}

/* Commands that only change the status byte (or wrap mode) and are acknowledged. */
static bool mouse_switch(struct ps2_mouse *mouse, uint8_t value)
{
    static const struct {
        uint8_t command, clear, set;
    } effect[] = {
        {MOUSE_SCALE_1_1, MOUSE_STATUS_SCALE_2_1, 0}, {MOUSE_SCALE_2_1, 0, MOUSE_STATUS_SCALE_2_1},
        {MOUSE_STREAM, MOUSE_STATUS_REMOTE, 0},       {MOUSE_REMOTE, 0, MOUSE_STATUS_REMOTE},
        {MOUSE_ENABLE, 0, MOUSE_STATUS_ENABLED},      {MOUSE_DISABLE, MOUSE_STATUS_ENABLED, 0},
    };

    for (unsigned i = 0; i < sizeof(effect) / sizeof(effect[0]); i++) {
        if (effect[i].command == value) {
            mouse->status = (uint8_t)((mouse->status & ~effect[i].clear) | effect[i].set);
            return true;
        }
    }
    return false;
}

static void mouse_command(struct ps2_mouse *mouse, uint8_t value)
{
    switch (value) {
    case MOUSE_IDENTIFY:
        mouse_identify(mouse);
        return;
    case MOUSE_STATUS:
        mouse_tell_status(mouse);
        return;
    case MOUSE_POLL:
        mouse_poll(mouse);
        return;
    case MOUSE_RESET:
        mouse_reset(mouse);
        return;
    case MOUSE_SET_RATE:
    case MOUSE_SET_RESOLUTION:
        mouse->command = value;
        break;
    case MOUSE_WRAP_ON:
        mouse->wrap = true;
        break;
    case MOUSE_DEFAULTS:
        mouse_defaults(mouse);
        break;
    default:
        if (!mouse_switch(mouse, value)) {
            return; /* unknown commands get no answer at all */
        }
        break;
    }
    append_byte(&mouse->queue, PS2_ACK);
}

void ps2_mouse_write(struct ps2_mouse *mouse, uint8_t value)
{
    uint8_t command = mouse->command;

    mouse->command = 0;
    if (command != 0) {
        mouse_data(mouse, command, value);
    } else if (mouse->wrap && value == MOUSE_WRAP_OFF) {
        mouse->wrap = false;
        append_byte(&mouse->queue, PS2_ACK);
    } else if (mouse->wrap && value != MOUSE_RESET) {
        ps2_queue_type(&mouse->queue, value);
    } else {
        mouse_command(mouse, value);
    }
}
