/* Lazy switching with CR0.TS (Intel SDM vol. 3, 13.4.1): after a switch the first FPU instruction
 * raises #NM, and only then is the state of one process exchanged for that of another. */
#include "fpu.h"
#include "cpu.h"
#include "lib/string.h"
#include "process.h"

#define MXCSR_DEFAULT 0x1F80

static struct process *owner; /* whose state is in the FPU */
static bool ts_set;

static void set_ts(bool on)
{
    if (on == ts_set)
        return;
    if (on)
        write_cr0(read_cr0() | CR0_TS);
    else
        clts();
    ts_set = on;
}

void fpu_init(void)
{
    uint32_t cr0 = read_cr0() & ~CR0_EM;

    if (cpu_has(FEATURE_FXSR))
        write_cr4(read_cr4() | CR4_OSFXSR | (cpu_has(FEATURE_SSE) ? CR4_OSXMMEXCPT : 0));
    write_cr0(cr0 | CR0_MP | CR0_NE | CR0_WP | CR0_TS);
    ts_set = true;
}

static void save(struct process *p)
{
    if (cpu_has(FEATURE_FXSR))
        __asm__ volatile("fxsave %0" : "=m"(p->fpu.area));
    else
        __asm__ volatile("fnsave %0" : "=m"(p->fpu.area));
}

static void restore(struct process *p)
{
    if (cpu_has(FEATURE_FXSR))
        __asm__ volatile("fxrstor %0" : : "m"(p->fpu.area));
    else
        __asm__ volatile("frstor %0" : : "m"(p->fpu.area));
}

static void reset(void)
{
    uint32_t mxcsr = MXCSR_DEFAULT;

    __asm__ volatile("fninit");
    if (cpu_has(FEATURE_SSE))
        __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
}

void fpu_switch(const struct process *next)
{
    set_ts(next != owner);
}

void fpu_take(void)
{
    set_ts(false);
    if (owner == current)
        return;
    if (owner)
        save(owner);
    if (current->fpu.used)
        restore(current);
    else
        reset();
    current->fpu.used = true;
    owner = current;
}

void fpu_copy(struct process *child, struct process *parent)
{
    if (owner == parent) {
        set_ts(false);
        save(parent);
        restore(parent); /* FNSAVE clears the FPU */
    }
    child->fpu = parent->fpu;
}

void fpu_drop(struct process *p)
{
    uint32_t flags = irq_save();

    if (owner == p) {
        owner = NULL;
        set_ts(true);
    }
    p->fpu.used = false;
    irq_restore(flags);
}
