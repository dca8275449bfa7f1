/* A debugger's eyes: guest-virtual memory without a trace in the guest (no accessed bit is set, no
 * shadow entry filled). */
#ifndef UMBRA_HYPERVISOR_DEBUG_LOOK_H
#define UMBRA_HYPERVISOR_DEBUG_LOOK_H

#include <stdbool.h>
#include <stdint.h>

struct vm;

/* Reads as far as something is mapped; returns how many bytes. */
unsigned look_read(struct vm *vm, uint32_t gva, void *bytes, unsigned count);

/* Writes through gpa_write(), whatever the rights of the pages: all bytes, or none when any of them
 * is not mapped. */
bool look_write(struct vm *vm, uint32_t gva, const void *bytes, unsigned count);

#endif
