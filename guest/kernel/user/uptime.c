/* uptime: how long the machine runs, and what it did. */
#include "lib/user.h"

int main(void)
{
    struct system_info info;
    struct date d;

    if (system_info(&info) || date(&d))
        return 1;
    printf("~ %u-%02u-%02u %02u:%02u:%02u, up %u.%02u s\n", d.year, d.month, d.day, d.hour,
           d.minute, d.second, info.uptime_ms / 1000, info.uptime_ms % 1000 / 10);
    printf("~ %u context switches, %u system calls, %u interrupts\n", info.switches, info.syscalls,
           info.interrupts);
    return 0;
}
