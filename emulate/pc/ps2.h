/* The two PS/2 devices behind the 8042: a keyboard that types, and a mouse that lies still. */
#ifndef UMBRA_EMULATE_PC_PS2_H
#define UMBRA_EMULATE_PC_PS2_H

#include <stdbool.h>
#include <stdint.h>

#define PS2_QUEUE_BYTES  16u
#define PS2_ANSWER_BYTES 16u

/* Bytes on their way to the controller; the keyboard's answers overtake what was typed. */
struct ps2_queue {
    uint8_t typed[PS2_QUEUE_BYTES];
    uint8_t typed_head, typed_length;
    uint8_t answer[PS2_ANSWER_BYTES];
    uint8_t answer_head, answer_length;
    uint8_t last;
};

struct ps2_keyboard {
    struct ps2_queue queue;
    uint8_t command; /* waits for its data byte, or 0 */
    uint8_t scancode_set;
    bool scanning;
    bool translate;
};

struct ps2_mouse {
    struct ps2_queue queue;
    uint8_t command;
    uint8_t status;
    uint8_t resolution;
    uint8_t sample_rate;
    uint8_t type;          /* 0, 3 (wheel) or 4 (wheel and five buttons) */
    uint8_t type_detected; /* progress of the sample-rate knock that selects them */
    bool wrap;
};

void ps2_keyboard_init(struct ps2_keyboard *keyboard);
void ps2_mouse_init(struct ps2_mouse *mouse);

/* A byte from the host to the device. */
void ps2_keyboard_write(struct ps2_keyboard *keyboard, uint8_t value);
void ps2_mouse_write(struct ps2_mouse *mouse, uint8_t value);

/* True when a byte waits; takes it. An empty queue gives the last byte again. */
bool ps2_queue_ready(const struct ps2_queue *queue);
uint8_t ps2_queue_get(struct ps2_queue *queue);

/* Puts a typed byte in the queue; false when it is full. */
bool ps2_queue_type(struct ps2_queue *queue, uint8_t value);

#endif
