/* The header by which a kernel asks for multiboot 1 (specification 0.6.96, 3.1) or 2 (2.0, 3.1).
 * Pure: see kernel.h. */
#ifndef UMBRA_HYPERVISOR_LOAD_MULTIBOOT_HEADER_H
#define UMBRA_HYPERVISOR_LOAD_MULTIBOOT_HEADER_H

#include "kernel.h"

struct multiboot_header {
    unsigned version;   /* 1 or 2; 0: there is none */
    uint32_t offset;    /* in the file */
    bool has_addresses; /* the header says what goes where, the file need not be an ELF */
    uint32_t header_gpa, load_gpa, load_end, bss_end;
    bool has_entry;
    uint32_t entry;
};

/* Finds the header. False with *error when it asks for what is not offered, or is broken. */
bool multiboot_header_find(struct multiboot_header *header, const uint8_t *bytes, uint64_t size,
                           struct load_error *error);

/* Loads a file of `size` bytes as its header's addresses say. */
bool multiboot_header_load(struct kernel_image *kernel, const struct multiboot_header *header,
                           uint64_t size, struct load_error *error);

#endif
