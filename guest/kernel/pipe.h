/* Pipes: a bounded buffer between processes. */
#ifndef PIPE_H
#define PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pipe;

/** A pipe with one reader and one writer; NULL without memory. */
struct pipe *pipe_create(void);

/** One more reader or writer. */
void pipe_open(struct pipe *pipe, bool writer);

/** One less; the last takes the pipe with it. */
void pipe_close(struct pipe *pipe, bool writer);

/** Read what is there, waiting for something; 0 at the end (empty, and no writer left). */
int pipe_read(struct pipe *pipe, uint32_t buffer, uint32_t n);

/** Write all of it, waiting for room; ERR_BROKEN_PIPE when nobody can read it. */
int pipe_write(struct pipe *pipe, uint32_t buffer, uint32_t n);

#endif
