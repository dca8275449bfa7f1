/* The first C function. */
#ifndef UMBRA_HYPERVISOR_BOOT_MAIN_H
#define UMBRA_HYPERVISOR_BOOT_MAIN_H

#include <stdint.h>

/* Called by the entry code in long mode on the boot stack, interrupts off: the loader's magic, and
 * the hpa of what it has to say. */
void monitor_start(uint32_t magic, uint64_t information) __attribute__((noreturn));

#endif
