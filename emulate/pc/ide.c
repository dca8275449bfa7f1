#include "ide.h"

#include <string.h>

enum ide_register {
    IDE_ERROR = 1, /* feature when written */
    IDE_COUNT = 2,
    IDE_SECTOR = 3,
    IDE_CYLINDER_LOW = 4,
    IDE_CYLINDER_HIGH = 5,
    IDE_DEVICE = 6,
    IDE_STATUS = 7, /* command when written */
};
#define IDE_FEATURE IDE_ERROR

#define STATUS_ERROR 0x01u
#define STATUS_DATA  0x08u
#define STATUS_SEEK  0x10u
#define STATUS_READY 0x40u
#define STATUS_BUSY  0x80u

#define ERROR_ABORTED    0x04u
#define DIAGNOSIS_PASSED 0x01u

#define CONTROL_NO_IRQ   0x02u
#define CONTROL_RESET    0x04u
#define CONTROL_UNUSED   0x08u
#define CONTROL_PREVIOUS 0x80u

#define DEVICE_HEAD   0x0fu
#define DEVICE_SELECT 0x10u
#define DEVICE_LBA    0x40u
#define DEVICE_ONES   0xa0u

#define COMMAND_DEVICE_RESET    0x08u
#define COMMAND_READ            0x20u
#define COMMAND_DIAGNOSTIC      0x90u
#define COMMAND_PACKET          0xa0u
#define COMMAND_IDENTIFY_PACKET 0xa1u
#define COMMAND_IDENTIFY        0xecu
#define COMMAND_SET_FEATURES    0xefu

#define FEATURE_DMA       0x01u
#define FEATURE_OVERLAP   0x02u
#define FEATURE_CACHE_ON  0x02u
#define FEATURE_SET_MODE  0x03u
#define FEATURE_CACHE_OFF 0x82u /* which then fails without a disk: there is nothing to flush */

/* The interrupt reason, in the count register. */
#define REASON_MASK    0x07u
#define REASON_COMMAND 0x01u
#define REASON_TO_HOST 0x02u

/* --- the drive's description ------------------------------------------------------------------*/

#define WORD(a, b) ((uint16_t)((a) << 8 | (b)))
#define BLANK      WORD(' ', ' ')

// clang-format off
static const uint16_t identify_words[256] = {
    [0] = 0x85c0,                       /* ATAPI, removable CD-ROM, 12-byte packets, DRQ in 50 us */
    [10] = WORD('Q', 'M'), WORD('0', '0'), WORD('0', '0'), WORD('3', ' '),
    [14] = BLANK, BLANK, BLANK, BLANK, BLANK, BLANK,
    [20] = 0x0003, 0x0200, 0x0004,      /* buffer */
    [23] = WORD('2', '.'), WORD('5', '+'), BLANK, BLANK,
    [27] = WORD('Q', 'E'), WORD('M', 'U'), WORD(' ', 'D'), WORD('V', 'D'), WORD('-', 'R'),
           WORD('O', 'M'), BLANK, BLANK, BLANK, BLANK, BLANK, BLANK, BLANK, BLANK, BLANK, BLANK,
           BLANK, BLANK, BLANK, BLANK,
    [48] = 0x0001,
    [49] = 0x0300,                      /* LBA, DMA */
    [53] = 0x0007,
    [64] = 0x0003, 0x00b4, 0x00b4, 0x012c, 0x00b4, /* PIO modes and cycle times, ns */
    [71] = 0x001e, 0x001e,
    [80] = 0x001e,                      /* ATA-1 to ATA-4 */
};
// clang-format on

static const uint8_t mode_words[3] = {62, 63, 88};
static const uint16_t modes_supported[3] = {0x0007, 0x0007, 0x003f};
#define ULTRA_DMA_5_ACTIVE 0x2000u

/* Word 85, once it was set. */
#define CACHE_ON  0x4021u
#define CACHE_OFF 0x4001u

static void load_identification(struct ide *ide)
{
    uint16_t words[256];

    if (ide->drive == IDE_DISK) {
        ata_identify(&ide->disk, words);
    } else {
        memcpy(words, identify_words, sizeof(words));
    }
    for (unsigned i = 0; i < 3; i++) {
        words[mode_words[i]] = ide->dma_modes[i];
    }
    words[85] = ide->cache_enabled;
    memcpy(ide->buffer, words, sizeof(words));
}

/* --- state ------------------------------------------------------------------------------------*/

static struct ide_device *active(struct ide *ide)
{
    return &ide->device[ide->selected];
}

static void set_irq(struct ide *ide)
{
    if (!(ide->control & CONTROL_NO_IRQ)) {
        irq_line_set(&ide->irq, true);
    }
}

static void end_silently(struct ide *ide, uint8_t status, uint8_t error)
{
    ide->transfer = IDE_NO_DATA;
    active(ide)->status = status;
    active(ide)->error = error;
}

static void end_command(struct ide *ide, uint8_t status, uint8_t error)
{
    end_silently(ide, status, error);
    set_irq(ide);
}

static void abort_command(struct ide *ide)
{
    end_command(ide, STATUS_READY | STATUS_ERROR, ERROR_ABORTED);
}

/* By these values software knows a disk, a packet device, and that there is none. */
static void set_signature(const struct ide *ide, struct ide_device *device)
{
    bool disk = device->present && ide->drive == IDE_DISK;

    device->reg[IDE_DEVICE] &= (uint8_t) ~(disk ? DEVICE_HEAD | DEVICE_LBA : DEVICE_HEAD);
    device->reg[IDE_COUNT] = 1;
    device->reg[IDE_SECTOR] = 1;
    device->reg[IDE_CYLINDER_LOW] = disk ? 0 : device->present ? 0x14 : 0xff;
    device->reg[IDE_CYLINDER_HIGH] = disk ? 0 : device->present ? 0xeb : 0xff;
}

static void diagnose(const struct ide *ide, struct ide_device *device)
{
    set_signature(ide, device);
    /* a packet device does not become ready */
    device->status = ide->drive == IDE_DISK ? STATUS_READY | STATUS_SEEK : 0;
    device->error = DIAGNOSIS_PASSED;
}

/* Ends a transfer, too. The drive forgets its last error and shuts and unlocks its tray. */
static void reset_device(struct ide *ide, unsigned number)
{
    struct ide_device *device = &ide->device[number];

    ide->transfer = IDE_NO_DATA;
    ide->atapi = (struct atapi){0};
    memset(device->reg, 0, sizeof(device->reg));
    memset(device->previous, 0, sizeof(device->previous));
    device->reg[IDE_DEVICE] = DEVICE_ONES;
    diagnose(ide, device);
}

void ide_init(struct ide *ide, struct irq_line irq, enum ide_drive drive, struct ata_medium medium)
{
    memset(ide, 0, sizeof(*ide));
    ide->irq = irq;
    ide->drive = drive;
    ata_init(&ide->disk, medium);
    ide->control = CONTROL_UNUSED;
    ide->selected = 1;
    ide->dma_modes[0] = modes_supported[0];
    ide->dma_modes[1] = modes_supported[1];
    ide->dma_modes[2] = modes_supported[2] | ULTRA_DMA_5_ACTIVE;
    for (unsigned i = 0; i < 2; i++) {
        ide->device[i].status = STATUS_READY | STATUS_SEEK;
        ide->device[i].reg[IDE_DEVICE] = DEVICE_ONES | DEVICE_SELECT;
        ide->device[i].previous[IDE_COUNT] = 0x55; /* the BIOS looked whether they hold that */
        ide->device[i].previous[IDE_SECTOR] = 0xaa;
    }
    ide->cache_enabled = drive == IDE_DISK ? CACHE_ON : 0;
    ide->device[0].present = drive != IDE_EMPTY;
}

/* --- packets ----------------------------------------------------------------------------------*/

static void start_transfer(struct ide *ide, enum ide_transfer transfer, unsigned bytes)
{
    ide->transfer = transfer;
    ide->position = 0;
    ide->end = bytes;
    ide->left = 0;
    active(ide)->status = STATUS_READY | STATUS_SEEK | STATUS_DATA;
    active(ide)->error = 0;
}

static void set_reason(struct ide *ide, uint8_t reason)
{
    uint8_t *count = &active(ide)->reg[IDE_COUNT];
    *count = (uint8_t)((*count & ~REASON_MASK) | reason);
}

static void end_packet(struct ide *ide)
{
    set_reason(ide, REASON_COMMAND | REASON_TO_HOST);
    end_command(ide, STATUS_READY | STATUS_SEEK, 0);
}

static unsigned byte_count_limit(struct ide *ide)
{
    const uint8_t *reg = active(ide)->reg;
    unsigned limit = (unsigned)reg[IDE_CYLINDER_HIGH] << 8 | reg[IDE_CYLINDER_LOW];
    return limit == 0xffff ? 0xfffe : limit;
}

/* The reply goes to the host in pieces as large as the host said; all but the last are even. */
static void next_piece(struct ide *ide)
{
    uint8_t *reg = active(ide)->reg;
    unsigned limit = byte_count_limit(ide);
    unsigned bytes = ide->left > limit ? limit & ~1u : ide->left;

    ide->left -= bytes;
    ide->end = ide->position + bytes;
    reg[IDE_CYLINDER_LOW] = (uint8_t)bytes;
    reg[IDE_CYLINDER_HIGH] = (uint8_t)(bytes >> 8);
    set_reason(ide, REASON_TO_HOST);
    active(ide)->status = STATUS_READY | STATUS_SEEK | STATUS_DATA;
    set_irq(ide);
}

static void start_reply(struct ide *ide, unsigned bytes)
{
    if (active(ide)->reg[IDE_FEATURE] & FEATURE_DMA) {
        start_transfer(ide, IDE_NO_DATA, 0); /* which nobody will ever do */
    } else if (bytes == 0) {
        end_packet(ide);
    } else {
        start_transfer(ide, IDE_REPLY_IN, 0);
        ide->left = bytes;
        next_piece(ide);
    }
}

static void execute_packet(struct ide *ide)
{
    uint8_t packet[ATAPI_PACKET_BYTES];
    bool dma = active(ide)->reg[IDE_FEATURE] & FEATURE_DMA;
    bool may_reply = dma || byte_count_limit(ide) != 0;
    unsigned bytes = 0;

    memcpy(packet, ide->buffer, sizeof(packet));
    switch (atapi_execute(&ide->atapi, packet, may_reply, ide->buffer, &bytes)) {
    case ATAPI_REPLY:
        start_reply(ide, bytes);
        break;
    case ATAPI_ERROR:
        set_reason(ide, REASON_COMMAND | REASON_TO_HOST);
        end_command(ide, STATUS_READY | STATUS_ERROR, (uint8_t)(ide->atapi.sense_key << 4));
        break;
    case ATAPI_ABORT:
        end_silently(ide, STATUS_READY | STATUS_ERROR, ERROR_ABORTED);
        break;
    default:
        end_packet(ide);
        break;
    }
}

/* --- commands ---------------------------------------------------------------------------------*/

/* Features that can be set, and the value of the count that goes with a transfer mode. */
static const uint8_t features[] = {
    0x02, 0x05, 0x42, 0x55, 0x66, 0x67, 0x69, 0x85, 0x96, 0x9a, 0xaa, 0xc2, 0xcc,
};

/* The count names a kind of mode in bits 7-3, one of them in bits 2-0: only that one is active. */
static bool set_mode(struct ide *ide, uint8_t count)
{
    static const uint8_t kind_of_word[3] = {0x02, 0x04, 0x08}; /* single, multiword, ultra DMA */
    unsigned kind = count >> 3;
    bool known = kind <= 0x01; /* PIO */

    for (unsigned i = 0; i < 3; i++) {
        known |= kind == kind_of_word[i];
    }
    for (unsigned i = 0; known && i < 3; i++) {
        uint16_t mode = kind == kind_of_word[i] ? (uint16_t)(0x100u << (count & 7u)) : 0;
        ide->dma_modes[i] = modes_supported[i] | mode;
    }
    return known;
}

static void set_features(struct ide *ide)
{
    const uint8_t *reg = active(ide)->reg;
    bool known = reg[IDE_FEATURE] == FEATURE_SET_MODE && set_mode(ide, reg[IDE_COUNT]);

    if (reg[IDE_FEATURE] == FEATURE_CACHE_ON || reg[IDE_FEATURE] == FEATURE_CACHE_OFF) {
        ide->cache_enabled = reg[IDE_FEATURE] == FEATURE_CACHE_ON ? CACHE_ON : CACHE_OFF;
    }
    known |= reg[IDE_FEATURE] == FEATURE_CACHE_OFF && ide->drive == IDE_DISK;
    for (unsigned i = 0; i < sizeof(features); i++) {
        known |= features[i] == reg[IDE_FEATURE];
    }
    if (known) {
        end_command(ide, STATUS_READY | STATUS_SEEK, 0);
    } else {
        abort_command(ide);
    }
}

static void start_packet(struct ide *ide)
{
    if (active(ide)->reg[IDE_FEATURE] & FEATURE_OVERLAP) {
        abort_command(ide);
        return;
    }
    start_transfer(ide, IDE_PACKET_OUT, ATAPI_PACKET_BYTES);
    active(ide)->reg[IDE_COUNT] = REASON_COMMAND;
}

static void run_packet_command(struct ide *ide, uint8_t command)
{
    switch (command) {
    case COMMAND_DEVICE_RESET:
        reset_device(ide, ide->selected);
        active(ide)->error = 0; /* no diagnosis */
        break;
    case COMMAND_DIAGNOSTIC:
        diagnose(ide, active(ide));
        break;
    case COMMAND_PACKET:
        start_packet(ide);
        break;
    case COMMAND_IDENTIFY_PACKET:
        load_identification(ide);
        start_transfer(ide, IDE_IDENTIFY_IN, ATAPI_REPLY_BYTES);
        set_irq(ide);
        break;
    case COMMAND_SET_FEATURES:
        set_features(ide);
        break;
    case COMMAND_READ:
    case COMMAND_IDENTIFY:
        set_signature(ide, active(ide));
        abort_command(ide);
        break;
    default:
        abort_command(ide);
        break;
    }
}

/* --- the disk's commands ----------------------------------------------------------------------*/

static struct ata_address address_of(const uint8_t *reg)
{
    return (struct ata_address){reg[IDE_COUNT], reg[IDE_SECTOR], reg[IDE_CYLINDER_LOW],
                                reg[IDE_CYLINDER_HIGH], reg[IDE_DEVICE]};
}

static uint64_t named_sector(struct ide *ide)
{
    struct ata_address low = address_of(active(ide)->reg);
    struct ata_address high = address_of(active(ide)->previous);

    return ata_sector(&ide->disk, &low, ide->wide ? &high : NULL);
}

static void set_address(uint8_t *reg, const struct ata_address *address)
{
    reg[IDE_SECTOR] = address->sector;
    reg[IDE_CYLINDER_LOW] = address->cylinder_low;
    reg[IDE_CYLINDER_HIGH] = address->cylinder_high;
}

static void name_sector(struct ide *ide, uint64_t sector)
{
    struct ide_device *device = active(ide);
    struct ata_address low = address_of(device->reg);
    struct ata_address high = address_of(device->previous);

    ata_name_sector(&ide->disk, sector, &low, ide->wide ? &high : NULL);
    set_address(device->reg, &low);
    device->reg[IDE_DEVICE] = low.device;
    set_address(device->previous, &high);
}

static unsigned next_block(const struct ide *ide)
{
    return ide->sectors_left < ide->block ? ide->sectors_left : ide->block;
}

/* The registers name the sector behind those that were moved, and count what is left. */
static void advance(struct ide *ide, uint64_t sector, unsigned count)
{
    ide->sectors_left -= count;
    active(ide)->reg[IDE_COUNT] = (uint8_t)ide->sectors_left;
    active(ide)->previous[IDE_COUNT] = (uint8_t)(ide->sectors_left >> 8);
    name_sector(ide, sector + count);
}

static void read_block(struct ide *ide)
{
    unsigned count = next_block(ide);
    uint64_t sector = named_sector(ide);
    const uint8_t *bytes = ata_bytes(&ide->disk, sector, count);

    if (!bytes) {
        abort_command(ide);
        return;
    }
    memcpy(ide->buffer, bytes, count * ATA_SECTOR);
    advance(ide, sector, count);
    start_transfer(ide, IDE_SECTORS_IN, count * ATA_SECTOR);
    set_irq(ide);
}

static void write_block(struct ide *ide)
{
    unsigned count = ide->end / ATA_SECTOR;
    uint64_t sector = named_sector(ide);
    uint8_t *bytes = ata_bytes(&ide->disk, sector, count);

    if (!bytes) {
        abort_command(ide);
        return;
    }
    memcpy(bytes, ide->buffer, count * ATA_SECTOR);
    advance(ide, sector, count);
    if (ide->sectors_left) {
        start_transfer(ide, IDE_SECTORS_OUT, next_block(ide) * ATA_SECTOR);
        set_irq(ide);
    } else {
        end_command(ide, STATUS_READY | STATUS_SEEK, 0);
    }
}

/* How a command of the disk works. */
struct disk_command {
    uint8_t code;
    enum disk_action {
        DISK_NONE, /* nothing to do */
        DISK_READ,
        DISK_WRITE,
        DISK_IDENTIFY,
        DISK_FEATURES,
        DISK_GEOMETRY,
        DISK_MULTIPLE,
        DISK_POWER_MODE,
        DISK_SIZE,
        DISK_DIAGNOSE,
    } action;
    bool multiple, wide; /* blocks of many sectors; a 48-bit address */
    bool seeks;          /* shows in the status when it is done */
};

// clang-format off
static const struct disk_command disk_commands[] = {
    {0x10, DISK_NONE, false, false, true},   /* RECALIBRATE */
    {0x20, DISK_READ, false, false, true}, {0x21, DISK_READ, false, false, true},
    {0x24, DISK_READ, false, true, true},  {0x29, DISK_READ, true, true, true},
    {0x27, DISK_SIZE, false, true, true},    /* READ NATIVE MAX ADDRESS EXT */
    {0x30, DISK_WRITE, false, false, true}, {0x31, DISK_WRITE, false, false, true},
    {0x34, DISK_WRITE, false, true, true},  {0x39, DISK_WRITE, true, true, true},
    {0x3c, DISK_WRITE, false, false, true},  /* WRITE VERIFY */
    {0x40, DISK_NONE, false, false, true}, {0x41, DISK_NONE, false, false, true},
    {0x42, DISK_NONE, false, true, true},    /* READ VERIFY SECTORS */
    {0x70, DISK_NONE, false, false, true},   /* SEEK */
    {0x90, DISK_DIAGNOSE, false, false, true},
    {0x91, DISK_GEOMETRY, false, false, true},
    {0x94, DISK_NONE, false, false, false}, {0x95, DISK_NONE, false, false, false},
    {0x96, DISK_NONE, false, false, false}, {0x97, DISK_NONE, false, false, false},
    {0x98, DISK_POWER_MODE, false, false, true}, {0x99, DISK_NONE, false, false, false},
    {0xc4, DISK_READ, true, false, true}, {0xc5, DISK_WRITE, true, false, true},
    {0xc6, DISK_MULTIPLE, false, false, true},
    {0xe0, DISK_NONE, false, false, false}, {0xe1, DISK_NONE, false, false, false},
    {0xe2, DISK_NONE, false, false, false}, {0xe3, DISK_NONE, false, false, false},
    {0xe5, DISK_POWER_MODE, false, false, true}, {0xe6, DISK_NONE, false, false, false},
    {0xe7, DISK_NONE, false, false, true}, {0xea, DISK_NONE, false, true, true}, /* FLUSH CACHE */
    {0xec, DISK_IDENTIFY, false, false, true},
    {0xef, DISK_FEATURES, false, false, true},
    {0xf5, DISK_NONE, false, false, true},   /* CFA WEAR LEVEL */
    {0xf8, DISK_SIZE, false, false, true},   /* READ NATIVE MAX ADDRESS */
};
// clang-format on

static const struct disk_command *find_disk_command(uint8_t code)
{
    for (unsigned i = 0; i < sizeof(disk_commands) / sizeof(disk_commands[0]); i++) {
        if (disk_commands[i].code == code) {
            return &disk_commands[i];
        }
    }
    return NULL;
}

static void start_sectors(struct ide *ide, const struct disk_command *command)
{
    const struct ide_device *device = active(ide);
    uint32_t count = device->reg[IDE_COUNT];

    ide->block = command->multiple ? ide->disk.multiple : 1;
    if (command->wide) {
        count |= (uint32_t)device->previous[IDE_COUNT] << 8;
    }
    ide->sectors_left = count ? count : command->wide ? 0x10000u : 0x100u;
    if (ide->block == 0) {
        abort_command(ide);
    } else if (command->action == DISK_READ) {
        read_block(ide);
    } else {
        start_transfer(ide, IDE_SECTORS_OUT, next_block(ide) * ATA_SECTOR);
    }
}

static bool set_multiple(struct ide *ide)
{
    uint8_t count = active(ide)->reg[IDE_COUNT];

    if (count > ATA_MULTIPLE_MAX || (count & (count - 1))) {
        return false;
    }
    ide->disk.multiple = count;
    return true;
}

/* Commands that are done at once; false when they fail. */
static bool do_disk_command(struct ide *ide, const struct disk_command *command)
{
    uint8_t *reg = active(ide)->reg;

    switch (command->action) {
    case DISK_GEOMETRY:
        ata_set_geometry(&ide->disk, (reg[IDE_DEVICE] & DEVICE_HEAD) + 1u, reg[IDE_COUNT]);
        return true;
    case DISK_MULTIPLE:
        return set_multiple(ide);
    case DISK_POWER_MODE:
        reg[IDE_COUNT] = 0xff; /* active or idle */
        return true;
    case DISK_SIZE:
        name_sector(ide, ide->disk.medium.sectors - 1);
        return true;
    default:
        return true;
    }
}

static void run_disk_command(struct ide *ide, uint8_t code)
{
    const struct disk_command *command = find_disk_command(code);

    ide->wide = command && command->wide;
    if (!command) {
        abort_command(ide);
    } else if (command->action == DISK_READ || command->action == DISK_WRITE) {
        start_sectors(ide, command);
    } else if (command->action == DISK_IDENTIFY) {
        load_identification(ide);
        start_transfer(ide, IDE_IDENTIFY_IN, ATA_SECTOR);
        set_irq(ide);
    } else if (command->action == DISK_FEATURES) {
        set_features(ide);
    } else if (command->action == DISK_DIAGNOSE) {
        diagnose(ide, active(ide));
        set_irq(ide);
    } else if (do_disk_command(ide, command)) {
        end_command(ide, command->seeks ? STATUS_READY | STATUS_SEEK : STATUS_READY, 0);
    } else {
        abort_command(ide);
    }
}

static void run_command(struct ide *ide, uint8_t command)
{
    if (ide->drive == IDE_DISK) {
        run_disk_command(ide, command);
    } else {
        run_packet_command(ide, command);
    }
}

static bool transferring(const struct ide *ide)
{
    return ide->device[ide->selected].status & (STATUS_BUSY | STATUS_DATA);
}

/* Device 1 is never there; commands to an empty channel end in an interrupt all the same. */
static void command_out(struct ide *ide, uint8_t command)
{
    ide->control &= (uint8_t)~CONTROL_PREVIOUS;
    irq_line_set(&ide->irq, false);
    if (ide->selected == 1 || (transferring(ide) && command != COMMAND_DEVICE_RESET)) {
        return;
    }
    if (active(ide)->present) {
        run_command(ide, command);
    } else {
        abort_command(ide);
    }
}

/* --- ports ------------------------------------------------------------------------------------*/

static void end_of_piece(struct ide *ide)
{
    active(ide)->status &= (uint8_t)~STATUS_DATA;
    if (ide->transfer == IDE_PACKET_OUT) {
        execute_packet(ide);
    } else if (ide->transfer == IDE_SECTORS_OUT) {
        write_block(ide);
    } else if (ide->transfer == IDE_SECTORS_IN && ide->sectors_left) {
        read_block(ide);
    } else if (ide->left > 0) {
        next_piece(ide);
    } else if (ide->transfer == IDE_REPLY_IN) {
        end_packet(ide);
    } else {
        ide->transfer = IDE_NO_DATA;
    }
}

/* Where the next `width` bytes of a transfer are; NULL when there is none or it ends before. */
static uint8_t *next_bytes(struct ide *ide, bool to_host, unsigned width)
{
    static const bool goes_in[] = {[IDE_IDENTIFY_IN] = true,
                                   [IDE_REPLY_IN] = true,
                                   [IDE_SECTORS_IN] = true,
                                   [IDE_SECTORS_OUT] = false};
    bool matches = ide->transfer != IDE_NO_DATA && goes_in[ide->transfer] == to_host;
    if (!matches || ide->selected != 0 || ide->position + width > ide->end) {
        return NULL;
    }
    ide->position += width;
    return &ide->buffer[ide->position - width];
}

uint32_t ide_data_in(struct ide *ide, unsigned size)
{
    unsigned width = size == 4 ? 4 : 2;
    const uint8_t *bytes = next_bytes(ide, true, width);
    uint32_t value = 0;

    if (bytes) {
        memcpy(&value, bytes, width);
        if (ide->position == ide->end) {
            end_of_piece(ide);
        }
    }
    return value;
}

void ide_data_out(struct ide *ide, unsigned size, uint32_t value)
{
    uint8_t *bytes = size == 1 ? NULL : next_bytes(ide, false, size);

    if (bytes) {
        memcpy(bytes, &value, size);
        if (ide->position == ide->end) {
            end_of_piece(ide);
        }
    }
}

uint8_t ide_in(struct ide *ide, unsigned reg)
{
    const struct ide_device *device = active(ide);
    bool previous = ide->control & CONTROL_PREVIOUS;

    if (reg == IDE_STATUS) {
        irq_line_set(&ide->irq, false);
        return ide_control_in(ide);
    }
    if (!ide->device[0].present || (reg == IDE_ERROR && !device->present)) {
        return 0;
    }
    if (reg == IDE_DEVICE) {
        return device->reg[reg];
    }
    if (previous) {
        return device->previous[reg];
    }
    return reg == IDE_ERROR ? device->error : device->reg[reg];
}

void ide_out(struct ide *ide, unsigned reg, uint8_t value)
{
    if (reg == IDE_STATUS) {
        command_out(ide, value);
        return;
    }
    if (transferring(ide)) {
        return;
    }
    ide->control &= (uint8_t)~CONTROL_PREVIOUS;
    if (reg == IDE_DEVICE) {
        value |= DEVICE_ONES;
        ide->selected = value & DEVICE_SELECT ? 1 : 0;
    }
    for (unsigned i = 0; i < 2; i++) {
        ide->device[i].previous[reg] = ide->device[i].reg[reg];
        ide->device[i].reg[reg] = value;
    }
}

uint8_t ide_control_in(const struct ide *ide)
{
    const struct ide_device *device = &ide->device[ide->selected];
    return device->present ? device->status : 0;
}

void ide_control_out(struct ide *ide, uint8_t value)
{
    bool reset = (value & CONTROL_RESET) && !(ide->control & CONTROL_RESET);

    ide->control = value;
    if (reset) {
        reset_device(ide, 0);
        reset_device(ide, 1);
        ide->control &= (uint8_t)~CONTROL_RESET;
        set_irq(ide);
    }
}
