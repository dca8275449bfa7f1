/*
 * Breakpoints (SDM vol. 3, 17.2 and 17.3): which of DR0..DR3 what an instruction does meets.
 * Private to emulate/cpu.
 */
#ifndef UMBRA_EMULATE_CPU_DEBUG_H
#define UMBRA_EMULATE_CPU_DEBUG_H

#include "step.h"

#define DR7_ENABLES 0xffu /* L0 G0 .. L3 G3 */

/* False for nearly every instruction: nothing below is called then. */
static inline bool breakpoints_armed(const struct cpu *cpu)
{
    return cpu->dr[7] & DR7_ENABLES;
}

/* True when a breakpoint on instructions or data is enabled, wherever it is. */
__attribute__((cold)) bool memory_breakpoints_armed(const struct cpu *cpu);

/* Notes data breakpoints that an access to `size` bytes at linear `lin` meets, for the trap that
 * follows the instruction. Returns true: nothing keeps the access from being made. */
__attribute__((cold)) bool note_data_breaks(struct step *x, uint32_t lin, unsigned size,
                                            bool write);

/*
 * To be called last, when a port has been read or written: its breakpoints are noted for the trap
 * behind the instruction. Where the machine breaks the instruction off there and then it returns
 * false with the #DB in x->fault: as for INT n, what the handler has done stays.
 */
bool port_accessed(struct step *x, uint16_t port, unsigned size);

/* The #DB before the first instruction of a task whose TSS has T set, with DR6 as it is then: BT,
 * BS where the switch was single-stepped, and the data breakpoints met (SDM vol. 3, 17.3.1.5). */
struct event task_debug_trap(struct cpu *cpu, bool stepped);

/* The #DB due before the instruction at CS:EIP, with DR6 set: true with it in *event. */
bool code_breakpoint(struct cpu *cpu, struct event *event);

#endif
