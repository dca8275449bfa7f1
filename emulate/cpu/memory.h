/* Accesses by linear address. Private to emulate/cpu. */
#ifndef UMBRA_EMULATE_CPU_MEMORY_H
#define UMBRA_EMULATE_CPU_MEMORY_H

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

#endif
