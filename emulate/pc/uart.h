/*
 * The serial port: a 16550A (National Semiconductor PC16550D). The transmitter takes no time: the
 * backend accepts every byte at once, so THRE and TEMT are set again before OUT ends.
 */
#ifndef UMBRA_EMULATE_PC_UART_H
#define UMBRA_EMULATE_PC_UART_H

#include "pic.h"

#include <stdbool.h>
#include <stdint.h>

#define UART_FIFO_BYTES 16u

struct uart {
    uint8_t rbr, ier, iir, fcr, lcr, mcr, lsr, msr, scr;
    uint16_t divisor;
    bool thr_pending;     /* a THRE interrupt waits to be taken or read away */
    bool timeout_pending; /* bytes lie in the FIFO below the trigger level for too long */
    uint8_t fifo[UART_FIFO_BYTES];
    uint8_t fifo_head, fifo_length;
    uint64_t char_ns;    /* time of one character on the wire */
    uint64_t timeout_ns; /* when timeout_pending comes, or PC_NEVER */
    struct irq_line irq;
    void (*transmit)(void *world, uint8_t byte);
    void *world;
};

/* Power-on state: 9600 8N1, nothing enabled. `transmit` takes each byte that is sent. */
void uart_init(struct uart *uart, struct irq_line irq, void (*transmit)(void *world, uint8_t byte),
               void *world);

/* Registers 0-7 at 3F8h-3FFh. */
uint8_t uart_in(struct uart *uart, unsigned offset, uint64_t now_ns);
void uart_out(struct uart *uart, unsigned offset, uint8_t value, uint64_t now_ns);

/* A byte from the line; false when the receiver cannot take it now. */
bool uart_receive(struct uart *uart, uint8_t byte, uint64_t now_ns);

/* Raises the FIFO time-out interrupt when it is due (PC16550D, 8.4.1). */
void uart_tick(struct uart *uart, uint64_t now_ns);

#endif
