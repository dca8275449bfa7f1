/* Nodes: keys, the hash that finds them, the pool they come from, and recycling. */
#include <string.h>

#include "state.h"

// clang-format off
const struct node_traits node_traits[NODE_KINDS] = {
    [NODE_ROOT]     = {.by_mode = true, .by_wp = true},
    [NODE_PDPT]     = {.by_mode = true, .by_wp = true},
    [NODE_DIR]      = {.by_mode = true, .by_wp = true, .guest = true, .shift = 8, .entries = 2,
                       .bytes = 4},
    [NODE_PAE_DIR]  = {.by_wp = true, .guest = true, .shift = 9, .entries = 1, .bytes = 8},
    [NODE_FLAT_DIR] = {.by_mode = true},
    [NODE_LEAF]     = {.leaf = true, .by_wp = true, .guest = true, .shift = 9, .entries = 1,
                       .bytes = 4},
    [NODE_PAE_LEAF] = {.leaf = true, .by_wp = true, .guest = true, .shift = 9, .entries = 1,
                       .bytes = 8},
    [NODE_DIRECT]   = {.leaf = true},
};
// clang-format on

/* WP does not concern the user view: its rights are the guest's entries'. Nor does a mode bit count
 * while paging is off. */
uint64_t node_key(const struct shadow *s, enum node_kind kind, uint64_t frame, unsigned quadrant,
                  enum shadow_view view)
{
    const struct node_traits *t = &node_traits[kind];
    bool paging = s->mode.paging;
    bool wp = t->by_wp && paging && view == VIEW_KERNEL && s->mode.wp;
    bool pae = t->by_mode && paging && s->mode.pae;
    bool pse = t->by_mode && paging && s->mode.pse && !pae;
    return frame << 12 | (uint64_t)pae << 10 | (uint64_t)(t->by_mode && paging) << 9 | pse << 8 |
           wp << 7 | (unsigned)view << 6 | quadrant << 4 | kind;
}

static uint32_t *bucket(const struct shadow *s, uint64_t key)
{
    return &s->hash[key * 0x9e3779b97f4a7c15ull >> (64 - s->hash_bits)];
}

static void give_back(struct shadow *s, uint32_t node)
{
    s->nodes[node] = (struct node){.next_hash = s->free};
    s->free = node;
}

void node_pool_init(struct shadow *s)
{
    for (uint32_t node = s->config.pool.count; node; node--)
        give_back(s, node);
    s->hand = 1;
}

uint32_t node_find(const struct shadow *s, uint64_t key)
{
    uint32_t node = *bucket(s, key);
    while (node && s->nodes[node].key != key)
        node = s->nodes[node].next_hash;
    return node;
}

/* In use by the processor or by the fill under way. */
static bool busy(const struct shadow *s, uint32_t node)
{
    const struct top *top = &s->top[s->view];
    if (node == s->loaded || node == top->root || node == top->pdpt)
        return true;
    for (unsigned i = 0; i < s->path_len; i++)
        if (s->path[i] == node)
            return true;
    return false;
}

/* Frees one node: the first that the clock's hand meets unused. SHADOW_POOL_MIN is more than can be
 * busy at a time, so two turns always find one. */
static void recycle(struct shadow *s)
{
    for (;;) {
        uint32_t node = s->hand;
        s->hand = node == s->config.pool.count ? 1 : node + 1;
        if (busy(s, node))
            continue;
        if (!s->nodes[node].used) {
            node_free(s, node);
            s->stats.recycled++;
            return;
        }
        s->nodes[node].used = false;
    }
}

static void init_page(struct shadow *s, uint32_t node, enum node_kind kind)
{
    uint64_t *page = entry_at(s, entry_id(node, 0));
    memset(page, 0, 4096);
    if (kind == NODE_ROOT)
        memcpy(page + 1, s->config.monitor_pml4 + 1, 4096 - sizeof *page);
}

static uint32_t node_make(struct shadow *s, uint64_t key)
{
    if (!s->free)
        recycle(s);
    uint32_t node = s->free;
    s->free = s->nodes[node].next_hash;
    uint32_t *head = bucket(s, key);
    s->nodes[node] = (struct node){.key = key, .next_hash = *head};
    *head = node;
    init_page(s, node, key_kind(key));
    s->stats.nodes_made++;
    s->stats.roots_made += key_kind(key) == NODE_ROOT;
    s->stats.pages_used++;
    if (node_traits[key_kind(key)].guest)
        track_add_table(s, node);
    return node;
}

uint32_t node_get(struct shadow *s, uint64_t key, uint32_t guess)
{
    uint32_t node = s->nodes[guess].key == key ? guess : node_find(s, key);
    if (!node)
        node = node_make(s, key);
    s->nodes[node].used = true;
    s->path[s->path_len++] = node;
    return node;
}

static void unhash(struct shadow *s, uint32_t node)
{
    uint32_t *p = bucket(s, s->nodes[node].key);
    while (*p != node)
        p = &s->nodes[*p].next_hash;
    *p = s->nodes[node].next_hash;
}

/* The monitor's entries of a root are in no list and not counted: only entry 0 is met. */
static void zap_entries(struct shadow *s, uint32_t node)
{
    for (unsigned i = 0; s->nodes[node].present; i++)
        if (*entry_at(s, entry_id(node, i)) & SPTE_P)
            entry_zap(s, entry_id(node, i));
}

void node_free(struct shadow *s, uint32_t node)
{
    struct node *n = &s->nodes[node];
    while (n->parents)
        entry_zap(s, n->parents);
    zap_entries(s, node);
    if (traits_of(s, node)->guest)
        track_remove_table(s, node);
    for (unsigned view = 0; view < 2; view++)
        if (s->top[view].root == node || s->top[view].pdpt == node)
            s->top[view] = (struct top){0};
    unhash(s, node);
    give_back(s, node);
    s->stats.pages_used--;
    translations_changed(s);
}
