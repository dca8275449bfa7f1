/*
 * A debugger's means, used by one process on another through ptrace: single steps, and hardware
 * breakpoints in the debug registers. Prints where each stops, relative to the code.
 */
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* DR7: enables breakpoint n locally; the kind and length of what it breaks on. */
#define ENABLE(n, kind) (1u << (2 * (n)) | (kind) << (16 + 4 * (n)))
#define ON_EXECUTE      0x0u
#define ON_WRITE_4      0xdu
#define ON_ACCESS_1     0x3u

extern const uint8_t traced_code[], traced_loop[], traced_store[], traced_end[];
volatile uint32_t traced_word = 1;

/* What is traced: a loop, EFLAGS on the stack, a store, a load, a string instruction, a system
 * call.
 */
__asm__(".pushsection .text\n"
        "traced_code:  xorl %eax, %eax\n"
        "              movl $5, %ecx\n"
        "traced_loop:  addl %ecx, %eax\n"
        "              loop traced_loop\n"
        "              pushfl\n"
        "              popl %edx\n"
        "traced_store: movl %eax, traced_word\n"
        "              movb traced_word, %al\n"
        "              movl %esp, %esi\n"
        "              movl $3, %ecx\n"
        "              rep lodsb\n"
        "              movw %ss, %bx\n"
        "              movw %bx, %ss\n"
        "              nop\n"
        "              movl $20, %eax\n" /* getpid */
        "              int $0x80\n"
        "traced_end:   ret\n"
        ".globl traced_code, traced_loop, traced_store, traced_end\n"
        ".popsection\n");

static pid_t start(void)
{
    pid_t child = fork();
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        __asm__ volatile("xor %%ecx, %%ecx; call traced_code" ::
                             : "eax", "ebx", "ecx", "edx", "esi", "memory");
        _exit(7);
    }
    waitpid(child, NULL, 0);
    return child;
}

/* Lets it go on until it stops; -1 when it has ended. */
static int resume(pid_t child, enum __ptrace_request how)
{
    int status;
    ptrace(how, child, 0, 0);
    waitpid(child, &status, 0);
    if (WIFSTOPPED(status))
        return WSTOPSIG(status);
    printf("  ended: %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
    return -1;
}

static void show(pid_t child, int number)
{
    struct user_regs_struct regs;
    ptrace(PTRACE_GETREGS, child, 0, &regs);
    long dr6 = ptrace(PTRACE_PEEKUSER, child, offsetof(struct user, u_debugreg[6]), 0);
    printf("  signal %d at +%ld, ecx %ld, eflags %lx, dr6 %lx\n", number,
           regs.eip - (long)(uintptr_t)traced_code, regs.ecx, regs.eflags & ~0x40000L, dr6);
}

static int inside(pid_t child)
{
    struct user_regs_struct regs;
    ptrace(PTRACE_GETREGS, child, 0, &regs);
    return (uintptr_t)regs.eip >= (uintptr_t)traced_code &&
           (uintptr_t)regs.eip <= (uintptr_t)traced_end;
}

static void trace_steps(void)
{
    pid_t child = start();
    unsigned steps = 0;
    printf("single steps:\n");
    while (!inside(child) && resume(child, PTRACE_SINGLESTEP) > 0 && steps < 10000)
        steps++;
    while (inside(child)) {
        show(child, SIGTRAP);
        if (resume(child, PTRACE_SINGLESTEP) < 0)
            return;
    }
    resume(child, PTRACE_CONT);
}

static void trace_breakpoint(const char *name, const volatile void *address, unsigned kind)
{
    pid_t child = start();
    int number;
    printf("breakpoint, %s:\n", name);
    /* Two of them: the second is never reached. */
    if (ptrace(PTRACE_POKEUSER, child, offsetof(struct user, u_debugreg[0]), address) ||
        ptrace(PTRACE_POKEUSER, child, offsetof(struct user, u_debugreg[3]), trace_breakpoint) ||
        ptrace(PTRACE_POKEUSER, child, offsetof(struct user, u_debugreg[7]),
               ENABLE(0, kind) | ENABLE(3, ON_EXECUTE)))
        perror("  POKEUSER");
    while ((number = resume(child, PTRACE_CONT)) > 0)
        show(child, number);
}

static void refuse_breakpoint(void)
{
    pid_t child = start();
    long refused = ptrace(PTRACE_POKEUSER, child, offsetof(struct user, u_debugreg[0]), 0xfffff000);
    printf("breakpoint in the kernel: %s\n", refused ? "refused" : "taken");
    resume(child, PTRACE_CONT);
}

/* With an argument: as another debugger wants it, without one of our own. */
int main(int argc, char **argv)
{
    if (argc > 1) {
        __asm__ volatile("xor %%ecx, %%ecx; call traced_code" ::
                             : "eax", "ebx", "ecx", "edx", "esi", "memory");
        return argv[1][0] == 'a' ? 7 : 1;
    }
    setvbuf(stdout, NULL, _IONBF, 0);
    trace_steps();
    trace_breakpoint("execute", traced_store, ON_EXECUTE);
    trace_breakpoint("in a loop", traced_loop, ON_EXECUTE);
    trace_breakpoint("write", &traced_word, ON_WRITE_4);
    trace_breakpoint("access", &traced_word, ON_ACCESS_1);
    refuse_breakpoint();
    return 0;
}
