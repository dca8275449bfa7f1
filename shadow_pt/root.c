/* Roots: one for each (CR3, mode, view) that the guest uses, found again when it comes back. */
#include "state.h"

/* A root has two nodes; the PDPT is made anew when it was recycled. */
static void look_up(struct shadow *s, enum shadow_view view)
{
    uint64_t frame = s->mode.paging ? s->cr3 >> 12 : 0;
    uint32_t root = node_get(s, node_key(s, NODE_ROOT, frame, 0, view), 0);
    uint32_t pdpt = child_of(s, entry_id(root, 0));
    if (!pdpt)
        pdpt = fill_child(s, root, 0, node_key(s, NODE_PDPT, frame, 0, view), SPTE_TABLE);
    s->top[view] = (struct top){root, pdpt, entry_at(s, entry_id(pdpt, 0))};
}

uint32_t root_get(struct shadow *s, enum shadow_view view)
{
    struct top *top = &s->top[view];
    s->path_len = 0;
    if (!top->pdpt)
        look_up(s, view);
    s->nodes[top->root].used = s->nodes[top->pdpt].used = true;
    s->path[0] = top->root;
    s->path[1] = top->pdpt;
    s->path_len = 2;
    return top->pdpt;
}

static void forget_tops(struct shadow *s)
{
    s->generation++;
    s->top[VIEW_KERNEL] = s->top[VIEW_USER] = (struct top){0};
}

void shadow_set_cr3(struct shadow *s, uint32_t cr3)
{
    uint64_t made = s->stats.roots_made;
    flush_all(s);
    if ((s->cr3 ^ cr3) & GPTE_ADDR)
        forget_tops(s);
    s->cr3 = cr3 & GPTE_ADDR;
    root_get(s, s->view);
    s->stats.roots_found += s->stats.roots_made == made;
}

static bool same_mode(struct shadow_mode a, struct shadow_mode b)
{
    return a.paging == b.paging && a.wp == b.wp && a.pse == b.pse;
}

void shadow_set_mode(struct shadow *s, struct shadow_mode mode)
{
    flush_all(s);
    if (!same_mode(s->mode, mode))
        forget_tops(s);
    s->mode = mode;
    root_get(s, s->view);
}

void shadow_set_view(struct shadow *s, enum shadow_view view)
{
    s->view = view;
    root_get(s, view);
}

uint64_t shadow_root(struct shadow *s)
{
    s->loaded = s->top[s->view].root;
    return node_hpa(s, s->loaded);
}
