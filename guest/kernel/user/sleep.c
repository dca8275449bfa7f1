/* sleep N: sleeps N milliseconds. */
#include "lib/user.h"

int main(int argc, char **argv)
{
    sleep_ms(argc > 1 ? string_number(argv[1]) : 1000);
    return 0;
}
