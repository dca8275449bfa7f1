/*
 * Delivery of interrupts and exceptions through the guest's IDT and TSS (SDM vol. 3, 6.10 to 6.15)
 * or, in real mode, its vector table (20.1.4). Nothing in the registers changes until every check
 * and every push has succeeded; a fault on the way becomes the next event to deliver.
 */
#include "debug.h"
#include "handlers.h"
#include "known.h"
#include "task.h"
#include "transfer.h"

static bool is_software(const struct event *event)
{
    return event->type == EVENT_SOFT_INT || event->type == EVENT_SOFT_EXC;
}

/* Where a fault of the delivery points: at INT n itself, not behind it. */
static uint32_t origin_eip(const struct cpu *cpu, const struct event *event)
{
    return is_software(event) || event->type == EVENT_PRIV_EXC ? cpu->eip - event->insn_length
                                                               : cpu->eip;
}

static bool deliver_real(struct step *x, const struct event *event)
{
    struct cpu *cpu = x->cpu;
    struct frame_stack stack = current_stack(cpu);
    uint32_t frame[] = {cpu->eip, cpu->seg[SEG_CS].selector, cpu->eflags};
    uint16_t entry[2];

    if (event->vector * 4u + 3u > cpu->idtr.limit)
        return raise_error(x, EXC_GP, event->vector * 8u + 2u);
    if (!read_system(x, cpu->idtr.base + event->vector * 4u, entry, sizeof(entry)) ||
        !push_frame(x, &stack, frame, 3, 2))
        return false;
    cpu->gpr[ESP] = stack.esp;
    cpu->eflags &= ~(EFLAGS_IF | EFLAGS_TF | EFLAGS_AC | EFLAGS_RF);
    load_segment_real(cpu, SEG_CS, entry[1]);
    x->next_eip = entry[0];
    return true;
}

/* RF = 1 lets a fault handler return to the instruction without its breakpoint firing again. */
static uint32_t pushed_eflags(const struct cpu *cpu, const struct event *event)
{
    bool fault = event->type == EVENT_EXCEPTION && event->vector != EXC_DB &&
                 event->vector != EXC_DF && event->vector != EXC_MC;

    if (fault && cpu->model->policy.rf_in_fault_frames)
        return cpu->eflags | EFLAGS_RF;
    return cpu->eflags;
}

/* Fills `frame` as it will lie in memory and returns the number of items (at most 10). */
static unsigned build_frame(const struct cpu *cpu, const struct event *event, bool new_stack,
                            uint32_t *frame)
{
    static const uint8_t v86_segments[] = {SEG_ES, SEG_DS, SEG_FS, SEG_GS};
    uint32_t *item = frame;

    if (event->has_error)
        *item++ = event->error;
    *item++ = cpu->eip;
    *item++ = cpu->seg[SEG_CS].selector;
    *item++ = pushed_eflags(cpu, event);
    if (new_stack) {
        *item++ = cpu->gpr[ESP];
        *item++ = cpu->seg[SEG_SS].selector;
    }
    if (cpu_v86(cpu)) {
        for (unsigned i = 0; i < sizeof(v86_segments); i++)
            *item++ = cpu->seg[v86_segments[i]].selector;
    }
    return (unsigned)(item - frame);
}

/* The handler's code segment. Its CPL: inner for a nonconforming one, else unchanged. */
static bool handler_code(struct step *x, const struct gate *gate, struct descriptor *code,
                         unsigned *cpl)
{
    const struct cpu *cpu = x->cpu;

    if (selector_null(gate->selector))
        return raise_gp0(x);
    if (!read_descriptor(x, gate->selector, EXC_GP, code))
        return false;
    unsigned attr = descriptor_attr(code);
    if (!is_code(attr) || ATTR_DPL_OF(attr) > cpu->cpl)
        return raise_error(x, EXC_GP, selector_error(gate->selector));
    if (!(attr & ATTR_P))
        return raise_error(x, EXC_NP, selector_error(gate->selector));
    *cpl = is_conforming(attr) ? cpu->cpl : ATTR_DPL_OF(attr);
    /* Virtual-8086 mode can only be left for ring 0. */
    if (cpu_v86(cpu) && *cpl != 0)
        return raise_error(x, EXC_GP, selector_error(gate->selector));
    return true;
}

static void leave_v86(struct cpu *cpu)
{
    static const uint8_t data_segments[] = {SEG_ES, SEG_DS, SEG_FS, SEG_GS};

    for (unsigned i = 0; i < sizeof(data_segments); i++)
        set_segment(cpu, data_segments[i], null_segment(0));
}

static bool enter_handler(struct step *x, const struct event *event, const struct descriptor *d,
                          bool clear_if)
{
    struct cpu *cpu = x->cpu;
    struct frame_stack stack;
    struct descriptor code;
    struct gate gate = read_gate(cpu, d);
    uint32_t frame[10];
    unsigned cpl = 0;

    if (!handler_code(x, &gate, &code, &cpl))
        return false;
    bool new_stack = cpl < cpu->cpl;
    if (new_stack) {
        if (!inner_stack(x, cpl, &stack))
            return false;
    } else {
        stack = current_stack(cpu);
    }
    unsigned count = build_frame(cpu, event, new_stack, frame);
    if (!check_eip(x, &code, gate.offset) || !mark_accessed_far(x, &code) ||
        !push_frame(x, &stack, frame, count, gate.size))
        return false;

    bool from_user = cpu->cpl == 3 && new_stack && !cpu_v86(cpu);
    if (cpu_v86(cpu))
        leave_v86(cpu);
    if (new_stack)
        use_stack(cpu, &stack);
    else
        cpu->gpr[ESP] = stack.esp;
    cpu->eflags &= ~(EFLAGS_TF | EFLAGS_NT | EFLAGS_RF | EFLAGS_VM | (clear_if ? EFLAGS_IF : 0));
    enter_code(x, &code, gate.selector, cpl, gate.offset);
    if (from_user)
        know_gate(cpu, event, d, &code, &stack.from);
    return true;
}

static bool deliver_protected(struct step *x, const struct event *event)
{
    struct cpu *cpu = x->cpu;
    uint32_t error = event->vector * 8u + 2u;
    struct descriptor d;

    if (event->vector * 8u + 7u > cpu->idtr.limit)
        return raise_error(x, EXC_GP, error);
    if (!read_descriptor_at(x, cpu->idtr.base + event->vector * 8u, &d))
        return false;

    unsigned type = descriptor_attr(&d) & (ATTR_S | ATTR_TYPE);
    bool task = type == TYPE_TASK_GATE;
    bool trap = type == TYPE_TRAP_GATE16 || type == TYPE_TRAP_GATE32;
    bool interrupt = type == TYPE_INT_GATE16 || type == TYPE_INT_GATE32;
    if (!(task || trap || interrupt))
        return raise_error(x, EXC_GP, error);
    if (is_software(event) && descriptor_dpl(&d) < cpu->cpl)
        return raise_error(x, EXC_GP, error);
    if (!descriptor_present(&d))
        return raise_error(x, EXC_NP, error);
    if (task)
        return task_event(x, event, &d);

    return enter_handler(x, event, &d, interrupt);
}

/* SDM vol. 3, table 6-4. Only faults of the processor itself count, not INT 13 or an IRQ. */
static bool is_contributory(const struct event *event)
{
    static const uint32_t vectors =
        1u << EXC_DE | 1u << EXC_TS | 1u << EXC_NP | 1u << EXC_SS | 1u << EXC_GP;

    return event->type == EVENT_EXCEPTION && event->vector < 32 && (vectors >> event->vector & 1);
}

static bool is_exception(const struct event *event, uint8_t vector)
{
    return event->type == EVENT_EXCEPTION && event->vector == vector;
}

/* The second event when delivering the first one faulted (SDM vol. 3, table 6-5). */
static struct event after_fault(const struct cpu *cpu, const struct event *first,
                                const struct event *second)
{
    bool page_fault = is_exception(second, EXC_PF);
    struct event next = *second;

    if ((is_contributory(first) && is_contributory(second)) ||
        (is_exception(first, EXC_PF) && (is_contributory(second) || page_fault)))
        return exception_error(EXC_DF, 0);
    /* EXT: what was interrupted was not the program's own INT n. */
    if (cpu->model->policy.ext_in_errors && next.has_error && !page_fault && !is_software(first))
        next.error |= 1u;
    return next;
}

/* A page fault shows in CR2 even when it ends up inside a double fault. */
static void record_cr2(struct cpu *cpu, const struct event *event)
{
    if (is_exception(event, EXC_PF))
        cpu->cr2 = event->cr2;
}

static void delivered(struct cpu *cpu, const struct event *event, uint32_t eip)
{
    cpu->eip = eip;
    cpu->halted = false;
    cpu->int_shadow = SHADOW_NONE;
    if (event->type == EVENT_NMI)
        cpu->nmi_blocked = true;
}

static inline uint32_t *known_frame(struct cpu_known_gate *k, unsigned items)
{
    return (uint32_t *)(void *)(k->stack - items * sizeof(uint32_t));
}

/* CS, SS, ESP and EFLAGS of the handler. */
static inline void enter_known(struct cpu *cpu, const struct cpu_known_gate *k, unsigned items)
{
    load_known_pair(cpu, &k->to);
    set_cpl(cpu, 0);
    cpu->gpr[ESP] = (uint32_t)k->tss - items * (uint32_t)sizeof(uint32_t);
    cpu->eflags &= ~k->cleared;
}

/* From user code to a handler as before; false, and nothing done, where anything is different. */
static bool deliver_known(struct cpu *cpu, const struct cpu_ops *ops, void *world,
                          const struct event *event)
{
    struct cpu_known_gate *k = &cpu->tlb.gate[event->vector % CPU_KNOWN_GATES];

    if (k->vector != event->vector || k->type != event->type || !known_gate_holds(cpu, k))
        return false;
    record_cr2(cpu, event);
    if (ops->entered)
        ops->entered(world, cpu, event);
    unsigned items = event->has_error ? 6 : 5;
    build_frame(cpu, event, true, known_frame(k, items));
    enter_known(cpu, k, items);
    delivered(cpu, event, k->offset);
    return true;
}

/* INT n the same way, as one instruction that has no event: not under TF, for there is no single
 * step behind it. */
static __attribute__((noinline)) bool call_known(struct step *x, struct cpu_known_gate *k)
{
    struct cpu *cpu = x->cpu;

    if ((x->eflags & EFLAGS_TF) || !known_gate_holds(cpu, k))
        return false;
    cpu->eip = x->next_eip;
    if (x->ops->entered) {
        struct event event = {
            .vector = k->vector, .type = EVENT_SOFT_INT, .insn_length = x->insn->length};
        x->ops->entered(x->world, cpu, &event);
    }
    uint32_t *frame = known_frame(k, 5);
    frame[0] = cpu->eip;
    frame[1] = cpu->seg[SEG_CS].selector;
    frame[2] = cpu->eflags;
    frame[3] = cpu->gpr[ESP];
    frame[4] = cpu->seg[SEG_SS].selector;
    enter_known(cpu, k, 5);
    x->next_eip = k->offset;
    return true;
}

enum cpu_result cpu_deliver(struct cpu *cpu, const struct cpu_ops *ops, void *world,
                            const struct event *event)
{
    if (deliver_known(cpu, ops, world, event))
        return CPU_OK;
    struct event current = *event;
    /* The handler of #DB must not be a task with T set (SDM vol. 3, 17.3.1.5): it would be entered
     * without end, so its T bit is passed over. */
    bool may_trap = true;
    /* Ends: an event, a contributory fault, a page fault, a double fault, shutdown at the worst. */
    for (;;) {
        struct step x = {.cpu = cpu, .ops = ops, .world = world};
        record_cr2(cpu, &current);
        if (ops->entered)
            ops->entered(world, cpu, &current);
        if (cpu_real_mode(cpu) ? deliver_real(&x, &current) : deliver_protected(&x, &current)) {
            delivered(cpu, &current, x.next_eip);
            may_trap = may_trap && !is_exception(&current, EXC_DB);
            if (!x.task_trap || !may_trap)
                return CPU_OK;
            current = task_debug_trap(cpu, false);
            continue;
        }
        if (is_exception(&current, EXC_DF)) {
            record_cr2(cpu, &x.fault);
            return CPU_SHUTDOWN;
        }
        /* The fault is the new task's when one has been entered on the way. */
        cpu->eip = x.task_switched ? x.next_eip : origin_eip(cpu, &current);
        current = after_fault(cpu, &current, &x.fault);
    }
}

static bool raise_event(struct step *x, uint8_t vector, enum event_type type)
{
    x->fault =
        (struct event){.vector = vector, .type = (uint8_t)type, .insn_length = x->insn->length};
    return false;
}

#define TSS32_IOMAP_BASE  0x66u
#define REDIRECTION_BYTES 32u

/* Whether the TSS leaves interrupt `vector` to the virtual-8086 program (SDM vol. 3, 20.3.3.4). */
static bool redirected(struct step *x, uint8_t vector, bool *out)
{
    const struct segment *tr = &x->cpu->seg[SEG_TR];
    uint16_t map;
    uint8_t bits;

    *out = false;
    if (TSS32_IOMAP_BASE + sizeof(map) - 1 > tr->limit)
        return raise_gp0(x);
    if (!read_system(x, tr->base + TSS32_IOMAP_BASE, &map, sizeof(map)))
        return false;
    uint32_t at = map - REDIRECTION_BYTES + vector / 8u;
    if (at > tr->limit)
        return raise_gp0(x);
    if (!read_system(x, tr->base + at, &bits, sizeof(bits)))
        return false;
    *out = !(bits >> (vector & 7u) & 1u);
    return true;
}

/* Through the interrupt vector table at linear 0, as an 8086 would. */
static bool interrupt_8086(struct step *x, uint8_t vector)
{
    struct cpu *cpu = x->cpu;
    bool by_vif = EFLAGS_IOPL_OF(cpu->eflags) != 3;
    uint32_t flags = by_vif ? virtual_flags(cpu) : cpu->eflags;
    uint16_t entry[2];

    if (!x->ops->read(x->world, vector * 4u, entry, sizeof(entry), ACCESS_USER, &x->fault) ||
        !push(x, flags, 2) || !push(x, cpu->seg[SEG_CS].selector, 2) || !push(x, x->next_eip, 2))
        return false;
    cpu->eflags &= ~(EFLAGS_TF | (by_vif ? EFLAGS_VIF : EFLAGS_IF));
    load_segment_real(cpu, SEG_CS, entry[1]);
    x->next_eip = entry[0];
    return true;
}

/* Unlike INT3 and INTO, INT n is refused in virtual-8086 mode below IOPL 3 (SDM vol. 3, 20.2.7). */
static __attribute__((noinline)) bool int_checked(struct step *x, uint8_t vector)
{
    bool to_8086 = false;

    if (vme_active(x->cpu) && !redirected(x, vector, &to_8086))
        return false;
    if (to_8086)
        return interrupt_8086(x, vector);
    if (cpu_v86(x->cpu) && EFLAGS_IOPL_OF(x->cpu->eflags) != 3)
        return raise_gp0(x);
    return raise_event(x, vector, EVENT_SOFT_INT);
}

bool op_int(struct step *x)
{
    uint8_t vector = (uint8_t)x->insn->imm;
    struct cpu_known_gate *k = &x->cpu->tlb.gate[vector % CPU_KNOWN_GATES];

    if (k->vector == vector && k->type == EVENT_SOFT_INT && call_known(x, k))
        return true;
    return int_checked(x, vector);
}

bool op_int3(struct step *x)
{
    return raise_event(x, EXC_BP, EVENT_SOFT_EXC);
}

bool op_into(struct step *x)
{
    if (!(x->cpu->eflags & EFLAGS_OF))
        return true;
    return raise_event(x, EXC_OF, EVENT_SOFT_EXC);
}

bool op_icebp(struct step *x)
{
    if (!x->cpu->model->policy.icebp_is_db)
        return raise(x, EXC_UD);
    return raise_event(x, EXC_DB, EVENT_PRIV_EXC);
}
