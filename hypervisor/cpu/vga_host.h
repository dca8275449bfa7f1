/* The host's own text screen. */
#ifndef UMBRA_HYPERVISOR_CPU_VGA_HOST_H
#define UMBRA_HYPERVISOR_CPU_VGA_HOST_H

#include <stdint.h>

/* Finds out whether there is a VGA in text mode: without one nothing is shown. */
void vga_host_init(void);

/* Shows 80 x 25 cells, and the cursor at one of them, or nowhere when it is none of them. */
void vga_host_show(const uint16_t *cells, uint16_t cursor);

#endif
