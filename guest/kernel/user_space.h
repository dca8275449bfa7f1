/* A process's memory: what it may touch, and what happens when it first does. */
#ifndef USER_SPACE_H
#define USER_SPACE_H

#include "frames.h"
#include <stdbool.h>
#include <stdint.h>

/* Programs are linked at 08048000h, the heap follows them, the stack grows down from the top. */
#define USER_TOP     0xC0000000u
#define STACK_TOP    0xBFFFF000u
#define STACK_BOTTOM (STACK_TOP - 64 * PAGE_SIZE)
#define STACK_GUARD  (16 * PAGE_SIZE)
#define HEAP_MAX     0xB0000000u

struct user_space {
    uint32_t directory;   /* physical; 0 for a kernel thread */
    uint32_t image_start; /* pages from here to brk that the image did not fill are zero */
    uint32_t image_end;
    uint32_t brk;
    uint32_t pages; /* resident */
};

enum space_fault { SPACE_FAULT_RESOLVED, SPACE_FAULT_BAD, SPACE_FAULT_NO_MEMORY };

/** A space with nothing but the kernel in it; false without memory. */
bool space_create(struct user_space *space);

/** Give all its memory back. It must not be the one in CR3. */
void space_destroy(struct user_space *space);

/** Make `child` share every page of `parent`, copied when either writes; false without memory. */
bool space_clone(struct user_space *child, struct user_space *parent);

/** Resolve a fault at a user address: a zero page, a private copy, or none of the two. */
enum space_fault space_fault(struct user_space *space, uint32_t address, bool write, bool present);

/** The kernel's view of the page at `address`, made (zeroed) if not there; NULL without memory. */
void *space_page(struct user_space *space, uint32_t address, bool writable);

/** Move the end of the heap; the old end, or an error. */
int space_sbrk(struct user_space *space, int32_t increment);

/** Zero pages given, and private copies made, since boot. */
uint32_t space_zero_pages(void);
uint32_t space_cow_copies(void);

#endif
