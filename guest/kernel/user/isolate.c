/* isolate NAME: a program that does one thing that it must not; without NAME it lists them. */
#include "lib/user.h"

#define KERNEL_ADDRESS 0xC0101000u
#define KERNEL_CODE    0x08
#define KERNEL_DATA    0x10

static uint64_t fake_gdt;

/* One offence, in one line of assembly or C. */
#define OFFENCE(name, code)                    \
    static void name(void)                     \
    {                                          \
        __asm__ volatile(code : : : "memory"); \
    }

OFFENCE(do_cli, "cli")
OFFENCE(do_sti, "sti")
OFFENCE(do_hlt, "hlt")
OFFENCE(do_cr0, "mov %%cr0, %%eax")
OFFENCE(do_cr3, "xor %%eax, %%eax; mov %%eax, %%cr3")
OFFENCE(do_clts, "clts")
OFFENCE(do_wbinvd, "wbinvd")
OFFENCE(do_rdmsr, "mov $0x174, %%ecx; rdmsr")
OFFENCE(do_invlpg, "invlpg 0")
OFFENCE(do_ltr, "mov $0x28, %%eax; ltr %%ax")
OFFENCE(do_in, "in $0x60, %%al")
OFFENCE(do_out, "mov $1, %%al; out %%al, $0x80")
OFFENCE(do_int14, "int $14")
OFFENCE(do_int32, "int $32")
OFFENCE(do_int3, "int3")
OFFENCE(do_undefined, "ud2")
OFFENCE(do_farcall, "lcall $0x08, $0")
OFFENCE(do_step, "pushf; orl $0x100, (%%esp); popf; nop; nop")

static void do_lgdt(void)
{
    struct {
        uint16_t limit;
        uint64_t *base;
    } __attribute__((packed)) gdtr = {7, &fake_gdt};

    __asm__ volatile("lgdt %0" : : "m"(gdtr));
}

static void do_lidt(void)
{
    struct {
        uint16_t limit;
        uint64_t *base;
    } __attribute__((packed)) idtr = {7, &fake_gdt};

    __asm__ volatile("lidt %0" : : "m"(idtr));
}

static void do_loadds(void)
{
    __asm__ volatile("mov %0, %%ds" : : "r"(KERNEL_DATA));
}

/* IRET to ring 0 from ring 3: the frame's CS says what nobody allowed. */
static void do_iret(void)
{
    __asm__ volatile("pushfl; pushl %0; pushl %1; iret" : : "i"(KERNEL_CODE), "i"(KERNEL_ADDRESS));
}

static void do_divide(void)
{
    __asm__ volatile("xor %%edx, %%edx; mov $1, %%eax; divl %0" : : "r"(0) : "eax", "edx");
}

static void do_readkernel(void)
{
    (void)*(volatile uint32_t *)KERNEL_ADDRESS;
}

static void do_writekernel(void)
{
    *(volatile uint32_t *)KERNEL_ADDRESS = 0;
}

static void do_jumpkernel(void)
{
    ((void (*)(void))KERNEL_ADDRESS)();
}

static void do_nullread(void)
{
    __asm__ volatile("movl 0, %%eax" : : : "eax");
}

static void do_nullwrite(void)
{
    __asm__ volatile("movl $1, 4" : : : "memory");
}

static void do_writetext(void)
{
    *(volatile uint8_t *)do_writetext = 0xC3;
}

static void do_wild(void)
{
    (void)*(volatile uint32_t *)0x40000000;
}

static unsigned descend(volatile unsigned depth)
{
    volatile uint8_t room[2048];

    room[0] = (uint8_t)depth;
    return depth ? descend(depth - 1) + room[0] : 0;
}

static void do_overflow(void)
{
    descend(1000000);
}

struct offence {
    const char *name;
    void (*commit)(void);
};

static const struct offence offences[] = {
    {"cli", do_cli},
    {"sti", do_sti},
    {"hlt", do_hlt},
    {"cr0", do_cr0},
    {"cr3", do_cr3},
    {"clts", do_clts},
    {"wbinvd", do_wbinvd},
    {"rdmsr", do_rdmsr},
    {"invlpg", do_invlpg},
    {"ltr", do_ltr},
    {"lgdt", do_lgdt},
    {"lidt", do_lidt},
    {"in", do_in},
    {"out", do_out},
    {"int14", do_int14},
    {"int32", do_int32},
    {"int3", do_int3},
    {"undefined", do_undefined},
    {"divide", do_divide},
    {"step", do_step},
    {"farcall", do_farcall},
    {"iret", do_iret},
    {"loadds", do_loadds},
    {"readkernel", do_readkernel},
    {"writekernel", do_writekernel},
    {"jumpkernel", do_jumpkernel},
    {"nullread", do_nullread},
    {"nullwrite", do_nullwrite},
    {"writetext", do_writetext},
    {"wild", do_wild},
    {"overflow", do_overflow},
};

#define OFFENCES (sizeof(offences) / sizeof(offences[0]))

int main(int argc, char **argv)
{
    for (unsigned i = 0; i < OFFENCES; i++) {
        if (argc < 2)
            printf("%s ", offences[i].name);
        else if (!strcmp(argv[1], offences[i].name))
            offences[i].commit();
    }
    printf(argc < 2 ? "\n" : "isolate: still alive\n");
    return 0;
}
