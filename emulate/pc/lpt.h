/*
 * The parallel port (IBM PC/AT Technical Reference, "Parallel Printer Adapter") with a printer that
 * takes every byte at once and prints it nowhere.
 */
#ifndef UMBRA_EMULATE_PC_LPT_H
#define UMBRA_EMULATE_PC_LPT_H

#include "pic.h"

#include <stdbool.h>
#include <stdint.h>

struct lpt {
    uint8_t data, status, control;
    bool irq_pending;
    struct irq_line irq;
};

/* Power-on state. */
void lpt_init(struct lpt *lpt, struct irq_line irq);

/* Ports 378h-37Fh, offset 0-7; only the first three are registers, the others float. */
uint8_t lpt_in(struct lpt *lpt, unsigned offset);
void lpt_out(struct lpt *lpt, unsigned offset, uint8_t value);

#endif
