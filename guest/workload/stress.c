/*
 * A fixed number of everything that processes do to each other: fork and exit, copy on write, mmap
 * with faults and mprotect, signals, pipes, and what is theirs alone (x87 and MMX state). Prints
 * sums that any machine comes to.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096u

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void check_forks(void)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < 100; i++) {
        int status;
        pid_t child = fork();
        if (child == 0)
            _exit((int)(i * 7 % 251));
        if (child < 0 || waitpid(child, &status, 0) != child)
            die("fork");
        sum = sum * 31 + (unsigned)WEXITSTATUS(status);
    }
    printf("forks: %08x\n", sum);
}

static void check_copy_on_write(void)
{
    enum { PAGES = 64 };
    uint8_t *memory =
        mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned sum = 0;
    int status;
    if (memory == MAP_FAILED)
        die("mmap");
    for (unsigned i = 0; i < PAGES; i++)
        memory[i * PAGE] = (uint8_t)i;
    for (unsigned round = 0; round < 10; round++) {
        pid_t child = fork();
        if (child == 0) {
            for (unsigned i = 0; i < PAGES; i++)
                memory[i * PAGE] ^= 0xff;
            for (unsigned i = 0; i < PAGES; i++)
                sum += memory[i * PAGE];
            _exit((int)(sum & 0x7f));
        }
        if (child < 0 || waitpid(child, &status, 0) != child)
            die("fork");
        for (unsigned i = 0; i < PAGES; i++)
            sum += memory[i * PAGE];
        sum = sum * 31 + (unsigned)WEXITSTATUS(status);
    }
    printf("copy on write: %08x\n", sum);
}

static volatile unsigned faults;
static sigjmp_buf again;

static void on_fault(int number, siginfo_t *info, void *context)
{
    (void)context;
    faults += (unsigned)number + (unsigned)info->si_code;
    siglongjmp(again, 1);
}

static void check_protection(void)
{
    enum { PAGES = 32 };
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigaction(SIGSEGV, &action, NULL);
    volatile uint8_t *memory =
        mmap(NULL, PAGES * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (volatile unsigned i = 0; i < PAGES; i++) {
        if (sigsetjmp(again, 1) == 0)
            memory[i * PAGE] = 1;
        else if (mprotect((void *)(memory + i * PAGE), PAGE, PROT_READ | PROT_WRITE))
            die("mprotect");
        memory[i * PAGE] = (uint8_t)i;
    }
    munmap((void *)memory, PAGES * PAGE);
    if (sigsetjmp(again, 1) == 0)
        memory[0] = 1;
    printf("write faults: %u\n", faults);
}

/* Each kind of exception that a program can cause, as the signal and code that it becomes. */
static void attempt(const char *name, void (*cause)(void))
{
    faults = 0;
    if (sigsetjmp(again, 1) == 0)
        cause();
    printf("%s: %u\n", name, faults);
}

static void cause_divide(void)
{
    __asm__ volatile("xor %%edx, %%edx; xor %%ecx, %%ecx; div %%ecx" ::: "eax", "ecx", "edx");
}

static void cause_undefined(void)
{
    __asm__ volatile("ud2");
}

static void cause_privileged(void)
{
    __asm__ volatile("cli");
}

static void cause_breakpoint(void)
{
    __asm__ volatile("int3");
}

static void cause_port(void)
{
    __asm__ volatile("inb $0x70, %%al" ::: "eax");
}

static void cause_overflow(void)
{
    __asm__ volatile("movb $0x7f, %%al; incb %%al; into" ::: "eax");
}

static void cause_bound(void)
{
    static const int bounds[2] = {0, 3};
    __asm__ volatile("bound %0, %1" ::"r"(7), "m"(bounds));
}

static void cause_selector(void)
{
    __asm__ volatile("movw %w0, %%fs" ::"r"(0x1234));
}

static void cause_x87(void)
{
    static const short unmasked = 0x0370;
    __asm__ volatile("fninit; fldcw %0; fld1; fldz; fdivrp; fwait" ::"m"(unmasked));
}

static void check_exceptions(void)
{
    static const int signals[] = {SIGSEGV, SIGFPE, SIGILL, SIGTRAP, SIGBUS};
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
    for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        sigaction(signals[i], &action, NULL);
    attempt("#DE", cause_divide);
    attempt("#UD", cause_undefined);
    attempt("#GP, CLI", cause_privileged);
    attempt("#GP, IN", cause_port);
    attempt("#GP, selector", cause_selector);
    attempt("#BP", cause_breakpoint);
    attempt("#OF", cause_overflow);
    attempt("#BR", cause_bound);
    attempt("#MF", cause_x87);
    __asm__ volatile("fninit");
}

static volatile unsigned signals;

static void on_signal(int number)
{
    signals += (unsigned)number;
}

static void check_signals(void)
{
    signal(SIGUSR1, on_signal);
    for (unsigned i = 0; i < 500; i++)
        raise(SIGUSR1);
    pid_t child = fork();
    if (child == 0) {
        for (;;)
            pause();
    }
    kill(child, SIGTERM);
    int status;
    waitpid(child, &status, 0);
    printf("signals: %u, the child's end: %d\n", signals, WTERMSIG(status));
}

static void check_pipes(void)
{
    int there[2], back[2];
    uint32_t value = 1;
    if (pipe(there) || pipe(back))
        die("pipe");
    pid_t child = fork();
    if (child == 0) {
        close(there[1]);
        while (read(there[0], &value, sizeof(value)) == sizeof(value)) {
            value = value * 1664525u + 1013904223u;
            if (write(back[1], &value, sizeof(value)) != sizeof(value))
                _exit(1);
        }
        _exit(0);
    }
    for (unsigned i = 0; i < 500; i++) {
        if (write(there[1], &value, sizeof(value)) != sizeof(value) ||
            read(back[0], &value, sizeof(value)) != sizeof(value))
            die("pipe");
    }
    close(there[1]);
    waitpid(child, NULL, 0);
    printf("pipes: %08x\n", value);
}

/* Two processes that compute with the x87 by turns: the kernel switches their state lazily. */
static double series(unsigned terms)
{
    volatile double sum = 0;
    for (unsigned i = 0; i < terms; i++) {
        sum += (i % 2 ? -4.0 : 4.0) / (2 * i + 1);
        if (i % 500 == 0)
            usleep(0);
    }
    return sum;
}

static void check_floating_point(void)
{
    pid_t child = fork();
    double sum = series(child ? 20000 : 10000);
    if (child == 0)
        _exit(sum > 3.1414 && sum < 3.1416 ? 42 : 1);
    int status;
    waitpid(child, &status, 0);
    printf("series: %.12f, the child's: %d\n", sum, WEXITSTATUS(status));
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    check_forks();
    check_copy_on_write();
    check_protection();
    check_exceptions();
    check_signals();
    check_pipes();
    check_floating_point();
    return 0;
}
