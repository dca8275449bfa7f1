/* memtest N: N fresh pages of heap are zero, come only when touched, and keep what is written. */
#include "lib/user.h"

#define PAGE_WORDS 1024

static unsigned resident(void)
{
    static struct process_info list[64];
    int n = processes(list, 64), me = getpid();

    for (int i = 0; i < n; i++) {
        if (list[i].pid == me)
            return list[i].pages;
    }
    return 0;
}

int main(int argc, char **argv)
{
    unsigned pages = argc > 1 ? string_number(argv[1]) : 64;
    unsigned before, reserved, touched, wrong = 0;
    uint32_t *heap = sbrk((int)(pages * PAGE_WORDS * 4)); /* page-aligned in a fresh program */

    if (!heap || pages > 100000) {
        printf("memtest: not enough memory\n");
        return 1;
    }
    resident(); /* brings in what it needs itself */
    before = resident();
    sbrk(0);
    reserved = resident() - before;
    for (unsigned i = 0; i < pages; i++) {
        wrong += heap[i * PAGE_WORDS] != 0 || heap[i * PAGE_WORDS + PAGE_WORDS - 1] != 0;
        heap[i * PAGE_WORDS] = i + 1;
    }
    touched = resident() - before;
    for (unsigned i = 0; i < pages; i++)
        wrong += heap[i * PAGE_WORDS] != i + 1;
    printf("memtest: %u pages reserved cost %u, touched cost %u, wrong %u\n", pages, reserved,
           touched, wrong);
    return wrong || reserved || touched != pages;
}
