/* File descriptors: the console or one end of a pipe. */
#ifndef FILE_H
#define FILE_H

#include <stdint.h>

#define FILES_MAX 8

struct pipe;

enum file_kind { FILE_CLOSED, FILE_TTY, FILE_PIPE_READ, FILE_PIPE_WRITE };

struct file {
    enum file_kind kind;
    struct pipe *pipe;
};

/** Open 0, 1 and 2 on the console. */
void files_open_tty(struct file *files);

/** fork: the child has the same descriptors. */
void files_share(struct file *to, const struct file *from);

/** Close all of them. */
void files_close(struct file *files);

/** System calls on the current process's descriptors. */
int file_read(uint32_t fd, uint32_t buffer, uint32_t n);
int file_write(uint32_t fd, uint32_t buffer, uint32_t n);
int file_close(uint32_t fd);
int file_dup2(uint32_t from, uint32_t to);
int file_pipe(uint32_t user_fds);

#endif
