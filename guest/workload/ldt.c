/*
 * Segments of a program's own: modify_ldt() and set_thread_area(), with their limits, types and
 * 16-bit code; and vm86(), where the kernel has it.
 */
#include <asm/ldt.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LDT_SELECTOR(n) ((n) << 3 | 7)
#define GDT_SELECTOR(n) ((n) << 3 | 3)

static uint8_t data[4096] = {[0] = 0x11, [100] = 0x22, [4095] = 0x33};
static sigjmp_buf again;

static void on_fault(int number)
{
    siglongjmp(again, number);
}

static struct user_desc describe(unsigned number, void *base, unsigned limit)
{
    return (struct user_desc){.entry_number = number,
                              .base_addr = (unsigned)(uintptr_t)base,
                              .limit = limit,
                              .seg_32bit = 1,
                              .useable = 1};
}

static long set_entry(struct user_desc desc)
{
    return syscall(SYS_modify_ldt, 0x11, &desc, sizeof(desc)) ? -errno : 0;
}

/* The byte at an offset of a segment, or 1000 + the signal. */
static int peek(unsigned selector, unsigned offset)
{
    uint8_t byte = 0;
    int number = sigsetjmp(again, 1);
    if (number)
        return 1000 + number;
    __asm__ volatile("pushl %%fs; movw %w1, %%fs; movb %%fs:(%2), %0; popl %%fs"
                     : "=&q"(byte)
                     : "r"(selector), "r"(offset));
    return byte;
}

static unsigned limit_of(unsigned selector)
{
    unsigned limit = 0xdeadbeef;
    __asm__ volatile("lsll %1, %0" : "+r"(limit) : "r"(selector));
    return limit;
}

static void show(const char *name, unsigned selector)
{
    printf("%s: %d %d, limit %x\n", name, peek(selector, 0), peek(selector, 100),
           limit_of(selector));
}

static void check_data_segments(void)
{
    struct user_desc absent = describe(2, data, 0xfff), pages = describe(3, data, 0);
    absent.seg_not_present = 1;
    pages.limit_in_pages = 1;
    printf("set: %ld %ld %ld %ld\n", set_entry(describe(0, data, 0xfff)),
           set_entry(describe(1, data + 100, 0xff)), set_entry(absent), set_entry(pages));
    show("ldt 0", LDT_SELECTOR(0));
    show("ldt 1", LDT_SELECTOR(1));
    show("ldt 2, not present", LDT_SELECTOR(2));
    show("ldt 3, in pages", LDT_SELECTOR(3));
    show("ldt 9, never set", LDT_SELECTOR(9));
    printf("changed: %ld\n", set_entry(describe(1, data, 0xff)));
    show("ldt 1", LDT_SELECTOR(1));
}

static void check_thread_area(void)
{
    struct user_desc area = describe((unsigned)-1, data, 0xfff);
    long made = syscall(SYS_set_thread_area, &area);
    printf("set_thread_area: %ld, entry %u\n", made, area.entry_number);
    show("gdt", GDT_SELECTOR(area.entry_number));
}

/* 16-bit code in a segment of its own: mov ax, 1234h; retf (32-bit, as it was called). */
static void check_code_16(void)
{
    static const uint8_t code[] = {0xb8, 0x34, 0x12, 0x66, 0xcb};
    uint8_t *page =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct user_desc desc = describe(4, page, 0xfff);
    struct {
        uint32_t offset;
        uint16_t selector;
    } __attribute__((packed)) target = {0, LDT_SELECTOR(4)};
    uint32_t eax = 0xabcd0000;
    memcpy(page, code, sizeof(code));
    desc.seg_32bit = 0;
    desc.contents = MODIFY_LDT_CONTENTS_CODE;
    printf("code segment: %ld\n", set_entry(desc));
    __asm__ volatile("lcall *%1" : "+a"(eax) : "m"(target) : "memory");
    printf("16-bit code: %08x\n", eax);
}

static void check_read_back(void)
{
    uint64_t entries[8] = {0};
    long bytes = syscall(SYS_modify_ldt, 0, entries, sizeof(entries));
    printf("read: %ld\n", bytes);
    for (unsigned i = 0; i < 5; i++) /* without the base, which is the linker's */
        printf("  %016llx\n", (unsigned long long)(entries[i] & 0x00ffff000000ffffull));
}

int main(void)
{
    struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_NODEFER};
    setvbuf(stdout, NULL, _IONBF, 0);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    check_data_segments();
    check_thread_area();
    check_code_16();
    check_read_back();
    printf("vm86: %s\n", syscall(SYS_vm86, 0, 0) ? strerror(errno) : "there");
    return 0;
}
