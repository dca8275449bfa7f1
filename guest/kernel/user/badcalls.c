/* badcalls: system calls with pointers, descriptors and numbers that are wrong. */
#include "lib/user.h"

static unsigned wrong;

static void expect(const char *what, int result, int error)
{
    printf("  %-36s %s\n", what, result == error ? "refused" : "ACCEPTED");
    wrong += result != error;
}

static int call_number(int number)
{
    int result;

    __asm__ volatile("int %1" : "=a"(result) : "i"(SYSCALL_VECTOR), "a"(number) : "memory");
    return result;
}

int main(void)
{
    char *kernel = (char *)0xC0101000, *unmapped = (char *)0x40000000;
    char *text = (char *)0x08048000;

    expect("write from kernel memory", write(1, kernel, 16), ERR_FAULT);
    expect("write from unmapped memory", write(1, unmapped, 16), ERR_FAULT);
    expect("write across the end of user memory", write(1, (char *)0xBFFFFFF0, 32), ERR_FAULT);
    expect("write with a length that wraps", write(1, text, 0xFFFFFFFF), ERR_FAULT);
    expect("system_info into kernel memory", system_info((void *)kernel), ERR_FAULT);
    expect("system_info into read-only code", system_info((void *)text), ERR_FAULT);
    expect("exec of a name in kernel memory", exec(kernel, NULL), ERR_FAULT);
    expect("pipe into a null pointer", pipe(NULL), ERR_FAULT);
    expect("write to a descriptor not open", write(7, text, 1), ERR_BAD_FILE);
    expect("write to descriptor -1", write(-1, text, 1), ERR_BAD_FILE);
    expect("wait without a child", wait(WAIT_ANY, NULL), ERR_NO_CHILD);
    expect("kill of init", kill(1), ERR_NOT_FOUND);
    expect("system call 9999", call_number(9999), ERR_NO_SYSCALL);
    return wrong != 0;
}
