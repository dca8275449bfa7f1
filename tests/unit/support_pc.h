/* A board with a clock that the test turns, and a record of what the board did outside. */
#ifndef UMBRA_TESTS_UNIT_SUPPORT_PC_H
#define UMBRA_TESTS_UNIT_SUPPORT_PC_H

#include "emulate/pc/board.h"

struct bench {
    struct pc pc;
    uint64_t now_ns;
    char sent[256];
    unsigned sent_length;
    unsigned resets, power_offs, a20_changes;
    uint32_t exit_code;
};

/* cmocka setup and teardown: *state is a struct bench in the hand-over state, RAM 64 MiB. */
int bench_setup(void **state);
int bench_teardown(void **state);

uint8_t bench_in(struct bench *bench, uint16_t port);
void bench_out(struct bench *bench, uint16_t port, uint8_t value);

/* Lets time pass in one step and ticks. */
void bench_advance(struct bench *bench, uint64_t ns);

/* A guest's usual PIC set-up: vectors 20h and 28h, everything unmasked, nothing pending. */
void bench_program_pic(struct bench *bench);

#endif
