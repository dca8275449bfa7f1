/*
 * Whether the guest polls its interval timer. What goes by between two readings of it is little,
 * and what a busy host takes from the processor in between is much: a guest that measures one clock
 * by the other would find that they disagree. So what lies between the readings of a loop that
 * polls is emulated, too, and takes as long as it has instructions.
 */
#ifndef UMBRA_HYPERVISOR_VM_POLL_H
#define UMBRA_HYPERVISOR_VM_POLL_H

#include <stdbool.h>
#include <stdint.h>

struct poll {
    uint64_t read_ns;  /* virtual time of the last reading */
    unsigned readings; /* that came soon after the one before */
    unsigned left;     /* instructions within which the next one has to come */
};

/* The guest reads its interval timer. True when it polls. */
bool poll_read_timer(struct poll *poll, uint64_t now_ns);

/* One more instruction: true while it may be one of a loop that polls. */
static inline bool poll_step(struct poll *poll)
{
    return poll->left && poll->left--;
}

#endif
