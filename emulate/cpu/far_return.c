/*
 * Far RET and IRET: to the same ring, to an outer ring, to virtual-8086 mode (SDM vol. 3, 5.8.6 and
 * 6.12; vol. 2, RET and IRET).
 */
#include "handlers.h"
#include "task.h"
#include "transfer.h"

struct far_return {
    unsigned size; /* of one item: 2 or 4 */
    uint32_t skip; /* RETF imm16: bytes of parameters to drop from each stack */
    bool iret;
    uint32_t eip;
    uint16_t cs;
    uint32_t eflags; /* IRET only */
};

/* Reads items that lie `offset` bytes above the stack top. */
static bool stack_items(struct step *x, uint32_t offset, uint32_t *values, unsigned count,
                        unsigned size)
{
    const struct cpu *cpu = x->cpu;
    bool wide = stack32(&cpu->seg[SEG_SS]);
    uint32_t sp = cpu->gpr[ESP] + offset;

    /* The common IRET in one access: a fault finds the same page as one pop after the other. */
    if (wide && size == 4 && count <= 4)
        return read_mem(x, SEG_SS, sp, values, 4 * count);
    for (unsigned i = 0; i < count; i++, sp += size) {
        values[i] = 0;
        if (!read_mem(x, SEG_SS, wide ? sp : sp & 0xffffu, &values[i], size))
            return false;
    }
    return true;
}

static bool read_image(struct step *x, struct far_return *r)
{
    uint32_t items[3];

    if (!stack_items(x, 0, items, r->iret ? 3 : 2, r->size))
        return false;
    r->eip = items[0];
    r->cs = (uint16_t)items[1];
    if (r->iret)
        r->eflags = items[2];
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
    load_eflags(cpu, r->eflags, r->size);
    if (r->size == 4)
        cpu->eflags = (cpu->eflags & ~EFLAGS_RF) | (r->eflags & EFLAGS_RF);
}

static bool return_real(struct step *x, const struct far_return *r)
{
    struct cpu *cpu = x->cpu;

    if (!check_eip(x, &cpu->seg[SEG_CS], r->eip))
        return false;
    load_segment_real(cpu, SEG_CS, r->cs);
    move_sp(cpu, (int32_t)(image_size(r) + r->skip));
    x->next_eip = r->eip;
    if (r->iret)
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

static bool outer_ss(struct step *x, uint16_t selector, unsigned rpl, struct segment *out)
{
    struct descriptor d;
    uint8_t absent = x->cpu->model->policy.iret_ss_np_is_np ? EXC_NP : EXC_SS;

    if (selector_null(selector))
        return raise_gp0(x);
    if ((selector & 3u) != rpl)
        return raise_error(x, EXC_GP, selector_error(selector));
    if (!read_descriptor(x, selector, EXC_GP, &d))
        return false;
    if (!is_writable_data(descriptor_attr(&d)) || descriptor_dpl(&d) != rpl)
        return raise_error(x, EXC_GP, selector_error(selector));
    if (!descriptor_present(&d))
        return raise_error(x, absent, selector_error(selector));
    if (!mark_accessed_far(x, &d))
        return false;
    *out = descriptor_segment(&d, selector);
    return true;
}

/* Pops the outer SS:ESP. With a 16-bit stack only SP is loaded. */
static bool outer_stack(struct step *x, const struct far_return *r, struct frame_stack *out)
{
    uint32_t items[2];

    if (!stack_items(x, image_size(r) + r->skip, items, 2, r->size) ||
        !outer_ss(x, (uint16_t)items[1], r->cs & 3u, &out->ss))
        return false;
    uint32_t esp = items[0] + r->skip;
    out->esp = stack32(&out->ss) ? esp : (x->cpu->gpr[ESP] & 0xffff0000u) | (esp & 0xffffu);
    return true;
}

static bool return_protected(struct step *x, const struct far_return *r)
{
    struct cpu *cpu = x->cpu;
    unsigned old_cpl = cpu->cpl;
    unsigned new_cpl = r->cs & 3u;
    struct frame_stack stack = {0};
    struct descriptor code;

    if (!return_code(x, r, &code))
        return false;
    if (new_cpl != old_cpl && !outer_stack(x, r, &stack))
        return false;
    struct segment cs = descriptor_segment(&code, r->cs);
    if (!check_eip(x, &cs, r->eip) || !mark_accessed_far(x, &code))
        return false;

    /* Flags go by the old CPL: only ring 0 can hand out IOPL, and IF belongs to it. */
    if (r->iret)
        load_return_flags(cpu, r);
    enter_code(x, &code, r->cs, new_cpl, r->eip);
    if (new_cpl == old_cpl) {
        move_sp(cpu, (int32_t)(image_size(r) + r->skip));
    } else {
        use_stack(cpu, &stack);
        drop_privileged_segments(cpu);
    }
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
    cpu->eflags = (cpu->eflags & ~loaded) | (r->eflags & loaded) | EFLAGS_FIXED;
    load_segment_v86(cpu, SEG_CS, r->cs);
    for (unsigned i = 0; i < sizeof(order); i++)
        load_segment_v86(cpu, order[i], (uint16_t)value[1 + i]);
    cpu->gpr[ESP] = value[0];
    set_cpl(cpu, 3);
    x->next_eip = r->eip & 0xffffu;
    return true;
}

static bool iret_mode(struct step *x, const struct far_return *r)
{
    struct cpu *cpu = x->cpu;

    if (cpu_real_mode(cpu) || cpu_v86(cpu))
        return return_real(x, r);
    if (r->size == 4 && (r->eflags & EFLAGS_VM) && cpu->cpl == 0)
        return return_to_v86(x, r);
    return return_protected(x, r);
}

bool op_iret(struct step *x)
{
    struct cpu *cpu = x->cpu;
    struct far_return r = {.size = x->insn->opsize, .iret = true};
    bool protected = !cpu_real_mode(cpu) && !cpu_v86(cpu);

    if (cpu_v86(cpu) && EFLAGS_IOPL_OF(cpu->eflags) != 3)
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

bool op_ret_far(struct step *x)
{
    struct cpu *cpu = x->cpu;
    struct far_return r = {.size = x->insn->opsize, .skip = x->insn->imm & 0xffffu};

    if (!read_image(x, &r))
        return false;
    if (cpu_real_mode(cpu) || cpu_v86(cpu))
        return return_real(x, &r);
    return return_protected(x, &r);
}
