/*
 * An IDE disk (INCITS 340, "ATA/ATAPI-6"): its description, its addresses and its sectors, which
 * lie in memory that the owner provides. The registers and the transfers are ide.c's.
 */
#ifndef UMBRA_EMULATE_PC_ATA_H
#define UMBRA_EMULATE_PC_ATA_H

#include <stdbool.h>
#include <stdint.h>

#define ATA_SECTOR       512u
#define ATA_MULTIPLE_MAX 16u
#define ATA_HEADS        16u
#define ATA_TRACK        63u        /* sectors */
#define ATA_SECTORS_MAX  (1u << 28) /* what 28 bits of an address name */

/* The memory that a disk consists of, ATA_SECTOR bytes a sector; none when `sectors` is 0. */
struct ata_medium {
    uint8_t *bytes;
    uint32_t sectors;
};

struct ata_disk {
    struct ata_medium medium;
    uint32_t heads, sectors_per_track; /* as the host set them; heads are 1 to 16 */
    uint8_t multiple;                  /* sectors of a READ or WRITE MULTIPLE block */
};

/* The registers that hold an address and a count. */
struct ata_address {
    uint8_t count, sector, cylinder_low, cylinder_high, device;
};

/* The cylinders of a disk of that many sectors, with ATA_HEADS heads and ATA_TRACK sectors a track.
 */
uint32_t ata_cylinders(uint32_t sectors);

/* As after power-on. At most ATA_SECTORS_MAX sectors are used. */
void ata_init(struct ata_disk *disk, struct ata_medium medium);

/* The answer to IDENTIFY DEVICE, but for the transfer modes (words 62, 63, 88) and word 85. */
void ata_identify(const struct ata_disk *disk, uint16_t words[256]);

/* INITIALIZE DEVICE PARAMETERS: what cylinder, head and sector mean from now on. */
void ata_set_geometry(struct ata_disk *disk, unsigned heads, unsigned sectors_per_track);

/* The sector that the registers name; `high` are the previous bytes of 48-bit addresses, or NULL.
 * UINT64_MAX when they name none. */
uint64_t ata_sector(const struct ata_disk *disk, const struct ata_address *low,
                    const struct ata_address *high);
/* The inverse: has the registers name a sector. */
void ata_name_sector(const struct ata_disk *disk, uint64_t sector, struct ata_address *low,
                     struct ata_address *high);

/* The bytes of `count` sectors from `sector` on, or NULL when the disk ends before. */
uint8_t *ata_bytes(const struct ata_disk *disk, uint64_t sector, unsigned count);

#endif
