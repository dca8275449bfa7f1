/* What the boot loader handed over, checked and in our own words (multiboot2 specification, 3.6).
 */
#ifndef UMBRA_HYPERVISOR_BOOT_BOOT_INFO_H
#define UMBRA_HYPERVISOR_BOOT_BOOT_INFO_H

#include <stdint.h>

#define BOOT_MODULES_MAX 32
#define BOOT_MEMORY_MAX  64

struct boot_module {
    uint64_t start, end; /* hpa, end exclusive */
    const char *command_line;
};

#define BOOT_MEMORY_RAM 1 /* anything else is not for us */

struct boot_memory {
    uint64_t start, end; /* hpa, end exclusive */
    uint32_t type;
};

struct boot_info {
    const char *command_line; /* the monitor's own; "" when there is none */
    unsigned module_count;
    struct boot_module modules[BOOT_MODULES_MAX];
    unsigned memory_count;
    struct boot_memory memory[BOOT_MEMORY_MAX];
    uint64_t start, end; /* hpa of the loader's own structure: the strings above lie in it */
};

/*
 * Reads the multiboot2 information at `hpa`. Tags that do not fit into the structure, and modules
 * and memory ranges beyond the limits above, are left out with a message. Panics when `magic` is
 * not multiboot2's.
 */
void boot_info_parse(struct boot_info *info, uint32_t magic, uint64_t hpa);

/* Where bring-up ends: the virtual machines begin. Does not return. */
void monitor_main(const struct boot_info *info) __attribute__((noreturn));

#endif
