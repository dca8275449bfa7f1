/* Accesses by linear address. Private to emulate/cpu. */
#ifndef UMBRA_EMULATE_CPU_MEMORY_H
#define UMBRA_EMULATE_CPU_MEMORY_H

#include "debug.h"
#include "step.h"
#include "tlb.h"

/* `access`: ACCESS_USER, ACCESS_RMW. */
static inline bool read_linear(struct step *x, uint32_t lin, void *buf, unsigned size,
                               unsigned access)
{
    const uint8_t *bytes = tlb_find(x->cpu, lin, size, tlb_rights(access));

    if (!bytes)
        return x->ops->read(x->world, lin, buf, size, access, &x->fault);
    tlb_copy(buf, bytes, size);
    return true;
}

static inline bool write_linear(struct step *x, uint32_t lin, const void *buf, unsigned size,
                                unsigned access)
{
    uint8_t *bytes = tlb_find(x->cpu, lin, size, tlb_rights(access | ACCESS_WRITE));

    if (!bytes)
        return x->ops->write(x->world, lin, buf, size, access | ACCESS_WRITE, &x->fault);
    tlb_copy(bytes, buf, size);
    return true;
}

/* With supervisor rights whatever the CPL: descriptor tables and TSS. */
static inline bool read_system(struct step *x, uint32_t lin, void *buf, unsigned size)
{
    return read_linear(x, lin, buf, size, 0);
}

static inline bool write_system(struct step *x, uint32_t lin, const void *buf, unsigned size)
{
    return write_linear(x, lin, buf, size, ACCESS_WRITE);
}

/*
 * A dword of the kernel's stack where nothing has to be checked: no limit, no breakpoint, no
 * alignment, and a page that the TLB knows. NULL otherwise.
 */
static inline uint32_t *stack_dword(const struct cpu *cpu, uint32_t sp, unsigned access)
{
    const struct segment *ss = &cpu->seg[SEG_SS];
    uint32_t lin = ss->base + sp;

    if (cpu->cpl == 3 || !(ss->attr & ATTR_DB) || (lin & 3) || breakpoints_armed(cpu) ||
        cpu->model->policy.checks_segments)
        return NULL;
    const struct cpu_tlb_page *page = tlb_page(cpu, lin, access);
    return page ? (uint32_t *)(page->bytes + lin % TLB_PAGE_SIZE) : NULL;
}

#endif
