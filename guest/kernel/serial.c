/* National Semiconductor PC16550D data sheet, section 8. */
#include "serial.h"
#include "cpu.h"
#include "process.h"
#include "sched.h"
#include "trap.h"
#include "tty.h"

#define COM1         0x3F8
#define DATA         (COM1 + 0) /* divisor low while DLAB is set */
#define INT_ENABLE   (COM1 + 1) /* divisor high while DLAB is set */
#define INT_IDENT    (COM1 + 2) /* FIFO control when written */
#define LINE_CONTROL (COM1 + 3)
#define MODEM        (COM1 + 4)
#define LINE_STATUS  (COM1 + 5)

#define LCR_8N1       0x03
#define LCR_DLAB      0x80
#define FCR_ON        0x07 /* enable and clear both FIFOs, receive trigger at 1 */
#define MCR_ON        0x0B /* DTR, RTS, and OUT2, which lets the interrupt out on a PC */
#define LSR_DATA      0x01
#define LSR_THR_EMPTY 0x20
#define LSR_IDLE      0x40
#define IIR_NONE      0x01
#define IER_RECEIVE   0x01
#define IER_TRANSMIT  0x02

#define FIFO_BYTES  16
#define QUEUE_BYTES 2048u /* a power of two: positions count on past it */

static char queue[QUEUE_BYTES];
static uint32_t put_at, send_at;
static uint8_t enabled; /* what is in the interrupt enable register */

void serial_init(void)
{
    outb(INT_ENABLE, 0);
    outb(LINE_CONTROL, LCR_DLAB);
    outb(DATA, 1);
    outb(INT_ENABLE, 0);
    outb(LINE_CONTROL, LCR_8N1);
    outb(INT_IDENT, FCR_ON);
    outb(MODEM, MCR_ON);
}

static void enable(uint8_t interrupts)
{
    if (interrupts == enabled)
        return;
    enabled = interrupts;
    outb(INT_ENABLE, interrupts);
}

/* The transmitter is empty: it takes a FIFO full. Without more to send its interrupt is off. */
static void send(void)
{
    for (uint32_t i = 0; i < FIFO_BYTES && send_at != put_at; i++)
        outb(DATA, (uint8_t)queue[send_at++ % QUEUE_BYTES]);
    if (send_at == put_at)
        enable(enabled & ~IER_TRANSMIT);
    if (put_at - send_at <= QUEUE_BYTES / 2)
        wake_all(queue);
}

static void interrupt(void)
{
    /* The line drops only when no cause is left: the 8259A would miss a second edge otherwise. */
    while (!(inb(INT_IDENT) & IIR_NONE)) {
        uint8_t status = inb(LINE_STATUS);

        if (status & LSR_DATA)
            tty_input((char)inb(DATA));
        if ((status & LSR_THR_EMPTY) && (enabled & IER_TRANSMIT))
            send();
    }
}

void serial_start(void)
{
    irq_install(IRQ_SERIAL, interrupt);
    enable(IER_RECEIVE | (send_at != put_at ? IER_TRANSMIT : 0));
}

static void send_polled(void)
{
    while (!(inb(LINE_STATUS) & LSR_THR_EMPTY))
        ;
    send();
}

void serial_put(char c)
{
    while (put_at - send_at == QUEUE_BYTES)
        send_polled();
    queue[put_at++ % QUEUE_BYTES] = c;
    if (enabled)
        enable(enabled | IER_TRANSMIT);
}

void serial_wait_room(uint32_t n)
{
    uint32_t flags = irq_save();

    while (QUEUE_BYTES - (put_at - send_at) < n && !current->killed)
        sleep_on(queue);
    irq_restore(flags);
}

void serial_drain(void)
{
    while (send_at != put_at)
        send_polled();
    while (!(inb(LINE_STATUS) & LSR_IDLE))
        ;
}
