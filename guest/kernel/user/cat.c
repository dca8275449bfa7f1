/* cat: copies its input to its output. */
#include "lib/user.h"

int main(void)
{
    char buffer[256];
    int n;

    while ((n = read(0, buffer, sizeof(buffer))) > 0)
        write(1, buffer, (size_t)n);
    return n < 0;
}
