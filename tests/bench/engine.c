/*
 * How fast the interpreter is: runs a loop (tests/bench/loops) on it, or on Unicorn, for a number
 * of rounds, and prints the instructions executed and the processor time that took, in nanoseconds.
 *
 *     bench-engine umbra|step|unicorn LOOP.bin ROUNDS
 *
 * `step` is cpu_step(), one instruction at a time: what the engine does without its cache.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unicorn/unicorn.h>

#include "emulate/cpu/engine.h"
#include "emulate/cpu/exec.h"
#include "emulate/cpu/model.h"

#define MEMORY      0x100000u
#define CODE        0x10000u
#define SOURCE      0x20000u
#define DESTINATION 0x28000u
#define STACK       0x40000u
#define CACHE_BYTES (4u << 20)
#define BURST       1000000u

static _Alignas(4096) uint8_t memory[MEMORY];
static const uint32_t generation;

static bool outside(uint32_t lin, unsigned len, struct event *fault)
{
    if (lin < MEMORY && len <= MEMORY - lin)
        return false;
    *fault = exception_error(EXC_PF, 0);
    fault->cr2 = lin;
    return true;
}

static bool memory_read(void *world, uint32_t lin, void *buf, unsigned len, unsigned access,
                        struct event *fault)
{
    (void)world;
    (void)access;
    if (outside(lin, len, fault))
        return false;
    memcpy(buf, memory + lin, len);
    return true;
}

static bool memory_write(void *world, uint32_t lin, const void *buf, unsigned len, unsigned access,
                         struct event *fault)
{
    (void)access;
    if (outside(lin, len, fault))
        return false;
    memcpy(memory + lin, buf, len);
    if (world)
        cpu_cache_wrote(world, memory + lin, len);
    return true;
}

static uint8_t *memory_page(void *world, uint32_t lin, unsigned access)
{
    (void)world;
    (void)access;
    return lin < MEMORY ? memory + lin : NULL;
}

static const struct cpu_ops ops = {
    .read = memory_read,
    .write = memory_write,
    .page = memory_page,
};

static void die(const char *what)
{
    fprintf(stderr, "bench-engine: %s\n", what);
    exit(1);
}

static uint64_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static size_t load_loop(const char *name)
{
    FILE *file = fopen(name, "rb");
    if (!file)
        die("cannot open the loop");
    size_t size = fread(memory + CODE, 1, 0x1000, file);
    fclose(file);
    for (unsigned i = 0; i < 0x10000; i++)
        memory[SOURCE + i] = (uint8_t)(i * 167 >> 3);
    return size;
}

/* --- Umbra --- */

static void set_up(struct cpu *cpu, uint32_t rounds)
{
    cpu_reset(cpu, &cpu_model_pentium3_tcg);
    cpu->cr0 |= CR0_PE;
    for (unsigned seg = SEG_ES; seg <= SEG_GS; seg++)
        cpu->seg[seg] = (struct segment){.selector = seg == SEG_CS ? 8 : 16,
                                         .attr = seg == SEG_CS ? 0xc09b : 0xc093,
                                         .limit = UINT32_MAX};
    cpu->eip = CODE;
    cpu->gpr[EDX] = rounds;
    cpu->gpr[ESI] = SOURCE;
    cpu->gpr[EDI] = DESTINATION;
    cpu->gpr[ESP] = STACK;
}

static uint64_t run_engine(struct cpu *cpu)
{
    struct cpu_cache_config config = {.size = CACHE_BYTES, .generation = &generation};
    uint64_t executed = 0, left;
    config.memory = aligned_alloc(64, CACHE_BYTES);
    if (!config.memory)
        die("out of memory");
    memset(config.memory, 0, CACHE_BYTES);
    struct cpu_cache *cache = cpu_cache_init(&config);
    enum cpu_run_end end;
    do {
        left = BURST;
        end = cpu_run(cpu, &ops, cache, cache, &left);
        executed += BURST - left;
    } while (end == CPU_RUN_DONE);
    free(config.memory);
    return executed;
}

static uint64_t run_steps(struct cpu *cpu)
{
    struct insn insn;
    uint64_t executed = 0;
    while (cpu_step(cpu, &ops, NULL, &insn) == CPU_OK && !cpu->halted)
        executed++;
    return executed;
}

static void print(uint64_t executed, uint64_t ns, const uint32_t *gpr)
{
    printf("{\"instructions\": %" PRIu64 ", \"ns\": %" PRIu64 ", \"registers\": \"", executed, ns);
    for (unsigned i = 0; i < GPR_COUNT; i++)
        printf("%08x", gpr[i]);
    printf("\"}\n");
}

static void run_umbra(uint32_t rounds, bool stepwise)
{
    struct cpu cpu;
    set_up(&cpu, rounds);
    uint64_t started = nanoseconds();
    uint64_t executed = stepwise ? run_steps(&cpu) : run_engine(&cpu);
    print(executed, nanoseconds() - started, cpu.gpr);
}

/* --- Unicorn --- */

static void run_unicorn(uint32_t rounds, size_t size)
{
    static const int names[GPR_COUNT] = {UC_X86_REG_EAX, UC_X86_REG_ECX, UC_X86_REG_EDX,
                                         UC_X86_REG_EBX, UC_X86_REG_ESP, UC_X86_REG_EBP,
                                         UC_X86_REG_ESI, UC_X86_REG_EDI};
    uint32_t gpr[GPR_COUNT] = {[EDX] = rounds, [ESI] = SOURCE, [EDI] = DESTINATION, [ESP] = STACK};
    uc_engine *uc;
    if (uc_open(UC_ARCH_X86, UC_MODE_32, &uc) != UC_ERR_OK ||
        uc_mem_map_ptr(uc, 0, MEMORY, UC_PROT_ALL, memory) != UC_ERR_OK)
        die("Unicorn does not start");
    for (unsigned i = 0; i < GPR_COUNT; i++)
        uc_reg_write(uc, names[i], &gpr[i]);
    const uint8_t *hlt = memchr(memory + CODE, 0xf4, size);
    if (!hlt)
        die("the loop has no HLT");
    uint64_t started = nanoseconds();
    if (uc_emu_start(uc, CODE, (uint64_t)(hlt - memory), 0, 0) != UC_ERR_OK)
        die("Unicorn failed");
    uint64_t ns = nanoseconds() - started;
    for (unsigned i = 0; i < GPR_COUNT; i++)
        uc_reg_read(uc, names[i], &gpr[i]);
    print(0, ns, gpr);
    uc_close(uc);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        die("bench-engine umbra|step|unicorn LOOP.bin ROUNDS");
    size_t size = load_loop(argv[2]);
    uint32_t rounds = (uint32_t)strtoul(argv[3], NULL, 0);
    if (!strcmp(argv[1], "unicorn"))
        run_unicorn(rounds, size);
    else
        run_umbra(rounds, !strcmp(argv[1], "step"));
    return 0;
}
