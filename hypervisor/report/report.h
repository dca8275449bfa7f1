/*
 * The trap report of a VM, in the manner of `perf kvm stat`: as a table for a person and as one
 * line of JSON for programs (tools/report). Both can be asked for while the VM runs.
 *
 * The line begins with "umbra-json: ". Its object:
 *
 *   schema        1
 *   vm, engine    name and engine of the VM
 *   unit, tsc_hz  all costs are ticks of the host's time-stamp counter, which runs at tsc_hz
 *   entry_ticks   the way into the guest and out of it: part of every cost, measured at start
 *   ticks         all (since the VM was booted), guest (guest code ran), exits (sum of all
 *                 costs), rest (idle, other VMs, interpretation)
 *   exits         how many
 *   totals        syscalls, interrupts (delivered), switches (of CR3), emulated (instructions),
 *                 interpreted (without an exit: they cannot run natively; those that are
 *                 executed in blocks are not in `emulated`),
 *                 guest_faults, hidden_faults
 *   reasons       [{reason, text, samples, ticks, min, max}], the most frequent first
 *   instructions  [{name, samples, ticks, min, max, emulated}]: exits whose first emulated
 *                 instruction it was; `emulated` counts all emulation, iterations of REP and
 *                 what is interpreted one by one included. min and max are 0 without samples
 *   processes     [{cr3, switches, exits, syscalls, guest_faults, hidden_faults, reasons}]:
 *                 `reasons` has the exits by reason; cr3 is null for those counted together
 *   shadow        fills, tables_made, recycled, roots_made, roots_found
 */
#ifndef UMBRA_HYPERVISOR_REPORT_REPORT_H
#define UMBRA_HYPERVISOR_REPORT_REPORT_H

struct vm;

/* Prints the tables, each line with the prefix "umbra: NAME: ". */
void report_counters(const struct vm *vm);

/* Prints the same as JSON. */
void report_json(const struct vm *vm);

#endif
