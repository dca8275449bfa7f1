/*
 * A PC's text screen as characters for a person: rows of UTF-8, or a terminal that is kept alike by
 * ANSI sequences (ECMA-48).
 *
 * Pure: also built on the host for tests.
 */
#ifndef UMBRA_HYPERVISOR_VM_TEXT_H
#define UMBRA_HYPERVISOR_VM_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#define TEXT_COLUMNS 80u
#define TEXT_ROWS    25u
#define TEXT_CELLS   (TEXT_COLUMNS * TEXT_ROWS)

struct text_screen {
    uint16_t cells[TEXT_CELLS]; /* attribute << 8 | character of code page 437 */
    uint16_t cursor;            /* cell; TEXT_CELLS or more: not shown */
};

/* A terminal and what it shows; all zero: it is to be cleared first. */
struct text_terminal {
    struct text_screen shown;
    bool cleared;
};

typedef void (*text_put)(char c);

/* One row as UTF-8 without blanks at its end. */
void text_row(const struct text_screen *screen, unsigned row, text_put put);

/* Sends what makes the terminal show the screen: cells that changed, and the cursor. */
void text_paint(struct text_terminal *terminal, const struct text_screen *screen, text_put put);

/* A line of text from a guest, for a channel that others write to as well. All zero: empty. */
struct text_line {
    char text[160]; /* ends with '\0' once the line is complete */
    unsigned length;
    bool returned; /* a CR came, which the LF after it swallows */
};

/*
 * Adds a byte; true when the line is complete, by a newline or because it is full: use it and clear
 * *line. What is not printable ASCII becomes \xNN: a guest must not move the cursor of a terminal
 * that shows the monitor's words too.
 */
bool text_line_add(struct text_line *line, uint8_t byte);

#endif
