/* Breakpoints and watchpoints of the VM that is being debugged, and why it stopped. */
#ifndef UMBRA_HYPERVISOR_DEBUG_POINTS_H
#define UMBRA_HYPERVISOR_DEBUG_POINTS_H

#include "debug.h"
#include "hypervisor/load/config.h"
#include "rsp.h"

#define POINTS_MAX           64u
#define DEBUG_REGISTER_COUNT 4u

struct point {
    enum rsp_point kind;
    uint32_t gva;
    uint32_t length;
};

/* What a real debug register watches. */
struct debug_slot {
    bool used;
    enum rsp_point kind;
    uint32_t gva;
    uint32_t length; /* 1, 2 or 4; 1 for a breakpoint */
    uint32_t of;     /* address of the point that it is a part of */
};

struct debug {
    struct point points[POINTS_MAX];
    unsigned count;
    struct debug_slot slots[DEBUG_REGISTER_COUNT];
    enum engine engine; /* the VM's own, while points make it run in the interpreter */
    bool step;          /* asked for, not yet done */
    bool stepping;      /* being done: the breakpoint here is passed over */
    struct rsp_stop stop;
};

/* Attaches to a VM, which goes on doing what it does; and lets go of it. */
void points_attach(struct vm *vm, struct debug *debug);
void points_detach(struct vm *vm);

/* Sets or removes one. False when there is no room or no sense in it. */
bool points_set(struct vm *vm, enum rsp_point kind, uint32_t gva, uint32_t length, bool on);

/* Pauses the VM and keeps why. */
void points_stop(struct vm *vm, const struct rsp_stop *stop);

#endif
