/* ps: lists the processes. */
#include "lib/user.h"

int main(void)
{
    static struct process_info list[64];
    int n = processes(list, 64);

    printf("  pid parent state     pages  ticks name\n");
    for (int i = 0; i < n; i++)
        printf("%5d %6d %-9s %5u %6u %s\n", list[i].pid, list[i].parent, list[i].state,
               list[i].pages, list[i].ticks, list[i].name);
    return n < 0;
}
