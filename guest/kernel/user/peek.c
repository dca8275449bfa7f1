/* peek: two processes keep a secret at the same address, and each finds only its own. */
#include "lib/user.h"

static char secret[32];

static void keep(const char *name, const char *mine, int ready, int go)
{
    char byte;

    string_copy(secret, mine, sizeof(secret));
    write(ready, "r", 1);
    read(go, &byte, 1); /* until the other has written its secret, too */
    printf("  %s reads %08x: \"%s\"\n", name, (uint32_t)secret, secret);
    exit(strcmp(secret, mine) != 0);
}

int main(void)
{
    static const char *const names[] = {"alice", "bob"};
    static const char *const secrets[] = {"alice loves assembly", "bob prefers C"};
    int ready[2], go[2][2], pids[2], good = 0, status;
    char byte;

    if (pipe(ready))
        return 1;
    for (int i = 0; i < 2; i++) {
        if (pipe(go[i]))
            return 1;
        pids[i] = fork();
        if (pids[i] == 0)
            keep(names[i], secrets[i], ready[1], go[i][0]);
        read(ready[0], &byte, 1);
        close(go[i][0]);
    }
    for (int i = 0; i < 2; i++) {
        write(go[i][1], "g", 1);
        wait(pids[i], &status);
        good += status == 0;
    }
    printf("  their parent reads %08x: \"%s\"\n", (uint32_t)secret, secret);
    return good != 2 || secret[0];
}
