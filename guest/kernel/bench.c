#include "bench.h"
#include "lib/spin.h"

uint32_t bench_spin0(uint32_t rounds)
{
    static uint32_t table[SPIN_TABLE];

    return spin(table, rounds);
}
