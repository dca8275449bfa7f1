#include "ata.h"

#include <stddef.h>
#include <string.h>

#define CYLINDERS_MIN 2u
#define CYLINDERS_MAX 16383u

#define DEVICE_HEAD 0x0fu
#define DEVICE_LBA  0x40u

/* --- the disk's description -------------------------------------------------------------------*/

#define WORD(a, b) ((uint16_t)((a) << 8 | (b)))
#define BLANK      WORD(' ', ' ')

// clang-format off
static const uint16_t identify_words[256] = {
    [0] = 0x0040,                       /* ATA, not removable */
    [4] = 0x7e00, 0x0200,               /* bytes of a track and of a sector, before formatting */
    [10] = WORD('Q', 'M'), WORD('0', '0'), WORD('0', '0'), WORD('1', ' '),
    [14] = BLANK, BLANK, BLANK, BLANK, BLANK, BLANK,
    [20] = 0x0003, 0x0200, 0x0004,      /* buffer */
    [23] = WORD('2', '.'), WORD('5', '+'), BLANK, BLANK,
    [27] = WORD('Q', 'E'), WORD('M', 'U'), WORD(' ', 'H'), WORD('A', 'R'), WORD('D', 'D'),
           WORD('I', 'S'), WORD('K', ' '), BLANK, BLANK, BLANK, BLANK, BLANK, BLANK, BLANK, BLANK,
           BLANK, BLANK, BLANK, BLANK, BLANK,
    [47] = 0x8000 | ATA_MULTIPLE_MAX,
    [48] = 0x0001,
    [49] = 0x0b00,                      /* LBA, DMA, IORDY */
    [51] = 0x0200, 0x0200, 0x0007,
    [59] = 0x0100 | ATA_MULTIPLE_MAX,   /* as it was when the BIOS asked first */
    [64] = 0x0003, 0x0078, 0x0078, 0x0078, 0x0078, /* PIO modes and cycle times, ns */
    [69] = 0x4000,                      /* trimmed sectors read as before */
    [80] = 0x00f0, 0x0016,              /* ATA-4 to ATA-7 */
    [82] = 0x4021, 0x7400, 0x4000,      /* offered: NOP, write cache, SMART; flushes, 48 bits */
    [86] = 0x3400, 0x4000,              /* in use */
    [93] = 0x6001,
    [106] = 0x6000,
    [169] = 0x0001,
};
// clang-format on

static void set_number(uint16_t *words, uint32_t value)
{
    words[0] = (uint16_t)value;
    words[1] = (uint16_t)(value >> 16);
}

uint32_t ata_cylinders(uint32_t sectors)
{
    uint32_t cylinders = sectors / (ATA_HEADS * ATA_TRACK);

    if (cylinders > CYLINDERS_MAX) {
        return CYLINDERS_MAX;
    }
    return cylinders < CYLINDERS_MIN ? CYLINDERS_MIN : cylinders;
}

void ata_identify(const struct ata_disk *disk, uint16_t words[256])
{
    uint32_t cylinders = ata_cylinders(disk->medium.sectors);

    memcpy(words, identify_words, sizeof(identify_words));
    words[1] = words[54] = (uint16_t)cylinders;
    words[3] = words[55] = ATA_HEADS;
    words[6] = words[56] = ATA_TRACK;
    set_number(&words[57], cylinders * ATA_HEADS * ATA_TRACK);
    set_number(&words[60], disk->medium.sectors);
    set_number(&words[100], disk->medium.sectors);
}

/* --- sectors ----------------------------------------------------------------------------------*/

void ata_init(struct ata_disk *disk, struct ata_medium medium)
{
    *disk = (struct ata_disk){.medium = medium, .multiple = ATA_MULTIPLE_MAX};
    if (medium.sectors > ATA_SECTORS_MAX) {
        disk->medium.sectors = ATA_SECTORS_MAX;
    }
    ata_set_geometry(disk, ATA_HEADS, ATA_TRACK);
}

void ata_set_geometry(struct ata_disk *disk, unsigned heads, unsigned sectors_per_track)
{
    disk->heads = heads;
    disk->sectors_per_track = sectors_per_track;
}

static uint32_t low_24_bits(const struct ata_address *a)
{
    return (uint32_t)a->cylinder_high << 16 | (uint32_t)a->cylinder_low << 8 | a->sector;
}

uint64_t ata_sector(const struct ata_disk *disk, const struct ata_address *low,
                    const struct ata_address *high)
{
    uint32_t cylinder = (uint32_t)low->cylinder_high << 8 | low->cylinder_low;

    if (low->device & DEVICE_LBA) {
        uint32_t top = high ? low_24_bits(high) : low->device & DEVICE_HEAD;
        return (uint64_t)top << 24 | low_24_bits(low);
    }
    if (low->sector == 0) {
        return UINT64_MAX;
    }
    return ((uint64_t)cylinder * disk->heads + (low->device & DEVICE_HEAD)) *
               disk->sectors_per_track +
           low->sector - 1;
}

static void set_low_24_bits(struct ata_address *a, uint32_t value)
{
    a->sector = (uint8_t)value;
    a->cylinder_low = (uint8_t)(value >> 8);
    a->cylinder_high = (uint8_t)(value >> 16);
}

void ata_name_sector(const struct ata_disk *disk, uint64_t sector, struct ata_address *low,
                     struct ata_address *high)
{
    uint32_t tracks, per_track = disk->sectors_per_track;

    if (low->device & DEVICE_LBA) {
        set_low_24_bits(low, (uint32_t)sector);
        if (high) {
            set_low_24_bits(high, (uint32_t)(sector >> 24));
        } else {
            low->device = (uint8_t)((low->device & ~DEVICE_HEAD) | (sector >> 24 & DEVICE_HEAD));
        }
    } else if (per_track) {
        tracks = (uint32_t)sector / per_track;
        set_low_24_bits(low, tracks / disk->heads << 8);
        low->sector = (uint8_t)(sector % per_track + 1);
        low->device = (uint8_t)((low->device & ~DEVICE_HEAD) | (tracks % disk->heads));
    }
}

uint8_t *ata_bytes(const struct ata_disk *disk, uint64_t sector, unsigned count)
{
    if (sector >= disk->medium.sectors || count > disk->medium.sectors - sector) {
        return NULL;
    }
    return disk->medium.bytes + sector * ATA_SECTOR;
}
