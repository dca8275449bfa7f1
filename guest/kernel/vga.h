/* The VGA in text mode: 80 by 25 characters at B8000h. */
#ifndef VGA_H
#define VGA_H

/** Clear the screen. */
void vga_init(void);

/** Print a character at the cursor, scrolling when the screen is full. */
void vga_put(char c);

/** Move the blinking cursor to where the next character goes. */
void vga_show_cursor(void);

#endif
