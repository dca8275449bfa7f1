#include "hypervisor/vm/native.h"

#include <string.h>

#include "emulate/cpu/relocate.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/control.h"
#include "hypervisor/cpu/gdt.h"
#include "hypervisor/cpu/guest_enter.h"
#include "hypervisor/mm/direct_map.h"
#include "hypervisor/report/panic.h"
#include "hypervisor/vm/clock.h"
#include "hypervisor/vm/vcpu.h"

/* Linear addresses of scratch memory, in an address space of its own. */
#define SCRATCH_DATA NATIVE_DATA
#define SCRATCH_SIZE 4096u
#define SCRATCH_CODE NATIVE_CODE

/*
 * An instruction keeps its place, found by its bytes, until another one needs that: to a processor
 * that has it in its caches (or, as TCG does, has translated it), changed code is dear.
 */
#define SLOT_SIZE  32u /* the longest instruction and HLT */
#define SLOT_BITS  10u
#define SLOTS      (1u << SLOT_BITS)
#define CODE_PAGES (SLOTS * SLOT_SIZE / 4096u)

#define PTE_P  0x001ull
#define PTE_W  0x002ull
#define PTE_U  0x004ull
#define PTE_NX (1ull << 63)

#define OPCODE_HLT 0xf4

#define ENTRY_COST_TRIES 64
#define EFLAGS_UNTOUCHED (~(EFLAGS_STATUS | EFLAGS_DF))

static uint64_t pml4[512] __attribute__((aligned(4096)));
static uint64_t pdpt[512] __attribute__((aligned(4096)));
static uint64_t page_directory[512] __attribute__((aligned(4096)));
static uint64_t page_table[512] __attribute__((aligned(4096)));
static uint8_t code[SLOTS][SLOT_SIZE] __attribute__((aligned(4096)));
static uint8_t data[SCRATCH_SIZE] __attribute__((aligned(4096)));

/* A vCPU that runs nothing but scratch instructions: only its registers and frame are used. */
static struct vcpu unit;

void native_init(void)
{
    const uint64_t table = PTE_P | PTE_W | PTE_U;
    memcpy(pml4, monitor_pml4(), sizeof(pml4));
    pml4[0] = image_hpa(pdpt) | table;
    pdpt[0] = image_hpa(page_directory) | table;
    page_directory[0] = image_hpa(page_table) | table;
    for (unsigned i = 0; i < CODE_PAGES; i++)
        page_table[SCRATCH_CODE / 4096 + i] = (image_hpa(code) + i * 4096u) | PTE_P | PTE_U;
    page_table[SCRATCH_DATA / 4096] = image_hpa(data) | PTE_P | PTE_U | PTE_W | PTE_NX;
}

static unsigned slot_of(const uint8_t *bytes, unsigned count)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (unsigned i = 0; i < count; i++)
        hash = (hash ^ bytes[i]) * 16777619u;
    return (hash ^ hash >> 16) % SLOTS;
}

/* The instruction with its memory operand at SCRATCH_DATA, `*length` bytes, in its slot. Ends in
 * HLT, whose #GP says that it is done. Returns where it lies. */
static uint32_t assemble(const struct insn *insn, unsigned *length)
{
    uint8_t bytes[SLOT_SIZE];
    unsigned n = insn_relocate(insn, SCRATCH_DATA, bytes);
    unsigned slot = slot_of(bytes, n);
    bytes[n] = OPCODE_HLT;
    if (memcmp(code[slot], bytes, n + 1) != 0)
        memcpy(code[slot], bytes, n + 1);
    *length = n;
    return SCRATCH_CODE + slot * SLOT_SIZE;
}

/* What running there changes of the processor's state, and puts back. */
struct scratch_state {
    uint64_t cr3, cr0, cr4, dr7, rsp0, stack_descriptor;
};

static struct scratch_state enter_scratch_space(void)
{
    struct scratch_state saved = {read_cr3(), read_cr0(), read_cr4(),
                                  read_dr7(), tss_rsp0(), host_gdt()[SLOT_GUEST_SS]};
    host_gdt()[SLOT_GUEST_SS] = DESCRIPTOR_FLAT_DATA32;
    host_gdt()[SLOT_SCRATCH_CS] = DESCRIPTOR_FLAT_CODE32; /* user code must not find it */
    write_ds(SELECTOR(SLOT_GUEST_SS, 3));
    /* The interpreter has checked the guest's TS and EM; its CLTS may not have reached CR0 yet. */
    write_cr0(saved.cr0 & ~(uint64_t)(CR0_TS | CR0_EM));
    write_cr4(saved.cr4 | CR4_OSFXSR | CR4_OSXMMEXCPT);
    write_dr7(0x400);
    tss_set_rsp0((uint64_t)(&unit.frame + 1));
    write_cr3(image_hpa(pml4));
    return saved;
}

static void leave_scratch_space(const struct scratch_state *saved)
{
    write_cr3(saved->cr3);
    tss_set_rsp0(saved->rsp0);
    write_cr0(saved->cr0);
    write_cr4(saved->cr4);
    write_dr7(saved->dr7);
    host_gdt()[SLOT_GUEST_SS] = saved->stack_descriptor;
    host_gdt()[SLOT_SCRATCH_CS] = 0;
}

/* Host interrupts stay closed (IF = 0): this is the monitor's time, not the guest's. */
static void set_frame(uint32_t eip, uint32_t esp, uint32_t eflags)
{
    unit.frame.cs = SELECTOR(SLOT_SCRATCH_CS, 3);
    unit.frame.ss = SELECTOR(SLOT_GUEST_SS, 3);
    unit.frame.rip = eip;
    unit.frame.rsp = esp;
    unit.frame.rflags = (eflags & ~EFLAGS_UNTOUCHED) | EFLAGS_FIXED;
}

uint64_t native_entry_cost(void)
{
    struct scratch_state saved = enter_scratch_space();
    uint64_t least = UINT64_MAX;
    code[0][0] = OPCODE_HLT;
    for (unsigned i = 0; i < ENTRY_COST_TRIES; i++) {
        struct vm_clock clock = {0};
        set_frame(SCRATCH_CODE, 0, 0);
        clock_start(&clock);
        guest_enter(&unit);
        clock_stop(&clock);
        least = clock.ticks < least ? clock.ticks : least;
    }
    leave_scratch_space(&saved);
    return least;
}

static uint32_t word_below(uint32_t esp)
{
    uint32_t word = 0;
    if (esp >= SCRATCH_DATA + sizeof(word) && esp <= SCRATCH_DATA + SCRATCH_SIZE)
        memcpy(&word, data + (esp - SCRATCH_DATA - sizeof(word)), sizeof(word));
    return word;
}

void native_try(const struct native_try *try, struct native_outcome *outcome)
{
    const uint32_t fill = NATIVE_FILL;
    INVARIANT(try->length < SLOT_SIZE);
    memset(code[0], OPCODE_HLT, SLOT_SIZE);
    memcpy(code[0], try->code, try->length);
    memset(data, (uint8_t)fill, sizeof(data));
    struct scratch_state saved = enter_scratch_space();
    write_cr0((read_cr0() & ~(uint64_t)CR0_AM) | try->cr0);
    memset(unit.cpu.gpr, 0, sizeof(unit.cpu.gpr));
    unit.cpu.gpr[EAX] = try->eax;
    set_frame(SCRATCH_CODE, try->esp, 0);
    unit.frame.rflags |= try->eflags;
    guest_enter(&unit);
    uint32_t cr2 = (uint32_t)read_cr2();
    leave_scratch_space(&saved);
    *outcome = (struct native_outcome){
        .done = unit.frame.vector == EXC_GP && unit.frame.rip == SCRATCH_CODE + try->length,
        .vector = (unsigned)unit.frame.vector,
        .error = (uint32_t)unit.frame.error,
        .cr2 = cr2,
        .eflags = (uint32_t)unit.frame.rflags,
        .eax = unit.cpu.gpr[EAX],
        .below = word_below(try->esp),
    };
}

bool native_execute(struct cpu *cpu, const struct insn *insn, void *mem, unsigned mem_len,
                    struct event *fault)
{
    INVARIANT(mem_len <= SCRATCH_SIZE);
    unsigned length;
    uint32_t at = assemble(insn, &length);
    memcpy(data, mem, mem_len);
    struct scratch_state saved = enter_scratch_space();
    memcpy(unit.cpu.gpr, cpu->gpr, sizeof(unit.cpu.gpr));
    if (insn->op == OP_MASKMOVQ) /* its operand is at DS:EDI, without a ModRM byte to change */
        unit.cpu.gpr[EDI] = SCRATCH_DATA;
    set_frame(at, cpu->gpr[ESP], cpu->eflags);
    guest_enter(&unit);
    leave_scratch_space(&saved);
    cpu->changed |= CHANGED_SEG(SEG_DS);
    if (unit.frame.vector != EXC_GP || unit.frame.rip != at + length) {
        *fault = exception((uint8_t)unit.frame.vector);
        fault->has_error = unit.frame.vector == EXC_GP || unit.frame.vector == EXC_SS;
        return false;
    }
    memcpy(mem, data, mem_len);
    cpu->x87.ran_at = at;
    cpu->x87.operand_at = SCRATCH_DATA;
    unit.cpu.gpr[ESP] = (uint32_t)unit.frame.rsp;
    unit.cpu.gpr[EDI] = insn->op == OP_MASKMOVQ ? cpu->gpr[EDI] : unit.cpu.gpr[EDI];
    memcpy(cpu->gpr, unit.cpu.gpr, sizeof(cpu->gpr));
    cpu->eflags = (cpu->eflags & EFLAGS_UNTOUCHED) | (unit.frame.rflags & ~EFLAGS_UNTOUCHED);
    return true;
}
