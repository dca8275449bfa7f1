/* Any event in any mode, through an IDT, a GDT and tasks that say anything, with pages that are not
 * there: it is delivered, becomes a double fault, or shuts the processor down. */
#include "fuzz_cpu.h"

#define IDT     0x400u
#define VECTORS 32u
#define TASKS   0x200u /* two TSSs, 100h apart */
#define EVENTS  12u
#define STEPS   4u

#define CODE_BYTES 64u

static void put(struct ram *ram, uint32_t at, uint32_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        ram->bytes[(at + i) % MEMORY] = (uint8_t)(value >> (8 * i));
}

static uint32_t some_selector(struct input *input)
{
    uint32_t value = take(input, 1);
    return (value & 0x78) | (value >> 7 ? 3 : 0) | ((value & 7) == 7 ? 4 : 0);
}

/* The types of SDM vol. 3, tables 3-1 and 3-2: what a GDT has, and what an IDT should have. */
static const uint8_t any_type[16] = {0x1b, 0x13, 0x1f, 0x17, 0x09, 0x0b, 0x01, 0x03,
                                     0x02, 0x0c, 0x04, 0x05, 0x0e, 0x06, 0x0f, 0x07};
static const uint8_t gate_type[16] = {0x0e, 0x05, 0x0f, 0x06, 0x05, 0x07, 0x0e, 0x05,
                                      0x0f, 0x05, 0x06, 0x07, 0x0e, 0x0c, 0x1b, 0x09};

/* Of one of these types, at any privilege; sometimes any eight bytes. */
static void put_descriptor(struct ram *ram, uint32_t at, const uint8_t types[16],
                           struct input *input)
{
    uint32_t how = take(input, 1);
    uint32_t type = types[how & 15];
    bool gate = (type & 0x10) == 0 && (type & 4);
    bool task = (type & 0x15) == 1;
    if (how >= 0xf0) {
        put(ram, at, take(input, 4), 4);
        put(ram, at + 4, take(input, 4), 4);
        return;
    }
    put(ram, at, gate ? CODE : task ? 0x67 : 0xffff, 2);
    put(ram, at + 2, gate ? some_selector(input) : task ? TASKS + (how & 16) * 16u : 0, 2);
    put(ram, at + 4, 0, 1);
    put(ram, at + 5, type | (how >> 5 & 3) << 5 | (how & 0x80 ? 0 : 0x80), 1);
    put(ram, at + 6, gate || task ? 0 : how & 16 ? 0xcf : 0x0f, 2);
}

static void put_task(struct ram *ram, uint32_t at, struct input *input)
{
    static const uint8_t selectors[] = {0x08, 0x10, 0x18, 0x48, 0x4c, 0x50, 0x54, 0x58, 0x5c, 0x60};
    for (unsigned i = 0; i < 0x68; i += 4)
        put(ram, at + i, take(input, 2), 4);
    for (unsigned i = 0; i < sizeof(selectors); i++)
        put(ram, at + selectors[i], some_selector(input), 4);
    put(ram, at + 0x20, CODE + take(input, 1) % CODE_BYTES, 4);
}

/* Bytes of any kind, among instructions that lead to other code and other tasks. */
static void put_code(struct ram *ram, struct input *input)
{
    static const uint8_t leads[] = {0xea, 0x9a, 0xcf, 0xcb, 0xcd, 0xcc, 0xca, 0xcf};
    for (unsigned at = CODE; at < CODE + CODE_BYTES; at++) {
        uint32_t how = take(input, 1);
        put(ram, at, how < 0x80 ? leads[how & 7] : take(input, 1), 1);
        if (how >= 0x80 || (how & 7) > 1)
            continue;
        put(ram, at + 1, CODE + take(input, 1) % CODE_BYTES, 4);
        put(ram, at + 5, some_selector(input), 2);
        at += 6;
    }
}

static void fill(struct ram *ram, struct input *input)
{
    memset(ram, 0, sizeof(*ram));
    ram->absent = (uint16_t)(take(input, 2) & take(input, 2) & ~1u);
    ram->read_only = (uint16_t)(take(input, 2) & take(input, 2));
    for (unsigned i = 8; i < GDT_BYTES; i += 8)
        put_descriptor(ram, GDT + i, any_type, input);
    for (unsigned i = 0; i < VECTORS; i++)
        put_descriptor(ram, IDT + 8 * i, gate_type, input);
    put_task(ram, TASKS, input);
    put_task(ram, TASKS + 0x100, input);
    put_code(ram, input);
}

static void prepare(struct cpu *cpu, struct input *input)
{
    uint32_t how = take(input, 1);
    cpu_reset(cpu, &cpu_model_pentium3_tcg);
    cpu->seg[SEG_CS].base = 0;
    cpu->seg[SEG_CS].selector = 0;
    if (how & 1)
        enter_protected_mode(cpu, how >> 1 & 3, how & 8);
    else if (how & 16)
        enter_virtual_8086_mode(cpu);
    if (how & 32)
        cpu->seg[SEG_LDTR] =
            (struct segment){.selector = 0x30, .attr = 0x82, .base = IDT, .limit = 0x7f};
    cpu->seg[SEG_TR].attr = how & 64 ? 0x83 : 0x8b;
    cpu->idtr.limit = (uint16_t)(take(input, 1) * 8 + 7);
    cpu->gpr[ESP] = take(input, 2) | (how & 128 ? 0xffff0000u : 0);
    cpu->eflags |= take(input, 3) & (EFLAGS_STATUS | EFLAGS_TF | EFLAGS_IF | EFLAGS_IOPL |
                                     EFLAGS_NT | EFLAGS_RF | EFLAGS_AC);
    cpu->eip = CODE;
}

static struct event some_event(struct input *input)
{
    uint32_t how = take(input, 1);
    return (struct event){
        .vector = (uint8_t)(take(input, 1) % (how & 0x80 ? 256 : VECTORS)),
        .type = (uint8_t)(how % (EVENT_PRIV_EXC + 1)),
        .has_error = how & 0x40,
        .error = take(input, 2),
        .cr2 = take(input, 2),
        .insn_length = (uint8_t)(how >> 4 & 3),
    };
}

static void check(const struct cpu *cpu)
{
    REQUIRE(cpu->cpl <= 3 && (cpu->eflags & EFLAGS_FIXED));
    REQUIRE(!cpu_v86(cpu) || cpu->cpl == 3);
}

/* Code that sets CR0.PE keeps the CS of real mode, of any selector; no gate leads to such a one. */
static void check_delivered(const struct cpu *cpu)
{
    check(cpu);
    REQUIRE(cpu_real_mode(cpu) || cpu_v86(cpu) || cpu->seg[SEG_CS].selector >> 2);
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
    for (unsigned i = 0; i < EVENTS && input.size; i++) {
        struct event event = some_event(&input);
        cpu.halted = false;
        if (cpu_deliver(&cpu, &fuzz_cpu_ops, &ram, &event) == CPU_SHUTDOWN)
            break;
        check_delivered(&cpu);
        for (unsigned step = 0; step < STEPS && !cpu.halted; step++) {
            if (cpu_step(&cpu, &fuzz_cpu_ops, &ram, &insn) == CPU_SHUTDOWN)
                return 0;
            check(&cpu);
        }
    }
    return 0;
}
