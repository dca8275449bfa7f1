#include "power.h"
#include "abi.h"
#include "cpu.h"
#include "keyboard.h"
#include "printk.h"
#include "serial.h"

/* QEMU's isa-debug-exit: writing n ends QEMU with the exit status 2n + 1. */
#define DEBUG_EXIT   0xF4
#define EXIT_SUCCESS 0x10
#define EXIT_FAILURE 0x11

static bool report_tsc;

void power_report_tsc(void)
{
    report_tsc = cpu_has(FEATURE_TSC);
}

void power(uint32_t how)
{
    cli();
    if (report_tsc)
        printk("~ tsc %llu\n", rdtsc());
    serial_drain();
    if (how == POWER_REBOOT)
        keyboard_reset_machine();
    else
        outl(DEBUG_EXIT, how == POWER_OFF_OK ? EXIT_SUCCESS : EXIT_FAILURE);
    for (;;) {
        cli();
        hlt();
    }
}
