/* mem: memory, and what the kernel did with it. */
#include "lib/user.h"

int main(void)
{
    struct system_info info;

    if (system_info(&info))
        return 1;
    printf("memory: %u KiB, %u KiB free\n", info.memory_kib, info.free_kib);
    printf("pages given on demand: %u, copied on write: %u\n", info.demand_zero, info.cow_copies);
    return 0;
}
