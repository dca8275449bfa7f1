/*
 * A DMA controller, 8237 (Intel 231466), with its page registers. No device of the board uses DMA,
 * so only the registers exist: guests program, read back and test them.
 */
#ifndef UMBRA_EMULATE_PC_DMA_H
#define UMBRA_EMULATE_PC_DMA_H

#include <stdbool.h>
#include <stdint.h>

struct dma_channel {
    uint16_t base[2];     /* address, count */
    uint16_t now_address; /* where a transfer would start */
    uint8_t page;
    uint8_t mode;
};

struct dma {
    struct dma_channel channel[4];
    uint8_t status;
    uint8_t command;
    uint8_t mask;
    bool high_byte; /* the byte pointer flip-flop */
};

/* Power-on state. */
void dma_init(struct dma *dma);

/* Address and count registers: register 0-7 (the second controller has them at even ports). */
uint8_t dma_channel_in(struct dma *dma, unsigned reg);
void dma_channel_out(struct dma *dma, unsigned reg, uint8_t value);

/* Control registers 8-15, here 0-7. */
uint8_t dma_control_in(struct dma *dma, unsigned reg);
void dma_control_out(struct dma *dma, unsigned reg, uint8_t value);

/* Page registers: offset 0-7 from 80h (or 88h). Offsets that are not a page register read zero. */
uint8_t dma_page_in(const struct dma *dma, unsigned offset);
void dma_page_out(struct dma *dma, unsigned offset, uint8_t value);

#endif
