/* Any code in any mode, privilege and descriptor table: the virtual CPU steps on or shuts down. */
#include "fuzz_cpu.h"

#define STEPS 32u

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
        if (cpu_step(&cpu, &fuzz_cpu_ops, &ram, &insn) == CPU_SHUTDOWN)
            break;
        REQUIRE(cpu.cpl <= 3 && (cpu.eflags & EFLAGS_FIXED));
        REQUIRE(!cpu_v86(&cpu) || cpu.cpl == 3);
    }
    return 0;
}
