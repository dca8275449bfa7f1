#include "fdc.h"

#include "pc.h"

#include <string.h>

enum fdc_register {
    FDC_STATUS_B = 1,
    FDC_OUTPUT = 2,
    FDC_TAPE = 3,
    FDC_MAIN_STATUS = 4, /* data rate select when written */
    FDC_DATA = 5,
    FDC_INPUT = 7, /* configuration control when written */
};

#define OUTPUT_DRIVE     0x01u
#define OUTPUT_NOT_RESET 0x04u
#define OUTPUT_DMA       0x08u
#define OUTPUT_MOTORS    4 /* shift of the motor bits */

#define STATUS_B_MOTORS 0x03u
#define STATUS_B_DRIVE0 0x20u
#define STATUS_B_UNUSED 0xc0u

#define TAPE_BOOT_DRIVE 0x04u

#define MAIN_BUSY    0x10u
#define MAIN_TO_HOST 0x40u
#define MAIN_READY   0x80u

#define RATE_MASK       0x03u
#define RATE_POWER_DOWN 0x40u
#define RATE_RESET      0x80u

#define INPUT_DISK_CHANGED 0x80u

#define ST0_HEAD          0x04u
#define ST0_DRIVE_HEAD    0x07u
#define ST0_SEEK_END      0x20u
#define ST0_ABNORMAL      0x40u
#define ST0_INVALID       0x80u
#define ST0_READY_CHANGED 0xc0u
#define ST1_MISSING_MARK  0x01u
#define ST1_END_OF_TRACK  0x80u

#define ST3_FIXED  0x68u /* write-protected, ready, two sides */
#define ST3_TRACK0 0x10u

#define CONFIG_IMPLIED_SEEK 0x40u
#define CONFIG_NO_FIFO      0x20u

#define VERSION_82078 0x90u
#define PART_ID       0x41u
#define SENSES        4u
#define SECTOR_CODE   2u
#define MULTI_TRACK   0x80u
#define READ_ID_NS    20000000u

static struct fdc_drive *boot_drive(struct fdc *fdc)
{
    return &fdc->drive[fdc->tape & TAPE_BOOT_DRIVE ? 1 : 0];
}

static struct fdc_drive *other_drive(struct fdc *fdc)
{
    return &fdc->drive[fdc->tape & TAPE_BOOT_DRIVE ? 0 : 1];
}

static struct fdc_drive *current_drive(struct fdc *fdc)
{
    return fdc->selected ? other_drive(fdc) : boot_drive(fdc);
}

/* --- phases -----------------------------------------------------------------------------------*/

static void raise_irq(struct fdc *fdc)
{
    if (!fdc->interrupt) {
        fdc->interrupt = true;
        irq_line_set(&fdc->irq, true);
    }
    fdc->senses_left = 0;
}

static void drop_irq(struct fdc *fdc)
{
    fdc->status0 = 0;
    if (fdc->interrupt) {
        fdc->interrupt = false;
        irq_line_set(&fdc->irq, false);
    }
}

static void to_command(struct fdc *fdc)
{
    fdc->phase = FDC_COMMAND;
    fdc->position = 0;
    fdc->length = 1;
    fdc->main_status = (fdc->main_status & (uint8_t) ~(MAIN_BUSY | MAIN_TO_HOST)) | MAIN_READY;
}

static void to_result(struct fdc *fdc, unsigned length)
{
    fdc->phase = FDC_RESULT;
    fdc->position = 0;
    fdc->length = (uint8_t)length;
    fdc->main_status |= MAIN_BUSY | MAIN_TO_HOST | MAIN_READY;
}

enum seek_result { SEEK_NO_DISK, SEEK_NO_TRACK, SEEK_NO_SECTOR };

/* Sectors counted from the start of a disk with one side; two names of one place are the same. */
static unsigned linear(const struct fdc_drive *drive, unsigned head, unsigned track,
                       unsigned sector)
{
    return (track + head) * drive->last_sector + sector;
}

/* The arm moves without a disk, too; there is only head 0. Then the sector is not found. */
static enum seek_result seek(struct fdc_drive *drive, uint8_t head, uint8_t track, uint8_t sector)
{
    if (track > drive->last_track || head != 0) {
        return SEEK_NO_TRACK;
    }
    if (sector > drive->last_sector) {
        return SEEK_NO_SECTOR;
    }
    if (linear(drive, head, track, sector) !=
        linear(drive, drive->head, drive->track, drive->sector)) {
        drive->head = head;
        drive->track = track;
        drive->sector = sector;
    }
    return SEEK_NO_DISK;
}

static void reset(struct fdc *fdc, bool interrupt)
{
    drop_irq(fdc);
    fdc->status_b = STATUS_B_UNUSED;
    fdc->selected = 0;
    fdc->output = OUTPUT_NOT_RESET | OUTPUT_DMA;
    fdc->main_status = MAIN_READY;
    for (unsigned i = 0; i < FDC_DRIVES; i++) {
        seek(&fdc->drive[i], 0, 0, 1);
    }
    to_command(fdc);
    if (interrupt) {
        fdc->status0 |= ST0_READY_CHANGED;
        raise_irq(fdc);
        fdc->senses_left = SENSES;
    }
}

void fdc_init(struct fdc *fdc, struct irq_line irq)
{
    memset(fdc, 0, sizeof(*fdc));
    fdc->irq = irq;
    fdc->config = CONFIG_IMPLIED_SEEK | CONFIG_NO_FIFO;
    fdc->result_ns = PC_NEVER;
    fdc->drive[0].last_track = 0xff; /* unknown; the second drive is not there */
    fdc->drive[0].last_sector = 0xff;
    reset(fdc, false);
}

/* --- commands ---------------------------------------------------------------------------------*/

static void select_drive(struct fdc *fdc)
{
    fdc->selected = fdc->fifo[1] & OUTPUT_DRIVE;
}

static void end_transfer(struct fdc *fdc, uint8_t status0, uint8_t status1)
{
    const struct fdc_drive *drive = current_drive(fdc);

    fdc->status0 &= (uint8_t)~ST0_DRIVE_HEAD;
    fdc->status0 |= (uint8_t)(fdc->selected | (drive->head ? ST0_HEAD : 0) | status0);
    const uint8_t result[] = {
        fdc->status0, status1, 0, drive->track, drive->head, drive->sector, SECTOR_CODE,
    };
    memcpy(fdc->fifo, result, sizeof(result));
    to_result(fdc, sizeof(result));
    raise_irq(fdc);
}

static void transfer(struct fdc *fdc)
{
    uint8_t track = fdc->fifo[2], head = fdc->fifo[3], sector = fdc->fifo[4];

    select_drive(fdc);
    enum seek_result found = seek(current_drive(fdc), head, track, sector);
    end_transfer(fdc, ST0_ABNORMAL, found == SEEK_NO_SECTOR ? ST1_END_OF_TRACK : 0);
    fdc->fifo[3] = track;
    fdc->fifo[4] = head;
    fdc->fifo[5] = sector;
}

static void transfer_deleted(struct fdc *fdc)
{
    end_transfer(fdc, ST0_ABNORMAL | ST0_SEEK_END, 0);
}

static void format_track(struct fdc *fdc)
{
    select_drive(fdc);
    current_drive(fdc)->last_sector = fdc->fifo[3];
    end_transfer(fdc, 0, 0);
}

static void read_id(struct fdc *fdc)
{
    current_drive(fdc)->head = (fdc->fifo[1] >> 2) & 1u;
    fdc->result_ns = fdc->now_ns + READ_ID_NS;
}

static void end_read_id(struct fdc *fdc)
{
    struct fdc_drive *drive = current_drive(fdc);

    fdc->result_ns = PC_NEVER;
    if (drive->last_sector) {
        drive->sector = (uint8_t)(drive->sector % drive->last_sector + 1);
    }
    bool wrong_rate = fdc->rate & RATE_MASK;
    end_transfer(fdc, wrong_rate ? ST0_ABNORMAL : 0, wrong_rate ? ST1_MISSING_MARK : 0);
}

static void end_seek(struct fdc *fdc)
{
    to_command(fdc);
    fdc->status0 |= ST0_SEEK_END;
    raise_irq(fdc);
}

static void seek_track(struct fdc *fdc)
{
    select_drive(fdc);
    struct fdc_drive *drive = current_drive(fdc);
    seek(drive, drive->head, fdc->fifo[2], drive->sector);
    end_seek(fdc);
}

static void recalibrate(struct fdc *fdc)
{
    select_drive(fdc);
    seek(current_drive(fdc), 0, 0, 1);
    end_seek(fdc);
}

static void seek_in(struct fdc *fdc)
{
    select_drive(fdc);
    struct fdc_drive *drive = current_drive(fdc);
    unsigned track = drive->track + fdc->fifo[2];
    unsigned beyond = drive->last_track;
    seek(drive, drive->head, (uint8_t)(track < beyond ? track : beyond - 1), drive->sector);
    end_seek(fdc);
}

static void seek_out(struct fdc *fdc)
{
    select_drive(fdc);
    struct fdc_drive *drive = current_drive(fdc);
    uint8_t steps = fdc->fifo[2];
    uint8_t track = steps > drive->track ? 0 : (uint8_t)(drive->track - steps);
    seek(drive, drive->head, track, drive->sector);
    end_seek(fdc);
}

static void sense_interrupt(struct fdc *fdc)
{
    if (fdc->senses_left > 0) {
        fdc->fifo[0] = (uint8_t)(ST0_READY_CHANGED + SENSES - fdc->senses_left);
        fdc->senses_left--;
    } else if (!fdc->interrupt) {
        fdc->fifo[0] = ST0_INVALID;
        to_result(fdc, 1);
        return;
    } else {
        fdc->fifo[0] = (uint8_t)((fdc->status0 & ~ST0_DRIVE_HEAD) | fdc->selected);
    }
    fdc->fifo[1] = current_drive(fdc)->track;
    to_result(fdc, 2);
    drop_irq(fdc);
    fdc->status0 = ST0_READY_CHANGED;
}

static void sense_drive(struct fdc *fdc)
{
    select_drive(fdc);
    struct fdc_drive *drive = current_drive(fdc);
    drive->head = (fdc->fifo[1] >> 2) & 1u;
    fdc->fifo[0] = (uint8_t)(ST3_FIXED | (drive->track == 0 ? ST3_TRACK0 : 0) | drive->head << 2 |
                             fdc->selected);
    to_result(fdc, 1);
}

static void specify(struct fdc *fdc)
{
    fdc->step_rate = fdc->fifo[1] >> 4;
    fdc->head_load = fdc->fifo[2] >> 1;
    fdc->output = (uint8_t)((fdc->output & ~OUTPUT_DMA) | (fdc->fifo[2] & 1 ? 0 : OUTPUT_DMA));
    to_command(fdc);
}

static void perpendicular_mode(struct fdc *fdc)
{
    if (fdc->fifo[1] & 0x80) {
        current_drive(fdc)->perpendicular = fdc->fifo[1] & 7u;
    }
    to_command(fdc);
}

static void configure(struct fdc *fdc)
{
    fdc->config = fdc->fifo[2];
    fdc->precompensation = fdc->fifo[3];
    to_command(fdc);
}

static void option(struct fdc *fdc)
{
    to_command(fdc);
}

static void power_down_mode(struct fdc *fdc)
{
    fdc->power_down = fdc->fifo[1];
    fdc->fifo[0] = fdc->fifo[1];
    to_result(fdc, 1);
}

static void lock(struct fdc *fdc)
{
    fdc->locked = fdc->fifo[0] & 0x80;
    fdc->fifo[0] = fdc->locked ? 0x10 : 0;
    to_result(fdc, 1);
}

static uint8_t lock_byte(struct fdc *fdc)
{
    return (uint8_t)(fdc->locked << 7 | current_drive(fdc)->perpendicular << 2);
}

static void dump_registers(struct fdc *fdc)
{
    const uint8_t result[] = {
        boot_drive(fdc)->track,
        other_drive(fdc)->track,
        0,
        0,
        fdc->step_rate,
        (uint8_t)(fdc->head_load << 1 | (fdc->output & OUTPUT_DMA ? 1 : 0)),
        current_drive(fdc)->last_sector,
        lock_byte(fdc),
        fdc->config,
        fdc->precompensation,
    };
    memcpy(fdc->fifo, result, sizeof(result));
    to_result(fdc, sizeof(result));
}

static void save(struct fdc *fdc)
{
    const uint8_t result[] = {
        0,
        0,
        boot_drive(fdc)->track,
        other_drive(fdc)->track,
        0,
        0,
        fdc->step_rate,
        fdc->head_load,
        current_drive(fdc)->last_sector,
        lock_byte(fdc),
        fdc->config,
        fdc->precompensation,
        fdc->power_down,
        0,
        0,
    };
    memcpy(fdc->fifo, result, sizeof(result));
    to_result(fdc, sizeof(result));
}

static void restore(struct fdc *fdc)
{
    const uint8_t *fifo = fdc->fifo;
    struct fdc_drive *drive = current_drive(fdc);

    boot_drive(fdc)->track = fifo[3];
    other_drive(fdc)->track = fifo[4];
    fdc->step_rate = fifo[7];
    fdc->head_load = fifo[8];
    drive->last_sector = fifo[9];
    fdc->locked = fifo[10] & 0x80;
    drive->perpendicular = (fifo[10] >> 2) & 0xfu;
    fdc->config = fifo[11];
    fdc->precompensation = fifo[12];
    fdc->power_down = fifo[13];
    to_command(fdc);
}

static void version(struct fdc *fdc)
{
    fdc->fifo[0] = VERSION_82078;
    to_result(fdc, 1);
}

static void part_id(struct fdc *fdc)
{
    fdc->fifo[0] = PART_ID;
    to_result(fdc, 1);
}

/* Only the last parameter can end it; without its mark the command never ends. */
static void drive_specification(struct fdc *fdc)
{
    uint8_t last = fdc->fifo[fdc->position - 1u];

    if (!(last & 0x80)) {
        return;
    }
    if (last & 0x40) {
        fdc->fifo[0] = fdc->fifo[1];
        fdc->fifo[2] = 0;
        fdc->fifo[3] = 0;
        to_result(fdc, 4);
    } else {
        to_command(fdc);
    }
}

static void invalid(struct fdc *fdc)
{
    fdc->fifo[0] = ST0_INVALID;
    to_result(fdc, 1);
}

/* The first line that matches counts; bits outside `mask` are options of the command. */
struct fdc_command {
    uint8_t code, mask, parameters;
    void (*run)(struct fdc *fdc);
};

// clang-format off
static const struct fdc_command commands[] = {
    {0x06, 0x1f,  8, transfer},            /* read */
    {0x05, 0x3f,  8, transfer},            /* write */
    {0x0f, 0xff,  2, seek_track},
    {0x08, 0xff,  0, sense_interrupt},
    {0x07, 0xff,  1, recalibrate},
    {0x0d, 0xbf,  5, format_track},
    {0x02, 0xbf,  8, transfer},            /* read track */
    {0x4e, 0xff, 17, restore},
    {0x2e, 0xff,  0, save},
    {0x0c, 0x1f,  8, transfer_deleted},    /* read deleted data */
    {0x11, 0x1f,  8, transfer},            /* scan equal */
    {0x16, 0x1f,  8, transfer},            /* verify */
    {0x19, 0x1f,  8, transfer},            /* scan low or equal */
    {0x1d, 0x1f,  8, transfer},            /* scan high or equal */
    {0x09, 0x3f,  8, transfer_deleted},    /* write deleted data */
    {0x0a, 0xbf,  1, read_id},
    {0x03, 0xff,  2, specify},
    {0x04, 0xff,  1, sense_drive},
    {0x12, 0xff,  1, perpendicular_mode},
    {0x13, 0xff,  3, configure},
    {0x17, 0xff,  2, power_down_mode},
    {0x33, 0xff,  1, option},
    {0x8e, 0xff,  5, drive_specification},
    {0x8f, 0xff,  2, seek_out},
    {0xcd, 0xff, 10, invalid},             /* format and write */
    {0xcf, 0xff,  2, seek_in},
    {0x14, 0x7f,  0, lock},
    {0x0e, 0xff,  0, dump_registers},
    {0x10, 0xff,  0, version},
    {0x18, 0xff,  0, part_id},
    {0x05, 0x1f,  8, transfer},            /* write, as one system wrongly writes it */
    {0x00, 0x00,  0, invalid},
};
// clang-format on

static const struct fdc_command *find_command(uint8_t code)
{
    const struct fdc_command *command = commands;
    while ((code & command->mask) != command->code) {
        command++;
    }
    return command;
}

/* --- ports ------------------------------------------------------------------------------------*/

static uint8_t data_in(struct fdc *fdc)
{
    fdc->rate &= (uint8_t)~RATE_POWER_DOWN;
    if (!(fdc->main_status & MAIN_READY) || !(fdc->main_status & MAIN_TO_HOST)) {
        return 0;
    }
    uint8_t value = fdc->fifo[fdc->position];
    if (++fdc->position == fdc->length) {
        to_command(fdc);
        drop_irq(fdc);
    }
    return value;
}

static void data_out(struct fdc *fdc, uint8_t value)
{
    if (!(fdc->main_status & MAIN_READY) || (fdc->main_status & MAIN_TO_HOST)) {
        return;
    }
    fdc->rate &= (uint8_t)~RATE_POWER_DOWN;
    fdc->fifo[fdc->position++] = value;
    const struct fdc_command *command = find_command(fdc->fifo[0]);
    fdc->length = (uint8_t)(command->parameters + 1);
    fdc->main_status |= MAIN_BUSY;
    if (fdc->position == fdc->length) {
        fdc->main_status &= (uint8_t)~MAIN_READY;
        fdc->phase = FDC_EXECUTION;
        command->run(fdc);
    }
}

static void output_out(struct fdc *fdc, uint8_t value)
{
    uint8_t motors = (value >> OUTPUT_MOTORS) & STATUS_B_MOTORS;
    uint8_t drive = value & OUTPUT_DRIVE ? STATUS_B_DRIVE0 : 0;

    fdc->status_b = (uint8_t)((fdc->status_b & STATUS_B_UNUSED) | motors | drive);
    if ((value & OUTPUT_NOT_RESET) && !(fdc->output & OUTPUT_NOT_RESET)) {
        reset(fdc, true);
        fdc->rate &= (uint8_t)~RATE_POWER_DOWN;
    }
    fdc->selected = value & OUTPUT_DRIVE;
    fdc->output = value;
}

static void rate_out(struct fdc *fdc, uint8_t value)
{
    if (value & (RATE_RESET | RATE_POWER_DOWN)) {
        reset(fdc, true);
    }
    fdc->rate = value;
}

uint8_t fdc_in(struct fdc *fdc, unsigned offset)
{
    switch (offset) {
    case FDC_STATUS_B:
        return fdc->status_b;
    case FDC_OUTPUT:
        return fdc->output | fdc->selected;
    case FDC_TAPE:
        return fdc->tape;
    case FDC_MAIN_STATUS:
        fdc->rate &= (uint8_t)~RATE_POWER_DOWN;
        fdc->output |= OUTPUT_NOT_RESET;
        return fdc->main_status;
    case FDC_DATA:
        return data_in(fdc);
    case FDC_INPUT:
        return INPUT_DISK_CHANGED;
    default:
        return 0xff;
    }
}

void fdc_out(struct fdc *fdc, unsigned offset, uint8_t value, uint64_t now_ns)
{
    fdc->now_ns = now_ns;
    if (offset == FDC_OUTPUT) {
        output_out(fdc, value);
    }
    if (!(fdc->output & OUTPUT_NOT_RESET)) {
        return;
    }
    switch (offset) {
    case FDC_TAPE:
        fdc->tape = value & TAPE_BOOT_DRIVE;
        break;
    case FDC_MAIN_STATUS:
        rate_out(fdc, value);
        break;
    case FDC_DATA:
        data_out(fdc, value);
        break;
    case FDC_INPUT:
        fdc->rate = (uint8_t)((fdc->rate & ~RATE_MASK) | (value & RATE_MASK));
        break;
    default:
        break;
    }
}

void fdc_tick(struct fdc *fdc, uint64_t now_ns)
{
    if (fdc->result_ns <= now_ns) {
        end_read_id(fdc);
    }
}
