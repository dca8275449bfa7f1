/* The world of a virtual CPU that is fuzzed: a little memory that repeats, and ports that answer.
 */
#ifndef UMBRA_TESTS_FUZZ_FUZZ_CPU_H
#define UMBRA_TESTS_FUZZ_FUZZ_CPU_H

#include <string.h>

#include "emulate/cpu/exec.h"
#include "emulate/cpu/model.h"
#include "fuzz.h"

#define MEMORY    0x10000u
#define NOT_THERE 0xc0000000u /* from here on nothing is mapped */
#define CODE      0x1000u     /* where execution begins */
#define GDT       0x0000u
#define GDT_BYTES 0x80u

struct ram {
    uint8_t bytes[MEMORY];
    uint16_t absent, read_only; /* pages, a bit each */
};

static bool page_allows(const struct ram *ram, uint32_t lin, unsigned access)
{
    uint32_t page = 1u << (lin % MEMORY >> 12);
    return !(ram->absent & page) && !((access & ACCESS_WRITE) && (ram->read_only & page));
}

static bool mapped(const struct ram *ram, uint32_t lin, unsigned len, unsigned access,
                   struct event *fault)
{
    if (lin < NOT_THERE && lin + len <= NOT_THERE && page_allows(ram, lin, access) &&
        page_allows(ram, lin + len - 1, access))
        return true;
    *fault = exception_error(EXC_PF, access & ACCESS_WRITE ? 2 : 0);
    fault->cr2 = lin;
    return false;
}

static bool ram_read(void *world, uint32_t lin, void *buf, unsigned len, unsigned access,
                     struct event *fault)
{
    struct ram *ram = world;
    if (!mapped(ram, lin, len, access, fault))
        return false;
    for (unsigned i = 0; i < len; i++)
        ((uint8_t *)buf)[i] = ram->bytes[(lin + i) % MEMORY];
    return true;
}

static bool ram_write(void *world, uint32_t lin, const void *buf, unsigned len, unsigned access,
                      struct event *fault)
{
    struct ram *ram = world;
    if (!mapped(ram, lin, len, access | ACCESS_WRITE, fault))
        return false;
    for (unsigned i = 0; i < len; i++)
        ram->bytes[(lin + i) % MEMORY] = ((const uint8_t *)buf)[i];
    return true;
}

static uint32_t port_in(void *world, uint16_t port, unsigned size)
{
    (void)world;
    (void)size;
    return port * 0x01010101u;
}

static void port_out(void *world, uint16_t port, unsigned size, uint32_t value)
{
    (void)world;
    (void)port;
    (void)size;
    (void)value;
}

static uint64_t read_tsc(void *world)
{
    (void)world;
    return 0x123456789ull;
}

static void write_tsc(void *world, uint64_t value)
{
    (void)world;
    (void)value;
}

static void flush(void *world)
{
    (void)world;
}

static void invalidate(void *world, uint32_t lin)
{
    (void)world;
    (void)lin;
}

static void read_physical(void *world, uint64_t gpa, void *buf, unsigned len)
{
    struct ram *ram = world;
    for (unsigned i = 0; i < len; i++)
        ((uint8_t *)buf)[i] = ram->bytes[(gpa + i) % MEMORY];
}

/* Stands in for a real processor: touches the whole operand, so that its size is checked. */
static bool run_native(void *world, struct cpu *cpu, const struct insn *insn, void *mem,
                       unsigned mem_len, struct event *fault)
{
    (void)world;
    (void)fault;
    REQUIRE(insn->length && (mem || !mem_len));
    for (unsigned i = 0; i < mem_len; i++)
        ((uint8_t *)mem)[i] ^= 0x5a;
    cpu->gpr[EAX] ^= 1;
    return true;
}

static const struct cpu_ops fuzz_cpu_ops = {
    .read = ram_read,
    .write = ram_write,
    .in = port_in,
    .out = port_out,
    .rdtsc = read_tsc,
    .wrtsc = write_tsc,
    .flush_tlb = flush,
    .invlpg = invalidate,
    .read_physical = read_physical,
    .exec_native = run_native,
};

static inline struct segment flat(unsigned dpl, bool code, bool big)
{
    return (struct segment){
        .selector = (uint16_t)((code ? 0x08 : 0x10) | dpl),
        .attr = (uint16_t)((code ? 0x9b : 0x93) | dpl << ATTR_DPL_SHIFT | (big ? 0xc000 : 0)),
        .limit = 0xffffffffu,
    };
}

static inline void enter_protected_mode(struct cpu *cpu, unsigned cpl, bool big)
{
    cpu->cr0 |= CR0_PE;
    cpu->cpl = (uint8_t)cpl;
    for (unsigned seg = SEG_ES; seg <= SEG_GS; seg++)
        cpu->seg[seg] = flat(cpl, seg == SEG_CS, big);
    cpu->seg[SEG_TR] =
        (struct segment){.selector = 0x28, .attr = 0x8b, .base = 0x200, .limit = 0x67};
    cpu->gdtr = (struct table_reg){.base = GDT, .limit = GDT_BYTES - 1};
    cpu->idtr = (struct table_reg){.base = 0x400, .limit = 0x7ff};
}

static inline void enter_virtual_8086_mode(struct cpu *cpu)
{
    enter_protected_mode(cpu, 3, false);
    cpu->eflags |= EFLAGS_VM;
    for (unsigned seg = SEG_ES; seg <= SEG_GS; seg++)
        cpu->seg[seg] =
            (struct segment){.selector = 0x20, .attr = 0xf3, .base = 0x200, .limit = 0xffff};
}

#endif
