#include "ramdisk.h"
#include "lib/string.h"

#define TAR_BLOCK 512u

/* The fields of a ustar header that matter here. */
struct tar_header {
    char name[100];
    char mode[8], uid[8], gid[8];
    char size[12]; /* octal */
    char rest[376];
};

_Static_assert(sizeof(struct tar_header) == TAR_BLOCK, "a tar header is one block");

extern const char ramdisk_start[], ramdisk_end[];

static uint32_t octal(const char *s)
{
    uint32_t value = 0;

    while (*s >= '0' && *s <= '7')
        value = value * 8 + (uint32_t)(*s++ - '0');
    return value;
}

bool ramdisk_at(uint32_t index, struct ramdisk_file *file)
{
    const char *at = ramdisk_start;

    while (at + TAR_BLOCK <= ramdisk_end && *at) {
        const struct tar_header *h = (const void *)at;
        uint32_t size = octal(h->size);

        if (index-- == 0) {
            *file = (struct ramdisk_file){h->name, at + TAR_BLOCK, size};
            return true;
        }
        at += TAR_BLOCK + (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
    }
    return false;
}

bool ramdisk_find(const char *name, struct ramdisk_file *file)
{
    for (uint32_t i = 0; ramdisk_at(i, file); i++) {
        if (!strcmp(file->name, name))
            return true;
    }
    return false;
}
