#include "panic.h"
#include "abi.h"
#include "cpu.h"
#include "fault.h"
#include "gdt.h"
#include "lib/format.h"
#include "paging.h"
#include "power.h"
#include "printk.h"
#include "process.h"

#define BACKTRACE_MAX 16

/* The kernel is compiled with frame pointers: saved EBP, then the return address above it. */
static void print_backtrace(uint32_t ebp)
{
    printk("backtrace:");
    for (int i = 0; i < BACKTRACE_MAX && ebp >= KERNEL_BASE && ebp % 4 == 0; i++) {
        const uint32_t *frame = (const uint32_t *)ebp;

        printk(" %08x", frame[1]);
        if (frame[0] <= ebp)
            break;
        ebp = frame[0];
    }
    printk("\n");
}

static void print_process(void)
{
    if (current)
        printk("process %s[%d]\n", current->name, current->pid);
}

static void print_control_registers(void)
{
    printk("cr0 %08x cr2 %08x cr3 %08x cr4 %08x\n", read_cr0(), read_cr2(), read_cr3(), read_cr4());
}

void panic(const char *f, ...)
{
    char message[128];
    va_list args;

    cli();
    va_start(args, f);
    format_va(message, sizeof(message), f, args);
    va_end(args);
    printk("\nkernel panic: %s\n", message);
    print_process();
    print_backtrace((uint32_t)__builtin_frame_address(0));
    power(POWER_OFF_FAILED);
}

void panic_trap(const struct trap_frame *f, const char *message)
{
    cli();
    printk("\nkernel panic: %s: %s(%x) at eip %08x\n", message, fault_name(f->vector), f->error,
           f->eip);
    print_process();
    printk("eax %08x ebx %08x ecx %08x edx %08x\n", f->eax, f->ebx, f->ecx, f->edx);
    printk("esi %08x edi %08x ebp %08x esp %08x\n", f->esi, f->edi, f->ebp, (uint32_t)&f->esp);
    printk("cs %04x ds %04x es %04x fs %04x gs %04x eflags %08x\n", f->cs & 0xFFFF, f->ds & 0xFFFF,
           f->es & 0xFFFF, f->fs & 0xFFFF, f->gs & 0xFFFF, f->eflags);
    print_control_registers();
    print_backtrace(f->ebp);
    power(POWER_OFF_FAILED);
}

void panic_double_fault(void)
{
    const struct tss *t = tss_interrupted();

    printk("\nkernel panic: double fault at eip %08x, esp %08x\n", t->eip, t->esp);
    print_process();
    print_control_registers();
    print_backtrace(t->ebp);
    power(POWER_OFF_FAILED);
}
