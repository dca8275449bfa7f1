/* The stack of SS:ESP or SS:SP, as the B bit of SS says (SDM vol. 1, 6.2.3). */
#include "step.h"

static uint32_t stack_mask(const struct cpu *cpu)
{
    return cpu->seg[SEG_SS].attr & ATTR_DB ? UINT32_MAX : UINT16_MAX;
}

inline void move_sp(struct cpu *cpu, int32_t delta)
{
    uint32_t mask = stack_mask(cpu);
    uint32_t sp = cpu->gpr[ESP] + (uint32_t)delta;
    cpu->gpr[ESP] = (cpu->gpr[ESP] & ~mask) | (sp & mask);
}

inline bool push(struct step *x, uint32_t value, unsigned size)
{
    uint32_t sp = (x->cpu->gpr[ESP] - size) & stack_mask(x->cpu);
    if (!write_mem(x, SEG_SS, sp, &value, size))
        return false;
    move_sp(x->cpu, -(int32_t)size);
    return true;
}

inline bool peek(struct step *x, unsigned index, uint32_t *value, unsigned size)
{
    uint32_t sp = (x->cpu->gpr[ESP] + index * size) & stack_mask(x->cpu);
    *value = 0;
    return read_mem(x, SEG_SS, sp, value, size);
}

inline bool pop(struct step *x, uint32_t *value, unsigned size)
{
    if (!peek(x, 0, value, size))
        return false;
    move_sp(x->cpu, (int32_t)size);
    return true;
}
