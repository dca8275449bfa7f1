#include "hypervisor/vm/poll.h"

#define SOON_NS    10000u
#define READINGS   8  /* more than it takes to read a counter once */
#define LOOP_INSNS 64 /* longest loop */

bool poll_read_timer(struct poll *poll, uint64_t now_ns)
{
    bool soon = now_ns - poll->read_ns < SOON_NS;
    poll->readings = soon ? poll->readings + (poll->readings < READINGS) : 0;
    poll->read_ns = now_ns;
    poll->left = poll->readings == READINGS ? LOOP_INSNS : 0;
    return poll->left;
}
