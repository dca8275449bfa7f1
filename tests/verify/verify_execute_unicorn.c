/*
 * Rows of `make verify-emulate`: the interpreter against Unicorn, which is QEMU's TCG as a library,
 * in the modes that a program on the host's processor cannot be in: real mode, protected mode with
 * 16-bit and 32-bit code at ring 0 and ring 3 with gates, tasks and an LDT, and virtual-8086 mode.
 * Registers, flags (the undefined ones too), selectors, system registers, memory and the vector of
 * an exception are compared; error codes and delivery are not, as Unicorn hands events to its user.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unicorn/unicorn.h>

#include "emulate/cpu/segment.h"
#include "row.h"

#define STATES       400000u /* in each mode */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define MEMORY    0x40000u
#define GDT       0x1000u
#define GDT_LIMIT 0x1ffu
#define LDT       0x1800u
#define LDT_LIMIT 0x3fu
#define LOCAL_TSS 0x3cu   /* the last entry of the LDT, as a selector without RPL */
#define TSS       0x2000u /* current, then others 100h apart */
#define SETUP     0x3000u
#define IDT       0x4000u
#define CODE      0x10000u /* where instructions are put, and code segments begin */
#define DATA      0x20000u
#define STACK     0x30000u
#define SLOT      32u /* an instruction, and what lies behind it */

/* --- a random source that repeats --- */

static uint64_t random_state = 0x9e3779b97f4a7c15u;

static uint32_t rnd(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 16);
}

static bool one_in(uint32_t n)
{
    return rnd() % n == 0;
}

static uint32_t rnd_value(void)
{
    static const uint32_t corner[] = {0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0x7fffffff, ~0u};
    return one_in(3) ? corner[rnd() % COUNT(corner)] : rnd();
}

/* --- the tables --- */

enum {
    CODE32 = 0x08,
    DATA32 = 0x10,
    CODE16 = 0x18,
    DATA16 = 0x20,
    USER32 = 0x28,
    USER_DATA = 0x30,
    USER16 = 0x38,
    USER_DATA16 = 0x40,
    TSS_SELECTOR = 0x48,
    LDT_SELECTOR = 0x50
};

struct entry {
    uint16_t selector;
    uint32_t base, limit; /* a gate: offset, and selector of the target */
    uint16_t attr;
};

#define GATE(selector, target, offset, type) \
    {                                        \
        selector, offset, target, type       \
    }

// clang-format off
static const struct entry entries[] = {
    {CODE32, 0, 0xfffff, 0xc09b},        {DATA32, 0, 0xfffff, 0xc093},
    {CODE16, CODE, 0xffff, 0x009b},      {DATA16, DATA, 0xffff, 0x0093},
    {USER32, 0, 0xfffff, 0xc0fb},        {USER_DATA, 0, 0xfffff, 0xc0f3},
    {USER16, CODE, 0xffff, 0x00fb},      {USER_DATA16, DATA, 0xffff, 0x00f3},
    {TSS_SELECTOR, TSS, 0xff, 0x0089},   {LDT_SELECTOR, LDT, LDT_LIMIT, 0x0082},
    /* what selectors may meet */
    {0x58, 0, 0xfffff, 0xc09f},          {0x60, 0, 0xfffff, 0xc0ff}, /* conforming, DPL 0 and 3 */
    {0x68, 0, 0xfffff, 0xc099},          {0x70, 0, 0xfffff, 0xc0f1}, /* execute-only, read-only */
    {0x78, 0, 0xfffff, 0xc01b},          {0x80, 0, 0xfffff, 0xc073}, /* not present */
    {0x88, 0, 0xfffff, 0xc092},          {0x90, 0, 0xfffff, 0xc0f2}, /* not accessed */
    {0x98, 0, 0xfffff, 0xc09a},          {0xa0, 0, 0xfffff, 0xc0fa},
    {0xa8, DATA, 0x0fff, 0xc0f7},        {0xb0, DATA, 0xffff, 0x00d3}, /* expand-down; DPL 2 */
    {0xb8, 0, 0xfffff, 0xc0bb},          {0xc0, 0, 0xfffff, 0xc0b3}, /* ring 1 */
    {0xc8, TSS + 0x100, 0xff, 0x00e9},   {0xd0, TSS + 0x200, 0xff, 0x00e1}, /* tasks: 32, 16 bits */
    {0xd8, TSS + 0x100, 0x20, 0x0089},   {0xe0, TSS + 0x100, 0xff, 0x0009}, /* short; not present */
    {0xe8, TSS + 0x100, 0xff, 0x008b},   {0xf0, LDT, LDT_LIMIT, 0x0002}, /* busy; LDT not present */
    GATE(0xf8, CODE32, CODE + 0x40, 0x00ec),  GATE(0x100, CODE16, 0x40, 0x00e4),
    GATE(0x108, CODE32, CODE + 0x40, 0x008c), GATE(0x110, 0x58, CODE + 0x40, 0x00ec),
    GATE(0x118, 0xb8, CODE + 0x40, 0x00ec),   GATE(0x120, 0x78, CODE + 0x40, 0x00ec),
    GATE(0x128, 0, CODE + 0x40, 0x00ec),      GATE(0x130, DATA32, CODE + 0x40, 0x00ec),
    GATE(0x138, 0xc8, 0, 0x00e5),             GATE(0x140, 0xc8, 0, 0x0085),
    GATE(0x148, CODE32, CODE + 0x40, 0x006c), GATE(0x150, CODE32, 0, 0x008e),
    GATE(0x158, USER32, CODE + 0x40, 0x00ec), GATE(0x160, 0xd0, 0, 0x00e5),
};
// clang-format on

static uint8_t image[MEMORY]; /* memory before every instruction */

static void put16(uint32_t at, uint32_t value)
{
    memcpy(image + at, &value, 2);
}

static void put32(uint32_t at, uint32_t value)
{
    memcpy(image + at, &value, 4);
}

static void put_entry(uint32_t table, const struct entry *e)
{
    uint32_t at = table + (e->selector & ~7u);
    bool gate =
        !(e->attr & 0x10) && (e->attr & 15) >= 4 && (e->attr & 15) != 9 && (e->attr & 15) != 11;

    if (gate) {
        uint32_t params = (e->attr & 15) == 5 ? 0 : e->selector >> 4 & 3u;
        put32(at, e->limit << 16 | (e->base & 0xffff));
        put32(at + 4, (e->base & 0xffff0000u) | (uint32_t)e->attr << 8 | params);
        return;
    }
    put32(at, (e->base & 0xffff) << 16 | (e->limit & 0xffff));
    put32(at + 4, (e->base & 0xff000000u) | (e->attr & 0xf0ffu) << 8 | (e->limit & 0xf0000u) |
                      (e->base >> 16 & 0xff));
}

/* Ring 0 and ring 1 stacks, an I/O map beyond the limit, and a state that can run. */
static void put_tss32(uint32_t at)
{
    put32(at + 4, STACK + 0x8000), put32(at + 8, DATA32);
    put32(at + 12, STACK + 0x9000), put32(at + 16, 0xc1);
    put32(at + 0x20, CODE + 0x40), put32(at + 0x24, EFLAGS_FIXED | EFLAGS_IF);
    for (unsigned i = 0; i < 8; i++)
        put32(at + 0x28 + 4 * i, STACK + 0x5000 + 0x11 * i);
    for (unsigned i = 0; i < 6; i++)
        put32(at + 0x48 + 4 * i, i == SEG_CS ? CODE32 : DATA32);
    put32(at + 0x60, LDT_SELECTOR);
    put16(at + 0x66, 0xff);
}

static void put_tss16(uint32_t at)
{
    put16(at + 2, 0x8000), put16(at + 4, DATA16);
    put16(at + 0x0e, 0x40), put16(at + 0x10, EFLAGS_FIXED);
    for (unsigned i = 0; i < 8; i++)
        put16(at + 0x12 + 2 * i, 0x5000 + 0x11 * i);
    for (unsigned i = 0; i < 4; i++)
        put16(at + 0x22 + 2 * i, i == SEG_CS ? CODE16 : DATA16);
    put16(at + 0x2a, LDT_SELECTOR);
}

/*
 * NOPs up to a JMP $, for Unicorn translates ahead of what it executes, up to a branch. No branch
 * comes right behind an instruction: a jump to its last byte would make FF EB of it, at which
 * Unicorn aborts.
 */
static void fill_code(uint8_t *at, unsigned size)
{
    memset(at, 0x90, size - 2);
    memcpy(at + size - 2, "\xeb\xfe", 2);
}

static void build_image(void)
{
    for (unsigned i = 0; i < COUNT(entries); i++)
        put_entry(GDT, &entries[i]);
    for (unsigned i = 0; i < 8; i++) {
        struct entry local = entries[i + 1];
        local.selector = (uint16_t)(8 * i);
        put_entry(LDT, &local);
    }
    put_tss32(TSS);
    put_tss32(TSS + 0x100);
    put_tss16(TSS + 0x200);
    put16(TSS, 0xe8); /* what NT leads back to: the busy one */
    for (uint32_t at = CODE; at < DATA; at += SLOT)
        fill_code(image + at, SLOT);
    for (uint32_t at = DATA; at < MEMORY; at += 4)
        put32(at, rnd_value());
}

/* --- the modes: how both sides get there --- */

struct mode {
    const char *name;
    bool code32, stack32, real, v86;
    uint8_t cpl;
    uint32_t code_base;
    const char *enter; /* behind the set-up at SETUP, from flat 32-bit ring 0 */
    unsigned enter_len;
};

// clang-format off
#define ENTER(bytes)   bytes, sizeof(bytes) - 1
#define PUSH32(n)      "\x68" n
#define LOAD_DATA(low) /* MOV AX, imm16; MOV DS ES FS GS, AX */ \
    "\x66\xb8" low "\x00\x8e\xd8\x8e\xc0\x8e\xe0\x8e\xe8"
/* PUSH SS ESP EFLAGS CS EIP; IRETD */
#define TO_RING3(ss, esp, cs, eip) \
    PUSH32(ss "\0\0\0") PUSH32(esp) PUSH32("\2\2\0\0") PUSH32(cs "\0\0\0") PUSH32(eip) "\xcf"
/* GS FS DS ES SS ESP EFLAGS CS EIP; IRETD */
#define TO_V86(flags)                                                            \
    PUSH32("\0\x20\0\0")                                                         \
    PUSH32("\0\x20\0\0")                                                         \
    PUSH32("\0\x20\0\0")                                                         \
    PUSH32("\0\x20\0\0")                                                         \
    PUSH32("\0\x30\0\0") PUSH32("\0\x40\0\0") PUSH32(flags) PUSH32("\0\x10\0\0") \
        PUSH32("\x00\x01\0\0") "\xcf"

static const struct mode modes[] = {
    /* JMP 18h:0; 16-bit: MOV EAX, CR0; AND AL, FEh; MOV CR0, EAX; JMP 1000h:0100h */
    {"real mode", false, false, true, false, 0, CODE,
     ENTER("\x66\xb8\x20\x00\x8e\xd8\x8e\xc0\x8e\xe0\x8e\xe8\x8e\xd0\xea\x00\x80\x00\x00\x18\x00")},
    {"protected mode, 16 bits, ring 0", false, false, false, false, 0, CODE,
     ENTER(LOAD_DATA("\x20") "\x8e\xd0\xea\x00\x01\x00\x00\x18\x00")},
    {"protected mode, 32 bits, ring 0", true, true, false, false, 0, 0,
     ENTER(LOAD_DATA("\x10") "\xea\x00\x01\x01\x00\x08\x00")},
    {"protected mode, 32 bits, ring 3", true, true, false, false, 3, 0,
     ENTER(LOAD_DATA("\x33") TO_RING3("\x33", "\x00\x40\x03\x00", "\x2b", "\x00\x01\x01\x00"))},
    {"protected mode, 16 bits, ring 3", false, false, false, false, 3, CODE,
     ENTER(LOAD_DATA("\x43") TO_RING3("\x43", "\x00\x40\x00\x00", "\x3b", "\x00\x01\x00\x00"))},
    {"virtual-8086 mode, IOPL 3", false, false, false, true, 3, CODE,
     ENTER(TO_V86("\x02\x32\x02\x00"))},
    {"virtual-8086 mode, IOPL 0", false, false, false, true, 3, CODE,
     ENTER(TO_V86("\x02\x02\x02\x00"))},
};
/* LGDT [SETUP - 16]; LIDT [SETUP - 8]; JMP 08h:next; SS, ESP; LLDT; LTR */
static const char setup[] =
    "\x0f\x01\x15\xf0\x2f\x00\x00\x0f\x01\x1d\xf8\x2f\x00\x00"
    "\xea\x15\x30\x00\x00\x08\x00"
    "\x66\xb8\x10\x00\x8e\xd0\xbc\x00\x40\x03\x00"
    "\x66\xb8\x50\x00\x0f\x00\xd0\x66\xb8\x48\x00\x0f\x00\xd8";
static const char leave_protected_mode[] =
    "\x0f\x20\xc0\x24\xfe\x0f\x22\xc0\xea\x00\x01\x00\x10"; /* JMP 1000h:0100h */
static const char load_real_segments[] =
    "\xb8\x00\x20\x8e\xd8\x8e\xc0\x8e\xe0\x8e\xe8\xb8\x00\x30\x8e\xd0\xbc\x00\x40\xe9\x00\x00";
// clang-format on

#define START 0x100u /* EIP, or the offset from CODE, where every mode begins */

/* --- the interpreter's side --- */

struct machine {
    struct cpu cpu;
    uint8_t memory[MEMORY];
    bool beyond;
};

static struct machine machine, entered;

static bool in_memory(uint32_t lin, unsigned len, unsigned access, struct event *fault)
{
    if (lin < MEMORY && lin + len <= MEMORY)
        return true;
    *fault = exception_error(EXC_PF, access);
    fault->cr2 = lin;
    return false;
}

static bool machine_read(void *world, uint32_t lin, void *buf, unsigned len, unsigned access,
                         struct event *fault)
{
    struct machine *m = world;
    if (!in_memory(lin, len, access, fault))
        return false;
    memcpy(buf, m->memory + lin, len);
    return true;
}

static bool machine_write(void *world, uint32_t lin, const void *buf, unsigned len, unsigned access,
                          struct event *fault)
{
    struct machine *m = world;
    if (!in_memory(lin, len, access, fault))
        return false;
    memcpy(m->memory + lin, buf, len);
    m->beyond = m->beyond || lin - CODE < DATA - CODE;
    return true;
}

static uint32_t machine_in(void *world, uint16_t port, unsigned size)
{
    ((struct machine *)world)->beyond = true;
    (void)port;
    (void)size;
    return 0;
}

static void machine_out(void *world, uint16_t port, unsigned size, uint32_t value)
{
    (void)machine_in(world, port, size);
    (void)value;
}

static void nothing(void *world)
{
    (void)world;
}

static void no_page(void *world, uint32_t lin)
{
    (void)world;
    (void)lin;
}

static const struct cpu_ops machine_ops = {
    .read = machine_read,
    .write = machine_write,
    .in = machine_in,
    .out = machine_out,
    .flush_tlb = nothing,
    .invlpg = no_page,
};

/* --- Unicorn's side --- */

static uc_engine *uc;
static uc_context *uc_entered;
static uint8_t *uc_memory;
static int uc_vector; /* of the event it raised, or -1 */

static void on_event(uc_engine *engine, uint32_t vector, void *user)
{
    (void)user;
    uc_vector = (int)vector;
    uc_emu_stop(engine);
}

static const int uc_gpr[] = {UC_X86_REG_EAX, UC_X86_REG_ECX, UC_X86_REG_EDX, UC_X86_REG_EBX,
                             UC_X86_REG_ESP, UC_X86_REG_EBP, UC_X86_REG_ESI, UC_X86_REG_EDI};
static const int uc_seg[] = {UC_X86_REG_ES, UC_X86_REG_CS, UC_X86_REG_SS,
                             UC_X86_REG_DS, UC_X86_REG_FS, UC_X86_REG_GS};
static const int uc_cr[] = {UC_X86_REG_CR0, UC_X86_REG_CR2, UC_X86_REG_CR3, UC_X86_REG_CR4};

static uint32_t uc_get(int reg)
{
    uint64_t value = 0;
    uc_reg_read(uc, reg, &value);
    return (uint32_t)value;
}

/* A new one for every mode. */
static bool uc_set_up(void)
{
    uc_hook hook;
    if (uc)
        uc_close(uc);
    if (!uc_memory)
        uc_memory = aligned_alloc(4096, MEMORY);
    return uc_memory && uc_open(UC_ARCH_X86, UC_MODE_32, &uc) == UC_ERR_OK &&
           uc_ctl_set_cpu_model(uc, UC_CPU_X86_PENTIUM3) == UC_ERR_OK &&
           uc_mem_map_ptr(uc, 0, MEMORY, UC_PROT_ALL, uc_memory) == UC_ERR_OK &&
           uc_hook_add(uc, &hook, UC_HOOK_INTR, (void *)on_event, NULL, 1, 0) == UC_ERR_OK &&
           uc_context_alloc(uc, &uc_entered) == UC_ERR_OK;
}

/* Runs the set-up code of a mode on both sides; false when they do not end at the same place. */
static bool enter(const struct mode *mode)
{
    struct cpu *cpu = &machine.cpu;
    uint32_t at = SETUP;
    struct insn executed;

    put16(SETUP - 16, GDT_LIMIT), put32(SETUP - 14, GDT);
    put16(SETUP - 8, 0x7ff), put32(SETUP - 6, IDT);
    memcpy(image + at, setup, sizeof(setup) - 1), at += sizeof(setup) - 1;
    memcpy(image + at, mode->enter, mode->enter_len);
    if (mode->real) {
        memcpy(image + CODE + 0x8000, leave_protected_mode, sizeof(leave_protected_mode) - 1);
        memcpy(image + CODE + START, load_real_segments, sizeof(load_real_segments) - 1);
    }
    memcpy(machine.memory, image, MEMORY);
    memcpy(uc_memory, image, MEMORY);

    cpu_reset(cpu, &cpu_model_pentium3_tcg);
    cpu->cr0 = CR0_PE | CR0_ET;
    for (unsigned seg = SEG_ES; seg <= SEG_GS; seg++)
        cpu->seg[seg] = (struct segment){.attr = seg == SEG_CS ? 0xc09b : 0xc093, .limit = ~0u};
    cpu->eip = SETUP;
    uint32_t end = mode->real     ? START + sizeof(load_real_segments) - 1
                   : mode->code32 ? CODE + START
                                  : START;
    for (unsigned i = 0; i < 200 && (cpu->eip != end || cpu->seg[SEG_CS].base != mode->code_base);
         i++)
        if (cpu_step(cpu, &machine_ops, &machine, &executed) != CPU_OK)
            return false;
    if (cpu->eip != end || cpu->cpl != mode->cpl)
        return false;
    if (uc_emu_start(uc, SETUP, mode->code_base + end, 0, 200) != UC_ERR_OK)
        printf("unicorn does not enter %s\n", mode->name);
    uc_context_save(uc, uc_entered);
    memcpy(image, machine.memory, MEMORY);
    if (memcmp(image, uc_memory, MEMORY))
        printf("%s: memory differs after the set-up\n", mode->name);
    entered.cpu = *cpu;
    return uc_get(UC_X86_REG_EIP) == end && uc_get(UC_X86_REG_CS) == cpu->seg[SEG_CS].selector;
}

/* --- what is run --- */

static struct insn insn;
static uint8_t bytes[INSN_MAX_LENGTH];
static uint32_t gpr[8], eflags;

/* Opcodes that meet tables and privilege; the others come up by themselves. */
static const uint16_t of_interest[] = {
    0x8e,   0x8c,   0x06,   0x07,   0x0e,   0x16,   0x17,   0x1e,   0x1f,   0x9a,   0xea,
    0xca,   0xcb,   0xcf,   0xc4,   0xc5,   0x63,   0x9c,   0x9d,   0xfa,   0xfb,   0xf4,
    0xcd,   0xcc,   0xce,   0xff,   0xc8,   0xc9,   0x60,   0x61,   0x62,   0x0f00, 0x0f01,
    0x0f02, 0x0f03, 0x0f06, 0x0f08, 0x0f09, 0x0f20, 0x0fa0, 0x0fa1, 0x0fa8, 0x0fa9, 0x0fb2,
    0x0fb4, 0x0fb5, 0x0f34, 0x0f35, 0xaa,   0xa4,   0xa7,   0xaf,   0x0fa3, 0x0fab, 0x27,
    0x2f,   0xd4,   0xd5,   0xd3,   0xd1,   0x0fa5, 0x0fad, 0xf7,   0xf6,   0x0fbc, 0x0fbd};

static uint16_t random_selector(void)
{
    if (one_in(8))
        return (uint16_t)(rnd() % 0x240);
    if (one_in(8))
        return (uint16_t)((rnd() % 9) * 8 + 4 + (rnd() & 3));
    return (uint16_t)(entries[rnd() % COUNT(entries)].selector | (one_in(2) ? rnd() & 3 : 0));
}

static void random_bytes(void)
{
    static const uint8_t prefixes[] = {0x66, 0x67, 0x2e, 0x36, 0x26, 0x64, 0xf2, 0xf3};
    unsigned n = 0;

    while (n < 3 && one_in(3))
        bytes[n++] = prefixes[rnd() % COUNT(prefixes)];
    uint16_t opcode =
        one_in(2) ? of_interest[rnd() % COUNT(of_interest)] : (uint16_t)(rnd() & 0xff);
    if (opcode > 0xff)
        bytes[n++] = 0x0f;
    bytes[n++] = (uint8_t)opcode;
    while (n < sizeof(bytes))
        bytes[n++] = (uint8_t)rnd();
}

// clang-format off
/*
 * What is not compared, and why:
 *
 * CPUID, time, MSRs, HLT, ports   Unicorn answers for itself, or stops
 * CRs and DRs written             would turn on paging, or breakpoints of the library
 * x87, MMX, SSE                   through exec_native: compared with the host's processor
 * F3 BSF, F3 BSR                  runs TZCNT and LZCNT whatever the model; a Pentium III has none
 * F2 and F3 on one string         QEMU 5, which Unicorn is made of, prefers F2; the last one counts
 *                                 (QEMU 7.2 and silicon)
 * LOCK                            by older rules than QEMU 7.2's, which policy.lock_checked names
 * SMSW of a register              writes 16 bits; QEMU 7.2 and silicon give all of CR0, the manual
 *                                 leaves the upper half undefined (SDM vol. 2, SMSW)
 * PUSHFD in virtual-8086 mode     pushes VM = 1; "the VM and RF flags are cleared in the image stored
 *                                 on the stack" (SDM vol. 2, PUSHF)
 * IRETD at CPL 3 with VM = 1      enters virtual-8086 mode; only CPL 0 may (SDM vol. 2, IRET)
 * gate to conforming code         leaves RPL 0 in CS at CPL 3; CS.RPL becomes CPL (SDM vol. 2, CALL)
 * TSS in the LDT                  #TS; #GP with the selector (SDM vol. 2, JMP and CALL)
 * 16-bit TSS                      reads selectors 4 bytes apart; they lie 2 apart (SDM vol. 3, 7.6)
 * targets outside memory          translates ahead, to the end of the page, before it stops
 * stores to code                  executes the instruction a second time
 */
// clang-format on
static bool excluded(const struct mode *mode)
{
    if ((insn.flags & INSN_STRING) && memchr(bytes, 0xf2, insn.opcode_at) &&
        memchr(bytes, 0xf3, insn.opcode_at))
        return true;
    switch (insn.op) {
    case OP_BSF:
    case OP_BSR:
        return memchr(bytes, 0xf3, insn.opcode_at);
    case OP_SMSW:
        return !insn_has_mem(&insn);
    case OP_PUSHF:
        return mode->v86 && insn.opsize == 4;
    case OP_CPUID:
    case OP_RDTSC:
    case OP_RDMSR:
    case OP_WRMSR:
    case OP_RDPMC:
    case OP_MOV_TO_CR:
    case OP_MOV_TO_DR:
    case OP_MOV_FROM_DR:
    case OP_SYSENTER:
    case OP_SYSEXIT:
    case OP_SYSCALL:
    case OP_HLT:
    case OP_IN:
    case OP_OUT:
    case OP_INS:
    case OP_OUTS:
        return true;
    default:
        return insn.op >= OP_X87 ||
               (insn.flags & (INSN_ABSENT | INSN_INVALID | INSN_MMX | INSN_SSE)) || insn.lock;
    }
}

static uint32_t target(void)
{
    return one_in(24) ? rnd() : DATA + 0x4000 + rnd() % 0x4000;
}

/* The linear address of ModRM's operand, aimed at data where a displacement lets it be. */
static uint32_t aim(void)
{
    const struct step x = {.cpu = &machine.cpu, .insn = &insn};
    memcpy(machine.cpu.gpr, gpr, sizeof(gpr));
    uint32_t base = machine.cpu.seg[effective_segment(&x)].base;
    uint32_t delta = target() - base - effective_offset(&x);
    uint32_t disp = (uint32_t)insn.disp + delta;

    if (insn.disp_size >= insn.adsize) {
        memcpy(bytes + insn.length - insn.imm_size - insn.disp_size, &disp, insn.disp_size);
        insn.disp = insn.disp_size == 2 ? (int16_t)disp : (int32_t)disp;
    }
    return base + effective_offset(&x);
}

static void poke(uint32_t lin, uint32_t value, unsigned size)
{
    if (lin > MEMORY - size || lin < DATA)
        return;
    memcpy(machine.memory + lin, &value, size);
    memcpy(uc_memory + lin, &value, size);
}

static uint32_t code_offset(void)
{
    return one_in(8) ? rnd_value() : one_in(2) ? CODE + 0x40 : 0x40;
}

static void fill_operand(uint32_t lin)
{
    if (insn.operand[0] == OPERAND_Mp || insn.operand[1] == OPERAND_Mp) {
        poke(lin, code_offset(), insn.opsize);
        poke(lin + insn.opsize, random_selector(), 2);
    } else if (one_in(2)) {
        poke(lin, random_selector(), 2);
    }
}

/* Frames that RETF and IRET can use: EIP CS [EFLAGS] ESP SS ... */
static void fill_stack(const struct mode *mode)
{
    uint32_t sp = mode->stack32 ? gpr[ESP] : gpr[ESP] & 0xffffu;
    uint32_t lin = machine.cpu.seg[SEG_SS].base + sp;
    unsigned size = insn.opsize, at = 0;

    poke(lin + size * at++, code_offset(), size);
    poke(lin + size * at++, random_selector(), size);
    if (insn.op == OP_IRET)
        poke(lin + size * at++, rnd() & ~(mode->cpl ? EFLAGS_VM : 0), size);
    poke(lin + size * at++, STACK + 0x2000, size);
    poke(lin + size * at, random_selector(), size);
}

static bool choose(const struct mode *mode)
{
    const uint32_t flags = EFLAGS_STATUS | EFLAGS_DF | EFLAGS_IF | EFLAGS_AC | EFLAGS_ID;

    for (unsigned i = 0; i < 8; i++)
        gpr[i] = one_in(3) ? DATA + rnd() % 0x8000 : rnd_value();
    gpr[ESP] = (mode->stack32 ? STACK : 0) + 0x2000 + (rnd() % 0x1000 & (one_in(2) ? ~3u : ~0u));
    eflags = (entered.cpu.eflags & ~flags) | (rnd() & flags);
    if (one_in(12) && !mode->v86)
        eflags |= EFLAGS_NT;
    random_bytes();
    if (insn_decode(bytes, sizeof(bytes), mode->code32, &insn) != DECODE_OK || excluded(mode))
        return false;
    if (insn.flags & INSN_STRING) {
        gpr[ESI] = target() - machine.cpu.seg[SEG_DS].base;
        gpr[EDI] = target() - machine.cpu.seg[SEG_ES].base;
        gpr[ECX] = rnd() % 4;
    }
    if (insn.op == OP_JMP_FAR || insn.op == OP_CALL_FAR) {
        uint32_t offset = code_offset(), selector = random_selector();
        memcpy(bytes + insn.length - insn.imm_size, &offset, insn.imm_size - 2u);
        memcpy(bytes + insn.length - 2, &selector, 2);
    }
    if (insn_has_mem(&insn))
        fill_operand(aim());
    else if (insn.flags & INSN_MODRM)
        gpr[insn_rm(&insn)] = one_in(2) ? random_selector() : gpr[insn_rm(&insn)];
    fill_stack(mode);
    return true;
}

/* --- running and comparing --- */

static uint32_t instruction_eip;
static struct event machine_fault;

static void place(const struct mode *mode)
{
    static uint32_t slot;
    slot = (slot + SLOT) % 0x4000;
    uint32_t lin = CODE + 0x1000 + slot;

    instruction_eip = lin - mode->code_base;
    fill_code(machine.memory + lin, SLOT);
    memcpy(machine.memory + lin, bytes, insn.length);
    memcpy(uc_memory + lin, machine.memory + lin, SLOT);
    uc_ctl_remove_cache(uc, lin, lin + SLOT);
}

static int run_interpreter(void)
{
    struct cpu *cpu = &machine.cpu;
    struct event *event = &machine_fault;
    struct insn fetched;

    *event = (struct event){0};
    memcpy(cpu->gpr, gpr, sizeof(gpr));
    cpu->eflags = eflags;
    cpu->eip = instruction_eip;
    machine.beyond = false;
    if (cpu_fetch(cpu, &machine_ops, &machine, &fetched, event) != CPU_OK ||
        cpu_execute(cpu, &machine_ops, &machine, &fetched, event) != CPU_OK)
        return event->vector;
    return -1;
}

/* The exception, -1, or PAGE for an address that is not there. */
static int run_unicorn(void)
{
    uc_context_restore(uc, uc_entered);
    for (unsigned i = 0; i < 8; i++)
        uc_reg_write(uc, uc_gpr[i], &gpr[i]);
    uc_reg_write(uc, UC_X86_REG_EFLAGS, &eflags);
    uc_vector = -1;
    uc_err error = uc_emu_start(uc, instruction_eip, ~0ull, 0, 1);
    if (error == UC_ERR_OK || error == UC_ERR_EXCEPTION)
        return uc_vector;
    return error == UC_ERR_INSN_INVALID ? EXC_UD : EXC_PF;
}

static void append(char *line, size_t size, const char *name, uint32_t ours, uint32_t theirs)
{
    size_t used = strlen(line);
    if (ours != theirs)
        snprintf(line + used, size - used, " %s %08x (Unicorn %08x)", name, ours, theirs);
}

/*
 * Where it stops Unicorn puts the linear address into EIP, and between the last iteration of a
 * repeated instruction and what follows it.
 */
static uint32_t uc_eip(void)
{
    uint32_t eip = uc_get(UC_X86_REG_EIP) - machine.cpu.seg[SEG_CS].base;
    uint32_t count = uc_get(UC_X86_REG_ECX) & (insn.adsize == 2 ? 0xffffu : ~0u);
    bool finished = insn.rep && (insn.flags & INSN_STRING) && count == 0;
    return finished && eip == instruction_eip ? eip + insn.length : eip;
}

static void compare_states(char *line, size_t size)
{
    static const char *const gprs[] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};
    static const char *const segs[] = {"es", "cs", "ss", "ds", "fs", "gs"};
    const struct cpu *cpu = &machine.cpu;
    const uint32_t cr[] = {cpu->cr0, cpu->cr2, cpu->cr3, cpu->cr4};
    uc_x86_mmr gdtr = {0}, idtr = {0}, ldtr = {0}, tr = {0};

    append(line, size, "eip", cpu->eip, uc_eip());
    append(line, size, "eflags", cpu->eflags, uc_get(UC_X86_REG_EFLAGS));
    for (unsigned i = 0; i < 8; i++)
        append(line, size, gprs[i], cpu->gpr[i], uc_get(uc_gpr[i]));
    for (unsigned i = 0; i < 6; i++)
        append(line, size, segs[i], cpu->seg[i].selector, uc_get(uc_seg[i]) & 0xffff);
    append(line, size, "cr0", cr[0], uc_get(uc_cr[0]));
    uc_reg_read(uc, UC_X86_REG_GDTR, &gdtr);
    uc_reg_read(uc, UC_X86_REG_IDTR, &idtr);
    uc_reg_read(uc, UC_X86_REG_LDTR, &ldtr);
    uc_reg_read(uc, UC_X86_REG_TR, &tr);
    append(line, size, "gdtr", cpu->gdtr.base ^ cpu->gdtr.limit, (uint32_t)gdtr.base ^ gdtr.limit);
    append(line, size, "idtr", cpu->idtr.base ^ cpu->idtr.limit, (uint32_t)idtr.base ^ idtr.limit);
    append(line, size, "ldtr", cpu->seg[SEG_LDTR].selector, ldtr.selector);
    append(line, size, "tr", cpu->seg[SEG_TR].selector, tr.selector);
    append(line, size, "tr base", cpu->seg[SEG_TR].base, (uint32_t)tr.base);
    if (memcmp(machine.memory, uc_memory, MEMORY)) {
        uint32_t at = 0;
        while (machine.memory[at] == uc_memory[at])
            at++;
        append(line, size, "memory at", at, ~at);
        append(line, size, "byte", machine.memory[at], uc_memory[at]);
    }
}

static void report(struct row *row, const char *line)
{
    char text[256] = "";
    size_t used = 0;

    for (unsigned i = 0; i < insn.length; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, " %02x", bytes[i]);
    row_differs(row, "%s: %s%s:%s", row->name, op_name(insn.op), text, line);
}

static void restore(void)
{
    if (memcmp(machine.memory, image, MEMORY))
        memcpy(machine.memory, image, MEMORY);
    if (memcmp(uc_memory, image, MEMORY))
        memcpy(uc_memory, image, MEMORY);
    machine.cpu = entered.cpu;
}

static bool task16(void)
{
    return !(machine.cpu.seg[SEG_TR].attr & 8u);
}

/* A far transfer to the TSS that the LDT describes. */
static bool local_tss(void)
{
    return machine_fault.vector == EXC_GP && machine_fault.error == LOCAL_TSS;
}

static bool conforming_by_gate(const struct mode *mode)
{
    bool call = insn.op == OP_CALL_FAR || insn.op == OP_CALL_FAR_IND;
    return call && mode->cpl && !mode->v86 && is_conforming(machine.cpu.seg[SEG_CS].attr);
}

/* Unicorn adds in 64 bits: base and EIP do not wrap at 4 GiB as they do in a processor of 32. */
static bool leaves_memory(void)
{
    return (uint64_t)machine.cpu.seg[SEG_CS].base + machine.cpu.eip >= MEMORY - 4096;
}

static void check_one(const struct mode *mode, struct row *row)
{
    char line[1024] = "";

    restore();
    if (!choose(mode))
        return;
    place(mode);
    row->counted++;
    int ours = run_interpreter();
    if (machine.beyond || task16() || local_tss() || conforming_by_gate(mode) ||
        (ours < 0 && leaves_memory()))
        return;
    int theirs = run_unicorn();
    row->compared++;
    append(line, sizeof(line), "vector", (uint32_t)ours, (uint32_t)theirs);
    if (ours == theirs && ours < 0)
        compare_states(line, sizeof(line));
    if (*line)
        report(row, line);
}

/* Argument: how many states in each mode. */
int main(int argc, char **argv)
{
    uint64_t states = argc > 1 ? strtoull(argv[1], NULL, 0) : STATES;
    bool good = true;

    for (unsigned i = 0; i < COUNT(modes); i++) {
        char name[80];
        struct row row = {.name = name};
        snprintf(name, sizeof(name), "execute: Unicorn, %s", modes[i].name);
        memset(image, 0, sizeof(image));
        build_image();
        if (!uc_set_up() || !enter(&modes[i])) {
            fprintf(stderr, "verify_execute_unicorn: %s is not entered\n", modes[i].name);
            return 2;
        }
        while (row.compared < states) {
            check_one(&modes[i], &row);
            row_progress(&row, (double)row.compared / (double)states);
        }
        row_print(&row);
        good = good && !row.differing;
    }
    return good ? 0 : 1;
}
