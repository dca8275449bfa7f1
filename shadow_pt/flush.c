/*
 * Stale entries and when they go. A store to a guest table changes no shadow entry: like a TLB
 * entry made from the old value, it stays good until the guest flushes it (SDM vol. 3, 4.10.4).
 * Entries that are not present need no mark: a miss walks the guest's tables anyway.
 */
#include "state.h"

/* The entry may have been recycled since it was marked: its page may hold anything by now. */
static bool is_stale(const struct shadow *s, uint32_t entry)
{
    return traits_of(s, entry_node(entry))->guest && *entry_at(s, entry) & SPTE_STALE;
}

static void zap_if_stale(struct shadow *s, uint32_t entry)
{
    if (is_stale(s, entry))
        entry_zap(s, entry);
}

void flush_pending(struct shadow *s)
{
    for (unsigned i = 0; i < s->pending_len; i++)
        zap_if_stale(s, s->pending[i]);
    s->pending_len = 0;
}

/* When the list is full everything is applied at once: a TLB may drop entries when it likes. */
void flush_mark_stale(struct shadow *s, uint32_t entry)
{
    uint64_t *spte = entry_at(s, entry);
    if ((*spte & (SPTE_P | SPTE_STALE)) != SPTE_P)
        return;
    if (s->pending_len == PENDING_MAX)
        flush_pending(s);
    *spte |= SPTE_STALE;
    s->pending[s->pending_len++] = entry;
}

/* A stale link to the node goes too: INVLPG may have left it for the sake of other pages, and what
 * a new link brings into the node must not appear behind the old one. */
static void drop_stale_parents(struct shadow *s, uint32_t node)
{
    uint32_t next;
    for (uint32_t entry = s->nodes[node].parents; entry; entry = next) {
        next = s->links[entry].next;
        zap_if_stale(s, entry);
    }
}

void flush_node(struct shadow *s, uint32_t node)
{
    for (unsigned i = 0; i < s->pending_len; i++)
        if (entry_node(s->pending[i]) == node)
            zap_if_stale(s, s->pending[i]);
    drop_stale_parents(s, node);
}

void flush_all(struct shadow *s)
{
    flush_pending(s);
    for (uint32_t node = 1; s->loose && node <= s->config.pool.count; node++)
        if (s->nodes[node].loose)
            node_free(s, node);
}

/* INVLPG of an entry that still says what the guest's says changes nothing; stores to the tables of
 * loose nodes go unseen, so their entries always go. */
static bool is_owed(const struct shadow *s, uint32_t entry)
{
    return *entry_at(s, entry) & SPTE_P &&
           (is_stale(s, entry) || s->nodes[entry_node(entry)].loose);
}

/* A large page is invalidated whole: all shadow entries of its PDE go. */
static void invalidate_large(struct shadow *s, uint32_t link)
{
    unsigned entries = traits_of(s, entry_node(link))->entries;
    link -= link % entries;
    for (unsigned i = 0; i < entries; i++)
        if (is_owed(s, link + i))
            entry_zap(s, link + i);
}

/* True when nothing else can fill entries of the table: those that are left are all old. */
static bool only_parent(const struct shadow *s, uint32_t table, uint32_t link)
{
    return s->nodes[table].parents == link && !s->links[link].next;
}

/* The key of the directory that translates gva. Stores to PDPTEs in memory go unseen: what the
 * guest changed in the one for gva is noticed here, and its 1 GiB goes. */
static uint64_t invlpg_directory(struct shadow *s, enum shadow_view view, uint32_t gva)
{
    if (!s->mode.pae)
        return node_key(s, NODE_DIR, s->cr3 >> 12, gva >> 30, view);
    uint64_t key = root_pae_directory(s, gva >> 30, view);
    uint32_t pdpt = node_find(s, root_key(s, NODE_PDPT, view));
    if (pdpt)
        root_refresh(s, entry_id(pdpt, gva >> 30), key);
    return key;
}

/* Of a page table the one page goes, also when it is the PDE that has changed: the translations of
 * its neighbours stay, as those in a TLB do, unless the table is shared. */
static void invlpg_view(struct shadow *s, enum shadow_view view, uint32_t gva)
{
    uint32_t dir = node_find(s, invlpg_directory(s, view, gva));
    if (!dir)
        return;
    uint32_t link = entry_id(dir, gva >> 21 & 0x1ff);
    uint32_t table = child_of(s, link);
    if (!table || !traits_of(s, table)->guest) {
        invalidate_large(s, link);
        return;
    }
    uint32_t leaf = entry_id(table, gva >> 12 & 0x1ff);
    if (*entry_at(s, leaf) & SPTE_P && (is_owed(s, link) || is_owed(s, leaf)))
        entry_zap(s, leaf);
    if (is_owed(s, link) && !only_parent(s, table, link))
        entry_zap(s, link);
}

/* The usual store to a table and INVLPG after it leave nothing pending. */
static void trim_pending(struct shadow *s)
{
    while (s->pending_len && !is_stale(s, s->pending[s->pending_len - 1]))
        s->pending_len--;
}

void shadow_invlpg(struct shadow *s, uint32_t gva)
{
    bool unseen = s->loose || (s->mode.pae && !s->has_pdptes);
    if (!s->mode.paging || (!s->pending_len && !unseen))
        return;
    invlpg_view(s, VIEW_KERNEL, gva);
    invlpg_view(s, VIEW_USER, gva);
    trim_pending(s);
}
