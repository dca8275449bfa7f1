/*
 * The floppy controller (Intel 82078, 290474) with one drive, in which there is no disk: registers,
 * commands, results and IRQ6 work, every transfer ends at once in an error. Where the data sheet
 * leaves a choice, what QEMU's isapc does.
 */
#ifndef UMBRA_EMULATE_PC_FDC_H
#define UMBRA_EMULATE_PC_FDC_H

#include "pic.h"

#include <stdbool.h>
#include <stdint.h>

#define FDC_DRIVES     2u
#define FDC_FIFO_BYTES 32u

struct fdc_drive {
    uint8_t head, track, sector;
    uint8_t last_track, last_sector;
    uint8_t perpendicular;
};

enum fdc_phase { FDC_COMMAND, FDC_EXECUTION, FDC_RESULT };

struct fdc {
    uint8_t status_b, output, tape, rate, main_status, status0;
    uint8_t selected; /* drive, before boot selection */
    uint8_t config, precompensation, power_down, step_rate, head_load;
    bool locked, interrupt;
    uint8_t senses_left; /* SENSE INTERRUPT STATUS commands that a reset asks for */
    enum fdc_phase phase;
    uint8_t fifo[FDC_FIFO_BYTES];
    uint8_t position, length;
    uint64_t now_ns;    /* of the last write */
    uint64_t result_ns; /* when READ ID ends, or PC_NEVER */
    struct fdc_drive drive[FDC_DRIVES];
    struct irq_line irq;
};

/* Power-on state. */
void fdc_init(struct fdc *fdc, struct irq_line irq);

/* Ports 3F1h-3F5h and 3F7h: offset 1-5 and 7. */
uint8_t fdc_in(struct fdc *fdc, unsigned offset);
void fdc_out(struct fdc *fdc, unsigned offset, uint8_t value, uint64_t now_ns);

/* Ends a READ ID that is due. */
void fdc_tick(struct fdc *fdc, uint64_t now_ns);

#endif
