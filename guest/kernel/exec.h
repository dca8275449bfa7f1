/* Turning the current process into another program. */
#ifndef EXEC_H
#define EXEC_H

#include "abi.h"
#include <stdint.h>

/* The arguments on their way from the old program's memory to the new one's. */
struct exec_args {
    uint32_t count;
    uint32_t used;
    uint16_t offset[ARG_MAX];
    char text[ARG_BYTES];
};

/** Append an argument; 0 or ERR_TOO_BIG. */
int exec_args_add(struct exec_args *args, const char *text);

/** Collect a NULL-terminated array of strings from the current process's memory. */
int exec_args_from_user(struct exec_args *args, uint32_t argv);

/** Replace the program; on failure the old one goes on with the error. */
int process_exec(const char *name, const struct exec_args *args);

#endif
