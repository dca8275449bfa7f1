/* Model-specific registers, the time-stamp counter and CPUID: all by the model's tables. */
#include <string.h>

#include "handlers.h"
#include "step.h"

#define MSR_TSC     0x00000010u
#define MSR_FS_BASE 0xc0000100u
#define MSR_GS_BASE 0xc0000101u

static const struct msr_range *find_range(const struct cpu_model *model, uint32_t index)
{
    for (unsigned i = 0; i < model->msr_count; i++) {
        if (index - model->msr[i].first < model->msr[i].count)
            return &model->msr[i];
    }
    return NULL;
}

static const struct msr_const *find_const(const struct cpu_model *model, uint32_t index)
{
    for (unsigned i = 0; i < model->msr_const_count; i++) {
        if (model->msr_const[i].index == index)
            return &model->msr_const[i];
    }
    return NULL;
}

/* Where register `index` of a range is kept. */
static uint8_t *msr_slot(struct cpu *cpu, const struct msr_range *r, uint32_t index)
{
    return (uint8_t *)&cpu->msr + r->offset + (size_t)(index - r->first) * r->size;
}

static bool write_range(struct step *x, const struct msr_range *r, uint32_t index, uint64_t value)
{
    bool control = r->rule == MSR_ALL_OR_NOTHING || (r->rule == MSR_MCE_BANK && index % 4 == 0);

    if (r->rule == MSR_PAGE_ADDRESS && (value & ~r->mask))
        return raise_gp0(x);
    if (control && value != 0 && value != UINT64_MAX)
        return true;
    value &= r->mask;
    memcpy(msr_slot(x->cpu, r, index), &value, r->size);
    return true;
}

/* The segment bases that 64-bit processors have as MSRs, where the model answers to them at all. */
static bool segment_base_msr(const struct cpu *cpu, uint32_t index)
{
    return cpu->model->policy.segment_base_msrs && (index == MSR_FS_BASE || index == MSR_GS_BASE);
}

static unsigned segment_of_msr(uint32_t index)
{
    return SEG_FS + (index - MSR_FS_BASE);
}

static bool read_msr(struct step *x, uint32_t index, uint64_t *value)
{
    struct cpu *cpu = x->cpu;
    const struct msr_range *range = find_range(cpu->model, index);
    const struct msr_const *constant = find_const(cpu->model, index);

    *value = 0;
    if (index == MSR_TSC && cpu->model->policy.tsc_msr)
        *value = x->ops->rdtsc(x->world);
    else if (range)
        memcpy(value, msr_slot(cpu, range, index), range->size);
    else if (constant)
        *value = constant->value;
    else if (segment_base_msr(cpu, index))
        *value = cpu->seg[segment_of_msr(index)].base;
    else if (cpu->model->policy.unknown_msr_gp)
        return raise_gp0(x);
    return true;
}

static bool write_msr(struct step *x, uint32_t index, uint64_t value)
{
    struct cpu *cpu = x->cpu;
    const struct msr_range *range = find_range(cpu->model, index);

    if (index == MSR_TSC && cpu->model->policy.tsc_msr) {
        x->ops->wrtsc(x->world, value);
    } else if (range) {
        return write_range(x, range, index, value);
    } else if (segment_base_msr(cpu, index)) {
        struct segment s = cpu->seg[segment_of_msr(index)];
        s.base = (uint32_t)value;
        set_segment(cpu, segment_of_msr(index), s);
    } else if (cpu->model->policy.unknown_msr_gp && !find_const(cpu->model, index)) {
        return raise_gp0(x);
    }
    return true;
}

static void return_edx_eax(struct cpu *cpu, uint64_t value)
{
    cpu->gpr[EAX] = (uint32_t)value;
    cpu->gpr[EDX] = (uint32_t)(value >> 32);
}

bool op_rdmsr(struct step *x)
{
    uint64_t value;

    if (!require_cpl0(x) || !read_msr(x, x->cpu->gpr[ECX], &value))
        return false;
    return_edx_eax(x->cpu, value);
    return true;
}

bool op_wrmsr(struct step *x)
{
    const uint32_t *gpr = x->cpu->gpr;

    if (!require_cpl0(x))
        return false;
    return write_msr(x, gpr[ECX], (uint64_t)gpr[EDX] << 32 | gpr[EAX]);
}

void msr_reset(struct cpu *cpu)
{
    const struct cpu_model *model = cpu->model;

    memset(&cpu->msr, 0, sizeof(cpu->msr));
    for (unsigned i = 0; i < model->msr_count; i++) {
        const struct msr_range *r = &model->msr[i];
        for (uint32_t n = 0; n < r->count; n++) {
            if (r->rule != MSR_MCE_BANK || n % 4 == 0)
                memcpy(msr_slot(cpu, r, r->first + n), &r->reset, r->size);
        }
    }
}

void msr_set_by_firmware(struct cpu *cpu)
{
    const struct cpu_model *model = cpu->model;

    for (unsigned i = 0; i < model->msr_boot_count; i++) {
        const struct msr_const *boot = &model->msr_boot[i];
        const struct msr_range *range = find_range(model, boot->index);
        if (range)
            memcpy(msr_slot(cpu, range, boot->index), &boot->value, range->size);
    }
}

bool op_rdtsc(struct step *x)
{
    if ((x->cpu->cr4 & CR4_TSD) && x->cpu->cpl != 0)
        return raise_gp0(x);
    return_edx_eax(x->cpu, x->ops->rdtsc(x->world));
    return true;
}

/* The model has no performance counters: those it admits to count nothing. */
bool op_rdpmc(struct step *x)
{
    struct cpu *cpu = x->cpu;

    if (!(cpu->cr4 & CR4_PCE) && cpu->cpl != 0)
        return raise_gp0(x);
    if (cpu->model->policy.rdpmc_is_ud)
        return raise(x, EXC_UD);
    if (cpu->gpr[ECX] > 1)
        return raise_gp0(x);
    return_edx_eax(cpu, 0);
    return true;
}

/* A leaf past the maximum answers as the highest basic leaf does (SDM vol. 2, CPUID). */
static uint32_t effective_leaf(const struct cpu_model *model, uint32_t leaf)
{
    uint32_t max = leaf < 0x80000000u ? model->cpuid_max_basic : model->cpuid_max_extended;

    return leaf <= max ? leaf : model->cpuid_max_basic;
}

bool op_cpuid(struct step *x)
{
    struct cpu *cpu = x->cpu;
    uint32_t leaf = effective_leaf(cpu->model, cpu->gpr[EAX]);
    uint32_t subleaf = cpu->gpr[ECX];
    struct cpuid_leaf answer = {0};

    for (unsigned i = 0; i < cpu->model->cpuid_count; i++) {
        const struct cpuid_leaf *l = &cpu->model->cpuid[i];
        if (l->leaf == leaf && (l->subleaf == CPUID_ANY_SUBLEAF || l->subleaf == subleaf))
            answer = *l;
    }
    cpu->gpr[EAX] = answer.eax;
    cpu->gpr[EBX] = answer.ebx;
    cpu->gpr[ECX] = answer.ecx;
    cpu->gpr[EDX] = answer.edx;
    return true;
}
