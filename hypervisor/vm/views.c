#include "hypervisor/vm/views.h"

#include <string.h>

#include "hypervisor/mm/direct_map.h"
#include "hypervisor/vm/vm.h"

/* A page that was flipped this often between its code view and its data mapping is read by
 * emulation from then on. */
#define FLIPS_MAX 64

/* Nor is a page joined to the next for ever, when that does not last. */
#define JOINS_MAX 256

struct view {
    struct code_view code;
    uint64_t gfn;
    uint32_t flips;
    uint32_t joins;
    bool recent; /* asked for since the clock hand passed */
};

/* The memory is laid out as pages first (they have to be aligned), then views, then the map. */
static uint64_t page_bytes(unsigned count)
{
    return (uint64_t)count * PAGE_SIZE;
}

static uint64_t view_bytes(unsigned count)
{
    return (uint64_t)count * sizeof(struct view);
}

uint64_t views_memory_size(unsigned count, uint64_t frames)
{
    return page_bytes(count) + view_bytes(count) + frames * sizeof(uint16_t);
}

void views_init(struct code_views *views, void *memory, unsigned count, uint64_t frames)
{
    uint8_t *bytes = memory;
    *views = (struct code_views){
        .pages = bytes,
        .pages_hpa = direct_map_hpa(bytes),
        .pool = (struct view *)(bytes + page_bytes(count)),
        .of_frame = (uint16_t *)(bytes + page_bytes(count) + view_bytes(count)),
        .count = count,
        .frames = frames,
    };
}

void views_reset(struct code_views *views)
{
    memset(views->of_frame, 0, views->frames * sizeof(views->of_frame[0]));
    memset(views->pool, 0, view_bytes(views->count));
    views->used = 0;
    views->hand = 0;
}

static struct view *find(const struct code_views *views, uint64_t gfn)
{
    if (gfn >= views->frames || !views->of_frame[gfn])
        return NULL;
    return &views->pool[views->of_frame[gfn] - 1];
}

static unsigned index_of(const struct code_views *views, const struct view *view)
{
    return (unsigned)(view - views->pool);
}

/* Second chance: the first view under the hand that was not asked for since it last passed. */
static struct view *recycle(struct vm *vm)
{
    struct code_views *views = &vm->views;
    struct view *view;
    for (;;) {
        view = &views->pool[views->hand];
        views->hand = (views->hand + 1) % views->count;
        if (!view->recent)
            break;
        view->recent = false;
    }
    code_view_leave(&view->code);
    views->of_frame[view->gfn] = 0;
    shadow_set_code(vm->shadow, view->gfn, false);
    return view;
}

static struct view *make(struct vm *vm, uint64_t gfn, const uint8_t *source)
{
    struct code_views *views = &vm->views;
    struct view *view = views->used < views->count ? &views->pool[views->used++] : recycle(vm);
    unsigned index = index_of(views, view);
    view->gfn = gfn;
    view->flips = view->joins = 0;
    code_view_init(&view->code, views->pages + page_bytes(index), source, true);
    view->code.stops = views->stops;
    view->code.strict = vm->config.overlap == OVERLAP_STRICT;
    views->of_frame[gfn] = (uint16_t)(index + 1);
    return view;
}

uint64_t views_page(struct vm *vm, uint64_t gfn)
{
    struct view *view = find(&vm->views, gfn);
    const uint8_t *source = guest_frame_bytes(&vm->memory, gfn);
    if (!view && (gfn >= vm->views.frames || !source))
        return SHADOW_NO_HPA;
    if (!view)
        view = make(vm, gfn, source);
    view->recent = true;
    return vm->views.pages_hpa + page_bytes(index_of(&vm->views, view));
}

bool views_expose(struct vm *vm, uint64_t gpa)
{
    struct view *view = find(&vm->views, gpa / PAGE_SIZE);
    return view && code_view_expose(&view->code, gpa % PAGE_SIZE) == CODE_EXPOSED;
}

bool views_join(struct vm *vm, uint64_t gpa, uint64_t next_gpa)
{
    struct view *view = find(&vm->views, gpa / PAGE_SIZE);
    struct view *next = find(&vm->views, next_gpa / PAGE_SIZE);
    if (!view || !next || view->joins == JOINS_MAX)
        return false;
    view->joins++;
    return shadow_code_follows(vm->shadow, view->gfn, next->gfn) &&
           code_view_join(&view->code, gpa % PAGE_SIZE, &next->code) == CODE_EXPOSED;
}

void views_follow(struct vm *vm, uint64_t gfn, uint64_t next)
{
    struct view *a = find(&vm->views, gfn);
    struct view *b = find(&vm->views, next);
    if (a && a->code.next && (!b || a->code.next != &b->code))
        code_view_part(&a->code);
    if (b && b->code.prev && (!a || b->code.prev != &a->code))
        code_view_part(b->code.prev);
}

enum code_state views_query(struct vm *vm, uint64_t gpa)
{
    const struct view *view = find(&vm->views, gpa / PAGE_SIZE);
    return view ? code_view_query(&view->code, gpa % PAGE_SIZE) : CODE_TRAPS;
}

bool views_has(const struct vm *vm, uint64_t gpa)
{
    return find(&vm->views, gpa / PAGE_SIZE);
}

bool views_flips_often(struct vm *vm, uint64_t gpa)
{
    struct view *view = find(&vm->views, gpa / PAGE_SIZE);
    return !view || ++view->flips > FLIPS_MAX;
}

void views_set_stop(struct vm *vm, unsigned offset, bool on)
{
    struct code_views *views = &vm->views;
    uint64_t bit = 1ull << (offset % 64);
    if (on)
        views->stops[offset / 64] |= bit;
    else
        views->stops[offset / 64] &= ~bit;
    for (unsigned i = 0; i < views->used; i++)
        code_view_forget(&views->pool[i].code, offset);
}

void views_wrote(struct vm *vm, uint64_t gpa, unsigned len)
{
    struct view *view = find(&vm->views, gpa / PAGE_SIZE);
    const uint8_t *source = guest_frame_bytes(&vm->memory, gpa / PAGE_SIZE);
    if (view && source)
        code_view_sync(&view->code, source, gpa % PAGE_SIZE, len);
}
