/* Remembering ways between rings (known.h). */
#include "known.h"

#define TSS32_ESP0 4u

static struct cpu_known_descriptor known_descriptor(const struct cpu *cpu,
                                                    const struct descriptor *d)
{
    return (struct cpu_known_descriptor){
        .at = tlb_find(cpu, d->lin, sizeof(uint64_t), 0),
        .raw = d->lo | (uint64_t)d->hi << 32,
    };
}

/* False for what is not worth it: descriptors of an LDT, a 16-bit stack, tables that the TLB does
 * not know. */
static bool know_pair(const struct cpu *cpu, struct cpu_known_pair *k,
                      const struct descriptor *code, const struct descriptor *stack)
{
    *k = (struct cpu_known_pair){
        .gdtr = cpu->gdtr,
        .code = known_descriptor(cpu, code),
        .stack = known_descriptor(cpu, stack),
        .cs = cpu->seg[SEG_CS],
        .ss = cpu->seg[SEG_SS],
    };
    if (!k->code.at || !k->stack.at || ((k->cs.selector | k->ss.selector) & 4) || !stack32(&k->ss))
        return false;
    k->generation = *cpu->tlb.generation;
    return true;
}

void know_gate(struct cpu *cpu, const struct event *event, const struct descriptor *gate,
               const struct descriptor *code, const struct descriptor *stack)
{
    struct cpu_known_gate *k = &cpu->tlb.gate[event->vector % CPU_KNOWN_GATES];
    const struct segment *tr = &cpu->seg[SEG_TR];
    bool trap = descriptor_type(gate) == TYPE_TRAP_GATE32;

    k->to.code.at = NULL;
    if (cpu->model->policy.checks_segments || cpu->cpl != 0 ||
        (tr->attr & ATTR_TYPE) < TYPE_TSS32 || (!trap && descriptor_type(gate) != TYPE_INT_GATE32))
        return;
    k->vector = event->vector;
    k->type = event->type;
    k->idtr = cpu->idtr;
    k->tr = *tr;
    k->gate = known_descriptor(cpu, gate);
    k->tss_at = tlb_find(cpu, tr->base + TSS32_ESP0, sizeof(uint64_t), 0);
    k->cleared = EFLAGS_TF | EFLAGS_NT | EFLAGS_RF | EFLAGS_VM | (trap ? 0 : EFLAGS_IF);
    k->offset = read_gate(cpu, gate).offset;
    if (!k->gate.at || !k->tss_at || !know_pair(cpu, &k->to, code, stack) || !know_stack(cpu, k))
        k->to.code.at = NULL;
}

bool know_stack(const struct cpu *cpu, struct cpu_known_gate *k)
{
    uint64_t tss = known_load(k->tss_at);
    uint32_t end = k->to.ss.base + (uint32_t)tss;
    const uint32_t size = KNOWN_FRAME_MAX * sizeof(uint32_t);
    uint8_t *frame = tlb_find(cpu, end - size, size, ACCESS_WRITE);

    if (!frame || end % sizeof(uint32_t) || (uint16_t)(tss >> 32) != k->to.ss.selector)
        return false;
    k->tss = tss;
    k->stack = frame + size;
    return true;
}

void know_return(struct cpu *cpu, uint32_t from, const struct descriptor *code,
                 const struct descriptor *stack)
{
    struct cpu_known_return *k = &cpu->tlb.back;

    *k = (struct cpu_known_return){0};
    if (cpu->model->policy.checks_segments || cpu->cpl != 3 ||
        !know_pair(cpu, &k->to, code, stack) || !know_frame(cpu, k, from))
        k->to.code.at = NULL;
}

bool know_frame(const struct cpu *cpu, struct cpu_known_return *k, uint32_t lin)
{
    const uint8_t *frame = tlb_find(cpu, lin, KNOWN_RETURN_SIZE, 0);

    if (!frame || lin % sizeof(uint32_t))
        return false;
    k->lin = lin;
    k->frame = frame;
    return true;
}
