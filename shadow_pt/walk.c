/*
 * The guest walk: 32-bit paging with 4 KiB and 4 MiB pages and PAE paging with 4 KiB and 2 MiB
 * pages (SDM vol. 3, 4.3 and 4.4), and paging off.
 */
#include "gpte.h"
#include "shadow.h"

/* #PF error code (SDM vol. 3, 4.7). */
#define ERROR_P    0x1u
#define ERROR_W    0x2u
#define ERROR_U    0x4u
#define ERROR_RSVD 0x8u

/* What the directories and tables of a paging mode look like. */
struct format {
    uint8_t bytes;     /* of an entry */
    uint8_t pde_shift; /* log2 of what a PDE maps */
    uint16_t index;    /* mask of an index into a table */
    uint64_t addr, rsvd, large_rsvd;
};

static const struct format formats[] = {
    [false] = {4, 22, 0x3ff, GPTE_ADDR, 0, GPDE_RSVD},
    [true] = {8, 21, 0x1ff, PAE_ADDR, PAE_RSVD, PAE_RSVD | PAE_LARGE_RSVD},
};

static bool fail(struct walk *w, uint32_t cause, unsigned access)
{
    w->error = cause | (access & SHADOW_ACCESS_WRITE ? ERROR_W : 0) |
               (access & SHADOW_ACCESS_USER ? ERROR_U : 0);
    return false;
}

static bool fail_reserved(const struct walk_tables *t, struct walk *w, unsigned access)
{
    return fail(w, t->rsvd_sets_p ? ERROR_P | ERROR_RSVD : ERROR_RSVD, access);
}

static bool rights_allow(const struct walk *w, bool wp, unsigned access)
{
    bool as_user = access & SHADOW_ACCESS_USER;
    if (as_user && !w->user)
        return false;
    return !(access & SHADOW_ACCESS_WRITE) || w->writable || !(as_user || wp);
}

/* Sets bits that are missing in a guest entry: an entry that has them is not stored again. */
static uint64_t set_bits(const struct walk_tables *t, uint64_t gpa, uint64_t entry, uint32_t bits)
{
    if ((entry & bits) == bits)
        return entry;
    t->ops->write_entry(t->world, gpa, (uint32_t)entry | bits);
    return entry | bits;
}

/* The entry that maps the page: checks its rights, then sets A and, for a write, D. On a fault for
 * want of rights neither is set. */
static bool finish(const struct walk_tables *t, unsigned access, struct walk *w)
{
    uint64_t *leaf = w->large ? &w->pde : &w->pte;
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
    if (w->pde & formats[t->mode.pae].large_rsvd)
        return fail_reserved(t, w, access);
    if (t->mode.pae)
        w->gpa = (w->pde & PAE_LARGE_ADDR) | (gva & 0x1fffffu);
    else
        w->gpa = gpde_large_base((uint32_t)w->pde) | (gva & 0x3fffffu);
    return finish(t, access, w);
}

static bool walk_directory(const struct walk_tables *t, uint64_t directory, uint32_t gva,
                           unsigned access, struct walk *w)
{
    const struct format *f = &formats[t->mode.pae];
    w->pde_gpa = directory + f->bytes * (gva >> f->pde_shift & f->index);
    w->pde = t->ops->read_entry(t->world, w->pde_gpa, f->bytes);
    if (!(w->pde & GPTE_P))
        return fail(w, 0, access);
    if (w->pde & GPDE_PS && (t->mode.pse || t->mode.pae))
        return walk_large(t, gva, access, w);
    if (w->pde & f->rsvd)
        return fail_reserved(t, w, access);
    /* A of the PDE is set even when the PTE then turns out not to be present. */
    w->pde = set_bits(t, w->pde_gpa, w->pde, GPTE_A);
    w->pte_gpa = (w->pde & f->addr) + f->bytes * (gva >> 12 & f->index);
    w->pte = t->ops->read_entry(t->world, w->pte_gpa, f->bytes);
    if (!(w->pte & GPTE_P))
        return fail(w, 0, access);
    if (w->pte & f->rsvd)
        return fail_reserved(t, w, access);
    w->gpa = (w->pte & f->addr) | (gva & 0xfffu);
    return finish(t, access, w);
}

uint64_t shadow_read_pdpte(const struct walk_tables *t, unsigned index)
{
    if (t->pdptes)
        return t->pdptes[index];
    return t->ops->read_entry(t->world, (t->cr3 & CR3_PAE_ADDR) + 8 * index, 8);
}

/* A PDPTE in memory is treated as any other entry, A included: so QEMU does it. */
static bool walk_pae(const struct walk_tables *t, uint32_t gva, unsigned access, struct walk *w)
{
    uint64_t pdpte = shadow_read_pdpte(t, gva >> 30);
    if (!(pdpte & GPTE_P))
        return fail(w, 0, access);
    if (pdpte & PAE_RSVD)
        return fail_reserved(t, w, access);
    if (!t->pdptes)
        set_bits(t, (t->cr3 & CR3_PAE_ADDR) + 8 * (gva >> 30), pdpte, GPTE_A);
    return walk_directory(t, pdpte & PAE_ADDR, gva, access, w);
}

bool shadow_walk(const struct walk_tables *t, uint32_t gva, unsigned access, struct walk *w)
{
    *w = (struct walk){.gpa = gva};
    if (!t->mode.paging) {
        w->writable = w->user = w->dirty = true;
        return true;
    }
    if (t->mode.pae)
        return walk_pae(t, gva, access, w);
    return walk_directory(t, t->cr3 & CR3_ADDR, gva, access, w);
}

bool shadow_pte_maps(struct shadow_mode mode, uint64_t pte, uint64_t *gfn)
{
    const struct format *f = &formats[mode.pae];
    *gfn = (pte & f->addr) >> 12;
    return pte & GPTE_P && !(pte & f->rsvd);
}
