/* Loads 32-bit ELF executables into a user address space. */
#ifndef ELF_H
#define ELF_H

#include "user_space.h"
#include <stdint.h>

/**
 * Map the program's segments and set where its heap starts. The image is checked throughout: it
 * may be anything. Returns 0 with the entry point, ERR_NOT_EXECUTABLE with a reason in
 * `*problem`, or ERR_NO_MEMORY.
 */
int elf_load(struct user_space *space, const void *image, uint32_t size, uint32_t *entry,
             const char **problem);

#endif
