/*
 * Packets of the GDB remote serial protocol ($text#checksum) and the characters between them; GDB
 * manual, appendix E.1. Pure: also built on the host for tests and fuzzing.
 */
#ifndef UMBRA_HYPERVISOR_DEBUG_PACKET_H
#define UMBRA_HYPERVISOR_DEBUG_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#define PACKET_MAX 4096u /* characters of text: what we tell gdb as PacketSize */

/* What a byte from the wire completed. */
enum packet_event {
    PACKET_NOTHING,
    PACKET_COMPLETE,  /* reader->text is a whole packet */
    PACKET_DAMAGED,   /* wrong checksum or too long */
    PACKET_INTERRUPT, /* ctrl-C outside a packet */
    PACKET_ACK,       /* + */
    PACKET_NAK,       /* -: the last packet is wanted again */
    PACKET_ENTER,     /* a carriage return outside a packet: that is no gdb, but a person */
};

enum packet_part { PART_NONE, PART_TEXT, PART_SUM_HIGH, PART_SUM_LOW };

struct packet_reader {
    enum packet_part part;
    unsigned length; /* may grow beyond PACKET_MAX: the rest was dropped */
    uint8_t sum;     /* of the text */
    uint8_t claimed; /* high digit of the checksum; 0 when it was no digit */
    bool damaged;
    char text[PACKET_MAX + 1];
};

struct packet_writer {
    unsigned length;
    bool truncated;
    char bytes[PACKET_MAX + 4]; /* with $, # and the checksum */
};

/* Takes a byte from the wire. After PACKET_COMPLETE reader->text is terminated by a zero. */
enum packet_event packet_take(struct packet_reader *reader, uint8_t byte);

/* A packet is written from packet_begin() to packet_end(); what exceeds PACKET_MAX is dropped and
 * `truncated` set. */
void packet_begin(struct packet_writer *writer);
void packet_char(struct packet_writer *writer, char c); /* escaped where it has to be */
void packet_text(struct packet_writer *writer, const char *text);
void packet_hex(struct packet_writer *writer, const void *bytes,
                unsigned count); /* two digits each */
void packet_number(struct packet_writer *writer,
                   uint32_t value); /* hexadecimal, as one writes it */
void packet_end(struct packet_writer *writer);

/* The value of a hexadecimal digit, or -1. */
int hex_digit(char c);
/* Reads a hexadecimal number and moves *text behind it; false without digits or beyond 32 bits. */
bool hex_number(const char **text, uint32_t *value);
/* Reads two digits a byte; false when any is missing. */
bool hex_bytes(const char **text, uint8_t *bytes, unsigned count);

#endif
