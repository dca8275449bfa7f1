/* forkstress N: a tree of processes, N times; every exit status must come back. */
#include "lib/user.h"

#define CHILDREN 3

/* Each child has a child of its own and answers with its number plus that one's answer. */
static int child(int number)
{
    int status = -1, pid = fork();

    if (pid == 0)
        exit(10);
    if (pid < 0 || wait(pid, &status) != pid)
        exit(255);
    exit(number + status);
}

static bool round_of_forks(void)
{
    int pids[CHILDREN], status;
    bool good = true;

    for (int i = 0; i < CHILDREN; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            child(i);
    }
    for (int i = 0; i < CHILDREN; i++)
        good &= pids[i] > 0 && wait(pids[i], &status) == pids[i] && status == i + 10;
    return good;
}

int main(int argc, char **argv)
{
    unsigned rounds = argc > 1 ? string_number(argv[1]) : 10, good = 0;

    for (unsigned i = 0; i < rounds; i++)
        good += round_of_forks();
    printf("forkstress: %u processes, %u of %u rounds good\n", rounds * CHILDREN * 2, good, rounds);
    return good != rounds;
}
