/*
 * The interrupt controllers: two 8259A in cascade, with the edge/level registers (ELCR) at 4D0h and
 * 4D1h (Intel 8259A data sheet, 231468; where it is silent, what QEMU's isapc does).
 */
#ifndef UMBRA_EMULATE_PC_PIC_H
#define UMBRA_EMULATE_PC_PIC_H

#include <stdbool.h>
#include <stdint.h>

/* One 8259A. Bit n of every mask belongs to its input n. */
struct pic_chip {
    uint8_t irr;  /* requests seen and not yet acknowledged */
    uint8_t imr;  /* masked inputs */
    uint8_t isr;  /* requests in service */
    uint8_t pins; /* input levels, to recognise rising edges */
    uint8_t elcr; /* 1 = level triggered */
    uint8_t elcr_writable;
    uint8_t vector_base;
    uint8_t top_priority; /* the input that has priority now (rotation) */
    uint8_t next_icw;     /* which ICW the data port takes next; 0 = OCW1 */
    bool expects_icw4;
    bool single;
    bool read_isr;
    bool poll;
    bool special_mask;
    bool auto_eoi;
    bool rotate_on_auto_eoi;
    bool special_fully_nested;
    bool is_master;
    bool intr; /* the INT output, as of the last change that evaluates it */
};

struct pic {
    struct pic_chip master;
    struct pic_chip slave;
    uint64_t count[16]; /* rising edges of each IRQ line */
};

/* The wire from a chip to an input of the controllers. */
struct irq_line {
    struct pic *pic;
    uint8_t irq;
};

/* Power-on state: nothing masked, nothing programmed. */
void pic_init(struct pic *pic);

/* Drives IRQ line 0-15 high or low (line 2 is the cascade and is left alone). */
void pic_set_irq(struct pic *pic, unsigned irq, bool level);
void irq_line_set(const struct irq_line *line, bool level);

/* The command (offset 0) and data (offset 1) ports of one chip. */
uint8_t pic_in(struct pic *pic, struct pic_chip *chip, unsigned offset);
void pic_out(struct pic *pic, struct pic_chip *chip, unsigned offset, uint8_t value);

/* The edge/level register; system lines keep edge mode whatever is written. */
void pic_elcr_out(struct pic_chip *chip, uint8_t value);

/* True when a request on this line reaches the processor no further than a mask register. */
bool pic_masked(const struct pic *pic, unsigned irq);

/* The INTR pin of the processor. */
bool pic_intr(const struct pic *pic);

/* The acknowledge cycle: returns the vector and moves the request into service. A request that
 * went away gives the spurious vector, input 7 of the chip concerned. */
uint8_t pic_acknowledge(struct pic *pic);

#endif
