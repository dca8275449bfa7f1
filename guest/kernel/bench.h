/* Workloads that run in ring 0. */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>

/** Compute for `rounds` rounds: arithmetic, memory and branches; nothing privileged. */
uint32_t bench_spin0(uint32_t rounds);

#endif
