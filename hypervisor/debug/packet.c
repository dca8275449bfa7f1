#include "packet.h"

#define INTERRUPT 0x03
#define ESCAPE    '}'
#define ESCAPED   0x20 /* what an escaped character is XORed with */

int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 32) >= 'a' && (c | 32) <= 'f')
        return (c | 32) - 'a' + 10;
    return -1;
}

bool hex_number(const char **text, uint32_t *value)
{
    const char *at = *text;
    for (*value = 0; hex_digit(*at) >= 0; at++) {
        if (*value >> 28)
            return false;
        *value = *value << 4 | (uint32_t)hex_digit(*at);
    }
    if (at == *text)
        return false;
    *text = at;
    return true;
}

bool hex_bytes(const char **text, uint8_t *bytes, unsigned count)
{
    for (unsigned i = 0; i < count; i++, *text += 2) {
        int high = hex_digit((*text)[0]);
        int low = high < 0 ? -1 : hex_digit((*text)[1]);
        if (low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* --- reading -----------------------------------------------------------------------------------
 */

static enum packet_event between(struct packet_reader *reader, uint8_t byte)
{
    switch (byte) {
    case '$':
        reader->part = PART_TEXT;
        reader->length = 0;
        reader->sum = 0;
        reader->damaged = false;
        return PACKET_NOTHING;
    case INTERRUPT:
        return PACKET_INTERRUPT;
    case '+':
        return PACKET_ACK;
    case '-':
        return PACKET_NAK;
    case '\r':
        return PACKET_ENTER;
    default:
        return PACKET_NOTHING;
    }
}

static void take_text(struct packet_reader *reader, uint8_t byte)
{
    if (byte == '#') {
        reader->part = PART_SUM_HIGH;
        return;
    }
    reader->sum = (uint8_t)(reader->sum + byte);
    if (reader->length < PACKET_MAX)
        reader->text[reader->length++] = (char)byte;
    else
        reader->damaged = true;
}

static enum packet_event finish(struct packet_reader *reader, int low)
{
    reader->part = PART_NONE;
    reader->text[reader->length] = '\0';
    if (reader->damaged || low < 0 || (reader->claimed | low) != reader->sum)
        return PACKET_DAMAGED;
    return PACKET_COMPLETE;
}

enum packet_event packet_take(struct packet_reader *reader, uint8_t byte)
{
    int digit = hex_digit((char)byte);
    switch (reader->part) {
    case PART_TEXT:
        take_text(reader, byte);
        return PACKET_NOTHING;
    case PART_SUM_HIGH:
        reader->part = PART_SUM_LOW;
        reader->damaged |= digit < 0;
        reader->claimed = digit < 0 ? 0 : (uint8_t)(digit << 4);
        return PACKET_NOTHING;
    case PART_SUM_LOW:
        return finish(reader, digit);
    default:
        return between(reader, byte);
    }
}

/* --- writing -----------------------------------------------------------------------------------
 */

static const char digits[] = "0123456789abcdef";

static bool special(char c)
{
    return c == '$' || c == '#' || c == '*' || c == ESCAPE;
}

void packet_begin(struct packet_writer *writer)
{
    writer->bytes[0] = '$';
    writer->length = 1;
    writer->truncated = false;
}

void packet_char(struct packet_writer *writer, char c)
{
    unsigned room = PACKET_MAX + 1 - writer->length;
    if (room < (special(c) ? 2u : 1u)) {
        writer->truncated = true;
        return;
    }
    if (special(c)) {
        writer->bytes[writer->length++] = ESCAPE;
        c ^= ESCAPED;
    }
    writer->bytes[writer->length++] = c;
}

void packet_text(struct packet_writer *writer, const char *text)
{
    while (*text)
        packet_char(writer, *text++);
}

void packet_hex(struct packet_writer *writer, const void *bytes, unsigned count)
{
    const uint8_t *byte = bytes;
    for (unsigned i = 0; i < count; i++) {
        packet_char(writer, digits[byte[i] >> 4]);
        packet_char(writer, digits[byte[i] & 15]);
    }
}

void packet_number(struct packet_writer *writer, uint32_t value)
{
    unsigned shift = 28;
    while (shift && !(value >> shift))
        shift -= 4;
    for (;; shift -= 4) {
        packet_char(writer, digits[value >> shift & 15]);
        if (!shift)
            return;
    }
}

void packet_end(struct packet_writer *writer)
{
    uint8_t sum = 0;
    for (unsigned i = 1; i < writer->length; i++)
        sum = (uint8_t)(sum + (uint8_t)writer->bytes[i]);
    writer->bytes[writer->length++] = '#';
    writer->bytes[writer->length++] = digits[sum >> 4];
    writer->bytes[writer->length++] = digits[sum & 15];
}
