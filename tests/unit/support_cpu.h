/*
 * A small world for tests of the virtual CPU: one MiB of memory at linear 0 with rights by page,
 * ports that remember, and helpers that put instructions at EIP and execute them.
 */
#ifndef UMBRA_TESTS_SUPPORT_CPU_H
#define UMBRA_TESTS_SUPPORT_CPU_H

#include "emulate/cpu/cpu.h"
#include "emulate/cpu/exec.h"
#include "emulate/cpu/model.h"

#define WORLD_SIZE  0x100000u
#define WORLD_PAGES (WORLD_SIZE / 4096)

/* Where world_init() puts things (linear = offset: segments are flat). */
#define WORLD_CODE  0x10000u
#define WORLD_DATA  0x20000u
#define WORLD_STACK 0x40000u

/* Rights of a page; world_init() gives all of them. */
#define PAGE_PRESENT  1u
#define PAGE_WRITABLE 2u
#define PAGE_USER     4u

struct world {
    struct cpu cpu;
    struct insn insn;   /* the last one fetched */
    struct event fault; /* of the last CPU_FAULT */
    uint8_t mem[WORLD_SIZE];
    uint8_t rights[WORLD_PAGES];
    unsigned reads, writes; /* calls of ops->read and ops->write */
    unsigned flushes;       /* calls of flush_tlb */
    unsigned fpu_errors;    /* calls of fpu_error */
    uint32_t invlpg;        /* last address of invlpg */
    uint64_t tsc;
    /* Ports: what IN gets, and the last access either way. */
    uint32_t port_in;
    uint32_t port_out;
    uint16_t port;
    unsigned port_size;
    unsigned port_accesses;
    /* Stands for a real processor; null: the test expects no such instruction. */
    bool (*native)(struct world *w, const struct insn *insn, void *mem, unsigned len,
                   struct event *fault);
};

extern const struct cpu_ops world_ops;

/* A processor that checks what the manual says it checks (policy: all set). */
extern const struct cpu_model model_strict;

/* A new world (free with free()) in 32-bit protected mode, CPL 0, flat segments, no paging. */
struct world *world_new(const struct cpu_model *model);
/* Real mode: segment bases 0 but for CS (WORLD_CODE), EIP 0, SS:SP = 0:8000h. */
void world_real_mode(struct world *w);
/* Protected-mode CPL 3 with the flat segments of that ring. */
void world_user_mode(struct world *w);

/* Writes bytes given as hexadecimal digits ("01c8", spaces allowed) at a linear address. */
unsigned world_put(struct world *w, uint32_t lin, const char *hex);
/* Puts the instruction at CS:EIP, fetches and executes it; a fault goes to w->fault. */
enum cpu_result world_run(struct world *w, const char *hex);
/* Fetches and executes what stands at CS:EIP. */
enum cpu_result world_execute(struct world *w);

uint32_t world_read32(const struct world *w, uint32_t lin);
uint16_t world_read16(const struct world *w, uint32_t lin);
void world_write32(struct world *w, uint32_t lin, uint32_t value);
void world_write16(struct world *w, uint32_t lin, uint16_t value);

#endif
