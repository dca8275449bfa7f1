/*
 * The processor under this program as a 32-bit machine: one instruction at a time runs in
 * compatibility mode at CPL 3, with any registers, flags, segments of an LDT and x87/SSE state, and
 * ends in a single-step trap or in the fault it raises. Linux on x86-64 alone.
 */
#ifndef UMBRA_TESTS_VERIFY_HOST_CPU_H
#define UMBRA_TESTS_VERIFY_HOST_CPU_H

#include <stdbool.h>
#include <stdint.h>

/* What is mapped, at fixed linear addresses; the page behind code and those around data are not. */
#define HOST_CODE        0x11000000u
#define HOST_CODE_SIZE   0x2000u
#define HOST_DATA        0x12000000u
#define HOST_DATA_SIZE   0x2000u                      /* read and write */
#define HOST_CONST       (HOST_DATA + HOST_DATA_SIZE) /* a page that is only read */
#define HOST_CONST_SIZE  0x1000u
#define HOST_PRIVATE     0x10000000u /* up to HOST_PRIVATE_END: not to be touched */
#define HOST_PRIVATE_END 0x13000000u
/* With a 16-bit stack the upper half of ESP cannot be chosen: this is it. */
#define HOST_ESP_HIGH 0x10000000u

/* Selectors of the flat segments that Linux has for 32-bit programs. */
#define HOST_FLAT_CODE 0x23u
#define HOST_FLAT_DATA 0x2bu

struct host_state {
    uint32_t gpr[8];
    uint32_t eip, eflags;
    uint16_t seg[6];                               /* ES CS SS DS FS GS */
    uint8_t fpu[512] __attribute__((aligned(16))); /* as FXSAVE stores it */
};

struct host_outcome {
    struct host_state state;
    unsigned vector; /* 1: the single-step trap, the instruction is done */
    uint32_t error, cr2;
};

/* An entry of the LDT as modify_ldt(2) takes it. */
struct host_segment {
    uint32_t base, limit;
    bool code, down, big, pages, absent;
    bool limited; /* data: read-only; code: execute-only */
};

/* Maps all of it and takes the signals; false when this machine cannot do it. */
bool host_cpu_init(void);
/* Sets the LDT's entry; its selector is index * 8 + 7. */
bool host_cpu_ldt(unsigned index, const struct host_segment *segment);
/* Runs the instruction at in->eip. TF is added to the flags. */
void host_cpu_run(const struct host_state *in, struct host_outcome *out);

static inline uint8_t *host_memory(uint32_t linear)
{
    return (uint8_t *)(uintptr_t)linear;
}

#endif
