/* Entries of shadow tables and the lists they hang in. */
#include "state.h"

static uint32_t *list_of(struct shadow *s, uint32_t entry)
{
    uint32_t target = s->links[entry].target;
    if (traits_of(s, entry_node(entry))->leaf)
        return &s->frames[target].mappings;
    return &s->nodes[target].parents;
}

static void link_entry(struct shadow *s, uint32_t entry, uint32_t target)
{
    struct link *l = &s->links[entry];
    l->target = target;
    uint32_t *head = list_of(s, entry);
    l->prev = 0;
    l->next = *head;
    if (*head)
        s->links[*head].prev = entry;
    *head = entry;
    s->nodes[entry_node(entry)].present++;
}

static void unlink_entry(struct shadow *s, uint32_t entry)
{
    struct link *l = &s->links[entry];
    if (l->prev)
        s->links[l->prev].next = l->next;
    else
        *list_of(s, entry) = l->next;
    if (l->next)
        s->links[l->next].prev = l->prev;
    *l = (struct link){0};
    s->nodes[entry_node(entry)].present--;
}

/*
 * True when a TLB entry made from `old` allows what `spte` does not. A data mapping that turns into
 * the code view of the same frame leaves nothing to fear: what the TLB keeps reads the guest's own
 * bytes, which is what a data access would be given anyway.
 */
static bool weaker(uint64_t old, uint64_t spte, bool same_target)
{
    if (old & ~spte & SPTE_W || spte & ~old & SPTE_NX)
        return true;
    bool data_to_code = same_target && spte & ~old & SPTE_CODE;
    return (old ^ spte) & SPTE_ADDR && !data_to_code;
}

/* Gives an entry a present value; target is the frame or the node that it points to. */
void entry_set(struct shadow *s, uint32_t entry, uint64_t spte, uint32_t target)
{
    uint64_t *p = entry_at(s, entry);
    uint64_t old = *p;
    if (old == spte)
        return;
    bool same_target = old & SPTE_P && s->links[entry].target == target;
    if (old & SPTE_P && weaker(old, spte, same_target))
        translations_changed(s);
    if (!same_target) {
        if (old & SPTE_P)
            unlink_entry(s, entry);
        link_entry(s, entry, target);
    }
    *p = spte;
}

/* Takes a present entry away. */
void entry_zap(struct shadow *s, uint32_t entry)
{
    unlink_entry(s, entry);
    *entry_at(s, entry) = 0;
    translations_changed(s);
}
