#include "hypervisor/vm/vcpu.h"

#include <stddef.h>

#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/control.h"
#include "hypervisor/cpu/features.h"
#include "hypervisor/cpu/gdt.h"
#include "hypervisor/cpu/host_trap.h"
#include "hypervisor/debug/debug.h"
#include "hypervisor/debug/look.h"
#include "hypervisor/vm/descriptor_rule.h"
#include "hypervisor/vm/vm.h"

/* EFLAGS bits that guest code changes natively; the others change only by emulation. */
#define EFLAGS_OF_USER         (EFLAGS_AC | EFLAGS_ID)
#define EFLAGS_CLEARED_BY_TRAP (EFLAGS_TF | EFLAGS_NT)
#define EFLAGS_NATIVE          (EFLAGS_STATUS | EFLAGS_DF | EFLAGS_OF_USER | EFLAGS_CLEARED_BY_TRAP)

#define OPCODE_POPF     0x9d
#define IRET_FRAME_SIZE 12

#define CR0_OF_GUEST (CR0_MP | CR0_EM | CR0_TS)
#define CR4_OF_GUEST (CR4_DE | CR4_OSFXSR | CR4_OSXMMEXCPT)

/* Key 1: no data access. Code views carry it. */
#define PKRU_CODE_VIEWS 0x4u

/* ES CS SS DS FS GS */
#define SEGMENTS       (CHANGED_SEG(SEG_GS + 1) - CHANGED_SEG(SEG_ES))
#define STACK_AND_CODE (CHANGED_SEG(SEG_CS) | CHANGED_SEG(SEG_SS))

#define DR7_ENABLES   0x000000ffu
#define DR7_GD        0x00002000u
#define DR7_FIXED     0x00000400u
#define DR7_TYPE(n)   (3u << (16 + 4 * (n)))
#define DR7_IO(n)     (2u << (16 + 4 * (n)))
#define DR7_ENABLE(n) (3u << (2 * (n)))

bool vcpu_exposes_user(const struct vcpu *vcpu)
{
    return vm_of(vcpu)->config.user == USER_EXPOSED;
}

/* --- segment registers -------------------------------------------------------------------------
 */

static bool is_null(const struct segment *s)
{
    return !(s->selector & ~3u) || !(s->attr & ATTR_P);
}

static bool load_selector(unsigned seg, uint16_t selector)
{
    switch (seg) {
    case SEG_DS:
        return load_ds_safe(selector);
    case SEG_ES:
        return load_es_safe(selector);
    case SEG_FS:
        return load_fs_safe(selector);
    default:
        return load_gs_safe(selector);
    }
}

/*
 * Loads a data segment register with the guest's own selector and its hidden part, whatever the
 * guest's table says by now: then the slot holds the hidden part only while it is loaded, and traps
 * the next load by user code, which gets what the table says.
 */
static void load_data_segment(struct vcpu *vcpu, unsigned seg)
{
    const struct segment *s = &vcpu->cpu.seg[seg];
    if (is_null(s)) {
        load_selector(seg, s->selector & 3);
        return;
    }
    /* Overwriting the monitor's own slots is out of the question, be it for one instruction. */
    if (!descriptor_slot_is_guests(s->selector)) {
        load_selector(seg, 0);
        return;
    }
    uint64_t wanted = rule_native(s);
    uint64_t *slot = descriptor_slot(s->selector);
    uint64_t found = *slot;
    if (rule_gives_data(found, wanted)) {
        load_selector(seg, s->selector);
        return;
    }
    *slot = wanted;
    if (!load_selector(seg, s->selector))
        load_selector(seg, 0);
    *slot = found;
    if (vcpu->view == VIEW_USER && found & DESCRIPTOR_ACCESSED)
        descriptors_deviate(vcpu->vm, s->selector, found & ~DESCRIPTOR_ACCESSED);
}

static inline bool same_segment(const struct segment *a, const struct segment *b)
{
    return a->selector == b->selector && a->attr == b->attr && a->base == b->base &&
           a->limit == b->limit;
}

_Static_assert(SEG_SS == SEG_CS + 1 && sizeof(struct segment[2]) == 24, "compared as three words");

static inline bool same_two(const struct segment *a, const struct segment *b)
{
    typedef uint64_t __attribute__((may_alias, aligned(4))) word;
    const word *left = (const word *)a, *right = (const word *)b;
    return !((left[0] ^ right[0]) | (left[1] ^ right[1]) | (left[2] ^ right[2]));
}

/* The descriptor of CS or SS. It is the last one of this view more often than not. */
static uint64_t native_descriptor(struct vcpu *vcpu, unsigned seg)
{
    const struct segment *now = &vcpu->cpu.seg[seg];
    struct segment *last = &vcpu->native[vcpu->view][seg == SEG_SS].segment;
    uint64_t *descriptor = &vcpu->native[vcpu->view][seg == SEG_SS].descriptor;
    if (!same_segment(now, last)) {
        *last = *now;
        *descriptor = rule_native(now);
    }
    return *descriptor;
}

/* CS and SS are loaded by IRETQ from their slots. User code reads them natively and must find its
 * own selectors; must_interpret() sees to it that these have slots. */
static uint16_t place_user(struct vcpu *vcpu, unsigned seg)
{
    const struct segment *s = &vcpu->cpu.seg[seg];
    uint64_t wanted = native_descriptor(vcpu, seg);
    if (!rule_gives_code(*descriptor_slot(s->selector), wanted))
        descriptors_deviate(vcpu->vm, s->selector, wanted);
    return s->selector | 3;
}

/* Kernel code cannot read CS and SS (that traps), so they sit in slots of the monitor. */
static uint16_t place_kernel(struct vcpu *vcpu, unsigned seg, unsigned monitor_slot)
{
    host_gdt()[monitor_slot] = native_descriptor(vcpu, seg);
    return SELECTOR(monitor_slot, 3);
}

/* CS and SS of the current view lie where they did. */
static inline bool is_placed(const struct vcpu *vcpu, const struct placed *placed)
{
    return placed->known && same_two(placed->segment, &vcpu->cpu.seg[SEG_CS]);
}

static void remember_placed(struct vcpu *vcpu)
{
    struct placed *placed = &vcpu->placed[vcpu->view];
    placed->known = true;
    placed->cs = vcpu->entry_cs;
    placed->ss = vcpu->entry_ss;
    placed->segment[0] = vcpu->cpu.seg[SEG_CS];
    placed->segment[1] = vcpu->cpu.seg[SEG_SS];
    placed->slot[0] = host_gdt()[SLOT_GUEST_CS];
    placed->slot[1] = host_gdt()[SLOT_GUEST_SS];
}

static void place_stack_and_code(struct vcpu *vcpu)
{
    if (vcpu->view == VIEW_USER) {
        host_gdt()[SLOT_GUEST_CS] = host_gdt()[SLOT_GUEST_SS] = 0; /* it could load them */
        vcpu->entry_cs = place_user(vcpu, SEG_CS);
        vcpu->entry_ss = place_user(vcpu, SEG_SS);
    } else {
        vcpu->entry_cs = place_kernel(vcpu, SEG_CS, SLOT_GUEST_CS);
        vcpu->entry_ss = place_kernel(vcpu, SEG_SS, SLOT_GUEST_SS);
    }
    remember_placed(vcpu);
}

static void load_data_segments(struct vcpu *vcpu, uint32_t changed)
{
    static const unsigned data[] = {SEG_DS, SEG_ES, SEG_FS, SEG_GS};
    for (unsigned i = 0; i < 4; i++) {
        if (changed & CHANGED_SEG(data[i]))
            load_data_segment(vcpu, data[i]);
    }
}

static void load_segments(struct vcpu *vcpu, uint32_t changed)
{
    if (vcpu->view == VIEW_USER && changed & (SEGMENTS | CHANGED_CPL) &&
        descriptors_restore(vcpu->vm)) {
        changed |= SEGMENTS;
        vcpu->placed[VIEW_USER].known = false;
    }
    if (changed & (STACK_AND_CODE | CHANGED_CPL)) {
        if (!is_placed(vcpu, &vcpu->placed[vcpu->view]))
            place_stack_and_code(vcpu);
        vcpu->frame.cs = vcpu->entry_cs;
        vcpu->frame.ss = vcpu->entry_ss;
    }
    if (changed & SEGMENTS & ~STACK_AND_CODE)
        load_data_segments(vcpu, changed);
}

/* --- control and debug registers ---------------------------------------------------------------
 */

static void choose_control(struct vcpu *vcpu)
{
    const struct cpu *cpu = &vcpu->cpu;
    uint64_t cr0 = control_cr0() & ~(uint64_t)CR0_OF_GUEST;
    uint64_t cr4 = control_cr4() & ~(uint64_t)CR4_OF_GUEST;
    cr0 |= cpu->cr0 & CR0_OF_GUEST;
    cr4 |= cpu->cr4 & CR4_OF_GUEST;
    vcpu->control[VIEW_KERNEL].cr0 = cr0;
    vcpu->control[VIEW_KERNEL].cr4 = cr4 | (cpu_features()->pku ? CR4_PKE : 0);
    vcpu->control[VIEW_USER].cr0 = cr0 | (cpu->cr0 & CR0_AM);
    vcpu->control[VIEW_USER].cr4 = vcpu_exposes_user(vcpu) ? vcpu->control[VIEW_KERNEL].cr4 : cr4;
}

static void load_control(struct vcpu *vcpu)
{
    uint64_t cr0 = vcpu->control[vcpu->view].cr0;
    uint64_t cr4 = vcpu->control[vcpu->view].cr4;
    if (cr0 != vcpu->loaded_cr0)
        write_cr0(cr0);
    if (cr4 != vcpu->loaded_cr4)
        write_cr4(cr4);
    vcpu->loaded_cr0 = cr0;
    vcpu->loaded_cr4 = cr4;
}

/* True when a breakpoint on data is armed. */
static bool watches_data(uint32_t dr7)
{
    for (unsigned n = 0; n < 4; n++)
        if ((dr7 & DR7_ENABLE(n)) && (dr7 & DR7_TYPE(n)) && (dr7 & DR7_TYPE(n)) != DR7_IO(n))
            return true;
    return false;
}

/* I/O breakpoints would fire on the monitor's own IN and OUT; GD on its own MOV DR. */
static uint32_t native_dr7(uint32_t dr7)
{
    for (unsigned n = 0; n < 4; n++) {
        if ((dr7 & DR7_TYPE(n)) == DR7_IO(n))
            dr7 &= ~(DR7_ENABLE(n) | DR7_TYPE(n));
    }
    return (dr7 & ~DR7_GD) | DR7_FIXED;
}

static void load_debug(const struct cpu *cpu)
{
    write_dr7(DR7_FIXED);
    if (!(cpu->dr[7] & DR7_ENABLES))
        return;
    write_dr0(cpu->dr[0]);
    write_dr1(cpu->dr[1]);
    write_dr2(cpu->dr[2]);
    write_dr3(cpu->dr[3]);
    write_dr7(native_dr7(cpu->dr[7]));
}

/* Frame numbers of the host have 32 bits: it has less than 16 TiB. */
static void name_space(struct vcpu *vcpu)
{
    vcpu->space = vcpu->loaded_root / PAGE_SIZE | (uint64_t)vcpu->tlb_generation << 32;
    vcpu->spaces[vcpu->view] = (struct code_space){vcpu->space, *vm_of(vcpu)->generation};
}

void vcpu_forget_code(struct vcpu *vcpu)
{
    vcpu->tlb_generation++;
    name_space(vcpu);
    vcpu->spaces[VIEW_KERNEL].generation = *vcpu->vm->generation - 1;
    vcpu->spaces[VIEW_USER].generation = *vcpu->vm->generation - 1;
}

static __attribute__((noinline)) void load_root(struct vcpu *vcpu)
{
    struct shadow *shadow = vcpu->vm->shadow;
    uint64_t root = shadow_root(shadow);
    bool flush = shadow_take_flush(shadow);
    if (flush || root != vcpu->loaded_root) {
        vcpu->tlb_generation += flush;
        write_cr3(root);
        vcpu->loaded_root = root;
    }
    name_space(vcpu);
}

void vcpu_load_root(struct vcpu *vcpu)
{
    if (!vcpu->loaded_root || shadow_root_due(vm_of(vcpu)->shadow))
        load_root(vcpu);
}

/* --- in and out --------------------------------------------------------------------------------
 */

static void load_changed(struct vcpu *vcpu)
{
    uint32_t changed = vcpu->cpu.changed;
    enum shadow_view view = vcpu_view(vcpu);
    bool switched = view != vcpu->view;
    if (switched) {
        vcpu->view = view;
        vcpu->placed[view].known = false;
        shadow_set_view(vcpu->vm->shadow, view);
    }
    load_segments(vcpu, changed);
    if (changed & (CHANGED_CR0 | CHANGED_CR4))
        choose_control(vcpu);
    if (switched || (changed & (CHANGED_CR0 | CHANGED_CR4)))
        load_control(vcpu);
    if (changed & CHANGED_DR)
        load_debug(&vcpu->cpu);
    if ((changed & CHANGED_DR) && vcpu->vm->debug)
        debug_load_registers(vcpu->vm);
    vcpu->cpu.changed = 0;
    if (!vcpu->loaded_root)
        load_root(vcpu);
}

void vcpu_load(struct vcpu *vcpu)
{
    struct cpu *cpu = &vcpu->cpu;
    if (cpu->cpl == 3 && descriptors_update(vcpu->vm)) {
        cpu->changed |= SEGMENTS;
        vcpu->placed[VIEW_USER].known = false;
    }
    if (cpu->changed)
        load_changed(vcpu);
    if (shadow_root_due(vm_of(vcpu)->shadow))
        load_root(vcpu);
    vcpu->frame.rip = cpu->eip;
    vcpu->frame.rsp = cpu->gpr[ESP];
    vcpu->frame.rflags = (cpu->eflags & (EFLAGS_NATIVE | EFLAGS_RF)) | EFLAGS_FIXED | EFLAGS_IF;
    vcpu->entry_eip = cpu->eip;
}

/* User code loaded a segment register natively: null, or what the selector's slot shows. */
static __attribute__((noinline)) void take_over(struct cpu *cpu, unsigned seg, uint16_t selector)
{
    bool null = !(selector & ~3u);
    uint64_t descriptor = null ? 0 : *descriptor_slot(selector);
    cpu->seg[seg] = rule_segment(descriptor, selector);
    cpu->changed |= CHANGED_SEG(seg);
}

static inline void store_segment(struct cpu *cpu, unsigned seg, uint16_t now, uint16_t before)
{
    if (__builtin_expect(now != before, false))
        take_over(cpu, seg, now);
}

/* CS and SS are compared as the processor has them: RPL 3, whatever the guest's say. */
static inline void store_user_segments(struct vcpu *vcpu)
{
    struct cpu *cpu = &vcpu->cpu;
    store_segment(cpu, SEG_ES, read_es(), cpu->seg[SEG_ES].selector);
    store_segment(cpu, SEG_DS, read_ds(), cpu->seg[SEG_DS].selector);
    store_segment(cpu, SEG_FS, read_fs(), cpu->seg[SEG_FS].selector);
    store_segment(cpu, SEG_GS, read_gs(), cpu->seg[SEG_GS].selector);
    store_segment(cpu, SEG_CS, (uint16_t)vcpu->frame.cs, vcpu->entry_cs);
    store_segment(cpu, SEG_SS, (uint16_t)vcpu->frame.ss, vcpu->entry_ss);
}

/* User code sets TF by POPF, or by IRET, whose frame still lies below ESP. */
static bool has_just_set_tf(const struct vcpu *vcpu)
{
    const struct cpu *cpu = &vcpu->cpu;
    uint32_t stack = cpu->seg[SEG_SS].base + cpu->gpr[ESP];
    uint32_t returned_to = ~cpu->eip;
    uint8_t opcode = 0;
    look_read(vcpu->vm, cpu->seg[SEG_CS].base + cpu->eip - 1, &opcode, sizeof(opcode));
    look_read(vcpu->vm, stack - IRET_FRAME_SIZE, &returned_to, sizeof(returned_to));
    return opcode == OPCODE_POPF || returned_to == cpu->eip;
}

/* What only user code changes natively: for kernel code POPF and IRET trap. A TF that is set and
 * did not trap is new, or not there at all. */
static void store_user_flags(struct vcpu *vcpu)
{
    struct cpu *cpu = &vcpu->cpu;
    uint32_t before = cpu->eflags;
    cpu->eflags = (before & ~(EFLAGS_OF_USER | EFLAGS_CLEARED_BY_TRAP)) |
                  (vcpu->frame.flags & EFLAGS_OF_USER) |
                  (vcpu->frame.rflags & EFLAGS_CLEARED_BY_TRAP);
    if (cpu->eflags & ~before & EFLAGS_TF && vcpu->frame.vector != EXC_DB && !has_just_set_tf(vcpu))
        cpu->eflags &= ~EFLAGS_TF;
}

/* VM belongs to a frame whose segment registers are no longer the guest's; else it is of the bits
 * that the frame has wrong. */
static bool in_virtual_8086(const struct vcpu *vcpu)
{
    const struct segment *seg = vcpu->cpu.seg;
    return vcpu->frame.rflags & EFLAGS_VM &&
           ((uint16_t)vcpu->frame.cs != vcpu->entry_cs ||
            (uint16_t)vcpu->frame.ss != vcpu->entry_ss || read_ds() != seg[SEG_DS].selector ||
            read_es() != seg[SEG_ES].selector || read_fs() != seg[SEG_FS].selector ||
            read_gs() != seg[SEG_GS].selector);
}

/*
 * From the frame only the status flags are taken. Behind a comparison and CMPXCHG8B the other bits
 * that QEMU 7.2 pushes may be those of an operand, while the processor has them right: PUSHF finds
 * them in the entry stub, which has set flags itself by then (but for TF and NT, which traps
 * clear).
 */
void vcpu_store(struct vcpu *vcpu)
{
    struct cpu *cpu = &vcpu->cpu;
    cpu->eip = (uint32_t)vcpu->frame.rip;
    uint32_t rflags = (uint32_t)vcpu->frame.rflags;
    /* A processor may keep RF over several instructions (QEMU does) or set it in the frame of every
     * fault (silicon does): it is still the guest's when it was set before and is set now. */
    cpu->eflags =
        (cpu->eflags & (~(EFLAGS_STATUS | EFLAGS_DF | EFLAGS_RF) | (rflags & EFLAGS_RF))) |
        (rflags & EFLAGS_STATUS) | (vcpu->frame.flags & EFLAGS_DF);
    if (cpu->eip != vcpu->entry_eip)
        cpu->int_shadow = SHADOW_NONE;
    else if (vcpu->emulated)
        vcpu->emulated->goes_on = true;
    if (vcpu->view == VIEW_USER) {
        if (rflags & EFLAGS_VM && !in_virtual_8086(vcpu))
            vcpu->frame.rflags &= ~(uint64_t)EFLAGS_VM;
        store_user_flags(vcpu);
        if (!(vcpu->frame.rflags & EFLAGS_VM))
            store_user_segments(vcpu);
    }
}

/* No guest can change PKRU: WRPKRU in a code view is emulated, and user code that runs from the
 * guest's frames does so without CR4.PKE. */
static void set_code_view_key(void)
{
    write_cr4(read_cr4() | CR4_PKE);
    wrpkru(PKRU_CODE_VIEWS);
}

void vcpu_invalidate(struct vcpu *vcpu)
{
    vcpu->cpu.changed = CHANGED_ALL;
    vcpu->placed[VIEW_KERNEL].known = vcpu->placed[VIEW_USER].known = false;
    descriptors_touch(vcpu->vm);
    vcpu->loaded_root = 0;
    vcpu_forget_code(vcpu); /* what was found under no root must not live on */
    vcpu->loaded_cr0 = 0;
    vcpu->loaded_cr4 = 0;
    if (cpu_features()->pku)
        set_code_view_key();
}

void vcpu_enter_here(struct vcpu *vcpu)
{
    tss_set_rsp0((uint64_t)(&vcpu->frame + 1));
}

void vcpu_leave(struct vcpu *vcpu)
{
    descriptors_unload(vcpu->vm);
    write_dr7(DR7_FIXED);
}

/* Selectors that the real registers cannot hold: IRETQ to CPL 3 makes 1 to 3 a plain 0, and the
 * last slots of the GDT are the monitor's. */
static bool is_odd(uint16_t selector)
{
    return selector - 1u < 3u || (selector >= SELECTOR(SLOT_GUEST_END, 0) && !(selector & 4));
}

static void find_odd_selectors(struct vcpu *vcpu)
{
    uint32_t changed = vcpu->cpu.changed & SEGMENTS;
    for (; changed; changed &= changed - 1) {
        unsigned seg = (unsigned)__builtin_ctz(changed);
        vcpu->odd_selectors &= (uint8_t) ~(1u << seg);
        vcpu->odd_selectors |= (uint8_t)(is_odd(vcpu->cpu.seg[seg].selector) << seg);
    }
}

static bool must_interpret(const struct vcpu *vcpu)
{
    const struct cpu *cpu = &vcpu->cpu;
    if (vcpu->vm->config.engine == ENGINE_INTERP || !(cpu->cr0 & CR0_PE) ||
        (cpu->eflags & EFLAGS_VM))
        return true;
    if (vcpu->odd_selectors)
        return true;
    /* With B = 0 IRETQ would leave bits 31:16 of the monitor's RSP in ESP. User code can load such
     * an SS and run natively until its next exit; it is never entered with one. */
    if (!(cpu->seg[SEG_SS].attr & ATTR_DB))
        return true;
    /* User code runs with the real IF = 1 and IOPL = 0, and reads them with PUSHF: where its
     * virtual ones are others, or are its own to change, PUSHF and POPF have to be seen. */
    if (cpu->cpl == 3 && (cpu->eflags & (EFLAGS_IF | EFLAGS_IOPL)) != EFLAGS_IF)
        return true;
    /* QEMU raises #DB twice when a data breakpoint is met under TF: the second one comes at the
     * first instruction of the monitor's handler, on the same IST stack, and the guest's frame is
     * lost. User code sets TF unseen. */
    if ((cpu->dr[7] & DR7_ENABLES) && watches_data(cpu->dr[7]) &&
        (cpu->cpl == 3 || (cpu->eflags & EFLAGS_TF)))
        return true;
    /* Without protection keys a code view can be read, and a kernel that keeps data beside its code
     * would read the view's HLT bytes: being right comes before being fast. */
    return (cpu->cpl != 3 || vcpu_exposes_user(vcpu)) && (!cpu_code32(cpu) || !cpu_features()->pku);
}

static __attribute__((noinline)) void choose_engine(struct vcpu *vcpu)
{
    find_odd_selectors(vcpu);
    vcpu->interpreted = must_interpret(vcpu);
}

/* What load_changed() does where the other view's segments are placed and its root is known. */
static inline bool switch_view(struct vcpu *vcpu, enum shadow_view view,
                               const struct placed *placed)
{
    uint64_t root = shadow_switch_view(vcpu->vm->shadow, view);
    if (!root)
        return false;
    vcpu->view = view;
    host_gdt()[SLOT_GUEST_CS] = placed->slot[0];
    host_gdt()[SLOT_GUEST_SS] = placed->slot[1];
    vcpu->entry_cs = placed->cs;
    vcpu->entry_ss = placed->ss;
    load_control(vcpu);
    write_cr3(root);
    vcpu->loaded_root = root;
    name_space(vcpu);
    return true;
}

/*
 * The way into the kernel and back changes CS, SS and CPL, and nearly always to what they were the
 * last time. That these segments run natively was found out then; what else must_interpret() looks
 * at is the same (not in `changed`), or is looked at here.
 */
static bool went_known_way(struct vcpu *vcpu)
{
    static const uint32_t natively[2] = {
        [VIEW_KERNEL] = EFLAGS_VM, [VIEW_USER] = EFLAGS_IF | EFLAGS_IOPL | EFLAGS_VM};
    struct cpu *cpu = &vcpu->cpu;
    enum shadow_view view = vcpu_view(vcpu);
    const struct placed *placed = &vcpu->placed[view];
    if ((cpu->changed & ~(STACK_AND_CODE | CHANGED_CPL)) || vcpu->interpreted ||
        (cpu->dr[7] & DR7_ENABLES) ||
        (cpu->eflags & natively[view]) != (natively[view] & EFLAGS_IF) ||
        !is_placed(vcpu, placed) || (view != vcpu->view && !switch_view(vcpu, view, placed)))
        return false;
    vcpu->frame.cs = placed->cs;
    vcpu->frame.ss = placed->ss;
    cpu->changed = 0;
    return true;
}

void vcpu_choose_engine(struct vcpu *vcpu)
{
    if ((vcpu->cpu.changed && !went_known_way(vcpu)) ||
        (vcpu->cpu.dr[7] & DR7_ENABLES)) /* TF changes without notice */
        choose_engine(vcpu);
}
