/*
 * Bring-up, in the order in which things begin to work; then the first process.
 *
 * To read the kernel: boot.asm and this file; gdt.c, idt.c, trap.asm and trap.c (how anything gets
 * in); frames.c, paging.c and user_space.c (memory); process.c, exec.c, elf.c and sched.c
 * (processes); syscall.c, file.c and pipe.c (what they may ask for); tty.c and its devices. What
 * the demo shows is in user/lib/script.c.
 */
#include "abi.h"
#include "bench.h"
#include "boot_info.h"
#include "command_line.h"
#include "cpu.h"
#include "exec.h"
#include "frames.h"
#include "gdt.h"
#include "keyboard.h"
#include "lib/string.h"
#include "paging.h"
#include "panic.h"
#include "pic.h"
#include "pit.h"
#include "power.h"
#include "printk.h"
#include "process.h"
#include "sched.h"
#include "serial.h"
#include "vga.h"

void kernel_main(uint32_t magic, uint32_t multiboot_info);

static struct exec_args init_args;

static void add_arg(const char *text)
{
    if (exec_args_add(&init_args, text))
        panic("too many arguments on the command line");
}

static void add_args(char *list)
{
    while (*list)
        add_arg(command_line_item(&list));
}

/* bench=spin0,N runs here and ends the machine; any other name is a program. */
static void choose_bench(char *list)
{
    char *name = command_line_item(&list);

    power_report_tsc();
    if (!strcmp(name, "spin0")) {
        uint32_t rounds = string_number(list);

        printk("spin0: %u rounds, sum %08x\n", rounds, bench_spin0(rounds));
        power(POWER_OFF_OK);
    }
    add_arg("run");
    add_arg(!strcmp(name, "spin3") ? "spin" : name);
    add_args(list);
}

static void choose_init_args(void)
{
    char list[128];

    add_arg("init");
    if (command_line_value("bench", list, sizeof(list))) {
        choose_bench(list);
    } else if (command_line_value("run", list, sizeof(list))) {
        add_arg("run");
        add_args(list);
    } else {
        add_arg(command_line_has("interactive") ? "interactive" : "script");
    }
}

/* Eats the kernel stack down to its guard page, which ends in a double fault. */
static uint32_t overflow_stack(volatile uint32_t depth)
{
    return depth ? overflow_stack(depth - 1) + depth : 0;
}

/* For those who want to see a kernel panic: crash=fault or crash=stack. */
static void crash_if_asked(void)
{
    char how[8];

    if (!command_line_value("crash", how, sizeof(how)))
        return;
    if (!strcmp(how, "stack"))
        overflow_stack(100000);
    *(volatile uint32_t *)0xFFFF0000 = 0;
}

/* Begins in the kernel, becomes the program init. */
static void init_thread(void)
{
    int error;

    crash_if_asked();
    choose_init_args();
    files_open_tty(current->files);
    error = process_exec("init", &init_args);
    if (error)
        panic("cannot run init: error %d", error);
}

void kernel_main(uint32_t magic, uint32_t multiboot_info)
{
    cpu_detect();
    gdt_init();
    idt_init();
    serial_init();
    vga_init();
    printk("demo kernel: 32-bit, multiboot, higher half\n");

    boot_info_save(magic, multiboot_info);
    frames_init();
    paging_init();
    fpu_init();

    process_init();
    pic_init();
    serial_start();
    keyboard_init();
    pit_init();
    process_start_thread("init", init_thread);
    sched_idle();
}
