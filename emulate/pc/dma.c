#include "dma.h"

#include <string.h>

#define COMMAND_DISABLE 0x04u /* the only command bit that the board supports */

static const int8_t page_channel[8] = {-1, 2, 3, 1, -1, -1, -1, 0};

enum { ADDRESS, COUNT };

void dma_init(struct dma *dma)
{
    memset(dma, 0, sizeof(*dma));
    dma->mask = 0xff;
}

static bool next_is_high(struct dma *dma)
{
    bool high = dma->high_byte;
    dma->high_byte = !high;
    return high;
}

uint8_t dma_channel_in(struct dma *dma, unsigned reg)
{
    const struct dma_channel *channel = &dma->channel[(reg >> 1) & 3u];
    uint16_t value = reg & 1u ? channel->base[COUNT] : channel->now_address;
    return (uint8_t)(next_is_high(dma) ? value >> 8 : value);
}

/* The high byte completes the value: only then does the channel start from it. */
void dma_channel_out(struct dma *dma, unsigned reg, uint8_t value)
{
    struct dma_channel *channel = &dma->channel[(reg >> 1) & 3u];
    uint16_t *base = &channel->base[reg & 1u];

    if (next_is_high(dma)) {
        *base = (uint16_t)((*base & 0x00ffu) | value << 8);
        channel->now_address = channel->base[ADDRESS];
    } else {
        *base = (uint16_t)((*base & 0xff00u) | value);
    }
}

uint8_t dma_control_in(struct dma *dma, unsigned reg)
{
    if (reg == 1) {
        return dma->mask;
    }
    if (reg != 0) {
        return 0;
    }
    uint8_t value = dma->status;
    dma->status &= 0xf0u; /* reading takes the terminal-count bits away */
    return value;
}

static void set_bit(uint8_t *byte, unsigned bit, bool on)
{
    *byte = (uint8_t)((*byte & ~(1u << bit)) | (unsigned)on << bit);
}

static void request(struct dma *dma, uint8_t value)
{
    set_bit(&dma->status, 4 + (value & 3u), value & 4u);
    set_bit(&dma->status, value & 3u, false);
}

static void master_clear(struct dma *dma)
{
    dma->high_byte = false;
    dma->mask = 0xff;
    dma->status = 0;
    dma->command = 0;
}

void dma_control_out(struct dma *dma, unsigned reg, uint8_t value)
{
    switch (reg) {
    case 0:
        if (!(value & ~COMMAND_DISABLE)) {
            dma->command = value;
        }
        break;
    case 1:
        request(dma, value);
        break;
    case 2:
        set_bit(&dma->mask, value & 3u, value & 4u);
        break;
    case 3:
        dma->channel[value & 3u].mode = value;
        break;
    case 4:
        dma->high_byte = false;
        break;
    case 5:
        master_clear(dma);
        break;
    case 6:
        dma->mask = 0;
        break;
    default:
        dma->mask = value;
        break;
    }
}

uint8_t dma_page_in(const struct dma *dma, unsigned offset)
{
    int channel = page_channel[offset & 7u];
    return channel < 0 ? 0 : dma->channel[channel].page;
}

void dma_page_out(struct dma *dma, unsigned offset, uint8_t value)
{
    int channel = page_channel[offset & 7u];
    if (channel >= 0) {
        dma->channel[channel].page = value;
    }
}
