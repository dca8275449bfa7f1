#include "kbd.h"

#include <string.h>

#define STATUS_OUTPUT_FULL  0x01u
#define STATUS_SYSTEM       0x04u
#define STATUS_COMMAND      0x08u
#define STATUS_UNLOCKED     0x10u
#define STATUS_MOUSE_OUTPUT 0x20u

#define MODE_KEYBOARD_IRQ     0x01u
#define MODE_MOUSE_IRQ        0x02u
#define MODE_DISABLE_KEYBOARD 0x10u
#define MODE_DISABLE_MOUSE    0x20u
#define MODE_TRANSLATE        0x40u

#define OUTPORT_NOT_RESET  0x01u
#define OUTPORT_A20        0x02u
#define OUTPORT_FULL       0x10u
#define OUTPORT_MOUSE_FULL 0x20u
#define OUTPORT_ONES       0xccu

enum controller_command {
    READ_MODE = 0x20,
    WRITE_MODE = 0x60,
    MOUSE_DISABLE = 0xa7,
    MOUSE_ENABLE = 0xa8,
    TEST_MOUSE = 0xa9,
    SELF_TEST = 0xaa,
    TEST_KEYBOARD = 0xab,
    KEYBOARD_DISABLE = 0xad,
    KEYBOARD_ENABLE = 0xae,
    READ_INPORT = 0xc0,
    READ_OUTPORT = 0xd0,
    WRITE_OUTPORT = 0xd1,
    WRITE_OUTPUT_BUFFER = 0xd2,
    WRITE_MOUSE_OUTPUT = 0xd3,
    WRITE_MOUSE = 0xd4,
    DISABLE_A20 = 0xdd,
    ENABLE_A20 = 0xdf,
    PULSE_OUTPORT = 0xf0, /* to FFh: a clear bit pulses that output; bit 0 is the reset */
};

static bool from_mouse(enum kbd_source source)
{
    return source == KBD_FROM_MOUSE || source == KBD_FROM_CONTROLLER_AS_MOUSE;
}

static void update_irqs(struct kbd *kbd)
{
    bool full = kbd->status & STATUS_OUTPUT_FULL;
    bool mouse = kbd->status & STATUS_MOUSE_OUTPUT;
    bool keyboard_on = (kbd->mode & MODE_KEYBOARD_IRQ) && !(kbd->mode & MODE_DISABLE_KEYBOARD);

    irq_line_set(&kbd->keyboard_irq, full && !mouse && keyboard_on);
    irq_line_set(&kbd->mouse_irq, full && mouse && (kbd->mode & MODE_MOUSE_IRQ));
}

/* Who delivers next: the controller's own answer first, then the keyboard, then the mouse; the one
 * that has just delivered (`last`) lets the other go first. */
static enum kbd_source next_source(const struct kbd *kbd, enum kbd_source last)
{
    bool keyboard = !(kbd->mode & MODE_DISABLE_KEYBOARD) && ps2_queue_ready(&kbd->keyboard.queue);
    bool mouse = !(kbd->mode & MODE_DISABLE_MOUSE) && ps2_queue_ready(&kbd->mouse.queue);

    if (kbd->reply_source != KBD_FROM_NOBODY) {
        return kbd->reply_source;
    }
    if (keyboard && !(mouse && last == KBD_FROM_KEYBOARD)) {
        return KBD_FROM_KEYBOARD;
    }
    return mouse ? KBD_FROM_MOUSE : KBD_FROM_NOBODY;
}

static void empty_output(struct kbd *kbd)
{
    kbd->status &= (uint8_t) ~(STATUS_OUTPUT_FULL | STATUS_MOUSE_OUTPUT);
    kbd->outport &= (uint8_t) ~(OUTPORT_FULL | OUTPORT_MOUSE_FULL);
    update_irqs(kbd);
}

/* Fills the output buffer if it is free and somebody has a byte. */
static void fill_output_after(struct kbd *kbd, enum kbd_source last)
{
    enum kbd_source source = next_source(kbd, last);

    if ((kbd->status & STATUS_OUTPUT_FULL) || source == KBD_FROM_NOBODY) {
        return;
    }
    kbd->output = source;
    kbd->status |= STATUS_OUTPUT_FULL;
    kbd->outport |= OUTPORT_FULL;
    if (from_mouse(source)) {
        kbd->status |= STATUS_MOUSE_OUTPUT;
        kbd->outport |= OUTPORT_MOUSE_FULL;
    }
    update_irqs(kbd);
}

static void fill_output(struct kbd *kbd)
{
    fill_output_after(kbd, KBD_FROM_NOBODY);
}

static void reply(struct kbd *kbd, uint8_t value, enum kbd_source source)
{
    kbd->reply = value;
    kbd->reply_source = source;
    fill_output(kbd);
}

void kbd_init(struct kbd *kbd, struct irq_line keyboard_irq, struct irq_line mouse_irq)
{
    memset(kbd, 0, sizeof(*kbd));
    kbd->keyboard_irq = keyboard_irq;
    kbd->mouse_irq = mouse_irq;
    kbd->status = STATUS_COMMAND | STATUS_UNLOCKED;
    kbd->mode = MODE_KEYBOARD_IRQ | MODE_MOUSE_IRQ;
    kbd->outport = OUTPORT_NOT_RESET | OUTPORT_A20 | OUTPORT_ONES;
    ps2_keyboard_init(&kbd->keyboard);
    ps2_mouse_init(&kbd->mouse);
}

uint8_t kbd_status_in(const struct kbd *kbd)
{
    return kbd->status;
}

static uint8_t take_output(struct kbd *kbd)
{
    switch (kbd->output) {
    case KBD_FROM_KEYBOARD:
        return ps2_queue_get(&kbd->keyboard.queue);
    case KBD_FROM_MOUSE:
        return ps2_queue_get(&kbd->mouse.queue);
    case KBD_FROM_CONTROLLER:
    case KBD_FROM_CONTROLLER_AS_MOUSE:
        kbd->reply_source = KBD_FROM_NOBODY;
        return kbd->reply;
    default:
        return kbd->last;
    }
}

/* Between two bytes the IRQ line falls, so that each byte is an edge. */
uint8_t kbd_data_in(struct kbd *kbd)
{
    if (kbd->status & STATUS_OUTPUT_FULL) {
        empty_output(kbd);
        kbd->last = take_output(kbd);
        fill_output_after(kbd, kbd->output);
    }
    return kbd->last;
}

static void enable(struct kbd *kbd, uint8_t disable_bit)
{
    kbd->mode &= (uint8_t)~disable_bit;
    fill_output(kbd);
}

static enum kbd_request write_outport(struct kbd *kbd, uint8_t value)
{
    kbd->outport = value;
    if (!(value & OUTPORT_NOT_RESET)) {
        return KBD_RESET;
    }
    return value & OUTPORT_A20 ? KBD_A20_ON : KBD_A20_OFF;
}

enum kbd_request kbd_data_out(struct kbd *kbd, uint8_t value)
{
    uint8_t command = kbd->command;

    kbd->command = 0;
    switch (command) {
    case WRITE_MODE:
        kbd->mode = value;
        kbd->keyboard.translate = value & MODE_TRANSLATE;
        update_irqs(kbd);
        fill_output(kbd);
        break;
    case WRITE_OUTPORT:
        return write_outport(kbd, value);
    case WRITE_OUTPUT_BUFFER:
        reply(kbd, value, KBD_FROM_CONTROLLER);
        break;
    case WRITE_MOUSE_OUTPUT:
        reply(kbd, value, KBD_FROM_CONTROLLER_AS_MOUSE);
        break;
    case WRITE_MOUSE:
        ps2_mouse_write(&kbd->mouse, value);
        enable(kbd, MODE_DISABLE_MOUSE);
        break;
    default: /* a byte for the keyboard, which also turns its interface on */
        ps2_keyboard_write(&kbd->keyboard, value);
        enable(kbd, MODE_DISABLE_KEYBOARD);
        break;
    }
    return KBD_NOTHING;
}

static enum kbd_request set_a20(struct kbd *kbd, bool on)
{
    kbd->outport = (uint8_t)((kbd->outport & ~OUTPORT_A20) | (on ? OUTPORT_A20 : 0));
    return on ? KBD_A20_ON : KBD_A20_OFF;
}

/* Commands that answer with a byte. */
static void answer_command(struct kbd *kbd, uint8_t value)
{
    switch (value) {
    case READ_MODE:
        reply(kbd, kbd->mode, KBD_FROM_CONTROLLER);
        break;
    case SELF_TEST:
        kbd->status |= STATUS_SYSTEM;
        reply(kbd, 0x55, KBD_FROM_CONTROLLER);
        break;
    case TEST_KEYBOARD:
    case TEST_MOUSE:
        reply(kbd, 0x00, KBD_FROM_CONTROLLER);
        break;
    case READ_INPORT:
        reply(kbd, 0x80, KBD_FROM_CONTROLLER);
        break;
    case READ_OUTPORT:
        reply(kbd, kbd->outport, KBD_FROM_CONTROLLER);
        break;
    default: /* no such command */
        break;
    }
}

enum kbd_request kbd_command_out(struct kbd *kbd, uint8_t value)
{
    if (value >= PULSE_OUTPORT) {
        return value & OUTPORT_NOT_RESET ? KBD_NOTHING : KBD_RESET;
    }
    switch (value) {
    case WRITE_MODE:
    case WRITE_OUTPORT:
    case WRITE_OUTPUT_BUFFER:
    case WRITE_MOUSE_OUTPUT:
    case WRITE_MOUSE:
        kbd->command = value;
        break;
    case KEYBOARD_DISABLE:
        kbd->mode |= MODE_DISABLE_KEYBOARD;
        break;
    case KEYBOARD_ENABLE:
        enable(kbd, MODE_DISABLE_KEYBOARD);
        break;
    case MOUSE_DISABLE:
        kbd->mode |= MODE_DISABLE_MOUSE;
        break;
    case MOUSE_ENABLE:
        enable(kbd, MODE_DISABLE_MOUSE);
        break;
    case DISABLE_A20:
    case ENABLE_A20:
        return set_a20(kbd, value == ENABLE_A20);
    default:
        answer_command(kbd, value);
        break;
    }
    return KBD_NOTHING;
}

bool kbd_key(struct kbd *kbd, uint8_t scancode)
{
    if (!kbd->keyboard.scanning) {
        return true;
    }
    bool taken = ps2_queue_type(&kbd->keyboard.queue, scancode);
    fill_output(kbd);
    return taken;
}
