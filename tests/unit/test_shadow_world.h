/*
 * A small machine around a shadow, for its tests: 64 frames of guest-physical memory, code views,
 * and an x86-64 walker that reads the tables the shadow makes as the processor would.
 */
#ifndef UMBRA_TESTS_UNIT_TEST_SHADOW_WORLD_H
#define UMBRA_TESTS_UNIT_TEST_SHADOW_WORLD_H

#include <stdlib.h>
#include <string.h>

#include "shadow_pt/shadow.h"

#define FRAMES    64u /* with a reverse map; above is nothing */
#define ROM_FIRST 48u /* four frames of ROM, then four of nothing, then RAM again */
#define GAP_FIRST 52u
#define GAP_END   56u

#define RAM_HPA  0x100000000ull
#define CODE_HPA 0x200000000ull
#define POOL_HPA 0x300000000ull

/* Guest entry flags. */
#define P  0x01u
#define W  0x02u
#define U  0x04u
#define A  0x20u
#define D  0x40u
#define PS 0x80u

struct world {
    struct shadow *s;
    uint32_t mem[FRAMES][1024];
    bool viewed[FRAMES];
    bool watched[FRAMES]; /* shadow_watch() was asked for, and no store was told since */
    bool refuse_views;
    uint64_t joined[FRAMES]; /* by frame: whose code lies behind it wherever both execute; or 0 */
    uint64_t evict;          /* making a view drops the one of this frame */
    uint32_t nothing;        /* what absent memory reads as */
    void (*stored)(struct world *w, uint64_t gpa); /* a word changed */
    void *pages, *memory;
    uint64_t pml4[512];
};

/* What the processor finds at a linear address. */
struct hw {
    bool present, w, u, nx;
    unsigned key;
    uint64_t hpa; /* of the page */
};

static inline enum frame_kind kind_of(uint64_t gfn)
{
    if (gfn >= FRAMES || (gfn >= GAP_FIRST && gfn < GAP_END))
        return FRAME_ABSENT;
    return gfn >= ROM_FIRST && gfn < GAP_FIRST ? FRAME_ROM : FRAME_RAM;
}

static inline enum frame_kind world_frame(void *world, uint64_t gfn, uint64_t *hpa)
{
    (void)world;
    *hpa = RAM_HPA + (gfn << 12);
    return kind_of(gfn);
}

static inline uint32_t world_word(const struct world *w, uint64_t gpa)
{
    return kind_of(gpa >> 12) == FRAME_ABSENT ? w->nothing : w->mem[gpa >> 12][gpa >> 2 & 1023];
}

static inline uint64_t world_read(void *world, uint64_t gpa, unsigned bytes)
{
    uint64_t high = bytes == 8 ? world_word(world, gpa + 4) : 0;
    return high << 32 | world_word(world, gpa);
}

/* A store to guest memory with everything that belongs to it. */
static inline void gpa_write(void *world, uint64_t gpa, uint32_t value)
{
    struct world *w = world;
    if (kind_of(gpa >> 12) != FRAME_RAM)
        return;
    w->mem[gpa >> 12][gpa >> 2 & 1023] = value;
    if (w->stored)
        w->stored(w, gpa);
    if (shadow_tracked(w->s, gpa >> 12))
        shadow_guest_wrote(w->s, gpa, 4);
    shadow_unwatch(w->s, gpa >> 12);
}

static inline void world_watch(struct world *w, uint64_t gfn)
{
    shadow_watch(w->s, gfn);
    w->watched[gfn] = true;
}

static inline void world_watched_write(void *world, uint64_t gfn)
{
    struct world *w = world;
    w->watched[gfn] = false;
}

static inline void world_drop_view(struct world *w, uint64_t gfn)
{
    w->viewed[gfn] = false;
    for (unsigned i = 0; i < FRAMES; i++)
        if (i == gfn || w->joined[i] == gfn)
            w->joined[i] = 0;
    shadow_set_code(w->s, gfn, false);
}

static inline uint64_t world_code_view(void *world, uint64_t gfn)
{
    struct world *w = world;
    if (w->refuse_views)
        return SHADOW_NO_HPA;
    if (w->viewed[w->evict] && w->evict != gfn)
        world_drop_view(w, w->evict);
    if (!w->viewed[gfn])
        shadow_set_code(w->s, gfn, true);
    w->viewed[gfn] = true;
    return CODE_HPA + (gfn << 12);
}

static inline void world_code_follows(void *world, uint64_t gfn, uint64_t next)
{
    struct world *w = world;
    for (unsigned i = 0; i < FRAMES; i++)
        if (w->joined[i] && (i == gfn) != (w->joined[i] == next))
            w->joined[i] = 0;
}

static const struct shadow_ops world_ops = {
    world_frame, world_read, gpa_write, world_code_view, world_code_follows, world_watched_write};

static inline void world_init_views(struct world *w, unsigned pool_pages, bool user_views)
{
    memset(w, 0, sizeof *w);
    w->nothing = UINT32_MAX;
    for (unsigned i = 0; i < 512; i++)
        w->pml4[i] = i % 3 ? 0x0010000000000063ull + ((uint64_t)i << 32) : 0;
    w->pages = aligned_alloc(4096, (size_t)pool_pages * 4096);
    w->memory = calloc(1, shadow_memory_size(pool_pages, FRAMES));
    memset(w->pages, 0x5a, (size_t)pool_pages * 4096);
    struct shadow_config config = {
        .pool = {w->pages, POOL_HPA, pool_pages},
        .ram_frames = FRAMES,
        .monitor_pml4 = w->pml4,
        .user_views = user_views,
        .protection_keys = true,
        .memory = w->memory,
    };
    w->s = shadow_init(&config, &world_ops, w);
}

static inline void world_init(struct world *w, unsigned pool_pages)
{
    world_init_views(w, pool_pages, false);
}

static inline void world_done(struct world *w)
{
    free(w->pages);
    free(w->memory);
}

static inline const uint64_t *pool_table(const struct world *w, uint64_t hpa)
{
    return (const uint64_t *)((const char *)w->pages + ((hpa & 0xffffffffff000ull) - POOL_HPA));
}

/* The processor's walk (SDM vol. 3, 4.5). */
static inline struct hw hw_walk(struct world *w, uint32_t gva)
{
    struct hw hw = {.w = true, .u = true};
    uint64_t entry = shadow_root(w->s);
    for (int shift = 39; shift >= 12; shift -= 9) {
        entry = pool_table(w, entry)[(uint64_t)gva >> shift & 511];
        if (!(entry & 1))
            return (struct hw){0};
        hw.w &= entry >> 1 & 1;
        hw.u &= entry >> 2 & 1;
        hw.nx |= entry >> 63;
    }
    hw.present = true;
    hw.key = entry >> 59 & 15;
    hw.hpa = entry & 0xffffffffff000ull;
    return hw;
}

#endif
