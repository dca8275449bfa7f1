#include "hypervisor/vm/sched.h"

#include <stddef.h>

#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/control.h"
#include "hypervisor/cpu/pic_host.h"
#include "hypervisor/cpu/timer.h"
#include "hypervisor/debug/debug.h"
#include "hypervisor/report/console.h"
#include "hypervisor/vm/input.h"
#include "hypervisor/vm/vm.h"

#define SLICE_NS    10000000u /* 10 ms of guest time, when more than one VM wants to run */
#define IDLE_MAX_NS 50000000u /* what the host's timer can do in one go */

/* x87 and SSE registers stay live across traps; they change hands only with the processor. */
static void switch_fpu(struct vm *from, struct vm *to)
{
    uint64_t cr0 = read_cr0();
    uint64_t cr4 = read_cr4();
    write_cr0(cr0 & ~(uint64_t)(CR0_TS | CR0_EM));
    write_cr4(cr4 | CR4_OSFXSR);
    if (from)
        fxsave(&from->fpu);
    fxrstor(&to->fpu);
    write_cr4(cr4);
    write_cr0(cr0);
}

static void switch_to(struct vm **current, struct vm *vm)
{
    if (*current == vm && !vm->fpu_stale)
        return;
    if (*current)
        vcpu_leave(&(*current)->vcpu);
    switch_fpu(*current == vm ? NULL : *current, vm);
    vm->fpu_stale = false;
    vcpu_invalidate(&vm->vcpu);
    vcpu_enter_here(&vm->vcpu);
    vm->alarm = CLOCK_NEVER;
    *current = vm;
}

/* What became of a VM while it ran; VM_ENDED when it is over. */
static void settle(struct vm *vm)
{
    if (vm->state == VM_RUNNING && vm_dead(vm))
        vm_end(vm, "halted with interrupts disabled: nothing can wake it");
    else if (vm->state == VM_POWERED_OFF)
        vm_end(vm, "powered off");
    else if (vm->state == VM_RESET)
        vm_restart(vm);
}

static unsigned alive(struct vm *const *vms, unsigned count)
{
    unsigned n = 0;
    for (unsigned i = 0; i < count; i++)
        n += vms[i]->state != VM_ENDED;
    return n;
}

/* Guest time goes on in HLT; that of the VM that ran has its own clock. */
static void advance_waiting(struct vm *const *vms, unsigned count, const struct vm *ran,
                            uint64_t ticks)
{
    for (unsigned i = 0; i < count; i++) {
        if (vms[i] != ran && vms[i]->state == VM_RUNNING && vms[i]->vcpu.cpu.halted)
            clock_spend(&vms[i]->clock, ticks);
    }
}

/* Sleeps until the first event of any board, or a key. */
static void idle(struct vm *const *vms, unsigned count)
{
    uint64_t wait = IDLE_MAX_NS;
    uint64_t start = rdtsc();
    for (unsigned i = 0; i < count; i++) {
        struct vm *vm = vms[i];
        uint64_t now = vm->clock.ticks;
        if (vm->state != VM_RUNNING || vm->next_tick == CLOCK_NEVER)
            continue;
        uint64_t until = vm->next_tick > now ? clock_to_ns(&vm->clock, vm->next_tick - now) : 0;
        if (vm->clock.own_pace) {
            clock_pass(&vm->clock, until);
            until = 0;
        }
        wait = until < wait ? until : wait;
    }
    if (wait) {
        timer_arm(wait);
        host_idle();
        input_interrupt(pic_host_take());
    }
    advance_waiting(vms, count, NULL, rdtsc() - start + 1);
    for (unsigned i = 0; i < count; i++)
        vms[i]->alarm = CLOCK_NEVER;
}

void schedule(struct vm *const *vms, unsigned count)
{
    struct vm *current = NULL;
    unsigned turn = 0;
    while (alive(vms, count)) {
        debug_poll();
        bool ran = false;
        bool alone = alive(vms, count) == 1;
        for (unsigned i = 0; i < count; i++) {
            struct vm *vm = vms[(turn + i) % count];
            if (vm->state != VM_RUNNING || vm_waits(vm))
                continue;
            switch_to(&current, vm);
            uint64_t start = rdtsc();
            vm->slice_end =
                alone ? CLOCK_NEVER : vm->clock.ticks + clock_from_ns(&vm->clock, SLICE_NS);
            vm->slice_tsc = alone ? CLOCK_NEVER : start + ns_to_tsc(SLICE_NS);
            vm_reschedule(vm);
            if (!debug_step(vm))
                vm_run(vm);
            count_end(&vm->counters, rdtsc());
            settle(vm);
            advance_waiting(vms, count, vm, rdtsc() - start);
            turn = (turn + i + 1) % count;
            ran = true;
            break;
        }
        if (!ran)
            idle(vms, count);
    }
    debug_poll();
}
