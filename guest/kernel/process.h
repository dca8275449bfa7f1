/* Processes: their life from fork to wait. */
#ifndef PROCESS_H
#define PROCESS_H

#include "abi.h"
#include "file.h"
#include "fpu.h"
#include "trap.h"
#include "user_space.h"
#include <stdbool.h>
#include <stdint.h>

#define PROCESS_MAX 64
#define INIT_PID    1

enum process_state {
    PROCESS_FREE,
    PROCESS_READY, /* running or waiting for the CPU */
    PROCESS_SLEEPING,
    PROCESS_ZOMBIE,
};

struct process {
    int pid;
    enum process_state state;
    char name[NAME_SIZE];
    struct process *parent;
    int job; /* ctrl-c reaches all processes of the foreground job */

    uint32_t kernel_esp; /* while not running: the stack that switch_stacks left */
    uint32_t stack_top;
    struct user_space space;
    struct file files[FILES_MAX];
    struct fpu_state fpu;

    const void *channel; /* what it sleeps for */
    uint32_t wake_tick;
    uint32_t ticks;

    bool killed;
    int kill_status;
    int status;
    uint32_t fault_address;
};

extern struct process processes[PROCESS_MAX];
extern struct process *current;

/** Make the running boot code process 0, which idles when nobody else can run. */
void process_init(void);

/** Start a kernel thread; panics when there is no room. It becomes a process by process_exec. */
struct process *process_start_thread(const char *name, void (*function)(void));

/** Duplicate the current process; the child's pid, or an error. */
int process_fork(const struct trap_frame *f);

/** End the current process. */
__attribute__((noreturn)) void process_exit(int status);

/**
 * Wait for a child to end: that of the pid, or WAIT_ANY; its pid, or an error. With WAIT_NOT
 * return 0 at once when none has ended.
 */
int process_wait(int pid, int *status);

/** Let a process end with `status` when it next leaves the kernel; wakes it for that. */
void process_kill(struct process *p, int status);

/** NULL when there is no living process of that pid. */
struct process *process_find(int pid);

/** Kill every process of a job. */
void process_kill_job(int job);

/** Describe the processes that exist; how many. */
uint32_t process_list(struct process_info *list, uint32_t max);

#endif
