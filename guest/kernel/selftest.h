/* The kernel examines the machine it runs on, using instructions as kernels use them. */
#ifndef SELFTEST_H
#define SELFTEST_H

#include <stdint.h>

/** Run one of `enum check`, a line for each finding; 0, or ERR_INVALID if one is wrong. */
int selftest(uint32_t which);

/* selftest_code.asm: code to be called far, and code to be patched. */
uint32_t far_callee(uint32_t argument);
uint32_t patched_function(void);
extern uint32_t patched_immediate;

#endif
