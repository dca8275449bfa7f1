#include "vga.h"
#include "cpu.h"
#include "lib/string.h"
#include "paging.h"

#define COLUMNS   80
#define ROWS      25
#define CELLS     (COLUMNS * ROWS)
#define TAB       8
#define ATTRIBUTE 0x0700u /* light grey on black */

/* The CRT controller's cursor location, high and low byte (IBM VGA technical reference). */
#define CRTC_INDEX  0x3D4
#define CRTC_DATA   0x3D5
#define CURSOR_HIGH 0x0E
#define CURSOR_LOW  0x0F

static uint16_t *const screen = (uint16_t *)(KERNEL_BASE + 0xB8000);
static uint32_t cursor, shown;

static void clear(uint32_t from, uint32_t to)
{
    while (from < to)
        screen[from++] = ATTRIBUTE | ' ';
}

void vga_init(void)
{
    clear(0, CELLS);
}

static void scroll(void)
{
    memmove(screen, screen + COLUMNS, (CELLS - COLUMNS) * sizeof(*screen));
    clear(CELLS - COLUMNS, CELLS);
    cursor -= COLUMNS;
}

void vga_put(char c)
{
    if (c == '\n')
        cursor += COLUMNS - cursor % COLUMNS;
    else if (c == '\r')
        cursor -= cursor % COLUMNS;
    else if (c == '\b')
        cursor -= cursor > 0;
    else if (c == '\t')
        cursor += TAB - cursor % TAB;
    else
        screen[cursor++] = ATTRIBUTE | (uint8_t)c;
    if (cursor >= CELLS)
        scroll();
}

void vga_show_cursor(void)
{
    if (shown == cursor)
        return;
    shown = cursor;
    outb(CRTC_INDEX, CURSOR_HIGH);
    outb(CRTC_DATA, (uint8_t)(cursor >> 8));
    outb(CRTC_INDEX, CURSOR_LOW);
    outb(CRTC_DATA, (uint8_t)cursor);
}
