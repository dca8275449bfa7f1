/* The workloads. Where a loop costs a few instructions of its own, it costs them natively, too. */
#include "bench.h"
#include "cpu.h"
#include "lib/string.h"

/* --- Privileged and sensitive instructions, one or a pair at a time. --- */

#define INSTRUCTION(name, text)                  \
    static void name(uint32_t n)                 \
    {                                            \
        for (uint32_t i = 0; i < n; i++)         \
            __asm__ volatile(text ::: "memory"); \
    }

INSTRUCTION(run_cli, "cli")
INSTRUCTION(run_sti, "sti")
INSTRUCTION(run_cli_sti, "cli; sti")
INSTRUCTION(run_pushf, "pushfl; leal 4(%%esp), %%esp")
INSTRUCTION(run_popf, "pushl $2; popfl")
INSTRUCTION(run_pushf_popf, "pushfl; popfl")

static void run_compute0(uint32_t n)
{
    static uint32_t table[1024];
    uint32_t x = 2463534242u;

    for (uint32_t i = 0; i < n; i++) {
        x = mix(x, 1);
        if (x & 1)
            table[x % 1024] += x;
        else
            table[x % 1024] ^= i;
    }
}

static void run_cr3_same(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        write_cr3(process_cr3[0]);
}

static void run_cr3_switch(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        write_cr3(process_cr3[i & 1]);
}

static void run_in(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        inb(0x21);
}

static void run_out(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        outb(0x80, 0);
}

static void run_sreg(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        __asm__ volatile("movl %0, %%es" ::"r"(0x10));
}

/* --- System calls and processes. --- */

static void enter(void (*code)(uint32_t), uint32_t n)
{
    enter_user(code, n, user_stacks[0] + 1024);
}

static void run_compute3(uint32_t n)
{
    enter(user_compute, n);
}

static void run_int80(uint32_t n)
{
    enter(user_null_calls, n);
}

static void run_int80_work(uint32_t n)
{
    enter(user_counted_calls, n);
}

static void run_sysenter(uint32_t n)
{
    enter(user_sysenter, n);
}

static void run_sreg3(uint32_t n)
{
    enter(user_segments, n);
}

static void run_two(void (*first)(uint32_t), void (*second)(void), uint32_t n)
{
    static uint32_t kernel_stack[256];

    prepare_process(kernel_stack + 256, second, user_stacks[1] + 1024);
    enter(first, n);
}

static void run_switch(uint32_t n)
{
    run_two(user_yield, user_yield_back, n);
}

void mixed_call(void);

/* As a driver would: with interrupts off, a port is written. */
void mixed_call(void)
{
    uint32_t flags = irq_save();

    outb(0x80, 1);
    irq_restore(flags);
}

static void run_mixed(uint32_t n)
{
    run_two(user_mixed, user_mixed_back, n);
}

/* --- Memory. --- */

static void touch_pool(void)
{
    for (uint32_t i = 0; i < POOL_FRAMES; i++)
        *(volatile uint32_t *)pool_frame(i) = 0;
}

void demand_zero(uint32_t address);

/* The page fault handler: a fresh page of zeros for the user. */
void demand_zero(uint32_t address)
{
    uint32_t page = (address - WINDOW) / PAGE_SIZE;

    if (address < WINDOW || page >= WINDOW_TABLES * 1024)
        bench_failed();
    memset((void *)pool_frame(page), 0, PAGE_SIZE);
    window_tables[page / 1024][page % 1024] = pool_frame(page) | PTE_P | PTE_W | PTE_U;
}

static void prepare_demand(void)
{
    touch_pool();
    window_open();
}

static void run_demand(uint32_t n)
{
    enter(user_touch, n);
}

static void prepare_window(void)
{
    touch_pool();
    window_fill();
    window_open();
}

static volatile uint8_t *window_page(uint32_t i)
{
    return (volatile uint8_t *)(WINDOW + i % (WINDOW_TABLES * 1024) * PAGE_SIZE);
}

/* Nothing faults natively: every page is mapped, no TLB knows it yet. */
static void run_hidden(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        (void)*window_page(i);
}

static void prepare_touched(void)
{
    prepare_window();
    run_hidden(1024);
}

static void run_touch(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        (void)*window_page(i % 1024);
}

static void run_invlpg(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        invlpg(WINDOW);
}

static void set_entry(uint32_t page, uint32_t frame)
{
    *(volatile uint32_t *)&window_tables[0][page] =
        pool_frame(frame) | PTE_P | PTE_W | PTE_U | PTE_A | PTE_D;
}

/* Stores to a page table in use, a flush after each 32 of them. */
static void run_pte_write(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        set_entry(i % 1024, i + 7);
        if (i % 32 == 31)
            write_cr3(process_cr3[0]);
    }
}

/* As mprotect or a copy-on-write does: entry, INVLPG, use. */
static void run_remap(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        set_entry(i % 64, i + 7);
        invlpg(WINDOW + i % 64 * PAGE_SIZE);
        (void)*window_page(i % 64);
    }
}

// clang-format off
const struct workload workloads[] = {
    {"compute3",   NULL,            run_compute3},
    {"compute0",   NULL,            run_compute0},
    {"cli",        NULL,            run_cli},
    {"sti",        NULL,            run_sti},
    {"cli-sti",    NULL,            run_cli_sti},
    {"pushf",      NULL,            run_pushf},
    {"popf",       NULL,            run_popf},
    {"pushf-popf", NULL,            run_pushf_popf},
    {"in",         NULL,            run_in},
    {"out",        NULL,            run_out},
    {"sreg0",      NULL,            run_sreg},
    {"sreg3",      NULL,            run_sreg3},
    {"int80",      NULL,            run_int80},
    {"int80-work", NULL,            run_int80_work},
    {"sysenter",   NULL,            run_sysenter},
    {"switch",     NULL,            run_switch},
    {"cr3-same",   NULL,            run_cr3_same},
    {"cr3-switch", NULL,            run_cr3_switch},
    {"invlpg",     prepare_touched, run_invlpg},
    {"touch",      prepare_touched, run_touch},
    {"hidden",     prepare_window,  run_hidden},
    {"demand",     prepare_demand,  run_demand},
    {"pte-write",  prepare_touched, run_pte_write},
    {"remap",      prepare_touched, run_remap},
    {"mixed",      NULL,            run_mixed},
};
// clang-format on

const size_t workload_count = sizeof(workloads) / sizeof(workloads[0]);
