/* What the kernel and its programs agree on: system calls, their structures and error numbers. */
#ifndef ABI_H
#define ABI_H

#include <stdint.h>

/* INT 80h: number in EAX, arguments in EBX, ECX, EDX; the result, or a negative error, in EAX. */
#define SYSCALL_VECTOR 0x80

enum syscall {
    SYS_EXIT = 1,
    SYS_FORK,
    SYS_READ,
    SYS_WRITE,
    SYS_CLOSE,
    SYS_WAIT,
    SYS_EXEC,
    SYS_PIPE,
    SYS_DUP2,
    SYS_GETPID,
    SYS_YIELD,
    SYS_SLEEP,
    SYS_SBRK,
    SYS_KILL,
    SYS_SET_JOB,
    SYS_FOREGROUND,
    SYS_PROCESSES,
    SYS_PROGRAM,
    SYS_SYSTEM,
    SYS_DATE,
    SYS_CHECK,
    SYS_POWER,
    SYS_COUNT,
};

enum error {
    ERR_NOT_FOUND = -2,
    ERR_INTERRUPTED = -4,
    ERR_TOO_BIG = -7,
    ERR_NOT_EXECUTABLE = -8,
    ERR_BAD_FILE = -9,
    ERR_NO_CHILD = -10,
    ERR_AGAIN = -11,
    ERR_NO_MEMORY = -12,
    ERR_FAULT = -14,
    ERR_INVALID = -22,
    ERR_TOO_MANY_FILES = -24,
    ERR_BROKEN_PIPE = -32,
    ERR_NO_SYSCALL = -38,
};

/* A wait status is one of these with the exit code or the exception vector in the low byte. */
#define STATUS_EXITED        0x000
#define STATUS_EXCEPTION     0x100
#define STATUS_KILLED        0x200
#define STATUS_OUT_OF_MEMORY 0x300

/* Instead of a pid to wait for: any child; any child that has ended already. */
#define WAIT_ANY (-1)
#define WAIT_NOT 0

#define NAME_SIZE 16
#define ARG_MAX   16
#define ARG_BYTES 1024

struct process_info {
    int32_t pid;
    int32_t parent;
    uint32_t ticks;
    uint32_t pages;
    char state[12];
    char name[NAME_SIZE];
};

struct system_info {
    uint32_t uptime_ms;
    uint32_t memory_kib;
    uint32_t free_kib;
    uint32_t switches;
    uint32_t syscalls;
    uint32_t interrupts;
    uint32_t demand_zero;
    uint32_t cow_copies;
};

struct date {
    uint32_t year, month, day, hour, minute, second;
};

/* The kernel's examinations of itself (SYS_CHECK). */
enum check {
    CHECK_FACTS,
    CHECK_INSTRUCTIONS,
    CHECK_PATCHING,
};

enum power {
    POWER_OFF_OK,
    POWER_OFF_FAILED,
    POWER_REBOOT,
};

#endif
