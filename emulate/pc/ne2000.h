/*
 * The network card: an NE2000, that is a DP8390 (National Semiconductor, "DP8390D/NS32490D NIC")
 * with 32 KiB of packet memory and an address PROM. The cable is unplugged: what is sent is gone at
 * once, nothing is ever received.
 */
#ifndef UMBRA_EMULATE_PC_NE2000_H
#define UMBRA_EMULATE_PC_NE2000_H

#include "pic.h"

#include <stdint.h>

#define NE2000_PROM_BYTES   36u /* 32, and what a doubleword at the last of them reaches */
#define NE2000_MEMORY_START 0x4000u
#define NE2000_MEMORY_BYTES 0x8000u

struct ne2000 {
    uint8_t command, interrupts, interrupt_mask;
    uint8_t data_config, boundary, current_page, transmit_status;
    uint32_t ring_start, ring_stop;
    uint32_t remote_address;
    uint16_t remote_count;
    uint8_t physical[6], multicast[8];
    uint8_t prom[NE2000_PROM_BYTES];
    uint8_t memory[NE2000_MEMORY_BYTES];
    struct irq_line irq;
};

/* Power-on state. */
void ne2000_init(struct ne2000 *card, struct irq_line irq);

/* Ports 300h-31Fh, offset 0-1Fh: registers (bytes only), the data port at 10h (1, 2 or 4 bytes),
 * the reset port at 1Fh. */
uint32_t ne2000_in(struct ne2000 *card, unsigned offset, unsigned size);
void ne2000_out(struct ne2000 *card, unsigned offset, unsigned size, uint32_t value);

#endif
