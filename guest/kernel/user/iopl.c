/* iopl: POPF cannot raise the I/O privilege level nor clear IF in ring 3; it is not even told. */
#include "lib/user.h"

#define EFLAGS_IF   (1u << 9)
#define EFLAGS_IOPL (3u << 12)

static uint32_t flags_after_popf(uint32_t wanted)
{
    uint32_t after;

    __asm__ volatile("pushl %1; popfl; pushfl; popl %0" : "=r"(after) : "r"(wanted) : "cc");
    return after;
}

int main(void)
{
    uint32_t after = flags_after_popf(EFLAGS_IOPL);

    printf("  POPF with IOPL 3 and IF 0 left IOPL %u and IF %u\n", (after & EFLAGS_IOPL) >> 12,
           (after & EFLAGS_IF) != 0);
    return (after & EFLAGS_IOPL) || !(after & EFLAGS_IF);
}
