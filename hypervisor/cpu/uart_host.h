/* A polled 16550A of the host: what its two users, the guest's console and ours, have in common. */
#ifndef UMBRA_HYPERVISOR_CPU_UART_HOST_H
#define UMBRA_HYPERVISOR_CPU_UART_HOST_H

#include <stdbool.h>
#include <stdint.h>

/* Registers (16550D data sheet, table 2). */
#define UART_DATA          0
#define UART_IER           1
#define UART_FCR           2
#define UART_LCR           3
#define UART_MCR           4
#define UART_LSR           5
#define UART_SCRATCH       7
#define UART_IER_RX        0x01
#define UART_LSR_DATA      0x01
#define UART_LSR_THR_EMPTY 0x20

/* True when there is a UART at `port`: its scratch register keeps what is written. */
bool uart_host_present(uint16_t port);
/* 115200 8N1, FIFOs on; `ier` says which interrupts. */
void uart_host_init(uint16_t port, uint8_t ier);
/* Sends a byte; gives up on it when the transmitter stays busy for far longer than a byte takes. */
void uart_host_put(uint16_t port, uint8_t byte);

#endif
