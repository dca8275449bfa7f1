/* A vCPU's whole state, for triple faults and panics: laid out as QEMU's `info registers`. */
#include "hypervisor/report/console.h"
#include "hypervisor/report/panic.h"
#include "hypervisor/vm/vm.h"
#include "hypervisor/vm/world.h"

static void dump_segments(const struct cpu *cpu)
{
    static const char *const names[SEG_COUNT] = {"ES", "CS", "SS", "DS", "FS", "GS", "LDT", "TR"};
    for (unsigned i = 0; i < SEG_COUNT; i++) {
        const struct segment *s = &cpu->seg[i];
        console_printf("  %-3s=%04x %08x %08x %04x DPL=%u\n", names[i], s->selector, s->base,
                       s->limit, s->attr, ATTR_DPL_OF(s->attr));
    }
}

/* The bytes at CS:EIP, where the shadow can tell without changing anything in the guest. */
static void dump_code(const struct vcpu *vcpu)
{
    const struct cpu *cpu = &vcpu->cpu;
    uint8_t bytes[16];
    struct walk walk;
    if (!world_walk_quietly(vcpu->vm, cpu->seg[SEG_CS].base + cpu->eip, &walk))
        return;
    gpa_read(vcpu->vm, walk.gpa, bytes, sizeof(bytes));
    console_printf("  code:");
    for (unsigned i = 0; i < sizeof(bytes); i++)
        console_printf(" %02x", bytes[i]);
    console_printf("\n");
}

void vcpu_dump(const struct vcpu *vcpu)
{
    const struct cpu *cpu = &vcpu->cpu;
    const uint32_t *r = cpu->gpr;
    if (!vcpu->vm)
        return;
    console_printf("umbra: %s: state of the virtual CPU:\n", vcpu->vm->config.name);
    console_printf("  EAX=%08x EBX=%08x ECX=%08x EDX=%08x\n", r[EAX], r[EBX], r[ECX], r[EDX]);
    console_printf("  ESI=%08x EDI=%08x EBP=%08x ESP=%08x\n", r[ESI], r[EDI], r[EBP], r[ESP]);
    console_printf("  EIP=%08x EFL=%08x CPL=%u HLT=%u shadow=%u view=%s\n", cpu->eip, cpu->eflags,
                   cpu->cpl, cpu->halted, cpu->int_shadow,
                   vcpu->view == VIEW_KERNEL ? "kernel" : "user");
    dump_segments(cpu);
    console_printf("  GDT=%08x %04x IDT=%08x %04x\n", cpu->gdtr.base, cpu->gdtr.limit,
                   cpu->idtr.base, cpu->idtr.limit);
    console_printf("  CR0=%08x CR2=%08x CR3=%08x CR4=%08x\n", cpu->cr0, cpu->cr2, cpu->cr3,
                   cpu->cr4);
    console_printf("  DR0=%08x DR1=%08x DR2=%08x DR3=%08x DR6=%08x DR7=%08x\n", cpu->dr[0],
                   cpu->dr[1], cpu->dr[2], cpu->dr[3], cpu->dr[6], cpu->dr[7]);
    console_printf("  last exit: vector %llx error %llx at %04llx:%08llx\n",
                   (unsigned long long)vcpu->frame.vector, (unsigned long long)vcpu->frame.error,
                   (unsigned long long)vcpu->frame.cs, (unsigned long long)vcpu->frame.rip);
    dump_code(vcpu);
}
