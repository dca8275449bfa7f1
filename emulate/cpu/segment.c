/*
 * Segment registers and the descriptors they are loaded from (SDM vol. 3, 3.4 and 5.5 to 5.7).
 *
 * The guest's own GDT and LDT are read at every load, with supervisor rights, and its accessed bits
 * are set there; what was loaded then lives in the hidden part, whatever happens to the table.
 */
#include "segment.h"

bool mark_accessed(struct step *x, struct descriptor *d)
{
    if (descriptor_attr(d) & ATTR_ACCESSED)
        return true;
    d->hi |= ATTR_ACCESSED << 8;
    /* The machine writes the upper dword, which shows in CR2 when the table is read-only. */
    return write_system(x, d->lin + 4, &d->hi, sizeof(d->hi));
}

/* Only selector and base change: limit and rights stay as they were ("unreal mode"). */
void load_segment_real(struct cpu *cpu, unsigned seg, uint16_t selector)
{
    struct segment value = cpu->seg[seg];

    value.selector = selector;
    value.base = (uint32_t)selector << 4;
    set_segment(cpu, seg, value);
}

void load_segment_v86(struct cpu *cpu, unsigned seg, uint16_t selector)
{
    set_segment(cpu, seg,
                (struct segment){.selector = selector,
                                 .attr = ATTR_P | ATTR_DPL | ATTR_S | ATTR_WRITABLE | ATTR_ACCESSED,
                                 .base = (uint32_t)selector << 4,
                                 .limit = 0xffffu});
}

/* SDM vol. 3, 5.7: the stack segment must be writable data of exactly the CPL. */
static bool ss_loadable(const struct cpu *cpu, uint16_t selector, unsigned attr)
{
    return is_writable_data(attr) && (selector & 3) == cpu->cpl && ATTR_DPL_OF(attr) == cpu->cpl;
}

/* SDM vol. 3, 5.6: readable, and neither CPL nor RPL weaker than the DPL unless conforming. */
static bool data_loadable(const struct cpu *cpu, uint16_t selector, unsigned attr)
{
    unsigned dpl = ATTR_DPL_OF(attr);

    if (!(attr & ATTR_S) || (is_code(attr) && !(attr & ATTR_READABLE)))
        return false;
    return is_conforming(attr) || (dpl >= cpu->cpl && dpl >= (selector & 3u));
}

static bool load_segment_protected(struct step *x, unsigned seg, uint16_t selector)
{
    struct descriptor d;
    bool stack = seg == SEG_SS;

    if (!read_descriptor(x, selector, EXC_GP, &d))
        return false;
    unsigned attr = descriptor_attr(&d);
    if (!(stack ? ss_loadable(x->cpu, selector, attr) : data_loadable(x->cpu, selector, attr)))
        return raise_error(x, EXC_GP, selector_error(selector));
    if (!(attr & ATTR_P))
        return raise_error(x, stack ? EXC_SS : EXC_NP, selector_error(selector));
    if (!mark_accessed(x, &d))
        return false;
    set_segment(x->cpu, seg, descriptor_segment(&d, selector));
    return true;
}

bool load_segment(struct step *x, unsigned seg, uint16_t selector)
{
    struct cpu *cpu = x->cpu;

    if (cpu_real_mode(cpu) || cpu_v86(cpu)) {
        load_segment_real(cpu, seg, selector);
        return true;
    }
    if (!selector_null(selector))
        return load_segment_protected(x, seg, selector);
    if (seg == SEG_SS)
        return raise_gp0(x);
    set_segment(cpu, seg, null_segment(selector));
    return true;
}

/* The DPL settles it for nearly all. */
static inline bool outlives_return(const struct cpu *cpu, unsigned seg)
{
    const struct segment *s = &cpu->seg[seg];

    if (ATTR_DPL_OF(s->attr) >= cpu->cpl || is_conforming(s->attr))
        return true;
    /* The machine leaves a null FS or GS alone, RPL included, but makes DS and ES plain 0. */
    return (seg == SEG_FS || seg == SEG_GS) && selector_null(s->selector);
}

__attribute__((cold)) static void drop_segment(struct cpu *cpu, unsigned seg)
{
    struct segment dropped = null_segment(0);

    if (cpu->model->policy.null_keeps_base) {
        dropped.base = cpu->seg[seg].base;
        dropped.limit = cpu->seg[seg].limit;
    }
    set_segment(cpu, seg, dropped);
}

static inline void drop_unless_allowed(struct cpu *cpu, unsigned seg)
{
    if (!outlives_return(cpu, seg))
        drop_segment(cpu, seg);
}

void drop_privileged_segments(struct cpu *cpu)
{
    drop_unless_allowed(cpu, SEG_ES);
    drop_unless_allowed(cpu, SEG_DS);
    drop_unless_allowed(cpu, SEG_FS);
    drop_unless_allowed(cpu, SEG_GS);
}
