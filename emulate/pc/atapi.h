/*
 * The packet commands of a CD-ROM drive without a disc (INCITS 333, "MMC-2"): what identifies the
 * drive works, what needs a disc fails.
 */
#ifndef UMBRA_EMULATE_PC_ATAPI_H
#define UMBRA_EMULATE_PC_ATAPI_H

#include <stdbool.h>
#include <stdint.h>

#define ATAPI_PACKET_BYTES 12u
#define ATAPI_REPLY_BYTES  512u

struct atapi {
    uint8_t sense_key, sense_code;
    bool tray_open, tray_locked;
};

enum atapi_result {
    ATAPI_DONE,  /* and there are no data */
    ATAPI_REPLY, /* there may be data */
    ATAPI_ERROR, /* the sense key and code say which */
    ATAPI_ABORT, /* there would be data, and the host takes none */
};

/* Executes a packet. `may_reply` says that the host takes data, `length` gets the size of the
 * reply, up to what the packet allows. */
enum atapi_result atapi_execute(struct atapi *atapi, const uint8_t packet[ATAPI_PACKET_BYTES],
                                bool may_reply, uint8_t reply[ATAPI_REPLY_BYTES], unsigned *length);

#endif
