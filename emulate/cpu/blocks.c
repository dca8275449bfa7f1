/* The cache: finding and making blocks, noting stores to code, and the TLB. */
#include "blocks.h"

#include <string.h>

#include "quick.h"

#define BLOCKS_MIN 16u

static size_t size_for(uint32_t blocks)
{
    return sizeof(struct cpu_cache) + blocks * sizeof(struct block);
}

size_t cpu_cache_min_size(void)
{
    return size_for(BLOCKS_MIN);
}

static void tlb_flush(struct cpu_cache *cache)
{
    struct tlb_entry *e = &cache->tlb[0][0][0];
    for (unsigned i = 0; i < 2 * TLB_KINDS * TLB_ENTRIES; i++)
        e[i].tag = TLB_EMPTY;
    cache->filled_in = *cache->generation;
}

struct cpu_cache *cpu_cache_init(const struct cpu_cache_config *config)
{
    struct cpu_cache *cache = config->memory;
    uint32_t blocks = BLOCKS_MIN;
    while (size_for(2 * blocks) <= config->size)
        blocks *= 2;
    cache->generation = config->generation;
    cache->block_mask = blocks - 1;
    tlb_flush(cache);
    return cache;
}

/* --- stores to code ---------------------------------------------------------------------------
 */

static const uint8_t *page_of(const void *bytes)
{
    return (const uint8_t *)bytes - ((uintptr_t)bytes & PAGE_OFFSET);
}

static struct code_page *page_slot(struct cpu_cache *cache, const uint8_t *page)
{
    uintptr_t n = (uintptr_t)page / PAGE_SIZE;
    return &cache->pages[(n ^ n >> 10) % CODE_PAGES];
}

static void note_store(struct cpu_cache *cache, const uint8_t *page)
{
    struct code_page *code = page_slot(cache, page);
    if (code->bytes == page)
        code->changed = ++cache->clock;
}

void cpu_cache_wrote(struct cpu_cache *cache, const void *bytes, size_t len)
{
    const uint8_t *first = page_of(bytes);
    const uint8_t *last = page_of((const uint8_t *)bytes + len - 1);
    for (const uint8_t *page = first; page <= last; page += PAGE_SIZE)
        note_store(cache, page);
}

void cpu_cache_distrust(struct cpu_cache *cache)
{
    cache->distrusted = ++cache->clock;
}

/* From here on stores to the page are seen. What was on record in its place is not, any more: its
 * blocks find that out when they look whether their bytes have changed. */
static struct code_page *track_page(struct cpu_cache *cache, const uint8_t *page)
{
    struct code_page *code = page_slot(cache, page);
    if (code->bytes == page)
        return code;
    *code = (struct code_page){.bytes = page, .changed = ++cache->clock};
    for (unsigned user = 0; user < 2; user++)
        for (unsigned i = 0; i < TLB_ENTRIES; i++)
            if (cache->tlb[user][TLB_WRITE][i].bytes == page)
                cache->tlb[user][TLB_WRITE][i].tag |= TLB_TRACKED;
    return code;
}

/* --- the TLB -----------------------------------------------------------------------------------
 */

void tlb_check(struct cpu_cache *cache)
{
    if (unlikely(cache->filled_in != *cache->generation))
        tlb_flush(cache);
}

static uint8_t *tlb_fill(const struct cpu *cpu, struct run *run, struct tlb_entry *e, uint32_t page,
                         unsigned kind)
{
    unsigned access = (cpu->cpl == 3 ? ACCESS_USER : 0) | (kind == TLB_WRITE ? ACCESS_WRITE : 0);
    uint8_t *bytes = run->ops->page ? run->ops->page(run->world, page, access) : NULL;
    tlb_check(run->cache); /* to find a page may cost others their place */
    if (!bytes)
        return NULL;
    *e = (struct tlb_entry){.tag = page, .bytes = bytes};
    if (kind == TLB_WRITE && page_slot(run->cache, bytes)->bytes == bytes)
        e->tag |= TLB_TRACKED;
    return bytes;
}

uint8_t *tlb_miss(const struct cpu *cpu, struct run *run, uint64_t lin, unsigned size,
                  unsigned kind)
{
    uint64_t page = lin & ~(uint64_t)PAGE_OFFSET;
    struct tlb_entry *e = &run->tlb[kind][lin / PAGE_SIZE % TLB_ENTRIES];
    if (lin > UINT32_MAX || (lin & PAGE_OFFSET) + size > PAGE_SIZE)
        return NULL;
    if ((e->tag & ~TLB_TRACKED) != page && !tlb_fill(cpu, run, e, (uint32_t)page, kind))
        return NULL;
    if (e->tag & TLB_TRACKED) {
        /* The instructions that follow may be the ones that are stored to. */
        if (run->block && e->bytes == run->block->page->bytes)
            return NULL;
        note_store(run->cache, e->bytes);
    }
    return e->bytes + (lin & PAGE_OFFSET);
}

/* --- blocks ------------------------------------------------------------------------------------
 */

/* Decodes the next instruction of a block; false when it does not lie in its page as a whole. */
static bool decode_next(const struct block *b, unsigned at, struct insn *insn)
{
    unsigned room = PAGE_SIZE - ((uintptr_t)b->source & PAGE_OFFSET);
    unsigned have = at >= room ? 0 : room - at < INSN_MAX_LENGTH ? room - at : INSN_MAX_LENGTH;
    return have && insn_decode(b->source + at, have, b->mode & MODE_CODE32, insn) == DECODE_OK;
}

/* Makes the slot of a decoded instruction. False: the block has no room for it. String instructions
 * are kept as a whole even where they have a function: it is for one direction only. */
static bool add_slot(struct block *b, const struct insn *insn, struct slot *s, bool *ends)
{
    bool quick = translate(insn, b->mode, s, ends);
    if (quick && !(insn->flags & INSN_STRING))
        return true;
    if (b->insns == BLOCK_INSNS)
        return false;
    if (!quick) {
        *ends = insn->flags & (INSN_REL | INSN_INDIRECT | INSN_STOP | INSN_STRING);
        s->run = *ends ? execute_last : execute_insn;
    }
    b->insn[b->insns] = *insn;
    s->insn = b->insns++;
    return true;
}

/* Slots up to the end of a run; the last one ends the block. */
static void fill_slots(struct block *b)
{
    unsigned at = 0;
    bool ends = false;
    struct insn insn;
    b->count = b->insns = 0;
    b->sensitive = false;
    while (!ends && b->count < BLOCK_SLOTS && at < BLOCK_BYTES && decode_next(b, at, &insn)) {
        if (!insn_harmless(&insn)) {
            b->sensitive = !(insn.flags & (INSN_INVALID | INSN_ABSENT));
            break;
        }
        struct slot *s = &b->slots[b->count];
        *s = (struct slot){.at = (uint8_t)at, .end = (uint8_t)(at + insn.length)};
        if (!add_slot(b, &insn, s, &ends))
            break;
        at += insn.length;
        b->count++;
    }
    b->length = (uint8_t)at;
    b->slots[b->count] =
        (struct slot){.run = b->count ? end_block : leave_slot, .end = (uint8_t)at};
}

/* An empty block is kept, too: it says that there is nothing to be executed here. It depends on all
 * bytes that the decoder may have seen. */
static void make_block(struct block *b, struct cpu_cache *cache, const uint8_t *source,
                       unsigned mode)
{
    unsigned room = PAGE_SIZE - ((uintptr_t)source & PAGE_OFFSET);
    b->source = source;
    b->mode = (uint8_t)mode;
    b->page = track_page(cache, page_of(source));
    fill_slots(b);
    if (!b->count)
        b->length = room < INSN_MAX_LENGTH ? (uint8_t)room : INSN_MAX_LENGTH;
    memcpy(b->bytes, source, b->length);
    b->checked = cache->clock;
}

static void recheck_block(struct block *b, struct cpu_cache *cache, const uint8_t *source,
                          unsigned mode)
{
    if (b->source != source || b->mode != mode || memcmp(source, b->bytes, b->length) != 0) {
        make_block(b, cache, source, mode);
        return;
    }
    b->page = track_page(cache, page_of(source));
    b->checked = cache->clock;
}

const struct block *block_find(const struct cpu *cpu, struct run *run)
{
    struct cpu_cache *cache = run->cache;
    uint32_t lin = cpu->seg[SEG_CS].base + cpu->eip;
    const struct tlb_entry *e = &run->tlb[TLB_READ][lin / PAGE_SIZE % TLB_ENTRIES];
    const uint8_t *source = likely(e->tag == lin - lin % PAGE_SIZE)
                                ? e->bytes + lin % PAGE_SIZE
                                : tlb_miss(cpu, run, lin, 1, TLB_READ);
    if (unlikely(!source))
        return NULL;
    uintptr_t hash = (uintptr_t)source ^ (uintptr_t)source >> 12;
    struct block *b = &cache->blocks[hash & cache->block_mask];
    if (unlikely(b->source != source || b->mode != run->mode || b->checked < b->page->changed ||
                 b->checked < cache->distrusted))
        recheck_block(b, cache, source, run->mode);
    return b;
}
