/* The kernel's access to user memory. Every pointer from a program goes through these. */
#ifndef UACCESS_H
#define UACCESS_H

#include <stdbool.h>
#include <stdint.h>

/* trap.asm: copy that survives a page fault in either buffer; 0, or -1 after a fault. */
int copy_guarded(void *to, const void *from, uint32_t n);

/** Whether the range lies below the kernel; that it is mapped shows when it is copied. */
bool user_range(uint32_t address, uint32_t n);

/** 0 or ERR_FAULT. Pages not there yet are brought in as if the program had touched them. */
int copy_from_user(void *to, uint32_t from, uint32_t n);

int copy_to_user(uint32_t to, const void *from, uint32_t n);

/** Copy a string of at most `size` - 1 characters; its length, ERR_FAULT or ERR_TOO_BIG. */
int copy_string_from_user(char *to, uint32_t from, uint32_t size);

#endif
