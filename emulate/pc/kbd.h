/*
 * The keyboard controller (8042) as the PC AT and PS/2 have it: command port 64h, data port 60h, a
 * keyboard on IRQ1, a mouse on IRQ12, the A20 gate and the reset line.
 */
#ifndef UMBRA_EMULATE_PC_KBD_H
#define UMBRA_EMULATE_PC_KBD_H

#include "pic.h"
#include "ps2.h"

#include <stdbool.h>
#include <stdint.h>

/* What a write asks of the board. */
enum kbd_request {
    KBD_NOTHING,
    KBD_RESET,
    KBD_A20_ON,
    KBD_A20_OFF,
};

/* Where the byte in the output buffer comes from. */
enum kbd_source {
    KBD_FROM_NOBODY,
    KBD_FROM_CONTROLLER,
    KBD_FROM_CONTROLLER_AS_MOUSE,
    KBD_FROM_KEYBOARD,
    KBD_FROM_MOUSE,
};

struct kbd {
    uint8_t status;
    uint8_t mode; /* the command byte */
    uint8_t outport;
    uint8_t command; /* waits for its data byte, or 0 */
    uint8_t last;    /* what port 60h reads when the buffer is empty */
    uint8_t reply;   /* answer of the controller itself */
    enum kbd_source reply_source;
    enum kbd_source output;
    struct ps2_keyboard keyboard;
    struct ps2_mouse mouse;
    struct irq_line keyboard_irq;
    struct irq_line mouse_irq;
};

/* Power-on state: both interrupts enabled, A20 on. */
void kbd_init(struct kbd *kbd, struct irq_line keyboard_irq, struct irq_line mouse_irq);

/* Port 60h (data) and port 64h (status, command). */
uint8_t kbd_data_in(struct kbd *kbd);
uint8_t kbd_status_in(const struct kbd *kbd);
enum kbd_request kbd_data_out(struct kbd *kbd, uint8_t value);
enum kbd_request kbd_command_out(struct kbd *kbd, uint8_t value);

/* A key was pressed or released: one byte of scan code set 1, as translated; false when the
 * keyboard's buffer is full. A keyboard that the guest turned off drops it and returns true. */
bool kbd_key(struct kbd *kbd, uint8_t scancode);

#endif
