#include "uart.h"

#include "pc.h"
#include "time.h"

#include <string.h>

#define UART_BASE_BAUD 115200u

#define IER_RECEIVE 0x01u
#define IER_THRE    0x02u
#define IER_LINE    0x04u
#define IER_MODEM   0x08u

#define IIR_MODEM   0x00u
#define IIR_NONE    0x01u
#define IIR_THRE    0x02u
#define IIR_RECEIVE 0x04u
#define IIR_LINE    0x06u
#define IIR_TIMEOUT 0x0cu
#define IIR_FIFO    0xc0u

#define FCR_ENABLE         0x01u
#define FCR_RESET_RECEIVE  0x02u
#define FCR_RESET_TRANSMIT 0x04u
#define FCR_KEPT           0xc9u

#define LCR_DLAB 0x80u
#define MCR_OUT2 0x08u
#define MCR_LOOP 0x10u

#define LSR_DATA    0x01u
#define LSR_OVERRUN 0x02u
#define LSR_BREAK   0x10u
#define LSR_ERRORS  0x1eu
#define LSR_THRE    0x20u
#define LSR_TEMT    0x40u

#define MSR_DELTAS  0x0fu
#define MSR_PRESENT 0xb0u /* DCD, DSR and CTS: the peer is there */

static const uint8_t trigger_level[4] = {1, 4, 8, 14};

static unsigned fifo_trigger(const struct uart *uart)
{
    return trigger_level[uart->fcr >> 6];
}

/* The most urgent interrupt source, as IIR names it. */
static uint8_t interrupt_source(const struct uart *uart)
{
    bool fifo = uart->fcr & FCR_ENABLE;
    bool level_reached = !fifo || uart->fifo_length >= fifo_trigger(uart);

    if ((uart->ier & IER_LINE) && (uart->lsr & LSR_ERRORS)) {
        return IIR_LINE;
    }
    if ((uart->ier & IER_RECEIVE) && uart->timeout_pending) {
        return IIR_TIMEOUT;
    }
    if ((uart->ier & IER_RECEIVE) && (uart->lsr & LSR_DATA) && level_reached) {
        return IIR_RECEIVE;
    }
    if ((uart->ier & IER_THRE) && uart->thr_pending) {
        return IIR_THRE;
    }
    if ((uart->ier & IER_MODEM) && (uart->msr & MSR_DELTAS)) {
        return IIR_MODEM;
    }
    return IIR_NONE;
}

static void update_irq(struct uart *uart)
{
    uint8_t source = interrupt_source(uart);
    uart->iir = (uint8_t)((uart->iir & 0xf0u) | source);
    irq_line_set(&uart->irq, source != IIR_NONE);
}

void uart_init(struct uart *uart, struct irq_line irq, void (*transmit)(void *world, uint8_t byte),
               void *world)
{
    memset(uart, 0, sizeof(*uart));
    uart->irq = irq;
    uart->transmit = transmit;
    uart->world = world;
    uart->iir = IIR_NONE;
    uart->lsr = LSR_THRE | LSR_TEMT;
    uart->msr = MSR_PRESENT;
    uart->mcr = MCR_OUT2;
    uart->divisor = 12;
    uart->char_ns = NS_PER_SECOND / 9600 * 10;
    uart->timeout_ns = PC_NEVER;
}

/* Recomputes the character time; a divisor that means nothing leaves the last one. */
static void update_speed(struct uart *uart)
{
    unsigned bits = 1 + 5 + (uart->lcr & 3u) + (uart->lcr & 8u ? 1 : 0) + (uart->lcr & 4u ? 2 : 1);
    if (uart->divisor != 0) {
        uart->char_ns = NS_PER_SECOND * uart->divisor / UART_BASE_BAUD * bits;
    }
}

static void fifo_put(struct uart *uart, uint8_t byte)
{
    if (uart->fifo_length == UART_FIFO_BYTES) {
        uart->lsr |= LSR_OVERRUN;
        return;
    }
    uart->fifo[(uart->fifo_head + uart->fifo_length) % UART_FIFO_BYTES] = byte;
    uart->fifo_length++;
}

static uint8_t fifo_get(struct uart *uart)
{
    if (uart->fifo_length == 0) {
        return 0;
    }
    uint8_t byte = uart->fifo[uart->fifo_head];
    uart->fifo_head = (uart->fifo_head + 1) % UART_FIFO_BYTES;
    uart->fifo_length--;
    return byte;
}

static void take_in(struct uart *uart, uint8_t byte, uint64_t now_ns)
{
    if (uart->fcr & FCR_ENABLE) {
        fifo_put(uart, byte);
        uart->timeout_ns = now_ns + 4 * uart->char_ns;
    } else {
        if (uart->lsr & LSR_DATA) {
            uart->lsr |= LSR_OVERRUN;
        }
        uart->rbr = byte;
    }
    uart->lsr |= LSR_DATA;
    update_irq(uart);
}

/* The FIFO takes no more than its trigger level before the guest reads, and one at a time above. */
static bool can_receive(const struct uart *uart)
{
    if (!(uart->fcr & FCR_ENABLE)) {
        return !(uart->lsr & LSR_DATA);
    }
    return uart->fifo_length < UART_FIFO_BYTES && uart->fifo_length != fifo_trigger(uart);
}

bool uart_receive(struct uart *uart, uint8_t byte, uint64_t now_ns)
{
    if (!can_receive(uart)) {
        return false;
    }
    take_in(uart, byte, now_ns);
    return true;
}

void uart_tick(struct uart *uart, uint64_t now_ns)
{
    if (uart->timeout_ns > now_ns) {
        return;
    }
    uart->timeout_ns = PC_NEVER;
    if (uart->fifo_length != 0) {
        uart->timeout_pending = true;
        update_irq(uart);
    }
}

/* The line falls and rises again within the OUT: the interrupt controller sees a fresh edge even
 * when the last THRE interrupt was never read away. */
static void write_thr(struct uart *uart, uint8_t value, uint64_t now_ns)
{
    uart->thr_pending = false;
    uart->lsr &= (uint8_t) ~(LSR_THRE | LSR_TEMT);
    update_irq(uart);

    uart->lsr |= LSR_THRE;
    uart->thr_pending = true;
    update_irq(uart);
    if (uart->mcr & MCR_LOOP) {
        take_in(uart, value, now_ns);
    } else {
        uart->transmit(uart->world, value);
    }
    uart->lsr |= LSR_TEMT;
}

/* Enabling the THRE interrupt while the transmitter is empty requests it at once. */
static void write_ier(struct uart *uart, uint8_t value)
{
    uint8_t changed = (uart->ier ^ value) & 0x0fu;
    uart->ier = value & 0x0fu;
    if (changed & IER_THRE) {
        uart->thr_pending = (uart->ier & IER_THRE) && (uart->lsr & LSR_THRE);
    }
    if (changed) {
        update_irq(uart);
    }
}

static void write_fcr(struct uart *uart, uint8_t value)
{
    if ((value ^ uart->fcr) & FCR_ENABLE) {
        value |= FCR_RESET_RECEIVE | FCR_RESET_TRANSMIT;
    }
    if (value & FCR_RESET_RECEIVE) {
        uart->lsr &= (uint8_t) ~(LSR_DATA | LSR_BREAK);
        uart->timeout_ns = PC_NEVER;
        uart->timeout_pending = false;
        uart->fifo_length = 0;
    }
    if (value & FCR_RESET_TRANSMIT) {
        uart->lsr |= LSR_THRE;
        uart->thr_pending = true;
    }
    uart->fcr = value & FCR_KEPT;
    uart->iir = (uint8_t)((uart->iir & ~IIR_FIFO) | (value & FCR_ENABLE ? IIR_FIFO : 0));
    update_irq(uart);
}

static void write_divisor(struct uart *uart, unsigned byte, uint8_t value)
{
    unsigned shift = 8 * byte;
    uart->divisor = (uint16_t)((uart->divisor & ~(0xffu << shift)) | (unsigned)value << shift);
    update_speed(uart);
}

void uart_out(struct uart *uart, unsigned offset, uint8_t value, uint64_t now_ns)
{
    offset &= 7u;
    if (offset < 2 && (uart->lcr & LCR_DLAB)) {
        write_divisor(uart, offset, value);
        return;
    }
    switch (offset) {
    case 0:
        write_thr(uart, value, now_ns);
        break;
    case 1:
        write_ier(uart, value);
        break;
    case 2:
        write_fcr(uart, value);
        break;
    case 3:
        uart->lcr = value;
        update_speed(uart);
        break;
    case 4:
        uart->mcr = value & 0x1fu;
        break;
    case 7:
        uart->scr = value;
        break;
    default: /* LSR and MSR are read-only */
        break;
    }
}

static uint8_t read_rbr(struct uart *uart, uint64_t now_ns)
{
    uint8_t byte = uart->rbr;
    if (uart->fcr & FCR_ENABLE) {
        byte = fifo_get(uart);
        uart->timeout_pending = false;
        uart->timeout_ns = uart->fifo_length ? now_ns + 4 * uart->char_ns : uart->timeout_ns;
    }
    if (!(uart->fcr & FCR_ENABLE) || uart->fifo_length == 0) {
        uart->lsr &= (uint8_t) ~(LSR_DATA | LSR_BREAK);
    }
    update_irq(uart);
    return byte;
}

static uint8_t read_iir(struct uart *uart)
{
    uint8_t value = uart->iir;
    if ((value & 0x06u) == IIR_THRE) {
        uart->thr_pending = false;
        update_irq(uart);
    }
    return value;
}

static uint8_t read_lsr(struct uart *uart)
{
    uint8_t value = uart->lsr;
    if (value & (LSR_BREAK | LSR_OVERRUN)) {
        uart->lsr &= (uint8_t) ~(LSR_BREAK | LSR_OVERRUN);
        update_irq(uart);
    }
    return value;
}

/* In loopback the four modem outputs feed the inputs: OUT2 DCD, OUT1 RI, RTS CTS, DTR DSR. */
static uint8_t read_msr(struct uart *uart)
{
    uint8_t value = uart->msr;
    if (uart->mcr & MCR_LOOP) {
        return (uint8_t)((uart->mcr & 0x0cu) << 4 | (uart->mcr & 0x02u) << 3 |
                         (uart->mcr & 0x01u) << 5);
    }
    if (value & MSR_DELTAS) {
        uart->msr &= 0xf0u;
        update_irq(uart);
    }
    return value;
}

uint8_t uart_in(struct uart *uart, unsigned offset, uint64_t now_ns)
{
    offset &= 7u;
    if (offset < 2 && (uart->lcr & LCR_DLAB)) {
        return (uint8_t)(uart->divisor >> (8 * offset));
    }
    switch (offset) {
    case 0:
        return read_rbr(uart, now_ns);
    case 1:
        return uart->ier;
    case 2:
        return read_iir(uart);
    case 3:
        return uart->lcr;
    case 4:
        return uart->mcr;
    case 5:
        return read_lsr(uart);
    case 6:
        return read_msr(uart);
    default:
        return uart->scr;
    }
}
