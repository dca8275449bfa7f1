/*
 * The inside of a shadow: nodes, links, frames. Private to shadow_pt/.
 *
 * A node is one page of the pool: one x86-64 table. Nodes and entries are named by number, 0
 * meaning none: node n (1 .. pool.count) owns page n - 1 of the pool; entry n * 512 + i is its
 * entry i. Every present entry hangs in exactly one list, through links kept beside the page: an
 * entry of a leaf node in the list of mappings of its guest frame, any other in the list of parents
 * of the node it points to. So no list needs memory of its own, and whatever goes away can tell
 * everyone who points to it.
 */
#ifndef UMBRA_SHADOW_PT_STATE_H
#define UMBRA_SHADOW_PT_STATE_H

#include "gpte.h"
#include "shadow.h"

#define ENTRIES 512u

#define SPTE_P    0x1ull
#define SPTE_W    0x2ull
#define SPTE_U    0x4ull
#define SPTE_A    0x20ull
#define SPTE_D    0x40ull
#define SPTE_ADDR 0x000ffffffffff000ull
#define SPTE_NX   0x8000000000000000ull
/* Protection key 1: no data access (PKRU of the kernel view). */
#define SPTE_KEY_CODE (1ull << 59)
/* Bits that the processor ignores. */
#define SPTE_CODE (1ull << 9) /* leaf: maps the frame's code view, not the frame */
#define SPTE_GUEST_W \
    (1ull << 10) /* leaf: the guest's entry had W (or WP = 0 makes up for it) and D */
#define SPTE_ROM   (1ull << 11) /* leaf: the frame is ROM */
#define SPTE_STALE (1ull << 52) /* the guest changed the entry that this one was made from */

/* Rights of an entry above the leaves that restricts nothing. A is set beforehand: nobody reads it,
 * and the processor need not store it. */
#define SPTE_TABLE (SPTE_P | SPTE_W | SPTE_U | SPTE_A)

enum node_kind {
    NODE_FREE,
    NODE_ROOT, /* PML4 of (cr3, view, mode): entry 0 is the guest's 4 GiB, the rest the monitor's */
    NODE_PDPT, /* its 4 GiB: entries 0 .. 3 */
    NODE_DIR,  /* a quarter of a guest page directory: 256 gpdes, two entries each */
    NODE_PAE_DIR,  /* a PAE page directory: 512 gpdes */
    NODE_FLAT_DIR, /* 1 GiB of guest-physical memory, paging off */
    NODE_LEAF,     /* half of a guest page table: 512 gptes */
    NODE_PAE_LEAF, /* a PAE page table: 512 gptes */
    NODE_DIRECT,   /* 2 MiB of guest-physical memory: a 2 MiB page, half a 4 MiB page, paging off */
    NODE_KINDS,
};

/* Properties of a kind: what it maps, which of the guest's modes its content depends on, and how
 * the entries of a guest table fall on those of its nodes. */
struct node_traits {
    bool leaf;       /* entries map frames */
    bool guest;      /* entries are made from those of a guest table */
    bool by_mode;    /* depends on CR0.PG, CR4.PSE and CR4.PAE */
    bool by_wp;      /* depends on CR0.WP (kernel view) */
    uint8_t shift;   /* log2 of the guest entries that one node covers */
    uint8_t entries; /* shadow entries that a guest entry covers */
    uint8_t bytes;   /* of a guest entry */
};
extern const struct node_traits node_traits[NODE_KINDS];

struct node {
    uint64_t key; /* node_key(); 0 when free */
    uint32_t next_hash;
    uint32_t next_table; /* the next node made from the same guest frame */
    uint32_t parents;    /* list of entries */
    uint16_t present;    /* entries in lists */
    bool used;           /* since the clock's hand came by */
    bool loose; /* made from a frame whose stores nobody reports (no RAM): lives until the next
                   flush */
};

struct link {
    uint32_t prev, next; /* entries of the same list */
    uint32_t target;     /* guest frame, or child node */
};

struct frame {
    uint32_t mappings; /* list of leaf entries that map it */
    uint32_t tables;   /* nodes made from it */
    uint16_t stores;   /* to a table since a fill used it last */
    bool code;         /* it has a code view */
    bool watched;      /* the owner wants to hear of the next store */
};

/* A root in use: the guest's CR3 and mode seen in one view. */
struct top {
    uint32_t root, pdpt;   /* 0: not looked up */
    const uint64_t *table; /* page of pdpt */
};

#define PENDING_MAX 256u
#define PATH_MAX    4u

struct shadow {
    struct shadow_config config;
    const struct shadow_ops *ops;
    void *world;
    struct shadow_mode mode;
    enum shadow_view view;
    uint32_t cr3;
    uint64_t pdptes[4];
    bool has_pdptes;         /* the guest's processor keeps them in registers */
    struct top top[2];       /* by view */
    uint32_t loaded;         /* root that the real CR3 may hold */
    bool flush;              /* entries that the real TLB may hold are gone */
    bool due;                /* flush, or another root, since shadow_take_flush() */
    uint32_t generation;     /* counts what shadow_generation() tells of */
    bool walking;            /* stores of the guest walk are our own */
    uint32_t path[PATH_MAX]; /* nodes that must not be recycled now */
    unsigned path_len;
    uint32_t pending[PENDING_MAX]; /* entries that were marked SPTE_STALE since the last flush */
    unsigned pending_len;
    unsigned loose; /* nodes of that sort */
    uint32_t free;  /* list through next_hash */
    uint32_t hand;  /* of the clock */
    unsigned hash_bits;
    struct shadow_stats stats;
    struct node *nodes;   /* [0 .. pool.count] */
    struct link *links;   /* [(pool.count + 1) * 512] */
    struct frame *frames; /* [ram_frames] */
    uint32_t *hash;       /* [1 << hash_bits] */
};

/*
 * A node's key: everything its content depends on. `frame` is a gfn for the nodes made from guest
 * tables, CR3 in units of 32 bytes for NODE_ROOT and _PDPT, a gpa in units of 2 MiB for
 * NODE_DIRECT, 0 for NODE_FLAT_DIR.
 */
static inline enum node_kind key_kind(uint64_t key)
{
    return key & 15;
}

static inline unsigned key_quadrant(uint64_t key)
{
    return key >> 4 & 3;
}

static inline enum shadow_view key_view(uint64_t key)
{
    return key >> 6 & 1;
}

static inline uint64_t key_frame(uint64_t key)
{
    return key >> 12;
}

static inline const struct node_traits *traits_of(const struct shadow *s, uint32_t node)
{
    return &node_traits[key_kind(s->nodes[node].key)];
}

static inline uint32_t entry_id(uint32_t node, unsigned index)
{
    return node * ENTRIES + index;
}

static inline uint64_t *entry_at(const struct shadow *s, uint32_t entry)
{
    return (uint64_t *)s->config.pool.pages + (entry - ENTRIES);
}

static inline uint32_t entry_node(uint32_t entry)
{
    return entry / ENTRIES;
}

static inline uint64_t node_hpa(const struct shadow *s, uint32_t node)
{
    return s->config.pool.pages_hpa + (uint64_t)(node - 1) * 4096;
}

/* The node that an entry above the leaves points to; 0 when it is not present. */
static inline uint32_t child_of(const struct shadow *s, uint32_t entry)
{
    return *entry_at(s, entry) & SPTE_P ? s->links[entry].target : 0;
}

static inline enum shadow_view access_view(unsigned access)
{
    return access & SHADOW_ACCESS_USER ? VIEW_USER : VIEW_KERNEL;
}

/* True when code of that view runs from code views. */
static inline bool runs_code_views(const struct shadow *s, enum shadow_view view)
{
    return view == VIEW_KERNEL || s->config.user_views;
}

/* node.c: nodes, their keys and where they come from. */
uint64_t node_key(const struct shadow *s, enum node_kind kind, uint64_t frame, unsigned quadrant,
                  enum shadow_view view);
void node_pool_init(struct shadow *s);
uint32_t node_find(const struct shadow *s, uint64_t key);
/* The node of that key, made when there is none; it is the next node of the path. `guess` is a node
 * that may well be it, or 0. */
uint32_t node_get(struct shadow *s, uint64_t key, uint32_t guess);
void node_free(struct shadow *s, uint32_t node);

/* link.c: entries and the lists they hang in. */
void entry_set(struct shadow *s, uint32_t entry, uint64_t spte, uint32_t target);
void entry_zap(struct shadow *s, uint32_t entry);

/* fill.c: what entries say. */
uint64_t leaf_spte(const struct shadow *s, enum shadow_view view, uint64_t gfn,
                   bool guest_writable);
uint64_t code_spte(const struct shadow *s, uint64_t spte, uint64_t view_hpa);
/* The kind of a frame, absent where there is no reverse map. */
enum frame_kind frame_lookup(const struct shadow *s, uint64_t gfn, uint64_t *hpa);
/* Makes the tables from the view's root to gva as the walk found them; returns the leaf entry. */
uint32_t fill_path(struct shadow *s, enum shadow_view view, uint32_t gva, const struct walk *w);
/* True when the guest's leaf entry lets the view write (fill_path() sees to the directory's share).
 */
bool fill_guest_writable(const struct shadow *s, enum shadow_view view, const struct walk *w);
/* The node `key` under entry `index` of `parent`, with these rights; one more node of the path. */
uint32_t fill_child(struct shadow *s, uint32_t parent, unsigned index, uint64_t key,
                    uint64_t rights);

/* code.c: the entry maps a code view now; its neighbours are told. */
void code_mapped(struct shadow *s, uint32_t entry);

/* root.c */
/* The PDPT of the current CR3 and mode in a view, made when there is none. Starts a path. */
uint32_t root_get(struct shadow *s, enum shadow_view view);
/* Keys of the PDPT of the current CR3 and mode in a view. */
uint64_t root_key(const struct shadow *s, enum node_kind kind, enum shadow_view view);
/* The guest's tables as a walk sees them now. */
struct walk_tables root_tables(const struct shadow *s);
/* The key of the PAE page directory that the PDPTE `index` names now; 0 when it names none, or when
 * the walk that links it has an accessed bit to set. */
uint64_t root_pae_directory(const struct shadow *s, unsigned index, enum shadow_view view);
/* Takes a link of a PDPT away unless it leads to the node of that key. */
void root_refresh(struct shadow *s, uint32_t link, uint64_t key);

/* track.c */
void track_protect(struct shadow *s, uint64_t gfn);
void track_add_table(struct shadow *s, uint32_t node);
void track_remove_table(struct shadow *s, uint32_t node);

/* A translation was removed or weakened: the real TLB, and whoever remembers one, must hear of it.
 */
static inline void translations_changed(struct shadow *s)
{
    s->flush = s->due = true;
    s->generation++;
}

/* flush.c */
void flush_mark_stale(struct shadow *s, uint32_t entry);
/* Applies what is pending for one node. */
void flush_node(struct shadow *s, uint32_t node);
/* Applies what is pending everywhere. */
void flush_pending(struct shadow *s);
/* Applies everything that is pending: shadow entries say again what the guest's tables say. */
void flush_all(struct shadow *s);

#endif
