/* Bring-up, in the order it happens. */
#include "boot_info.h"
#include "main.h"
#include "hypervisor/cpu/control.h"
#include "hypervisor/cpu/features.h"
#include "hypervisor/cpu/gdt.h"
#include "hypervisor/cpu/idt.h"
#include "hypervisor/cpu/pic_host.h"
#include "hypervisor/cpu/serial_host.h"
#include "hypervisor/cpu/timer.h"
#include "hypervisor/cpu/vga_host.h"
#include "hypervisor/mm/direct_map.h"
#include "hypervisor/mm/frames.h"
#include "hypervisor/report/console.h"

static struct boot_info boot_info;

void monitor_start(uint32_t magic, uint64_t information)
{
    console_init();
    gdt_init();
    idt_init(); /* from here on a fault is a panic and no reset */
    features_detect();
    control_init();
    boot_info_parse(&boot_info, magic, information);
    features_report();
    frames_init(&boot_info);
    direct_map_init(&boot_info);
    timer_init();
    pic_host_init(); /* after the firmware's timer was silenced: forgets its last interrupt */
    serial_host_init();
    vga_host_init();
    monitor_main(&boot_info);
}
