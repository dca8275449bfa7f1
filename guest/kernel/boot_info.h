/* What the boot loader told the kernel, copied before any memory is handed out. */
#ifndef BOOT_INFO_H
#define BOOT_INFO_H

#include <stdint.h>

#define MULTIBOOT_MAGIC  0x2BADB002
#define BOOT_REGIONS_MAX 16

struct memory_region {
    uint32_t start; /* the part below 4 GiB */
    uint32_t end;
};

struct boot_info {
    uint32_t region_count; /* usable RAM only, ascending as the loader gave it */
    struct memory_region regions[BOOT_REGIONS_MAX];
    char command_line[256];
};

extern struct boot_info boot_info;

/** Copy memory map and command line (Multiboot 3.3); `physical` is the information's address. */
void boot_info_save(uint32_t magic, uint32_t physical);

#endif
