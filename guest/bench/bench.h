/* Workloads that show what a monitor costs: each does one thing n times, in a machine where nothing
 * else happens. work=NAME n=N on the command line chooses; `quiet` prints nothing. */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>

#define PAGE_SIZE 4096u

#define PTE_P 0x01u
#define PTE_W 0x02u
#define PTE_U 0x04u
#define PTE_A 0x20u
#define PTE_D 0x40u

/* Linear addresses from here on belong to the page workloads: one page table each 4 MiB. */
#define WINDOW        0x40000000u
#define WINDOW_TABLES 16u

/* Physical frames for them, mapped one to one, and touched before anything is measured. */
#define POOL_START  0x1000000u
#define POOL_FRAMES 4096u

extern uint32_t directories[2][1024];
extern uint32_t window_tables[WINDOW_TABLES][1024];
extern uint32_t process_cr3[2];

/** Descriptor tables, paging, interrupt controllers: everything a workload may use. */
void machine_init(void);

/** Physical address of frame i of the pool. */
uint32_t pool_frame(uint32_t i);

/** Map all of the window, accessed and dirty, in tables that no TLB has seen. */
void window_fill(void);

/** Give the window's tables to the page directory. */
void window_open(void);

/** Ends the machine with the exit status of a failure. */
__attribute__((noreturn)) void bench_failed(void);

/* --- Crossing the rings: entry.asm. --- */

void enter_user(void (*code)(uint32_t n), uint32_t n, uint32_t *stack_top);
void prepare_process(uint32_t *kernel_stack_top, void (*code)(void), uint32_t *stack_top);

/* --- Code at CPL 3: user.c and entry.asm. --- */

extern uint32_t user_stacks[2][1024];

void user_compute(uint32_t n);
void user_null_calls(uint32_t n);
void user_counted_calls(uint32_t n);
void user_sysenter(uint32_t n);
void user_segments(uint32_t n);
void user_touch(uint32_t n);
void user_yield(uint32_t n);
void user_yield_back(void);
void user_mixed(uint32_t n);
void user_mixed_back(void);

/* --- The table of workloads. --- */

struct workload {
    const char *name;
    void (*prepare)(void); /* not measured; may be NULL */
    void (*run)(uint32_t n);
};

extern const struct workload workloads[];
extern const size_t workload_count;

/** A little arithmetic, without memory and without anything privileged: 13 instructions a round. */
static inline uint32_t mix(uint32_t x, uint32_t rounds)
{
    while (rounds--) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
    }
    return x;
}

#endif
