/* fpu: processes compute with the FPU at the same time; none may see another's numbers. */
#include "lib/user.h"

#define PROCESSES 3
#define TERMS     20000
#define SLICES    50

/* The x87 control word: rounding differs between the processes, so a mixed-up one shows. */
static void set_control(uint16_t word)
{
    __asm__ volatile("fldcw %0" : : "m"(word));
}

static uint16_t get_control(void)
{
    uint16_t word;

    __asm__ volatile("fnstcw %0" : "=m"(word));
    return word;
}

/* Leibniz: pi/4 = 1 - 1/3 + 1/5 - ... The CPU is given away again and again in the middle. */
static double compute_pi(void)
{
    double sum = 0, sign = 1;

    for (int i = 0; i < TERMS; i++, sign = -sign) {
        sum += sign / (2 * i + 1);
        if (i % (TERMS / SLICES) == 0)
            yield();
    }
    return 4 * sum;
}

/* A value stays in an FPU register while others run. */
static bool register_survives(int number)
{
    int result;

    __asm__ volatile("fildl %0" : : "m"(number));
    for (int i = 0; i < SLICES; i++)
        yield();
    __asm__ volatile("fistpl %0" : "=m"(result));
    return result == number;
}

static bool has_sse(void)
{
    uint32_t eax = 1, edx;

    __asm__ volatile("cpuid" : "+a"(eax), "=d"(edx) : : "ebx", "ecx");
    return edx >> 25 & 1;
}

/* The same for an SSE register; the compiler itself uses none. */
static bool sse_register_survives(int number)
{
    int result;

    if (!has_sse())
        return true;
    __asm__ volatile("movss %0, %%xmm5" : : "m"(number));
    for (int i = 0; i < SLICES; i++)
        yield();
    __asm__ volatile("movss %%xmm5, %0" : "=m"(result));
    return result == number;
}

static void worker(int number)
{
    uint16_t control = (uint16_t)(0x037F | (number % 4) << 10);
    bool good;
    double pi;

    set_control(control);
    good = register_survives(1000 + number) && sse_register_survives(2000 + number);
    pi = compute_pi();
    good &= get_control() == control;
    exit(good && pi > 3.1415 && pi < 3.1416 ? 0 : 1);
}

int main(void)
{
    int pids[PROCESSES], good = 0;

    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            worker(i);
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status = -1;

        wait(pids[i], &status);
        good += status == 0;
    }
    printf("fpu: %d processes computed pi at the same time, %d kept their state\n", PROCESSES,
           good);
    printf("fpu: pi is about 3.%04u\n", (unsigned)((compute_pi() - 3) * 10000));
    return good != PROCESSES;
}
