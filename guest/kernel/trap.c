#include "trap.h"
#include "abi.h"
#include "cpu.h"
#include "fault.h"
#include "fpu.h"
#include "panic.h"
#include "pic.h"
#include "process.h"
#include "sched.h"
#include "syscall.h"

static void (*irq_handlers[IRQ_LINES])(void);
static uint32_t irqs_taken;
static uint32_t breakpoints;

void irq_install(uint32_t line, void (*handler)(void))
{
    irq_handlers[line] = handler;
    pic_unmask(line);
}

uint32_t irq_count(void)
{
    return irqs_taken;
}

uint32_t kernel_breakpoints(void)
{
    return breakpoints;
}

static void handle_irq(uint32_t line)
{
    if (pic_is_spurious(line))
        return;
    irqs_taken++;
    pic_end_of_interrupt(line);
    if (irq_handlers[line])
        irq_handlers[line]();
}

static void handle_exception(struct trap_frame *f)
{
    switch (f->vector) {
    case EXC_PF:
        fault_page(f, read_cr2());
        break;
    case EXC_NM:
        fpu_take();
        break;
    default:
        if (from_user(f))
            fault_stop_process(f);
        else if (f->vector == EXC_BP)
            breakpoints++;
        else
            panic_trap(f, "exception in the kernel");
    }
}

/* On the way back to ring 3, and only there, a process loses the CPU or its life. */
static void before_user(void)
{
    cli();
    while (current->killed || need_resched) {
        sti();
        if (current->killed)
            process_exit(current->kill_status);
        schedule();
        cli();
    }
}

void trap_dispatch(struct trap_frame *f)
{
    if (f->vector < IRQ_BASE)
        handle_exception(f);
    else if (f->vector < IRQ_BASE + IRQ_LINES)
        handle_irq(f->vector - IRQ_BASE);
    else
        f->eax = (uint32_t)syscall_dispatch(f);
    if (from_user(f))
        before_user();
}
