#include "pic.h"

#include <string.h>

#define CASCADE 2u
#define NO_IRQ  (-1)

/* ICW1 and the bit that tells OCW3 from OCW2, all written to the command port. */
#define ICW1_SELECT  0x10u
#define ICW1_SINGLE  0x02u
#define ICW1_ICW4    0x01u
#define OCW3_SELECT  0x08u
#define OCW3_POLL    0x04u
#define OCW3_READ    0x02u
#define OCW3_SMM_SET 0x40u

/* OCW2 bits 7:5. */
enum ocw2 {
    OCW2_ROTATE_AEOI_CLEAR = 0,
    OCW2_EOI = 1,
    OCW2_SPECIFIC_EOI = 3,
    OCW2_ROTATE_AEOI_SET = 4,
    OCW2_ROTATE_EOI = 5,
    OCW2_SET_PRIORITY = 6,
    OCW2_ROTATE_SPECIFIC_EOI = 7,
};

/* Distance of the most urgent set bit from the top priority, 8 when none is set. */
static unsigned priority_of(const struct pic_chip *chip, uint8_t mask)
{
    unsigned priority = 0;
    while (priority < 8 && !(mask & (1u << ((priority + chip->top_priority) & 7u)))) {
        priority++;
    }
    return priority;
}

/* The input to be served now, or NO_IRQ. */
static int pending_input(const struct pic_chip *chip)
{
    uint8_t serving = chip->isr;
    if (chip->special_mask) {
        serving &= (uint8_t)~chip->imr;
    }
    if (chip->special_fully_nested && chip->is_master) {
        serving &= (uint8_t) ~(1u << CASCADE);
    }
    unsigned wanted = priority_of(chip, chip->irr & (uint8_t)~chip->imr);
    if (wanted >= priority_of(chip, serving)) {
        return NO_IRQ;
    }
    return (int)((wanted + chip->top_priority) & 7u);
}

static void chip_set_pin(struct pic_chip *chip, unsigned input, bool level)
{
    uint8_t mask = (uint8_t)(1u << input);
    bool rising = level && !(chip->pins & mask);

    if (level) {
        chip->pins |= mask;
    } else {
        chip->pins &= (uint8_t)~mask;
    }
    if (chip->elcr & mask) {
        chip->irr = (uint8_t)((chip->irr & ~mask) | (level ? mask : 0));
    } else if (rising) {
        chip->irr |= mask;
    }
}

/* Evaluates the INT output of `chip`; the slave's feeds the master. */
static void update(struct pic *pic, struct pic_chip *chip)
{
    chip->intr = pending_input(chip) != NO_IRQ;
    if (chip == &pic->slave) {
        chip_set_pin(&pic->master, CASCADE, chip->intr);
        pic->master.intr = pending_input(&pic->master) != NO_IRQ;
    }
}

/* ICW1 clears everything but the level-triggered requests, the ELCR and the wiring. */
static void chip_initialise(struct pic_chip *chip)
{
    struct pic_chip fresh = {
        .irr = chip->irr & chip->elcr,
        .pins = chip->pins & chip->elcr,
        .elcr = chip->elcr,
        .elcr_writable = chip->elcr_writable,
        .is_master = chip->is_master,
    };
    *chip = fresh;
}

void pic_init(struct pic *pic)
{
    memset(pic, 0, sizeof(*pic));
    pic->master.is_master = true;
    pic->master.elcr_writable = 0xf8;
    pic->slave.elcr_writable = 0xde;
}

void pic_set_irq(struct pic *pic, unsigned irq, bool level)
{
    if (irq > 15 || irq == CASCADE) {
        return;
    }
    struct pic_chip *chip = irq < 8 ? &pic->master : &pic->slave;
    unsigned input = irq & 7u;
    if (level && !(chip->pins & (1u << input))) {
        pic->count[irq]++;
    }
    chip_set_pin(chip, input, level);
    update(pic, chip);
}

void irq_line_set(const struct irq_line *line, bool level)
{
    pic_set_irq(line->pic, line->irq, level);
}

/* What the chip does when the processor takes the request of `input`. */
static void take(struct pic *pic, struct pic_chip *chip, unsigned input)
{
    uint8_t mask = (uint8_t)(1u << input);
    if (!chip->auto_eoi) {
        chip->isr |= mask;
    } else if (chip->rotate_on_auto_eoi) {
        chip->top_priority = (input + 1) & 7u;
    }
    if (!(chip->elcr & mask)) {
        chip->irr &= (uint8_t)~mask;
    }
    update(pic, chip);
}

static uint8_t poll(struct pic *pic, struct pic_chip *chip)
{
    int input = pending_input(chip);
    chip->poll = false;
    if (input == NO_IRQ) {
        return 0;
    }
    take(pic, chip, (unsigned)input);
    return (uint8_t)(0x80u | (unsigned)input);
}

uint8_t pic_in(struct pic *pic, struct pic_chip *chip, unsigned offset)
{
    if (chip->poll) {
        return poll(pic, chip);
    }
    if (offset != 0) {
        return chip->imr;
    }
    return chip->read_isr ? chip->isr : chip->irr;
}

static void write_icw1(struct pic *pic, struct pic_chip *chip, uint8_t value)
{
    chip_initialise(chip);
    chip->next_icw = 2;
    chip->expects_icw4 = value & ICW1_ICW4;
    chip->single = value & ICW1_SINGLE;
    update(pic, chip);
}

static void write_ocw3(struct pic_chip *chip, uint8_t value)
{
    if (value & OCW3_POLL) {
        chip->poll = true;
    }
    if (value & OCW3_READ) {
        chip->read_isr = value & 1u;
    }
    if (value & OCW3_SMM_SET) {
        chip->special_mask = value & 0x20u;
    }
}

static void end_of_interrupt(struct pic_chip *chip, unsigned input, bool rotate)
{
    chip->isr &= (uint8_t) ~(1u << input);
    if (rotate) {
        chip->top_priority = (input + 1) & 7u;
    }
}

static void write_ocw2(struct pic *pic, struct pic_chip *chip, uint8_t value)
{
    enum ocw2 command = value >> 5;
    unsigned input = value & 7u;

    switch (command) {
    case OCW2_ROTATE_AEOI_CLEAR:
    case OCW2_ROTATE_AEOI_SET:
        chip->rotate_on_auto_eoi = command == OCW2_ROTATE_AEOI_SET;
        return;
    case OCW2_EOI:
    case OCW2_ROTATE_EOI:
        if (chip->isr == 0) {
            return;
        }
        input = (priority_of(chip, chip->isr) + chip->top_priority) & 7u;
        end_of_interrupt(chip, input, command == OCW2_ROTATE_EOI);
        break;
    case OCW2_SPECIFIC_EOI:
    case OCW2_ROTATE_SPECIFIC_EOI:
        end_of_interrupt(chip, input, command == OCW2_ROTATE_SPECIFIC_EOI);
        break;
    case OCW2_SET_PRIORITY:
        chip->top_priority = (input + 1) & 7u;
        break;
    default:
        return;
    }
    update(pic, chip);
}

/* The data port takes ICW2, ICW3 and ICW4 in a row after ICW1, and OCW1 (the mask) at all other
 * times. */
static void write_data(struct pic *pic, struct pic_chip *chip, uint8_t value)
{
    uint8_t last = chip->expects_icw4 ? 4 : 0;

    switch (chip->next_icw) {
    case 2:
        chip->vector_base = value & 0xf8u;
        chip->next_icw = chip->single ? last : 3;
        break;
    case 3:
        chip->next_icw = last;
        break;
    case 4:
        chip->special_fully_nested = value & 0x10u;
        chip->auto_eoi = value & 0x02u;
        chip->next_icw = 0;
        break;
    default:
        chip->imr = value;
        update(pic, chip);
        break;
    }
}

void pic_out(struct pic *pic, struct pic_chip *chip, unsigned offset, uint8_t value)
{
    if (offset != 0) {
        write_data(pic, chip, value);
    } else if (value & ICW1_SELECT) {
        write_icw1(pic, chip, value);
    } else if (value & OCW3_SELECT) {
        write_ocw3(chip, value);
    } else {
        write_ocw2(pic, chip, value);
    }
}

void pic_elcr_out(struct pic_chip *chip, uint8_t value)
{
    chip->elcr = value & chip->elcr_writable;
}

bool pic_masked(const struct pic *pic, unsigned irq)
{
    if (irq < 8) {
        return pic->master.imr & (1u << irq);
    }
    return (pic->slave.imr & (1u << (irq & 7u))) || (pic->master.imr & (1u << CASCADE));
}

bool pic_intr(const struct pic *pic)
{
    return pic->master.intr;
}

/* The slave's half of an acknowledge cycle. */
static uint8_t acknowledge_slave(struct pic *pic)
{
    int input = pending_input(&pic->slave);
    if (input == NO_IRQ) {
        return pic->slave.vector_base + 7u;
    }
    take(pic, &pic->slave, (unsigned)input);
    return (uint8_t)(pic->slave.vector_base + (unsigned)input);
}

uint8_t pic_acknowledge(struct pic *pic)
{
    int input = pending_input(&pic->master);
    if (input == NO_IRQ) {
        return pic->master.vector_base + 7u;
    }
    uint8_t vector = (uint8_t)(pic->master.vector_base + (unsigned)input);
    if (input == (int)CASCADE) {
        vector = acknowledge_slave(pic);
    }
    take(pic, &pic->master, (unsigned)input);
    return vector;
}
