/* The x87 and SSE state of processes, switched only when somebody uses it. */
#ifndef FPU_H
#define FPU_H

#include <stdbool.h>
#include <stdint.h>

struct process;

/* FXSAVE's layout needs 512 bytes on a 16-byte boundary, FNSAVE's fits in. */
struct fpu_state {
    uint8_t area[512] __attribute__((aligned(16)));
    bool used;
};

/** Set CR0 and CR4 for lazy switching. */
void fpu_init(void);

/** A switch to `next`: trap its first FPU instruction unless its state is in the FPU already. */
void fpu_switch(const struct process *next);

/** #NM: save the owner's state and load that of the current process. */
void fpu_take(void);

/** The child of a fork starts with a copy. */
void fpu_copy(struct process *child, struct process *parent);

/** The process ends or starts a new program: forget its state. */
void fpu_drop(struct process *p);

#endif
