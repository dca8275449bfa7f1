/* The run loop: enter the guest, handle what trapped, deliver what is due, again. */
#include "hypervisor/vm/run.h"

#include "emulate/cpu/exec.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/guest_enter.h"
#include "hypervisor/cpu/timer.h"
#include "hypervisor/vm/exits.h"
#include "hypervisor/vm/input.h"
#include "hypervisor/vm/vm.h"

/* Interpreted instructions before the host's serial line is looked at (no interrupt tells of it:
 * the monitor runs with IF = 0). */
#define INTERPRET_BURST 4096

#define INTERPRET_NS 10 /* an instruction of engine=interp: 100 million a second */

#define ALARM_MIN_NS 2000 /* an alarm sooner than this would fire before the guest runs */

/* Has the host's timer end the guest's run at its board's next event or at the end of its slice. It
 * is not set again at each entry: when it fires early in guest time, the rest is armed then. */
static void set_alarm(struct vm *vm)
{
    uint64_t due = vm->next_tick < vm->slice_end ? vm->next_tick : vm->slice_end;
    if (due >= vm->alarm)
        return;
    uint64_t now = clock_ns(&vm->clock);
    uint64_t wait = due > now ? due - now : 0;
    timer_arm(wait > ALARM_MIN_NS ? wait : ALARM_MIN_NS);
    vm->alarm = due;
}

static void run_native(struct vm *vm)
{
    vcpu_load(&vm->vcpu);
    set_alarm(vm);
    clock_start(&vm->clock);
    guest_enter(&vm->vcpu);
    clock_stop(&vm->clock);
    vcpu_store(&vm->vcpu);
    handle_exit(&vm->vcpu);
}

/* Where nothing runs natively the interpreter is the processor, one of a fixed speed: guest time
 * must go on, and must not depend on how fast the monitor is. */
static void run_interpreted(struct vm *vm)
{
    emulate(&vm->vcpu, EXIT_INTERPRET);
    vm->clock.ticks += ns_to_tsc(INTERPRET_NS);
    if (++vm->interpreted % INTERPRET_BURST == 0)
        input_collect();
}

static bool interrupt_due(const struct vm *vm)
{
    return (vm->vcpu.cpu.eflags & EFLAGS_IF) && pc_intr(&vm->pc);
}

static void deliver_interrupt(struct vm *vm)
{
    struct event event = {.vector = pc_intr_ack(&vm->pc), .type = EVENT_HW_INT};
    vm->counters.interrupts++;
    inject(&vm->vcpu, &event);
}

void vm_run(struct vm *vm)
{
    struct cpu *cpu = &vm->vcpu.cpu;
    while (vm->state == VM_RUNNING && clock_ns(&vm->clock) < vm->slice_end) {
        vm_tick(vm);
        if (!interrupt_due(vm)) {
            if (cpu->halted)
                return;
            if (vcpu_must_interpret(&vm->vcpu))
                run_interpreted(vm);
            else
                run_native(vm);
        } else if (cpu->int_shadow != SHADOW_NONE && !cpu->halted) {
            /* Behind STI and MOV SS one instruction comes first. */
            emulate(&vm->vcpu, EXIT_INTERPRET);
        } else {
            deliver_interrupt(vm);
        }
    }
}

bool vm_waits(struct vm *vm)
{
    vm_tick(vm);
    return vm->vcpu.cpu.halted && !interrupt_due(vm);
}

bool vm_dead(const struct vm *vm)
{
    return vm->vcpu.cpu.halted && !(vm->vcpu.cpu.eflags & EFLAGS_IF);
}

void vm_tick(struct vm *vm)
{
    if (vm->owns_console)
        input_feed(vm);
    if (clock_ns(&vm->clock) < vm->next_tick)
        return;
    pc_tick(&vm->pc);
    vm_reschedule(vm);
}

void vm_reschedule(struct vm *vm)
{
    vm->next_tick = pc_deadline(&vm->pc);
}
