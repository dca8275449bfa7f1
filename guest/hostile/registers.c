/* Ports, model-specific registers, control and debug registers. */
#include "hostile.h"

static uint32_t number, value;

static void in8(void *unused)
{
    (void)unused;
    __asm__ volatile("inb %%dx, %%al" ::"d"(number) : "eax");
}

static void in16(void *unused)
{
    (void)unused;
    __asm__ volatile("inw %%dx, %%ax" ::"d"(number) : "eax");
}

static void in32(void *unused)
{
    (void)unused;
    __asm__ volatile("inl %%dx, %%eax" ::"d"(number) : "eax");
}

static void out8(void *unused)
{
    (void)unused;
    __asm__ volatile("outb %%al, %%dx" ::"d"(number), "a"(value));
}

static void out16(void *unused)
{
    (void)unused;
    __asm__ volatile("outw %%ax, %%dx" ::"d"(number), "a"(value));
}

static void out32(void *unused)
{
    (void)unused;
    __asm__ volatile("outl %%eax, %%dx" ::"d"(number), "a"(value));
}

static void in_string(void *at)
{
    __asm__ volatile("rep insb" : "+D"(at) : "d"(number), "c"(17) : "memory");
}

static void out_string(void *at)
{
    __asm__ volatile("rep outsl" : "+S"(at) : "d"(number), "c"(5) : "memory");
}

/* Power-off, reset by the keyboard controller and by port 92h, for any size of access. */
static bool ends_the_machine(uint32_t port)
{
    return (port >= 0xF1 && port <= 0xF7) || (port >= 0x61 && port <= 0x64) ||
           (port >= 0x8F && port <= 0x92);
}

void stage_ports(void)
{
    static void (*const ins[])(void *) = {in8, in16, in32, in_string};
    static void (*const outs[])(void *) = {out8, out16, out32, out_string};

    for (uint32_t size = 0; size < 4; size++) {
        uint32_t step = size == 3 ? 7 : 1;

        for (number = 0; number < 0x10000; number += step)
            guarded(ins[size], (void *)(ARENA + below(4096)));
        for (number = 0; number < 0x10000; number += step) {
            value = random32();
            if (!ends_the_machine(number))
                guarded(outs[size], (void *)random_address());
        }
        irq_init(300);
    }
}

static void read_msr(void *unused)
{
    (void)unused;
    __asm__ volatile("rdmsr" ::"c"(number) : "eax", "edx");
}

static void write_msr(void *unused)
{
    (void)unused;
    __asm__ volatile("wrmsr" ::"c"(number), "a"(value), "d"(random32()));
}

void stage_msrs(void)
{
    static const uint32_t ranges[][2] = {{0, 0x2000},          {0x40000000, 0x400},
                                         {0x80000000, 0x100},  {0xC0000000, 0x1100},
                                         {0xC0010000, 0x1200}, {0xFFFFFF00, 0x100}};

    for (uint32_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        for (uint32_t n = 0; n < ranges[i][1]; n++) {
            number = ranges[i][0] + n;
            value = one_in(2) ? random32() : 1u << below(32);
            guarded(read_msr, NULL);
            guarded(write_msr, NULL);
        }
    }
    for (uint32_t n = 0; n < 4096; n++) {
        number = random32();
        guarded(read_msr, NULL);
        guarded(write_msr, NULL);
    }
    number = 0x10, value = 0;
    guarded(write_msr, NULL);
}

/* --- Control and debug registers: instructions made on the spot. --- */

#define CR4_PAE 0x20u

/* mov CR/DR(n), eax (opcode 22h, 23h) or back (20h, 21h); then use memory and come back. */
static void move_special(uint8_t opcode, uint32_t n, uint32_t eax)
{
    if (opcode == 0x22 && n == 4) /* these tables are none of PAE's: see unpaged() and wild.c */
        eax &= ~CR4_PAE;
    uint8_t code[] = {0x0F, opcode,     (uint8_t)(0xC0 | n << 3), 0x8B, 0x16, 0x89, 0x16,
                      0xCD, VECTOR_DONE};

    emit((uint8_t *)ARENA, code, sizeof(code));
    random_registers();
    start.eax = eax;
    start.esi = ARENA + 0x1000;
    start.ds = start.es = start.ss = SEL_KDATA;
    start.fs = start.gs = 0;
    start.cs = SEL_KCODE;
    start.eip = ARENA;
    start.esp = ARENA + 0x8000;
    start.eflags = 0x202;
    launch_kernel();
}

static void every_bit(uint8_t opcode, uint32_t n, uint32_t normal)
{
    for (uint32_t bit = 0; bit < 32; bit++) {
        move_special(opcode, n, normal ^ 1u << bit);
        move_special(opcode, n, (normal ^ 1u << bit) & 0x7FFFFFFF);
        move_special(opcode, n, normal ^ (1u << bit | 1u << below(32)));
    }
}

/* A bit of CR3 and of CR4 where neither matters. */
static void unpaged(void *bit)
{
    __asm__ volatile("mov %%cr0, %%eax; and $0x7fffffff, %%eax; mov %%eax, %%cr0" ::: "eax");
    __asm__ volatile("mov %0, %%cr3; mov %%cr3, %%eax" ::"r"((uint32_t)directory ^ (uint32_t)bit)
                     : "eax");
    __asm__ volatile("mov %0, %%cr4; mov %%cr4, %%eax" ::"r"((uint32_t)bit) : "eax");
}

/* With paging: the bits that say nothing about the frame, and those that lead to a frame of the
 * guest's own, which then holds a copy. wild.c has the others. */
static void control_cr3(void)
{
    for (uint32_t bit = 0; bit < 12; bit++)
        move_special(0x22, 3, (uint32_t)directory ^ 1u << bit);
    for (uint32_t bit = 21; bit < 24; bit++) {
        uint32_t copy = (uint32_t)directory ^ 1u << bit;

        emit((uint8_t *)copy, directory, sizeof(directory));
        move_special(0x22, 3, copy);
    }
    for (uint32_t bit = 0; bit < 32; bit++)
        guarded(unpaged, (void *)(1u << bit));
}

void stage_control(void)
{
    for (uint32_t n = 0; n < 8; n++) {
        move_special(0x20, n, 0);
        move_special(0x21, n, 0);
        every_bit(0x23, n, 0);
        every_bit(0x23, n, n == 7 ? random32() : random_address());
    }
    every_bit(0x22, 0, 0x80010011);
    every_bit(0x22, 4, 0x10);
    every_bit(0x22, 2, 0);
    control_cr3();
    for (uint32_t i = 0; i < 2048; i++) {
        static const uint8_t forms[] = {0x22, 0x22, 0x23};
        uint8_t form = PICK(forms);
        uint32_t n = below(8);

        move_special(form, n == 3 && form == 0x22 ? 0 : n, random32());
        if (i % 64 == 63)
            machine_rebuild();
    }
}
