/*
 * The interval timer: an 8254 (Intel 231164) with OUT0 on IRQ0, and port 61h, which gates channel 2
 * and shows its output. Counts are derived from the virtual clock; nothing is counted.
 */
#ifndef UMBRA_EMULATE_PC_PIT_H
#define UMBRA_EMULATE_PC_PIT_H

#include "pic.h"

#include <stdbool.h>
#include <stdint.h>

#define PIT_HZ     1193182u
#define PIT_PORT   0x40
#define PIT_PORTS  4
#define PIT_PORT61 0x61

struct pit_channel {
    uint32_t count;   /* 1-65536 */
    uint64_t load_ns; /* when the count was loaded or the gate restarted it */
    uint16_t latched_count;
    uint8_t mode; /* as written: 6 and 7 stay so in the status byte */
    uint8_t bcd;
    uint8_t access; /* 1 low byte, 2 high byte, 3 low then high */
    uint8_t status;
    uint8_t write_low;
    uint8_t latch_left; /* which bytes of latched_count are still to be read, as `access` */
    bool status_latched;
    bool write_high_next;
    bool read_high_next;
    bool gate;
};

struct pit {
    struct pit_channel channel[3];
    uint64_t next_edge_ns; /* next change of OUT0, or PC_NEVER */
    struct irq_line irq;
    bool speaker_data;
    bool refresh;
};

/* Power-on state: all channels in mode 3 with the full count, gate 2 low. */
void pit_init(struct pit *pit, struct irq_line irq, uint64_t now_ns);

/* Ports 40h-43h. Port 43h reads 0. */
uint8_t pit_in(struct pit *pit, unsigned offset, uint64_t now_ns);
void pit_out(struct pit *pit, unsigned offset, uint8_t value, uint64_t now_ns);

/* Port 61h: bit 0 gate 2, bit 1 speaker, bit 4 toggles at each read, bit 5 OUT2. */
uint8_t pit_port61_in(struct pit *pit, uint64_t now_ns);
void pit_port61_out(struct pit *pit, uint8_t value, uint64_t now_ns);

/*
 * Drives IRQ0 through the edges of OUT0 that are due. Bounded work: after a long time the line
 * makes one full cycle and then takes its present level. The interrupt controller would have merged
 * the edges in between anyhow, because no instruction ran to acknowledge them.
 */
void pit_tick(struct pit *pit, uint64_t now_ns);

/* When OUT0 rises next, which is what interrupts; PC_NEVER when it does not. */
uint64_t pit_deadline(const struct pit *pit);

#endif
