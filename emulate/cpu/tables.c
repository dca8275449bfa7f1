/*
 * Descriptor-table registers, and the instructions that look at descriptors without loading them
 * (SDM vol. 3, 2.4, 2.8 and 5.10).
 */
#include <string.h>

#include "handlers.h"
#include "segment.h"

/* System segments exist in protected mode alone: everywhere else these instructions are #UD. */
static bool require_protected(struct step *x)
{
    if (cpu_real_mode(x->cpu) || cpu_v86(x->cpu))
        return raise(x, EXC_UD);
    return true;
}

static bool store_table(struct step *x, const struct table_reg *table)
{
    uint32_t base = table->base;
    uint8_t raw[6];

    if (!insn_has_mem(x->insn))
        return raise(x, EXC_UD);
    if (x->insn->opsize == 2 && x->cpu->model->policy.table16_masks_base)
        base &= 0xffffffu;
    memcpy(raw, &table->limit, sizeof(table->limit));
    memcpy(raw + sizeof(table->limit), &base, sizeof(base));
    return write_mem(x, effective_segment(x), effective_offset(x), raw, sizeof(raw));
}

static bool load_table(struct step *x, struct table_reg *table)
{
    struct table_reg value;
    uint8_t raw[6];

    if (!require_cpl0(x))
        return false;
    if (!insn_has_mem(x->insn))
        return raise(x, EXC_UD);
    if (!read_mem(x, effective_segment(x), effective_offset(x), raw, sizeof(raw)))
        return false;
    memcpy(&value.limit, raw, sizeof(value.limit));
    memcpy(&value.base, raw + sizeof(value.limit), sizeof(value.base));
    if (x->insn->opsize == 2)
        value.base &= 0xffffffu;
    *table = value;
    return true;
}

bool op_sgdt(struct step *x)
{
    return store_table(x, &x->cpu->gdtr);
}

bool op_sidt(struct step *x)
{
    return store_table(x, &x->cpu->idtr);
}

bool op_lgdt(struct step *x)
{
    return load_table(x, &x->cpu->gdtr);
}

bool op_lidt(struct step *x)
{
    return load_table(x, &x->cpu->idtr);
}

bool op_sldt(struct step *x)
{
    return require_protected(x) && write_operand(x, 0, x->cpu->seg[SEG_LDTR].selector);
}

bool op_str(struct step *x)
{
    return require_protected(x) && write_operand(x, 0, x->cpu->seg[SEG_TR].selector);
}

/* LDTs and TSSs are described in the GDT alone. */
static bool read_system_descriptor(struct step *x, uint16_t selector, struct descriptor *d)
{
    if (selector & 4)
        return raise_error(x, EXC_GP, selector_error(selector));
    return read_descriptor(x, selector, EXC_GP, d);
}

bool load_ldt(struct step *x, uint16_t selector, uint8_t vector)
{
    struct descriptor d;

    if (selector_null(selector)) {
        set_segment(x->cpu, SEG_LDTR, null_segment(selector));
        return true;
    }
    if (selector & 4)
        return raise_error(x, vector, selector_error(selector));
    if (!read_descriptor(x, selector, vector, &d))
        return false;
    if ((descriptor_attr(&d) & (ATTR_S | ATTR_TYPE)) != TYPE_LDT)
        return raise_error(x, vector, selector_error(selector));
    if (!descriptor_present(&d))
        return raise_error(x, vector == EXC_TS ? EXC_TS : EXC_NP, selector_error(selector));
    set_segment(x->cpu, SEG_LDTR, descriptor_segment(&d, selector));
    return true;
}

bool op_lldt(struct step *x)
{
    uint32_t selector;

    if (!require_protected(x) || !require_cpl0(x) || !read_operand(x, 0, &selector))
        return false;
    return load_ldt(x, (uint16_t)selector, EXC_GP);
}

/* Marks the TSS busy in the guest's table; the hidden part is busy too. */
static bool load_task_register(struct step *x, uint16_t selector)
{
    struct descriptor d;

    if (!read_system_descriptor(x, selector, &d))
        return false;
    unsigned type = descriptor_attr(&d) & (ATTR_S | ATTR_TYPE);
    if (type != TYPE_TSS16 && type != TYPE_TSS32)
        return raise_error(x, EXC_GP, selector_error(selector));
    if (!descriptor_present(&d))
        return raise_error(x, EXC_NP, selector_error(selector));
    d.hi |= TYPE_TSS_BUSY_BIT << 8;
    if (!write_system(x, d.lin + 4, &d.hi, sizeof(d.hi)))
        return false;
    set_segment(x->cpu, SEG_TR, descriptor_segment(&d, selector));
    return true;
}

bool op_ltr(struct step *x)
{
    uint32_t selector;

    if (!require_protected(x) || !require_cpl0(x) || !read_operand(x, 0, &selector))
        return false;
    if (!selector_null((uint16_t)selector))
        return load_task_register(x, (uint16_t)selector);
    if (!x->cpu->model->policy.ltr_null)
        return raise_gp0(x);
    set_segment(x->cpu, SEG_TR, null_segment((uint16_t)selector));
    return true;
}

/* Types of system descriptors that LAR and LSL know (SDM vol. 2, tables 3-53 and 3-56). */
#define BIT(n) (1u << (n))
#define TYPES_WITH_LIMIT                                                        \
    (BIT(TYPE_TSS16) | BIT(TYPE_LDT) | BIT(TYPE_TSS16_BUSY) | BIT(TYPE_TSS32) | \
     BIT(TYPE_TSS32_BUSY))
#define TYPES_WITH_RIGHTS \
    (TYPES_WITH_LIMIT | BIT(TYPE_CALL_GATE16) | BIT(TYPE_TASK_GATE) | BIT(TYPE_CALL_GATE32))

/* Whether the current CPL and the selector's RPL may know of the segment. */
static bool visible(const struct cpu *cpu, uint16_t selector, const struct descriptor *d)
{
    unsigned dpl = descriptor_dpl(d);

    return is_conforming(descriptor_attr(d)) || (dpl >= cpu->cpl && dpl >= (selector & 3u));
}

/*
 * Reads the descriptor that operand `n` selects. `*found` tells whether there is one that may be
 * seen; only a page fault makes this fail.
 */
static bool look_up(struct step *x, unsigned n, struct descriptor *d, bool *found)
{
    uint32_t value;

    *found = false;
    if (!require_protected(x) || !read_operand(x, n, &value))
        return false;
    uint16_t selector = (uint16_t)value;
    if (selector_null(selector) || !descriptor_in_table(x->cpu, selector))
        return true;
    if (!read_descriptor(x, selector, EXC_GP, d))
        return false;
    *found = visible(x->cpu, selector, d);
    return true;
}

static void set_zf(struct cpu *cpu, bool zf)
{
    cpu->eflags = (cpu->eflags & ~EFLAGS_ZF) | (zf ? EFLAGS_ZF : 0);
}

static bool known_type(const struct descriptor *d, unsigned system_types)
{
    unsigned attr = descriptor_attr(d);

    return (attr & ATTR_S) || (system_types >> (attr & ATTR_TYPE) & 1u);
}

/* The destination is left alone when ZF = 0. */
bool op_lar(struct step *x)
{
    struct descriptor d;
    bool found;

    if (!look_up(x, 1, &d, &found))
        return false;
    found = found && known_type(&d, TYPES_WITH_RIGHTS);
    set_zf(x->cpu, found);
    uint32_t mask = x->cpu->model->policy.lar_shows_limit ? 0x00ffff00u : 0x00f0ff00u;
    return !found || write_operand(x, 0, d.hi & mask);
}

bool op_lsl(struct step *x)
{
    struct descriptor d;
    bool found;

    if (!look_up(x, 1, &d, &found))
        return false;
    found = found && known_type(&d, TYPES_WITH_LIMIT);
    set_zf(x->cpu, found);
    return !found || write_operand(x, 0, descriptor_segment(&d, 0).limit);
}

bool op_verr(struct step *x)
{
    struct descriptor d;
    bool found;

    if (!look_up(x, 0, &d, &found))
        return false;
    unsigned attr = found ? descriptor_attr(&d) : 0;
    set_zf(x->cpu, (attr & ATTR_S) && (!is_code(attr) || (attr & ATTR_READABLE)));
    return true;
}

bool op_verw(struct step *x)
{
    struct descriptor d;
    bool found;

    if (!look_up(x, 0, &d, &found))
        return false;
    set_zf(x->cpu, found && is_writable_data(descriptor_attr(&d)));
    return true;
}

bool op_arpl(struct step *x)
{
    uint32_t dest, source;

    if (!require_protected(x) || !read_operand(x, 0, &dest) || !read_operand(x, 1, &source))
        return false;
    bool raised = (dest & 3u) < (source & 3u);
    set_zf(x->cpu, raised);
    if (!raised && !x->cpu->model->policy.arpl_always_writes)
        return true;
    return write_operand(x, 0, raised ? (dest & ~3u) | (source & 3u) : dest);
}
