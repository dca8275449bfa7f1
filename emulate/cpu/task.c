/*
 * Hardware task switches (SDM vol. 3, 7.3): everything that can fault in the old task is read and
 * checked first; then the old state is saved and the new one loaded. What goes wrong after that
 * (a bad segment in the new TSS) is a fault of the new task.
 */
#include "task.h"

#include "debug.h"
#include "transfer.h"

#define TSS32_MIN_LIMIT 103u
#define TSS16_MIN_LIMIT 43u
#define DR7_LOCAL       0x55u /* L0..L3: breakpoints of the old task alone */

/* Where a TSS keeps what, for the 16-bit and the 32-bit layout (SDM vol. 3, 7.2.1 and 7.6). */
struct tss_layout {
    uint8_t eip, eflags, gpr, seg, ldt;
    uint8_t item; /* bytes between two registers */
    uint8_t segs; /* ES CS SS DS, and FS GS */
    uint16_t min_limit;
};

static const struct tss_layout layout16 = {0x0e, 0x10, 0x12, 0x22, 0x2a, 2, 4, TSS16_MIN_LIMIT};
static const struct tss_layout layout32 = {0x20, 0x24, 0x28, 0x48, 0x60, 4, 6, TSS32_MIN_LIMIT};
#define TSS_LINK   0x00u
#define TSS32_CR3  0x1cu
#define TSS32_TRAP 0x64u

/* The state of a task as its TSS holds it. */
struct task_state {
    uint32_t cr3, eip, eflags;
    uint32_t gpr[GPR_COUNT];
    uint32_t seg[6];
    uint32_t ldt;
    uint32_t trap; /* bit 0: T */
};

struct task_switch {
    enum task_kind kind;
    struct descriptor d; /* of the new TSS */
    struct segment tr;   /* as it will be loaded */
    const struct tss_layout *layout;
    struct task_state state;
};

static const struct tss_layout *layout_of(unsigned attr)
{
    return attr & 8u ? &layout32 : &layout16;
}

static bool read_item(struct step *x, uint32_t lin, uint32_t *value, unsigned size)
{
    *value = 0;
    return read_system(x, lin, value, size);
}

/* Of a register that a 16-bit TSS gives 16 bits of; the manual leaves it open. */
static uint32_t upper_half(const struct cpu *cpu, unsigned gpr)
{
    return cpu->model->policy.task16_keeps_upper ? cpu->gpr[gpr] & 0xffff0000u : 0xffff0000u;
}

static bool read_state(struct step *x, struct task_switch *t)
{
    const struct tss_layout *l = t->layout;
    struct task_state *s = &t->state;
    uint32_t base = t->tr.base;

    if (l == &layout32 && (!read_item(x, base + TSS32_CR3, &s->cr3, 4) ||
                           !read_item(x, base + TSS32_TRAP, &s->trap, 2)))
        return false;
    if (!read_item(x, base + l->eip, &s->eip, l->item) ||
        !read_item(x, base + l->eflags, &s->eflags, l->item) ||
        !read_item(x, base + l->ldt, &s->ldt, 2))
        return false;
    for (unsigned i = 0; i < GPR_COUNT; i++) {
        if (!read_item(x, base + l->gpr + i * l->item, &s->gpr[i], l->item))
            return false;
        if (l == &layout16)
            s->gpr[i] |= upper_half(x->cpu, i);
    }
    for (unsigned i = 0; i < l->segs; i++) {
        if (!read_item(x, base + l->seg + i * l->item, &s->seg[i], 2))
            return false;
    }
    return true;
}

/* Writing to the TSS must not fault halfway: see first that both its ends can be written. */
static bool probe_tss(struct step *x, uint32_t base, uint32_t last)
{
    uint8_t byte;

    return x->ops->read(x->world, base, &byte, 1, ACCESS_RMW, &x->fault) &&
           x->ops->read(x->world, base + last, &byte, 1, ACCESS_RMW, &x->fault);
}

/* Selectors are stored as 16 bits: the upper halves in a 32-bit TSS keep what they hold. */
static bool save_state(struct step *x, uint32_t eip, uint32_t eflags)
{
    const struct cpu *cpu = x->cpu;
    const struct tss_layout *l = layout_of(cpu->seg[SEG_TR].attr);
    uint32_t base = cpu->seg[SEG_TR].base;

    if (!write_system(x, base + l->eip, &eip, l->item) ||
        !write_system(x, base + l->eflags, &eflags, l->item))
        return false;
    for (unsigned i = 0; i < GPR_COUNT; i++) {
        if (!write_system(x, base + l->gpr + i * l->item, &cpu->gpr[i], l->item))
            return false;
    }
    for (unsigned i = 0; i < l->segs; i++) {
        if (!write_system(x, base + l->seg + i * l->item, &cpu->seg[i].selector, 2))
            return false;
    }
    return true;
}

static bool set_busy(struct step *x, struct descriptor *d, bool busy)
{
    d->hi &= ~(TYPE_TSS_BUSY_BIT << 8);
    if (busy)
        d->hi |= TYPE_TSS_BUSY_BIT << 8;
    return write_system(x, d->lin + 4, &d->hi, sizeof(d->hi));
}

/* JMP and IRET end the old task, CALL and events keep it busy and link back to it. */
static bool leave_old_task(struct step *x, struct task_switch *t)
{
    const struct segment *old = &x->cpu->seg[SEG_TR];
    struct descriptor old_tss;
    uint32_t eflags = x->cpu->eflags & ~(t->kind == TASK_IRET ? EFLAGS_NT : 0);

    if (!probe_tss(x, old->base, layout_of(old->attr)->min_limit) ||
        (t->kind == TASK_CALL && !probe_tss(x, t->tr.base, 1)))
        return false;
    if (t->kind != TASK_CALL) {
        if (!read_descriptor(x, old->selector, EXC_TS, &old_tss) || !set_busy(x, &old_tss, false))
            return false;
    }
    if (!save_state(x, x->next_eip, eflags))
        return false;
    if (t->kind == TASK_CALL && !write_system(x, t->tr.base + TSS_LINK, &old->selector, 2))
        return false;
    return t->kind == TASK_IRET || set_busy(x, &t->d, true);
}

static void load_registers(struct step *x, const struct task_switch *t)
{
    const uint32_t loaded = x->cpu->model->eflags_valid | EFLAGS_RF | EFLAGS_VM;
    const uint32_t mask = t->layout == &layout32 ? loaded : loaded & 0xffffu;
    struct cpu *cpu = x->cpu;

    cpu->cr0 |= CR0_TS;
    cpu->changed |= CHANGED_CR0;
    set_segment(cpu, SEG_TR, t->tr);
    cpu->eflags = (cpu->eflags & ~mask) | (t->state.eflags & mask) | EFLAGS_FIXED;
    if (t->kind == TASK_CALL)
        cpu->eflags |= EFLAGS_NT;
    for (unsigned i = 0; i < GPR_COUNT; i++)
        cpu->gpr[i] = t->state.gpr[i];
    cpu->dr[7] &= ~DR7_LOCAL;
    cpu->changed |= CHANGED_DR;
    x->next_eip = t->state.eip;
    x->task_switched = true;
}

/* PDPTEs that the processor refuses leave the new task in the old one's memory. */
static bool load_address_space(struct step *x, const struct task_switch *t)
{
    struct cpu *cpu = x->cpu;
    if (t->layout != &layout32 || !(cpu->cr0 & CR0_PG))
        return true;
    if (!load_pdptes(x, cpu->cr0, t->state.cr3, cpu->cr4))
        return false;
    cpu->cr3 = t->state.cr3;
    x->ops->flush_tlb(x->world);
    return true;
}

/* Whether a new task's register may hold this segment (SDM vol. 3, 7.3, step 12). */
static bool task_segment_valid(const struct cpu *cpu, unsigned seg, uint16_t selector,
                               unsigned attr)
{
    unsigned dpl = ATTR_DPL_OF(attr);
    unsigned rpl = selector & 3u;

    if (seg == SEG_CS)
        return is_code(attr) && (is_conforming(attr) ? dpl <= rpl : dpl == rpl);
    if (seg == SEG_SS)
        return is_writable_data(attr) && dpl == cpu->cpl && rpl == cpu->cpl;
    if (!(attr & ATTR_S) || (is_code(attr) && !(attr & ATTR_READABLE)))
        return false;
    return is_conforming(attr) || (dpl >= cpu->cpl && dpl >= rpl);
}

static bool load_task_segment(struct step *x, unsigned seg, uint16_t selector)
{
    struct descriptor d;

    if (selector_null(selector)) {
        if (seg == SEG_CS || seg == SEG_SS)
            return raise_error(x, EXC_TS, selector_error(selector));
        return true;
    }
    if (!read_descriptor(x, selector, EXC_TS, &d))
        return false;
    if (!task_segment_valid(x->cpu, seg, selector, descriptor_attr(&d)))
        return raise_error(x, EXC_TS, selector_error(selector));
    if (!descriptor_present(&d))
        return raise_error(
            x, seg == SEG_SS && !x->cpu->model->policy.inner_ss_np_is_ts ? EXC_SS : EXC_NP,
            selector_error(selector));
    if (!mark_accessed_far(x, &d))
        return false;
    set_segment(x->cpu, seg, descriptor_segment(&d, selector));
    return true;
}

/* Every selector shows the new task's before the first one is checked. */
static bool load_segments(struct step *x, const struct task_state *s)
{
    static const uint8_t order[] = {SEG_CS, SEG_SS, SEG_ES, SEG_DS, SEG_FS, SEG_GS};
    struct cpu *cpu = x->cpu;

    set_cpl(cpu, cpu_v86(cpu) ? 3 : (uint8_t)(s->seg[SEG_CS] & 3u));
    for (unsigned seg = SEG_ES; seg <= SEG_GS; seg++) {
        if (cpu_v86(cpu))
            load_segment_v86(cpu, seg, (uint16_t)s->seg[seg]);
        else
            set_segment(cpu, seg, null_segment((uint16_t)s->seg[seg]));
    }
    /* Until it is checked, LDTR shows the selector with TI cleared, as the machine does. */
    set_segment(cpu, SEG_LDTR, null_segment((uint16_t)(s->ldt & ~4u)));
    if (!load_ldt(x, (uint16_t)s->ldt, EXC_TS))
        return false;
    if (!cpu_v86(cpu)) {
        for (unsigned i = 0; i < sizeof(order); i++) {
            if (!load_task_segment(x, order[i], (uint16_t)s->seg[order[i]]))
                return false;
        }
    }
    if (s->eip > cpu->seg[SEG_CS].limit)
        return raise_gp0(x);
    return true;
}

/* Enters the task whose TSS descriptor is `d`; the old one goes on at x->next_eip later. */
static bool switch_task(struct step *x, uint16_t selector, const struct descriptor *d,
                        enum task_kind kind)
{
    struct task_switch t = {.kind = kind, .d = *d};
    const struct segment *old = &x->cpu->seg[SEG_TR];

    if (!descriptor_present(d))
        return raise_error(x, EXC_NP, selector_error(selector));
    t.tr = descriptor_segment(d, selector);
    t.tr.attr |= TYPE_TSS_BUSY_BIT;
    t.layout = layout_of(t.tr.attr);
    if (t.tr.limit < t.layout->min_limit)
        return raise_error(x, EXC_TS, selector_error(selector));
    /* Without a current task there is nowhere to save this one. */
    if (!(old->attr & ATTR_P))
        return raise_error(x, EXC_TS, selector_error(old->selector));
    if (!read_state(x, &t) || !leave_old_task(x, &t))
        return false;
    load_registers(x, &t);
    if (!load_address_space(x, &t) || !load_segments(x, &t.state))
        return false;
    x->task_trap = (t.state.trap & 1u) && x->cpu->model->policy.task_traps;
    return true;
}

/* Follows a task gate to the TSS it names, which must be an available one in the GDT. */
static bool gate_tss(struct step *x, const struct descriptor *gate, uint16_t *selector,
                     struct descriptor *d)
{
    *selector = (uint16_t)(gate->lo >> 16);
    if (*selector & 4)
        return raise_error(x, EXC_TS, selector_error(*selector));
    if (!read_descriptor(x, *selector, EXC_GP, d))
        return false;
    unsigned type = descriptor_attr(d) & (ATTR_S | ATTR_TYPE);
    if (type != TYPE_TSS16 && type != TYPE_TSS32)
        return raise_error(x, EXC_GP, selector_error(*selector));
    return true;
}

/*
 * cpu_execute() would undo the registers of a failed instruction, but an event that comes after the
 * switch must see the new task's: it is delivered here.
 */
static bool deliver_in_new_task(struct step *x, const struct event *event)
{
    x->trapped = true;
    if (cpu_deliver(x->cpu, x->ops, x->world, event) == CPU_SHUTDOWN)
        return raise_error(x, EXC_DF, 0);
    x->next_eip = x->cpu->eip;
    return true;
}

/* The single step over the switch and its data breakpoints are in the same #DB. */
static bool trap_in_new_task(struct step *x)
{
    struct event trap = task_debug_trap(x->cpu, x->eflags & EFLAGS_TF);

    x->cpu->eip = x->next_eip;
    return deliver_in_new_task(x, &trap);
}

static bool switch_by_instruction(struct step *x, uint16_t selector, const struct descriptor *d,
                                  enum task_kind kind)
{
    if (switch_task(x, selector, d, kind))
        return !x->task_trap || trap_in_new_task(x);
    if (!x->task_switched)
        return false;
    if (x->cpu->model->policy.task_fault_in_new)
        x->cpu->eip = x->next_eip;
    return deliver_in_new_task(x, &x->fault);
}

bool task_transfer(struct step *x, uint16_t selector, const struct descriptor *d,
                   enum task_kind kind)
{
    struct descriptor tss = *d;

    /* An LDT selector may name a task gate, never a TSS. */
    if (descriptor_type(d) == TYPE_TASK_GATE) {
        if (!descriptor_present(d))
            return raise_error(x, EXC_NP, selector_error(selector));
        if (!gate_tss(x, d, &selector, &tss))
            return false;
    } else if (selector & 4) {
        return raise_error(x, EXC_GP, selector_error(selector));
    }
    return switch_by_instruction(x, selector, &tss, kind);
}

bool task_return(struct step *x)
{
    const struct segment *tr = &x->cpu->seg[SEG_TR];
    struct descriptor d;
    uint16_t link;

    if (!read_system(x, tr->base + TSS_LINK, &link, sizeof(link)))
        return false;
    if (link & 4)
        return raise_error(x, EXC_TS, selector_error(link));
    if (!read_descriptor(x, link, EXC_TS, &d))
        return false;
    unsigned type = descriptor_attr(&d) & (ATTR_S | ATTR_TYPE);
    if (type != TYPE_TSS16_BUSY && type != TYPE_TSS32_BUSY)
        return raise_error(x, EXC_TS, selector_error(link));
    return switch_by_instruction(x, link, &d, TASK_IRET);
}

bool task_event(struct step *x, const struct event *event, const struct descriptor *gate)
{
    struct descriptor d;
    uint16_t selector;

    x->next_eip = x->cpu->eip;
    if (!gate_tss(x, gate, &selector, &d) || !switch_task(x, selector, &d, TASK_CALL))
        return false;
    if (!event->has_error)
        return true;
    struct frame_stack stack = current_stack(x->cpu);
    unsigned size = x->cpu->seg[SEG_TR].attr & 8u ? 4 : 2;
    if (!push_frame(x, &stack, &event->error, 1, size))
        return false;
    x->cpu->gpr[ESP] = stack.esp;
    return true;
}
