/* cowtest: after a fork, parent and child share pages until one of them writes. */
#include "lib/user.h"

#define PAGES     16
#define PAGE_SIZE 4096

static uint8_t shared[PAGES][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

static void fill(int from, int to, uint8_t value)
{
    for (int i = from; i < to; i++)
        memset(shared[i], value, PAGE_SIZE);
}

static bool holds(int from, int to, uint8_t value)
{
    for (int i = from; i < to; i++) {
        if (shared[i][0] != value || shared[i][PAGE_SIZE - 1] != value)
            return false;
    }
    return true;
}

static unsigned copies(void)
{
    struct system_info info;

    return system_info(&info) ? 0 : info.cow_copies;
}

/* Writes half of the pages; it must see its writes there, the parent's data in the other half. */
static void child(int go)
{
    unsigned before;
    char byte;

    read(go, &byte, 1);
    before = copies();
    fill(0, PAGES / 2, 'c');
    printf("  child: wrote %d of %d pages, %u were copied\n", PAGES / 2, PAGES, copies() - before);
    exit(!(holds(0, PAGES / 2, 'c') && holds(PAGES / 2, PAGES, 'p')));
}

int main(void)
{
    int go[2], pid, status = -1;
    bool good;

    if (pipe(go))
        return 1;
    fill(0, PAGES, 'p');
    pid = fork();
    if (pid == 0)
        child(go[0]);
    write(go[1], "g", 1); /* by now the parent's stack was copied: the child counts its own */
    wait(pid, &status);
    good = holds(0, PAGES, 'p');
    printf("  parent: its own data is %s\n", good ? "untouched" : "CHANGED");
    fill(0, PAGES, 'q');
    return !(good && status == 0 && holds(0, PAGES, 'q'));
}
