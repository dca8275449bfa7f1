/* The programs' library: system calls, printing, running other programs. */
#ifndef USER_H
#define USER_H

#include "abi.h"
#include "lib/format.h"
#include "lib/string.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* System calls; see abi.h. A negative result is an error. */
__attribute__((noreturn)) void exit(int status);
int fork(void);
int read(int fd, void *buffer, size_t n);
int write(int fd, const void *buffer, size_t n);
int close(int fd);
int wait(int pid, int *status);
int exec(const char *name, char *const argv[]);
int pipe(int fds[2]);
int dup2(int from, int to);
int getpid(void);
int yield(void);
int sleep_ms(unsigned ms);
void *sbrk(int increment); /* NULL without memory */
int kill(int pid);
int set_job(int job);
int foreground(int job);
int processes(struct process_info *list, unsigned max);
int program(unsigned index, char name[NAME_SIZE]);
int system_info(struct system_info *info);
int date(struct date *date);
int check(enum check which);
int power(enum power how);

/** Print on descriptor 1, a line in one piece. */
__attribute__((format(printf, 1, 2))) void printf(const char *format, ...);

/** Run a program and wait for it; its wait status, or a negative error. */
int run(char *const argv[]);

/** Start a program without waiting; its pid. */
int spawn(char *const argv[]);

/** Read a line without its newline; its length, or -1 at the end of the input. */
int read_line(int fd, char *line, size_t size);

/** Read exactly n bytes; false when they end early. */
bool read_all(int fd, void *buffer, size_t n);

/** What an error number means. */
const char *error_text(int error);

#endif
