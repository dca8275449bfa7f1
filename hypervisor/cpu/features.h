/* What the host processor can do (SDM vol. 2, CPUID). */
#ifndef UMBRA_HYPERVISOR_CPU_FEATURES_H
#define UMBRA_HYPERVISOR_CPU_FEATURES_H

#include <stdbool.h>

struct cpu_features {
    bool long_mode, nx, gb_pages; /* the first two are checked before the monitor's C code runs */
    bool umip;                    /* SGDT SIDT SLDT STR SMSW trap */
    bool pku;                     /* protection keys: code views can be execute-only */
    bool smep, smap, pge, mce, de;
    bool fxsr, sse; /* CR4.OSFXSR and CR4.OSXMMEXCPT exist */
    bool fsgsbase, xsave;
};

/* Asks CPUID, once, at start. */
void features_detect(void);
const struct cpu_features *cpu_features(void);

/* Names what does not work as it should on this processor, one line each. */
void features_report(void);

#endif
