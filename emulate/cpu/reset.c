/* The state after power-on and RESET (SDM vol. 3, table 9-1). */
#include <string.h>

#include "exec.h"
#include "model.h"

#define RESET_EIP     0x0000fff0u
#define RESET_CS      0xf000u
#define RESET_CS_BASE 0xffff0000u
#define RESET_LIMIT   0xffffu
#define RESET_CR0     (CR0_CD | CR0_NW | CR0_ET)
#define RESET_DR6     0xffff0ff0u
#define RESET_DR7     0x00000400u

#define ATTR_RESET_CODE (ATTR_P | ATTR_S | ATTR_CODE | ATTR_READABLE | ATTR_ACCESSED)
#define ATTR_RESET_DATA (ATTR_P | ATTR_S | ATTR_WRITABLE | ATTR_ACCESSED)
#define ATTR_RESET_LDT  (ATTR_P | 0x2u)
#define ATTR_RESET_TSS  (ATTR_P | 0xbu)

void cpu_reset(struct cpu *cpu, const struct cpu_model *model)
{
    memset(cpu, 0, sizeof(*cpu));
    cpu->model = model;
    cpu->eip = RESET_EIP;
    cpu->eflags = EFLAGS_FIXED;
    cpu->gpr[EDX] = model->reset_edx;
    cpu->cr0 = RESET_CR0;
    cpu->dr[6] = RESET_DR6;
    cpu->dr[7] = RESET_DR7;
    cpu->gdtr.limit = RESET_LIMIT;
    cpu->idtr.limit = RESET_LIMIT;
    for (unsigned seg = 0; seg < SEG_COUNT; seg++)
        cpu->seg[seg] = (struct segment){.attr = ATTR_RESET_DATA, .limit = RESET_LIMIT};
    cpu->seg[SEG_CS] = (struct segment){
        .selector = RESET_CS,
        .attr = ATTR_RESET_CODE,
        .base = RESET_CS_BASE,
        .limit = RESET_LIMIT,
    };
    cpu->seg[SEG_LDTR].attr = ATTR_RESET_LDT;
    cpu->seg[SEG_TR].attr = ATTR_RESET_TSS;
    msr_reset(cpu);
    cpu->changed = CHANGED_ALL;
}
