#include "trace.h"

#include "console.h"
#include "format.h"
#include "emulate/cpu/disasm.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/load/elf_symbols.h"
#include "hypervisor/vm/vm.h"
#include "hypervisor/vm/world.h"

/* --- recording ---------------------------------------------------------------------------------
 */

static struct trace_state state_of(const struct cpu *cpu)
{
    return (struct trace_state){
        .eip = cpu->eip,
        .esp = cpu->gpr[ESP],
        .eflags = cpu->eflags,
        .cr0 = cpu->cr0,
        .cr2 = cpu->cr2,
        .cr3 = cpu->cr3,
        .cr4 = cpu->cr4,
        .cpl = cpu->cpl,
    };
}

/* The guest's bytes at CS:EIP, as far as they are mapped. */
static uint8_t read_code(const struct vcpu *vcpu, uint8_t *bytes)
{
    uint32_t lin = vcpu->cpu.seg[SEG_CS].base + vcpu->cpu.eip;
    unsigned done = 0;
    while (done < INSN_MAX_LENGTH) {
        unsigned room = PAGE_SIZE - (lin + done) % PAGE_SIZE;
        unsigned part = INSN_MAX_LENGTH - done < room ? INSN_MAX_LENGTH - done : room;
        struct walk walk;
        if (!world_walk_quietly(vcpu->vm, lin + done, &walk))
            break;
        gpa_read(vcpu->vm, walk.gpa, bytes + done, part);
        done += part;
    }
    return (uint8_t)done;
}

void trace_around(struct vcpu *vcpu, void (*handle)(struct vcpu *vcpu), bool interpreted)
{
    struct trace *trace = &vcpu->vm->trace;
    struct trace_entry *entry = &trace->entries[trace->kept % TRACE_ENTRIES];
    *entry = (struct trace_entry){
        .number = ++trace->seen,
        .before = state_of(&vcpu->cpu),
        .code32 = cpu_code32(&vcpu->cpu),
        .vector = interpreted ? TRACE_NO_VECTOR : (uint8_t)vcpu->frame.vector,
        .error = interpreted ? 0 : (uint32_t)vcpu->frame.error,
    };
    if (entry->vector == EXC_PF)
        entry->address = (uint32_t)read_cr2();
    entry->length = read_code(vcpu, entry->bytes);
    handle(vcpu);
    entry->after = state_of(&vcpu->cpu);
    entry->reason = interpreted ? EXIT_INTERPRET : vcpu->vm->counters.reason;
    entry->done = true;
    trace->kept += trace->mask >> entry->reason & 1;
}

/* --- printing ----------------------------------------------------------------------------------
 */

/* An address, and what function of the guest's kernel it lies in. */
static void format_address(const struct vm *vm, uint32_t address, char *text, size_t size)
{
    const struct file *kernel = &vm->image.file;
    struct elf_symbol symbol;
    if (elf_symbol_at(kernel->bytes, kernel->size, address, &symbol))
        format_buffer(text, size, "%08x <%s+%#x>", address, symbol.name, address - symbol.address);
    else
        format_buffer(text, size, "%08x", address);
}

static unsigned print_code(const struct trace_entry *entry)
{
    char text[DISASM_MAX] = "(not mapped)", hex[3 * INSN_MAX_LENGTH + 1] = "";
    struct insn insn = {.length = 0};
    if (entry->length)
        format_buffer(text, sizeof(text), "(bad)");
    if (insn_decode(entry->bytes, entry->length, entry->code32, &insn) == DECODE_OK)
        insn_disassemble(&insn, entry->before.eip, text, sizeof(text));
    unsigned shown = insn.length ? insn.length : entry->length;
    for (unsigned i = 0; i < shown; i++)
        format_buffer(hex + 3 * i, 4, "%02x ", entry->bytes[i]);
    console_printf(" %-21s %-30s", hex, text);
    return insn.length;
}

static void print_change(const char *name, uint32_t before, uint32_t after)
{
    if (before != after)
        console_printf(" %s %08x->%08x", name, before, after);
}

static void print_changes(const struct vm *vm, const struct trace_entry *entry, unsigned length)
{
    const struct trace_state *a = &entry->before, *b = &entry->after;
    char address[ELF_SYMBOL_MAX + 24];
    if (b->eip != a->eip && b->eip != a->eip + length) {
        format_address(vm, b->eip, address, sizeof(address));
        console_printf(" -> %s", address);
    }
    if (b->cpl != a->cpl)
        console_printf(" CPL %u->%u", a->cpl, b->cpl);
    print_change("EFL", a->eflags, b->eflags);
    print_change("ESP", a->esp, b->esp);
    print_change("CR0", a->cr0, b->cr0);
    print_change("CR2", a->cr2, b->cr2);
    print_change("CR3", a->cr3, b->cr3);
    print_change("CR4", a->cr4, b->cr4);
}

static void print_entry(const struct vm *vm, const struct trace_entry *entry)
{
    char address[ELF_SYMBOL_MAX + 24];
    format_address(vm, entry->before.eip, address, sizeof(address));
    console_printf("umbra: %s: %8llu cpl%u %-38s %-11s", vm->config.name,
                   (unsigned long long)entry->number, entry->before.cpl, address,
                   entry->done ? exit_reason_key(entry->reason) : "now");
    unsigned length = print_code(entry);
    if (entry->vector == EXC_PF)
        console_printf(" at %08x error %02x", entry->address, entry->error);
    if (entry->done)
        print_changes(vm, entry, length);
    else
        console_printf(" vector %u error %x", entry->vector, entry->error);
    console_printf("\n");
}

void trace_dump(const struct vm *vm, unsigned count)
{
    const struct trace *trace = &vm->trace;
    if (!trace->mask)
        return;
    uint64_t held = trace->kept < TRACE_ENTRIES - 1 ? trace->kept : TRACE_ENTRIES - 1;
    uint64_t shown = held < count ? held : count;
    console_printf("umbra: %s: trace: the last %llu of %llu traps, oldest first\n", vm->config.name,
                   (unsigned long long)shown, (unsigned long long)trace->seen);
    for (uint64_t i = trace->kept - shown; i < trace->kept; i++)
        print_entry(vm, &trace->entries[i % TRACE_ENTRIES]);
    const struct trace_entry *now = &trace->entries[trace->kept % TRACE_ENTRIES];
    if (now->number == trace->seen && trace->seen && !now->done)
        print_entry(vm, now);
}
