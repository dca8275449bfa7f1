/*
 * Rows of `make verify-emulate`: the interpreter against the processor that runs this program.
 * Random instructions of the whole one-byte and 0F maps at CPL 3, with random registers, flags,
 * segments (flat ones and those of an LDT: 16 and 32 bits, both directions, read-only, not present)
 * and memory; compared are every register, every flag, x87 and SSE state, memory, and of a fault
 * its vector, error code and CR2. Undefined flags count like all others.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulate/cpu/op_table.h"
#include "emulate/cpu/relocate.h"
#include "emulate/cpu/step.h"
#include "host_cpu.h"
#include "row.h"

#define STATES       11000000u
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Where the scratch instruction of exec_native and its operand lie. */
#define SCRATCH_CODE (HOST_CODE + 0x800u)
#define SCRATCH_DATA (HOST_DATA + 0x1c00u)
#define PLACE_CODE   (HOST_CODE + 0x1000u)
#define CODE_END     (HOST_CODE + HOST_CODE_SIZE)
/* The part of HOST_DATA that instructions are aimed at. */
#define AIM_SIZE 0x1c00u

/* Tables as the interpreter finds them, at linear addresses that no instruction can reach. */
#define TABLES    0xf0000000u
#define GDT       TABLES
#define GDT_LIMIT 127u
#define LDT       (TABLES + 0x1000u)

/* --- a random source that repeats --- */

static uint64_t random_state;

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
    static const uint32_t corner[] = {0,      1,      0x7f,       0x80,       0xff,
                                      0x7fff, 0x8000, 0x7fffffff, 0x80000000, 0xffffffff};
    switch (rnd() & 7) {
    case 0:
    case 1:
        return corner[rnd() % COUNT(corner)];
    case 2:
        return rnd() & 31;
    default:
        return rnd();
    }
}

/* --- the segments --- */

// clang-format off
#define MIDDLE (HOST_DATA + 0x1000u)
static const struct host_segment segments[] = {
    /* base             limit    code   down   big    pages  absent limited */
    {HOST_CODE,          0x1fff, true,  false, true,  false, false, false}, /* 0: code, 32 bits */
    {HOST_CODE,          0x1fff, true,  false, false, false, false, false}, /* 1: code, 16 bits */
    {HOST_CODE + 0x1000, 0x00ff, true,  false, true,  false, false, true},  /* 2: execute-only, short */
    {HOST_CODE,          0x1fff, true,  false, true,  false, true,  false}, /* 3: code, not present */
    {HOST_DATA,          0x1fff, false, false, true,  false, false, false}, /* 4: data, 32 bits */
    {HOST_DATA,          0x1fff, false, false, false, false, false, false}, /* 5: data, 16 bits */
    {HOST_DATA - 0x8000, 0x9aff, false, false, false, false, false, false}, /* 6: ends inside */
    {HOST_DATA,          0x1fff, false, false, true,  false, false, true},  /* 7: read-only */
    {MIDDLE,             0x0000, false, true,  true,  true,  false, false}, /* 8: expand-down, 32 bits */
    {HOST_DATA - 0xe000, 0xe7ff, false, true,  false, false, false, false}, /* 9: expand-down, 16 bits */
    {HOST_DATA,          0x1fff, false, false, true,  false, true,  false}, /* 10: not present */
    {0,                  0xfffff, false, false, true, true,  false, false}, /* 11: flat */
    {HOST_DATA,          0xffff, false, false, false, false, false, false}, /* 12: 64 KiB */
};
// clang-format on
#define SEGMENTS  COUNT(segments)
#define LOCAL(n)  ((uint16_t)((n)*8 + 7))
#define LDT_LIMIT (SEGMENTS * 8 - 1)

/* The descriptor as Linux makes it: DPL 3, accessed. */
static uint64_t descriptor(const struct host_segment *s)
{
    uint32_t type = 0x10u | (s->code ? 8u : s->down ? 4u : 0) | (s->limited ? 0 : 2u) | 1u;
    uint32_t attr = type | 3u << 5 | (s->absent ? 0 : ATTR_P) | (s->big ? ATTR_DB : 0) |
                    (s->pages ? ATTR_G : 0) | ATTR_AVL;
    uint32_t lo = (s->base & 0xffffu) << 16 | (s->limit & 0xffffu);
    uint32_t hi = (s->base & 0xff000000u) | (attr & 0xf0ffu) << 8 | (s->limit & 0xf0000u) |
                  (s->base >> 16 & 0xffu);
    return (uint64_t)hi << 32 | lo;
}

static struct segment hidden(const struct host_segment *s, uint16_t selector)
{
    uint64_t d = descriptor(s);
    return (struct segment){
        .selector = selector,
        .attr = (uint16_t)(d >> 40 & 0xf0ffu),
        .base = s->base,
        .limit = s->pages ? s->limit << 12 | 0xfffu : s->limit,
    };
}

static const struct host_segment flat_code = {
    .limit = 0xfffff, .code = true, .big = true, .pages = true};
static const struct host_segment flat_data = {.limit = 0xfffff, .big = true, .pages = true};

static struct segment hidden_of(uint16_t selector)
{
    if (!(selector & 0xfffcu))
        return (struct segment){.selector = selector};
    if (selector == HOST_FLAT_CODE || selector == HOST_FLAT_DATA) {
        struct segment s = hidden(selector == HOST_FLAT_CODE ? &flat_code : &flat_data, selector);
        s.attr &= (uint16_t)~ATTR_AVL;
        return s;
    }
    return hidden(&segments[selector >> 3], selector);
}

/* --- the interpreter's side --- */

struct machine {
    struct cpu cpu;
    uint8_t fpu[512] __attribute__((aligned(16)));
    uint8_t data[HOST_DATA_SIZE];
    bool wrote;
    bool beyond; /* it touched what cannot be the same on both sides: not to be compared */
    bool native; /* a result came from exec_native */
};

static struct machine machine;

static bool no_page(uint32_t lin, unsigned access, uint32_t present, struct event *fault)
{
    bool write = access & (ACCESS_WRITE | ACCESS_RMW);
    *fault = exception_error(EXC_PF, 4u | (write ? 2u : 0) | present);
    fault->cr2 = lin;
    return false;
}

/* What the host has mapped for itself, the pages around code and data excepted. */
static bool is_private(uint32_t lin)
{
    return lin - HOST_PRIVATE < HOST_PRIVATE_END - HOST_PRIVATE &&
           lin - (HOST_DATA - 0x1000) >= 0x1000u &&
           lin - (HOST_CONST + HOST_CONST_SIZE) >= 0x1000u && lin - CODE_END >= 0x1000u;
}

/* The page's bytes, or NULL with the fault. */
static uint8_t *page_byte(struct machine *m, uint32_t lin, unsigned access, struct event *fault)
{
    if (lin - HOST_DATA < HOST_DATA_SIZE)
        return m->data + (lin - HOST_DATA);
    if (lin - HOST_CONST < HOST_CONST_SIZE) {
        if (!(access & (ACCESS_WRITE | ACCESS_RMW)))
            return host_memory(lin);
        no_page(lin, access, 1, fault);
        return NULL;
    }
    if ((access & ACCESS_FETCH) && lin - HOST_CODE < HOST_CODE_SIZE)
        return host_memory(lin);
    if (is_private(lin) || lin >= TABLES)
        m->beyond = true;
    no_page(lin, access, 0, fault);
    return NULL;
}

static bool read_tables(struct machine *m, uint32_t lin, void *buf, unsigned len)
{
    uint64_t d = 0;
    unsigned at = lin & 7u;

    if (lin - LDT <= LDT_LIMIT)
        d = descriptor(&segments[(lin - LDT) / 8]);
    else if ((lin - GDT) / 8 == HOST_FLAT_CODE / 8)
        d = descriptor(&flat_code) & ~((uint64_t)ATTR_AVL << 40);
    else if ((lin - GDT) / 8 == HOST_FLAT_DATA / 8)
        d = descriptor(&flat_data) & ~((uint64_t)ATTR_AVL << 40);
    else
        m->beyond = true;
    if (at + len > sizeof(d))
        m->beyond = true;
    else
        memcpy(buf, (uint8_t *)&d + at, len);
    return true;
}

static bool machine_read(void *world, uint32_t lin, void *buf, unsigned len, unsigned access,
                         struct event *fault)
{
    struct machine *m = world;
    uint8_t *to = buf;

    memset(buf, 0, len);
    if (lin >= TABLES && !(access & ACCESS_USER))
        return read_tables(m, lin, buf, len);
    for (unsigned i = 0; i < len; i++) {
        const uint8_t *from = page_byte(m, lin + i, access, fault);
        if (!from)
            return false;
        to[i] = *from;
    }
    return true;
}

static bool machine_write(void *world, uint32_t lin, const void *buf, unsigned len, unsigned access,
                          struct event *fault)
{
    struct machine *m = world;
    const uint8_t *from = buf;

    for (unsigned i = 0; i < len; i++)
        if (!page_byte(m, lin + i, access, fault))
            return false;
    for (unsigned i = 0; i < len; i++)
        *page_byte(m, lin + i, access, fault) = from[i];
    m->wrote = true;
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

/* The same processor, as the monitor would ask it: with the operand on a scratch page. */
static bool machine_native(void *world, struct cpu *cpu, const struct insn *insn, void *mem,
                           unsigned mem_len, struct event *fault)
{
    struct machine *m = world;
    struct host_state in = {
        .eip = SCRATCH_CODE,
        .eflags = (cpu->eflags & (EFLAGS_STATUS | EFLAGS_DF)) | EFLAGS_FIXED | EFLAGS_IF,
        .seg = {HOST_FLAT_DATA, HOST_FLAT_CODE, HOST_FLAT_DATA, HOST_FLAT_DATA},
    };
    struct host_outcome out;
    uint8_t saved[512];
    uint32_t edi = cpu->gpr[EDI];
    unsigned len = insn_relocate(insn, SCRATCH_DATA, host_memory(SCRATCH_CODE));

    m->native = true;
    memcpy(in.gpr, cpu->gpr, sizeof(in.gpr));
    memcpy(in.fpu, m->fpu, sizeof(in.fpu));
    memcpy(saved, host_memory(SCRATCH_DATA), sizeof(saved));
    memcpy(host_memory(SCRATCH_DATA), mem, mem_len);
    if (insn->op == OP_MASKMOVQ)
        in.gpr[EDI] = SCRATCH_DATA;
    host_cpu_run(&in, &out);
    memcpy(m->fpu, out.state.fpu, sizeof(m->fpu));
    memcpy(mem, host_memory(SCRATCH_DATA), mem_len);
    memcpy(host_memory(SCRATCH_DATA), saved, sizeof(saved));
    if (out.vector != EXC_DB || out.state.eip != SCRATCH_CODE + len) {
        *fault = exception((uint8_t)out.vector);
        fault->has_error = out.vector == EXC_GP || out.vector == EXC_SS;
        return false;
    }
    memcpy(cpu->gpr, out.state.gpr, sizeof(cpu->gpr));
    if (insn->op == OP_MASKMOVQ)
        cpu->gpr[EDI] = edi;
    cpu->eflags = (cpu->eflags & ~(EFLAGS_STATUS | EFLAGS_DF)) |
                  (out.state.eflags & (EFLAGS_STATUS | EFLAGS_DF));
    return true;
}

static const struct cpu_ops machine_ops = {
    .read = machine_read,
    .write = machine_write,
    .in = machine_in,
    .out = machine_out,
    .exec_native = machine_native,
};

/* --- what is run --- */

static struct cpu_model model;
static struct host_state state;
static struct insn insn;
static uint8_t bytes[INSN_MAX_LENGTH + 1];

/* Instructions whose answer belongs to the kernel or to a newer processor, by design. */
static bool excluded(void)
{
    switch (insn.op) {
    case OP_CPUID: /* the host's own leaves */
    case OP_RDTSC:
    case OP_RDPMC:
    case OP_SYSENTER: /* system calls */
    case OP_SYSCALL:
    case OP_SGDT: /* Linux emulates these where UMIP traps them */
    case OP_SIDT:
    case OP_SLDT:
    case OP_STR:
    case OP_SMSW:
        return true;
    case OP_UD: /* PREFETCH of a register: a no-operation now */
        return insn.map == MAP_0F && insn.opcode == 0x18;
    case OP_INT:
        return (insn.imm & 0xff) == 0x80;
    case OP_BSF: /* TZCNT and LZCNT */
    case OP_BSR:
        return insn.rep == 0xf3;
    case OP_IRET: /* no task switch in long mode */
        return state.eflags & EFLAGS_NT;
    default:
        return insn.flags & INSN_ABSENT;
    }
}

static void random_bytes(void)
{
    static const uint8_t prefixes[] = {0x66, 0x67, 0x2e, 0x36, 0x3e, 0x26, 0x64,
                                       0x65, 0xf0, 0xf2, 0xf3, 0x66, 0x67, 0xf3};
    unsigned n = 0;

    while (n < 4 && one_in(3))
        bytes[n++] = prefixes[rnd() % COUNT(prefixes)];
    if (one_in(2))
        bytes[n++] = 0x0f;
    bytes[n++] = (uint8_t)rnd();
    while (n < sizeof(bytes))
        bytes[n++] = (uint8_t)rnd();
}

static uint16_t random_selector(void)
{
    switch (rnd() % 12) {
    case 0:
        return (uint16_t)(rnd() & 3);
    case 1:
        return one_in(2) ? HOST_FLAT_DATA : HOST_FLAT_CODE;
    case 2:
        return (uint16_t)((rnd() % (SEGMENTS + 4)) * 8 + 4 + (rnd() & 3));
    case 3:
        return (uint16_t)(rnd() | 0x80u);
    case 4:
        return (uint16_t)(HOST_FLAT_DATA & ~3u) | (rnd() & 3);
    default:
        return LOCAL(rnd() % SEGMENTS);
    }
}

static uint16_t data_selector(void)
{
    static const uint8_t loadable[] = {0, 1, 4, 5, 6, 7, 8, 9, 11, 12};
    if (one_in(2))
        return HOST_FLAT_DATA;
    return one_in(24) ? 0 : LOCAL(loadable[rnd() % COUNT(loadable)]);
}

static uint16_t stack_selector(void)
{
    static const uint8_t loadable[] = {4, 5, 6, 8, 9, 11, 12};
    return one_in(2) ? HOST_FLAT_DATA : LOCAL(loadable[rnd() % COUNT(loadable)]);
}

static void random_segments(void)
{
    static const uint16_t code[] = {HOST_FLAT_CODE, HOST_FLAT_CODE, LOCAL(0),
                                    LOCAL(1),       LOCAL(1),       LOCAL(2)};
    for (unsigned seg = SEG_ES; seg <= SEG_GS; seg++)
        state.seg[seg] = data_selector();
    state.seg[SEG_CS] = code[rnd() % COUNT(code)];
    state.seg[SEG_SS] = stack_selector();
}

static void random_registers(void)
{
    const uint32_t flags = EFLAGS_STATUS | EFLAGS_DF | EFLAGS_NT | EFLAGS_ID | EFLAGS_RF;

    for (unsigned i = 0; i < 8; i++)
        state.gpr[i] = rnd_value();
    state.eflags = (rnd() & flags) | EFLAGS_FIXED | EFLAGS_IF | EFLAGS_TF;
    if (one_in(16))
        state.eflags |= EFLAGS_AC;
}

/* Control words that are mostly the usual ones, registers that are mostly numbers. */
static void random_fpu(void)
{
    uint8_t *fpu = state.fpu;
    uint16_t control = one_in(4) ? (uint16_t)(rnd() & 0xf3f) | 0x40 : 0x037f | (rnd() & 0xf00);
    uint16_t status = (uint16_t)(rnd() & (one_in(8) ? 0x7fff : 0x7f00));
    uint32_t mxcsr = one_in(4) ? rnd() & 0xffbf : 0x1f80 | (rnd() & 0x6000);

    memset(fpu, 0, 512);
    memcpy(fpu, &control, 2);
    memcpy(fpu + 2, &status, 2);
    fpu[4] = (uint8_t)(one_in(2) ? 0xff : rnd());
    memcpy(fpu + 24, &mxcsr, 4);
    for (unsigned i = 0; i < 8; i++) {
        uint16_t exponent = (uint16_t)(one_in(4) ? rnd() : 0x3ff0 + rnd() % 64);
        uint32_t high = rnd_value() | (one_in(6) ? 0 : 0x80000000u), low = rnd_value();
        memcpy(fpu + 32 + 16 * i, &low, 4);
        memcpy(fpu + 36 + 16 * i, &high, 4);
        memcpy(fpu + 40 + 16 * i, &exponent, 2);
    }
    for (unsigned i = 0; i < 128; i += 4) {
        uint32_t value = one_in(3) ? rnd_value() : 0x3f000000u + rnd() % 0x2000000u;
        memcpy(fpu + 160 + i, &value, 4);
    }
}

static void random_memory(void)
{
    for (unsigned i = 0; i < 24; i++) {
        uint32_t at = rnd() % (AIM_SIZE - 4), value = rnd_value();
        memcpy(host_memory(HOST_DATA + at), &value, 4);
        memcpy(machine.data + at, &value, 4);
    }
}

static void poke(uint32_t lin, uint32_t value, unsigned size)
{
    if (lin - HOST_DATA > AIM_SIZE - size)
        return;
    memcpy(host_memory(lin), &value, size);
    memcpy(machine.data + (lin - HOST_DATA), &value, size);
}

/* A linear address to aim a memory operand at. */
static uint32_t target(void)
{
    switch (rnd() % 20) {
    case 0:
        return HOST_DATA + 0x1000 - rnd() % 16; /* across two pages */
    case 1:
        return HOST_CONST - rnd() % 16; /* into the page that is only read */
    case 2:
        return HOST_CONST + rnd() % 0x1000;
    case 3:
        return HOST_DATA - rnd() % 16; /* from a page that is not there */
    case 4:
        return HOST_CONST + HOST_CONST_SIZE - rnd() % 16; /* and into one */
    case 5:
        return rnd() & 0xefffffffu;
    case 6:
    case 7:
    case 8:
        return HOST_DATA + 0x600 + (rnd() % 0x800 & ~15u);
    default:
        return HOST_DATA + 0x400 + rnd() % 0x1400;
    }
}

static const struct segment *segment_of(unsigned seg)
{
    return &machine.cpu.seg[seg];
}

/* An offset in the segment that leads to `lin`; for a null segment anything will do. */
static uint32_t offset_to(unsigned seg, uint32_t lin)
{
    return lin - segment_of(seg)->base;
}

static void set_disp(uint32_t disp)
{
    unsigned at = insn.length - insn.imm_size - insn.disp_size;
    memcpy(bytes + at, &disp, insn.disp_size);
}

static unsigned base_register(void)
{
    static const uint8_t base16[8] = {EBX, EBX, EBP, EBP, ESI, EDI, EBP, EBX};
    if (insn.adsize == 2)
        return base16[insn_rm(&insn)];
    return insn_rm(&insn) == 4 ? insn.sib & 7u : insn_rm(&insn);
}

static bool has_base(void)
{
    if (insn.adsize == 2)
        return !(insn_mod(&insn) == 0 && insn_rm(&insn) == 6);
    return !(insn_mod(&insn) == 0 && base_register() == EBP);
}

/* The linear address of ModRM's memory operand, with the registers as chosen. */
static uint32_t operand_address(void)
{
    const struct step x = {.cpu = &machine.cpu, .insn = &insn};
    memcpy(machine.cpu.gpr, state.gpr, sizeof(state.gpr));
    return segment_of(effective_segment(&x))->base + effective_offset(&x);
}

/* Aims ModRM's operand: by its displacement, or by its base register. */
static void aim_modrm(void)
{
    uint32_t delta = target() - operand_address();

    if (insn.disp_size >= insn.adsize)
        set_disp((uint32_t)insn.disp + delta);
    else if (has_base())
        state.gpr[base_register()] += delta;
}

static void aim_register(unsigned reg, unsigned seg)
{
    state.gpr[reg] = offset_to(seg, target());
    if (one_in(4))
        state.gpr[reg] |= rnd() & 0xffff0000u;
}

static unsigned source_segment(void)
{
    return insn.seg != SEG_NONE ? insn.seg : SEG_DS;
}

static void aim_implicit(void)
{
    if (insn.flags & INSN_STRING || insn.op == OP_MASKMOVQ) {
        aim_register(ESI, source_segment());
        aim_register(EDI, insn.op == OP_MASKMOVQ ? source_segment() : SEG_ES);
        if (!one_in(8))
            state.gpr[ECX] = rnd() % 6;
    }
    if (insn.op == OP_XLAT)
        aim_register(EBX, source_segment());
    if (insn.op == OP_LEAVE || insn.op == OP_ENTER)
        aim_register(EBP, SEG_SS);
    if (insn.operand[0] == OPERAND_Ob || insn.operand[0] == OPERAND_Ov ||
        insn.operand[1] == OPERAND_Ob || insn.operand[1] == OPERAND_Ov)
        set_disp(offset_to(source_segment(), target()));
    if (insn.operand[1] == OPERAND_Gv && insn.op >= OP_BT && insn.op <= OP_BTC)
        state.gpr[insn_reg(&insn)] = rnd() % 8000 - 4000;
}

/* Something that far returns can work with; harmless to everything else. */
static void fill_stack(void)
{
    uint32_t lin = segment_of(SEG_SS)->base + state.gpr[ESP];
    unsigned size = insn.opsize;
    unsigned at = 0;

    if (!(segment_of(SEG_SS)->attr & ATTR_DB))
        lin = segment_of(SEG_SS)->base + (state.gpr[ESP] & 0xffffu);
    poke(lin + size * at++, one_in(4) ? rnd_value() : 0x1000 + rnd() % 0x800, size);
    poke(lin + size * at++, random_selector(), size);
    if (insn.op == OP_IRET)
        poke(lin + size * at++, rnd(), size);
    poke(lin + size * at++, rnd(), size);
    poke(lin + size * at, random_selector(), size);
}

static void aim_stack(void)
{
    const struct segment *ss = segment_of(SEG_SS);

    if (!one_in(24))
        state.gpr[ESP] = one_in(3) ? offset_to(SEG_SS, target())
                                   : offset_to(SEG_SS, HOST_DATA + 0x800 + rnd() % 0x400);
    if (!(ss->attr & ATTR_DB))
        state.gpr[ESP] = HOST_ESP_HIGH | (state.gpr[ESP] & 0xffffu);
    if (insn.op == OP_RET_FAR || insn.op == OP_IRET || insn.op == OP_POP_SREG)
        fill_stack();
    if (insn.op == OP_POP_SREG || insn.op == OP_RET_FAR) {
        uint32_t sp = ss->attr & ATTR_DB ? state.gpr[ESP] : state.gpr[ESP] & 0xffffu;
        if (insn.op == OP_POP_SREG)
            poke(ss->base + sp, random_selector(), 2);
    }
}

static void aim_selectors(void)
{
    switch (insn.op) {
    case OP_MOV_TO_SREG:
    case OP_LAR:
    case OP_LSL:
    case OP_VERR:
    case OP_VERW:
    case OP_ARPL:
        if (!insn_has_mem(&insn) && !one_in(16))
            state.gpr[insn_rm(&insn)] = random_selector() | (rnd() & 0xffff0000u);
        break;
    case OP_JMP_FAR:
    case OP_CALL_FAR: {
        uint16_t selector = random_selector();
        uint32_t offset = one_in(4) ? rnd_value() : 0x1000 + rnd() % 0x800;
        memcpy(bytes + insn.length - 2, &selector, 2);
        memcpy(bytes + insn.length - insn.imm_size, &offset, insn.imm_size - 2u);
        break;
    }
    default:
        break;
    }
}

/* Where the far pointer or selector of a memory operand goes. */
static void fill_operand(void)
{
    if (!insn_has_mem(&insn))
        return;
    uint32_t lin = operand_address();
    if (insn.operand[0] == OPERAND_Mp || insn.operand[1] == OPERAND_Mp) {
        poke(lin, one_in(4) ? rnd_value() : 0x1000 + rnd() % 0x800, insn.opsize);
        poke(lin + insn.opsize, random_selector(), 2);
    }
    if (insn.op == OP_MOV_TO_SREG || insn.op == OP_LAR || insn.op == OP_LSL || insn.op == OP_VERR ||
        insn.op == OP_VERW)
        poke(lin, random_selector(), 2);
}

static void machine_segments(void)
{
    for (unsigned seg = SEG_ES; seg <= SEG_GS; seg++)
        machine.cpu.seg[seg] = hidden_of(state.seg[seg]);
}

/* How long an opcode that does not exist is, and whether its end is looked for, nobody says. */
static bool length_is_known(void)
{
    return !(insn.flags & INSN_INVALID);
}

/* Mostly in the middle of the code, sometimes against the end of its page and segment. */
static void place(void)
{
    const struct segment *cs = &machine.cpu.seg[SEG_CS];
    uint32_t end = cs->limit < UINT32_MAX - cs->base ? cs->base + cs->limit + 1 : CODE_END;
    bool at_end = one_in(16) && length_is_known();
    uint32_t at = at_end ? end - 1 - rnd() % 16 : PLACE_CODE + rnd() % 0x80;
    unsigned room = CODE_END - at < sizeof(bytes) ? CODE_END - at : sizeof(bytes);

    memset(host_memory(PLACE_CODE), 0x90, 0x100);
    memset(host_memory(CODE_END - 0x40), 0x90, 0x40);
    memcpy(host_memory(at), bytes, insn.length < room ? insn.length : room);
    state.eip = at - machine.cpu.seg[SEG_CS].base;
}

static bool decode(void)
{
    bool code32 = machine.cpu.seg[SEG_CS].attr & ATTR_DB;
    return insn_decode(bytes, INSN_MAX_LENGTH, code32, &insn) == DECODE_OK;
}

/* False where what came up is not to be run. */
static bool choose(void)
{
    random_registers();
    random_segments();
    machine_segments();
    random_bytes();
    if (!decode() || excluded())
        return false;
    aim_implicit();
    aim_selectors();
    if (insn_has_mem(&insn))
        aim_modrm();
    if (!decode())
        return false;
    aim_stack();
    fill_operand();
    place();
    return true;
}

/* --- running and comparing --- */

struct result {
    unsigned vector; /* EXC_DB: done */
    uint32_t error, cr2;
};

static void start_machine(void)
{
    struct cpu *cpu = &machine.cpu;

    machine_segments();
    memcpy(cpu->gpr, state.gpr, sizeof(cpu->gpr));
    cpu->eip = state.eip;
    cpu->eflags = state.eflags;
    cpu->cpl = 3;
    cpu->cr0 = CR0_PE | CR0_PG | CR0_MP | CR0_ET | CR0_NE | CR0_AM | CR0_WP;
    cpu->cr4 = CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_PAE;
    cpu->model = &model;
    cpu->gdtr = (struct table_reg){GDT, GDT_LIMIT};
    cpu->seg[SEG_LDTR] =
        (struct segment){.selector = 0x50, .attr = 0x82, .base = LDT, .limit = LDT_LIMIT};
    cpu->seg[SEG_TR] = (struct segment){0};
    cpu->int_shadow = SHADOW_NONE;
    memcpy(machine.fpu, state.fpu, sizeof(machine.fpu));
    machine.wrote = machine.beyond = machine.native = false;
}

/* Linux gives user code gates for INT3 and INTO alone. */
static struct result event_result(const struct event *event, bool fault)
{
    struct result r = {.vector = event->vector, .error = event->has_error ? event->error : 0};

    if (event->type == EVENT_SOFT_INT && event->vector != EXC_BP && event->vector != EXC_OF) {
        machine.cpu.eip -= event->insn_length;
        machine.cpu.eflags |= state.eflags & EFLAGS_RF;
        r.vector = EXC_GP;
        r.error = event->vector * 8u + 2u;
        fault = true;
    }
    if (fault)
        machine.cpu.eflags |= EFLAGS_RF;
    r.cr2 = event->cr2;
    return r;
}

static struct result run_machine(void)
{
    struct event event = {0};
    struct insn fetched;

    for (unsigned steps = 0; steps < 2; steps++) {
        if (cpu_fetch(&machine.cpu, &machine_ops, &machine, &fetched, &event) != CPU_OK)
            return event_result(&event, true);
        if (cpu_execute(&machine.cpu, &machine_ops, &machine, &fetched, &event) != CPU_OK)
            return event_result(&event, event.type == EVENT_EXCEPTION);
        /* The single step waits for the instruction behind MOV SS. */
        if (machine.cpu.int_shadow != SHADOW_MOV_SS)
            break;
    }
    return (struct result){.vector = EXC_DB};
}

static const char *const seg_names[] = {"es", "cs", "ss", "ds", "fs", "gs"};
static const char *const gpr_names[] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};

/* The parts of an FXSAVE image that hold state: not the pointers of the last instruction. */
static bool same_fpu(const uint8_t *a, const uint8_t *b)
{
    if (memcmp(a, b, 6) || memcmp(a + 24, b + 24, 4) || memcmp(a + 160, b + 160, 128))
        return false;
    for (unsigned i = 0; i < 8; i++)
        if (memcmp(a + 32 + 16 * i, b + 32 + 16 * i, 10))
            return false;
    return true;
}

/* FIP, FCS, FDP and FDS in a stored environment are where it ran, not what it computed. */
static void hide_pointers(void)
{
    struct cpu cpu = machine.cpu;
    uint32_t lin = operand_address();
    unsigned from = insn.op == OP_FXSAVE ? 8 : 3 * insn.opsize;
    unsigned to = insn.op == OP_FXSAVE ? 24 : 7 * insn.opsize;

    machine.cpu = cpu;
    for (uint32_t at = lin + from; at != lin + to; at++)
        if (at - HOST_DATA < HOST_DATA_SIZE)
            machine.data[at - HOST_DATA] = *host_memory(at);
}

static void append(char *line, size_t size, const char *name, uint32_t ours, uint32_t theirs)
{
    size_t used = strlen(line);
    if (ours != theirs)
        snprintf(line + used, size - used, " %s %08x (host %08x)", name, ours, theirs);
}

/* What differs, in words; empty when nothing does. */
static void compare_states(const struct result *r, const struct host_outcome *host, char *line,
                           size_t size)
{
    const struct cpu *cpu = &machine.cpu;
    const struct host_state *theirs = &host->state;

    *line = 0;
    append(line, size, "vector", r->vector, host->vector);
    if (r->vector != host->vector)
        return;
    if (r->vector == EXC_PF) {
        append(line, size, "cr2", r->cr2, host->cr2);
        append(line, size, "error", r->error, host->error & 7u);
    } else {
        append(line, size, "error", r->error, host->error);
    }
    append(line, size, "eip", cpu->eip, theirs->eip);
    append(line, size, "eflags", cpu->eflags, theirs->eflags);
    for (unsigned i = 0; i < 8; i++)
        append(line, size, gpr_names[i], cpu->gpr[i], theirs->gpr[i]);
    /* A null selector loses its RPL on the way back from the kernel. */
    for (unsigned i = 0; i < 6; i++)
        if ((cpu->seg[i].selector | theirs->seg[i]) & 0xfffcu)
            append(line, size, seg_names[i], cpu->seg[i].selector, theirs->seg[i]);
    /* A faulting store of MMX may or may not have made the registers MMX's. */
    if (r->vector == EXC_DB && machine.native && !same_fpu(machine.fpu, theirs->fpu))
        append(line, size, "fpu", 0, 1);
    if (memcmp(machine.data, host_memory(HOST_DATA), HOST_DATA_SIZE)) {
        unsigned at = 0;
        while (machine.data[at] == *host_memory(HOST_DATA + at))
            at++;
        append(line, size, "memory at", HOST_DATA + at, 0);
        append(line, size, "byte", machine.data[at], *host_memory(HOST_DATA + at));
    }
}

/* --- rows --- */

enum kind { COMPUTED, NATIVE, FAULTS, KINDS };
static struct row rows[KINDS] = {
    [COMPUTED] = {.name = "execute: host CPU, computed by the interpreter"},
    [NATIVE] = {.name = "execute: host CPU, through exec_native"},
    [FAULTS] = {.name = "execute: host CPU, faults"},
};

static void sync_data(void)
{
    memcpy(machine.data, host_memory(HOST_DATA), HOST_DATA_SIZE);
}

static void report(struct row *row, const char *line)
{
    char text[512] = "";
    size_t used = 0;

    for (unsigned i = 0; i < insn.length; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, " %02x", bytes[i]);
    used += (size_t)snprintf(text + used, sizeof(text) - used, "; eflags %08x cs %x ss %x gpr",
                             state.eflags, state.seg[SEG_CS], state.seg[SEG_SS]);
    for (unsigned i = 0; i < 8; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, " %08x", state.gpr[i]);
    row_differs(row, "%s%s:%s", op_name(insn.op), text, line);
}

/*
 * Left out where the two may well differ: an x87 store with an unmasked exception ends without its
 * store, and without the fault that the store would have had: the interpreter, which sees to the
 * memory first, raises the fault. Of a store of 80 bits that faults in the last 16 the first 64 may
 * be in memory: here they never are. And which of #AC and #GP a misaligned FXSAVE raises is left to
 * the processor (SDM vol. 2, FXSAVE).
 */
static bool left_open(const struct result *r)
{
    bool fault = r->vector >= EXC_SS && r->vector <= EXC_AC && r->vector != EXC_MF;

    if (!fault || !insn_has_mem(&insn))
        return false;
    if (insn.op == OP_FXSAVE || insn.op == OP_FXRSTOR)
        return state.eflags & EFLAGS_AC;
    return insn.op == OP_X87 && (insn.operand[0] == OPERAND_Mt || (~state.fpu[0] & 0x3f));
}

static void run_host(const struct result *r, struct row *row)
{
    struct host_outcome host;
    char line[1024];

    row->counted++;
    host_cpu_run(&state, &host);
    if (r->vector == EXC_DB &&
        (insn.op == OP_FNSTENV || insn.op == OP_FNSAVE || insn.op == OP_FXSAVE))
        hide_pointers();
    row->compared++;
    compare_states(r, &host, line, sizeof(line));
    if (!*line)
        return;
    report(row, line);
    sync_data();
}

static void check_one(void)
{
    if (one_in(4))
        random_memory();
    if (!choose())
        return;
    if (insn.op >= OP_X87)
        random_fpu();
    start_machine();
    struct result r = run_machine();
    if (machine.beyond || left_open(&r)) {
        if (machine.wrote)
            sync_data();
        return;
    }
    run_host(&r, &rows[r.vector != EXC_DB ? FAULTS : machine.native ? NATIVE : COMPUTED]);
}

static bool set_up(void)
{
    if (!host_cpu_init()) {
        fprintf(stderr, "verify_execute_host: needs Linux on x86-64 with FSGSBASE\n");
        return false;
    }
    for (unsigned i = 0; i < SEGMENTS; i++) {
        if (!host_cpu_ldt(i, &segments[i])) {
            fprintf(stderr, "verify_execute_host: Linux refuses LDT entry %u\n", i);
            return false;
        }
    }
    model = cpu_model_pentium3_tcg;
    model.policy = cpu_policy_silicon;
    random_fpu();
    sync_data();
    return true;
}

static uint64_t compared(void)
{
    return rows[COMPUTED].compared + rows[NATIVE].compared + rows[FAULTS].compared;
}

/* Arguments: how many states, and a number to begin the random ones with. */
int main(int argc, char **argv)
{
    uint64_t states = argc > 1 ? strtoull(argv[1], NULL, 0) : STATES;
    bool good = true;

    random_state = argc > 2 ? strtoull(argv[2], NULL, 0) : 0x9e3779b97f4a7c15u;
    if (!set_up())
        return 2;
    while (compared() < states) {
        check_one();
        row_progress(&rows[COMPUTED], (double)compared() / (double)states);
    }
    for (unsigned i = 0; i < KINDS; i++) {
        row_print(&rows[i]);
        good = good && rows[i].compared && !rows[i].differing;
    }
    return good ? 0 : 1;
}
