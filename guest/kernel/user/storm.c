/* storm N: processes that do nothing but give the CPU to each other. */
#include "lib/user.h"

#define PROCESSES 8

static unsigned switches(void)
{
    struct system_info info;

    return system_info(&info) ? 0 : info.switches;
}

int main(int argc, char **argv)
{
    unsigned yields = argc > 1 ? string_number(argv[1]) : 100, before = switches(), made;
    int pids[PROCESSES], good = 0;

    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            for (unsigned n = 0; n < yields; n++)
                yield();
            exit(0);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status = -1;

        wait(pids[i], &status);
        good += status == 0;
    }
    made = switches() - before;
    printf("~ storm: %u context switches\n", made);
    printf("storm: %d processes, %u yields each, %s\n", good, yields,
           made >= PROCESSES * yields / 2 ? "all switched" : "TOO FEW SWITCHES");
    return good != PROCESSES || made < PROCESSES * yields / 2;
}
