/* What shadow entries say, and the tables that lead to them. */
#include "state.h"

enum frame_kind frame_lookup(const struct shadow *s, uint64_t gfn, uint64_t *hpa)
{
    if (gfn >= s->config.ram_frames)
        return FRAME_ABSENT;
    return s->ops->frame(s->world, gfn, hpa);
}

/* An entry that maps a RAM or ROM frame for data; where code does not run from views, also for
 * execution. */
uint64_t leaf_spte(const struct shadow *s, enum shadow_view view, uint64_t gfn, bool guest_writable)
{
    uint64_t hpa = 0;
    enum frame_kind kind = frame_lookup(s, gfn, &hpa);
    uint64_t spte = (hpa & SPTE_ADDR) | SPTE_P | SPTE_U | SPTE_A;
    if (runs_code_views(s, view))
        spte |= SPTE_NX;
    if (kind == FRAME_ROM)
        spte |= SPTE_ROM;
    if (!guest_writable)
        return spte;
    spte |= SPTE_GUEST_W;
    if (kind == FRAME_RAM && !shadow_tracked(s, gfn) && !shadow_watched(s, gfn))
        spte |= SPTE_W | SPTE_D;
    return spte;
}

/* The same entry for the frame's code view: execution only. */
uint64_t code_spte(const struct shadow *s, uint64_t spte, uint64_t view_hpa)
{
    spte &= ~(SPTE_ADDR | SPTE_NX | SPTE_W | SPTE_D);
    spte |= (view_hpa & SPTE_ADDR) | SPTE_CODE;
    return s->config.protection_keys ? spte | SPTE_KEY_CODE : spte;
}

/* CR0.WP = 0 lifts W for the supervisor (SDM vol. 3, 4.6). */
static bool entry_writable(const struct shadow *s, enum shadow_view view, uint64_t gpte)
{
    return gpte & GPTE_W || (view == VIEW_KERNEL && !s->mode.wp);
}

/* W needs D: the first write to a clean page must fault and set it. */
bool fill_guest_writable(const struct shadow *s, enum shadow_view view, const struct walk *w)
{
    if (!s->mode.paging || w->large)
        return true;
    return w->pte & GPTE_D && entry_writable(s, view, w->pte);
}

/* Rights of the guest's PDE go into the shadow's, as the processor combines them again. Direct
 * nodes are shared by all large pages on the same memory, so D counts here too. */
static uint64_t directory_rights(const struct shadow *s, enum shadow_view view,
                                 const struct walk *w)
{
    bool writable =
        !s->mode.paging || (entry_writable(s, view, w->pde) && (!w->large || w->pde & GPTE_D));
    return writable ? SPTE_TABLE : SPTE_TABLE & ~SPTE_W;
}

/*
 * A link that is new, or has new rights, must not bring back what the guest changed in the child's
 * table before it made the link: it owes nobody a flush for entries that no link reached. Below a
 * PAE directory that goes for its tables too: INVLPG finds them through the PDPTE of its time.
 */
uint32_t fill_child(struct shadow *s, uint32_t parent, unsigned index, uint64_t key,
                    uint64_t rights)
{
    uint32_t entry = entry_id(parent, index);
    uint32_t child = node_get(s, key, child_of(s, entry));
    uint64_t spte = node_hpa(s, child) | rights;
    bool same = (*entry_at(s, entry) & ~SPTE_STALE) == spte;
    if (!same && key_kind(key) == NODE_PAE_DIR)
        flush_pending(s);
    else if (!same)
        flush_node(s, child);
    entry_set(s, entry, spte, child);
    if (traits_of(s, child)->guest && !s->nodes[child].loose)
        s->frames[key_frame(key)].stores = 0;
    return child;
}

static uint64_t directory_key(const struct shadow *s, enum shadow_view view, uint32_t gva,
                              const struct walk *w)
{
    if (!s->mode.paging)
        return node_key(s, NODE_FLAT_DIR, 0, gva >> 30, view);
    if (s->mode.pae)
        return node_key(s, NODE_PAE_DIR, w->pde_gpa >> 12, 0, view);
    return node_key(s, NODE_DIR, w->pde_gpa >> 12, gva >> 30, view);
}

static uint64_t leaf_key(const struct shadow *s, enum shadow_view view, uint32_t gva,
                         const struct walk *w)
{
    if (!s->mode.paging || w->large)
        return node_key(s, NODE_DIRECT, w->gpa >> 21, 0, view);
    if (s->mode.pae)
        return node_key(s, NODE_PAE_LEAF, w->pte_gpa >> 12, 0, view);
    return node_key(s, NODE_LEAF, w->pte_gpa >> 12, gva >> 21 & 1, view);
}

uint32_t fill_path(struct shadow *s, enum shadow_view view, uint32_t gva, const struct walk *w)
{
    uint32_t pdpt = root_get(s, view);
    uint32_t dir = fill_child(s, pdpt, gva >> 30, directory_key(s, view, gva, w), SPTE_TABLE);
    uint32_t leaf = fill_child(s, dir, gva >> 21 & 0x1ff, leaf_key(s, view, gva, w),
                               directory_rights(s, view, w));
    return entry_id(leaf, gva >> 12 & 0x1ff);
}
