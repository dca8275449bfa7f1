/*
 * Which frames' code views are mapped one behind the other, for instructions that run over the end
 * of a page. Only entries of one table are neighbours: what lies behind its last entry can change
 * with every link to a table.
 */
#include "state.h"

static uint64_t code_frame(const struct shadow *s, uint32_t entry)
{
    return *entry_at(s, entry) & SPTE_CODE ? s->links[entry].target : SHADOW_NO_FRAME;
}

static bool is_first(uint32_t entry)
{
    return entry % ENTRIES == 0;
}

static bool is_last(uint32_t entry)
{
    return entry % ENTRIES == ENTRIES - 1;
}

void code_mapped(struct shadow *s, uint32_t entry)
{
    uint64_t gfn = s->links[entry].target;
    uint64_t before = is_first(entry) ? SHADOW_NO_FRAME : code_frame(s, entry - 1);
    uint64_t behind = is_last(entry) ? SHADOW_NO_FRAME : code_frame(s, entry + 1);
    if (is_first(entry) || before != SHADOW_NO_FRAME)
        s->ops->code_follows(s->world, before, gfn);
    if (is_last(entry) || behind != SHADOW_NO_FRAME)
        s->ops->code_follows(s->world, gfn, behind);
}

bool shadow_code_follows(const struct shadow *s, uint64_t gfn, uint64_t next)
{
    if (gfn >= s->config.ram_frames || next >= s->config.ram_frames)
        return false;
    for (uint32_t e = s->frames[gfn].mappings; e; e = s->links[e].next) {
        if (code_frame(s, e) == SHADOW_NO_FRAME)
            continue;
        if (is_last(e) || (code_frame(s, e + 1) != SHADOW_NO_FRAME && code_frame(s, e + 1) != next))
            return false;
    }
    for (uint32_t e = s->frames[next].mappings; e; e = s->links[e].next) {
        if (code_frame(s, e) == SHADOW_NO_FRAME)
            continue;
        if (is_first(e) || (code_frame(s, e - 1) != SHADOW_NO_FRAME && code_frame(s, e - 1) != gfn))
            return false;
    }
    return true;
}
