/*
 * The guest walk: 32-bit legacy paging with 4 KiB and 4 MiB pages (SDM vol. 3, 4.3), and paging
 * off.
 */
#include "gpte.h"
#include "shadow.h"

/* #PF error code (SDM vol. 3, 4.7). */
#define ERROR_P    0x1u
#define ERROR_W    0x2u
#define ERROR_U    0x4u
#define ERROR_RSVD 0x8u

static bool fail(struct walk *w, uint32_t cause, unsigned access)
{
    w->error = cause | (access & SHADOW_ACCESS_WRITE ? ERROR_W : 0) |
               (access & SHADOW_ACCESS_USER ? ERROR_U : 0);
    return false;
}

static bool rights_allow(const struct walk *w, bool wp, unsigned access)
{
    bool as_user = access & SHADOW_ACCESS_USER;
    if (as_user && !w->user)
        return false;
    return !(access & SHADOW_ACCESS_WRITE) || w->writable || !(as_user || wp);
}

/* Sets bits that are missing in a guest entry: an entry that has them is not stored again. */
static uint32_t set_bits(const struct walk_tables *t, uint64_t gpa, uint32_t entry, uint32_t bits)
{
    if ((entry & bits) == bits)
        return entry;
    t->ops->write_entry(t->world, gpa, entry | bits);
    return entry | bits;
}

/* The entry that maps the page: checks its rights, then sets A and, for a write, D. On a fault for
 * want of rights neither is set. */
static bool finish(const struct walk_tables *t, unsigned access, struct walk *w)
{
    uint32_t *leaf = w->large ? &w->pde : &w->pte;
    w->writable = w->pde & GPTE_W && *leaf & GPTE_W;
    w->user = w->pde & GPTE_U && *leaf & GPTE_U;
    if (!rights_allow(w, t->mode.wp, access))
        return fail(w, ERROR_P, access);
    uint32_t bits = access & SHADOW_ACCESS_WRITE ? GPTE_A | GPTE_D : GPTE_A;
    *leaf = set_bits(t, w->large ? w->pde_gpa : w->pte_gpa, *leaf, bits);
    w->dirty = *leaf & GPTE_D;
    return true;
}

static bool walk_large(const struct walk_tables *t, uint32_t gva, unsigned access, struct walk *w)
{
    w->large = true;
    if (w->pde & GPDE_RSVD)
        return fail(w, t->rsvd_sets_p ? ERROR_P | ERROR_RSVD : ERROR_RSVD, access);
    w->gpa = gpde_large_base(w->pde) | (gva & 0x3fffffu);
    return finish(t, access, w);
}

bool shadow_walk(const struct walk_tables *t, uint32_t gva, unsigned access, struct walk *w)
{
    *w = (struct walk){.gpa = gva};
    if (!t->mode.paging) {
        w->writable = w->user = w->dirty = true;
        return true;
    }
    w->pde_gpa = (t->cr3 & GPTE_ADDR) + 4 * (gva >> 22);
    w->pde = t->ops->read_entry(t->world, w->pde_gpa);
    if (!(w->pde & GPTE_P))
        return fail(w, 0, access);
    if (t->mode.pse && w->pde & GPDE_PS)
        return walk_large(t, gva, access, w);
    /* A of the PDE is set even when the PTE then turns out not to be present. */
    w->pde = set_bits(t, w->pde_gpa, w->pde, GPTE_A);
    w->pte_gpa = (w->pde & GPTE_ADDR) + 4 * (gva >> 12 & 0x3ffu);
    w->pte = t->ops->read_entry(t->world, w->pte_gpa);
    if (!(w->pte & GPTE_P))
        return fail(w, 0, access);
    w->gpa = (w->pte & GPTE_ADDR) | (gva & 0xfffu);
    return finish(t, access, w);
}
