/* Where nothing runs natively the interpreter is the processor, one of a fixed speed: guest time
 * must go on, and must not depend on how fast the monitor is. */
#include "hypervisor/vm/interpret.h"

#include "emulate/cpu/tlb.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/timer.h"
#include "hypervisor/debug/debug.h"
#include "hypervisor/vm/exits.h"
#include "hypervisor/vm/input.h"
#include "hypervisor/vm/vm.h"
#include "hypervisor/vm/world.h"

#define BURST 4096 /* instructions before the host's serial lines are looked at */

#define INSN_NS 10 /* 100 million instructions a second */

void interpret_count(struct vm *vm, uint64_t count)
{
    uint64_t before = vm->interpreted;
    vm->interpreted += count;
    if (before / BURST == vm->interpreted / BURST)
        return;
    input_collect();
    if (debug_called())
        vm->slice_end = vm->attention = 0;
    if (rdtsc() >= vm->slice_tsc)
        vm->attention = 0;
}

/* What an instruction takes. emulate() has credited one tick of it. */
static uint64_t insn_ticks(void)
{
    return ns_to_tsc(INSN_NS) + 1;
}

static void emulate_one(struct vcpu *vcpu)
{
    emulate(vcpu, EXIT_INTERPRET);
}

static void step(struct vm *vm)
{
    if (vm->trace.mask)
        trace_around(&vm->vcpu, emulate_one, true);
    else
        emulate_one(&vm->vcpu);
    clock_spend(&vm->clock, insn_ticks() - 1);
    lockstep_ran(vm, 1);
    interpret_count(vm, 1);
}

/* So many that the last one is not begun after the board wants attention. */
static uint64_t may_run(const struct vm *vm)
{
    uint64_t ticks = vm->attention > vm->clock.ticks ? vm->attention - vm->clock.ticks : 0;
    uint64_t count = ticks / insn_ticks() + 1;
    return count < BURST ? count : BURST;
}

/* Nobody told the cache of stores until now; from here on it hears of each. */
static void trust_cache(struct vm *vm)
{
    vm->ran_natively = false;
    tlb_clear(&vm->vcpu.cpu);
    cpu_cache_distrust(vm->cache);
}

/* True when the next instruction is one to be stepped. When it is the first it must be: the board
 * may want attention at a time that only comes when an instruction is executed. */
static bool run_blocks(struct vm *vm)
{
    struct vcpu *vcpu = &vm->vcpu;
    uint64_t count = may_run(vm), left = count;
    if (vm->ran_natively)
        trust_cache(vm);
    enum cpu_run_end end = cpu_run(&vcpu->cpu, &world_cpu_ops, vm, vm->cache, &left);
    clock_spend(&vm->clock, (count - left) * insn_ticks());
    lockstep_ran(vm, count - left);
    interpret_count(vm, count - left);
    if (end == CPU_RUN_SHUTDOWN)
        shut_down(vcpu);
    return end == CPU_RUN_SENSITIVE && (left == count || vm->clock.ticks < vm->attention);
}

/* Whoever looks at every instruction gets every instruction. */
void interpret(struct vm *vm)
{
    vcpu_load_root(&vm->vcpu);
    if (vm->trace.mask || vm->debug || run_blocks(vm))
        step(vm);
}
