/*
 * Runs one instruction on the processor under the test, which is in 64-bit mode, with given general
 * registers, status flags and FPU state.
 */
#ifndef UMBRA_TESTS_SUPPORT_HOST_H
#define UMBRA_TESTS_SUPPORT_HOST_H

#include <stdbool.h>
#include <stdint.h>

#define DATA_SIZE 1024u

/* Lies below 4 GiB, so that 32-bit addresses reach it. */
struct host {
    uint64_t rsp;
    uint64_t in_flags, out_flags;
    uint32_t in[8], out[8]; /* general registers, ESP included */
    bool trapped;           /* #DE: the registers are as before */
    _Alignas(16) uint8_t own_fpu[512];
    _Alignas(16) uint8_t fpu[512]; /* FXSAVE image of the guest */
    _Alignas(16) uint8_t data[DATA_SIZE];
    _Alignas(4096) uint8_t code[512]; /* a page of its own: stores to data are not stores to code */
};

extern struct host *host;

/* Allocates `host`; false when there is no memory below 4 GiB. */
bool host_set_up(void);
/* To be called inside a test: cmocka puts its own handler in place before each. */
void host_catch_divide_errors(void);
/* Runs the instruction from host->in and in_flags; leaves out, out_flags and trapped. */
void host_run(const uint8_t *insn, unsigned len);

static inline uint32_t host_address(const void *p)
{
    return (uint32_t)(uintptr_t)p;
}

#endif
