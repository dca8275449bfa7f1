/* The run loop: enter the guest, handle what trapped, deliver what is due, again. */
#include "hypervisor/vm/run.h"

#include "emulate/cpu/exec.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/guest_enter.h"
#include "hypervisor/cpu/timer.h"
#include "hypervisor/vm/exits.h"
#include "hypervisor/vm/input.h"
#include "hypervisor/vm/interpret.h"
#include "hypervisor/vm/screen.h"
#include "hypervisor/vm/vm.h"

#define ALARM_MIN_NS 2000 /* an alarm sooner than this would fire before the guest runs */

/* Has the host's timer end the guest's run when its board wants attention or its slice is over. It
 * is not set again at each entry: when it fires early in guest time, the rest is armed then. */
static void set_alarm(struct vm *vm)
{
    if (vm->attention >= vm->alarm)
        return;
    if (vm->clock.own_pace) { /* only to look whether the guest computes without end */
        timer_arm(LOCKSTEP_LOOK_NS);
        vm->alarm = 0;
        return;
    }
    uint64_t now = vm->clock.ticks;
    uint64_t wait = vm->attention > now ? tsc_to_ns(vm->attention - now) : 0;
    timer_arm(wait > ALARM_MIN_NS ? wait : ALARM_MIN_NS);
    vm->alarm = vm->attention;
}

static void run_native(struct vm *vm)
{
    vcpu_load(&vm->vcpu);
    set_alarm(vm);
    clock_start(&vm->clock);
    guest_enter(&vm->vcpu);
    clock_stop(&vm->clock);
    if (vm->clock.own_pace)
        lockstep_ran(vm, tsc_to_ns(vm->clock.stopped - vm->clock.started));
    vm->ran_natively = true;
    count_begin(&vm->counters, vm->clock.started, vm->clock.stopped);
    vcpu_store(&vm->vcpu);
    if (vm->trace.mask)
        trace_around(&vm->vcpu, handle_exit, false);
    else
        handle_exit(&vm->vcpu);
}

static __attribute__((noinline)) void deliver_interrupt(struct vm *vm)
{
    struct event event = {.vector = pc_intr_ack(&vm->pc), .type = EVENT_HW_INT};
    vm->counters.interrupts++;
    inject(&vm->vcpu, &event);
    clock_credit(&vm->clock); /* a line that never falls must not hold time still */
    interpret_count(vm, 1);
}

/* Looked at when the run loop has something to look at; the end of a slice is that.
 * By either clock: a guest that traps all the time has little guest time, and no more of the
 * processor for it. A VM that is alone has no slice, but the prompt can end its turn. */
static bool slice_over(const struct vm *vm)
{
    return vm->clock.ticks >= vm->slice_end ||
           (vm->slice_tsc != CLOCK_NEVER && rdtsc() >= vm->slice_tsc);
}

/* After work for the guest that the host's alarm cannot end: it fires where the guest is entered,
 * and a guest whose interrupt line never falls may never be. */
static __attribute__((noinline)) void look_at_slice(struct vm *vm)
{
    if (rdtsc() >= vm->slice_tsc)
        vm->attention = 0;
}

/* Kept on its own: inlined into its caller it would have to share its registers. */
__attribute__((noinline)) void vm_run(struct vm *vm)
{
    struct cpu *cpu = &vm->vcpu.cpu;
    while (vm->state == VM_RUNNING) {
        if (vm->clock.ticks >= vm->attention) {
            if (slice_over(vm))
                return;
            vm_tick(vm);
        }
        if (!vm_interrupt_due(vm)) {
            if (cpu->halted)
                return;
            vcpu_choose_engine(&vm->vcpu);
            if (!vm->vcpu.interpreted) {
                run_native(vm);
                continue;
            }
            interpret(vm);
        } else if (cpu->int_shadow != SHADOW_NONE && !cpu->halted) {
            /* Behind STI and MOV SS one instruction comes first. */
            vcpu_load_root(&vm->vcpu);
            emulate(&vm->vcpu, EXIT_INTERPRET);
        } else {
            deliver_interrupt(vm);
        }
        look_at_slice(vm);
    }
}

void vm_step(struct vm *vm)
{
    vcpu_load_root(&vm->vcpu);
    if (vm->vcpu.cpu.halted)
        deliver_interrupt(vm);
    else
        emulate(&vm->vcpu, EXIT_INTERPRET);
}

bool vm_waits(struct vm *vm)
{
    vm_tick(vm);
    return vm->vcpu.cpu.halted && !vm_interrupt_due(vm);
}

bool vm_dead(const struct vm *vm)
{
    return vm->vcpu.cpu.halted && !(vm->vcpu.cpu.eflags & EFLAGS_IF);
}

void vm_tick(struct vm *vm)
{
    if (vm->owns_console)
        input_feed(vm);
    pc_tick(&vm->pc);
    screen_tick(vm);
    vm_reschedule(vm);
}

/* The first tick at which the board's clock has come so far: a board that is looked at too early
 * would be looked at again and again. What rounding takes off grows with the time. */
static uint64_t ticks_at(const struct vm *vm, uint64_t ns)
{
    if (ns == PC_NEVER)
        return CLOCK_NEVER;
    uint64_t ticks = clock_from_ns(&vm->clock, ns) + 1;
    for (uint64_t then; (then = clock_to_ns(&vm->clock, ticks)) < ns;)
        ticks += clock_from_ns(&vm->clock, ns - then) + 1;
    return ticks;
}

void vm_reschedule(struct vm *vm)
{
    vm->next_tick = ticks_at(vm, pc_deadline(&vm->pc));
    vm->attention = vm->next_tick < vm->slice_end ? vm->next_tick : vm->slice_end;
    if (vm->screen_due < vm->attention)
        vm->attention = vm->screen_due;
}
