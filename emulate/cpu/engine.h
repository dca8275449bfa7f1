/*
 * The interpreter as an engine: runs a guest at the speed of decoded code instead of decoding every
 * instruction every time.
 *
 * Straight runs of instructions are decoded once, into a cache in memory that the caller owns, and
 * found again by the address of their bytes in the caller's memory (struct cpu_ops, page()).
 * Results, faults and the order of everything are those of cpu_step(): what has no quick way is
 * executed by it.
 */
#ifndef UMBRA_EMULATE_CPU_ENGINE_H
#define UMBRA_EMULATE_CPU_ENGINE_H

#include <stddef.h>

#include "cpu.h"

struct cpu_cache;

struct cpu_cache_config {
    void *memory; /* zeroed, aligned to 64 bytes */
    size_t size;
    const uint32_t *generation; /* changes when what page() returned may no longer be used */
};

/* The least memory that a cache works in. More of it holds more code. */
size_t cpu_cache_min_size(void);

/* Makes an empty cache of `config->memory`, which must stay where it is. */
struct cpu_cache *cpu_cache_init(const struct cpu_cache_config *config);

/*
 * Bytes of guest memory were changed, by whomever: to be called for every store that cpu_run() does
 * not make itself, that of the caller's write() included. `bytes` is where page() has them.
 */
void cpu_cache_wrote(struct cpu_cache *cache, const void *bytes, size_t len);

/* Memory may have been changed without anyone telling (a real processor ran on it): the bytes of
 * all code are compared before it is executed again. */
void cpu_cache_distrust(struct cpu_cache *cache);

/* Why cpu_run() came back. */
enum cpu_run_end {
    CPU_RUN_DONE,      /* it executed as many instructions as it was to */
    CPU_RUN_SENSITIVE, /* next is an instruction that is not harmless (insn_harmless()): cpu_step()
                        */
    CPU_RUN_CHANGED,   /* what struct cpu calls changed has changed: a ring, a segment register */
    CPU_RUN_SHUTDOWN,  /* triple fault */
};

/*
 * Executes at most `count` instructions (iterations of repeated ones count one each), and delivers
 * the exceptions that they raise. Before a sensitive one it comes back: time, ports and control
 * registers are the caller's to look after. Subtracts from *count what was executed; an instruction
 * that raised an exception counts.
 */
enum cpu_run_end cpu_run(struct cpu *cpu, const struct cpu_ops *ops, void *world,
                         struct cpu_cache *cache, uint64_t *count);

#endif
