/*
 * The stack switch to an inner ring, and the frames that gates and events push (SDM vol. 3, 5.8.5
 * and 6.12.1).
 */
#include "transfer.h"

#include <string.h>

/* The 16-bit TSS has SP and SS packed in four bytes, the 32-bit one in eight (SDM vol. 3, 7.2). */
bool read_inner_stack(struct step *x, unsigned cpl, uint16_t *ss, uint32_t *esp)
{
    const struct segment *tr = &x->cpu->seg[SEG_TR];
    bool tss32 = (tr->attr & ATTR_TYPE) & 8u;
    unsigned size = tss32 ? 4 : 2;
    uint32_t offset = (cpl * 2 + 1) * size;
    uint32_t raw[2] = {0, 0};

    /* A TR that was never loaded has limit 0 here and takes the same way out. */
    if (!(tr->attr & ATTR_P) || offset + 2 * size - 1 > tr->limit)
        return raise_error(x, EXC_TS, selector_error(tr->selector));
    if (!read_system(x, tr->base + offset, raw, 2 * size))
        return false;
    *esp = tss32 ? raw[0] : raw[0] & 0xffffu;
    *ss = (uint16_t)(tss32 ? raw[1] : raw[0] >> 16);
    return true;
}

bool check_inner_ss(struct step *x, uint16_t selector, unsigned cpl, struct segment *out)
{
    struct descriptor d;

    if (selector_null(selector) || (selector & 3u) != cpl)
        return raise_error(x, EXC_TS, selector_error(selector));
    if (!read_descriptor(x, selector, EXC_TS, &d))
        return false;
    if (descriptor_dpl(&d) != cpl || !is_writable_data(descriptor_attr(&d)))
        return raise_error(x, EXC_TS, selector_error(selector));
    if (!descriptor_present(&d)) {
        uint8_t vector = x->cpu->model->policy.inner_ss_np_is_ts ? EXC_TS : EXC_SS;
        return raise_error(x, vector, selector_error(selector));
    }
    if (!mark_accessed_far(x, &d))
        return false;
    *out = descriptor_segment(&d, selector);
    return true;
}

bool inner_stack(struct step *x, unsigned cpl, struct frame_stack *out)
{
    uint16_t selector = 0;

    if (!read_inner_stack(x, cpl, &selector, &out->esp) ||
        !check_inner_ss(x, selector, cpl, &out->ss))
        return false;
    out->cpl = (uint8_t)cpl;
    out->error = selector_error(selector);
    return true;
}

struct frame_stack current_stack(const struct cpu *cpu)
{
    return (struct frame_stack){.ss = cpu->seg[SEG_SS], .esp = cpu->gpr[ESP], .cpl = cpu->cpl};
}

void use_stack(struct cpu *cpu, const struct frame_stack *stack)
{
    set_segment(cpu, SEG_SS, stack->ss);
    cpu->gpr[ESP] = stack->esp;
}

/* Whether sp - bytes .. sp - 1 lies in the segment (expand-down: above the limit). */
static bool frame_fits(const struct segment *ss, uint32_t sp, uint32_t bytes)
{
    uint32_t top = stack32(ss) ? 0xffffffffu : 0xffffu;

    if (sp == 0)
        sp = top - (bytes - 1); /* the stack wraps to its upper end */
    else if (sp < bytes)
        return false;
    else
        sp -= bytes;
    if (ss->attr & ATTR_DOWN)
        return sp > ss->limit && sp + (bytes - 1) <= top;
    return sp + (bytes - 1) <= ss->limit;
}

/* One write for the whole frame where that cannot be told from pushes: 32-bit stack, one page. */
static bool push_at_once(struct step *x, struct frame_stack *stack, const uint32_t *values,
                         unsigned count, unsigned size, unsigned access)
{
    uint8_t image[FRAME_MAX_ITEMS * sizeof(uint32_t)] = {0};
    unsigned bytes = count * size;
    uint32_t lin = stack->ss.base + stack->esp - bytes;
    struct event ignored;

    if (!stack32(&stack->ss) || (lin & 0xfffu) + bytes > 0x1000u)
        return false;
    for (unsigned i = 0; i < count; i++)
        memcpy(image + (count - 1 - i) * size, &values[i], size);
    if (!x->ops->write(x->world, lin, image, bytes, access, &ignored))
        return false;
    stack->esp -= bytes;
    return true;
}

/* Pushes one by one, so that a fault names the very item that could not be written. */
bool push_frame(struct step *x, struct frame_stack *stack, const uint32_t *values, unsigned count,
                unsigned size)
{
    unsigned access = ACCESS_WRITE | (stack->cpl == 3 ? ACCESS_USER : 0);
    uint32_t mask = stack32(&stack->ss) ? 0xffffffffu : 0xffffu;
    uint32_t sp = stack->esp;

    if (x->cpu->model->policy.checks_segments && !frame_fits(&stack->ss, sp & mask, count * size))
        return raise_error(x, EXC_SS, stack->error);
    if (push_at_once(x, stack, values, count, size, access))
        return true;
    for (unsigned i = 0; i < count; i++) {
        sp = (sp & ~mask) | ((sp - size) & mask);
        if (!x->ops->write(x->world, stack->ss.base + (sp & mask), &values[i], size, access,
                           &x->fault))
            return false;
    }
    stack->esp = sp;
    return true;
}

struct gate read_gate(const struct cpu *cpu, const struct descriptor *d)
{
    bool gate32 = descriptor_type(d) & 8u;
    struct gate gate = {
        .selector = (uint16_t)(d->lo >> 16),
        .offset = d->lo & 0xffffu,
        .size = gate32 ? 4 : 2,
        .params = d->hi & 31u,
    };

    if (gate32 || cpu->model->policy.gate16_has_offset32)
        gate.offset |= d->hi & 0xffff0000u;
    return gate;
}

bool check_eip(struct step *x, const struct segment *cs, uint32_t eip)
{
    if (x->cpu->model->policy.checks_segments && eip > cs->limit)
        return raise_gp0(x);
    return true;
}

void enter_code(struct step *x, const struct descriptor *d, uint16_t selector, unsigned cpl,
                uint32_t eip)
{
    set_segment(x->cpu, SEG_CS, descriptor_segment(d, (uint16_t)((selector & 0xfffcu) | cpl)));
    set_cpl(x->cpu, (uint8_t)cpl);
    x->next_eip = eip;
}
