/* The decoder against Capstone; tests/verify/decode_capstone.c lists the deliberate differences. */
#include "tests/unit/test_decode_sweep.h"

int main(void)
{
    return sweep_decodings(&compare_capstone);
}
