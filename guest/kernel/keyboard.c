#include "keyboard.h"
#include "cpu.h"
#include "trap.h"
#include "tty.h"

/* IBM PS/2 technical reference, keyboard and auxiliary device controller. */
#define DATA               0x60
#define STATUS             0x64 /* commands when written */
#define STATUS_OUTPUT_FULL 0x01
#define STATUS_INPUT_FULL  0x02
#define STATUS_FROM_MOUSE  0x20
#define READ_CONFIG        0x20
#define WRITE_CONFIG       0x60
#define ENABLE_KEYBOARD    0xAE
#define PULSE_RESET        0xFE
#define CONFIG_IRQ1        0x01
#define CONFIG_NO_KEYBOARD 0x10
#define CONFIG_TRANSLATE   0x40

#define KEY_RELEASED    0x80
#define KEY_CONTROL     0x1D
#define KEY_LEFT_SHIFT  0x2A
#define KEY_RIGHT_SHIFT 0x36
#define KEY_CAPS_LOCK   0x3A
#define KEY_EXTENDED    0xE0

static const char plain[] =
    "\0\0331234567890-=\b\tqwertyuiop[]\n\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] =
    "\0\033!@#$%^&*()_+\b\tQWERTYUIOP{}\n\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";

static bool shift, control, caps_lock;

/* A keyboard that is not there must not hang the kernel. */
static void wait_status(uint8_t mask, uint8_t want)
{
    for (int tries = 0; tries < 10000 && (inb(STATUS) & mask) != want; tries++)
        ;
}

static void command(uint8_t value)
{
    wait_status(STATUS_INPUT_FULL, 0);
    outb(STATUS, value);
}

static bool is_modifier(uint8_t key, bool pressed)
{
    if (key == KEY_LEFT_SHIFT || key == KEY_RIGHT_SHIFT)
        shift = pressed;
    else if (key == KEY_CONTROL)
        control = pressed;
    else if (key == KEY_CAPS_LOCK)
        caps_lock ^= pressed;
    else
        return false;
    return true;
}

static char translate(uint8_t key)
{
    char c = key < sizeof(plain) ? plain[key] : 0;
    bool letter = c >= 'a' && c <= 'z';

    if (letter && control)
        return c & 0x1F;
    if (letter ? shift != caps_lock : shift)
        return shifted[key];
    return c;
}

static void key(uint8_t scancode)
{
    uint8_t code = scancode & ~KEY_RELEASED;
    bool pressed = !(scancode & KEY_RELEASED);
    char c;

    if (scancode == KEY_EXTENDED || is_modifier(code, pressed) || !pressed)
        return;
    c = translate(code);
    if (c)
        tty_input(c);
}

static void interrupt(void)
{
    uint8_t status = inb(STATUS);

    if (!(status & STATUS_OUTPUT_FULL))
        return;
    if (status & STATUS_FROM_MOUSE)
        inb(DATA);
    else
        key(inb(DATA));
}

void keyboard_init(void)
{
    uint8_t config;

    command(ENABLE_KEYBOARD);
    for (int tries = 0; tries < 16 && (inb(STATUS) & STATUS_OUTPUT_FULL); tries++)
        inb(DATA);
    command(READ_CONFIG);
    wait_status(STATUS_OUTPUT_FULL, STATUS_OUTPUT_FULL);
    config = inb(DATA);
    config = (config | CONFIG_IRQ1 | CONFIG_TRANSLATE) & ~CONFIG_NO_KEYBOARD;
    command(WRITE_CONFIG);
    wait_status(STATUS_INPUT_FULL, 0);
    outb(DATA, config);
    irq_install(IRQ_KEYBOARD, interrupt);
}

void keyboard_reset_machine(void)
{
    command(PULSE_RESET);
}
