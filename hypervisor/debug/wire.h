/* The host's COM2. */
#ifndef UMBRA_HYPERVISOR_DEBUG_WIRE_H
#define UMBRA_HYPERVISOR_DEBUG_WIRE_H

#include <stdbool.h>
#include <stdint.h>

/* 115200 8N1, FIFOs on, HOST_IRQ_COM2 for each byte received; false when there is no COM2. */
bool wire_init(void);

void wire_put(uint8_t byte);
/* Text for a terminal: a newline becomes CR LF. */
void wire_text(char c);
/* Something was received. */
bool wire_ready(void);
/* The next byte received: false when there is none. To be called until there is none: the interrupt
 * is one edge for all that is there. */
bool wire_get(uint8_t *byte);

#endif
