/* Runs the workload that the command line names, and powers off. What it prints is for clocks
 * outside: nothing is printed while it runs. */
#include "bench.h"
#include "cpu.h"
#include "lib/format.h"
#include "lib/string.h"

#define COM1        0x3F8
#define LSR_EMPTY   0x20
#define LSR_IDLE    0x40
#define DEBUG_EXIT  0xF4 /* QEMU's isa-debug-exit */
#define EXIT_OK     0x10
#define EXIT_FAILED 0x11

static char command_line[128];

static void uart_init(void)
{
    outb(COM1 + 3, 0x80);
    outb(COM1, 1);
    outb(COM1 + 1, 0);
    outb(COM1 + 3, 3);
    outb(COM1 + 2, 7);
    outb(COM1 + 4, 3);
}

static void uart_wait(uint8_t status)
{
    while (!(inb(COM1 + 5) & status))
        ;
}

static void print(const char *text)
{
    for (; *text; text++) {
        uart_wait(LSR_EMPTY);
        outb(COM1, (uint8_t)*text);
    }
    uart_wait(LSR_IDLE);
}

static void print_ticks(uint64_t ticks)
{
    char line[64];

    format(line, sizeof(line), "bench: end %llu\n", ticks);
    print(line);
}

static __attribute__((noreturn)) void power_off(uint32_t status)
{
    for (;;) {
        outl(DEBUG_EXIT, status);
        __asm__ volatile("cli; hlt");
    }
}

void bench_failed(void)
{
    print("bench: an event that no workload makes\n");
    power_off(EXIT_FAILED);
}

/* Copies the value of key= and tells whether there is one. */
static int option(const char *key, char *value, size_t size)
{
    size_t length = strlen(key);
    const char *s = command_line;

    while (*s && (strncmp(s, key, length) || (s > command_line && s[-1] != ' ')))
        s++;
    if (!*s)
        return 0;
    string_copy(value, s + length, size);
    for (; *value && *value != ' '; value++)
        ;
    *value = 0;
    return 1;
}

static const struct workload *find_workload(const char *name)
{
    for (size_t i = 0; i < workload_count; i++)
        if (!strcmp(workloads[i].name, name))
            return &workloads[i];
    return NULL;
}

static void measure(const struct workload *work, uint32_t n, int quiet)
{
    uint64_t start, ticks;

    if (work->prepare)
        work->prepare();
    if (!quiet)
        print("bench: begin\n");
    start = rdtsc();
    work->run(n);
    ticks = rdtsc() - start;
    if (!quiet)
        print_ticks(ticks);
}

void bench_main(const uint32_t *multiboot);

void bench_main(const uint32_t *multiboot)
{
    char name[16] = "", number[16] = "1", unused[2];
    const struct workload *work;

    string_copy(command_line, multiboot[0] & 4 ? (const char *)multiboot[4] : "",
                sizeof(command_line));
    uart_init();
    option("work=", name, sizeof(name));
    option("n=", number, sizeof(number));
    work = find_workload(name);
    if (!work) {
        print("bench: no such workload\n");
        power_off(EXIT_FAILED);
    }
    machine_init();
    measure(work, string_number(number), option("quiet", unused, sizeof(unused)));
    power_off(EXIT_OK);
}
