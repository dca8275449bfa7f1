/*
 * Shadow page tables against a model: random guest tables (self-referring, in ROM, in nothing),
 * random accesses, stores, flushes and switches, with pools from the smallest up. The model
 * remembers every value that a table word had since the last flush, and so knows what a TLB of any
 * size and any policy of eviction could hold. After each step:
 *  - the answer is one that a real MMU could have given, and a fault is what the tables say now;
 *  - guest memory changed by nothing but the walk's accessed and dirty bits;
 *  - every mapping the processor can reach is allowed by such a TLB, points to the right frame,
 * does not let a tracked frame be written nor data be executed in the kernel view;
 *  - a TLB that is emptied only when the shadow asks for it allows nothing that the tables forbid.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/test_shadow_world.h"

#define TABLES   16u /* frames 0 .. 15 may be guest tables in RAM */
#define VERSIONS 24u
#define PAGES    56u
#define STEPS    2500u
#define NEVER    UINT64_MAX

struct version {
    uint64_t value;
    uint64_t from, to;
};

struct history {
    struct version v[2 * VERSIONS]; /* of an entry of two words */
    unsigned count;
};

struct tlb_entry {
    struct hw hw;
    uint32_t gva;
};

struct model {
    struct world w; /* first: the world's callbacks find the model behind it */
    struct history words[TABLES][1024];
    uint64_t now, flushed;
    uint64_t invalidated[PAGES]; /* by INVLPG */
    bool full;                   /* a history is: flush before going on */
    struct shadow_mode mode;
    enum shadow_view view;
    uint32_t cr3;
    bool likes_pae, registers; /* mostly PAE paging; PDPTEs are loaded with CR3 */
    uint64_t pdptes[4];
    struct tlb_entry tlb[PAGES];
    uint64_t random;
    uint32_t before[TABLES][1024];
    unsigned results[SHADOW_INTERPRET + 1], stale_hits;
    unsigned pae_fills[2]; /* with PDPTEs in memory, and in registers */
    unsigned joined_seen;
};

static const uint32_t pde_choices[] = {0, 1, 3, 256, 512, 767, 1023};
static const uint32_t pte_choices[] = {0, 1, 2, 3, 20, 49, 511, 512};

static uint32_t rnd(struct model *m, uint32_t n)
{
    m->random = m->random * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(m->random >> 33) % n;
}

static uint32_t gva_of(unsigned page)
{
    return pde_choices[page / 8] << 22 | pte_choices[page % 8] << 12;
}

/* A table word changed. */
static void remember(struct world *w, uint64_t gpa)
{
    struct model *m = (struct model *)w;
    if (gpa >> 12 >= TABLES)
        return;
    uint32_t value = w->mem[gpa >> 12][gpa >> 2 & 1023];
    struct history *h = &m->words[gpa >> 12][gpa >> 2 & 1023];
    unsigned kept = 0;
    for (unsigned i = 0; i < h->count; i++)
        if (h->v[i].to >= m->flushed)
            h->v[kept++] = h->v[i];
    h->count = kept;
    m->now++;
    h->v[h->count - 1].to = m->now;
    h->v[h->count++] = (struct version){value, m->now, NEVER};
    m->full |= h->count >= VERSIONS - 4;
}

/* The versions of a word. Those outside the recorded frames never change: RAM there stays 0, and
 * what cannot be stored to counts as accessed and dirty. */
static const struct history *word_versions(struct model *m, uint64_t gpa, uint32_t constant)
{
    if (gpa >> 12 < TABLES)
        return &m->words[gpa >> 12][gpa >> 2 & 1023];
    static struct history fixed[2];
    struct history *h = &fixed[gpa >> 2 & 1];
    *h = (struct history){{{world_word(&m->w, gpa) | constant, 0, NEVER}}, 1};
    return h;
}

/* The versions of an entry: the words' of an entry of two that were there at the same time. */
static struct history versions(struct model *m, uint64_t gpa)
{
    const struct history *low = word_versions(m, gpa, A | D);
    if (!m->mode.pae)
        return *low;
    const struct history *high = word_versions(m, gpa + 4, 0);
    struct history h = {.count = 0};
    for (unsigned i = 0; i < low->count; i++) {
        for (unsigned k = 0; k < high->count; k++) {
            const struct version *l = &low->v[i], *u = &high->v[k];
            uint64_t from = l->from > u->from ? l->from : u->from;
            uint64_t to = l->to < u->to ? l->to : u->to;
            if (from < to)
                h.v[h.count++] = (struct version){u->value << 32 | l->value, from, to};
        }
    }
    return h;
}

/* What a walk reads where. */
static uint64_t root_of(const struct model *m)
{
    return m->cr3 & (m->mode.pae ? ~31u : ~0xfffu);
}

static uint64_t pde_at(const struct model *m, uint64_t directory, uint32_t gva)
{
    return directory + (m->mode.pae ? 8 * (gva >> 21 & 511) : 4 * (gva >> 22));
}

static uint64_t pte_at(const struct model *m, uint64_t pde, uint32_t gva)
{
    return m->mode.pae ? (pde & 0xffffff000) + 8 * (gva >> 12 & 511)
                       : (pde & 0xfffff000) + 4 * (gva >> 12 & 1023);
}

static bool reserved(const struct model *m, uint64_t entry)
{
    return m->mode.pae && entry >> 36;
}

static uint64_t small_gpa(const struct model *m, uint64_t pte, uint32_t gva)
{
    return (pte & (m->mode.pae ? 0xffffff000 : 0xfffff000)) | (gva & 0xfff);
}

static uint64_t large_gpa(const struct model *m, uint64_t pde, uint32_t gva)
{
    if (m->mode.pae)
        return (pde & 0xfffe00000) | (gva & 0x1fffff);
    return (pde & 0xffc00000) | (pde >> 13 & 0xff) << 32 | (gva & 0x3fffff);
}

static bool large_reserved(const struct model *m, uint64_t pde)
{
    return reserved(m, pde) || pde & (m->mode.pae ? 0x1fe000 : 0x200000);
}

struct access {
    uint32_t gva;
    bool write, user;
    uint64_t gpa;
};

static bool entries_allow(const struct model *m, uint64_t pde, uint64_t leaf,
                          const struct access *a)
{
    bool w = pde & leaf & W, u = pde & leaf & U;
    if (!(pde & P) || !(leaf & P) || !(leaf & A) || (a->user && !u))
        return false;
    return !a->write || (leaf & D && (w || (!a->user && !m->mode.wp)));
}

static bool large(const struct model *m, uint64_t pde)
{
    return (m->mode.pse || m->mode.pae) && pde & PS;
}

static bool large_allows(const struct model *m, uint64_t pde, const struct access *a)
{
    return !large_reserved(m, pde) && large_gpa(m, pde, a->gva) == a->gpa &&
           entries_allow(m, pde, pde, a);
}

/* Could a TLB filled at or after `since` translate so? It read the PDE first, the PTE then. */
static bool pte_allows(struct model *m, const struct version *pde, uint64_t since,
                       const struct access *a)
{
    struct history ptes = versions(m, pte_at(m, pde->value, a->gva));
    uint64_t read = pde->from > since ? pde->from : since;
    for (unsigned i = 0; i < ptes.count; i++) {
        uint64_t pte = ptes.v[i].value;
        if (ptes.v[i].to >= read && a->gpa == small_gpa(m, pte, a->gva) && !reserved(m, pte) &&
            entries_allow(m, pde->value, pte, a))
            return true;
    }
    return false;
}

static uint64_t since(const struct model *m, unsigned page)
{
    return m->flushed > m->invalidated[page] ? m->flushed : m->invalidated[page];
}

static bool directory_allows(struct model *m, uint64_t directory, uint64_t from,
                             const struct access *a)
{
    struct history pdes = versions(m, pde_at(m, directory, a->gva));
    for (unsigned i = 0; i < pdes.count; i++) {
        const struct version *pde = &pdes.v[i];
        if (pde->to < from || reserved(m, pde->value))
            continue;
        if (large(m, pde->value) ? large_allows(m, pde->value, a) : pte_allows(m, pde, from, a))
            return true;
    }
    return false;
}

static bool legal(struct model *m, uint64_t from, const struct access *a)
{
    if (!m->mode.paging)
        return a->gpa == a->gva;
    if (!m->mode.pae)
        return directory_allows(m, root_of(m), from, a);
    uint64_t loaded = m->pdptes[a->gva >> 30];
    if (m->registers)
        return loaded & P && directory_allows(m, loaded & 0xffffff000, from, a);
    struct history pdptes = versions(m, root_of(m) + 8 * (a->gva >> 30));
    for (unsigned i = 0; i < pdptes.count; i++) {
        const struct version *v = &pdptes.v[i];
        uint64_t read = v->from > from ? v->from : from;
        if (v->to >= from && (v->value & (P | A)) == (P | A) && !reserved(m, v->value) &&
            directory_allows(m, v->value & 0xffffff000, read, a))
            return true;
    }
    return false;
}

/* What the tables say now, computed on a copy: `tables` gets the A and D bits. */
struct reference {
    bool fault;
    uint32_t error;
    uint64_t gpa;
};

static uint32_t copy_word(struct model *m, uint64_t gpa)
{
    return gpa >> 12 < TABLES ? m->before[gpa >> 12][gpa >> 2 & 1023] : world_word(&m->w, gpa);
}

static uint64_t copy_read(struct model *m, uint64_t gpa)
{
    uint64_t high = m->mode.pae ? copy_word(m, gpa + 4) : 0;
    return high << 32 | copy_word(m, gpa);
}

static void copy_or(struct model *m, uint64_t gpa, uint32_t bits)
{
    if (gpa >> 12 < TABLES)
        m->before[gpa >> 12][gpa >> 2 & 1023] |= bits;
}

static void reference_small(struct model *m, uint64_t at, uint64_t pde, const struct access *a,
                            struct reference *r)
{
    if (reserved(m, pde)) {
        r->error |= 8;
        return;
    }
    copy_or(m, at, A);
    at = pte_at(m, pde, a->gva);
    uint64_t pte = copy_read(m, at);
    r->gpa = small_gpa(m, pte, a->gva);
    if (!(pte & P))
        return;
    r->error |= reserved(m, pte) ? 8 : 1;
    if (r->error & 8 || !entries_allow(m, pde, pte | A | D, a))
        return;
    copy_or(m, at, a->write ? A | D : A);
    r->fault = false;
}

static void reference_large(struct model *m, uint64_t at, uint64_t pde, const struct access *a,
                            struct reference *r)
{
    r->gpa = large_gpa(m, pde, a->gva);
    r->error |= large_reserved(m, pde) ? 8 : 1;
    if (r->error & 8 || !entries_allow(m, pde, pde | A | D, a))
        return;
    copy_or(m, at, a->write ? A | D : A);
    r->fault = false;
}

static bool reference_pdpte(struct model *m, const struct access *a, struct reference *r,
                            uint64_t *directory)
{
    uint64_t at = root_of(m) + 8 * (a->gva >> 30);
    uint64_t pdpte = m->registers ? m->pdptes[a->gva >> 30] : copy_read(m, at);
    *directory = pdpte & 0xffffff000;
    if (pdpte & P && reserved(m, pdpte))
        r->error |= 8;
    if (!(pdpte & P) || r->error & 8)
        return false;
    if (!m->registers)
        copy_or(m, at, A);
    return true;
}

static struct reference reference_walk(struct model *m, const struct access *a)
{
    struct reference r = {.error = (a->write ? 2 : 0) | (a->user ? 4 : 0), .gpa = a->gva};
    uint64_t directory = root_of(m);
    if (!m->mode.paging)
        return r;
    r.fault = true;
    if (m->mode.pae && !reference_pdpte(m, a, &r, &directory))
        return r;
    uint64_t at = pde_at(m, directory, a->gva);
    uint64_t pde = copy_read(m, at);
    if (!(pde & P))
        return r;
    (large(m, pde) ? reference_large : reference_small)(m, at, pde, a, &r);
    return r;
}

/* --- what must hold after each step ------------------------------------------------------------
 */

static bool is_code(const struct hw *hw)
{
    return hw->hpa >= CODE_HPA;
}

static uint64_t gfn_of(const struct hw *hw)
{
    return (hw->hpa - (is_code(hw) ? CODE_HPA : RAM_HPA)) >> 12;
}

static void check_mapping(struct model *m, unsigned page, const struct hw *hw)
{
    uint64_t gfn = gfn_of(hw);
    struct access a = {gva_of(page), hw->w, m->view == VIEW_USER, gfn << 12};
    assert_true(gfn < FRAMES && kind_of(gfn) != FRAME_ABSENT && hw->u);
    assert_true(legal(m, since(m, page), &a));
    if (hw->w)
        assert_true(kind_of(gfn) == FRAME_RAM && !shadow_tracked(m->w.s, gfn) &&
                    !m->w.watched[gfn]);
    if (is_code(hw))
        assert_true(m->view == VIEW_KERNEL && m->w.viewed[gfn] && hw->key == 1 && !hw->nx);
    else
        assert_true(hw->nx == (m->view == VIEW_KERNEL) && hw->key == 0);
}

/* A code view that is joined to another has nothing else in front of it or behind it, wherever it
 * executes. */
static void check_neighbours(struct model *m, uint32_t gva, uint64_t gfn)
{
    struct hw behind = hw_walk(&m->w, gva + 4096);
    struct hw before = hw_walk(&m->w, gva - 4096);
    bool last = (gva >> 12 & 511) == 511, first = (gva >> 12 & 511) == 0;
    uint64_t next = m->w.joined[gfn];
    if (next)
        assert_true(!last && (!behind.present || !is_code(&behind) || gfn_of(&behind) == next));
    for (unsigned f = 0; f < FRAMES; f++)
        if (m->w.joined[f] == gfn && gfn)
            assert_true(!first && (!before.present || !is_code(&before) || gfn_of(&before) == f));
}

static void check_tlb(struct model *m, unsigned page, const struct hw *now)
{
    const struct hw *cached = &m->tlb[page].hw;
    if (!cached->present)
        return;
    bool flipped = gfn_of(cached) == gfn_of(now) && !is_code(cached) && is_code(now);
    assert_true(now->present);
    assert_true(now->w >= cached->w && (cached->nx || !now->nx));
    assert_true(flipped || cached->hpa == now->hpa);
}

static void check_all(struct model *m)
{
    const char *wrong = shadow_check(m->w.s);
    if (wrong)
        fail_msg("%s", wrong);
    if (shadow_take_flush(m->w.s))
        memset(m->tlb, 0, sizeof m->tlb);
    for (unsigned page = 0; page < PAGES; page++) {
        struct hw hw = hw_walk(&m->w, gva_of(page));
        check_tlb(m, page, &hw);
        if (hw.present)
            check_mapping(m, page, &hw);
        if (hw.present && is_code(&hw))
            check_neighbours(m, gva_of(page), gfn_of(&hw));
    }
    assert_memory_equal(pool_table(&m->w, shadow_root(m->w.s)) + 1, m->w.pml4 + 1, 511 * 8);
}

/* --- steps --------------------------------------------------------------------------------------
 */

static void flush(struct model *m)
{
    m->flushed = ++m->now;
    m->full = false;
    memset(m->tlb, 0, sizeof m->tlb);
}

static uint32_t random_entry(struct model *m)
{
    static const uint32_t frames[] = {0, 48, 53, 60, 70, 0xfffff};
    unsigned tables = m->mode.pae ? 8 : 2; /* of so many entries, all but one lead to a table */
    uint32_t frame = rnd(m, 5) ? rnd(m, rnd(m, tables) ? 6 : 40) : frames[rnd(m, 6)];
    uint32_t flags = rnd(m, 8) ? P : 0;
    flags |= (rnd(m, 4) ? W : 0) | (rnd(m, 4) ? U : 0) | (rnd(m, 2) ? A : 0) | (rnd(m, 4) ? 0 : D);
    if (rnd(m, 8))
        return frame << 12 | flags;
    static const uint32_t larges[] = {0, 0, 0, 0x400000, 0x200000, 0x1000 << 1};
    return larges[rnd(m, 6)] | flags | PS;
}

/* What becomes of a word of a table: high words of PAE entries are 0, unless they are reserved or
 * lead beyond 4 GiB. */
static uint32_t random_word(struct model *m, unsigned index)
{
    static const uint32_t highs[] = {0x80000000, 0x10, 1, 0x00100000};
    if (m->mode.pae && index & 1)
        return rnd(m, 40) ? 0 : highs[rnd(m, 4)];
    return random_entry(m);
}

/* Where a walk for one of the pages reads a word of a table. */
static unsigned random_index(struct model *m)
{
    uint32_t gva = gva_of(rnd(m, PAGES));
    unsigned level = rnd(m, 5);
    if (!m->mode.pae)
        return level < 2 ? gva >> 22 : gva >> 12 & 1023;
    unsigned entry = level == 0 ? gva >> 30 : level < 3 ? gva >> 21 & 511 : gva >> 12 & 511;
    return 2 * entry + !rnd(m, 6);
}

/* A store by whoever does not go through the guest's mappings. */
static void device_store(struct model *m)
{
    uint64_t frame = rnd(m, 6);
    unsigned index = random_index(m);
    unsigned count = rnd(m, 20) ? 1 : 1 + rnd(m, 200);
    for (unsigned i = 0; i < count && index + i < 1024; i++)
        gpa_write(&m->w, frame << 12 | (index + i) * 4, random_word(m, index + i));
}

/* A store at gva: natively when the shadow maps it writable, so that a frame that should be tracked
 * and is not goes unnoticed by the shadow and noticed by the model. */
static void store(struct model *m, uint64_t gpa, enum shadow_result result)
{
    uint32_t value = gpa >> 12 < TABLES ? random_word(m, gpa >> 2 & 1) : 0;
    if (result == SHADOW_TABLE_WRITE)
        gpa_write(&m->w, gpa, value);
    if (result != SHADOW_FILLED)
        return;
    assert_false(m->w.watched[gpa >> 12]);
    m->w.mem[gpa >> 12][gpa >> 2 & 1023] = value;
    remember(&m->w, gpa);
}

static void check_result(struct model *m, unsigned page, const struct access *a, bool fetch,
                         enum shadow_result result, bool native)
{
    uint64_t gfn = a->gpa >> 12;
    struct hw hw = hw_walk(&m->w, a->gva);
    if (native && result == SHADOW_FILLED) {
        assert_true(hw.present && hw.w >= a->write && !(fetch && hw.nx));
        assert_int_equal(gfn_of(&hw), gfn);
        m->tlb[page] = (struct tlb_entry){hw, a->gva};
    }
    if (result == SHADOW_TABLE_WRITE)
        assert_true(a->write && (shadow_tracked(m->w.s, gfn) || (a->user && m->w.watched[gfn])));
    if (result == SHADOW_MMIO)
        assert_true(kind_of(gfn) == FRAME_ABSENT || (kind_of(gfn) == FRAME_ROM && a->write));
    if (result == SHADOW_INTERPRET)
        assert_true(fetch && (kind_of(gfn) == FRAME_ABSENT || m->w.refuse_views));
    if (result == SHADOW_CODE_DATA)
        assert_true(hw.present && hw.key == 1 && !a->write);
}

static void tables_changed_only_by(struct model *m, bool walked)
{
    for (unsigned f = 0; f < TABLES && walked; f++)
        assert_memory_equal(m->w.mem[f], m->before[f], 4096);
}

static void access_page(struct model *m, unsigned page, unsigned kind, bool native)
{
    bool fetch = kind == 3;
    bool user = native ? m->view == VIEW_USER : rnd(m, 2);
    struct access a = {.gva = gva_of(page) + rnd(m, 1024) * 4, .write = kind == 2, .user = user};
    unsigned access =
        a.write * SHADOW_ACCESS_WRITE | user * SHADOW_ACCESS_USER | fetch * SHADOW_ACCESS_FETCH;
    struct shadow_access out;
    if (native && rnd(m, 2))
        a.gva = gva_of(page) | random_index(m) * 4;
    static uint32_t untouched[TABLES][1024];
    memcpy(untouched, m->w.mem, sizeof untouched);
    memcpy(m->before, m->w.mem, sizeof m->before);
    uint64_t from = since(m, page);
    struct reference r = reference_walk(m, &a);
    enum shadow_result result = native ? shadow_fault(m->w.s, a.gva, access, &out)
                                       : shadow_translate(m->w.s, a.gva, access, &out);
    bool untouched_now = !memcmp(untouched, m->w.mem, sizeof untouched);
    m->results[result]++;
    tables_changed_only_by(m, !untouched_now);
    if (result == SHADOW_GUEST_FAULT) {
        assert_true(r.fault);
        assert_int_equal(out.error, r.error);
        tables_changed_only_by(m, true);
        return;
    }
    a.gpa = out.gpa;
    assert_true(legal(m, from, &a));
    m->stale_hits += r.fault || r.gpa != a.gpa;
    m->pae_fills[m->registers] += m->mode.paging && m->mode.pae && result == SHADOW_FILLED;
    check_result(m, page, &a, fetch, result, native);
    if (result == SHADOW_CODE_DATA && rnd(m, 2))
        shadow_map_as_data(m->w.s, a.gva);
    if (native && a.write)
        store(m, a.gpa, result);
}

static void access_step(struct model *m)
{
    unsigned page = rnd(m, PAGES), kind = rnd(m, 4);
    access_page(m, page, kind, rnd(m, 3));
}

static void invlpg_step(struct model *m)
{
    unsigned page = rnd(m, PAGES);
    shadow_invlpg(m->w.s, gva_of(page) | rnd(m, 4096));
    m->invalidated[page] = ++m->now;
    m->tlb[page].hw.present = false;
}

/* As MOV CR does; PDPTEs that it would refuse are left out. */
static void load_pdptes(struct model *m)
{
    for (unsigned i = 0; i < 4; i++) {
        m->pdptes[i] = world_read(&m->w, root_of(m) + 8 * i, 8);
        if (m->pdptes[i] >> 36)
            m->pdptes[i] = 0;
    }
    shadow_set_pdptes(m->w.s, m->registers ? m->pdptes : NULL);
}

static void cr3_step(struct model *m)
{
    static const uint32_t others[] = {48, 53, 70, 0xfffff};
    if (rnd(m, 3))
        m->cr3 = (rnd(m, 20) ? rnd(m, 6) : others[rnd(m, 4)]) << 12 | rnd(m, 2) << 5;
    m->cr3 = (m->cr3 & ~31u) | rnd(m, 32);
    load_pdptes(m);
    shadow_set_cr3(m->w.s, m->cr3);
    flush(m);
}

static void mode_step(struct model *m)
{
    bool pae = m->likes_pae ? rnd(m, 8) : !rnd(m, 8);
    m->mode =
        (struct shadow_mode){.paging = rnd(m, 8), .wp = rnd(m, 2), .pse = rnd(m, 4), .pae = pae};
    load_pdptes(m);
    shadow_set_mode(m->w.s, m->mode);
    flush(m);
}

static void view_step(struct model *m)
{
    m->view = rnd(m, 2);
    uint64_t root = m->now % 2 ? shadow_switch_view(m->w.s, m->view) : 0;
    if (!root)
        shadow_set_view(m->w.s, m->view);
    else
        assert_int_equal(root, shadow_root(m->w.s));
    memset(m->tlb, 0, sizeof m->tlb);
}

static void code_step(struct model *m)
{
    uint64_t gfn = rnd(m, FRAMES);
    m->w.refuse_views = !rnd(m, 8);
    m->w.evict = rnd(m, 16);
    if (m->w.viewed[gfn])
        world_drop_view(&m->w, gfn);
    else if (!rnd(m, 10))
        shadow_drop_frame(m->w.s, gfn);
}

/* Two frames that the processor may run through, one behind the other. */
static void join_step(struct model *m)
{
    unsigned page = rnd(m, PAGES / 8) * 8 + rnd(m, 3);
    uint32_t gva = gva_of(page);
    access_page(m, page, 3, true);
    access_page(m, page + 1, 3, true);
    struct hw hw = hw_walk(&m->w, gva), behind = hw_walk(&m->w, gva + 4096);
    if (!hw.present || !behind.present)
        return;
    uint64_t gfn = gfn_of(&hw), next = gfn_of(&behind);
    if (!next || next == gfn || !m->w.viewed[gfn] || !m->w.viewed[next] ||
        !shadow_code_follows(m->w.s, gfn, next))
        return;
    for (unsigned f = 0; f < FRAMES; f++)
        if (m->w.joined[f] == next)
            m->w.joined[f] = 0;
    m->w.joined[gfn] = next;
    m->joined_seen++;
}

static void watch_step(struct model *m)
{
    world_watch(&m->w, rnd(m, FRAMES));
}

/* A reset in the middle: views are gone, the guest sets its mode again. */
static void reset_step(struct model *m)
{
    shadow_reset(m->w.s);
    memset(m->w.viewed, 0, sizeof m->w.viewed);
    memset(m->w.joined, 0, sizeof m->w.joined);
    memset(m->w.watched, 0, sizeof m->w.watched);
    m->cr3 = 0;
    m->view = VIEW_KERNEL;
    mode_step(m);
}

static void (*const rare_steps[])(struct model *) = {cr3_step,  mode_step, view_step,  code_step,
                                                     view_step, cr3_step,  watch_step, join_step};

static void step(struct model *m)
{
    uint32_t dice = rnd(m, 100);
    if (m->full)
        cr3_step(m);
    else if (dice < 66)
        access_step(m);
    else if (dice < 84)
        device_store(m);
    else if (dice < 90)
        invlpg_step(m);
    else if (dice < 94)
        join_step(m);
    else if (rnd(m, 50))
        rare_steps[rnd(m, 8)](m);
    else
        reset_step(m);
}

static void model_init(struct model *m, unsigned pool_pages, uint64_t seed)
{
    memset(m, 0, sizeof *m);
    world_init(&m->w, pool_pages);
    m->random = seed * 977 + pool_pages;
    m->likes_pae = seed & 1;
    m->registers = seed & 2;
    m->mode =
        (struct shadow_mode){.paging = true, .wp = seed & 4, .pse = true, .pae = m->likes_pae};
    for (unsigned f = 0; f < FRAMES; f++)
        for (unsigned i = 0; i < 1024; i++)
            m->w.mem[f][i] = f < TABLES || f == ROM_FIRST ? random_word(m, i) : 0;
    for (unsigned f = 0; f < TABLES; f++)
        for (unsigned i = 0; i < 1024; i++)
            m->words[f][i] = (struct history){{{m->w.mem[f][i], 0, NEVER}}, 1};
    m->w.stored = remember;
    load_pdptes(m);
    shadow_set_mode(m->w.s, m->mode);
    flush(m);
}

/* What the runs with one pool came across. */
struct seen {
    unsigned results[SHADOW_INTERPRET + 1], stale_hits, pae_fills[2], joined_seen;
    uint64_t flips, recycled, roots_found;
};

static void add_seen(struct seen *seen, const struct model *m)
{
    struct shadow_stats stats = shadow_stats(m->w.s);
    for (unsigned r = SHADOW_FILLED; r <= SHADOW_INTERPRET; r++)
        seen->results[r] += m->results[r];
    seen->stale_hits += m->stale_hits;
    seen->joined_seen += m->joined_seen;
    seen->pae_fills[m->registers] += m->pae_fills[m->registers];
    seen->flips += stats.flips;
    seen->recycled += stats.recycled;
    seen->roots_found += stats.roots_found;
}

static void run(unsigned pool_pages, unsigned seeds)
{
    struct model *m = malloc(sizeof *m);
    struct seen seen = {0};
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        model_init(m, pool_pages, seed);
        for (unsigned i = 0; i < STEPS; i++) {
            step(m);
            check_all(m);
        }
        add_seen(&seen, m);
        world_done(&m->w);
    }
    free(m);
    for (unsigned r = SHADOW_FILLED; r <= SHADOW_INTERPRET; r++)
        assert_true(seen.results[r]);
    assert_true(seen.stale_hits && seen.flips && seen.roots_found && seen.joined_seen);
    assert_true(seen.pae_fills[false] > 100 && seen.pae_fills[true] > 100);
    assert_true(pool_pages > 40 || seen.recycled);
}

static void smallest_pool(void **state)
{
    (void)state;
    run(SHADOW_POOL_MIN, 8);
}

static void tiny_pool(void **state)
{
    (void)state;
    run(13, 8);
}

static void pool_that_never_runs_out(void **state)
{
    (void)state;
    run(400, 4);
}

static void middling_pool(void **state)
{
    (void)state;
    run(40, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smallest_pool),
        cmocka_unit_test(tiny_pool),
        cmocka_unit_test(middling_pool),
        cmocka_unit_test(pool_that_never_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
