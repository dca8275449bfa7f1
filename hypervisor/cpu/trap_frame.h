/* What the processor and the entry stubs leave behind on a trap (SDM vol. 3, 6.14.2). */
#ifndef UMBRA_HYPERVISOR_CPU_TRAP_FRAME_H
#define UMBRA_HYPERVISOR_CPU_TRAP_FRAME_H

#include <stdint.h>

/*
 * The frame inside a vCPU. TSS.RSP0 points to its end, so a trap of the guest lands right here.
 * It must begin (and so end) on a 16-byte boundary: the processor aligns RSP before it pushes.
 *
 * When IRETQ itself refuses the frame (EIP beyond the CS limit, say), it faults at CPL 0 with RSP
 * at `rip`, and that second frame is pushed over `entry_scratch`, `flags` and `vector`.
 */
struct trap_frame {
    uint64_t entry_scratch[6];
    uint64_t flags;  /* RFLAGS as PUSHF found them in the entry stub: see vcpu_store() */
    uint64_t vector; /* 0..255, or TRAP_ENTRY_REFUSED | the vector that IRETQ raised */
    uint64_t error;  /* 0 for vectors without an error code */
    uint64_t rip, cs, rflags, rsp, ss;
} __attribute__((aligned(16)));

_Static_assert(sizeof(struct trap_frame) % 16 == 0, "the frame must end on a 16-byte boundary");

/* The guest did not run at all: IRETQ faulted. rip, cs, rflags, rsp and ss are as they were set. */
#define TRAP_ENTRY_REFUSED 0x100u

#endif
