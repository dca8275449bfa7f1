/* A CPU-bound loop, the same in ring 0 (bench=spin0) and ring 3 (the program spin). */
#ifndef LIB_SPIN_H
#define LIB_SPIN_H

#include <stdint.h>

#define SPIN_TABLE 1024u

/** Mix a table of SPIN_TABLE words for a number of rounds, some 25 instructions each. */
uint32_t spin(uint32_t *table, uint32_t rounds);

#endif
