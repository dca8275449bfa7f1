/*
 * The engine against the single step: the same code from the same state, by cpu_run() in portions
 * of any size on one machine and by cpu_step() on the other, must leave the same processor and the
 * same memory, whatever faults, modifies itself or loses its translations.
 */
#include <string.h>

#include "emulate/cpu/engine.h"
#include "emulate/cpu/exec.h"
#include "emulate/cpu/model.h"
#include "fuzz.h"

#define MEMORY    0x10000u
#define CODE      0x2f80u /* it runs into another page */
#define HANDLER   0x4000u
#define IDT       0x0800u
#define GDT       0x0400u
#define TSS       0x0600u
#define HOLE      0x6000u /* a page that is not there */
#define READ_ONLY 0x7000u
#define ALIAS     0x9000u /* the page of CODE once more */
#define PORTIONS  24u
#define CACHE     (96u << 10)

struct machine {
    struct cpu cpu;
    struct cpu_cache *cache; /* NULL: it is stepped */
    uint32_t generation;
    _Alignas(4096) uint8_t bytes[MEMORY];
};

static uint8_t *byte_at(struct machine *m, uint32_t lin)
{
    lin %= MEMORY;
    if (lin / 0x1000 == ALIAS / 0x1000)
        lin = lin - ALIAS + (CODE & ~0xfffu);
    return &m->bytes[lin];
}

static bool page_allows(uint32_t lin, unsigned access)
{
    uint32_t page = lin % MEMORY & ~0xfffu;
    bool write = access & (ACCESS_WRITE | ACCESS_RMW);
    return page != HOLE && !(page == READ_ONLY && write && (access & ACCESS_USER));
}

static bool allowed(uint32_t lin, unsigned len, unsigned access, struct event *fault)
{
    for (unsigned i = 0; i < len; i++) {
        if (page_allows(lin + i, access))
            continue;
        *fault = exception_error(EXC_PF, access & (ACCESS_WRITE | ACCESS_USER));
        fault->cr2 = lin + i;
        return false;
    }
    return true;
}

static bool machine_read(void *world, uint32_t lin, void *buf, unsigned len, unsigned access,
                         struct event *fault)
{
    if (!allowed(lin, len, access, fault))
        return false;
    for (unsigned i = 0; i < len; i++)
        ((uint8_t *)buf)[i] = *byte_at(world, lin + i);
    return true;
}

static bool machine_write(void *world, uint32_t lin, const void *buf, unsigned len, unsigned access,
                          struct event *fault)
{
    struct machine *m = world;
    if (!allowed(lin, len, access | ACCESS_WRITE, fault))
        return false;
    for (unsigned i = 0; i < len; i++) {
        *byte_at(m, lin + i) = ((const uint8_t *)buf)[i];
        if (m->cache)
            cpu_cache_wrote(m->cache, byte_at(m, lin + i), 1);
    }
    return true;
}

/* Every eleventh question changes the generation: all that was answered before is void. */
static uint8_t *machine_page(void *world, uint32_t lin, unsigned access)
{
    struct machine *m = world;
    if (lin / 0x1000 % 11 == 3)
        m->generation++;
    return page_allows(lin, access) ? byte_at(m, lin & ~0xfffu) : NULL;
}

static uint32_t port_in(void *world, uint16_t port, unsigned size)
{
    (void)world;
    return (port + size) * 0x01010101u;
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
    ((struct machine *)world)->generation++;
}

static void invalidate(void *world, uint32_t lin)
{
    (void)lin;
    ((struct machine *)world)->generation++;
}

static bool run_native(void *world, struct cpu *cpu, const struct insn *insn, void *mem,
                       unsigned mem_len, struct event *fault)
{
    (void)world;
    (void)fault;
    for (unsigned i = 0; i < mem_len; i++)
        ((uint8_t *)mem)[i] ^= insn->opcode;
    cpu->gpr[EAX] ^= 1;
    return true;
}

static const struct cpu_ops ops = {
    .read = machine_read,
    .write = machine_write,
    .in = port_in,
    .out = port_out,
    .rdtsc = read_tsc,
    .wrtsc = write_tsc,
    .flush_tlb = flush,
    .invlpg = invalidate,
    .exec_native = run_native,
    .page = machine_page,
};

/* --- code: instructions that programs are made of, among bytes of any kind ---------------------
 */

/* Opcodes with a ModRM byte and no more, and how many bytes of immediate follow the operand. */
static const struct {
    uint8_t opcode, imm;
} common[] = {
    {0x01, 0}, {0x03, 0}, {0x11, 0}, {0x13, 0}, {0x19, 0}, {0x1b, 0}, {0x21, 0}, {0x29, 0},
    {0x2b, 0}, {0x31, 0}, {0x33, 0}, {0x39, 0}, {0x3b, 0}, {0x84, 0}, {0x85, 0}, {0x87, 0},
    {0x88, 0}, {0x89, 0}, {0x8a, 0}, {0x8b, 0}, {0x8d, 0}, {0x69, 4}, {0x6b, 1}, {0x80, 1},
    {0x81, 4}, {0x83, 1}, {0xc0, 1}, {0xc1, 1}, {0xd1, 0}, {0xd3, 0}, {0xc6, 1}, {0xc7, 4},
    {0xf6, 0}, {0xf7, 0}, {0xfe, 0}, {0x00, 0}, {0x02, 0}, {0x08, 0}, {0x28, 0}, {0x38, 0},
};
/* The same behind 0F. */
static const uint8_t common_0f[] = {0xb6, 0xb7, 0xbe, 0xbf, 0xaf, 0x94, 0x9c, 0x44, 0x4f, 0xa3};
/* Without ModRM. */
static const uint8_t plain[] = {0x40, 0x4b, 0x50, 0x53, 0x56, 0x58, 0x5b, 0x5f, 0x90, 0x93, 0x98,
                                0x99, 0xc9, 0xa4, 0xa5, 0xaa, 0xab, 0xac, 0xae, 0xa6, 0x9c, 0xf8,
                                0xf9, 0xfc, 0xc3, 0x60, 0x61, 0x9e, 0x9f, 0xcf, 0xcc};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct writer {
    uint8_t *at, *end;
};

static void put(struct writer *w, uint8_t byte)
{
    if (w->at < w->end)
        *w->at++ = byte;
}

static void put_some(struct writer *w, struct input *input, unsigned count)
{
    while (count--)
        put(w, (uint8_t)take(input, 1));
}

/* Registers, or memory through a register with a short displacement. */
static void put_modrm(struct writer *w, struct input *input)
{
    uint8_t modrm = (uint8_t)take(input, 1);
    if (modrm < 0xc0)
        modrm = (modrm & 0x3f) | 0x40;
    put(w, modrm);
    if (modrm < 0xc0 && (modrm & 7) == 4)
        put(w, (uint8_t)take(input, 1));
    if (modrm < 0xc0)
        put(w, (uint8_t)take(input, 1));
}

static void put_common(struct writer *w, struct input *input, uint8_t how)
{
    unsigned n = take(input, 1);
    if (how & 1)
        put(w, 0x66);
    if (how & 2) {
        put(w, 0x0f);
        put(w, common_0f[n % COUNT(common_0f)]);
        put_modrm(w, input);
        return;
    }
    put(w, common[n % COUNT(common)].opcode);
    put_modrm(w, input);
    put_some(w, input, common[n % COUNT(common)].imm);
}

static void put_insn(struct writer *w, struct input *input)
{
    uint8_t how = (uint8_t)take(input, 1);
    switch (how >> 5) {
    case 0: /* Jcc, LOOP, JCXZ, JMP: near by, mostly back */
        put(w, how & 16 ? 0xe0 | (how & 3) : 0x70 | (how & 15));
        put(w, (uint8_t)(take(input, 1) % 48 - 36));
        break;
    case 1:
        if (how & 16)
            put(w, how & 1 ? 0xf3 : 0xf2);
        put(w, plain[take(input, 1) % COUNT(plain)]);
        break;
    case 2:
        put(w, (uint8_t)(0xb8 | (how & 7))); /* MOV r32,imm: a small one */
        put_some(w, input, 2);
        put(w, 0);
        put(w, 0);
        break;
    case 3:
        put_some(w, input, 1 + (how & 3));
        break;
    default:
        put_common(w, input, how & 8 ? how & 3 : how & 2);
    }
}

static void fill(struct machine *m, struct input *input)
{
    struct writer code = {m->bytes + CODE, m->bytes + CODE + 0x180};
    struct writer handler = {m->bytes + HANDLER, m->bytes + HANDLER + 0x80};
    for (unsigned i = 0; i < 32; i++) {
        put_insn(&handler, input);
        put_insn(&code, input);
        put_insn(&code, input);
    }
    while (code.at < code.end && input->size)
        put_insn(&code, input);
}

/* --- the processor -----------------------------------------------------------------------------
 */

static void put_descriptor(struct machine *m, unsigned at, uint32_t lo, uint32_t hi)
{
    memcpy(m->bytes + at, &lo, 4);
    memcpy(m->bytes + at + 4, &hi, 4);
}

static void set_tables(struct machine *m)
{
    put_descriptor(m, GDT + 0x08, 0x0000ffff, 0x00cf9b00);
    put_descriptor(m, GDT + 0x10, 0x0000ffff, 0x00cf9300);
    put_descriptor(m, GDT + 0x18, 0x0000ffff, 0x00cffb00);
    put_descriptor(m, GDT + 0x20, 0x0000ffff, 0x00cff300);
    put_descriptor(m, GDT + 0x28, TSS << 16 | 0x67, 0x00008b00);
    put_descriptor(m, TSS + 4, 0xf000, 0x10);
    for (unsigned vector = 0; vector < 32; vector++)
        put_descriptor(m, IDT + 8 * vector, 0x08 << 16 | (HANDLER + vector), 0x0000ef00);
}

static struct segment flat(unsigned cpl, bool code, bool big)
{
    return (struct segment){
        .selector = (uint16_t)((code ? 0x08 : 0x10) + (cpl ? 0x13 : 0)),
        .attr = (uint16_t)((code ? 0x9b : 0x93) | cpl << ATTR_DPL_SHIFT | (big ? 0xc000 : 0x8000)),
        .limit = 0xffffffffu,
    };
}

static void prepare(struct machine *m, const struct cpu_model *model, struct input *input)
{
    struct cpu *cpu = &m->cpu;
    unsigned how = take(input, 1), cpl = how & 1 ? 3 : 0;
    cpu_reset(cpu, model);
    cpu->cr0 |= CR0_PE;
    cpu->cpl = (uint8_t)cpl;
    for (unsigned seg = SEG_ES; seg <= SEG_GS; seg++)
        cpu->seg[seg] = flat(cpl, seg == SEG_CS, (how >> 1 & 7) || seg != SEG_CS);
    if (how & 0x10)
        cpu->seg[SEG_DS].limit = 0x8fff;
    if (how & 0x20)
        cpu->seg[SEG_CS].limit = CODE + 0x60;
    if ((how & 0xc0) == 0xc0)
        cpu->seg[SEG_SS].attr &= (uint16_t)~ATTR_DB;
    if ((how & 0xc0) == 0x80)
        cpu->eflags |= take(input, 2) & (EFLAGS_TF | EFLAGS_DF | EFLAGS_STATUS);
    cpu->seg[SEG_TR] = (struct segment){.selector = 0x28, .attr = 0x8b, .base = TSS, .limit = 0x67};
    cpu->gdtr = (struct table_reg){.base = GDT, .limit = 0x2f};
    cpu->idtr = (struct table_reg){.base = IDT, .limit = 0xff};
    for (unsigned reg = 0; reg < GPR_COUNT; reg++)
        cpu->gpr[reg] = take(input, 2);
    cpu->gpr[ECX] &= 0x1ff;
    cpu->gpr[ESP] = 0xe000;
    cpu->eip = CODE;
}

/* --- the comparison ----------------------------------------------------------------------------
 */

/* Both did `count` instructions, or ended; true when they go on. */
static bool step_along(struct machine *m, uint64_t count)
{
    struct insn insn;
    while (count--)
        if (m->cpu.halted || cpu_step(&m->cpu, &ops, m, &insn) == CPU_SHUTDOWN)
            return false;
    return true;
}

static bool run_along(struct machine *m, uint64_t count)
{
    struct insn insn;
    while (count) {
        if (m->cpu.halted)
            return false;
        uint64_t before = count;
        enum cpu_run_end end = cpu_run(&m->cpu, &ops, m, m->cache, &count);
        REQUIRE(count <= before && (end != CPU_RUN_DONE || !count));
        if (end == CPU_RUN_SHUTDOWN)
            return false;
        if (end != CPU_RUN_SENSITIVE)
            continue;
        REQUIRE(count-- > 0);
        if (cpu_step(&m->cpu, &ops, m, &insn) == CPU_SHUTDOWN)
            return false;
    }
    return true;
}

static void require_same(const struct machine *a, const struct machine *b)
{
    REQUIRE(memcmp(a->cpu.gpr, b->cpu.gpr, sizeof(a->cpu.gpr)) == 0);
    REQUIRE(a->cpu.eip == b->cpu.eip);
    REQUIRE(a->cpu.eflags == b->cpu.eflags);
    REQUIRE(memcmp(&a->cpu, &b->cpu, sizeof(a->cpu)) == 0);
    REQUIRE(memcmp(a->bytes, b->bytes, MEMORY) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static _Alignas(64) uint8_t memory[CACHE];
    static struct machine stepped, ran;
    static struct cpu_model checking;
    struct input input = {data, size};
    checking = cpu_model_pentium3_tcg;
    checking.policy = cpu_policy_silicon;
    memset(&stepped, 0, sizeof(stepped));
    memset(memory, 0, CACHE);
    prepare(&stepped, take(&input, 1) & 1 ? &checking : &cpu_model_pentium3_tcg, &input);
    if (take(&input, 1) & 1)
        checking.policy.asks_processor = false;
    uint32_t portions = take(&input, 4);
    fill(&stepped, &input);
    set_tables(&stepped);
    ran = stepped;
    struct cpu_cache_config config = {memory, CACHE, &ran.generation};
    ran.cache = cpu_cache_init(&config);
    for (unsigned i = 0; i < PORTIONS; i++) {
        uint64_t count = 1 + (portions >> i % 28 & 0x3f);
        bool on = step_along(&stepped, count);
        REQUIRE(run_along(&ran, count) == on);
        require_same(&stepped, &ran);
        if (!on)
            break;
    }
    return 0;
}
