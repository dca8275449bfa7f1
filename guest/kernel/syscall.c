#include "syscall.h"
#include "abi.h"
#include "exec.h"
#include "frames.h"
#include "pit.h"
#include "power.h"
#include "process.h"
#include "ramdisk.h"
#include "rtc.h"
#include "sched.h"
#include "selftest.h"
#include "tty.h"
#include "lib/string.h"
#include "uaccess.h"

static uint32_t calls;

uint32_t syscall_count(void)
{
    return calls;
}

static int sys_exit(struct trap_frame *f)
{
    process_exit(STATUS_EXITED | (f->ebx & 0xFF));
}

static int sys_fork(struct trap_frame *f)
{
    return process_fork(f);
}

static int sys_read(struct trap_frame *f)
{
    return file_read(f->ebx, f->ecx, f->edx);
}

static int sys_write(struct trap_frame *f)
{
    return file_write(f->ebx, f->ecx, f->edx);
}

static int sys_close(struct trap_frame *f)
{
    return file_close(f->ebx);
}

static int sys_wait(struct trap_frame *f)
{
    int status = 0, pid = process_wait((int)f->ebx, &status);

    if (pid > 0 && f->ecx && copy_to_user(f->ecx, &status, sizeof(status)))
        return ERR_FAULT;
    return pid;
}

static int sys_exec(struct trap_frame *f)
{
    struct exec_args args;
    char name[NAME_SIZE];
    int error = copy_string_from_user(name, f->ebx, sizeof(name));

    if (error == ERR_TOO_BIG)
        return ERR_NOT_FOUND;
    if (error >= 0)
        error = exec_args_from_user(&args, f->ecx);
    if (error >= 0)
        error = process_exec(name, &args);
    return error;
}

static int sys_pipe(struct trap_frame *f)
{
    return file_pipe(f->ebx);
}

static int sys_dup2(struct trap_frame *f)
{
    return file_dup2(f->ebx, f->ecx);
}

static int sys_getpid(struct trap_frame *f)
{
    (void)f;
    return current->pid;
}

static int sys_yield(struct trap_frame *f)
{
    (void)f;
    schedule();
    return 0;
}

static int sys_sleep(struct trap_frame *f)
{
    sleep_ms(f->ebx);
    return 0;
}

static int sys_sbrk(struct trap_frame *f)
{
    return space_sbrk(&current->space, (int32_t)f->ebx);
}

static int sys_kill(struct trap_frame *f)
{
    struct process *p = process_find((int)f->ebx);

    if (!p || p->pid <= INIT_PID)
        return ERR_NOT_FOUND;
    process_kill(p, STATUS_KILLED);
    return 0;
}

static int sys_set_job(struct trap_frame *f)
{
    current->job = (int)f->ebx;
    return 0;
}

static int sys_foreground(struct trap_frame *f)
{
    tty_set_foreground((int)f->ebx);
    return 0;
}

static int sys_processes(struct trap_frame *f)
{
    struct process_info list[PROCESS_MAX];
    uint32_t n = process_list(list, f->ecx < PROCESS_MAX ? f->ecx : PROCESS_MAX);

    return copy_to_user(f->ebx, list, n * sizeof(list[0])) ? ERR_FAULT : (int)n;
}

static int sys_program(struct trap_frame *f)
{
    struct ramdisk_file file;
    char name[NAME_SIZE];

    if (!ramdisk_at(f->ebx, &file))
        return ERR_NOT_FOUND;
    string_copy(name, file.name, sizeof(name));
    return copy_to_user(f->ecx, name, sizeof(name)) ? ERR_FAULT : (int)file.size;
}

static int sys_system(struct trap_frame *f)
{
    struct system_info info = {
        .uptime_ms = pit_ticks() * MS_PER_TICK,
        .memory_kib = frames_total() * (PAGE_SIZE / 1024),
        .free_kib = frames_free() * (PAGE_SIZE / 1024),
        .switches = sched_switches(),
        .syscalls = calls,
        .interrupts = irq_count(),
        .demand_zero = space_zero_pages(),
        .cow_copies = space_cow_copies(),
    };

    return copy_to_user(f->ebx, &info, sizeof(info));
}

static int sys_date(struct trap_frame *f)
{
    struct date date;

    rtc_read(&date);
    return copy_to_user(f->ebx, &date, sizeof(date));
}

static int sys_check(struct trap_frame *f)
{
    return selftest(f->ebx);
}

static int sys_power(struct trap_frame *f)
{
    power(f->ebx);
    return ERR_INVALID;
}

static int (*const table[SYS_COUNT])(struct trap_frame *) = {
    [SYS_EXIT] = sys_exit,           [SYS_FORK] = sys_fork,
    [SYS_READ] = sys_read,           [SYS_WRITE] = sys_write,
    [SYS_CLOSE] = sys_close,         [SYS_WAIT] = sys_wait,
    [SYS_EXEC] = sys_exec,           [SYS_PIPE] = sys_pipe,
    [SYS_DUP2] = sys_dup2,           [SYS_GETPID] = sys_getpid,
    [SYS_YIELD] = sys_yield,         [SYS_SLEEP] = sys_sleep,
    [SYS_SBRK] = sys_sbrk,           [SYS_KILL] = sys_kill,
    [SYS_SET_JOB] = sys_set_job,     [SYS_FOREGROUND] = sys_foreground,
    [SYS_PROCESSES] = sys_processes, [SYS_PROGRAM] = sys_program,
    [SYS_SYSTEM] = sys_system,       [SYS_DATE] = sys_date,
    [SYS_CHECK] = sys_check,         [SYS_POWER] = sys_power,
};

int syscall_dispatch(struct trap_frame *f)
{
    calls++;
    if (f->eax >= SYS_COUNT || !table[f->eax])
        return ERR_NO_SYSCALL;
    return table[f->eax](f);
}
