#include "features.h"

#include <stdint.h>

#include "asm.h"
#include "hypervisor/report/console.h"

#define BIT(value, n) (((value) >> (n)) & 1)

static struct cpu_features features;

/* CPUID of a leaf that may be beyond what the processor has: all zero then. */
static struct cpuid_result leaf(uint32_t number)
{
    struct cpuid_result highest = cpuid(number & 0x80000000u, 0);

    return number <= highest.eax ? cpuid(number, 0) : (struct cpuid_result){0};
}

void features_detect(void)
{
    struct cpuid_result basic = leaf(1), structured = leaf(7), extended = leaf(0x80000001u);

    features = (struct cpu_features){
        .de = BIT(basic.edx, 2),
        .mce = BIT(basic.edx, 7),
        .pge = BIT(basic.edx, 13),
        .fxsr = BIT(basic.edx, 24),
        .sse = BIT(basic.edx, 25),
        .xsave = BIT(basic.ecx, 26),
        .fsgsbase = BIT(structured.ebx, 0),
        .smep = BIT(structured.ebx, 7),
        .smap = BIT(structured.ebx, 20),
        .umip = BIT(structured.ecx, 2),
        .pku = BIT(structured.ecx, 3),
        .nx = BIT(extended.edx, 20),
        .gb_pages = BIT(extended.edx, 26),
        .long_mode = BIT(extended.edx, 29),
    };
}

const struct cpu_features *cpu_features(void)
{
    return &features;
}

void features_report(void)
{
    if (!features.umip)
        console_printf("umbra: no UMIP: SGDT, SIDT, SLDT, STR and SMSW do not trap in guest "
                       "user code (it sees the monitor's values)\n");
    if (!features.pku)
        console_printf("umbra: no protection keys: guest-kernel code is interpreted (correct, "
                       "but slow)\n");
}
