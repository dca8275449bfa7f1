/* The console: serial line and keyboard in, serial line and screen out, line editing between. */
#ifndef TTY_H
#define TTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A character arrived from the serial line or the keyboard (interrupts are off). */
void tty_input(char c);

/** Print; never sleeps, so that anybody may call it. */
void tty_output(const char *text, size_t n);

/** System calls: read a line or what is left of one; write, sleeping while the line is busy. */
int tty_read(uint32_t buffer, uint32_t n);
int tty_write(uint32_t buffer, uint32_t n);

/** The job that ctrl-c ends. */
void tty_set_foreground(int job);

#endif
