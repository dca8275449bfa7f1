#include "cpu.h"
#include "pit.h"

static uint32_t features;

void cpu_detect(void)
{
    features = cpuid(0).eax >= 1 ? cpuid(1).edx : 0;
}

bool cpu_has(uint32_t feature)
{
    return features & feature;
}

uint32_t cpu_mhz(void)
{
    uint64_t start;

    if (!cpu_has(FEATURE_TSC))
        return 0;
    start = rdtsc();
    pit_wait_10ms();
    return (uint32_t)((rdtsc() - start) / 10000);
}
