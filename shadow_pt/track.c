/* Write tracking: which frames' stores must be seen, and what a store means for the shadow. */
#include "state.h"

/* A table that is stored to this often without a fill in between is taken to be data by now. */
#define FLOOD_STORES 64

bool shadow_tracked(const struct shadow *s, uint64_t gfn)
{
    return gfn < s->config.ram_frames && (s->frames[gfn].code || s->frames[gfn].tables);
}

bool shadow_watched(const struct shadow *s, uint64_t gfn)
{
    return gfn < s->config.ram_frames && s->frames[gfn].watched;
}

void shadow_watch(struct shadow *s, uint64_t gfn)
{
    if (gfn >= s->config.ram_frames || s->frames[gfn].watched)
        return;
    s->frames[gfn].watched = true;
    track_protect(s, gfn);
}

/* Mappings get W back one by one, as stores ask for it. */
void shadow_unwatch(struct shadow *s, uint64_t gfn)
{
    if (!shadow_watched(s, gfn))
        return;
    s->frames[gfn].watched = false;
    s->ops->watched_write(s->world, gfn);
}

/* Takes W from every mapping of a frame; what the guest's entries allow stays noted in them. */
void track_protect(struct shadow *s, uint64_t gfn)
{
    for (uint32_t e = s->frames[gfn].mappings; e; e = s->links[e].next) {
        uint64_t *spte = entry_at(s, e);
        if (*spte & SPTE_W)
            translations_changed(s);
        *spte &= ~(SPTE_W | SPTE_D);
    }
}

/* Nobody reports stores to a table that lies in no RAM: such a node is dropped at each flush. */
void track_add_table(struct shadow *s, uint32_t node)
{
    struct node *n = &s->nodes[node];
    uint64_t gfn = key_frame(n->key), hpa;
    n->loose = frame_lookup(s, gfn, &hpa) == FRAME_ABSENT;
    if (n->loose) {
        s->loose++;
        return;
    }
    struct frame *f = &s->frames[gfn];
    if (!f->tables)
        f->stores = 0;
    n->next_table = f->tables;
    f->tables = node;
    track_protect(s, gfn);
}

void track_remove_table(struct shadow *s, uint32_t node)
{
    struct node *n = &s->nodes[node];
    if (n->loose) {
        s->loose--;
        return;
    }
    uint32_t *p = &s->frames[key_frame(n->key)].tables;
    while (*p != node)
        p = &s->nodes[*p].next_table;
    *p = n->next_table;
}

static void drop_tables(struct shadow *s, uint64_t gfn)
{
    while (s->frames[gfn].tables)
        node_free(s, s->frames[gfn].tables);
}

/* Bytes begin .. last of a table were stored to: those of its entries that this node covers. */
static void mark_node(struct shadow *s, uint32_t node, unsigned begin, unsigned last)
{
    const struct node_traits *t = traits_of(s, node);
    unsigned base = key_quadrant(s->nodes[node].key) << t->shift;
    unsigned end = base + (1u << t->shift) - 1;
    unsigned first = begin / t->bytes;
    last /= t->bytes;
    if (first < base)
        first = base;
    if (last > end)
        last = end;
    for (unsigned i = first; i <= last; i++)
        for (unsigned k = 0; k < t->entries; k++)
            flush_mark_stale(s, entry_id(node, (i - base) * t->entries + k));
}

static void table_wrote(struct shadow *s, uint64_t gfn, unsigned begin, unsigned last)
{
    struct frame *f = &s->frames[gfn];
    if (f->tables && ++f->stores >= FLOOD_STORES)
        drop_tables(s, gfn);
    for (uint32_t node = f->tables; node; node = s->nodes[node].next_table)
        mark_node(s, node, begin, last);
}

void shadow_guest_wrote(struct shadow *s, uint64_t gpa, unsigned len)
{
    if (s->walking)
        return;
    while (len && gpa >> 12 < s->config.ram_frames) {
        unsigned offset = gpa & 0xfff;
        unsigned part = len < 4096 - offset ? len : 4096 - offset;
        table_wrote(s, gpa >> 12, offset, offset + part - 1);
        gpa += part;
        len -= part;
    }
}

static void drop_mappings(struct shadow *s, uint64_t gfn, uint64_t having)
{
    uint32_t next;
    for (uint32_t e = s->frames[gfn].mappings; e; e = next) {
        next = s->links[e].next;
        if (*entry_at(s, e) & having)
            entry_zap(s, e);
    }
}

void shadow_set_code(struct shadow *s, uint64_t gfn, bool viewed)
{
    if (gfn >= s->config.ram_frames)
        return;
    s->frames[gfn].code = viewed;
    if (viewed)
        track_protect(s, gfn);
    else
        drop_mappings(s, gfn, SPTE_CODE);
}

void shadow_drop_frame(struct shadow *s, uint64_t gfn)
{
    if (gfn >= s->config.ram_frames)
        return;
    drop_tables(s, gfn);
    drop_mappings(s, gfn, SPTE_P);
    shadow_unwatch(s, gfn);
}
