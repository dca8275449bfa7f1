/*
 * Blocks: straight runs of instructions as cpu_run() executes them. Private to emulate/cpu.
 *
 * A block is an array of slots, one an instruction: each begins with the function that executes it
 * and ends by calling the next one's, so that from slot to slot there is one jump. A slot function
 * either does all of its instruction or, when anything is out of the ordinary, none of it: then it
 * leaves the block (leave_at()), and cpu_step() does the instruction, with all checks and faults.
 *
 * Blocks are found by the address of their first byte in the caller's memory, not by a linear
 * address, and lie in one page. Every page that holds blocks is on record; a store to it is noted
 * there, and a block that was checked before that has its bytes compared again.
 */
#ifndef UMBRA_EMULATE_CPU_BLOCKS_H
#define UMBRA_EMULATE_CPU_BLOCKS_H

#include "engine.h"
#include "exec.h"
#include "insn.h"

#define PAGE_SIZE   4096u
#define PAGE_OFFSET (PAGE_SIZE - 1)

struct run;
struct slot;
typedef void (*slot_op)(struct cpu *cpu, const struct slot *s, struct run *run);

struct slot {
    slot_op run;
    uint32_t disp;
    uint32_t imm;  /* immediate operand; of a direct branch: its target from the block's start */
    uint32_t mask; /* of the offset: FFFFh where addresses have 16 bits */
    /* Registers are given as the offset of their first byte in cpu->gpr: AH is 1. */
    uint8_t base, index;
    uint8_t scale; /* a shift */
    uint8_t seg;
    uint8_t dst, src;
    uint8_t at, end; /* of the instruction, from the block's start */
    uint8_t insn;    /* index in block->insns */
};

#define BLOCK_SLOTS 16
#define BLOCK_INSNS 4  /* of them, what no slot function but execute_insn() knows */
#define BLOCK_BYTES 96 /* a new instruction begins before this */

/* What a block depends on besides its bytes. */
#define MODE_CODE32  1u /* CS.D */
#define MODE_STACK32 2u /* SS.B */
#define MODE_ASKS    4u /* the machine's policy: asks_processor */
#define MODE_SUSPEND 8u /* and rep_suspends */

struct code_page {
    const uint8_t *bytes;
    uint64_t changed; /* cache->clock when a byte of it was last stored to */
};

struct block {
    const uint8_t *source; /* of its first byte; NULL: none */
    struct code_page *page;
    uint64_t checked; /* cache->clock when the bytes were last seen to be the same */
    uint8_t mode;
    uint8_t count;  /* instructions; the slot behind them ends the block */
    uint8_t length; /* bytes that decoding looked at */
    uint8_t insns;
    bool sensitive; /* the instruction behind it is, and is there */
    struct slot slots[BLOCK_SLOTS + 1];
    struct insn insn[BLOCK_INSNS];
    uint8_t bytes[BLOCK_BYTES + INSN_MAX_LENGTH];
};

/* Translations for data, by rights. `tag` is the linear address of the page, or something that no
 * page has. */
struct tlb_entry {
    uint64_t tag;
    uint8_t *bytes;
};

#define TLB_ENTRIES 128u
#define TLB_EMPTY   1ull
#define TLB_TRACKED 2ull /* added to the tag: stores to this page have to be noted */

enum { TLB_READ, TLB_WRITE, TLB_KINDS };

#define CODE_PAGES 1024u

struct cpu_cache {
    const uint32_t *generation;
    uint32_t filled_in; /* *generation that the TLB belongs to */
    uint64_t clock;     /* counts what may change code */
    uint64_t distrusted;
    struct tlb_entry tlb[2][TLB_KINDS][TLB_ENTRIES]; /* [CPL 3] */
    struct code_page pages[CODE_PAGES];
    uint32_t block_mask; /* number of blocks - 1 */
    struct block blocks[];
};

/* What slot functions share while cpu_run() is at work. */
struct run {
    /*
     * Status flags, as what they are computed from. ZF: `result` is 0; SF and PF: its bit 31 and
     * the parity of its low byte, flipped by bits 0 and 1 of `carries`. Of `carries`, bit 31 is CF,
     * bit 30 the carry into the sign (OF is the difference of the two), bit 3 is AF.
     */
    uint32_t result;
    uint32_t carries;
    uint32_t eip;              /* of the first instruction of this block */
    uint32_t last_eip;         /* the CS limit, where the machine looks at it */
    uint64_t base[SEG_GS + 1]; /* of segments; beyond all addresses where accesses need checks */
    struct tlb_entry *tlb[TLB_KINDS];
    uint8_t mode; /* MODE_* */
    const struct block *block;
    uint64_t left;           /* instructions that may be executed, when a block is entered */
    const struct slot *stop; /* where the block was left before its end; NULL: it was not */
    bool faulted;            /* there, by `fault` */
    bool sensitive;          /* there, for the caller to step */
    struct event fault;
    struct cpu_cache *cache;
    const struct cpu_ops *ops;
    void *world;
};

/* blocks.c */
/* The block at CS:EIP, made when there is none; NULL when its bytes cannot be had directly. */
const struct block *block_find(const struct cpu *cpu, struct run *run);
/*
 * The bytes at `lin`, for an access that found no entry in the TLB: NULL when it must go the long
 * way (it spans pages, it needs checks, it would change the block that is running).
 */
uint8_t *tlb_miss(const struct cpu *cpu, struct run *run, uint64_t lin, unsigned size,
                  unsigned kind);
/* Forgets translations if they are no longer good. To be called behind every call of `ops`. */
void tlb_check(struct cpu_cache *cache);

/* translate.c: fills a slot for a harmless instruction; base, at and end are set. False: there is
 * no function for it but execute_insn(). Sets *ends when no instruction follows in the block. */
bool translate(const struct insn *insn, unsigned mode, struct slot *s, bool *ends);
/* Any instruction, by cpu_execute(), from block->insn[s->insn]. */
void execute_insn(struct cpu *cpu, const struct slot *s, struct run *run);
/* The same, at the end of a block. */
void execute_last(struct cpu *cpu, const struct slot *s, struct run *run);
/* Behind the last instruction of a block: goes on at s->end. */
void end_block(struct cpu *cpu, const struct slot *s, struct run *run);
/* In place of an instruction: nothing is executed from here on but by cpu_step(). */
void leave_slot(struct cpu *cpu, const struct slot *s, struct run *run);

#endif
