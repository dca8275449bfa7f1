/* Any code in any mode, privilege and descriptor table: the virtual CPU steps on or shuts down. */
#include <string.h>

#include "emulate/cpu/exec.h"
#include "emulate/cpu/model.h"
#include "fuzz.h"

#define MEMORY    0x10000u
#define NOT_THERE 0xc0000000u /* from here on nothing is mapped */
#define STEPS     32u
#define CODE      0x1000u
#define GDT       0x0000u
#define GDT_BYTES 0x80u

struct ram {
    uint8_t bytes[MEMORY];
};

static bool mapped(uint32_t lin, unsigned len, unsigned access, struct event *fault)
{
    if (lin < NOT_THERE && lin + len <= NOT_THERE)
        return true;
    *fault = exception_error(EXC_PF, access & ACCESS_WRITE ? 2 : 0);
    fault->cr2 = lin;
    return false;
}

static bool ram_read(void *world, uint32_t lin, void *buf, unsigned len, unsigned access,
                     struct event *fault)
{
    struct ram *ram = world;
    if (!mapped(lin, len, access, fault))
        return false;
    for (unsigned i = 0; i < len; i++)
        ((uint8_t *)buf)[i] = ram->bytes[(lin + i) % MEMORY];
    return true;
}

static bool ram_write(void *world, uint32_t lin, const void *buf, unsigned len, unsigned access,
                      struct event *fault)
{
    struct ram *ram = world;
    if (!mapped(lin, len, access | ACCESS_WRITE, fault))
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

static const struct cpu_ops ops = {
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

static struct segment flat(unsigned dpl, bool code, bool big)
{
    return (struct segment){
        .selector = (uint16_t)((code ? 0x08 : 0x10) | dpl),
        .attr = (uint16_t)((code ? 0x9b : 0x93) | dpl << ATTR_DPL_SHIFT | (big ? 0xc000 : 0)),
        .limit = 0xffffffffu,
    };
}

static void enter_protected_mode(struct cpu *cpu, unsigned cpl, bool big)
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

static void enter_virtual_8086_mode(struct cpu *cpu)
{
    enter_protected_mode(cpu, 3, false);
    cpu->eflags |= EFLAGS_VM;
    for (unsigned seg = SEG_ES; seg <= SEG_GS; seg++)
        cpu->seg[seg] =
            (struct segment){.selector = 0x20, .attr = 0xf3, .base = 0x200, .limit = 0xffff};
}

static void prepare(struct cpu *cpu, struct input *input)
{
    static struct cpu_model silicon;
    uint32_t how = take(input, 1);
    silicon = cpu_model_pentium3_tcg;
    silicon.policy = cpu_policy_silicon;
    cpu_reset(cpu, how & 64 ? &silicon : &cpu_model_pentium3_tcg);
    cpu->seg[SEG_CS].base = 0;
    cpu->seg[SEG_CS].selector = 0;
    if (how & 1)
        enter_protected_mode(cpu, how >> 1 & 3, how & 8);
    else if (how & 16)
        enter_virtual_8086_mode(cpu);
    if (how & 128) {
        cpu->cr0 |= CR0_AM;
        cpu->cr4 |= CR4_VME | CR4_PVI;
        cpu->eflags |= EFLAGS_AC;
        cpu->dr[7] = take(input, 4);
        cpu->dr[0] = take(input, 2);
    }
    cpu->eflags |= take(input, 2) &
                   (EFLAGS_STATUS | EFLAGS_TF | EFLAGS_DF | EFLAGS_IF | EFLAGS_IOPL | EFLAGS_NT);
    for (unsigned reg = 0; reg < GPR_COUNT; reg++)
        cpu->gpr[reg] = take(input, 2) << (how & 32 ? 16 : 0);
    cpu->eip = CODE;
}

static void fill(struct ram *ram, struct input *input)
{
    memset(ram, 0, sizeof(*ram));
    for (unsigned i = 0; i < GDT_BYTES; i++)
        ram->bytes[GDT + i] = (uint8_t)take(input, 1);
    for (unsigned i = 0; input->size; i++)
        ram->bytes[(CODE + i) % MEMORY] = (uint8_t)take(input, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ram ram;
    struct input input = {data, size};
    struct cpu cpu;
    struct insn insn;
    memset(&cpu, 0, sizeof(cpu));
    prepare(&cpu, &input);
    fill(&ram, &input);
    for (unsigned step = 0; step < STEPS && !cpu.halted; step++) {
        if (cpu_step(&cpu, &ops, &ram, &insn) == CPU_SHUTDOWN)
            break;
        REQUIRE(cpu.cpl <= 3 && (cpu.eflags & EFLAGS_FIXED));
        REQUIRE(!cpu_v86(&cpu) || cpu.cpl == 3);
    }
    return 0;
}
