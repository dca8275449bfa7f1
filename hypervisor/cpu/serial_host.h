/* The host's COM1, which belongs to the guest's console. */
#ifndef UMBRA_HYPERVISOR_CPU_SERIAL_HOST_H
#define UMBRA_HYPERVISOR_CPU_SERIAL_HOST_H

#include <stdbool.h>
#include <stdint.h>

/* 115200 8N1, FIFOs on, an interrupt for each byte received. */
void serial_host_init(void);

/* Sends a byte; gives up on it when the transmitter stays busy for far longer than a byte takes. */
void serial_host_put(uint8_t byte);
/* The next byte received: false when there is none. */
bool serial_host_get(uint8_t *byte);

#endif
