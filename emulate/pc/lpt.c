#include "lpt.h"

enum lpt_register { LPT_DATA, LPT_STATUS, LPT_CONTROL };

#define STATUS_NOT_BUSY  0x80u
#define STATUS_NOT_ACK   0x40u
#define STATUS_SELECTED  0x10u
#define STATUS_NOT_ERROR 0x08u
#define STATUS_TIMEOUT   0x01u /* of an EPP cycle; up until the printer is initialised */
#define STATUS_READY     (STATUS_NOT_BUSY | STATUS_NOT_ACK | STATUS_SELECTED | STATUS_NOT_ERROR)

#define CONTROL_STROBE     0x01u
#define CONTROL_NOT_INIT   0x04u
#define CONTROL_SELECT     0x08u
#define CONTROL_IRQ_ENABLE 0x10u
#define CONTROL_INPUT      0x20u
#define CONTROL_UNUSED     0xc0u /* reads as one */

void lpt_init(struct lpt *lpt, struct irq_line irq)
{
    *lpt = (struct lpt){
        .data = 0xff,
        .status = STATUS_READY | STATUS_TIMEOUT,
        .control = CONTROL_UNUSED | CONTROL_SELECT | CONTROL_NOT_INIT,
        .irq = irq,
    };
}

/* Once the strobe has ended, one read of the status sees the acknowledge, the next the printer
 * ready again. */
static uint8_t status_in(struct lpt *lpt)
{
    uint8_t status = lpt->status;

    if (!(status & STATUS_NOT_BUSY) && !(lpt->control & CONTROL_STROBE)) {
        lpt->status = status & STATUS_NOT_ACK ? (uint8_t)(status & ~STATUS_NOT_ACK)
                                              : status | STATUS_NOT_ACK | STATUS_NOT_BUSY;
    }
    lpt->irq_pending = false;
    irq_line_set(&lpt->irq, false);
    return status;
}

uint8_t lpt_in(struct lpt *lpt, unsigned offset)
{
    switch (offset) {
    case LPT_DATA:
        return lpt->control & CONTROL_INPUT ? 0xff : lpt->data;
    case LPT_STATUS:
        return status_in(lpt);
    case LPT_CONTROL:
        return lpt->control;
    default:
        return 0xff;
    }
}

static void control_out(struct lpt *lpt, uint8_t value)
{
    if (!(value & CONTROL_NOT_INIT)) {
        lpt->status = STATUS_READY;
    } else if ((value & CONTROL_SELECT) && (value & CONTROL_STROBE)) {
        lpt->status &= (uint8_t)~STATUS_NOT_BUSY;
    } else if ((value & CONTROL_SELECT) && (lpt->control & CONTROL_IRQ_ENABLE)) {
        lpt->irq_pending = true;
    }
    irq_line_set(&lpt->irq, lpt->irq_pending);
    lpt->control = value | CONTROL_UNUSED;
}

void lpt_out(struct lpt *lpt, unsigned offset, uint8_t value)
{
    if (offset == LPT_DATA) {
        lpt->data = value;
        irq_line_set(&lpt->irq, lpt->irq_pending);
    } else if (offset == LPT_CONTROL) {
        control_out(lpt, value);
    }
}
