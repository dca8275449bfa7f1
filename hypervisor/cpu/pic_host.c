#include "pic_host.h"

#include <stdint.h>

#include "asm.h"
#include "idt.h"

/* 8259A: command port; the data port is the next one. */
#define MASTER 0x20
#define SLAVE  0xa0
#define DATA   1

#define ICW1_INIT     0x11 /* edge triggered, cascade, ICW4 follows */
#define ICW4_8086     0x01
#define OCW2_EOI      0x20
#define OCW3_READ_ISR 0x0b
#define CASCADE_IRQ   2
#define IRQS_PER_CHIP 8

static unsigned arrived; /* one bit per IRQ */

static void init_chip(uint16_t port, uint8_t vector, uint8_t cascade, uint8_t mask)
{
    outb(port, ICW1_INIT);
    outb(port + DATA, vector);
    outb(port + DATA, cascade);
    outb(port + DATA, ICW4_8086);
    outb(port + DATA, mask);
}

void pic_host_init(void)
{
    init_chip(MASTER, VECTOR_IRQ_BASE, 1 << CASCADE_IRQ,
              (uint8_t) ~(1 << HOST_IRQ_TIMER | 1 << HOST_IRQ_COM1));
    init_chip(SLAVE, VECTOR_IRQ_BASE + IRQS_PER_CHIP, CASCADE_IRQ, 0xff);
}

void pic_host_enable(unsigned irq)
{
    outb(MASTER + DATA, (uint8_t)(inb(MASTER + DATA) & ~(1u << irq)));
}

void pic_host_acknowledge(unsigned irq)
{
    uint16_t port = irq < IRQS_PER_CHIP ? MASTER : SLAVE;

    outb(port, OCW3_READ_ISR);
    if (!(inb(port) & 1 << irq % IRQS_PER_CHIP))
        return; /* spurious: gone before the processor asked; there is nothing to end */
    outb(port, OCW2_EOI);
    if (port == SLAVE)
        outb(MASTER, OCW2_EOI);
    arrived |= 1u << irq;
}

unsigned pic_host_take(void)
{
    unsigned irqs = arrived;

    arrived = 0;
    return irqs;
}

void host_idle(void)
{
    if (arrived)
        return;
    /* STI lets nothing in before HLT has begun: no interrupt is slept through (SDM, STI). */
    __asm__ volatile("sti; hlt; cli" : : : "memory");
}
