/*
 * Far JMP and CALL, direct and through memory, to code segments, call gates and tasks (SDM vol. 3,
 * 5.8; vol. 2, JMP and CALL).
 */
#include "handlers.h"
#include "task.h"
#include "transfer.h"

struct far_target {
    uint16_t selector;
    uint32_t eip;
};

static bool read_target(struct step *x, bool indirect, struct far_target *out)
{
    const struct insn *insn = x->insn;
    uint32_t mask = insn->opsize == 2 ? 0xffffu : 0xffffffffu;
    if (!indirect) {
        *out = (struct far_target){(uint16_t)insn->imm2, insn->imm & mask};
        return true;
    }
    /* The register form (FF /3 and /5 with mod = 3) does not exist. */
    if (!insn_has_mem(insn))
        return raise(x, EXC_UD);
    return read_far_pointer(x, &out->selector, &out->eip);
}

static bool push_return(struct step *x, unsigned size)
{
    return push(x, x->cpu->seg[SEG_CS].selector, size) && push(x, x->next_eip, size);
}

static bool far_real(struct step *x, const struct far_target *target, bool call)
{
    struct cpu *cpu = x->cpu;
    unsigned size = x->insn->opsize;

    if (!check_eip_real(x, target->eip))
        return false;
    if (call && !push_return(x, size))
        return false;
    load_segment_real(cpu, SEG_CS, target->selector);
    x->next_eip = target->eip;
    return true;
}

/* Past the limit, JMP and CALL name different error codes on some machines. */
static bool check_limit(struct step *x, const struct far_target *target, const struct descriptor *d,
                        bool call)
{
    uint32_t error = 0;

    if (target->eip <= descriptor_limit(d))
        return true;
    if (call && x->cpu->model->policy.call_limit_selector)
        error = selector_error(target->selector);
    return raise_error(x, EXC_GP, error);
}

/* Straight to a code segment: the CPL stays, whatever the selector's RPL says. */
static bool far_code(struct step *x, const struct far_target *target, struct descriptor *d,
                     bool call)
{
    const struct cpu *cpu = x->cpu;
    unsigned attr = descriptor_attr(d);
    unsigned dpl = ATTR_DPL_OF(attr);
    unsigned size = x->insn->opsize;
    bool allowed = is_conforming(attr) ? dpl <= cpu->cpl
                                       : (target->selector & 3u) <= cpu->cpl && dpl == cpu->cpl;

    if (!is_code(attr) || !allowed)
        return raise_error(x, EXC_GP, selector_error(target->selector));
    if (!(attr & ATTR_P))
        return raise_error(x, EXC_NP, selector_error(target->selector));
    bool push_first = call && cpu->model->policy.call_pushes_first;
    if (!mark_accessed_far(x, d) || (push_first && !push_return(x, size)) ||
        !check_limit(x, target, d, call) || (call && !push_first && !push_return(x, size)))
        return false;
    enter_code(x, d, target->selector, cpu->cpl, target->eip);
    return true;
}

/* The code segment a call gate leads to, with the checks JMP and CALL have in common. */
static bool gate_code(struct step *x, const struct gate *gate, struct descriptor *code)
{
    if (selector_null(gate->selector))
        return raise_gp0(x);
    if (!read_descriptor(x, gate->selector, EXC_GP, code))
        return false;
    if (!is_code(descriptor_attr(code)) || descriptor_dpl(code) > x->cpu->cpl)
        return raise_error(x, EXC_GP, selector_error(gate->selector));
    return true;
}

static bool jump_gate(struct step *x, const struct gate *gate)
{
    const struct cpu *cpu = x->cpu;
    struct descriptor code;
    uint8_t absent = cpu->model->policy.jump_gate_np_is_gp ? EXC_GP : EXC_NP;

    if (!gate_code(x, gate, &code))
        return false;
    if (!is_conforming(descriptor_attr(&code)) && descriptor_dpl(&code) != cpu->cpl)
        return raise_error(x, EXC_GP, selector_error(gate->selector));
    if (!descriptor_present(&code))
        return raise_error(x, absent, selector_error(gate->selector));
    if (gate->offset > descriptor_limit(&code))
        return raise_gp0(x);
    if (!mark_accessed_far(x, &code))
        return false;
    enter_code(x, &code, gate->selector, cpu->cpl, gate->offset);
    return true;
}

/* The caller's parameters; the one that he pushed first (at the highest address) is read first. */
static bool read_params(struct step *x, const struct gate *gate, uint32_t *out)
{
    for (unsigned i = gate->params; i-- > 0;) {
        if (!peek(x, i, &out[i], gate->size))
            return false;
    }
    return true;
}

static bool call_inner(struct step *x, const struct gate *gate, struct descriptor *code)
{
    struct cpu *cpu = x->cpu;
    unsigned cpl = descriptor_dpl(code);
    struct frame_stack stack;
    uint32_t frame[FRAME_MAX_ITEMS];

    frame[0] = x->next_eip;
    frame[1] = cpu->seg[SEG_CS].selector;
    frame[2 + gate->params] = cpu->gpr[ESP];
    frame[3 + gate->params] = cpu->seg[SEG_SS].selector;
    if (!inner_stack(x, cpl, &stack) || !read_params(x, gate, frame + 2) ||
        !check_eip(x, code, gate->offset) || !mark_accessed_far(x, code) ||
        !push_frame(x, &stack, frame, 4 + gate->params, gate->size))
        return false;
    use_stack(cpu, &stack);
    enter_code(x, code, gate->selector, cpl, gate->offset);
    return true;
}

static bool call_gate(struct step *x, const struct gate *gate)
{
    struct cpu *cpu = x->cpu;
    struct descriptor code;

    if (!gate_code(x, gate, &code))
        return false;
    if (!descriptor_present(&code))
        return raise_error(x, EXC_NP, selector_error(gate->selector));
    if (!is_conforming(descriptor_attr(&code)) && descriptor_dpl(&code) < cpu->cpl)
        return call_inner(x, gate, &code);

    if (!check_eip(x, &code, gate->offset) || !mark_accessed_far(x, &code) ||
        !push_return(x, gate->size))
        return false;
    enter_code(x, &code, gate->selector, cpu->cpl, gate->offset);
    return true;
}

/* Through a system descriptor. Gates and tasks need DPL >= CPL and DPL >= RPL. */
static bool far_system(struct step *x, uint16_t selector, const struct descriptor *d, bool call)
{
    unsigned dpl = descriptor_dpl(d);
    unsigned type = descriptor_type(d);
    bool gate = type == TYPE_CALL_GATE16 || type == TYPE_CALL_GATE32;
    bool task = type == TYPE_TSS16 || type == TYPE_TSS32 || type == TYPE_TASK_GATE;

    if (!(gate || task) || dpl < x->cpu->cpl || dpl < (selector & 3u))
        return raise_error(x, EXC_GP, selector_error(selector));
    if (task)
        return task_transfer(x, selector, d, call ? TASK_CALL : TASK_JUMP);
    if (!descriptor_present(d))
        return raise_error(x, EXC_NP, selector_error(selector));

    struct gate g = read_gate(x->cpu, d);
    return call ? call_gate(x, &g) : jump_gate(x, &g);
}

static bool far_transfer(struct step *x, bool indirect, bool call)
{
    struct far_target target;
    struct descriptor d;

    if (!read_target(x, indirect, &target))
        return false;
    if (cpu_real_mode(x->cpu) || cpu_v86(x->cpu))
        return far_real(x, &target, call);
    if (selector_null(target.selector))
        return raise_gp0(x);
    if (!read_descriptor(x, target.selector, EXC_GP, &d))
        return false;
    if (descriptor_attr(&d) & ATTR_S)
        return far_code(x, &target, &d, call);
    return far_system(x, target.selector, &d, call);
}

bool op_jmp_far(struct step *x)
{
    return far_transfer(x, false, false);
}

bool op_jmp_far_ind(struct step *x)
{
    return far_transfer(x, true, false);
}

bool op_call_far(struct step *x)
{
    return far_transfer(x, false, true);
}

bool op_call_far_ind(struct step *x)
{
    return far_transfer(x, true, true);
}
