#include "file.h"
#include "abi.h"
#include "pipe.h"
#include "process.h"
#include "tty.h"
#include "uaccess.h"

static struct file *lookup(uint32_t fd)
{
    if (fd >= FILES_MAX || current->files[fd].kind == FILE_CLOSED)
        return NULL;
    return &current->files[fd];
}

static void share(struct file *to, const struct file *from)
{
    *to = *from;
    if (to->kind == FILE_PIPE_READ || to->kind == FILE_PIPE_WRITE)
        pipe_open(to->pipe, to->kind == FILE_PIPE_WRITE);
}

static void close(struct file *file)
{
    if (file->kind == FILE_PIPE_READ || file->kind == FILE_PIPE_WRITE)
        pipe_close(file->pipe, file->kind == FILE_PIPE_WRITE);
    *file = (struct file){0};
}

void files_open_tty(struct file *files)
{
    for (uint32_t fd = 0; fd < 3; fd++)
        files[fd].kind = FILE_TTY;
}

void files_share(struct file *to, const struct file *from)
{
    for (uint32_t fd = 0; fd < FILES_MAX; fd++)
        share(&to[fd], &from[fd]);
}

void files_close(struct file *files)
{
    for (uint32_t fd = 0; fd < FILES_MAX; fd++)
        close(&files[fd]);
}

int file_read(uint32_t fd, uint32_t buffer, uint32_t n)
{
    struct file *file = lookup(fd);

    if (!file || file->kind == FILE_PIPE_WRITE)
        return ERR_BAD_FILE;
    if (!user_range(buffer, n))
        return ERR_FAULT;
    return file->kind == FILE_TTY ? tty_read(buffer, n) : pipe_read(file->pipe, buffer, n);
}

int file_write(uint32_t fd, uint32_t buffer, uint32_t n)
{
    struct file *file = lookup(fd);

    if (!file || file->kind == FILE_PIPE_READ)
        return ERR_BAD_FILE;
    if (!user_range(buffer, n))
        return ERR_FAULT;
    return file->kind == FILE_TTY ? tty_write(buffer, n) : pipe_write(file->pipe, buffer, n);
}

int file_close(uint32_t fd)
{
    struct file *file = lookup(fd);

    if (!file)
        return ERR_BAD_FILE;
    close(file);
    return 0;
}

int file_dup2(uint32_t from, uint32_t to)
{
    struct file *file = lookup(from);

    if (!file || to >= FILES_MAX)
        return ERR_BAD_FILE;
    if (from == to)
        return (int)to;
    close(&current->files[to]);
    share(&current->files[to], file);
    return (int)to;
}

static int free_descriptor(int after)
{
    for (int fd = after + 1; fd < FILES_MAX; fd++) {
        if (current->files[fd].kind == FILE_CLOSED)
            return fd;
    }
    return -1;
}

int file_pipe(uint32_t user_fds)
{
    int fds[2];
    struct pipe *pipe;

    fds[0] = free_descriptor(-1);
    fds[1] = free_descriptor(fds[0]);
    if (fds[0] < 0 || fds[1] < 0)
        return ERR_TOO_MANY_FILES;
    pipe = pipe_create();
    if (!pipe)
        return ERR_NO_MEMORY;
    current->files[fds[0]] = (struct file){FILE_PIPE_READ, pipe};
    current->files[fds[1]] = (struct file){FILE_PIPE_WRITE, pipe};
    if (copy_to_user(user_fds, fds, sizeof(fds))) {
        close(&current->files[fds[0]]);
        close(&current->files[fds[1]]);
        return ERR_FAULT;
    }
    return 0;
}
