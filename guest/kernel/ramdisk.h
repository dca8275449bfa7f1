/* The programs: a tar archive (POSIX ustar) inside the kernel image. */
#ifndef RAMDISK_H
#define RAMDISK_H

#include <stdbool.h>
#include <stdint.h>

struct ramdisk_file {
    const char *name;
    const void *data;
    uint32_t size;
};

/** Find a file by name. */
bool ramdisk_find(const char *name, struct ramdisk_file *file);

/** The file at a position in the archive; false past the last. */
bool ramdisk_at(uint32_t index, struct ramdisk_file *file);

#endif
