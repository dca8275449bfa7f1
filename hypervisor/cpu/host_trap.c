#include "host_trap.h"

#include "emulate/cpu/cpu.h"
#include "idt.h"
#include "pic_host.h"
#include "hypervisor/report/panic.h"

struct fixup {
    uint64_t insn, resume;
};

extern const struct fixup fixups[]; /* umbra.ld; a null instruction ends it */

static uint64_t nmi_count;

static bool apply_fixup(struct host_registers *regs)
{
    for (const struct fixup *fixup = fixups; fixup->insn != 0; fixup++) {
        if (fixup->insn == regs->rip) {
            regs->rip = fixup->resume;
            return true;
        }
    }
    return false;
}

void host_trap(struct host_registers *regs)
{
    /* A guest can have a #DB hit the monitor: MOV SS under a data breakpoint holds it back until
     * after the next instruction, and that one may trap. */
    if (regs->vector == EXC_DB)
        return;
    if (regs->vector == EXC_NMI) {
        nmi_count++;
        return;
    }
    if (regs->vector >= VECTOR_IRQ_BASE && regs->vector < VECTOR_IRQ_BASE + 16) {
        pic_host_acknowledge((unsigned)regs->vector - VECTOR_IRQ_BASE);
        return;
    }
    if (!apply_fixup(regs))
        panic_trap(regs);
}

uint64_t host_nmi_count(void)
{
    return nmi_count;
}
