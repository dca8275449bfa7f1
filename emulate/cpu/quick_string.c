/*
 * Slot functions of MOVS and STOS with 32-bit addresses, upwards. Repeated ones do as many
 * iterations at a time as lie in one page and may be executed; each counts as an instruction, and
 * EIP stays on the instruction until the last one is done.
 */
#include "quick.h"

/* How many elements of `size` lie between an address and the end of its page. */
static inline uint64_t elements_in_page(uint64_t lin, unsigned size)
{
    return (PAGE_SIZE - (lin & PAGE_OFFSET)) / size;
}

static inline uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Instructions that may be executed from this one on. */
static inline uint64_t left_from(const struct run *run, const struct slot *s)
{
    return run->left - (uint64_t)(s - run->block->slots);
}

/* Element by element where a copied one is read again. */
static inline void copy_up(uint8_t *to, const uint8_t *from, uint64_t count, unsigned size)
{
    uint64_t bytes = count * size;
    if ((uintptr_t)to - (uintptr_t)from >= bytes) {
        memmove(to, from, bytes);
        return;
    }
    for (; count; count--, to += size, from += size)
        store(to, load(from, size), size);
}

static inline void fill_up(uint8_t *to, uint32_t value, uint64_t count, unsigned size)
{
    if (size == 1)
        memset(to, (int)value, count);
    else
        for (; count; count--, to += size)
            store(to, value, size);
}

/* Counts `done` iterations; stays on the instruction while there are more. */
static inline void finish_repeat(SLOT_ARGS, uint64_t done)
{
    cpu->gpr[ECX] -= (uint32_t)done;
    run->left -= done - 1;
    go_to(cpu, s, run, run->eip + (cpu->gpr[ECX] ? s->at : s->end));
}

#define STRINGS(size)                                                                           \
    static void movs##size(SLOT_ARGS)                                                           \
    {                                                                                           \
        const uint8_t *from = bytes_at(cpu, run, s->seg, cpu->gpr[ESI], size, TLB_READ);        \
        uint8_t *to = from && !(cpu->eflags & EFLAGS_DF)                                        \
                          ? bytes_at(cpu, run, SEG_ES, cpu->gpr[EDI], size, TLB_WRITE)          \
                          : NULL;                                                               \
        if (unlikely(!to)) {                                                                    \
            leave_at(run, s);                                                                   \
            return;                                                                             \
        }                                                                                       \
        store(to, load(from, size), size);                                                      \
        cpu->gpr[ESI] += size;                                                                  \
        cpu->gpr[EDI] += size;                                                                  \
        NEXT;                                                                                   \
    }                                                                                           \
    static void rep_movs##size(SLOT_ARGS)                                                       \
    {                                                                                           \
        uint64_t count = least(cpu->gpr[ECX], left_from(run, s));                               \
        uint64_t lin_from = run->base[s->seg] + cpu->gpr[ESI];                                  \
        uint64_t lin_to = run->base[SEG_ES] + cpu->gpr[EDI];                                    \
        if (!cpu->gpr[ECX]) {                                                                   \
            go_to(cpu, s, run, run->eip + s->end);                                              \
            return;                                                                             \
        }                                                                                       \
        if (cpu->eflags & EFLAGS_DF) {                                                          \
            execute_last(cpu, s, run);                                                          \
            return;                                                                             \
        }                                                                                       \
        const uint8_t *from = bytes_at(cpu, run, s->seg, cpu->gpr[ESI], size, TLB_READ);        \
        uint8_t *to = from ? bytes_at(cpu, run, SEG_ES, cpu->gpr[EDI], size, TLB_WRITE) : NULL; \
        if (unlikely(!to)) {                                                                    \
            leave_at(run, s);                                                                   \
            return;                                                                             \
        }                                                                                       \
        count = least(count, elements_in_page(lin_from, size));                                 \
        count = least(count, elements_in_page(lin_to, size));                                   \
        copy_up(to, from, count, size);                                                         \
        cpu->gpr[ESI] += (uint32_t)count * size;                                                \
        cpu->gpr[EDI] += (uint32_t)count * size;                                                \
        finish_repeat(cpu, s, run, count);                                                      \
    }                                                                                           \
    static void stos##size(SLOT_ARGS)                                                           \
    {                                                                                           \
        uint8_t *to = cpu->eflags & EFLAGS_DF                                                   \
                          ? NULL                                                                \
                          : bytes_at(cpu, run, SEG_ES, cpu->gpr[EDI], size, TLB_WRITE);         \
        if (unlikely(!to)) {                                                                    \
            leave_at(run, s);                                                                   \
            return;                                                                             \
        }                                                                                       \
        store(to, cpu->gpr[EAX], size);                                                         \
        cpu->gpr[EDI] += size;                                                                  \
        NEXT;                                                                                   \
    }                                                                                           \
    static void rep_stos##size(SLOT_ARGS)                                                       \
    {                                                                                           \
        uint64_t count = least(cpu->gpr[ECX], left_from(run, s));                               \
        uint64_t lin_to = run->base[SEG_ES] + cpu->gpr[EDI];                                    \
        if (!cpu->gpr[ECX]) {                                                                   \
            go_to(cpu, s, run, run->eip + s->end);                                              \
            return;                                                                             \
        }                                                                                       \
        if (cpu->eflags & EFLAGS_DF) {                                                          \
            execute_last(cpu, s, run);                                                          \
            return;                                                                             \
        }                                                                                       \
        uint8_t *to = bytes_at(cpu, run, SEG_ES, cpu->gpr[EDI], size, TLB_WRITE);               \
        if (unlikely(!to)) {                                                                    \
            leave_at(run, s);                                                                   \
            return;                                                                             \
        }                                                                                       \
        count = least(count, elements_in_page(lin_to, size));                                   \
        fill_up(to, cpu->gpr[EAX], count, size);                                                \
        cpu->gpr[EDI] += (uint32_t)count * size;                                                \
        finish_repeat(cpu, s, run, count);                                                      \
    }

// clang-format off
STRINGS(1) STRINGS(2) STRINGS(4)
    // clang-format on

    const slot_op quick_movs[3][2] = {{movs1, rep_movs1}, {movs2, rep_movs2}, {movs4, rep_movs4}};
const slot_op quick_stos[3][2] = {{stos1, rep_stos1}, {stos2, rep_stos2}, {stos4, rep_stos4}};
