/*
 * From vector to handler in one table, from handler to work in one or two calls:
 *
 *   #GP          sensitive instruction, or code not exposed yet  -> emulate() or views_expose()
 *   #PF          shadow_fault() says what it was                 -> fault_handlers[]
 *   IRQ          the host's timer or serial line                 -> back to the run loop
 *   all others   exceptions of the guest's own                   -> inject()
 */
#include "hypervisor/vm/exits.h"

#include "emulate/cpu/exec.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/idt.h"
#include "hypervisor/cpu/pic_host.h"
#include "hypervisor/debug/debug.h"
#include "hypervisor/report/console.h"
#include "hypervisor/report/panic.h"
#include "hypervisor/vm/input.h"
#include "hypervisor/vm/interpret.h"
#include "hypervisor/vm/vm.h"
#include "hypervisor/vm/world.h"

/* #PF error code bits of the real processor (SDM vol. 3, figure 4-12). */
#define PF_WRITE 0x02u
#define PF_FETCH 0x10u

/* DR6: what the processor reports with a #DB. */
#define DR6_REPORTED 0x0000e00fu

#define LAST_IRQ (VECTOR_IRQ_BASE + 15)

/* Iterations of one REP instruction that are emulated before interrupts are looked at again. */
#define REP_BURST 64

/* Instructions in a row that are emulated at one exit: the run loop has more to look at than
 * may_chain() has. */
#define CHAIN_MAX 16

#define DR7_ENABLES 0xffu

/* --- emulation ---------------------------------------------------------------------------------
 */

void shut_down(struct vcpu *vcpu)
{
    struct vm *vm = vcpu->vm;
    console_printf("umbra: %s: triple fault at %04x:%08x\n", vm->config.name,
                   vcpu->cpu.seg[SEG_CS].selector, vcpu->cpu.eip);
    vcpu_dump(vcpu);
    trace_dump(vm, TRACE_LAST);
    vm->state = VM_RESET;
}

void inject(struct vcpu *vcpu, const struct event *event)
{
    if (cpu_deliver(&vcpu->cpu, &world_cpu_ops, vcpu->vm, event) == CPU_SHUTDOWN)
        shut_down(vcpu);
}

/* Time goes by itself there, and by such instructions. */
static __attribute__((noinline)) void step_in_lockstep(struct vcpu *vcpu, const struct site *site)
{
    if (site->cpl < 3 && !insn_harmless(&site->insn))
        lockstep_sensitive(vcpu->vm);
}

static inline __attribute__((always_inline)) void count_step(struct vcpu *vcpu,
                                                             const struct site *site)
{
    unsigned op = site->insn.op;
    if (site->cpl == 3 && vcpu->cpu.cpl < 3 && (op == OP_INT || op == OP_SYSENTER))
        count_syscall(&vm_of(vcpu)->counters);
    if (vm_of(vcpu)->clock.own_pace)
        step_in_lockstep(vcpu, site);
    else
        clock_credit(&vm_of(vcpu)->clock);
}

/* Inlined where it matters: nearly every trap comes here. */
static inline __attribute__((always_inline)) void step(struct vcpu *vcpu, struct site *site)
{
    vcpu->emulated = site;
    if (cpu_step_insn(&vcpu->cpu, &world_cpu_ops, vm_of(vcpu), &site->insn, site->handler) ==
        CPU_SHUTDOWN)
        shut_down(vcpu);
    count_step(vcpu, site);
}

/* EIP stays on a REP instruction until it is done; entering the guest in between would trap again
 * for each element. It may overwrite itself: its bytes are looked at each time. */
static __attribute__((noinline)) void repeat(struct vcpu *vcpu, uint32_t lin)
{
    for (unsigned n = 0; n < REP_BURST && vm_of(vcpu)->state == VM_RUNNING; n++) {
        struct site *site = sites_find(vcpu);
        if (!site || site->lin != lin)
            return;
        count_op(&vm_of(vcpu)->counters, site->insn.op);
        step(vcpu, site);
    }
}

/* Whether the run loop would go on with the very next instruction, and nobody looks at each. */
static bool may_chain(const struct vm *vm)
{
    const struct cpu *cpu = &vm->vcpu.cpu;
    return vm->state == VM_RUNNING && cpu->cpl != 3 && !cpu->halted &&
           cpu->int_shadow == SHADOW_NONE && !(cpu->eflags & EFLAGS_TF) &&
           !(cpu->dr[7] & DR7_ENABLES) && vm->clock.ticks < vm->attention &&
           !vm_interrupt_due(vm) && !vm->debug && !vm->trace.mask && !vm->config.lockstep;
}

/*
 * Sensitive instructions come in rows (POP DS, POP ES, IRET). Where one is known to lead to another
 * at once, that one is emulated, too: the guest would only be entered to trap again.
 */
static __attribute__((noinline)) void chain(struct vcpu *vcpu, struct site *site)
{
    for (unsigned n = 0; site->goes_on && n < CHAIN_MAX && may_chain(vm_of(vcpu)); n++) {
        struct site *next = sites_next(vcpu);
        if (!next || next->insn.rep) {
            site->goes_on = false;
            return;
        }
        count_op(&vm_of(vcpu)->counters, next->insn.op);
        step(vcpu, next);
        site = next;
    }
}

/* The guest's next instruction, whatever it is. */
static void step_on(struct vcpu *vcpu)
{
    struct event fault;
    vcpu_load_root(vcpu);
    struct site *site = sites_find(vcpu);
    if (!site)
        site = sites_fetch(vcpu, &fault);
    if (!site) {
        inject(vcpu, &fault);
        return;
    }
    if (!insn_harmless(&site->insn))
        count_op(&vm_of(vcpu)->counters, site->insn.op);
    step(vcpu, site);
}

/* Ends when the loop does, or when the run loop has something to do. */
static void emulate_poll(struct vcpu *vcpu)
{
    struct vm *vm = vm_of(vcpu);
    while (poll_step(&vm->poll) && may_chain(vm)) {
        step_on(vcpu);
        interpret_count(vm, 1);
    }
}

/* What stopped the guest behind the last emulated instruction is no instruction to emulate. */
static void end_row(struct vcpu *vcpu)
{
    if (vcpu->emulated && vcpu->cpu.eip == vcpu->entry_eip)
        vcpu->emulated->goes_on = vcpu->emulated->insn.rep;
}

static __attribute__((noinline)) void go_on(struct vcpu *vcpu, struct site *site)
{
    if (site->insn.rep)
        repeat(vcpu, site->lin);
    else if (vm_of(vcpu)->poll.left && !vcpu->interpreted)
        emulate_poll(vcpu);
    else
        chain(vcpu, site);
}

static void emulate_site(struct vcpu *vcpu, enum exit_reason reason, struct site *site)
{
    struct counters *counters = &vcpu->vm->counters;
    count_exit(counters, reason);
    if (vcpu->vm->debug && debug_meets_breakpoint(vcpu->vm))
        return;
    count_op(counters, site->insn.op);
    step(vcpu, site);
    if (site->goes_on)
        go_on(vcpu, site);
}

void emulate(struct vcpu *vcpu, enum exit_reason reason)
{
    struct event fault;
    struct site *site = sites_find(vcpu);
    if (!site)
        site = sites_fetch(vcpu, &fault);
    if (site) {
        emulate_site(vcpu, reason, site);
        return;
    }
    count_exit(&vcpu->vm->counters, reason);
    inject(vcpu, &fault);
}

/* --- #GP ---------------------------------------------------------------------------------------
 */

/* Guest-physical address of the code at a linear one; false when fetching there faults. */
static bool code_address(struct vcpu *vcpu, uint32_t lin, uint64_t *gpa)
{
    struct shadow_access out;
    unsigned access = vcpu->view == VIEW_USER ? SHADOW_ACCESS_USER : 0;
    if (shadow_translate(vcpu->vm->shadow, lin, access, &out) != SHADOW_FILLED)
        return false;
    *gpa = out.gpa;
    return true;
}

/* Exposes an instruction that was not decoded before, or that crosses a page: true when it runs
 * natively now. */
static bool exposes(struct vcpu *vcpu, uint32_t lin, uint64_t gpa)
{
    uint64_t next;
    switch (views_query(vcpu->vm, gpa)) {
    case CODE_UNKNOWN:
        count_exit(&vcpu->vm->counters, EXIT_EXPOSE);
        return views_expose(vcpu->vm, gpa);
    case CODE_CROSSES:
        if (!code_address(vcpu, lin + INSN_MAX_LENGTH - 1, &next) ||
            !views_join(vcpu->vm, gpa, next))
            return false;
        count_exit(&vcpu->vm->counters, EXIT_EXPOSE);
        return true;
    default:
        return false;
    }
}

/*
 * Code hit a HLT of its code view (or really faulted: then emulation raises the fault). What is
 * seen for the first time is exposed; what may not run natively is emulated.
 */
static void exit_view(struct vcpu *vcpu, enum exit_reason reason)
{
    uint64_t gpa;
    uint32_t lin = vcpu->cpu.seg[SEG_CS].base + vcpu->cpu.eip;
    struct site *known = sites_find(vcpu);
    if (known && !insn_harmless(&known->insn))
        emulate_site(vcpu, reason, known);
    else if (!code_address(vcpu, lin, &gpa) || !exposes(vcpu, lin, gpa))
        emulate(vcpu, reason);
    else
        end_row(vcpu);
}

static __attribute__((noinline)) void exit_unknown_code(struct vcpu *vcpu)
{
    if (vcpu->view == VIEW_KERNEL)
        exit_view(vcpu, EXIT_SENSITIVE);
    else if (vcpu_exposes_user(vcpu))
        exit_view(vcpu, EXIT_USER_TRAP);
    else
        emulate(vcpu, EXIT_USER_TRAP);
}

/* emulate_site(), where nearly every trap comes: nothing has been said of this exit yet. */
static void exit_protection(struct vcpu *vcpu)
{
    struct vm *vm = vm_of(vcpu);
    struct site *known = sites_hit(vcpu);
    if (!known || vm->debug) {
        exit_unknown_code(vcpu);
        return;
    }
    count_known(&vm->counters, known->quick, known->insn.op);
    step(vcpu, known);
    if (known->goes_on)
        go_on(vcpu, known);
}

/* --- #PF ---------------------------------------------------------------------------------------
 */

struct page_fault {
    uint32_t gva;
    unsigned access; /* SHADOW_ACCESS_* */
    struct shadow_access out;
};

/* The page is mapped now. Where it was code, its first instruction is known to be next: exposing
 * it here saves the trap that it would cause. */
static void fault_filled(struct vcpu *vcpu, const struct page_fault *fault)
{
    bool user = vcpu->view == VIEW_USER;
    bool code = (fault->access & SHADOW_ACCESS_FETCH) && (!user || vcpu_exposes_user(vcpu));
    count_exit(&vcpu->vm->counters, code ? EXIT_FILL_CODE : EXIT_FILL);
    end_row(vcpu);
    if (code && fault->gva == vcpu->cpu.seg[SEG_CS].base + vcpu->cpu.eip &&
        !views_expose(vcpu->vm, fault->out.gpa))
        emulate(vcpu, user ? EXIT_USER_TRAP : EXIT_SENSITIVE);
}

static void fault_guest(struct vcpu *vcpu, const struct page_fault *fault)
{
    struct event event = exception_error(EXC_PF, fault->out.error);
    event.cr2 = fault->gva;
    count_exit(&vcpu->vm->counters, EXIT_GUEST_FAULT);
    inject(vcpu, &event);
}

static void fault_mmio(struct vcpu *vcpu, const struct page_fault *fault)
{
    (void)fault;
    emulate(vcpu, EXIT_MMIO);
}

static void fault_table_write(struct vcpu *vcpu, const struct page_fault *fault)
{
    bool code = views_has(vcpu->vm, fault->out.gpa);
    emulate(vcpu, code ? EXIT_CODE_WRITE : EXIT_TABLE_WRITE);
}

/*
 * Data is read from a page that is mapped for execution only. Where the reading instruction itself
 * lies in it (a literal pool, say), flipping the mapping would lead nowhere: it is emulated.
 */
static void fault_code_data(struct vcpu *vcpu, const struct page_fault *fault)
{
    uint32_t first = vcpu->cpu.seg[SEG_CS].base + vcpu->cpu.eip;
    uint32_t last = first + INSN_MAX_LENGTH - 1;
    if (fault->gva / PAGE_SIZE == first / PAGE_SIZE || fault->gva / PAGE_SIZE == last / PAGE_SIZE ||
        views_flips_often(vcpu->vm, fault->out.gpa)) {
        emulate(vcpu, EXIT_CODE_DATA);
        return;
    }
    count_exit(&vcpu->vm->counters, EXIT_FLIP);
    shadow_map_as_data(vcpu->vm->shadow, fault->gva);
}

static void fault_interpret(struct vcpu *vcpu, const struct page_fault *fault)
{
    (void)fault;
    emulate(vcpu, EXIT_INTERPRET);
}

static void (*const fault_handlers[])(struct vcpu *, const struct page_fault *) = {
    [SHADOW_FILLED] = fault_filled,       [SHADOW_GUEST_FAULT] = fault_guest,
    [SHADOW_MMIO] = fault_mmio,           [SHADOW_TABLE_WRITE] = fault_table_write,
    [SHADOW_CODE_DATA] = fault_code_data, [SHADOW_INTERPRET] = fault_interpret,
};

static void exit_page_fault(struct vcpu *vcpu)
{
    uint64_t cr2 = read_cr2();
    uint64_t error = vcpu->frame.error;
    struct page_fault fault = {.gva = (uint32_t)cr2};
    /* An access that runs over FFFFFFFFh wraps on a 32-bit processor, but not on this one. */
    if (cr2 >> 32) {
        emulate(vcpu, EXIT_INTERPRET);
        return;
    }
    fault.access = (error & PF_WRITE ? SHADOW_ACCESS_WRITE : 0) |
                   (error & PF_FETCH ? SHADOW_ACCESS_FETCH : 0) |
                   (vcpu->view == VIEW_USER ? SHADOW_ACCESS_USER : 0);
    enum shadow_result result = shadow_fault(vcpu->vm->shadow, fault.gva, fault.access, &fault.out);
    fault_handlers[result](vcpu, &fault);
}

/* --- all others --------------------------------------------------------------------------------
 */

/* Exceptions that the guest's own instruction raised, exactly as on bare hardware. */
static void exit_exception(struct vcpu *vcpu)
{
    struct event event = exception((uint8_t)vcpu->frame.vector);
    count_exit(&vcpu->vm->counters, EXIT_EXCEPTION);
    inject(vcpu, &event);
}

/* The processor's own CR0.NE is always set; where the guest's is clear, IRQ 13 comes of it. */
static void exit_fpu_error(struct vcpu *vcpu)
{
    if (vcpu->cpu.cr0 & CR0_NE)
        exit_exception(vcpu);
    else
        emulate(vcpu, EXIT_EXCEPTION);
}

static void exit_alignment(struct vcpu *vcpu)
{
    struct event event = exception_error(EXC_AC, 0);
    count_exit(&vcpu->vm->counters, EXIT_EXCEPTION);
    inject(vcpu, &event);
}

/* #SS and #NP come from descriptors that are the monitor's: only emulation knows the guest's. */
static void exit_segment(struct vcpu *vcpu)
{
    emulate(vcpu, vcpu->view == VIEW_USER ? EXIT_USER_TRAP : EXIT_SENSITIVE);
}

static void exit_debug(struct vcpu *vcpu)
{
    uint32_t dr6 = (uint32_t)read_dr6() & DR6_REPORTED;
    write_dr6(0xffff0ff0u);
    count_exit(&vcpu->vm->counters, EXIT_DEBUG);
    if (vcpu->vm->debug && dr6 && !(dr6 = debug_take_trap(vcpu->vm, dr6)))
        return;
    struct event event = cpu_native_debug(&vcpu->cpu, dr6);
    inject(vcpu, &event);
}

static void exit_ignore(struct vcpu *vcpu)
{
    (void)vcpu;
}

static void exit_interrupt(struct vcpu *vcpu)
{
    unsigned irq = (unsigned)vcpu->frame.vector - VECTOR_IRQ_BASE;
    count_exit(&vcpu->vm->counters, EXIT_INTERRUPT);
    pic_host_acknowledge(irq);
    input_interrupt(pic_host_take());
    vcpu->vm->attention = 0; /* have the run loop look around */
    if (irq == HOST_IRQ_COM2)
        vcpu->vm->slice_end = 0;
    if (irq == HOST_IRQ_TIMER)
        vcpu->vm->alarm = CLOCK_NEVER;
}

/*
 * There is no virtual-8086 mode below long mode, and no way into it from CPL 3; yet QEMU follows an
 * IRET with VM = 1 that user code executes. What the segment registers held is lost but for the
 * vCPU's own copy: the program gets the #GP that an unusable frame deserves.
 */
static __attribute__((noinline)) void exit_virtual_8086(struct vcpu *vcpu)
{
    struct event event = exception_error(EXC_GP, 0);
    if (vcpu->frame.vector >= VECTOR_IRQ_BASE && vcpu->frame.vector <= LAST_IRQ)
        exit_interrupt(vcpu);
    count_exit(&vcpu->vm->counters, EXIT_USER_TRAP);
    vcpu->cpu.changed = CHANGED_ALL;
    inject(vcpu, &event);
}

static void exit_unexpected(struct vcpu *vcpu)
{
    panic("unexpected exit: vector %llu, error %llx", (unsigned long long)vcpu->frame.vector,
          (unsigned long long)vcpu->frame.error);
}

typedef void (*exit_handler)(struct vcpu *vcpu);

// clang-format off
static const exit_handler exit_handlers[LAST_IRQ + 1] = {
    [EXC_DE] = exit_exception,
    [EXC_DB] = exit_debug,
    [EXC_NMI] = exit_ignore,
    [EXC_BP ... EXC_OF] = exit_unexpected, /* their gates have DPL 0: #GP */
    [EXC_BR] = exit_exception,
    [EXC_UD] = exit_exception,
    [EXC_NM] = exit_exception,
    [EXC_DF ... EXC_TS] = exit_unexpected,
    [EXC_NP] = exit_segment,
    [EXC_SS] = exit_segment,
    [EXC_GP] = exit_protection,
    [EXC_PF] = exit_page_fault,
    [15] = exit_unexpected,
    [EXC_MF] = exit_fpu_error,
    [EXC_AC] = exit_alignment,
    [EXC_MC] = exit_unexpected,
    [EXC_XM] = exit_exception,
    [EXC_XM + 1 ... VECTOR_IRQ_BASE - 1] = exit_unexpected,
    [VECTOR_IRQ_BASE ... LAST_IRQ] = exit_interrupt,
};
// clang-format on

void handle_exit(struct vcpu *vcpu)
{
    uint64_t vector = vcpu->frame.vector;
    if (vcpu->frame.rflags & EFLAGS_VM && vcpu->view == VIEW_USER && vector < TRAP_ENTRY_REFUSED)
        exit_virtual_8086(vcpu);
    else if (vector <= LAST_IRQ)
        exit_handlers[vector](vcpu);
    else if (vector & TRAP_ENTRY_REFUSED)
        exit_segment(vcpu); /* for its EIP or selectors: nothing ran, emulation finds the fault */
    else
        exit_unexpected(vcpu);
}
