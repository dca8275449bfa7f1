/* The first serial line: a 16550A at 3F8h, sending and receiving by interrupt. */
#ifndef SERIAL_H
#define SERIAL_H

#include <stdint.h>

/** 115200 8N1, FIFOs on; interrupts follow with serial_start. */
void serial_init(void);

/** Install the interrupt handler. */
void serial_start(void);

/** Queue a character. With the queue full, or before serial_start, wait for the chip. */
void serial_put(char c);

/** Sleep until the queue has room for n characters. */
void serial_wait_room(uint32_t n);

/** Send all that is queued, without interrupts: for panic and power-off. */
void serial_drain(void);

#endif
