/* The stack of SS:ESP or SS:SP, as the B bit of SS says (SDM vol. 1, 6.2.3). */
#include "memory.h"

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

static __attribute__((noinline)) bool push_checked(struct step *x, uint32_t value, unsigned size)
{
    uint32_t sp = (x->cpu->gpr[ESP] - size) & stack_mask(x->cpu);
    if (!write_mem(x, SEG_SS, sp, &value, size))
        return false;
    move_sp(x->cpu, -(int32_t)size);
    return true;
}

inline bool push(struct step *x, uint32_t value, unsigned size)
{
    struct cpu *cpu = x->cpu;
    uint32_t *item = size == 4 ? stack_dword(cpu, cpu->gpr[ESP] - 4, ACCESS_WRITE) : NULL;

    if (!item)
        return push_checked(x, value, size);
    *item = value;
    cpu->gpr[ESP] -= 4;
    return true;
}

bool peek(struct step *x, unsigned index, uint32_t *value, unsigned size)
{
    uint32_t sp = (x->cpu->gpr[ESP] + index * size) & stack_mask(x->cpu);
    *value = 0;
    return read_mem(x, SEG_SS, sp, value, size);
}

static __attribute__((noinline)) bool pop_checked(struct step *x, uint32_t *value, unsigned size)
{
    if (!peek(x, 0, value, size))
        return false;
    move_sp(x->cpu, (int32_t)size);
    return true;
}

inline bool pop(struct step *x, uint32_t *value, unsigned size)
{
    struct cpu *cpu = x->cpu;
    const uint32_t *item = size == 4 ? stack_dword(cpu, cpu->gpr[ESP], 0) : NULL;

    if (!item)
        return pop_checked(x, value, size);
    *value = *item;
    cpu->gpr[ESP] += 4;
    return true;
}
