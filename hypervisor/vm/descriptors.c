#include "hypervisor/vm/descriptors.h"

#include <string.h>

#include "hypervisor/vm/descriptor_rule.h"
#include "hypervisor/vm/vm.h"
#include "hypervisor/vm/world.h"

#define NO_FRAME UINT64_MAX

/* A watch that ends within so many user entries, so many times in a row, costs more than it saves;
 * the frame is polled for the next so many entries. */
#define SOON       4u
#define ALARMS_MAX 8u
#define POLLED_FOR 4096u

static uint64_t *real_table(unsigned which)
{
    return which ? host_ldt() : host_gdt();
}

/* --- where the guest's tables lie --------------------------------------------------------------
 */

/* 2 MiB of linear memory: behind a page table, frame after frame from `gfn` on, or not mapped. */
#define REGION_PAGES 512u

struct region {
    struct shadow_mode mode;
    const uint8_t *table; /* the first of its entries */
    uint64_t gfn;
};

static unsigned entry_bytes(const struct region *region)
{
    return region->mode.pae ? 8 : 4;
}

static struct region find_region(struct vm *vm, uint32_t lin)
{
    struct region region = {.mode = world_paging_mode(vm), .gfn = NO_FRAME};
    struct walk walk;
    bool mapped = world_walk_quietly(vm, lin, &walk);
    if (walk.pte_gpa) {
        unsigned in_table = walk.pte_gpa & (entry_bytes(&region) * REGION_PAGES - 1);
        const uint8_t *table = guest_frame_bytes(&vm->memory, walk.pte_gpa / PAGE_SIZE);
        if (table)
            region.table = table + walk.pte_gpa % PAGE_SIZE - in_table;
    } else if (mapped) {
        region.gfn = walk.gpa / PAGE_SIZE & ~(uint64_t)(REGION_PAGES - 1);
    }
    return region;
}

static uint64_t frame_in(const struct region *region, uint32_t lin)
{
    uint64_t index = lin / PAGE_SIZE % REGION_PAGES, pte = 0, gfn;
    if (!region->table)
        return region->gfn == NO_FRAME ? NO_FRAME : region->gfn + index;
    memcpy(&pte, region->table + index * entry_bytes(region), entry_bytes(region));
    return shadow_pte_maps(region->mode, pte, &gfn) ? gfn : NO_FRAME;
}

/* Walks quietly: no accessed bit is set where the bare machine would set none. */
static void find_frames(struct vm *vm, struct table_view *t)
{
    struct region region = {0};
    for (unsigned p = 0; p < t->pages; p++) {
        uint32_t lin = (t->base & ~(PAGE_SIZE - 1)) + p * PAGE_SIZE;
        if (p == 0 || lin / PAGE_SIZE % REGION_PAGES == 0)
            region = find_region(vm, lin);
        uint64_t gfn = frame_in(&region, lin);
        if (gfn == t->page[p].gfn)
            continue;
        t->page[p] = (struct table_page){.gfn = gfn, .watched_at = NO_FRAME};
    }
}

/* --- reading them ------------------------------------------------------------------------------
 */

/* Byte by byte: the second half may lie in another frame. */
static uint64_t read_torn(const struct table_view *t, unsigned at)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++) {
        const uint8_t *bytes = t->page[(at + i) / PAGE_SIZE].bytes;
        if (!bytes)
            return 0;
        value |= (uint64_t)bytes[(at + i) % PAGE_SIZE] << 8 * i;
    }
    return value;
}

static uint64_t read_guest(const struct table_view *t, unsigned index)
{
    unsigned at = t->base % PAGE_SIZE + index * 8;
    const uint8_t *bytes = t->page[at / PAGE_SIZE].bytes;
    uint64_t value;
    if (at % PAGE_SIZE > PAGE_SIZE - 8)
        return read_torn(t, at);
    if (!bytes)
        return 0;
    memcpy(&value, bytes + at % PAGE_SIZE, sizeof(value));
    return value;
}

static bool see(struct table_view *t, uint64_t *real, unsigned index, uint64_t guest)
{
    if (guest == t->seen[index])
        return false;
    t->seen[index] = guest;
    real[index] = rule_descriptor(guest);
    return true;
}

/* The descriptors that lie in one page, the one that only ends there included. */
static bool read_page(struct vm *vm, unsigned which, unsigned p)
{
    struct table_view *t = &vm->descriptors.table[which];
    unsigned start = p * PAGE_SIZE, offset = t->base % PAGE_SIZE;
    unsigned first = p ? (start - offset) / 8 : 0;
    unsigned end = (start + PAGE_SIZE - offset + 7) / 8;
    bool changed = false;
    if (!which && !first)
        first = 1; /* the null selector's */
    for (unsigned i = first; i < end && i < t->count; i++)
        changed |= see(t, real_table(which), i, read_guest(t, i));
    return changed;
}

/* --- keeping in step ---------------------------------------------------------------------------
 */

/* Watches the page's frame, unless that does not pay. */
static void watch_page(struct vm *vm, struct table_page *page)
{
    struct descriptor_views *d = &vm->descriptors;
    if (d->entries < page->poll_until) {
        d->polling = true;
        return;
    }
    if (page->watched_at != NO_FRAME)
        page->alarms = d->entries - page->watched_at < SOON ? page->alarms + 1 : 0;
    page->watched_at = d->entries;
    if (page->alarms < ALARMS_MAX) {
        shadow_watch(vm->shadow, page->gfn);
        return;
    }
    page->alarms = 0;
    page->watched_at = NO_FRAME;
    page->poll_until = d->entries + POLLED_FOR;
    d->polling = true;
}

/* The pages to be read again, as bits: new ones, and those whose frames are not watched any more.
 */
static uint32_t pages_to_read(const struct vm *vm, const struct table_view *t)
{
    uint32_t pages = 0;
    for (unsigned p = 0; p < t->pages; p++) {
        const struct table_page *page = &t->page[p];
        bool same = page->known && (!page->bytes || shadow_watched(vm->shadow, page->gfn));
        pages |= (uint32_t)!same << p;
    }
    return pages;
}

/* All frames first, for a descriptor may lie in two of them. */
static bool read_pages(struct vm *vm, unsigned which, uint32_t pages)
{
    struct table_view *t = &vm->descriptors.table[which];
    bool changed = false;
    for (unsigned p = 0; pages >> p; p++) {
        struct table_page *page = &t->page[p];
        if (!(pages >> p & 1))
            continue;
        page->bytes = page->gfn == NO_FRAME ? NULL : guest_frame_bytes(&vm->memory, page->gfn);
        page->known = true;
        if (page->bytes)
            watch_page(vm, page);
    }
    for (unsigned p = 0; pages >> p; p++) {
        if (pages >> p & 1)
            changed |= read_page(vm, which, p);
    }
    return changed;
}

/* The table register says something new: nothing is known of its pages. */
static bool place(struct table_view *t, unsigned which, uint32_t base, uint32_t limit)
{
    unsigned slots = which ? DESCRIPTOR_TABLE_ENTRIES : SLOT_GUEST_END;
    unsigned count = limit / 8 < slots ? limit / 8 + (limit % 8 == 7) : slots;
    bool changed = false;
    for (unsigned i = count; i < t->count; i++)
        changed |= see(t, real_table(which), i, 0);
    t->base = base;
    t->limit = limit;
    t->count = count;
    t->pages = count ? (base % PAGE_SIZE + count * 8 - 1) / PAGE_SIZE + 1 : 0;
    for (unsigned p = 0; p < TABLE_PAGES; p++)
        t->page[p] = (struct table_page){.gfn = NO_FRAME, .watched_at = NO_FRAME};
    return changed;
}

static bool find_table(struct vm *vm, unsigned which, uint32_t base, uint32_t limit)
{
    struct table_view *t = &vm->descriptors.table[which];
    bool moved = base != t->base || limit != t->limit;
    bool changed = moved && place(t, which, base, limit);
    if (moved || vm->descriptors.generation != *vm->generation)
        find_frames(vm, t);
    return changed;
}

/* Both tables may lie in one frame: which pages to read is known before one is watched again. */
static bool read_tables(struct vm *vm)
{
    struct descriptor_views *d = &vm->descriptors;
    uint32_t gdt = pages_to_read(vm, &d->table[0]);
    uint32_t ldt = pages_to_read(vm, &d->table[1]);
    bool changed = gdt && read_pages(vm, 0, gdt);
    return (ldt && read_pages(vm, 1, ldt)) || changed;
}

static void show(const struct table_view *t, uint64_t *real)
{
    for (unsigned i = 0; i < t->count; i++)
        real[i] = rule_descriptor(t->seen[i]);
}

static bool update(struct vm *vm)
{
    struct descriptor_views *d = &vm->descriptors;
    const struct cpu *cpu = &vm->vcpu.cpu;
    bool changed = !d->loaded;
    if (changed) {
        show(&d->table[0], real_table(0));
        show(&d->table[1], real_table(1));
    }
    d->loaded = true;
    d->stale = d->polling = false;
    changed |= find_table(vm, 0, cpu->gdtr.base, cpu->gdtr.limit);
    changed |= find_table(vm, 1, cpu->seg[SEG_LDTR].base, cpu->seg[SEG_LDTR].limit);
    changed |= read_tables(vm);
    d->generation = *vm->generation; /* watching takes rights away, which counts */
    if (changed)
        descriptors_restore(vm);
    return changed;
}

bool descriptors_update(struct vm *vm)
{
    struct descriptor_views *d = &vm->descriptors;
    const struct cpu *cpu = &vm->vcpu.cpu;
    const struct segment *ldtr = &cpu->seg[SEG_LDTR];
    d->entries++;
    bool same = !d->stale && !d->polling && d->generation == *vm->generation &&
                d->table[0].base == cpu->gdtr.base && d->table[0].limit == cpu->gdtr.limit &&
                d->table[1].base == ldtr->base && d->table[1].limit == ldtr->limit;
    return !same && update(vm);
}

void descriptors_touch(struct vm *vm)
{
    vm->descriptors.stale = true;
}

static bool holds(const struct table_view *t, uint32_t lin)
{
    return lin / PAGE_SIZE - t->base / PAGE_SIZE < t->pages;
}

/* A page that the shadow does not map leaves no other trace. */
void descriptors_invlpg(struct vm *vm, uint32_t lin)
{
    struct descriptor_views *d = &vm->descriptors;
    if (holds(&d->table[0], lin) || holds(&d->table[1], lin))
        d->generation = *vm->generation - 1;
}

/* --- deviations --------------------------------------------------------------------------------
 */

/* The caller restores before a register deviates a second time. */
void descriptors_deviate(struct vm *vm, uint16_t selector, uint64_t descriptor)
{
    struct descriptor_views *d = &vm->descriptors;
    *descriptor_slot(selector) = descriptor;
    if (d->deviations < DEVIATIONS_MAX)
        d->deviating[d->deviations++] = selector;
}

bool descriptors_restore(struct vm *vm)
{
    struct descriptor_views *d = &vm->descriptors;
    bool any = d->deviations;
    while (d->deviations) {
        uint16_t selector = d->deviating[--d->deviations];
        const struct table_view *t = &d->table[selector >> 2 & 1];
        *descriptor_slot(selector) = rule_descriptor(t->seen[selector >> 3]);
    }
    return any;
}

void descriptors_unload(struct vm *vm)
{
    struct descriptor_views *d = &vm->descriptors;
    descriptors_restore(vm);
    for (unsigned which = 0; which < 2; which++)
        memset(real_table(which), 0, d->table[which].count * sizeof(uint64_t));
    d->loaded = false;
    d->stale = true;
}
