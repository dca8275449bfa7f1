/* The interface: setting up, faults and translation. */
#include "state.h"

/* The hash has between one and two buckets for a node. */
static unsigned hash_bits_for(unsigned pool_pages)
{
    unsigned bits = 1;
    while (1u << bits < pool_pages)
        bits++;
    return bits;
}

static size_t round_up(size_t size)
{
    return (size + 63) & ~(size_t)63;
}

/* The parts of the bookkeeping, one behind the other. */
struct layout {
    size_t nodes, links, frames, hash, end;
};

static struct layout layout_of(unsigned pool_pages, uint64_t ram_frames)
{
    size_t nodes = (size_t)pool_pages + 1;
    struct layout l;
    l.nodes = round_up(sizeof(struct shadow));
    l.links = l.nodes + round_up(nodes * sizeof(struct node));
    l.frames = l.links + round_up(nodes * ENTRIES * sizeof(struct link));
    l.hash = l.frames + round_up(ram_frames * sizeof(struct frame));
    l.end = l.hash + round_up(sizeof(uint32_t) << hash_bits_for(pool_pages));
    return l;
}

size_t shadow_memory_size(unsigned pool_pages, uint64_t ram_frames)
{
    return layout_of(pool_pages, ram_frames).end;
}

struct shadow *shadow_init(const struct shadow_config *config, const struct shadow_ops *ops,
                           void *world)
{
    if (config->pool.count < SHADOW_POOL_MIN)
        return NULL;
    struct shadow *s = config->memory;
    uint8_t *memory = config->memory;
    struct layout l = layout_of(config->pool.count, config->ram_frames);
    s->config = *config;
    s->ops = ops;
    s->world = world;
    s->nodes = (struct node *)(memory + l.nodes);
    s->links = (struct link *)(memory + l.links);
    s->frames = (struct frame *)(memory + l.frames);
    s->hash = (uint32_t *)(memory + l.hash);
    s->hash_bits = hash_bits_for(config->pool.count);
    node_pool_init(s);
    root_get(s, s->view);
    return s;
}

/* The loaded root stays, emptied: the processor may be running on it, and it says nothing but where
 * the monitor is. */
void shadow_reset(struct shadow *s)
{
    for (uint32_t node = 1; node <= s->config.pool.count; node++)
        if (s->nodes[node].key && node != s->loaded)
            node_free(s, node);
    for (uint64_t gfn = 0; gfn < s->config.ram_frames; gfn++)
        s->frames[gfn] = (struct frame){0};
    s->stats = (struct shadow_stats){.pages_used = s->stats.pages_used};
    s->pending_len = 0;
    s->cr3 = 0;
    s->has_pdptes = false;
    s->view = VIEW_KERNEL;
    shadow_set_mode(s, (struct shadow_mode){0});
    translations_changed(s);
}

/* The leaf entry that translates gva in a view now. */
struct live {
    uint32_t entry;
    uint64_t spte;
    bool writable; /* the guest's entries allow writing, on all levels */
};

static inline const uint64_t *table_at(const struct shadow *s, uint64_t spte)
{
    return (const uint64_t *)((const uint8_t *)s->config.pool.pages +
                              ((spte & SPTE_ADDR) - s->config.pool.pages_hpa));
}

static inline bool live_find(const struct shadow *s, enum shadow_view view, uint32_t gva,
                             struct live *l)
{
    const uint64_t *pdpt = s->top[view].table;
    if (!pdpt || !(pdpt[gva >> 30] & SPTE_P))
        return false;
    uint64_t pde = table_at(s, pdpt[gva >> 30])[gva >> 21 & 0x1ff];
    if (!(pde & SPTE_P))
        return false;
    const uint64_t *leaf = &table_at(s, pde)[gva >> 12 & 0x1ff];
    l->spte = *leaf;
    l->entry = (uint32_t)(leaf - (const uint64_t *)s->config.pool.pages) + ENTRIES;
    l->writable = pde & SPTE_W && l->spte & SPTE_GUEST_W;
    return l->spte & SPTE_P;
}

static inline uint64_t live_gpa(const struct shadow *s, const struct live *l, uint32_t gva)
{
    return (uint64_t)s->links[l->entry].target << 12 | (gva & 0xfff);
}

/* A write that the guest's rights allow. W is given back here when tracking has ended; a frame that
 * is mapped for execution is tracked, for it has a code view. */
static enum shadow_result write_result(struct shadow *s, uint32_t entry, unsigned access)
{
    uint64_t *spte = entry_at(s, entry);
    uint32_t gfn = s->links[entry].target;
    if (*spte & SPTE_ROM)
        return SHADOW_MMIO;
    if (shadow_tracked(s, gfn) || (access & SHADOW_ACCESS_USER && shadow_watched(s, gfn)))
        return SHADOW_TABLE_WRITE;
    shadow_unwatch(s, gfn);
    *spte |= SPTE_W | SPTE_D;
    return SHADOW_FILLED;
}

static bool walk(struct shadow *s, uint32_t gva, unsigned access, struct walk *w)
{
    struct walk_tables tables = root_tables(s);
    s->walking = true;
    bool ok = shadow_walk(&tables, gva, access, w);
    s->walking = false;
    return ok;
}

/* The frame's code view; from here on its stores are tracked. */
static uint64_t view_of(struct shadow *s, uint64_t gfn)
{
    uint64_t hpa = s->ops->code_view(s->world, gfn);
    if (hpa != SHADOW_NO_HPA && !s->frames[gfn].code)
        shadow_set_code(s, gfn, true);
    return hpa;
}

/*
 * Where the code view lies that a walked access is to be mapped to: 0 when it gets the frame
 * itself, SHADOW_NO_HPA when there can be no view now. A write does not take a page from execution.
 * Asked before any table is touched, for making a view can drop entries.
 */
static uint64_t code_source(struct shadow *s, uint32_t gva, unsigned access, uint64_t gpa)
{
    enum shadow_view view = access_view(access);
    struct live l;
    if (!runs_code_views(s, view))
        return 0;
    if (access & SHADOW_ACCESS_FETCH)
        return view_of(s, gpa >> 12);
    bool kept = live_find(s, view, gva, &l) && l.spte & SPTE_CODE && live_gpa(s, &l, gva) == gpa;
    return kept ? l.spte & SPTE_ADDR : 0;
}

/* Walks the guest's tables and maps what they say. */
static enum shadow_result resolve(struct shadow *s, uint32_t gva, unsigned access,
                                  struct shadow_access *out)
{
    enum shadow_view view = access_view(access);
    struct walk w;
    uint64_t hpa;
    if (!walk(s, gva, access, &w)) {
        out->error = w.error;
        return SHADOW_GUEST_FAULT;
    }
    out->gpa = w.gpa;
    if (frame_lookup(s, w.gpa >> 12, &hpa) == FRAME_ABSENT)
        return access & SHADOW_ACCESS_FETCH ? SHADOW_INTERPRET : SHADOW_MMIO;
    uint64_t code = code_source(s, gva, access, w.gpa);
    if (code == SHADOW_NO_HPA)
        return SHADOW_INTERPRET;
    uint32_t entry = fill_path(s, view, gva, &w);
    uint64_t spte = leaf_spte(s, view, w.gpa >> 12, fill_guest_writable(s, view, &w));
    entry_set(s, entry, code ? code_spte(s, spte, code) : spte, (uint32_t)(w.gpa >> 12));
    if (code)
        code_mapped(s, entry);
    s->stats.fills++;
    return access & SHADOW_ACCESS_WRITE ? write_result(s, entry, access) : SHADOW_FILLED;
}

/* Turns a live data mapping into one of the code view, whatever the guest's tables say by now. */
static enum shadow_result flip_to_code(struct shadow *s, uint32_t gva, unsigned access,
                                       struct live *l, struct shadow_access *out)
{
    uint32_t gfn = s->links[l->entry].target;
    uint64_t view_hpa = view_of(s, gfn);
    if (view_hpa == SHADOW_NO_HPA)
        return SHADOW_INTERPRET;
    if (!live_find(s, access_view(access), gva, l) || s->links[l->entry].target != gfn)
        return resolve(s, gva, access, out);
    entry_set(s, l->entry, code_spte(s, l->spte, view_hpa), gfn);
    code_mapped(s, l->entry);
    s->stats.flips++;
    return SHADOW_FILLED;
}

enum shadow_result shadow_fault(struct shadow *s, uint32_t gva, unsigned access,
                                struct shadow_access *out)
{
    enum shadow_view view = access_view(access);
    struct live l;
    *out = (struct shadow_access){0};
    if (!live_find(s, view, gva, &l) || (access & SHADOW_ACCESS_WRITE && !l.writable))
        return resolve(s, gva, access, out);
    out->gpa = live_gpa(s, &l, gva);
    if (access & SHADOW_ACCESS_WRITE)
        return write_result(s, l.entry, access);
    bool code = l.spte & SPTE_CODE;
    if (!(access & SHADOW_ACCESS_FETCH))
        return code ? SHADOW_CODE_DATA : SHADOW_FILLED;
    if (code || !runs_code_views(s, view))
        return SHADOW_FILLED;
    return flip_to_code(s, gva, access, &l, out);
}

enum shadow_result shadow_translate(struct shadow *s, uint32_t gva, unsigned access,
                                    struct shadow_access *out)
{
    struct live l;
    if (live_find(s, access_view(access), gva, &l) &&
        (!(access & SHADOW_ACCESS_WRITE) || l.writable)) {
        out->gpa = live_gpa(s, &l, gva);
        bool dropped = access & SHADOW_ACCESS_WRITE && l.spte & SPTE_ROM;
        return dropped ? SHADOW_MMIO : SHADOW_FILLED;
    }
    /* Instruction bytes are read from the guest's frame; the guest has no NX to tell the two apart.
     */
    *out = (struct shadow_access){0};
    enum shadow_result result = resolve(s, gva, access & ~SHADOW_ACCESS_FETCH, out);
    return result == SHADOW_TABLE_WRITE ? SHADOW_FILLED : result;
}

uint64_t shadow_hit(const struct shadow *s, uint32_t gva, unsigned access)
{
    struct live l;
    if (!live_find(s, access_view(access), gva, &l) || l.spte & SPTE_CODE)
        return SHADOW_NO_HPA;
    if (access & SHADOW_ACCESS_WRITE && !(l.writable && l.spte & SPTE_W))
        return SHADOW_NO_HPA;
    return (l.spte & SPTE_ADDR) | (gva & 0xfff);
}

void shadow_map_as_data(struct shadow *s, uint32_t gva)
{
    struct live l;
    if (!live_find(s, s->view, gva, &l) || !(l.spte & SPTE_CODE))
        return;
    uint32_t gfn = s->links[l.entry].target;
    uint64_t spte = leaf_spte(s, s->view, gfn, l.spte & SPTE_GUEST_W) | (l.spte & SPTE_STALE);
    entry_set(s, l.entry, spte, gfn);
    s->stats.flips++;
}

bool shadow_root_due(const struct shadow *s)
{
    return s->due;
}

bool shadow_take_flush(struct shadow *s)
{
    bool flush = s->flush;
    s->flush = s->due = false;
    return flush;
}

const uint32_t *shadow_generation(const struct shadow *s)
{
    return &s->generation;
}

struct shadow_stats shadow_stats(const struct shadow *s)
{
    return s->stats;
}
