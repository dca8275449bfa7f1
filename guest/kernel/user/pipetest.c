/* pipetest N: two processes count to 2N together, each adding one to what the other sent. */
#include "lib/user.h"

static void answer(int in, int out)
{
    unsigned number;

    while (read_all(in, &number, sizeof(number))) {
        number++;
        write(out, &number, sizeof(number));
    }
    exit(0);
}

int main(int argc, char **argv)
{
    unsigned rounds = argc > 1 ? string_number(argv[1]) : 100, number = 0;
    int to[2], from[2], pid, status = -1;

    if (pipe(to) || pipe(from))
        return 1;
    pid = fork();
    if (pid == 0) {
        close(to[1]);
        answer(to[0], from[1]);
    }
    for (unsigned i = 0; i < rounds; i++) {
        number++;
        write(to[1], &number, sizeof(number));
        if (!read_all(from[0], &number, sizeof(number)))
            return 1;
    }
    close(to[1]); /* the end of its input ends the other */
    wait(pid, &status);
    printf("pipetest: %u messages, counted to %u\n", 2 * rounds, number);
    return status != 0 || number != 2 * rounds;
}
