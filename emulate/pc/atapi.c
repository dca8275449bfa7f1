#include "atapi.h"

#include <stddef.h>
#include <string.h>

enum sense_key { SENSE_NOT_READY = 2, SENSE_ILLEGAL_REQUEST = 5 };

enum sense_code {
    CODE_ILLEGAL_OPCODE = 0x20,
    CODE_INVALID_FIELD = 0x24,
    CODE_SAVING_NOT_SUPPORTED = 0x39,
    CODE_NO_MEDIUM = 0x3a,
    CODE_REMOVAL_PREVENTED = 0x53,
};

/* A command's data before the packet's limit cuts them. */
struct reply {
    uint8_t *bytes; /* on what the drive's buffer held before */
    unsigned length;
};

typedef enum atapi_result handler(struct atapi *atapi, const uint8_t *packet, struct reply *reply);

static enum atapi_result fail(struct atapi *atapi, enum sense_key key, enum sense_code code)
{
    atapi->sense_key = (uint8_t)key;
    atapi->sense_code = (uint8_t)code;
    return ATAPI_ERROR;
}

static enum atapi_result invalid_field(struct atapi *atapi)
{
    return fail(atapi, SENSE_ILLEGAL_REQUEST, CODE_INVALID_FIELD);
}

static enum atapi_result answer(struct reply *reply, const void *bytes, unsigned length)
{
    memcpy(reply->bytes, bytes, length);
    reply->length = length;
    return ATAPI_REPLY;
}

#define ANSWER(reply, text) answer(reply, text, sizeof(text) - 1)

static enum atapi_result needs_medium(struct atapi *atapi, const uint8_t *packet,
                                      struct reply *reply)
{
    (void)packet;
    (void)reply;
    return fail(atapi, SENSE_NOT_READY, CODE_NO_MEDIUM);
}

static enum atapi_result nothing(struct atapi *atapi, const uint8_t *packet, struct reply *reply)
{
    (void)atapi;
    (void)packet;
    (void)reply;
    return ATAPI_DONE;
}

static enum atapi_result request_sense(struct atapi *atapi, const uint8_t *packet,
                                       struct reply *reply)
{
    const uint8_t sense[18] = {
        [0] = 0xf0, [2] = atapi->sense_key, [7] = 10, [12] = atapi->sense_code};
    (void)packet;
    return answer(reply, sense, sizeof(sense));
}

#define MODEL_16  "QEMU DVD-ROM    "
#define SERIAL_20 "QM00003             "

/* Vital product data: serial number, and model with serial number. A designator is there whole or
 * not at all. */
static enum atapi_result identification(struct atapi *atapi, unsigned limit, struct reply *reply)
{
    static const char page[] = "\x05\x83\0\x60\x02\0\0\x14" SERIAL_20 "\x02\x01\0\x44"
                               "ATA     " MODEL_16 "                        " SERIAL_20;
    const unsigned first_end = 28, second_end = sizeof(page) - 1;

    if (limit < first_end) {
        return invalid_field(atapi);
    }
    answer(reply, page, limit < second_end ? first_end : second_end);
    reply->bytes[3] = (uint8_t)(reply->length - 4);
    return ATAPI_REPLY;
}

static enum atapi_result inquire_page(struct atapi *atapi, const uint8_t *packet,
                                      struct reply *reply)
{
    switch (packet[2]) {
    case 0x00: /* the pages there are */
        return ANSWER(reply, "\x05\0\0\x02\0\x83");
    case 0x83:
        return identification(atapi, packet[4], reply);
    default:
        return invalid_field(atapi);
    }
}

static enum atapi_result inquiry(struct atapi *atapi, const uint8_t *packet, struct reply *reply)
{
    if (packet[1] & 1) {
        return inquire_page(atapi, packet, reply);
    }
    return ANSWER(reply, "\x05\x80\0\x21\x1f\0\0\0QEMU    " MODEL_16 "2.5+");
}

static enum atapi_result start_stop(struct atapi *atapi, const uint8_t *packet, struct reply *reply)
{
    bool start = packet[4] & 1, tray = packet[4] & 2, power = packet[4] & 0xf0;

    (void)reply;
    if (power || !tray) {
        return ATAPI_DONE;
    }
    if (!start && !atapi->tray_open && atapi->tray_locked) {
        return fail(atapi, SENSE_ILLEGAL_REQUEST, CODE_REMOVAL_PREVENTED);
    }
    atapi->tray_open = !start;
    return ATAPI_DONE;
}

static enum atapi_result prevent_removal(struct atapi *atapi, const uint8_t *packet,
                                         struct reply *reply)
{
    (void)reply;
    atapi->tray_locked = packet[4] & 1;
    return ATAPI_DONE;
}

/* Profiles DVD-ROM and CD-ROM, neither current. The drive clears its buffer first. */
static enum atapi_result get_configuration(struct atapi *atapi, const uint8_t *packet,
                                           struct reply *reply)
{
    unsigned limit = (unsigned)packet[7] << 8 | packet[8];

    if (packet[2] || packet[3]) {
        return invalid_field(atapi);
    }
    memset(reply->bytes, 0, limit < ATAPI_REPLY_BYTES ? limit : ATAPI_REPLY_BYTES);
    return ANSWER(reply, "\0\0\0\x10\0\0\0\0\0\0\x03\x08\0\x10\0\0\0\x08\0\0");
}

#define EVENT_CLASS_MEDIA 0x10u

static enum atapi_result get_event_status(struct atapi *atapi, const uint8_t *packet,
                                          struct reply *reply)
{
    if (!(packet[1] & 1)) {
        return invalid_field(atapi); /* only polling */
    }
    if (!(packet[4] & EVENT_CLASS_MEDIA)) {
        return ANSWER(reply, "\0\0\x80\x10");
    }
    ANSWER(reply, "\0\x04\x04\x10\0\0\0\0");
    reply->bytes[5] = atapi->tray_open;
    return ATAPI_REPLY;
}

/* The drive sets every other byte of the page only; in the rest its buffer shows through. */
static enum atapi_result audio_control(struct reply *reply)
{
    ANSWER(reply, "\0\x16\x70\0\0\0\0\0\x0e\x0e");
    reply->length = 24;
    for (unsigned i = 17; i < reply->length; i += 2) {
        reply->bytes[i] = 0;
    }
    return ATAPI_REPLY;
}

static enum atapi_result capabilities(const struct atapi *atapi, struct reply *reply)
{
    ANSWER(reply, "\0\x1c\x70\0\0\0\0\0\x2a\x14\x3b\0\x71\x60\x29\0"
                  "\x02\xc0\0\x02\x02\0\x02\xc0\0\0\0\0\0\0");
    reply->bytes[14] |= (uint8_t)(atapi->tray_locked << 1);
    return ATAPI_REPLY;
}

#define MODE_ACTION_CURRENT 0
#define MODE_ACTION_SAVED   3

static enum atapi_result mode_sense(struct atapi *atapi, const uint8_t *packet, struct reply *reply)
{
    unsigned action = packet[2] >> 6;

    if (action == MODE_ACTION_SAVED) {
        return fail(atapi, SENSE_ILLEGAL_REQUEST, CODE_SAVING_NOT_SUPPORTED);
    }
    if (action != MODE_ACTION_CURRENT) {
        return invalid_field(atapi);
    }
    switch (packet[2] & 0x3f) {
    case 0x01: /* error recovery */
        return ANSWER(reply, "\0\x0e\x70\0\0\0\0\0\x01\x06\0\x05\0\0\0\0");
    case 0x0e:
        return audio_control(reply);
    case 0x2a:
        return capabilities(atapi, reply);
    default:
        return invalid_field(atapi);
    }
}

static enum atapi_result mechanism_status(struct atapi *atapi, const uint8_t *packet,
                                          struct reply *reply)
{
    (void)atapi;
    (void)packet;
    return ANSWER(reply, "\0\0\0\0\0\x01\0\0");
}

/* Where a packet has the allocation length: a byte, or two of a word, high one first. */
enum length_field { LENGTH_NONE, LENGTH_BYTE_4, LENGTH_WORD_7, LENGTH_WORD_8 };

// clang-format off
static const struct {
    uint8_t opcode;
    enum length_field length;
    handler *run;
} commands[] = {
    {0x00, LENGTH_NONE,   needs_medium},      /* test unit ready */
    {0x03, LENGTH_BYTE_4, request_sense},
    {0x12, LENGTH_BYTE_4, inquiry},
    {0x1b, LENGTH_NONE,   start_stop},
    {0x1e, LENGTH_NONE,   prevent_removal},
    {0x25, LENGTH_NONE,   needs_medium},      /* read capacity */
    {0x28, LENGTH_NONE,   needs_medium},      /* read (10) */
    {0x2b, LENGTH_NONE,   needs_medium},      /* seek */
    {0x43, LENGTH_NONE,   needs_medium},      /* read table of contents */
    {0x46, LENGTH_WORD_7, get_configuration},
    {0x4a, LENGTH_WORD_7, get_event_status},
    {0x51, LENGTH_NONE,   needs_medium},      /* read disc information */
    {0x5a, LENGTH_WORD_7, mode_sense},
    {0xa8, LENGTH_NONE,   needs_medium},      /* read (12) */
    {0xad, LENGTH_NONE,   needs_medium},      /* read DVD structure */
    {0xbb, LENGTH_NONE,   nothing},           /* set speed */
    {0xbd, LENGTH_WORD_8, mechanism_status},
    {0xbe, LENGTH_NONE,   needs_medium},      /* read CD */
};
// clang-format on

static unsigned allocation_length(const uint8_t *packet, enum length_field field)
{
    switch (field) {
    case LENGTH_BYTE_4:
        return packet[4];
    case LENGTH_WORD_7:
        return (unsigned)packet[7] << 8 | packet[8];
    case LENGTH_WORD_8:
        return (unsigned)packet[8] << 8 | packet[9];
    default:
        return 0;
    }
}

enum atapi_result atapi_execute(struct atapi *atapi, const uint8_t packet[ATAPI_PACKET_BYTES],
                                bool may_reply, uint8_t reply[ATAPI_REPLY_BYTES], unsigned *length)
{
    for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (commands[i].opcode == packet[0]) {
            struct reply data = {.bytes = reply};
            if (commands[i].length != LENGTH_NONE && !may_reply) {
                return ATAPI_ABORT;
            }
            unsigned limit = allocation_length(packet, commands[i].length);
            enum atapi_result result = commands[i].run(atapi, packet, &data);
            *length = data.length < limit ? data.length : limit;
            return result;
        }
    }
    return fail(atapi, SENSE_ILLEGAL_REQUEST, CODE_ILLEGAL_OPCODE);
}
