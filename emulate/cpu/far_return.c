/*
 * Far RET and IRET: to the same ring, to an outer ring, to virtual-8086 mode (SDM vol. 3, 5.8.6 and
 * 6.12; vol. 2, RET and IRET).
 */
#include "debug.h"
#include "handlers.h"
#include "known.h"
#include "task.h"
#include "transfer.h"

/* What lies on the stack, lowest address first; a far RET has no EFLAGS between CS and ESP. */
enum item { ITEM_EIP, ITEM_CS, ITEM_EFLAGS, ITEM_ESP, ITEM_SS, ITEM_COUNT };

struct far_return {
    unsigned size; /* of one item: 2 or 4 */
    uint32_t skip; /* RETF imm16: bytes of parameters to drop from each stack */
    bool iret;
    bool complete; /* ESP and SS have been read with the others */
    uint16_t cs;
    uint32_t item[ITEM_COUNT];
};

/* Only three items have CS, or SS, elsewhere than at [1]: none; more are all selectors behind ESP.
 */
static bool is_selector(unsigned i, unsigned count)
{
    return i == 1 || (i > 1 && count > 3);
}

/* Reads items that lie `offset` bytes above the stack top. */
static bool stack_items(struct step *x, uint32_t offset, uint32_t *values, unsigned count,
                        unsigned size)
{
    const struct cpu *cpu = x->cpu;
    bool wide = stack32(&cpu->seg[SEG_SS]);
    bool down = cpu->model->policy.returns_read_down;
    uint32_t sp = cpu->gpr[ESP] + offset;

    /* The common case in one access: a fault finds the same page as one pop after the other. */
    if (wide && size == 4 && count <= 4 && !down && !alignment_checked(cpu))
        return read_mem(x, SEG_SS, sp, values, 4 * count);
    for (unsigned n = 0; n < count; n++) {
        unsigned i = down ? count - 1 - n : n;
        uint32_t at = sp + i * size;
        bool two = cpu->model->policy.sreg_on_stack_is_two && is_selector(i, count);
        values[i] = 0;
        if (!read_mem(x, SEG_SS, wide ? at : at & 0xffffu, &values[i], two ? 2 : size))
            return false;
    }
    return true;
}

/*
 * IRET goes to an outer ring more often than not, and then needs ESP and SS: read with the others
 * where that cannot be told from reading them later: all lie in one page, and neither a limit nor a
 * data breakpoint looks at the single items.
 */
static bool can_read_ahead(const struct cpu *cpu, unsigned size, uint32_t lin)
{
    return size == 4 && cpu->cpl < 3 && stack32(&cpu->seg[SEG_SS]) &&
           !cpu->model->policy.checks_segments && !breakpoints_armed(cpu) &&
           lin % PAGE_SIZE <= PAGE_SIZE - ITEM_COUNT * sizeof(uint32_t);
}

static inline bool read_image(struct step *x, struct far_return *r)
{
    uint32_t lin = x->cpu->seg[SEG_SS].base + x->cpu->gpr[ESP];

    r->complete = r->iret && can_read_ahead(x->cpu, r->size, lin);
    if (r->complete ? !read_system(x, lin, r->item, sizeof(r->item))
                    : !stack_items(x, 0, r->item, r->iret ? 3 : 2, r->size))
        return false;
    r->cs = (uint16_t)r->item[ITEM_CS];
    return true;
}

/* Bytes of EIP, CS and, for IRET, EFLAGS. */
static uint32_t image_size(const struct far_return *r)
{
    return (r->iret ? 3 : 2) * r->size;
}

/* RF can only come back by a 32-bit IRET: an instruction breakpoint is passed once. */
static void load_return_flags(struct cpu *cpu, const struct far_return *r)
{
    load_eflags(cpu, r->item[ITEM_EFLAGS], r->size);
    if (r->size == 4)
        cpu->eflags = (cpu->eflags & ~EFLAGS_RF) | (r->item[ITEM_EFLAGS] & EFLAGS_RF);
}

/* Whether IRET goes by VIF: virtual-8086 mode below IOPL 3. */
static bool by_virtual_if(const struct cpu *cpu)
{
    return cpu_v86(cpu) && EFLAGS_IOPL_OF(cpu->eflags) != 3;
}

static bool return_real(struct step *x, const struct far_return *r)
{
    struct cpu *cpu = x->cpu;
    bool by_vif = r->iret && by_virtual_if(cpu);

    if (!check_eip_real(x, r->item[ITEM_EIP]))
        return false;
    if (by_vif && !load_virtual_flags(x, r->item[ITEM_EFLAGS]))
        return false;
    load_segment_real(cpu, SEG_CS, r->cs);
    move_sp(cpu, (int32_t)(image_size(r) + r->skip));
    x->next_eip = r->item[ITEM_EIP];
    if (r->iret && !by_vif)
        load_return_flags(cpu, r);
    return true;
}

/* The code segment to return to: RPL is the new CPL and may not be an inner one. */
static bool return_code(struct step *x, const struct far_return *r, struct descriptor *code)
{
    unsigned rpl = r->cs & 3u;

    if (selector_null(r->cs))
        return raise_gp0(x);
    if (!read_descriptor(x, r->cs, EXC_GP, code))
        return false;
    unsigned attr = descriptor_attr(code);
    unsigned dpl = ATTR_DPL_OF(attr);
    if (!is_code(attr) || rpl < x->cpu->cpl || (is_conforming(attr) ? dpl > rpl : dpl != rpl))
        return raise_error(x, EXC_GP, selector_error(r->cs));
    if (!(attr & ATTR_P))
        return raise_error(x, EXC_NP, selector_error(r->cs));
    return true;
}

/* The stack segment to return to, by the selector read. */
static bool outer_ss(struct step *x, uint16_t selector, unsigned rpl, struct descriptor *ss)
{
    uint8_t absent = x->cpu->model->policy.iret_ss_np_is_np ? EXC_NP : EXC_SS;

    if (selector_null(selector))
        return raise_gp0(x);
    if ((selector & 3u) != rpl)
        return raise_error(x, EXC_GP, selector_error(selector));
    if (!read_descriptor(x, selector, EXC_GP, ss))
        return false;
    unsigned attr = descriptor_attr(ss);
    if (!is_writable_data(attr) || ATTR_DPL_OF(attr) != rpl)
        return raise_error(x, EXC_GP, selector_error(selector));
    if (!(attr & ATTR_P))
        return raise_error(x, absent, selector_error(selector));
    return mark_accessed_far(x, ss);
}

static bool outer_items(struct step *x, struct far_return *r)
{
    return r->complete || stack_items(x, image_size(r) + r->skip, &r->item[ITEM_ESP], 2, r->size);
}

/* With a 16-bit stack only SP is loaded. */
static void use_outer_stack(struct cpu *cpu, const struct far_return *r,
                            const struct descriptor *ss)
{
    uint32_t mask = descriptor_attr(ss) & ATTR_DB ? 0xffffffffu : 0xffffu;
    uint32_t esp = r->item[ITEM_ESP] + r->skip;

    set_segment(cpu, SEG_SS, descriptor_segment(ss, (uint16_t)r->item[ITEM_SS]));
    cpu->gpr[ESP] = (cpu->gpr[ESP] & ~mask) | (esp & mask);
}

/* The last checks, then EFLAGS, CS and EIP. */
static inline bool finish_return(struct step *x, const struct far_return *r,
                                 struct descriptor *code)
{
    if (!check_eip(x, code, r->item[ITEM_EIP]) || !mark_accessed_far(x, code))
        return false;
    /* Flags go by the old CPL: only ring 0 can hand out IOPL, and IF belongs to it. */
    if (r->iret)
        load_return_flags(x->cpu, r);
    enter_code(x, code, r->cs, r->cs & 3u, r->item[ITEM_EIP]);
    return true;
}

static bool return_outer(struct step *x, struct far_return *r, struct descriptor *code)
{
    uint32_t from = x->cpu->seg[SEG_SS].base + x->cpu->gpr[ESP];
    struct descriptor ss;

    if (!outer_items(x, r) || !outer_ss(x, (uint16_t)r->item[ITEM_SS], r->cs & 3u, &ss) ||
        !finish_return(x, r, code))
        return false;
    use_outer_stack(x->cpu, r, &ss);
    drop_privileged_segments(x->cpu);
    if (r->iret)
        know_return(x->cpu, from, code, &ss);
    return true;
}

static bool return_protected(struct step *x, struct far_return *r)
{
    struct descriptor code;

    if (!return_code(x, r, &code))
        return false;
    if ((r->cs & 3u) != x->cpu->cpl)
        return return_outer(x, r, &code);
    if (!finish_return(x, r, &code))
        return false;
    move_sp(x->cpu, (int32_t)(image_size(r) + r->skip));
    return true;
}

/* SDM vol. 3, 20.2.1: EIP CS EFLAGS ESP SS ES DS FS GS, and CPL 3 from then on. */
static bool return_to_v86(struct step *x, const struct far_return *r)
{
    static const uint8_t order[] = {SEG_SS, SEG_ES, SEG_DS, SEG_FS, SEG_GS};
    struct cpu *cpu = x->cpu;
    uint32_t loaded = EFLAGS_VM | EFLAGS_VIF | EFLAGS_VIP | cpu->model->eflags_valid;
    uint32_t value[1 + sizeof(order)];

    if (!stack_items(x, image_size(r), value, 1 + sizeof(order), 4))
        return false;
    if (cpu->model->policy.rf_in_fault_frames)
        loaded |= EFLAGS_RF;
    cpu->eflags = (cpu->eflags & ~loaded) | (r->item[ITEM_EFLAGS] & loaded) | EFLAGS_FIXED;
    load_segment_v86(cpu, SEG_CS, r->cs);
    for (unsigned i = 0; i < sizeof(order); i++)
        load_segment_v86(cpu, order[i], (uint16_t)value[1 + i]);
    cpu->gpr[ESP] = value[0];
    set_cpl(cpu, 3);
    x->next_eip = r->item[ITEM_EIP] & 0xffffu;
    return true;
}

static bool iret_mode(struct step *x, struct far_return *r)
{
    struct cpu *cpu = x->cpu;

    if (cpu_real_mode(cpu) || cpu_v86(cpu))
        return return_real(x, r);
    if (r->size == 4 && (r->item[ITEM_EFLAGS] & EFLAGS_VM) && cpu->cpl == 0)
        return return_to_v86(x, r);
    return return_protected(x, r);
}

/* From ring 0 to user code as before; false, and nothing done, where anything is different. */
static bool return_known(struct step *x)
{
    struct cpu *cpu = x->cpu;
    struct cpu_known_return *k = &cpu->tlb.back;
    uint32_t lin = cpu->seg[SEG_SS].base + cpu->gpr[ESP];

    if (cpu->cpl != 0 || (cpu->eflags & (EFLAGS_VM | EFLAGS_NT)) || x->insn->opsize != 4 ||
        cpu_real_mode(cpu) || breakpoints_armed(cpu) || !stack32(&cpu->seg[SEG_SS]))
        return false;
    if (!known_pair_holds(cpu, &k->to) || (lin != k->lin && !know_frame(cpu, k, lin)))
        return false;
    const uint32_t *item = (const void *)k->frame;
    if ((uint16_t)item[ITEM_CS] != k->to.cs.selector ||
        (uint16_t)item[ITEM_SS] != k->to.ss.selector || (item[ITEM_EFLAGS] & EFLAGS_VM))
        return false;
    load_eflags(cpu, item[ITEM_EFLAGS], 4); /* by the old CPL */
    cpu->eflags = (cpu->eflags & ~EFLAGS_RF) | (item[ITEM_EFLAGS] & EFLAGS_RF);
    load_known_pair(cpu, &k->to);
    set_cpl(cpu, 3);
    cpu->gpr[ESP] = item[ITEM_ESP];
    x->next_eip = item[ITEM_EIP];
    cpu->nmi_blocked = false;
    if (!segments_outlive(cpu))
        drop_privileged_segments(cpu);
    return true;
}

static __attribute__((noinline)) bool iret_checked(struct step *x)
{
    struct cpu *cpu = x->cpu;
    struct far_return r = {.size = x->insn->opsize, .iret = true};
    bool protected = !cpu_real_mode(cpu) && !cpu_v86(cpu);

    if (by_virtual_if(cpu) && (!vme_active(cpu) || r.size != 2))
        return raise_gp0(x);
    if (protected && (cpu->eflags & EFLAGS_NT)) {
        if (!task_return(x))
            return false;
    } else if (!read_image(x, &r) || !iret_mode(x, &r)) {
        return false;
    }
    cpu->nmi_blocked = false;
    return true;
}

bool op_iret(struct step *x)
{
    return return_known(x) || iret_checked(x);
}

bool op_ret_far(struct step *x)
{
    struct cpu *cpu = x->cpu;
    struct far_return r = {.size = x->insn->opsize, .skip = released_bytes(x)};

    if (!read_image(x, &r))
        return false;
    if (cpu_real_mode(cpu) || cpu_v86(cpu))
        return return_real(x, &r);
    return return_protected(x, &r);
}
