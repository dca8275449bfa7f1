#include "info.h"

#include <string.h>

#include "hypervisor/report/console.h"
#include "hypervisor/report/panic.h"
#include "hypervisor/report/report.h"
#include "hypervisor/report/trace.h"
#include "hypervisor/vm/screen.h"
#include "hypervisor/vm/vm.h"
#include "look.h"

#define DUMP_LINE   16u
#define DESCRIPTORS 8192u
#define GATES       256u

static void show_regs(struct vm *vm)
{
    vcpu_dump(&vm->vcpu);
}

static void show_traps(struct vm *vm)
{
    report_counters(vm);
}

static void show_trace(struct vm *vm)
{
    if (!vm->trace.mask)
        console_printf("%s keeps no trace: boot it with trace=all\n", vm->config.name);
    trace_dump(vm, TRACE_ENTRIES);
}

static void show_shadow(struct vm *vm)
{
    struct shadow_stats s = shadow_stats(vm->shadow);
    console_printf("pages in use     %u\n", s.pages_used);
    console_printf("entries filled   %llu\n", (unsigned long long)s.fills);
    console_printf("tables made      %llu\n", (unsigned long long)s.nodes_made);
    console_printf("tables recycled  %llu\n", (unsigned long long)s.recycled);
    console_printf("roots made       %llu\n", (unsigned long long)s.roots_made);
    console_printf("roots found      %llu\n", (unsigned long long)s.roots_found);
    console_printf("code/data flips  %llu\n", (unsigned long long)s.flips);
    console_printf("code views       %u\n", vm->views.used);
}

/* SDM vol. 3, 3.4.5 and 3.5. */
static void show_descriptor(unsigned index, uint32_t low, uint32_t high)
{
    uint32_t attr = high >> 8 & 0xf0ff;
    uint32_t base = low >> 16 | (high & 0xff) << 16 | (high & 0xff000000);
    uint32_t limit = (low & 0xffff) | (high & 0xf0000);
    const char *kind = !(attr & ATTR_S) ? "system" : attr & ATTR_CODE ? "code" : "data";
    if (attr & ATTR_G)
        limit = limit << 12 | 0xfff;
    console_printf("%04x  base %08x limit %08x  type %x DPL %u  %s %u\n", index * 8, base, limit,
                   attr & ATTR_TYPE, ATTR_DPL_OF(attr), kind, attr & ATTR_DB ? 32 : 16);
}

/* Present entries of a table in guest memory. */
static void show_table(struct vm *vm, const struct table_reg *table, unsigned max,
                       void (*show)(unsigned index, uint32_t low, uint32_t high))
{
    unsigned entries = (table->limit + 1u) / 8;
    console_printf("base %08x limit %04x\n", table->base, table->limit);
    for (unsigned i = 0; i < entries && i < max; i++) {
        uint32_t entry[2];
        if (look_read(vm, table->base + i * 8, entry, sizeof(entry)) < sizeof(entry)) {
            console_printf("%08x is not mapped\n", table->base + i * 8);
            return;
        }
        if (entry[1] >> 8 & ATTR_P)
            show(i, entry[0], entry[1]);
    }
}

static void show_gdt(struct vm *vm)
{
    show_table(vm, &vm->vcpu.cpu.gdtr, DESCRIPTORS, show_descriptor);
}

/* SDM vol. 3, 6.11. */
static void show_gate(unsigned index, uint32_t low, uint32_t high)
{
    static const char *const kinds[8] = {[5] = "task", [6] = "interrupt", [7] = "trap"};
    const char *kind = kinds[high >> 8 & 7];
    console_printf("%02x  %04x:%08x  DPL %u  %s\n", index, low >> 16,
                   (low & 0xffff) | (high & 0xffff0000), high >> 13 & 3, kind ? kind : "invalid");
}

static void show_idt(struct vm *vm)
{
    const struct cpu *cpu = &vm->vcpu.cpu;
    if (cpu_real_mode(cpu))
        console_printf("real mode: vectors of 4 bytes at %08x\n", cpu->idtr.base);
    else
        show_table(vm, &cpu->idtr, GATES, show_gate);
}

static void show_chip(const char *name, const struct pic_chip *chip)
{
    console_printf("%s  irr %02x  imr %02x  isr %02x  pins %02x  elcr %02x  vectors from %02x\n",
                   name, chip->irr, chip->imr, chip->isr, chip->pins, chip->elcr,
                   chip->vector_base);
}

static void show_pic(struct vm *vm)
{
    const struct pic *pic = &vm->pc.pic;
    show_chip("master", &pic->master);
    show_chip("slave ", &pic->slave);
    for (unsigned irq = 0; irq < 16; irq++) {
        if (pic->count[irq])
            console_printf("IRQ %-2u %llu\n", irq, (unsigned long long)pic->count[irq]);
    }
}

static void put_screen(char c)
{
    console_printf("%c", c);
}

static void show_screen(struct vm *vm)
{
    static struct text_screen screen;
    if (!screen_read(vm, &screen)) {
        console_printf("%s is in a graphics mode\n", vm->config.name);
        return;
    }
    for (unsigned row = 0; row < TEXT_ROWS; row++) {
        text_row(&screen, row, put_screen);
        console_printf("\n");
    }
}

static void show_pit(struct vm *vm)
{
    const struct pit *pit = &vm->pc.pit;
    for (unsigned n = 0; n < 3; n++) {
        const struct pit_channel *c = &pit->channel[n];
        unsigned mode = c->mode > 5 ? c->mode - 4 : c->mode;
        console_printf("channel %u  mode %u  count %5u%s  gate %u  %u Hz\n", n, mode, c->count,
                       c->bcd ? " BCD" : "", c->gate, c->count ? PIT_HZ / c->count : 0);
    }
}

static const struct topic {
    const char *name, *text;
    void (*show)(struct vm *vm);
} topics[] = {
    {"regs", "the virtual CPU", show_regs},
    {"traps", "what trapped, why, how often", show_traps},
    {"trace", "the last traps, if it keeps them (trace=)", show_trace},
    {"shadow", "shadow page tables and code views", show_shadow},
    {"gdt", "the guest's descriptors", show_gdt},
    {"idt", "the guest's gates", show_idt},
    {"pic", "interrupt controllers", show_pic},
    {"pit", "interval timer", show_pit},
    {"screen", "its text screen", show_screen},
};

#define TOPICS (sizeof(topics) / sizeof(topics[0]))

bool info_show(struct vm *vm, const char *topic)
{
    for (unsigned i = 0; i < TOPICS; i++) {
        if (!strcmp(topics[i].name, topic)) {
            topics[i].show(vm);
            return true;
        }
    }
    return false;
}

void info_topics(void)
{
    for (unsigned i = 0; i < TOPICS; i++)
        console_printf("info %-8s %s\n", topics[i].name, topics[i].text);
}

static void dump_line(uint32_t gva, const uint8_t *bytes, unsigned count)
{
    console_printf("%08x ", gva);
    for (unsigned i = 0; i < DUMP_LINE; i++) {
        if (i < count)
            console_printf(" %02x", bytes[i]);
        else
            console_printf("   ");
    }
    console_printf("  ");
    for (unsigned i = 0; i < count; i++)
        console_printf("%c", bytes[i] >= ' ' && bytes[i] <= '~' ? bytes[i] : '.');
    console_printf("\n");
}

void info_dump(struct vm *vm, uint32_t gva, uint32_t count)
{
    while (count) {
        uint8_t bytes[DUMP_LINE];
        unsigned part = count < DUMP_LINE ? count : DUMP_LINE;
        unsigned got = look_read(vm, gva, bytes, part);
        if (got)
            dump_line(gva, bytes, got);
        if (got < part) {
            console_printf("%08x is not mapped\n", gva + got);
            return;
        }
        gva += part;
        count -= part;
    }
}
