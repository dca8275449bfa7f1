/* Where the parts of the monitor's image begin and end: symbols of the linker script. */
#ifndef UMBRA_HYPERVISOR_BOOT_IMAGE_H
#define UMBRA_HYPERVISOR_BOOT_IMAGE_H

#include <stdint.h>

extern uint8_t image_start[], image_end[];
extern uint8_t text_start[], text_end[];
extern uint8_t rodata_start[], data_start[];
extern uint8_t tables_start[], tables_end[]; /* GDT and LDT, within the data */
extern uint8_t stack_guard[], stack_start[], stack_end[];

#endif
