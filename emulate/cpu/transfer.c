/*
 * The stack switch to an inner ring, and the frames that gates and events push (SDM vol. 3, 5.8.5
 * and 6.12.1).
 */
#include "transfer.h"

#include "debug.h"

/*
 * SSn:ESPn of the current TSS; #TS(TR) where the TSS is too short. The 16-bit TSS has SP and SS
 * packed in four bytes, the 32-bit one in eight (SDM vol. 3, 7.2).
 */
static bool read_inner_stack(struct step *x, unsigned cpl, uint16_t *ss, uint32_t *esp)
{
    const struct segment *tr = &x->cpu->seg[SEG_TR];
    bool tss32 = tr->attr & 8u;
    unsigned size = tss32 ? 8 : 4;
    uint32_t offset = size / 2 + cpl * size;
    uint32_t raw[2];

    /* A TR that was never loaded has limit 0 here and takes the same way out. */
    if (!(tr->attr & ATTR_P) || offset + size - 1 > tr->limit)
        return raise_error(x, EXC_TS, selector_error(tr->selector));
    if (!read_system(x, tr->base + offset, raw, size))
        return false;
    *esp = tss32 ? raw[0] : raw[0] & 0xffffu;
    *ss = (uint16_t)(tss32 ? raw[1] : raw[0] >> 16);
    return true;
}

/* The new SS of an inner ring: #TS or #SS with the selector. */
static bool check_inner_ss(struct step *x, uint16_t selector, unsigned cpl, struct frame_stack *out)
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
    out->from = d;
    out->ss = descriptor_segment(&d, selector);
    return true;
}

bool inner_stack(struct step *x, unsigned cpl, struct frame_stack *out)
{
    uint16_t selector = 0;

    if (!read_inner_stack(x, cpl, &selector, &out->esp) || !check_inner_ss(x, selector, cpl, out))
        return false;
    out->cpl = (uint8_t)cpl;
    out->error = selector_error(selector);
    return true;
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

/* Pushes one by one, so that a fault names the very item that could not be written. */
static bool push_items(struct step *x, struct frame_stack *stack, const uint32_t *items,
                       unsigned count, unsigned size, unsigned access)
{
    uint32_t mask = stack32(&stack->ss) ? 0xffffffffu : 0xffffu;
    uint32_t sp = stack->esp;

    for (unsigned i = count; i-- > 0;) {
        sp = (sp & ~mask) | ((sp - size) & mask);
        if (breakpoints_armed(x->cpu))
            note_data_breaks(x, stack->ss.base + (sp & mask), size, true);
        if (!write_linear(x, stack->ss.base + (sp & mask), &items[i], size, access))
            return false;
    }
    stack->esp = sp;
    return true;
}

bool push_frame(struct step *x, struct frame_stack *stack, const uint32_t *items, unsigned count,
                unsigned size)
{
    unsigned access = ACCESS_WRITE | (stack->cpl == 3 ? ACCESS_USER : 0);
    bool wide = stack32(&stack->ss);
    uint32_t bytes = count * size;
    uint32_t esp = stack->esp - bytes;
    uint32_t lin = stack->ss.base + esp;

    if (x->cpu->model->policy.checks_segments &&
        !frame_fits(&stack->ss, wide ? stack->esp : stack->esp & 0xffffu, bytes))
        return raise_error(x, EXC_SS, stack->error);
    /* One write where that cannot be told from pushes: no wrapping, one page, and no fault. */
    if (wide && size == 4 && !breakpoints_armed(x->cpu) && lin % PAGE_SIZE + bytes <= PAGE_SIZE &&
        write_linear(x, lin, items, bytes, access)) {
        stack->esp = esp;
        return true;
    }
    return push_items(x, stack, items, count, size, access);
}
