/*
 * Shadow page tables: what the real MMU walks in place of a 32-bit guest's own tables.
 *
 * A guest table frame is shadowed once per (level, quadrant, view, mode) and shared by every root
 * that reaches it. Shadow entries are a TLB: filled on a miss, never refreshed by a mere store to a
 * guest table, brought up to date when the guest flushes (INVLPG, CR3, CR0, CR4). Guest table
 * frames are write-protected in every mapping; a store to one is emulated, reaches guest memory at
 * once and is remembered until the next flush.
 *
 * Pure: no allocation (all memory is the caller's), no hardware. Pages of the pool are addressed
 * both as pointers and as host-physical addresses through `struct shadow_pool`.
 */
#ifndef UMBRA_SHADOW_PT_SHADOW_H
#define UMBRA_SHADOW_PT_SHADOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Two pictures of the same guest address space (design, section 1). */
enum shadow_view {
    VIEW_KERNEL, /* virtual CPL 0..2: supervisor and user pages, all as user pages; code only from
                    code views */
    VIEW_USER,   /* virtual CPL 3: user pages only, code runs from the guest's own frames, or
                    (user_views) from code views, too */
};

/* The guest's paging mode, from its CR0 and CR4. */
struct shadow_mode {
    bool paging; /* CR0.PG */
    bool wp;     /* CR0.WP */
    bool pse;    /* CR4.PSE */
    bool pae;    /* CR4.PAE: entries of 64 bits, in three levels */
};

#define SHADOW_ACCESS_WRITE 1u
#define SHADOW_ACCESS_USER  2u /* with the rights of virtual CPL 3 */
#define SHADOW_ACCESS_FETCH 4u

#define SHADOW_NO_HPA   UINT64_MAX
#define SHADOW_NO_FRAME UINT64_MAX

/* What lies behind a guest-physical frame. */
enum frame_kind { FRAME_RAM, FRAME_ROM, FRAME_ABSENT };

/* The world outside: guest-physical memory and code views. */
struct shadow_ops {
    /* Kind of the frame; *hpa is its host-physical address for RAM and ROM. */
    enum frame_kind (*frame)(void *world, uint64_t gfn, uint64_t *hpa);
    /* Reads a guest table entry of 4 or 8 bytes at gpa; absent memory reads as on the native
     * machine. */
    uint64_t (*read_entry)(void *world, uint64_t gpa, unsigned bytes);
    /* Sets accessed/dirty bits: stores the low 4 bytes of the entry through gpa_write (but see
     * shadow_guest_wrote(): the module ignores its own stores). */
    void (*write_entry)(void *world, uint64_t gpa, uint32_t value);
    /* Host-physical address of the code view of a frame, made when there is none yet;
     * SHADOW_NO_HPA when it cannot have one now (then the fetch ends as SHADOW_INTERPRET). May call
     * shadow_set_code() for any frame, and nothing else of this module. */
    uint64_t (*code_view)(void *world, uint64_t gfn);
    /* A code view was mapped: of the frame `next`, behind that of `gfn`; one of them is
     * SHADOW_NO_FRAME where the other's neighbour is not known. May call nothing of this module. */
    void (*code_follows)(void *world, uint64_t gfn, uint64_t next);
    /* The first store to a frame since shadow_watch() is about to be made, or was made just now.
     * May call nothing of this module. */
    void (*watched_write)(void *world, uint64_t gfn);
};

/* Memory for shadow tables: `count` 4 KiB pages, physically anywhere. */
struct shadow_pool {
    void *pages;        /* count * 4096 bytes, page-aligned */
    uint64_t pages_hpa; /* host-physical address of `pages` (contiguous) */
    unsigned count;
};

struct shadow_config {
    struct shadow_pool pool;
    uint64_t ram_frames; /* frames 0 .. ram_frames-1 may be RAM or ROM and get a reverse map */
    const uint64_t *monitor_pml4; /* 512 entries: entries other than 0 are copied to every root */
    bool user_views;              /* user code runs from code views, too */
    bool protection_keys;         /* code views are execute-only by key 1 */
    bool rsvd_sets_p; /* #PF for a reserved bit has P set (silicon, Bochs; QEMU: clear) */
    void *memory;     /* shadow_memory_size() bytes for the bookkeeping, zeroed */
};

/* Bytes of bookkeeping that a shadow of this size needs. */
size_t shadow_memory_size(unsigned pool_pages, uint64_t ram_frames);

struct shadow;

/* How an access ended. */
enum shadow_result {
    SHADOW_FILLED,      /* the shadow maps it now: resume (or: *out is valid) */
    SHADOW_GUEST_FAULT, /* the guest's own #PF: out->error */
    SHADOW_MMIO,        /* no RAM there: emulate the access at out->gpa */
    SHADOW_TABLE_WRITE, /* a store to a tracked frame (guest table, code view), or by user code to a
                           watched one: emulate it */
    SHADOW_CODE_DATA,   /* a data access to a page that is mapped for execution only: interpret the
                           instruction, or shadow_map_as_data() and resume */
    SHADOW_INTERPRET,   /* code that cannot run natively: interpret */
};

struct shadow_access {
    uint64_t gpa;   /* of the byte at gva, when translated */
    uint32_t error; /* #PF error code as the guest sees it: P W U RSVD (I/D never: the guest has no
                       NX); valid with SHADOW_GUEST_FAULT */
};

/* The least pool that always works: the roots loaded, current and of the other view, and a path. */
#define SHADOW_POOL_MIN 8u

/* Sets up an empty shadow; config->memory becomes the struct shadow. Mode: paging off, kernel view.
 * NULL when the pool has fewer than SHADOW_POOL_MIN pages. */
struct shadow *shadow_init(const struct shadow_config *config, const struct shadow_ops *ops,
                           void *world);
/* Forgets everything (VM reset), as after shadow_init(). The processor may be running on the root
 * that shadow_root() returned last: that one keeps the monitor's entries. */
void shadow_reset(struct shadow *s);

/*
 * A page fault of the real MMU at gva, or an access that is about to be made natively: makes the
 * root of the view that `access` (SHADOW_ACCESS_*) belongs to map it, walking the guest's tables
 * (the walk sets accessed and dirty bits as hardware would). out->gpa is valid unless the result is
 * SHADOW_GUEST_FAULT.
 */
enum shadow_result shadow_fault(struct shadow *s, uint32_t gva, unsigned access,
                                struct shadow_access *out);

/*
 * Translates for an emulated access, with TLB semantics: a live shadow entry that allows the access
 * is used as it is, even when the guest's table says something else by now; otherwise as
 * shadow_fault(). Returns FILLED with out->gpa also for tracked frames and code pages (an emulated
 * access may touch them), GUEST_FAULT, or MMIO.
 */
enum shadow_result shadow_translate(struct shadow *s, uint32_t gva, unsigned access,
                                    struct shadow_access *out);

/*
 * The quick half of shadow_translate(): host-physical address of the byte at gva, when a live data
 * entry allows the access as it is, with nothing to set, track or emulate; else SHADOW_NO_HPA.
 */
uint64_t shadow_hit(const struct shadow *s, uint32_t gva, unsigned access);

/* Makes the current root map gva's page to the guest's frame for data (no execution) until the next
 * fetch from it. */
void shadow_map_as_data(struct shadow *s, uint32_t gva);

/* Someone stored to guest-physical memory: call for frames that shadow_tracked() names. Entries of
 * guest tables in that range are remembered as stale until the next flush. */
void shadow_guest_wrote(struct shadow *s, uint64_t gpa, unsigned len);
/* True when stores to the frame must be emulated: it is a guest table or has a code view. */
bool shadow_tracked(const struct shadow *s, uint64_t gfn);

/*
 * Watching a frame: its mappings lose W, but stores are not emulated for long. The first one ends
 * the watch and is told to ops->watched_write(); kernel code then stores natively again. A store by
 * user code is SHADOW_TABLE_WRITE: a frame that is watched again whenever user code runs would
 * never let it pass. Whoever else stores to guest-physical memory calls shadow_unwatch().
 */
void shadow_watch(struct shadow *s, uint64_t gfn);
bool shadow_watched(const struct shadow *s, uint64_t gfn);
/* Ends a watch, if there is one, and tells. */
void shadow_unwatch(struct shadow *s, uint64_t gfn);

/* A code view was made for, or taken from, a frame: from now on its mappings are (not) write-
 * protected. Taking it drops the execute mappings of the frame. */
void shadow_set_code(struct shadow *s, uint64_t gfn, bool viewed);
/* True when wherever the code views of both frames are mapped, `next` is behind `gfn`; what changes
 * that is told to ops->code_follows(). */
bool shadow_code_follows(const struct shadow *s, uint64_t gfn, uint64_t next);
/* Drops every mapping of a frame and everything that was made from its content (its kind or its
 * backing changed). */
void shadow_drop_frame(struct shadow *s, uint64_t gfn);

/*
 * The four PDPTE registers of PAE paging, as the processor loaded and checked them; NULL, the
 * default, for a processor that has none and reads the table in memory on each walk, A included, as
 * QEMU does. Counts from the next shadow_set_cr3() or shadow_set_mode() on.
 */
void shadow_set_pdptes(struct shadow *s, const uint64_t pdptes[4]);
/* MOV CR3 (any value: the bits that are no address are ignored here): everything the guest changed
 * in its tables counts from now on; the root of (cr3, view, mode) is found again or made. */
void shadow_set_cr3(struct shadow *s, uint32_t cr3);
/* CR0 or CR4 was written: as a flush, in the mode that holds now. */
void shadow_set_mode(struct shadow *s, struct shadow_mode mode);
/* The virtual CPL changed between 0..2 and 3. Flushes nothing. */
void shadow_set_view(struct shadow *s, enum shadow_view view);
/* Both that and shadow_root() where the other view's root is known and nothing else is due: its
 * address. Else 0, and nothing is done. */
uint64_t shadow_switch_view(struct shadow *s, enum shadow_view view);
/* INVLPG: what the guest changed in the entries that translate gva counts from now on, in both
 * views; a large page goes whole. */
void shadow_invlpg(struct shadow *s, uint32_t gva);

/* Host-physical address of the current root (PML4). It changes with CR3, mode and view. The root
 * that was returned last is taken to be in the real CR3 and is not recycled until another one is
 * asked for. */
uint64_t shadow_root(struct shadow *s);
/* True when shadow_root() or shadow_take_flush() may have news since the latter was asked last. */
bool shadow_root_due(const struct shadow *s);
/* True once when entries that the real TLB may hold were removed or weakened since the last call:
 * the caller reloads CR3. */
bool shadow_take_flush(struct shadow *s);

/* Counts since shadow_init() or shadow_reset(). */
/* A count that changes whenever a translation that shadow_hit() gave may no longer be good: entries
 * were removed or weakened, or CR3 or the mode has changed. */
const uint32_t *shadow_generation(const struct shadow *s);

struct shadow_stats {
    uint64_t fills;      /* leaf entries filled */
    uint64_t nodes_made; /* shadow tables made */
    uint64_t recycled;   /* shadow tables taken back from others because the pool was empty */
    uint64_t roots_made;
    uint64_t roots_found; /* CR3 loads that found their root again */
    uint64_t flips;       /* code <-> data mappings */
    unsigned pages_used;
};
struct shadow_stats shadow_stats(const struct shadow *s);

/* Guest tables as a walk sees them. */
struct walk_tables {
    const struct shadow_ops *ops;
    void *world;
    struct shadow_mode mode;
    uint32_t cr3;
    bool rsvd_sets_p;
    const uint64_t *pdptes; /* PDPTE registers, or NULL: see shadow_set_pdptes() */
};

/* A guest walk. pde and pte are as they are in memory after it; pte is 0 for a large page, both are
 * 0 with paging off. The addresses of entries that were not reached are 0. */
struct walk {
    uint64_t gpa;        /* of the byte */
    bool writable, user; /* combined rights of PDE and PTE */
    bool large;          /* a page of 4 MiB, or of 2 MiB under PAE */
    bool dirty;          /* D of the leaf */
    uint32_t error;      /* when it failed */
    uint64_t pde_gpa, pte_gpa;
    uint64_t pde, pte;
};

/*
 * Walks the guest's tables for an access (SHADOW_ACCESS_*) at gva and sets A and D when and where
 * hardware would (SDM vol. 3, 4.3, 4.4 and 4.8). False when the guest gets #PF: w->error. Keeps no
 * state and needs no shadow.
 */
bool shadow_walk(const struct walk_tables *tables, uint32_t gva, unsigned access, struct walk *w);

/* The page-directory-pointer-table entry that holds now. */
uint64_t shadow_read_pdpte(const struct walk_tables *tables, unsigned index);
/* True when an entry of a page table maps a page: *gfn. */
bool shadow_pte_maps(struct shadow_mode mode, uint64_t pte, uint64_t *gfn);

/* Checks the invariants of the whole structure (tests and debug builds): every link, every count.
 * Returns NULL, or what is wrong. */
const char *shadow_check(const struct shadow *s);

#endif
