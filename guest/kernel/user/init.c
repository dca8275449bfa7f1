/*
 * init: the first process, which the kernel starts with one of
 *   init script            the scripted scenario (lib/script.c), then power off
 *   init interactive       a shell on the console
 *   init run PROG ARG...   one program, then power off
 */
#include "lib/script.h"
#include "lib/user.h"

static void end(bool good)
{
    power(good ? POWER_OFF_OK : POWER_OFF_FAILED);
}

/* Orphans are init's children, too: it waits for all that end. */
static void run_shell(void)
{
    char *const argv[] = {"sh", NULL};
    int pid = spawn(argv), ended;

    do {
        ended = wait(WAIT_ANY, NULL);
    } while (ended > 0 && ended != pid);
}

int main(int argc, char **argv)
{
    if (argc > 2 && !strcmp(argv[1], "run"))
        end(run(argv + 2) == STATUS_EXITED);
    if (argc > 1 && !strcmp(argv[1], "script"))
        end(run_script());
    for (;;)
        run_shell();
}
