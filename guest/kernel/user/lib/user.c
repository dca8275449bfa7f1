#include "user.h"

static int call(int number, uint32_t a, uint32_t b, uint32_t c)
{
    int result;

    __asm__ volatile("int %1"
                     : "=a"(result)
                     : "i"(SYSCALL_VECTOR), "a"(number), "b"(a), "c"(b), "d"(c)
                     : "memory");
    return result;
}

void exit(int status)
{
    for (;;)
        call(SYS_EXIT, (uint32_t)status, 0, 0);
}

int fork(void)
{
    return call(SYS_FORK, 0, 0, 0);
}

int read(int fd, void *buffer, size_t n)
{
    return call(SYS_READ, (uint32_t)fd, (uint32_t)buffer, n);
}

int write(int fd, const void *buffer, size_t n)
{
    return call(SYS_WRITE, (uint32_t)fd, (uint32_t)buffer, n);
}

int close(int fd)
{
    return call(SYS_CLOSE, (uint32_t)fd, 0, 0);
}

int wait(int pid, int *status)
{
    return call(SYS_WAIT, (uint32_t)pid, (uint32_t)status, 0);
}

int exec(const char *name, char *const argv[])
{
    return call(SYS_EXEC, (uint32_t)name, (uint32_t)argv, 0);
}

int pipe(int fds[2])
{
    return call(SYS_PIPE, (uint32_t)fds, 0, 0);
}

int dup2(int from, int to)
{
    return call(SYS_DUP2, (uint32_t)from, (uint32_t)to, 0);
}

int getpid(void)
{
    return call(SYS_GETPID, 0, 0, 0);
}

int yield(void)
{
    return call(SYS_YIELD, 0, 0, 0);
}

int sleep_ms(unsigned ms)
{
    return call(SYS_SLEEP, ms, 0, 0);
}

void *sbrk(int increment)
{
    int old = call(SYS_SBRK, (uint32_t)increment, 0, 0);

    /* Addresses above 2 GiB are negative, too; errors are only the topmost few. */
    return old < 0 && old > -4096 ? NULL : (void *)old;
}

int kill(int pid)
{
    return call(SYS_KILL, (uint32_t)pid, 0, 0);
}

int set_job(int job)
{
    return call(SYS_SET_JOB, (uint32_t)job, 0, 0);
}

int foreground(int job)
{
    return call(SYS_FOREGROUND, (uint32_t)job, 0, 0);
}

int processes(struct process_info *list, unsigned max)
{
    return call(SYS_PROCESSES, (uint32_t)list, max, 0);
}

int program(unsigned index, char name[NAME_SIZE])
{
    return call(SYS_PROGRAM, index, (uint32_t)name, 0);
}

int system_info(struct system_info *info)
{
    return call(SYS_SYSTEM, (uint32_t)info, 0, 0);
}

int date(struct date *d)
{
    return call(SYS_DATE, (uint32_t)d, 0, 0);
}

int check(enum check which)
{
    return call(SYS_CHECK, which, 0, 0);
}

int power(enum power how)
{
    return call(SYS_POWER, how, 0, 0);
}

void printf(const char *f, ...)
{
    char line[256];
    va_list args;
    size_t n;

    va_start(args, f);
    n = format_va(line, sizeof(line), f, args);
    va_end(args);
    write(1, line, n);
}

int spawn(char *const argv[])
{
    int pid = fork(), error;

    if (pid)
        return pid;
    error = exec(argv[0], argv);
    printf("%s: %s\n", argv[0], error_text(error));
    exit(127);
}

int run(char *const argv[])
{
    int status = 0, pid = spawn(argv);

    if (pid < 0)
        return pid;
    pid = wait(pid, &status);
    return pid < 0 ? pid : status;
}

int read_line(int fd, char *line, size_t size)
{
    size_t n = 0;
    char c;

    while (read(fd, &c, 1) == 1) {
        if (c == '\n') {
            line[n] = 0;
            return (int)n;
        }
        if (n < size - 1)
            line[n++] = c;
    }
    line[n] = 0;
    return n ? (int)n : -1;
}

bool read_all(int fd, void *buffer, size_t n)
{
    char *to = buffer;

    while (n) {
        int got = read(fd, to, n);

        if (got <= 0)
            return false;
        to += got;
        n -= (size_t)got;
    }
    return true;
}

const char *error_text(int error)
{
    switch (error) {
    case ERR_NOT_FOUND:
        return "not found";
    case ERR_NOT_EXECUTABLE:
        return "not executable";
    case ERR_NO_MEMORY:
        return "out of memory";
    case ERR_AGAIN:
        return "too many processes";
    case ERR_FAULT:
        return "bad address";
    case ERR_BROKEN_PIPE:
        return "broken pipe";
    case ERR_BAD_FILE:
        return "bad file descriptor";
    case ERR_TOO_BIG:
        return "too many arguments";
    default:
        return "error";
    }
}
