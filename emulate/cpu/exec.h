/*
 * Executing one instruction of the virtual CPU: the interpreter behind everything that cannot run
 * natively, and the emulation of every sensitive instruction.
 */
#ifndef UMBRA_EMULATE_CPU_EXEC_H
#define UMBRA_EMULATE_CPU_EXEC_H

#include "cpu.h"
#include "insn.h"

struct step;
typedef bool (*op_handler)(struct step *x);

/*
 * Fetches and decodes the instruction at CS:EIP.
 * Returns CPU_OK with *insn filled, or CPU_FAULT with *fault (#PF, #GP(0) past the CS limit or past
 * 15 bytes). An opcode that does not exist decodes; executing it raises #UD.
 */
enum cpu_result cpu_fetch(struct cpu *cpu, const struct cpu_ops *ops, void *world,
                          struct insn *insn, struct event *fault);

/*
 * Executes a decoded instruction that starts at cpu->eip, at the virtual CPL, with the privilege,
 * IOPL and table checks of the virtual CPU, and advances EIP. One call does at most one iteration
 * of a repeated string instruction (EIP then stays on it), so that interrupts find their boundary.
 *
 * Returns CPU_OK, or CPU_FAULT with *fault: an exception, or the event of INT n, INT3 and INTO
 * (then EIP is already past the instruction); the caller hands it to cpu_deliver().
 * HLT sets cpu->halted. TF and breakpoints are the caller's (cpu_debug_trap()).
 */
enum cpu_result cpu_execute(struct cpu *cpu, const struct cpu_ops *ops, void *world,
                            const struct insn *insn, struct event *fault);

/*
 * Delivers an event through the guest's IDT (or real-mode IVT) and TSS: gates, ring change, stack
 * switch, error code, double fault (SDM vol. 3, chapter 6). For exceptions EIP must be at the
 * faulting instruction. Returns CPU_OK, or CPU_SHUTDOWN after a triple fault.
 */
enum cpu_result cpu_deliver(struct cpu *cpu, const struct cpu_ops *ops, void *world,
                            const struct event *event);

/*
 * The debug trap that is due after an instruction that was executed (CPU_OK) and began with TF as
 * given (SDM vol. 3, 17.3.1): returns true with #DB in *event and DR6 set, BS for the single step,
 * B0..B3 for data and I/O breakpoints that the instruction met. No single step follows MOV SS and
 * POP SS.
 */
bool cpu_debug_trap(struct cpu *cpu, const struct insn *insn, bool tf_before, struct event *event);

/* The #DB that a real processor raised in guest code, with DR6 as it reported it (bits that are
 * always 1 cleared): sets the guest's DR6 as an interpreted instruction would. */
struct event cpu_native_debug(struct cpu *cpu, uint32_t dr6);

/* What executes the instruction on this model of a processor; never NULL, and the same again for
 * the same bytes. */
op_handler cpu_handler(const struct cpu *cpu, const struct insn *insn);

/* The rest of a step, for an instruction that was fetched already: execute, debug trap, deliver.
 * `handler` is cpu_handler()'s. */
enum cpu_result cpu_step_insn(struct cpu *cpu, const struct cpu_ops *ops, void *world,
                              const struct insn *insn, op_handler handler);

/*
 * Fetch, execute and deliver, with single-step trap and interrupt shadow: one whole step.
 * `*executed` is set to the instruction (for counting) when one was fetched.
 */
enum cpu_result cpu_step(struct cpu *cpu, const struct cpu_ops *ops, void *world,
                         struct insn *executed);

/* Power-on or reset state: real mode, CS:EIP = F000h:FFF0h (SDM vol. 3, table 9-1). */
void cpu_reset(struct cpu *cpu, const struct cpu_model *model);

#endif
