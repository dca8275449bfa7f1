#include "hypervisor/vm/vcpu.h"

#include <stddef.h>

#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/control.h"
#include "hypervisor/cpu/features.h"
#include "hypervisor/cpu/gdt.h"
#include "hypervisor/cpu/host_trap.h"
#include "hypervisor/debug/debug.h"
#include "hypervisor/vm/vm.h"

/* EFLAGS bits that guest code changes natively; the others change only by emulation. */
#define EFLAGS_NATIVE (EFLAGS_STATUS | EFLAGS_TF | EFLAGS_DF | EFLAGS_NT | EFLAGS_AC | EFLAGS_ID)

#define CR0_OF_GUEST (CR0_MP | CR0_EM | CR0_TS)
#define CR4_OF_GUEST (CR4_DE | CR4_OSFXSR | CR4_OSXMMEXCPT)

/* Key 1: no data access. Code views carry it. */
#define PKRU_CODE_VIEWS 0x4u

#define DR7_ENABLES   0x000000ffu
#define DR7_GD        0x00002000u
#define DR7_FIXED     0x00000400u
#define DR7_TYPE(n)   (3u << (16 + 4 * (n)))
#define DR7_IO(n)     (2u << (16 + 4 * (n)))
#define DR7_ENABLE(n) (3u << (2 * (n)))

/* --- segment registers -------------------------------------------------------------------------
 */

/*
 * The descriptor whose load gives the hidden part `s`, for CPL 3. L is forced to 0: it would lead
 * into 64-bit mode, out of the 4 GiB that are the guest's.
 */
static uint64_t native_descriptor(const struct segment *s)
{
    uint32_t limit = s->attr & ATTR_G ? s->limit >> 12 : s->limit;
    uint32_t attr = (s->attr & ~(ATTR_L | ATTR_DPL)) | ATTR_S | ATTR_P | ATTR_ACCESSED;
    attr |= 3u << ATTR_DPL_SHIFT;
    uint32_t low = (s->base & 0xffff) << 16 | (limit & 0xffff);
    uint32_t high = ((s->base >> 16) & 0xff) | (attr & 0xff) << 8 | (limit & 0xf0000) |
                    (attr & 0xf000) << 8 | (s->base & 0xff000000);
    return (uint64_t)high << 32 | low;
}

static uint64_t *slot_of(uint16_t selector)
{
    uint64_t *table = selector & 4 ? host_ldt() : host_gdt();
    return &table[selector >> 3];
}

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
 * guest's table says by now: the descriptor stands in its slot only while it is loaded. All other
 * times the slots are empty, so that a load by user code traps and is made by the guest's rules.
 */
static void load_data_segment(const struct cpu *cpu, unsigned seg)
{
    const struct segment *s = &cpu->seg[seg];
    if (is_null(s)) {
        load_selector(seg, s->selector & 3);
        return;
    }
    /* Overwriting the monitor's own slots is out of the question, be it for one instruction. */
    if (!(s->selector & 4) && s->selector >> 3 >= SLOT_GUEST_END) {
        load_selector(seg, 0);
        return;
    }
    uint64_t *slot = slot_of(s->selector);
    uint64_t saved = *slot;
    *slot = native_descriptor(s);
    if (!load_selector(seg, s->selector))
        load_selector(seg, 0);
    *slot = saved;
}

static void release_user_slot(struct vcpu *vcpu, unsigned which)
{
    if (vcpu->user_slot[which])
        *slot_of(vcpu->user_slot[which]) = 0;
    vcpu->user_slot[which] = 0;
}

/* Where IRETQ finds CS or SS. Kernel code cannot read them (that traps), so they sit in slots of
 * the monitor; user code reads them natively and must find its own selectors. */
static uint16_t slot_selector(const struct vcpu *vcpu, unsigned seg, unsigned monitor_slot)
{
    uint16_t selector = vcpu->cpu.seg[seg].selector;
    bool own = vcpu->view == VIEW_USER && ((selector & 4) || selector >> 3 < SLOT_GUEST_END);
    return own ? selector | 3 : SELECTOR(monitor_slot, 3);
}

/*
 * CS and SS are loaded by IRETQ from their slots. A user slot stays filled while kernel code runs,
 * which loads no segment register natively, so that a system call finds it again on its way back.
 */
static uint16_t place(struct vcpu *vcpu, unsigned seg, unsigned monitor_slot)
{
    unsigned which = seg == SEG_SS;
    uint16_t selector = slot_selector(vcpu, seg, monitor_slot);
    if (vcpu->view == VIEW_USER && vcpu->user_slot[which] != selector) {
        release_user_slot(vcpu, which);
        if (selector >> 3 != monitor_slot)
            vcpu->user_slot[which] = selector;
    }
    *slot_of(selector) = native_descriptor(&vcpu->cpu.seg[seg]);
    return selector;
}

static void load_segments(struct vcpu *vcpu, uint32_t changed)
{
    static const unsigned data[] = {SEG_DS, SEG_ES, SEG_FS, SEG_GS};
    if (changed & (CHANGED_SEG(SEG_CS) | CHANGED_SEG(SEG_SS) | CHANGED_CPL)) {
        host_gdt()[SLOT_GUEST_CS] = host_gdt()[SLOT_GUEST_SS] = 0; /* user code could load them */
        vcpu->frame.cs = place(vcpu, SEG_CS, SLOT_GUEST_CS);
        vcpu->frame.ss = place(vcpu, SEG_SS, SLOT_GUEST_SS);
    }
    for (unsigned i = 0; i < 4; i++) {
        if (changed & CHANGED_SEG(data[i]))
            load_data_segment(&vcpu->cpu, data[i]);
    }
}

/* --- control and debug registers ---------------------------------------------------------------
 */

static void load_control(struct vcpu *vcpu)
{
    const struct cpu *cpu = &vcpu->cpu;
    uint64_t cr0 = control_cr0() & ~(uint64_t)CR0_OF_GUEST;
    uint64_t cr4 = control_cr4() & ~(uint64_t)CR4_OF_GUEST;
    bool kernel = vcpu->view == VIEW_KERNEL;
    cr0 |= cpu->cr0 & CR0_OF_GUEST;
    cr4 |= cpu->cr4 & CR4_OF_GUEST;
    if (!kernel)
        cr0 |= cpu->cr0 & CR0_AM;
    if (kernel && cpu_features()->pku)
        cr4 |= CR4_PKE;
    if (cr0 != vcpu->loaded_cr0)
        write_cr0(cr0);
    if (cr4 != vcpu->loaded_cr4)
        write_cr4(cr4);
    vcpu->loaded_cr0 = cr0;
    vcpu->loaded_cr4 = cr4;
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

void vcpu_load_root(struct vcpu *vcpu)
{
    struct shadow *shadow = vcpu->vm->shadow;
    uint64_t root = shadow_root(shadow);
    bool flush = shadow_take_flush(shadow);
    if (flush || root != vcpu->loaded_root) {
        vcpu->tlb_generation += flush;
        write_cr3(root);
        vcpu->loaded_root = root;
    }
}

/* --- in and out --------------------------------------------------------------------------------
 */

static void load_changed(struct vcpu *vcpu)
{
    uint32_t changed = vcpu->cpu.changed;
    enum shadow_view view = vcpu->cpu.cpl == 3 ? VIEW_USER : VIEW_KERNEL;
    if (view != vcpu->view) {
        vcpu->view = view;
        shadow_set_view(vcpu->vm->shadow, view);
    }
    load_segments(vcpu, changed);
    if (changed & (CHANGED_CPL | CHANGED_CR0 | CHANGED_CR4))
        load_control(vcpu);
    if (changed & CHANGED_DR)
        load_debug(&vcpu->cpu);
    if ((changed & CHANGED_DR) && vcpu->vm->debug)
        debug_load_registers(vcpu->vm);
    vcpu->cpu.changed = 0;
}

void vcpu_load(struct vcpu *vcpu)
{
    struct cpu *cpu = &vcpu->cpu;
    if (cpu->changed)
        load_changed(vcpu);
    vcpu_load_root(vcpu);
    vcpu->frame.rip = cpu->eip;
    vcpu->frame.rsp = cpu->gpr[ESP];
    vcpu->frame.rflags = (cpu->eflags & (EFLAGS_NATIVE | EFLAGS_RF)) | EFLAGS_FIXED | EFLAGS_IF;
    vcpu->entry_eip = cpu->eip;
}

/* User code can load a null selector, or the selectors of its own CS and SS, without a trap. */
static void store_user_segments(struct cpu *cpu)
{
    const uint16_t now[4] = {read_es(), read_ds(), read_fs(), read_gs()};
    static const unsigned data[4] = {SEG_ES, SEG_DS, SEG_FS, SEG_GS};
    for (unsigned i = 0; i < 4; i++) {
        struct segment *s = &cpu->seg[data[i]];
        if (now[i] == s->selector)
            continue;
        if (!(now[i] & ~3u))
            *s = (struct segment){0};
        else if ((now[i] | 3) == (cpu->seg[SEG_SS].selector | 3))
            *s = cpu->seg[SEG_SS];
        else if ((now[i] | 3) == (cpu->seg[SEG_CS].selector | 3))
            *s = cpu->seg[SEG_CS];
        s->selector = now[i];
        cpu->changed |= CHANGED_SEG(data[i]);
    }
}

void vcpu_store(struct vcpu *vcpu)
{
    struct cpu *cpu = &vcpu->cpu;
    cpu->eip = (uint32_t)vcpu->frame.rip;
    cpu->eflags = (cpu->eflags & ~EFLAGS_NATIVE) | (vcpu->frame.rflags & EFLAGS_NATIVE);
    if (cpu->eip != vcpu->entry_eip) {
        cpu->eflags &= ~EFLAGS_RF;
        cpu->int_shadow = SHADOW_NONE;
    }
    if (vcpu->view == VIEW_USER && !(vcpu->frame.rflags & EFLAGS_VM))
        store_user_segments(cpu);
}

/* No guest can change PKRU: kernel code's WRPKRU is emulated, and user code runs without CR4.PKE.
 */
static void set_code_view_key(void)
{
    write_cr4(read_cr4() | CR4_PKE);
    wrpkru(PKRU_CODE_VIEWS);
}

void vcpu_invalidate(struct vcpu *vcpu)
{
    vcpu->cpu.changed = CHANGED_ALL;
    vcpu->loaded_root = 0;
    vcpu->tlb_generation++; /* what was found under no root must not live on */
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
    release_user_slot(vcpu, 0);
    release_user_slot(vcpu, 1);
    write_dr7(DR7_FIXED);
}

/* Selectors that the real registers cannot hold: IRETQ to CPL 3 makes 1 to 3 a plain 0, and the
 * last slots of the GDT are the monitor's. */
static bool has_odd_selector(const struct cpu *cpu)
{
    bool odd = false;
    for (unsigned seg = SEG_ES; seg <= SEG_GS; seg++) {
        uint16_t selector = cpu->seg[seg].selector;
        odd |= selector - 1u < 3u || (!(selector & 4) && selector >> 3 >= SLOT_GUEST_END);
    }
    return odd;
}

static bool must_interpret(const struct vcpu *vcpu)
{
    const struct cpu *cpu = &vcpu->cpu;
    if (vcpu->vm->config.engine == ENGINE_INTERP || !(cpu->cr0 & CR0_PE) ||
        (cpu->eflags & EFLAGS_VM))
        return true;
    if (has_odd_selector(cpu))
        return true;
    /* With B = 0 an interrupt would return bits 31:16 of the monitor's RSP in ESP. */
    if (!(cpu->seg[SEG_SS].attr & ATTR_DB))
        return true;
    /* User code runs with the real IF = 1 and IOPL = 0, and reads them with PUSHF: where its
     * virtual ones are others, or are its own to change, PUSHF and POPF have to be seen. */
    if (cpu->cpl == 3 && (cpu->eflags & (EFLAGS_IF | EFLAGS_IOPL)) != EFLAGS_IF)
        return true;
    /* Without protection keys a code view can be read, and a kernel that keeps data beside its code
     * would read the view's HLT bytes: being right comes before being fast. */
    return cpu->cpl != 3 && (!cpu_code32(cpu) || !cpu_features()->pku);
}

void vcpu_choose_engine(struct vcpu *vcpu)
{
    if (vcpu->cpu.changed)
        vcpu->interpreted = must_interpret(vcpu);
}
