#include "sched.h"
#include "cpu.h"
#include "fpu.h"
#include "gdt.h"
#include "paging.h"
#include "pit.h"
#include "process.h"
#include <stddef.h>

volatile bool need_resched;

static uint32_t switches;

void switch_stacks(uint32_t *save, uint32_t load);

uint32_t sched_switches(void)
{
    return switches;
}

/* The next ready process after the current one; process 0 only when there is no other. */
static struct process *pick(void)
{
    uint32_t start = (uint32_t)(current - processes);

    for (uint32_t i = 1; i <= PROCESS_MAX; i++) {
        uint32_t slot = (start + i) % PROCESS_MAX;

        if (slot && processes[slot].state == PROCESS_READY)
            return &processes[slot];
    }
    return &processes[0];
}

static void switch_to(struct process *next)
{
    struct process *previous = current;

    current = next;
    switches++;
    tss_set_kernel_stack(next->stack_top);
    /* A kernel thread runs on whatever directory is loaded: the kernel is in all of them. */
    if (next->space.directory && next->space.directory != read_cr3())
        write_cr3(next->space.directory);
    fpu_switch(next);
    switch_stacks(&previous->kernel_esp, next->kernel_esp);
}

void schedule(void)
{
    uint32_t flags = irq_save();
    struct process *next = pick();

    need_resched = false;
    if (next != current)
        switch_to(next);
    irq_restore(flags);
}

void sleep_on(const void *channel)
{
    uint32_t flags = irq_save();

    if (!current->killed) {
        current->channel = channel;
        current->state = PROCESS_SLEEPING;
        schedule();
        current->channel = NULL;
    }
    irq_restore(flags);
}

void wake_all(const void *channel)
{
    uint32_t flags = irq_save();

    for (struct process *p = processes; p < processes + PROCESS_MAX; p++) {
        if (p->state == PROCESS_SLEEPING && p->channel == channel)
            p->state = PROCESS_READY;
    }
    irq_restore(flags);
}

static const char sleepers[] = "sleepers"; /* a channel of its own for those who wait for time */

void sleep_ms(uint32_t ms)
{
    /* One more tick, for the part of the current one that is already over. */
    uint32_t ticks = (ms + MS_PER_TICK - 1) / MS_PER_TICK + 1;
    uint32_t flags = irq_save();

    current->wake_tick = pit_ticks() + ticks;
    while ((int32_t)(current->wake_tick - pit_ticks()) > 0 && !current->killed)
        sleep_on(sleepers);
    irq_restore(flags);
}

void sched_tick(void)
{
    current->ticks++;
    need_resched = true;
    for (struct process *p = processes; p < processes + PROCESS_MAX; p++) {
        if (p->state == PROCESS_SLEEPING && p->channel == sleepers &&
            (int32_t)(p->wake_tick - pit_ticks()) <= 0)
            p->state = PROCESS_READY;
    }
}

void sched_idle(void)
{
    for (;;) {
        cli();
        if (pick() == current)
            sti_hlt();
        sti();
        schedule();
    }
}
