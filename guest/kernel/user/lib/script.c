#include "lib/script.h"
#include "lib/user.h"

#define EXC_DE 0
#define EXC_DB 1
#define EXC_BP 3
#define EXC_UD 6
#define EXC_GP 13
#define EXC_PF 14

/* --- Helpers. --- */

static bool expect(const char *what, bool good)
{
    printf("  %-44s %s\n", what, good ? "ok" : "WRONG");
    return good;
}

/* Runs a program given as words of one line. */
static int run_words(const char *command)
{
    char line[80], *argv[ARG_MAX] = {0}, *s = line;

    string_copy(line, command, sizeof(line));
    for (int i = 0; i < ARG_MAX - 1 && *s; i++) {
        argv[i] = s;
        while (*s && *s != ' ')
            s++;
        if (*s)
            *s++ = 0;
    }
    return run(argv);
}

static bool succeeds(const char *command)
{
    return run_words(command) == STATUS_EXITED;
}

/* --- Steps. --- */

static bool boot_facts(void)
{
    return check(CHECK_FACTS) == 0;
}

static bool kernel_instructions(void)
{
    return check(CHECK_INSTRUCTIONS) == 0;
}

static bool programs(void)
{
    bool good = succeeds("echo a program with arguments");

    good &= expect("a program that is not there", run_words("nothing") == 127);
    good &= expect("a text is no program", run_words("motd") == 127);
    good &= expect("half a program is none", run_words("truncated") == 127);
    return good;
}

/* A child that never gives up the CPU: that this goes on at all is the timer's work. */
static bool preemption(void)
{
    char *const argv[] = {"spin", NULL};
    int pid = spawn(argv), status = -1;

    sleep_ms(50);
    kill(pid);
    wait(pid, &status);
    return expect("a program in an endless loop loses the CPU", status == STATUS_KILLED);
}

/* Three children sleep for different times; the pipe shows who woke first. */
static bool sleep_order(void)
{
    static const unsigned times[] = {160, 20, 90};
    int fds[2], pids[3];
    char order[4] = "";

    if (pipe(fds))
        return false;
    for (int i = 0; i < 3; i++) {
        char letter = (char)('a' + i);

        pids[i] = fork();
        if (pids[i] == 0) {
            sleep_ms(times[i]);
            write(fds[1], &letter, 1);
            exit(0);
        }
    }
    read_all(fds[0], order, 3);
    for (int i = 0; i < 3; i++)
        wait(pids[i], NULL);
    close(fds[0]);
    close(fds[1]);
    printf("  sleepers a b c woke in the order %s\n", order);
    return !strcmp(order, "bca");
}

static bool scheduling(void)
{
    bool good = preemption();

    good &= sleep_order();
    good &= succeeds("primes 50000");
    return good;
}

static bool fork_and_cow(void)
{
    bool good = succeeds("cowtest");

    good &= succeeds("forkstress 8");
    return good;
}

static bool pipes(void)
{
    bool good = succeeds("pipetest 200");

    printf("  echo one two three | cat | wc gives ");
    good &= succeeds("sh -c echo one two three | cat | wc");
    return good;
}

static bool demand_zero(void)
{
    return succeeds("memtest 128");
}

static bool system_calls(void)
{
    return succeeds("badcalls");
}

struct offence {
    const char *name;
    const char *what;
    int vector;
};

static const struct offence offences[] = {
    {"cli", "turns interrupts off", EXC_GP},
    {"sti", "turns interrupts on", EXC_GP},
    {"hlt", "halts the CPU", EXC_GP},
    {"cr0", "reads CR0", EXC_GP},
    {"cr3", "loads a page directory of its own", EXC_GP},
    {"clts", "clears the task-switched flag", EXC_GP},
    {"wbinvd", "flushes the caches", EXC_GP},
    {"rdmsr", "reads a model-specific register", EXC_GP},
    {"invlpg", "flushes a translation", EXC_GP},
    {"ltr", "loads a task register", EXC_GP},
    {"lgdt", "loads a descriptor table of its own", EXC_GP},
    {"lidt", "loads an interrupt table of its own", EXC_GP},
    {"in", "reads the keyboard's port", EXC_GP},
    {"out", "writes to a port", EXC_GP},
    {"int14", "raises the kernel's page fault by INT", EXC_GP},
    {"int32", "raises the timer's interrupt by INT", EXC_GP},
    {"farcall", "calls through the kernel's code segment", EXC_GP},
    {"iret", "returns to ring 0", EXC_GP},
    {"loadds", "loads the kernel's data segment", EXC_GP},
    {"readkernel", "reads kernel memory", EXC_PF},
    {"writekernel", "writes kernel memory", EXC_PF},
    {"jumpkernel", "jumps into the kernel", EXC_PF},
    {"writetext", "overwrites its own code", EXC_PF},
    {"wild", "reads memory that nobody gave it", EXC_PF},
    {"nullread", "reads through a null pointer", EXC_PF},
    {"nullwrite", "writes through a null pointer", EXC_PF},
    {"overflow", "calls itself without end", EXC_PF},
    {"divide", "divides by zero", EXC_DE},
    {"undefined", "executes what is no instruction", EXC_UD},
    {"int3", "hits a breakpoint without a debugger", EXC_BP},
    {"step", "steps itself without a debugger", EXC_DB},
};

static bool isolation(void)
{
    int count = sizeof(offences) / sizeof(offences[0]), stopped = 0;

    for (int i = 0; i < count; i++) {
        char *const argv[] = {"isolate", (char *)offences[i].name, NULL};

        printf("  a program %s (%s)\n", offences[i].what, offences[i].name);
        if (run(argv) == (STATUS_EXCEPTION | offences[i].vector))
            stopped++;
        else
            printf("  NOT STOPPED as it should be\n");
    }
    printf("  %d offenders, %d stopped\n", count, stopped);
    return stopped == count;
}

static bool quiet_isolation(void)
{
    bool good = succeeds("iopl");

    good &= succeeds("peek");
    return good;
}

static bool fpu(void)
{
    return succeeds("fpu");
}

static bool self_modifying(void)
{
    bool good = check(CHECK_PATCHING) == 0;

    good &= succeeds("jit");
    return good;
}

static bool storm(void)
{
    return succeeds("storm 100");
}

static unsigned free_kib(void)
{
    struct system_info info;

    return system_info(&info) ? 0 : info.free_kib;
}

static bool uptime(void)
{
    return succeeds("uptime");
}

struct step {
    const char *headline;
    bool (*run)(void);
};

static const struct step steps[] = {
    {"boot facts", boot_facts},
    {"sensitive instructions in the kernel", kernel_instructions},
    {"programs", programs},
    {"scheduling", scheduling},
    {"fork and copy on write", fork_and_cow},
    {"pipes", pipes},
    {"memory on demand", demand_zero},
    {"system calls check what they are given", system_calls},
    {"isolation: offenders are stopped", isolation},
    {"isolation: what works, but not as hoped", quiet_isolation},
    {"floating point", fpu},
    {"self-modifying code", self_modifying},
    {"context-switch storm", storm},
    {"time", uptime},
};

static bool run_step(int number, const struct step *step)
{
    bool good;

    printf("\n[%d] %s\n", number, step->headline);
    good = step->run();
    if (!good)
        printf("  STEP FAILED\n");
    return good;
}

/* After everything ran, the kernel must have got back every page it gave. */
static bool no_leak(unsigned before)
{
    unsigned after = free_kib();

    if (after != before)
        printf("  %u KiB were free before, %u KiB are now\n", before, after);
    return expect("every page came back", after == before);
}

bool run_script(void)
{
    int count = sizeof(steps) / sizeof(steps[0]), passed = 0;
    unsigned before = free_kib();

    for (int i = 0; i < count; i++)
        passed += run_step(i + 1, &steps[i]);
    printf("\n[%d] accounts\n", ++count);
    passed += no_leak(before);
    printf("\ndemo: %d steps, %d passed, %d failed\n", count, passed, count - passed);
    return passed == count;
}
