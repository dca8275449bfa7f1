#include "ne2000.h"

#include <string.h>

/* Register offset plus 10h for each register page. What is read and what is written there differ.
 */
enum ne2000_register {
    NE_COMMAND = 0x00, /* in every page */
    NE_START_PAGE = 0x01,
    NE_STOP_PAGE = 0x02,
    NE_BOUNDARY = 0x03,
    NE_TRANSMIT_STATUS = 0x04,
    NE_INTERRUPTS = 0x07,
    NE_REMOTE_ADDRESS_LOW = 0x08,
    NE_REMOTE_ADDRESS_HIGH = 0x09,
    NE_REMOTE_COUNT_LOW = 0x0a, /* reads as an identification, like the next */
    NE_REMOTE_COUNT_HIGH = 0x0b,
    NE_DATA_CONFIG = 0x0e,
    NE_INTERRUPT_MASK = 0x0f,
    NE_PHYSICAL = 0x11,
    NE_CURRENT_PAGE = 0x17,
    NE_MULTICAST = 0x18,
    NE_START_PAGE_BACK = 0x21,
    NE_STOP_PAGE_BACK = 0x22,
    NE_CONFIG_2 = 0x35,
    NE_CONFIG_3 = 0x36,
};

#define PORT_DATA  0x10u
#define PORT_RESET 0x1fu

#define COMMAND_STOP     0x01u
#define COMMAND_TRANSMIT 0x04u
#define COMMAND_REMOTE   0x18u /* remote read, remote write */

#define INT_TRANSMITTED 0x02u
#define INT_REMOTE_DONE 0x40u
#define INT_RESET       0x80u /* a state, not an interrupt */

#define TRANSMIT_OK      0x01u
#define DATA_CONFIG_WORD 0x01u

/* The first 256-byte page behind the memory. */
#define END_PAGE ((NE2000_MEMORY_START + NE2000_MEMORY_BYTES) / 256u)

#define ID_0 0x50u
#define ID_1 0x43u

static const uint8_t station_address[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
#define PROM_MARK 0x57u

static void update_irq(struct ne2000 *card)
{
    irq_line_set(&card->irq, card->interrupts & card->interrupt_mask & ~INT_RESET);
}

/* The PROM is as wide as a word and holds bytes: each shows twice. It is the card's memory, too, so
 * a second reset doubles what the first one left between address and mark. */
static void reset(struct ne2000 *card)
{
    card->interrupts = INT_RESET;
    memcpy(card->prom, station_address, sizeof(station_address));
    card->prom[14] = PROM_MARK;
    card->prom[15] = PROM_MARK;
    for (unsigned i = 16; i-- > 0;) {
        card->prom[2 * i + 1] = card->prom[i];
        card->prom[2 * i] = card->prom[i];
    }
}

void ne2000_init(struct ne2000 *card, struct irq_line irq)
{
    memset(card, 0, sizeof(*card));
    card->irq = irq;
    reset(card);
}

/* --- remote DMA: the data port ----------------------------------------------------------------*/

/* Where `size` bytes at a remote address are, or NULL. */
static uint8_t *remote_bytes(struct ne2000 *card, uint32_t address, unsigned size)
{
    if (address < 32) {
        return &card->prom[address];
    }
    if (address < NE2000_MEMORY_START ||
        address > NE2000_MEMORY_START + NE2000_MEMORY_BYTES - size) {
        return NULL;
    }
    return &card->memory[address - NE2000_MEMORY_START];
}

static void advance_remote(struct ne2000 *card, unsigned size)
{
    card->remote_address += size;
    if (card->remote_address == card->ring_stop) {
        card->remote_address = card->ring_start;
    }
    if (card->remote_count > size) {
        card->remote_count = (uint16_t)(card->remote_count - size);
        return;
    }
    card->remote_count = 0;
    card->interrupts |= INT_REMOTE_DONE;
    update_irq(card);
}

/* A doubleword moves four bytes; else the data configuration says how many, not the access. */
static unsigned remote_size(const struct ne2000 *card, unsigned size)
{
    if (size == 4) {
        return 4;
    }
    return card->data_config & DATA_CONFIG_WORD ? 2 : 1;
}

static uint32_t data_in(struct ne2000 *card, unsigned size)
{
    unsigned width = remote_size(card, size);
    uint32_t address = width == 1 ? card->remote_address : card->remote_address & ~1u;
    const uint8_t *bytes = remote_bytes(card, address, width);
    uint32_t value = width == 4 ? 0xffffffffu : (1u << (8 * width)) - 1;

    if (bytes) {
        value = 0;
        memcpy(&value, bytes, width);
    }
    advance_remote(card, width);
    return value;
}

static void data_out(struct ne2000 *card, unsigned size, uint32_t value)
{
    unsigned width = remote_size(card, size);
    uint32_t address = width == 1 ? card->remote_address : card->remote_address & ~1u;
    uint8_t *bytes = remote_bytes(card, address, width);

    if (card->remote_count == 0) {
        return;
    }
    if (bytes) {
        memcpy(bytes, &value, width);
    }
    advance_remote(card, width);
}

/* --- registers --------------------------------------------------------------------------------*/

static void command_out(struct ne2000 *card, uint8_t value)
{
    card->command = value;
    if (value & COMMAND_STOP) {
        return;
    }
    card->interrupts &= (uint8_t)~INT_RESET;
    if ((value & COMMAND_REMOTE) && card->remote_count == 0) {
        card->interrupts |= INT_REMOTE_DONE;
        update_irq(card);
    }
    if (value & COMMAND_TRANSMIT) {
        card->transmit_status = TRANSMIT_OK;
        card->interrupts |= INT_TRANSMITTED;
        card->command &= (uint8_t)~COMMAND_TRANSMIT;
        update_irq(card);
    }
}

static unsigned paged(const struct ne2000 *card, unsigned offset)
{
    return offset ? offset | (unsigned)(card->command >> 6) << 4 : NE_COMMAND;
}

static uint8_t register_in(const struct ne2000 *card, unsigned offset)
{
    unsigned reg = paged(card, offset);

    if (reg >= NE_PHYSICAL && reg < NE_PHYSICAL + sizeof(card->physical)) {
        return card->physical[reg - NE_PHYSICAL];
    }
    if (reg >= NE_MULTICAST && reg < NE_MULTICAST + sizeof(card->multicast)) {
        return card->multicast[reg - NE_MULTICAST];
    }
    switch (reg) {
    case NE_COMMAND:
        return card->command;
    case NE_BOUNDARY:
        return card->boundary;
    case NE_TRANSMIT_STATUS:
        return card->transmit_status;
    case NE_INTERRUPTS:
        return card->interrupts;
    case NE_REMOTE_ADDRESS_LOW:
        return (uint8_t)card->remote_address;
    case NE_REMOTE_ADDRESS_HIGH:
        return (uint8_t)(card->remote_address >> 8);
    case NE_REMOTE_COUNT_LOW:
        return ID_0;
    case NE_REMOTE_COUNT_HIGH:
        return ID_1;
    case NE_CURRENT_PAGE:
        return card->current_page;
    case NE_START_PAGE_BACK:
        return (uint8_t)(card->ring_start >> 8);
    case NE_STOP_PAGE_BACK:
        return (uint8_t)(card->ring_stop >> 8);
    case NE_CONFIG_2:
    case NE_CONFIG_3:
        return 0x40;
    default:
        return 0;
    }
}

static void set_byte(uint16_t *word, unsigned high, uint8_t value)
{
    unsigned shift = 8 * high;
    *word = (uint16_t)((*word & ~(0xffu << shift)) | (unsigned)value << shift);
}

static void remote_address_out(struct ne2000 *card, unsigned high, uint8_t value)
{
    uint16_t address = (uint16_t)card->remote_address;
    set_byte(&address, high, value);
    card->remote_address = address;
}

static void interrupts_out(struct ne2000 *card, uint8_t acknowledged)
{
    card->interrupts &= (uint8_t) ~(acknowledged & ~INT_RESET);
    update_irq(card);
}

static void mask_out(struct ne2000 *card, uint8_t value)
{
    card->interrupt_mask = value;
    update_irq(card);
}

/* A page register does not take a page behind the memory; a limit of the ring may be its end. */
static void page_out(uint8_t *page, uint8_t value)
{
    if (value < END_PAGE) {
        *page = value;
    }
}

static void ring_out(uint32_t *address, uint8_t page)
{
    if (page <= END_PAGE) {
        *address = (uint32_t)page << 8;
    }
}

static void register_out(struct ne2000 *card, unsigned offset, uint8_t value)
{
    unsigned reg = paged(card, offset);

    if (reg >= NE_PHYSICAL && reg < NE_PHYSICAL + sizeof(card->physical)) {
        card->physical[reg - NE_PHYSICAL] = value;
    } else if (reg >= NE_MULTICAST && reg < NE_MULTICAST + sizeof(card->multicast)) {
        card->multicast[reg - NE_MULTICAST] = value;
    }
    switch (reg) {
    case NE_COMMAND:
        command_out(card, value);
        break;
    case NE_START_PAGE:
        ring_out(&card->ring_start, value);
        break;
    case NE_STOP_PAGE:
        ring_out(&card->ring_stop, value);
        break;
    case NE_BOUNDARY:
        page_out(&card->boundary, value);
        break;
    case NE_INTERRUPTS:
        interrupts_out(card, value);
        break;
    case NE_REMOTE_ADDRESS_LOW:
    case NE_REMOTE_ADDRESS_HIGH:
        remote_address_out(card, reg - NE_REMOTE_ADDRESS_LOW, value);
        break;
    case NE_REMOTE_COUNT_LOW:
    case NE_REMOTE_COUNT_HIGH:
        set_byte(&card->remote_count, reg - NE_REMOTE_COUNT_LOW, value);
        break;
    case NE_DATA_CONFIG:
        card->data_config = value;
        break;
    case NE_INTERRUPT_MASK:
        mask_out(card, value);
        break;
    case NE_CURRENT_PAGE:
        page_out(&card->current_page, value);
        break;
    default:
        break;
    }
}

uint32_t ne2000_in(struct ne2000 *card, unsigned offset, unsigned size)
{
    if (offset == PORT_DATA) {
        return data_in(card, size);
    }
    if (offset < PORT_DATA && size == 1) {
        return register_in(card, offset);
    }
    if (offset == PORT_RESET && size == 1) {
        reset(card);
        return 0;
    }
    return 0xffffffffu;
}

void ne2000_out(struct ne2000 *card, unsigned offset, unsigned size, uint32_t value)
{
    if (offset == PORT_DATA) {
        data_out(card, size, value);
    } else if (offset < PORT_DATA && size == 1) {
        register_out(card, offset, (uint8_t)value);
    }
}
