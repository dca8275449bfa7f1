#include "control.h"

#include "emulate/cpu/cpu.h"
#include "asm.h"
#include "features.h"

static uint64_t cr0_value, cr4_value;

/* Left out on purpose: PCE, FSGSBASE and OSXSAVE (RDPMC, RDFSBASE, XGETBV trap without them), PKE
 * (the run loop's), SMEP and SMAP (every guest page is a user page; the monitor reads the guest
 * through the direct map), VME and PVI (long mode has neither). */
static uint64_t host_cr4(const struct cpu_features *has)
{
    return CR4_PAE | CR4_TSD | (has->umip ? CR4_UMIP : 0) | (has->pge ? CR4_PGE : 0) |
           (has->mce ? CR4_MCE : 0) | (has->fxsr ? CR4_OSFXSR : 0) |
           (has->sse ? CR4_OSXMMEXCPT : 0);
}

void control_init(void)
{
    const struct cpu_features *has = cpu_features();

    /* NE: an x87 error is #MF at once and never IRQ13 of the host. */
    cr0_value = CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_PE;
    cr4_value = host_cr4(has);
    write_cr0(cr0_value);
    write_cr4(cr4_value);
    /* SCE = 0: SYSCALL is #UD. A null SYSENTER_CS: SYSENTER is #GP(0). */
    wrmsr(MSR_EFER, (rdmsr(MSR_EFER) & ~(uint64_t)EFER_SCE) | EFER_NXE);
    wrmsr(MSR_SYSENTER_CS, 0);
    fninit();
}

uint64_t control_cr0(void)
{
    return cr0_value;
}

uint64_t control_cr4(void)
{
    return cr4_value;
}
