/* Roots: one for each (CR3, mode, view) that the guest uses, found again when it comes back. */
#include "state.h"

uint64_t root_key(const struct shadow *s, enum node_kind kind, enum shadow_view view)
{
    uint32_t address = s->cr3 & (s->mode.pae ? CR3_PAE_ADDR : CR3_ADDR);
    return node_key(s, kind, s->mode.paging ? address >> 5 : 0, 0, view);
}

struct walk_tables root_tables(const struct shadow *s)
{
    return (struct walk_tables){
        .ops = s->ops,
        .world = s->world,
        .mode = s->mode,
        .cr3 = s->cr3,
        .rsvd_sets_p = s->config.rsvd_sets_p,
        .pdptes = s->has_pdptes ? s->pdptes : NULL,
    };
}

uint64_t root_pae_directory(const struct shadow *s, unsigned index, enum shadow_view view)
{
    struct walk_tables tables = root_tables(s);
    uint64_t pdpte = shadow_read_pdpte(&tables, index);
    uint64_t walked = s->has_pdptes ? GPTE_P : GPTE_P | GPTE_A;
    if ((pdpte & walked) != walked || pdpte & PAE_RSVD)
        return 0;
    return node_key(s, NODE_PAE_DIR, (pdpte & PAE_ADDR) >> 12, 0, view);
}

void root_refresh(struct shadow *s, uint32_t link, uint64_t key)
{
    uint32_t directory = child_of(s, link);
    if (directory && s->nodes[directory].key != key)
        entry_zap(s, link);
}

/* Nobody watches the guest's PDPT: its entries are compared when they are loaded. */
static void refresh_all(struct shadow *s, enum shadow_view view)
{
    uint32_t pdpt = s->top[view].pdpt;
    for (unsigned i = 0; s->mode.paging && s->mode.pae && pdpt && i < 4; i++)
        if (child_of(s, entry_id(pdpt, i)))
            root_refresh(s, entry_id(pdpt, i), root_pae_directory(s, i, view));
}

/* A root has two nodes; the PDPT is made anew when it was recycled. */
static void look_up(struct shadow *s, enum shadow_view view)
{
    uint32_t root = node_get(s, root_key(s, NODE_ROOT, view), 0);
    uint32_t pdpt = child_of(s, entry_id(root, 0));
    if (!pdpt)
        pdpt = fill_child(s, root, 0, root_key(s, NODE_PDPT, view), SPTE_TABLE);
    s->top[view] = (struct top){root, pdpt, entry_at(s, entry_id(pdpt, 0))};
    refresh_all(s, view);
}

uint32_t root_get(struct shadow *s, enum shadow_view view)
{
    struct top *top = &s->top[view];
    s->path_len = 0;
    s->due = true;
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

void shadow_set_pdptes(struct shadow *s, const uint64_t pdptes[4])
{
    s->has_pdptes = pdptes;
    for (unsigned i = 0; pdptes && i < 4; i++)
        s->pdptes[i] = pdptes[i];
}

void shadow_set_cr3(struct shadow *s, uint32_t cr3)
{
    uint64_t made = s->stats.roots_made;
    flush_all(s);
    if ((s->cr3 ^ cr3) & (s->mode.pae ? CR3_PAE_ADDR : CR3_ADDR))
        forget_tops(s);
    s->cr3 = cr3;
    refresh_all(s, VIEW_KERNEL);
    refresh_all(s, VIEW_USER);
    root_get(s, s->view);
    s->stats.roots_found += s->stats.roots_made == made;
}

static bool same_mode(struct shadow_mode a, struct shadow_mode b)
{
    return a.paging == b.paging && a.wp == b.wp && a.pse == b.pse && a.pae == b.pae;
}

void shadow_set_mode(struct shadow *s, struct shadow_mode mode)
{
    flush_all(s);
    if (!same_mode(s->mode, mode))
        forget_tops(s);
    s->mode = mode;
    refresh_all(s, VIEW_KERNEL);
    refresh_all(s, VIEW_USER);
    root_get(s, s->view);
}

void shadow_set_view(struct shadow *s, enum shadow_view view)
{
    s->view = view;
    root_get(s, view);
}

/* Nodes that are freed leave no top, and no fill is under way that a path would protect. */
uint64_t shadow_switch_view(struct shadow *s, enum shadow_view view)
{
    const struct top *top = &s->top[view];
    if (s->due || !top->pdpt)
        return 0;
    s->view = view;
    s->loaded = top->root;
    return node_hpa(s, top->root);
}

uint64_t shadow_root(struct shadow *s)
{
    s->loaded = s->top[s->view].root;
    return node_hpa(s, s->loaded);
}
