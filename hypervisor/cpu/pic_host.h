/* The host's pair of 8259A interrupt controllers. */
#ifndef UMBRA_HYPERVISOR_CPU_PIC_HOST_H
#define UMBRA_HYPERVISOR_CPU_PIC_HOST_H

#define HOST_IRQ_TIMER 0
#define HOST_IRQ_COM2  3
#define HOST_IRQ_COM1  4

/* Moves IRQ n to vector VECTOR_IRQ_BASE + n; only the timer and COM1 are let through. */
void pic_host_init(void);

/* Lets IRQ n through, too (0 to 7). */
void pic_host_enable(unsigned irq);

/* IRQ n arrived: ends it at the controller and remembers it for pic_host_take(). A spurious one is
 * told apart and forgotten. */
void pic_host_acknowledge(unsigned irq);

/* The IRQs that arrived since the last call, one bit each. */
unsigned pic_host_take(void);

/* With nothing to do: waits for an interrupt with IF = 1, and returns with IF = 0. Returns at once
 * when pic_host_take() has news. */
void host_idle(void);

#endif
