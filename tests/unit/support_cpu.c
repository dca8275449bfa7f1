#include "support_cpu.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const struct cpu_model model_strict = {
    .name = "strict",
    .cr4_valid = 0x7ff,
    .eflags_valid = 0x243fd5,
    .reset_edx = 0x673,
    .policy =
        {
            .checks_segments = true,
            .rf_in_fault_frames = true,
            .icebp_is_db = true,
            .sreg_on_stack_is_two = true,
            .lock_checked = true,
            .dr7_gd = true,
            .rsvd_pf_has_p = true,
            .unknown_msr_gp = true,
            .pdptes_loaded = true,
        },
};

/* The first page of an access that its rights refuse raises #PF (SDM vol. 3, 4.7). */
static bool page_allows(const struct world *w, uint32_t lin, unsigned access, struct event *fault)
{
    uint8_t rights = lin < WORLD_SIZE ? w->rights[lin / 4096] : 7;
    bool write = access & (ACCESS_WRITE | ACCESS_RMW);
    bool user = access & ACCESS_USER;
    bool writable = (rights & PAGE_WRITABLE) || (!user && !(w->cpu.cr0 & CR0_WP));
    if ((rights & PAGE_PRESENT) && (!write || writable) && (!user || (rights & PAGE_USER)))
        return true;
    *fault = exception_error(EXC_PF, (rights & PAGE_PRESENT) | (write ? 2u : 0) | (user ? 4u : 0));
    fault->cr2 = lin;
    return false;
}

static bool range_allows(const struct world *w, uint32_t lin, unsigned len, unsigned access,
                         struct event *fault)
{
    uint32_t last = lin + len - 1;
    return page_allows(w, lin, access, fault) &&
           (lin / 4096 == last / 4096 || page_allows(w, last & ~4095u, access, fault));
}

static bool op_read(void *world, uint32_t lin, void *buf, unsigned len, unsigned access,
                    struct event *fault)
{
    struct world *w = world;
    uint8_t *to = buf;
    w->reads++;
    if (!range_allows(w, lin, len, access, fault))
        return false;
    for (unsigned i = 0; i < len; i++)
        to[i] = lin + i < WORLD_SIZE ? w->mem[lin + i] : 0xff;
    return true;
}

static bool op_write(void *world, uint32_t lin, const void *buf, unsigned len, unsigned access,
                     struct event *fault)
{
    struct world *w = world;
    const uint8_t *from = buf;
    w->writes++;
    if (!range_allows(w, lin, len, access, fault))
        return false;
    for (unsigned i = 0; i < len; i++)
        if (lin + i < WORLD_SIZE)
            w->mem[lin + i] = from[i];
    return true;
}

static void note_port(struct world *w, uint16_t port, unsigned size)
{
    w->port = port;
    w->port_size = size;
    w->port_accesses++;
}

static uint32_t op_in(void *world, uint16_t port, unsigned size)
{
    struct world *w = world;
    note_port(w, port, size);
    return w->port_in;
}

static void op_out(void *world, uint16_t port, unsigned size, uint32_t value)
{
    struct world *w = world;
    note_port(w, port, size);
    w->port_out = value;
}

static uint64_t op_rdtsc(void *world)
{
    return ((struct world *)world)->tsc;
}

static void op_wrtsc(void *world, uint64_t value)
{
    ((struct world *)world)->tsc = value;
}

static void op_flush_tlb(void *world)
{
    ((struct world *)world)->flushes++;
}

static void op_invlpg(void *world, uint32_t lin)
{
    ((struct world *)world)->invlpg = lin;
}

static void op_read_physical(void *world, uint64_t gpa, void *buf, unsigned len)
{
    struct world *w = world;
    for (unsigned i = 0; i < len; i++)
        ((uint8_t *)buf)[i] = gpa + i < WORLD_SIZE ? w->mem[gpa + i] : 0xff;
}

static bool op_exec_native(void *world, struct cpu *cpu, const struct insn *insn, void *mem,
                           unsigned mem_len, struct event *fault)
{
    struct world *w = world;
    assert(cpu == &w->cpu && w->native);
    return w->native(w, insn, mem, mem_len, fault);
}

static void op_fpu_error(void *world)
{
    ((struct world *)world)->fpu_errors++;
}

const struct cpu_ops world_ops = {
    .read = op_read,
    .write = op_write,
    .in = op_in,
    .out = op_out,
    .rdtsc = op_rdtsc,
    .wrtsc = op_wrtsc,
    .flush_tlb = op_flush_tlb,
    .invlpg = op_invlpg,
    .read_physical = op_read_physical,
    .exec_native = op_exec_native,
    .fpu_error = op_fpu_error,
};

#define ATTR_FLAT_CODE (ATTR_G | ATTR_DB | ATTR_P | ATTR_S | 0xbu)
#define ATTR_FLAT_DATA (ATTR_G | ATTR_DB | ATTR_P | ATTR_S | 0x3u)

static void flat_segments(struct cpu *cpu, unsigned code, unsigned data, unsigned dpl)
{
    for (unsigned seg = SEG_ES; seg <= SEG_GS; seg++)
        cpu->seg[seg] = (struct segment){.selector = (uint16_t)(data | dpl),
                                         .attr = (uint16_t)(ATTR_FLAT_DATA | dpl << ATTR_DPL_SHIFT),
                                         .limit = UINT32_MAX};
    cpu->seg[SEG_CS].selector = (uint16_t)(code | dpl);
    cpu->seg[SEG_CS].attr = (uint16_t)(ATTR_FLAT_CODE | dpl << ATTR_DPL_SHIFT);
    cpu->cpl = (uint8_t)dpl;
}

struct world *world_new(const struct cpu_model *model)
{
    struct world *w = calloc(1, sizeof *w);
    assert(w);
    memset(w->rights, PAGE_PRESENT | PAGE_WRITABLE | PAGE_USER, sizeof w->rights);
    w->cpu.model = model;
    w->cpu.cr0 = CR0_PE | CR0_ET | CR0_WP;
    w->cpu.eflags = EFLAGS_FIXED;
    w->cpu.eip = WORLD_CODE;
    w->cpu.gpr[ESP] = WORLD_STACK;
    w->cpu.seg[SEG_TR].attr = ATTR_P | 0xb;
    flat_segments(&w->cpu, 0x08, 0x10, 0);
    return w;
}

void world_user_mode(struct world *w)
{
    flat_segments(&w->cpu, 0x18, 0x20, 3);
}

void world_real_mode(struct world *w)
{
    w->cpu.cr0 &= ~CR0_PE;
    w->cpu.cpl = 0;
    for (unsigned seg = SEG_ES; seg <= SEG_GS; seg++)
        w->cpu.seg[seg] = (struct segment){.attr = ATTR_P | ATTR_S | 0x3, .limit = 0xffff};
    w->cpu.seg[SEG_CS].selector = WORLD_CODE >> 4;
    w->cpu.seg[SEG_CS].base = WORLD_CODE;
    w->cpu.eip = 0;
    w->cpu.gpr[ESP] = 0x8000;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

unsigned world_put(struct world *w, uint32_t lin, const char *hex)
{
    unsigned len = 0;
    for (const char *p = hex; *p; p++) {
        if (*p == ' ')
            continue;
        assert(hex_digit(p[0]) >= 0 && hex_digit(p[1]) >= 0);
        w->mem[lin + len++] = (uint8_t)(hex_digit(p[0]) << 4 | hex_digit(p[1]));
        p++;
    }
    return len;
}

enum cpu_result world_execute(struct world *w)
{
    enum cpu_result result = cpu_fetch(&w->cpu, &world_ops, w, &w->insn, &w->fault);
    if (result == CPU_OK)
        result = cpu_execute(&w->cpu, &world_ops, w, &w->insn, &w->fault);
    return result;
}

enum cpu_result world_run(struct world *w, const char *hex)
{
    world_put(w, w->cpu.seg[SEG_CS].base + w->cpu.eip, hex);
    return world_execute(w);
}

uint32_t world_read32(const struct world *w, uint32_t lin)
{
    uint32_t value;
    memcpy(&value, w->mem + lin, sizeof value);
    return value;
}

uint16_t world_read16(const struct world *w, uint32_t lin)
{
    uint16_t value;
    memcpy(&value, w->mem + lin, sizeof value);
    return value;
}

void world_write32(struct world *w, uint32_t lin, uint32_t value)
{
    memcpy(w->mem + lin, &value, sizeof value);
}

void world_write16(struct world *w, uint32_t lin, uint16_t value)
{
    memcpy(w->mem + lin, &value, sizeof value);
}
