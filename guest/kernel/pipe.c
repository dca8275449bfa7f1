#include "pipe.h"
#include "abi.h"
#include "frames.h"
#include "paging.h"
#include "process.h"
#include "sched.h"
#include "uaccess.h"

#define PIPE_BYTES 2048u /* a power of two: positions count on past it */

struct pipe {
    uint32_t readers, writers;
    uint32_t read_at, write_at;
    char data[PIPE_BYTES];
};

_Static_assert(sizeof(struct pipe) <= PAGE_SIZE, "a pipe lives in one frame");

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

struct pipe *pipe_create(void)
{
    uint32_t frame = frame_alloc();
    struct pipe *pipe = phys_to_virt(frame);

    if (!frame)
        return NULL;
    pipe->readers = pipe->writers = 1;
    pipe->read_at = pipe->write_at = 0;
    return pipe;
}

void pipe_open(struct pipe *pipe, bool writer)
{
    if (writer)
        pipe->writers++;
    else
        pipe->readers++;
}

void pipe_close(struct pipe *pipe, bool writer)
{
    if (writer)
        pipe->writers--;
    else
        pipe->readers--;
    wake_all(pipe);
    if (!pipe->readers && !pipe->writers)
        frame_free(virt_to_phys(pipe));
}

int pipe_read(struct pipe *pipe, uint32_t buffer, uint32_t n)
{
    uint32_t at;

    while (pipe->read_at == pipe->write_at) {
        if (!pipe->writers || !n)
            return 0;
        if (current->killed)
            return ERR_INTERRUPTED;
        sleep_on(pipe);
    }
    at = pipe->read_at % PIPE_BYTES;
    n = smaller(n, smaller(pipe->write_at - pipe->read_at, PIPE_BYTES - at));
    if (copy_to_user(buffer, pipe->data + at, n))
        return ERR_FAULT;
    pipe->read_at += n;
    wake_all(pipe);
    return (int)n;
}

/* One stretch of free buffer; how much went in. */
static int write_some(struct pipe *pipe, uint32_t buffer, uint32_t n)
{
    uint32_t at = pipe->write_at % PIPE_BYTES;

    n = smaller(n, smaller(PIPE_BYTES - (pipe->write_at - pipe->read_at), PIPE_BYTES - at));
    if (copy_from_user(pipe->data + at, buffer, n))
        return ERR_FAULT;
    pipe->write_at += n;
    wake_all(pipe);
    return (int)n;
}

int pipe_write(struct pipe *pipe, uint32_t buffer, uint32_t n)
{
    uint32_t done = 0;

    while (done < n) {
        int written;

        if (!pipe->readers)
            return ERR_BROKEN_PIPE;
        if (current->killed)
            return ERR_INTERRUPTED;
        if (pipe->write_at - pipe->read_at == PIPE_BYTES) {
            sleep_on(pipe);
            continue;
        }
        written = write_some(pipe, buffer + done, n - done);
        if (written < 0)
            return written;
        done += (uint32_t)written;
    }
    return (int)done;
}
