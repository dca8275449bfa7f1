/*
 * Code views. See expose.h.
 *
 * Dependencies between decodings point upwards only: an instruction rests on its own bytes and on
 * must-trap instructions that begin inside it. So one downward scan settles any change.
 */
#include "expose.h"

#include <string.h>

#include "insn.h"

/* How far before a byte an instruction over it can begin. */
#define LAST_BACK (INSN_MAX_LENGTH - 1)

/* Offsets still to be decoded, one bit each. */
struct worklist {
    uint64_t bits[CODE_PAGE_SIZE / 64];
};

static enum code_state state_at(const struct code_view *v, uint32_t at)
{
    return v->known[at] >> 4;
}

static uint32_t end_of(const struct code_view *v, uint32_t at)
{
    return at + (v->known[at] & 15u);
}

static void set_known(struct code_view *v, uint32_t at, enum code_state state, uint32_t length)
{
    v->known[at] = (uint8_t)(state << 4 | length);
}

static bool must_trap(const struct code_view *v, uint32_t at)
{
    return state_at(v, at) >= CODE_TRAPS;
}

static uint32_t back(uint32_t at, uint32_t distance)
{
    return at > distance ? at - distance : 0;
}

/* Whether an instruction that must trap begins inside [at, end), not counting `at` itself. */
static bool trap_inside(const struct code_view *v, uint32_t at, uint32_t end)
{
    for (uint32_t i = at + 1; i < end; i++) {
        if (must_trap(v, i))
            return true;
    }
    return false;
}

/* Makes view bytes [first, end) what the known decodings say. */
static void redraw(struct code_view *v, uint32_t first, uint32_t end)
{
    uint32_t reach = v->lead;

    if (first == end)
        return;
    for (uint32_t at = back(first, LAST_BACK); at < end; at++) {
        if (state_at(v, at) == CODE_EXPOSED && end_of(v, at) > reach)
            reach = end_of(v, at);
        if (at >= first)
            v->view[at] = at < reach ? v->snapshot[at] : CODE_COVER;
    }
}

/* The bytes of the instruction at `cross` that lie in this view are the caller's to cover. */
static void unlink_tail(struct code_view *v)
{
    struct code_view *tail = v->next;
    uint32_t lead = tail->lead;

    v->next = tail->prev = NULL;
    tail->lead = 0;
    redraw(tail, 0, lead);
}

/*
 * An instruction that must trap now begins at `at`: exposed ones around it must trap as well, then
 * those around these, and so on downwards. Whatever reaches a new trap reaches the lowest one.
 */
static void spread_trap(struct code_view *v, uint32_t at)
{
    uint32_t lowest = at, end = at;

    if (at < v->lead)
        code_view_part(v->prev);
    for (uint32_t i = at; i-- > back(lowest, LAST_BACK);) {
        if (state_at(v, i) != CODE_EXPOSED || end_of(v, i) <= lowest)
            continue;
        if (end_of(v, i) > end)
            end = end_of(v, i);
        bool joined = v->next && i == v->cross;
        set_known(v, i, joined ? CODE_CROSSES : CODE_OVERLAP, end_of(v, i) - i);
        if (joined)
            unlink_tail(v);
        lowest = i;
    }
    redraw(v, lowest, end);
}

/*
 * Something that began in [first, end) may trap no longer: overlap reasons that are gone are
 * forgotten, downwards. To be unknown is always safe.
 */
static unsigned release_overlaps(struct code_view *v, uint32_t first, uint32_t end)
{
    unsigned dropped = 0;

    for (uint32_t i = end; i-- > back(first, LAST_BACK);) {
        if (state_at(v, i) != CODE_OVERLAP || trap_inside(v, i, end_of(v, i)))
            continue;
        set_known(v, i, CODE_UNKNOWN, 0);
        dropped++;
        if (i < first)
            first = i;
    }
    return dropped;
}

static void push_offset(struct worklist *w, int64_t at)
{
    if (at >= 0 && at < (int64_t)CODE_PAGE_SIZE)
        w->bits[at / 64] |= 1ull << (at % 64);
}

/* Takes the lowest offset out of the list; false when it is empty. */
static bool pop_offset(struct worklist *w, uint32_t *at)
{
    for (uint32_t word = 0; word < CODE_PAGE_SIZE / 64; word++) {
        if (!w->bits[word])
            continue;
        *at = word * 64 + (uint32_t)__builtin_ctzll(w->bits[word]);
        w->bits[word] &= w->bits[word] - 1;
        return true;
    }
    return false;
}

static bool is_stop(const struct code_view *v, uint32_t at)
{
    return v->stops && (v->stops[at / 64] >> (at % 64) & 1);
}

/* What the instruction at `at` is by itself; *insn is filled for CODE_EXPOSED and CODE_TRAPS. */
static enum code_state classify(const struct code_view *v, uint32_t at, struct insn *insn)
{
    switch (insn_decode(v->snapshot + at, CODE_PAGE_SIZE - at, v->code32, insn)) {
    case DECODE_OK:
        return insn_harmless(insn) && !is_stop(v, at) ? CODE_EXPOSED : CODE_TRAPS;
    case DECODE_TOO_LONG:
        insn->length = INSN_MAX_LENGTH;
        insn->flags = INSN_INVALID;
        return CODE_TRAPS;
    case DECODE_NEED:
        break;
    }
    insn->length = (uint8_t)(CODE_PAGE_SIZE - at);
    return CODE_CROSSES;
}

/*
 * Flow goes on after emulated instructions too, but not behind bytes that no Pentium III executes:
 * those are likely data.
 */
static void push_successors(struct worklist *w, uint32_t at, const struct insn *insn)
{
    int64_t next = (int64_t)at + insn->length;

    if (insn->flags & (INSN_INVALID | INSN_ABSENT))
        return;
    if (insn->flags & INSN_REL)
        push_offset(w, next + (int32_t)insn->imm);
    if (!(insn->flags & INSN_STOP))
        push_offset(w, next);
}

static void expose_one(struct code_view *v, struct worklist *w, uint32_t at)
{
    struct insn insn;
    enum code_state state = classify(v, at, &insn);

    if (state != CODE_CROSSES)
        push_successors(w, at, &insn);
    if (state == CODE_EXPOSED && trap_inside(v, at, at + insn.length))
        state = CODE_OVERLAP;
    set_known(v, at, state, insn.length);
    if (state == CODE_EXPOSED)
        memcpy(v->view + at, v->snapshot + at, insn.length);
    else
        spread_trap(v, at);
}

/* --- strict views ---------------------------------------------------------------------------- */

/* A byte of a strict view is native when the decoding that begins at it is exposed. */
static bool is_native(const struct code_view *v, uint32_t at)
{
    return state_at(v, at) == CODE_EXPOSED;
}

static bool covered_inside(const struct code_view *v, uint32_t at, uint32_t end)
{
    for (uint32_t i = at + 1; i < end; i++) {
        if (!is_native(v, i))
            return true;
    }
    return false;
}

/* What the instruction at `at` is, given all above it; true when that is news. */
static bool settle_one(struct code_view *v, uint32_t at)
{
    struct insn insn;
    uint8_t before = v->known[at];
    enum code_state state = classify(v, at, &insn);

    if (state == CODE_EXPOSED && covered_inside(v, at, at + insn.length))
        state = CODE_OVERLAP;
    set_known(v, at, state, insn.length);
    v->view[at] = is_native(v, at) ? v->snapshot[at] : CODE_COVER;
    return v->known[at] != before;
}

/* The bytes of [first, end) changed: downwards, as far as one change leads to another. */
static unsigned settle(struct code_view *v, uint32_t first, uint32_t end)
{
    unsigned changed = 0;

    for (uint32_t at = end; at-- > back(first, LAST_BACK);) {
        if (!settle_one(v, at))
            continue;
        changed++;
        if (at < first)
            first = at;
    }
    return changed;
}

static enum code_state strict_expose(struct code_view *v, uint32_t offset)
{
    if (state_at(v, offset) == CODE_UNKNOWN)
        settle(v, 0, CODE_PAGE_SIZE);
    return state_at(v, offset);
}

static unsigned strict_resettle(struct code_view *v, uint32_t first, uint32_t end)
{
    return state_at(v, first) == CODE_UNKNOWN ? 0 : settle(v, first, end);
}

/* --- views -------------------------------------------------------------------------------------
 */

void code_view_init(struct code_view *v, uint8_t *view, const uint8_t *source, bool code32)
{
    v->view = view;
    v->code32 = code32;
    v->strict = false;
    v->stops = NULL;
    v->next = v->prev = NULL;
    v->lead = 0;
    memset(v->known, 0, sizeof(v->known));
    memcpy(v->snapshot, source, sizeof(v->snapshot));
    memset(view, CODE_COVER, CODE_PAGE_SIZE);
}

enum code_state code_view_expose(struct code_view *v, uint32_t offset)
{
    struct worklist w = {{0}};
    uint32_t at = offset;

    if (v->strict)
        return strict_expose(v, offset);
    do {
        if (state_at(v, at) == CODE_UNKNOWN)
            expose_one(v, &w, at);
    } while (pop_offset(&w, &at));
    return state_at(v, offset);
}

enum code_state code_view_query(const struct code_view *v, uint32_t offset)
{
    return state_at(v, offset);
}

/* Forgets every decoding that rests on a byte of [first, end) and covers what it alone exposed. */
static unsigned drop_range(struct code_view *v, uint32_t first, uint32_t end)
{
    uint32_t from = back(first, LAST_BACK), to = end;
    unsigned dropped = 0;

    if (v->strict)
        return strict_resettle(v, first, end);
    if (first < v->lead)
        code_view_part(v->prev);
    for (uint32_t at = from; at < end; at++) {
        if (state_at(v, at) == CODE_UNKNOWN || end_of(v, at) <= first)
            continue;
        if (end_of(v, at) > to)
            to = end_of(v, at);
        set_known(v, at, CODE_UNKNOWN, 0);
        if (v->next && at == v->cross)
            unlink_tail(v);
        dropped++;
    }
    if (dropped) {
        dropped += release_overlaps(v, from, end);
        redraw(v, from, to);
    }
    return dropped;
}

void code_view_part(struct code_view *v)
{
    if (v->next)
        drop_range(v, v->cross, CODE_PAGE_SIZE);
}

void code_view_leave(struct code_view *v)
{
    code_view_part(v);
    if (v->prev)
        code_view_part(v->prev);
}

/* Bytes of the harmless instruction at `at` that lie in `tail`; 0 when it must not be exposed. */
static uint32_t harmless_lead(const struct code_view *v, uint32_t at, const struct code_view *tail)
{
    uint8_t bytes[INSN_MAX_LENGTH];
    uint32_t in_page = CODE_PAGE_SIZE - at, lead;
    struct insn insn;

    memcpy(bytes, v->snapshot + at, in_page);
    memcpy(bytes + in_page, tail->snapshot, sizeof(bytes) - in_page);
    if (insn_decode(bytes, sizeof(bytes), v->code32, &insn) != DECODE_OK || !insn_harmless(&insn) ||
        is_stop(v, at) || trap_inside(v, at, CODE_PAGE_SIZE))
        return 0;
    lead = insn.length - in_page;
    return must_trap(tail, 0) || trap_inside(tail, 0, lead) ? 0 : lead;
}

enum code_state code_view_join(struct code_view *v, uint32_t at, struct code_view *tail)
{
    bool free = v != tail && !v->next && !tail->prev && v->code32 == tail->code32 && !v->strict &&
                !tail->strict;
    uint32_t lead = 0;

    if (free && state_at(v, at) == CODE_CROSSES)
        lead = harmless_lead(v, at, tail);
    if (!lead)
        return state_at(v, at);
    set_known(v, at, CODE_EXPOSED, CODE_PAGE_SIZE - at);
    v->cross = (uint16_t)at;
    v->next = tail;
    tail->prev = v;
    tail->lead = (uint8_t)lead;
    redraw(v, at, CODE_PAGE_SIZE);
    redraw(tail, 0, lead);
    release_overlaps(v, at, at + 1); /* of those that had a trap inside */
    return CODE_EXPOSED;
}

void code_view_forget(struct code_view *v, uint32_t offset)
{
    drop_range(v, offset, offset + 1);
}

unsigned code_view_sync(struct code_view *v, const uint8_t *source, uint32_t first, uint32_t len)
{
    uint32_t at = first < CODE_PAGE_SIZE ? first : CODE_PAGE_SIZE;
    uint32_t end = len < CODE_PAGE_SIZE - at ? at + len : CODE_PAGE_SIZE;
    unsigned dropped = 0;

    while (at < end) {
        uint32_t start = at;

        while (at < end && v->snapshot[at] != source[at])
            at++;
        if (at == start) {
            at++;
            continue;
        }
        memcpy(v->snapshot + start, source + start, at - start);
        dropped += drop_range(v, start, at);
    }
    return dropped;
}

/* Whether what is known of `at` is what the decoder says now. */
static bool known_is_right(const struct code_view *v, uint32_t at)
{
    struct insn insn;
    enum code_state state = state_at(v, at), alone;
    bool (*inside)(const struct code_view *, uint32_t, uint32_t);

    if (state == CODE_UNKNOWN)
        return true;
    alone = classify(v, at, &insn);
    if (v->next && at == v->cross)
        return alone == CODE_CROSSES && state == CODE_EXPOSED && end_of(v, at) == CODE_PAGE_SIZE &&
               harmless_lead(v, at, v->next) == v->next->lead;
    inside = v->strict ? covered_inside : trap_inside;
    if (alone == CODE_EXPOSED && inside(v, at, at + insn.length))
        alone = CODE_OVERLAP;
    return state == alone && end_of(v, at) == at + insn.length;
}

bool code_view_check(const struct code_view *v, const uint8_t *source)
{
    uint32_t reach = v->lead;

    if (v->prev ? v->prev->next != v || !v->lead : v->lead)
        return false;
    for (uint32_t at = 0; at < CODE_PAGE_SIZE; at++) {
        if (!known_is_right(v, at) || v->snapshot[at] != source[at])
            return false;
        if (state_at(v, at) == CODE_EXPOSED && end_of(v, at) > reach)
            reach = end_of(v, at);
        if (v->view[at] != (at < reach ? source[at] : CODE_COVER))
            return false;
    }
    return true;
}
