#include "process.h"
#include "cpu.h"
#include "frames.h"
#include "lib/string.h"
#include "paging.h"
#include "panic.h"
#include "sched.h"

#define STACK_PAGES 2
#define STACK_SLOT  (4 * PAGE_SIZE) /* a stack, and unmapped pages that catch its overflow */

struct process processes[PROCESS_MAX];
struct process *current;

static int next_pid;

void thread_start(void);
void thread_finished(void);

static uint32_t stack_slot(const struct process *p)
{
    return WINDOW_BASE + (uint32_t)(p - processes) * STACK_SLOT;
}

static void free_stack(struct process *p)
{
    for (uint32_t at = p->stack_top - STACK_PAGES * PAGE_SIZE; at < p->stack_top; at += PAGE_SIZE) {
        uint32_t *pte = pte_find(kernel_directory(), at, false);

        if (*pte & PTE_PRESENT)
            frame_free(PTE_FRAME(*pte));
        window_map(at, 0);
    }
}

static bool alloc_stack(struct process *p)
{
    p->stack_top = stack_slot(p) + STACK_SLOT;
    for (uint32_t i = 1; i <= STACK_PAGES; i++) {
        uint32_t frame = frame_alloc();

        if (!frame) {
            free_stack(p);
            return false;
        }
        window_map(p->stack_top - i * PAGE_SIZE, frame | PTE_PRESENT | PTE_WRITE);
    }
    return true;
}

/* A free slot with a kernel stack, not yet visible to the scheduler. */
static struct process *alloc_process(void)
{
    for (struct process *p = processes; p < processes + PROCESS_MAX; p++) {
        if (p->state != PROCESS_FREE)
            continue;
        memset(p, 0, sizeof(*p));
        if (!alloc_stack(p))
            return NULL;
        p->pid = next_pid++;
        p->parent = current;
        return p;
    }
    return NULL;
}

void process_init(void)
{
    current = &processes[0];
    current->pid = next_pid++;
    current->state = PROCESS_READY;
    string_copy(current->name, "idle", NAME_SIZE);
}

/* What switch_stacks pops: EDI, ESI, EBX, EBP and a return address. */
static void prepare_switch(struct process *p, uint32_t esp, uint32_t ebx, void (*resume)(void))
{
    uint32_t *stack = (uint32_t *)esp - 5;

    stack[0] = stack[1] = stack[3] = 0;
    stack[2] = ebx;
    stack[4] = (uint32_t)resume;
    p->kernel_esp = (uint32_t)stack;
}

struct process *process_start_thread(const char *name, void (*function)(void))
{
    struct process *p = alloc_process();

    if (!p)
        panic("no room for the thread %s", name);
    string_copy(p->name, name, NAME_SIZE);
    /* Below the room for the trap frame that process_exec fills in. */
    prepare_switch(p, p->stack_top - sizeof(struct trap_frame), (uint32_t)function, thread_start);
    p->state = PROCESS_READY;
    return p;
}

/* A thread that became a process has its trap frame at the top of its stack. */
void thread_finished(void)
{
    struct trap_frame *f = (struct trap_frame *)current->stack_top - 1;

    if (!current->space.directory)
        process_exit(STATUS_EXITED);
    cli();
    __asm__ volatile("movl %0, %%esp; jmp trap_return" : : "r"(f) : "memory");
    __builtin_unreachable();
}

int process_fork(const struct trap_frame *f)
{
    struct process *child = alloc_process();
    struct trap_frame *child_frame;

    if (!child)
        return ERR_AGAIN;
    if (!space_clone(&child->space, &current->space)) {
        free_stack(child);
        return ERR_NO_MEMORY;
    }
    string_copy(child->name, current->name, NAME_SIZE);
    child->job = current->job;
    files_share(child->files, current->files);
    fpu_copy(child, current);

    child_frame = (struct trap_frame *)child->stack_top - 1;
    *child_frame = *f;
    child_frame->eax = 0;
    prepare_switch(child, (uint32_t)child_frame, 0, trap_return);
    child->state = PROCESS_READY;
    return child->pid;
}

static void hand_children_to_init(void)
{
    for (struct process *p = processes; p < processes + PROCESS_MAX; p++) {
        if (p->state != PROCESS_FREE && p->parent == current)
            p->parent = process_find(INIT_PID);
    }
    wake_all(process_find(INIT_PID));
}

void process_exit(int status)
{
    if (current->pid == INIT_PID)
        panic("init ended with status %x", (uint32_t)status);
    files_close(current->files);
    fpu_drop(current);
    write_cr3(kernel_directory());
    space_destroy(&current->space);
    hand_children_to_init();

    cli();
    current->status = status;
    current->state = PROCESS_ZOMBIE;
    wake_all(current->parent);
    schedule();
    panic("a process that ended ran again");
}

static int reap(struct process *p, int *status)
{
    *status = p->status;
    free_stack(p);
    p->state = PROCESS_FREE;
    return p->pid;
}

int process_wait(int pid, int *status)
{
    for (;;) {
        bool any = false;

        for (struct process *p = processes; p < processes + PROCESS_MAX; p++) {
            if (p->state == PROCESS_FREE || p->parent != current || (pid > 0 && p->pid != pid))
                continue;
            if (p->state == PROCESS_ZOMBIE)
                return reap(p, status);
            any = true;
        }
        if (!any)
            return ERR_NO_CHILD;
        if (pid == WAIT_NOT)
            return 0;
        if (current->killed)
            return ERR_INTERRUPTED;
        sleep_on(current);
    }
}

void process_kill(struct process *p, int status)
{
    uint32_t flags = irq_save();

    if (!p->killed) {
        p->killed = true;
        p->kill_status = status;
    }
    if (p->state == PROCESS_SLEEPING)
        p->state = PROCESS_READY;
    irq_restore(flags);
}

struct process *process_find(int pid)
{
    for (struct process *p = processes; p < processes + PROCESS_MAX; p++) {
        if (p->pid == pid && p->state != PROCESS_FREE && p->state != PROCESS_ZOMBIE)
            return p;
    }
    return NULL;
}

void process_kill_job(int job)
{
    for (struct process *p = processes; p < processes + PROCESS_MAX; p++) {
        if (p->state != PROCESS_FREE && p->job == job)
            process_kill(p, STATUS_KILLED);
    }
}

static const char *state_name(const struct process *p)
{
    if (p == current)
        return "running";
    return p->state == PROCESS_READY      ? "ready"
           : p->state == PROCESS_SLEEPING ? "sleeping"
                                          : "zombie";
}

uint32_t process_list(struct process_info *list, uint32_t max)
{
    uint32_t n = 0;

    for (struct process *p = processes; p < processes + PROCESS_MAX && n < max; p++) {
        if (p->state == PROCESS_FREE)
            continue;
        list[n] = (struct process_info){
            p->pid, p->parent ? p->parent->pid : 0, p->ticks, p->space.pages, "", ""};
        string_copy(list[n].state, state_name(p), sizeof(list[n].state));
        string_copy(list[n].name, p->name, NAME_SIZE);
        n++;
    }
    return n;
}
