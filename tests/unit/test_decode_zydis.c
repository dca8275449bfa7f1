/* The decoder against Zydis; tests/verify/decode_zydis.c lists the deliberate differences. */
#include "tests/unit/test_decode_sweep.h"

int main(void)
{
    return sweep_decodings(&compare_zydis);
}
