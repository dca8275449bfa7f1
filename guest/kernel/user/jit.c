/* jit: writes machine code into its heap and runs it, again and again with another constant. */
#include "lib/user.h"

#define CALLS 20

int main(void)
{
    uint8_t *code = sbrk(16);
    unsigned sum = 0;

    if (!code)
        return 1;
    code[0] = 0xB8; /* MOV EAX, imm32 */
    code[5] = 0xC3; /* RET */
    for (unsigned i = 1; i <= CALLS; i++) {
        memcpy(code + 1, &i, sizeof(i));
        sum += ((unsigned (*)(void))code)();
    }
    printf("jit: %d versions of a function, sum %u\n", CALLS, sum);
    return sum != CALLS * (CALLS + 1) / 2;
}
