#include "panic.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hypervisor/boot/image.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/gdt.h"
#include "hypervisor/cpu/host_trap.h"
#include "console.h"
#include "symbols.h"
#include "hypervisor/vm/vm.h"

#define BACKTRACE_MAX 32

static bool panicking;

/* A panic inside a panic says so and stops: its cause is in what was printed so far. */
static void begin(void)
{
    cli();
    if (panicking) {
        console_printf("umbra: panic: another one while reporting the first\n");
        host_exit(PANIC_EXIT_CODE);
    }
    panicking = true;
}

static void print_address(uint64_t address)
{
    const struct symbol *symbol = symbol_at(address);

    if (symbol)
        console_printf("  %016lx %s+%#lx\n", address, symbol->name, address - symbol->address);
    else
        console_printf("  %016lx ?\n", address);
}

/* Walks saved frame pointers: {caller's RBP, return address}. Only addresses within the image are
 * followed, and only upwards. */
static void print_backtrace(uint64_t rbp)
{
    for (unsigned i = 0; i < BACKTRACE_MAX; i++) {
        const uint64_t *frame = (const uint64_t *)rbp;

        if (rbp < (uint64_t)data_start || rbp > (uint64_t)image_end - 16 || rbp % 8 != 0 ||
            frame[1] == 0)
            return;
        print_address(frame[1]);
        if (frame[0] <= rbp)
            return;
        rbp = frame[0];
    }
}

static void print_control(void)
{
    console_printf("  cr0 %016lx  cr2 %016lx  cr3 %016lx  cr4 %016lx\n", read_cr0(), read_cr2(),
                   read_cr3(), read_cr4());
    console_printf("  ds %04x  es %04x  fs %04x  gs %04x\n", read_ds(), read_es(), read_fs(),
                   read_gs());
}

static void print_registers(const struct host_registers *regs)
{
    console_printf("  vector %lu  error %lx\n", regs->vector, regs->error);
    console_printf("  rip %016lx  cs  %04lx  rflags %08lx  rsp %016lx  ss %04lx\n", regs->rip,
                   regs->cs, regs->rflags, regs->rsp, regs->ss);
    console_printf("  rax %016lx  rcx %016lx  rdx %016lx  rbx %016lx\n", regs->rax, regs->rcx,
                   regs->rdx, regs->rbx);
    console_printf("  rbp %016lx  rsi %016lx  rdi %016lx  r8  %016lx\n", regs->rbp, regs->rsi,
                   regs->rdi, regs->r8);
    console_printf("  r9  %016lx  r10 %016lx  r11 %016lx  r12 %016lx\n", regs->r9, regs->r10,
                   regs->r11, regs->r12);
    console_printf("  r13 %016lx  r14 %016lx  r15 %016lx\n", regs->r13, regs->r14, regs->r15);
}

/* TSS.RSP0 is the end of the current vCPU's frame. */
static void dump_current_vcpu(void)
{
    uint64_t frame_end = tss_rsp0();

    if (frame_end == 0)
        return;
    const struct vcpu *vcpu =
        (const struct vcpu *)(frame_end - sizeof(struct trap_frame) - offsetof(struct vcpu, frame));
    vcpu_dump(vcpu);
    if (vcpu->vm)
        trace_dump(vcpu->vm, TRACE_LAST);
}

void panic(const char *format, ...)
{
    va_list args;

    begin();
    console_printf("umbra: panic: ");
    va_start(args, format);
    console_vprintf(format, args);
    va_end(args);
    console_printf("\n");
    print_control();
    console_printf("umbra: backtrace\n");
    print_backtrace((uint64_t)__builtin_frame_address(0));
    dump_current_vcpu();
    host_exit(PANIC_EXIT_CODE);
}

void panic_trap(const struct host_registers *regs)
{
    begin();
    console_printf("umbra: panic: the monitor itself trapped\n");
    print_registers(regs);
    print_control();
    console_printf("umbra: backtrace\n");
    print_address(regs->rip);
    print_backtrace(regs->rbp);
    dump_current_vcpu();
    host_exit(PANIC_EXIT_CODE);
}
