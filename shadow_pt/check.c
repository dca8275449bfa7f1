/* The invariants of a shadow, checked from end to end. */
#include "state.h"

static bool in_pool(const struct shadow *s, uint32_t node)
{
    return node && node <= s->config.pool.count && s->nodes[node].key;
}

static bool entry_named(const struct shadow *s, uint32_t entry)
{
    return in_pool(s, entry_node(entry));
}

static const char *check_links(const struct shadow *s, uint32_t entry, uint32_t head)
{
    const struct link *l = &s->links[entry];
    if (l->prev ? !entry_named(s, l->prev) || s->links[l->prev].next != entry : head != entry)
        return "an entry is not where its list has it";
    if (l->next && (!entry_named(s, l->next) || s->links[l->next].prev != entry))
        return "an entry's successor does not point back";
    return NULL;
}

static const char *check_leaf_rights(const struct shadow *s, enum shadow_view view, uint64_t gfn,
                                     uint64_t spte)
{
    bool code = spte & SPTE_CODE;
    if (spte & SPTE_W && (shadow_tracked(s, gfn) || !(spte & SPTE_GUEST_W)))
        return "a frame is writable that must not be";
    if (spte & SPTE_W && shadow_watched(s, gfn))
        return "a watched frame is writable";
    if (spte & SPTE_W && spte & (SPTE_ROM | SPTE_CODE))
        return "ROM or a code view is writable";
    if (code && (!runs_code_views(s, view) || !s->frames[gfn].code))
        return "a code view is mapped that does not exist";
    if (code && s->config.protection_keys && !(spte & SPTE_KEY_CODE))
        return "a code view is readable";
    if (!code && runs_code_views(s, view) && !(spte & SPTE_NX))
        return "a frame is executable where code views run";
    return NULL;
}

static const char *check_leaf(const struct shadow *s, uint32_t entry)
{
    uint64_t spte = *entry_at(s, entry), hpa;
    uint32_t gfn = s->links[entry].target;
    enum frame_kind kind = frame_lookup(s, gfn, &hpa);
    if (kind == FRAME_ABSENT)
        return "an absent frame is mapped";
    if (!(spte & SPTE_CODE) && (spte & SPTE_ADDR) != hpa)
        return "an entry points elsewhere than to its frame";
    if (!(spte & SPTE_ROM) != (kind != FRAME_ROM))
        return "an entry mistakes ROM for RAM";
    enum shadow_view view = key_view(s->nodes[entry_node(entry)].key);
    const char *wrong = check_leaf_rights(s, view, gfn, spte);
    return wrong ? wrong : check_links(s, entry, s->frames[gfn].mappings);
}

static const char *check_table(const struct shadow *s, uint32_t entry)
{
    uint64_t spte = *entry_at(s, entry);
    uint32_t child = s->links[entry].target;
    if (!in_pool(s, child))
        return "an entry points to no node";
    if ((spte & SPTE_ADDR) != node_hpa(s, child) || spte & SPTE_NX)
        return "an entry points elsewhere than to its node, or forbids execution";
    if (key_view(s->nodes[entry_node(entry)].key) != key_view(s->nodes[child].key))
        return "a node of one view points into the other";
    return check_links(s, entry, s->nodes[child].parents);
}

static bool is_pending(const struct shadow *s, uint32_t entry)
{
    for (unsigned i = 0; i < s->pending_len; i++)
        if (s->pending[i] == entry)
            return true;
    return false;
}

static const char *check_entry(const struct shadow *s, uint32_t entry)
{
    const struct node_traits *t = traits_of(s, entry_node(entry));
    uint64_t spte = *entry_at(s, entry);
    if (!(spte & SPTE_P))
        return spte ? "an entry that is not present is not 0" : NULL;
    if (!(spte & SPTE_U))
        return "an entry is not a user entry";
    if (spte & SPTE_STALE && (!t->guest || !is_pending(s, entry)))
        return "a stale entry is not pending";
    return t->leaf ? check_leaf(s, entry) : check_table(s, entry);
}

/* Entries that the guest's 4 GiB use: the rest of a root is the monitor's. */
static unsigned entries_of(const struct shadow *s, uint32_t node)
{
    return key_kind(s->nodes[node].key) == NODE_ROOT ? 1 : ENTRIES;
}

static const char *check_node(const struct shadow *s, uint32_t node)
{
    unsigned present = 0;
    for (unsigned i = 0; i < entries_of(s, node); i++) {
        const char *wrong = check_entry(s, entry_id(node, i));
        if (wrong)
            return wrong;
        present += *entry_at(s, entry_id(node, i)) & SPTE_P;
    }
    for (unsigned i = entries_of(s, node); i < ENTRIES; i++)
        if (*entry_at(s, entry_id(node, i)) != s->config.monitor_pml4[i])
            return "a root lost the monitor's mappings";
    if (present != s->nodes[node].present)
        return "a node's count of entries is wrong";
    return node_find(s, s->nodes[node].key) == node ? NULL : "a node is not found by its key";
}

static const char *check_tables_of(const struct shadow *s, uint64_t gfn, unsigned *listed)
{
    for (uint32_t node = s->frames[gfn].tables; node; node = s->nodes[node].next_table) {
        if (!in_pool(s, node) || !traits_of(s, node)->guest || s->nodes[node].loose)
            return "a frame's list of tables names no table";
        if (key_frame(s->nodes[node].key) != gfn || ++*listed > s->config.pool.count)
            return "a table is in the list of another frame";
    }
    return NULL;
}

static const char *check_frames(const struct shadow *s, unsigned tables)
{
    unsigned listed = 0;
    for (uint64_t gfn = 0; gfn < s->config.ram_frames; gfn++) {
        const char *wrong = check_tables_of(s, gfn, &listed);
        if (wrong)
            return wrong;
        uint32_t head = s->frames[gfn].mappings;
        if (head && (!entry_named(s, head) || s->links[head].target != gfn))
            return "a frame's list of mappings begins with one of another";
    }
    return listed == tables ? NULL : "a table is in no frame's list";
}

static const char *check_counts(const struct shadow *s, unsigned nodes, unsigned loose)
{
    for (uint32_t node = s->free; node; node = s->nodes[node].next_hash)
        if (s->nodes[node].key || ++nodes > s->config.pool.count)
            return "a node in use is in the free list";
    if (nodes != s->config.pool.count)
        return "a page of the pool is lost";
    if (loose != s->loose)
        return "the count of loose nodes is wrong";
    return in_pool(s, s->top[s->view].pdpt) ? NULL : "there is no current root";
}

const char *shadow_check(const struct shadow *s)
{
    unsigned nodes = 0, tables = 0, loose = 0;
    for (uint32_t node = 1; node <= s->config.pool.count; node++) {
        if (!s->nodes[node].key)
            continue;
        const char *wrong = check_node(s, node);
        if (wrong)
            return wrong;
        nodes++;
        loose += s->nodes[node].loose;
        tables += traits_of(s, node)->guest && !s->nodes[node].loose;
    }
    if (nodes != s->stats.pages_used)
        return "the count of pages in use is wrong";
    const char *wrong = check_frames(s, tables);
    return wrong ? wrong : check_counts(s, nodes, loose);
}
