#define _GNU_SOURCE
#include "host_cpu.h"

#include <asm/ldt.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define TF               0x100u
#define HWCAP2_FSGSBASE_ 2u

/* At HOST_PRIVATE, where absolute 32-bit addresses reach it; the assembly below knows the layout.
 */
struct runner {
    uint64_t own_rsp;                              /* 0x00 */
    uint64_t own_fs_base;                          /* 0x08 */
    uint64_t context;                              /* 0x10: ucontext_t of the signal */
    uint32_t inside;                               /* 0x18 */
    uint16_t in_ds, in_es, in_fs, in_gs;           /* 0x1c */
    uint16_t out_ds, out_es, out_fs, out_gs;       /* 0x24 */
    uint32_t gpr[8];                               /* 0x2c, ESP unused */
    uint64_t frame[5];                             /* 0x50: RIP CS RFLAGS RSP SS */
    uint8_t fpu[512] __attribute__((aligned(16))); /* 0x80 */
};

_Static_assert(offsetof(struct runner, in_ds) == 0x1c, "known to the assembly");
_Static_assert(offsetof(struct runner, out_ds) == 0x24, "known to the assembly");
_Static_assert(offsetof(struct runner, gpr) == 0x2c, "known to the assembly");
_Static_assert(offsetof(struct runner, frame) == 0x50, "known to the assembly");
_Static_assert(offsetof(struct runner, fpu) == 0x80, "known to the assembly");

static struct runner *const runner = (struct runner *)(uintptr_t)HOST_PRIVATE;

void host_cpu_enter(void);
void host_cpu_signal(void);

/*
 * IRETQ enters compatibility mode with TF set; what follows the one instruction is a signal, whose
 * handler leaves the kernel's frame where it is and returns from host_cpu_enter(). The signal has
 * not restored FS, on which the C library lives: that comes first.
 */
__asm__(".pushsection .text\n"
        ".globl host_cpu_enter\n"
        "host_cpu_enter:\n"
        "    push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
        "    mov %rsp, 0x10000000\n"
        "    fxrstor 0x10000080\n"
        "    movl $1, 0x10000018\n"
        "    mov 0x1000001c, %ds\n"
        "    mov 0x1000001e, %es\n"
        "    mov 0x10000020, %fs\n"
        "    mov 0x10000022, %gs\n"
        "    mov $0x10000050, %esp\n"
        "    mov 0x1000002c, %eax\n"
        "    mov 0x10000030, %ecx\n"
        "    mov 0x10000034, %edx\n"
        "    mov 0x10000038, %ebx\n"
        "    mov 0x10000040, %ebp\n"
        "    mov 0x10000044, %esi\n"
        "    mov 0x10000048, %edi\n"
        "    iretq\n"
        ".globl host_cpu_signal\n"
        "host_cpu_signal:\n"
        "    cmpl $0, 0x10000018\n"
        "    jne 1f\n"
        "    mov $231, %eax\n" /* exit_group: a bug of this program */
        "    mov $99, %edi\n"
        "    syscall\n"
        "1:  movl $0, 0x10000018\n"
        "    mov %ds, 0x10000024\n"
        "    mov %es, 0x10000026\n"
        "    mov %fs, 0x10000028\n"
        "    mov %gs, 0x1000002a\n"
        "    xor %eax, %eax\n"
        "    mov %eax, %fs\n"
        "    mov 0x10000008, %rax\n"
        "    wrfsbase %rax\n"
        "    mov $0x2b, %eax\n"
        "    mov %eax, %ds\n"
        "    mov %eax, %es\n"
        "    mov %rdx, 0x10000010\n"
        "    mov 0x10000000, %rsp\n"
        "    pushq $0x202\n"
        "    popfq\n"
        "    pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
        "    ret\n"
        ".popsection\n");

static bool map(uint32_t address, size_t bytes, int protection)
{
    void *at = (void *)(uintptr_t)address;
    return mmap(at, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) ==
           at;
}

static bool take_signals(void)
{
    static const int signals[] = {SIGTRAP, SIGSEGV, SIGBUS, SIGILL, SIGFPE};
    static uint8_t stack[1 << 17];
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    uintptr_t handler = (uintptr_t)host_cpu_signal;

    memcpy(&action.sa_sigaction, &handler, sizeof(handler));
    if (sigaltstack(&alternate, NULL))
        return false;
    for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        if (sigaction(signals[i], &action, NULL))
            return false;
    return true;
}

bool host_cpu_init(void)
{
    const int rw = PROT_READ | PROT_WRITE;

    if (!(getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE_))
        return false;
    if (!map(HOST_PRIVATE, 4096, rw) || !map(HOST_CODE, HOST_CODE_SIZE, rw | PROT_EXEC) ||
        !map(HOST_DATA, HOST_DATA_SIZE, rw) || !map(HOST_CONST, HOST_CONST_SIZE, PROT_READ))
        return false;
    /* A page that nobody has touched is not there yet. */
    for (uint32_t at = HOST_DATA; at < HOST_CONST + HOST_CONST_SIZE; at += 4096)
        (void)*(volatile uint8_t *)host_memory(at);
    __asm__ volatile("rdfsbase %0" : "=r"(runner->own_fs_base));
    return take_signals();
}

bool host_cpu_ldt(unsigned index, const struct host_segment *s)
{
    struct user_desc d = {
        .entry_number = index,
        .base_addr = s->base,
        .limit = s->limit,
        .seg_32bit = s->big,
        .contents = s->code ? 2 : s->down,
        .read_exec_only = s->limited,
        .limit_in_pages = s->pages,
        .seg_not_present = s->absent,
        .useable = 1,
    };
    return syscall(SYS_modify_ldt, 0x11, &d, sizeof(d)) == 0;
}

static void collect(struct host_outcome *out)
{
    static const uint8_t from[8] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX,
                                    REG_RSP, REG_RBP, REG_RSI, REG_RDI};
    const ucontext_t *context = (const ucontext_t *)(uintptr_t)runner->context;
    const greg_t *greg = context->uc_mcontext.gregs;
    uint64_t selectors = (uint64_t)greg[REG_CSGSFS];

    for (unsigned i = 0; i < 8; i++)
        out->state.gpr[i] = (uint32_t)greg[from[i]];
    out->state.eip = (uint32_t)greg[REG_RIP];
    out->state.eflags = (uint32_t)greg[REG_EFL];
    out->state.seg[0] = runner->out_es;
    out->state.seg[1] = (uint16_t)selectors;
    out->state.seg[2] = (uint16_t)(selectors >> 48);
    out->state.seg[3] = runner->out_ds;
    out->state.seg[4] = runner->out_fs;
    out->state.seg[5] = runner->out_gs;
    memcpy(out->state.fpu, context->uc_mcontext.fpregs, sizeof(out->state.fpu));
    out->vector = (unsigned)greg[REG_TRAPNO];
    out->error = (uint32_t)greg[REG_ERR];
    out->cr2 = (uint32_t)greg[REG_CR2];
}

void host_cpu_run(const struct host_state *in, struct host_outcome *out)
{
    memcpy(runner->gpr, in->gpr, sizeof(in->gpr));
    memcpy(runner->fpu, in->fpu, sizeof(in->fpu));
    runner->in_es = in->seg[0];
    runner->in_ds = in->seg[3];
    runner->in_fs = in->seg[4];
    runner->in_gs = in->seg[5];
    runner->frame[0] = in->eip;
    runner->frame[1] = in->seg[1];
    runner->frame[2] = in->eflags | TF;
    runner->frame[3] = in->gpr[4];
    runner->frame[4] = in->seg[2];
    host_cpu_enter();
    collect(out);
}
