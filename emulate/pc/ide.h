/*
 * An IDE channel (INCITS 340, "ATA/ATAPI-6"): the first one has a disk as its device 0, or is
 * empty, the second one a CD-ROM drive without a disc. No DMA: an ISA channel has none.
 */
#ifndef UMBRA_EMULATE_PC_IDE_H
#define UMBRA_EMULATE_PC_IDE_H

#include "ata.h"
#include "atapi.h"
#include "pic.h"

#include <stdbool.h>
#include <stdint.h>

#define IDE_REGISTERS 8u

/* A register is a FIFO of two: bit 7 of the device control register shows the byte before. */
struct ide_device {
    bool present;
    uint8_t reg[IDE_REGISTERS];      /* as read, but for status and error: as written */
    uint8_t previous[IDE_REGISTERS]; /* the values before the last writes */
    uint8_t status, error;
};

enum ide_drive { IDE_EMPTY, IDE_DISK, IDE_CDROM }; /* device 0 */

enum ide_transfer {
    IDE_NO_DATA,
    IDE_IDENTIFY_IN,
    IDE_PACKET_OUT,
    IDE_REPLY_IN,
    IDE_SECTORS_IN,
    IDE_SECTORS_OUT,
};

struct ide {
    struct ide_device device[2];
    uint8_t selected;
    uint8_t control;
    enum ide_transfer transfer;
    enum ide_drive drive;
    uint8_t buffer[ATA_MULTIPLE_MAX * ATA_SECTOR];
    unsigned position, end, left; /* in the buffer; `left` counts bytes behind `end` */
    uint16_t dma_modes[3];        /* words 62, 63 and 88 of IDENTIFY PACKET DEVICE */
    uint16_t cache_enabled;       /* word 85 */
    struct atapi atapi;
    struct ata_disk disk;
    uint32_t
        sectors_left; /* of a command, those of the block in the buffer not among them when read */
    uint8_t block;    /* sectors of a block of this command */
    bool wide;        /* it has a 48-bit address */
    struct irq_line irq;
};

/* As the BIOS leaves it. `medium` is the disk's, with IDE_DISK. */
void ide_init(struct ide *ide, struct irq_line irq, enum ide_drive drive, struct ata_medium medium);

/* The data port, 1, 2 or 4 bytes (a byte read takes a word, a byte written is lost). */
uint32_t ide_data_in(struct ide *ide, unsigned size);
void ide_data_out(struct ide *ide, unsigned size, uint32_t value);

/* Registers 1-7 behind the data port. */
uint8_t ide_in(struct ide *ide, unsigned reg);
void ide_out(struct ide *ide, unsigned reg, uint8_t value);

/* The control port: alternate status when read, device control when written. */
uint8_t ide_control_in(const struct ide *ide);
void ide_control_out(struct ide *ide, uint8_t value);

#endif
