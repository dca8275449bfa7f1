/* ls: lists the programs in the RAM disk. */
#include "lib/user.h"

int main(void)
{
    char name[NAME_SIZE];
    int size;

    for (unsigned i = 0; (size = program(i, name)) >= 0; i++)
        printf("%6d %s\n", size, name);
    return 0;
}
