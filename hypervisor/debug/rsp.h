/*
 * The GDB remote serial protocol, the stub's side (GDB manual, appendix E). It knows packets and
 * nothing of virtual machines: what they ask for goes through a table of functions. Whatever comes
 * from the wire is checked here: sizes, numbers, digits. Pure: also built on the host for tests and
 * fuzzing.
 */
#ifndef UMBRA_HYPERVISOR_DEBUG_RSP_H
#define UMBRA_HYPERVISOR_DEBUG_RSP_H

#include "packet.h"
#include "registers.h"

#define RSP_DATA_MAX (PACKET_MAX / 2) /* bytes of memory in one packet */

/* Breakpoints and watchpoints, numbered as the Z packets number them. */
enum rsp_point {
    RSP_SOFTWARE,
    RSP_HARDWARE,
    RSP_WATCH,        /* writes */
    RSP_WATCH_READ,   /* reads */
    RSP_WATCH_ACCESS, /* both */
    RSP_POINTS,
};

enum rsp_stop_kind {
    RSP_STOP_INTERRUPT, /* gdb asked for it */
    RSP_STOP_STEP,      /* a step is done */
    RSP_STOP_POINT,     /* `point` at `address` */
    RSP_STOP_EXIT,      /* the guest is gone; `code` */
};

struct rsp_stop {
    enum rsp_stop_kind kind;
    enum rsp_point point;
    uint32_t address;
    uint8_t code;
};

/* What the stub needs of its target. All addresses are guest-virtual (gva). */
struct rsp_ops {
    void (*send)(void *target, const char *bytes, unsigned count);
    /* Registers of 32 bits, by debug_register number; false where there is no value, or it cannot
     * be changed. */
    bool (*read_register)(void *target, unsigned number, uint32_t *value);
    bool (*write_register)(void *target, unsigned number, uint32_t value);
    /* Bytes from gva on as far as something is mapped; returns how many. */
    unsigned (*read_memory)(void *target, uint32_t gva, uint8_t *bytes, unsigned count);
    /* All or nothing. */
    bool (*write_memory)(void *target, uint32_t gva, const uint8_t *bytes, unsigned count);
    /* Setting one that is set and removing one that is not succeed; false when there is no room. */
    bool (*set_point)(void *target, enum rsp_point kind, uint32_t gva, uint32_t length, bool on);
    /* Runs the guest, or one instruction of it; rsp_report() tells when it has stopped. */
    void (*resume)(void *target, bool step);
    /* Stops it; rsp_report() follows. */
    void (*interrupt)(void *target);
    /* Why it is stopped; stops it first when it runs. */
    struct rsp_stop (*last_stop)(void *target);
    /* The line's end as gdb's: the guest runs on, or is ended. The reply is sent by then. */
    void (*detach)(void *target);
    void (*kill)(void *target);
    /* Executes a line of the monitor's prompt; its answer goes to rsp_print(). */
    void (*command)(void *target, char *line);
};

struct rsp {
    const struct rsp_ops *ops;
    void *target;
    bool no_acks;
    bool tells_why; /* gdb understands swbreak and hwbreak */
    struct packet_reader in;
    struct packet_writer out;  /* kept until it is acknowledged */
    struct packet_writer note; /* output of a command, until its line ends */
    uint8_t data[RSP_DATA_MAX + 1];
};

void rsp_init(struct rsp *rsp, const struct rsp_ops *ops, void *target);

/* Takes a byte from the wire and does what it completes. False when it came from a person rather
 * than from gdb (Enter outside a packet). */
bool rsp_take(struct rsp *rsp, uint8_t byte);

/* Tells gdb that the guest it resumed has stopped. */
void rsp_report(struct rsp *rsp, const struct rsp_stop *stop);

/* A character for gdb's console, from ops->command(). */
void rsp_print(struct rsp *rsp, char c);

#endif
