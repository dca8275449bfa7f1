/* spin N: computes for N rounds and touches nothing else; forever without N. */
#include "lib/spin.h"
#include "lib/user.h"

static uint32_t table[SPIN_TABLE];

int main(int argc, char **argv)
{
    unsigned rounds = argc > 1 ? string_number(argv[1]) : 0;

    if (!rounds) {
        for (;;)
            spin(table, 1000000);
    }
    printf("spin: %u rounds, sum %08x\n", rounds, spin(table, rounds));
    return 0;
}
