#include "linux_header.h"

#include <string.h>

#include "kernel.h"

#define SECTOR            512u
#define DEFAULT_SETUP     4u /* setup_sects = 0 means 4 */
#define BOOT_FLAG         0xaa55u
#define MAGIC             0x53726448u /* "HdrS" */
#define VERSION_OLDEST    0x0206u     /* of 2007: says how long the command line may be */
#define VERSION_INIT_SIZE 0x020au
#define VERSION_MADE      0x020fu

/* A decompressed kernel states no limits: those of all kernels since 2007. */
#define ELF_CMDLINE_MAX 2047u
#define ELF_INITRD_MAX  0x37ffffffu

#define PAGE 4096u

static uint32_t get(const uint8_t *bytes, unsigned at, unsigned size)
{
    uint32_t value = 0;
    memcpy(&value, bytes + at, size);
    return value;
}

static void put(struct linux_header *header, unsigned at, uint32_t value, unsigned size)
{
    memcpy(header->bytes + (at - LINUX_HEADER_START), &value, size);
}

bool linux_header_is_there(const uint8_t *bytes, uint64_t size)
{
    return size >= LINUX_VERSION && get(bytes, LINUX_BOOT_FLAG, 2) == BOOT_FLAG &&
           get(bytes, LINUX_MAGIC, 4) == MAGIC;
}

/* Where a kernel that moves itself ends, with the room that it works in. */
static uint64_t end_of(const uint8_t *bytes, const struct kernel_segment *segment)
{
    uint64_t end = segment->gpa + (uint64_t)segment->memory_bytes;
    if (get(bytes, LINUX_VERSION, 2) < VERSION_INIT_SIZE)
        return end;
    uint64_t runs_at = segment->gpa;
    uint32_t align = get(bytes, LINUX_ALIGNMENT, 4);
    uint32_t preferred = get(bytes, LINUX_PREF_ADDRESS, 4);
    if (bytes[LINUX_RELOCATABLE] && align)
        runs_at = (runs_at + align - 1) / align * align;
    if (runs_at < preferred)
        runs_at = preferred;
    uint64_t unpacked = runs_at + get(bytes, LINUX_INIT_SIZE, 4);
    return unpacked > end ? unpacked : end;
}

static void copy_header(struct linux_header *header, const uint8_t *bytes)
{
    unsigned end = LINUX_JUMP + 2 + bytes[LINUX_JUMP + 1]; /* a short jump over the header */
    if (end > LINUX_HEADER_LIMIT)
        end = LINUX_HEADER_LIMIT;
    memcpy(header->bytes, bytes + LINUX_HEADER_START, end - LINUX_HEADER_START);
}

static bool check(const uint8_t *bytes, uint64_t size, uint32_t setup_bytes,
                  struct load_error *error)
{
    if (get(bytes, LINUX_VERSION, 2) < VERSION_OLDEST)
        return refuse(error, "image", "its Linux boot protocol is too old", "2.06 or later boots");
    if (!(bytes[LINUX_LOADFLAGS] & LINUX_LOADED_HIGH))
        return refuse(error, "image", "a zImage, loaded below 1 MiB", "build a bzImage");
    /* syssize is rounded up to 16 bytes */
    if (size <= setup_bytes ||
        size - setup_bytes + 15 < (uint64_t)get(bytes, LINUX_SYSSIZE, 4) * 16)
        return refuse(error, "image", "truncated bzImage", "copy the file again");
    if (get(bytes, LINUX_CODE32_START, 4) < KERNEL_HIGH_RAM || size - setup_bytes > UINT32_MAX)
        return refuse(error, "image", "broken bzImage", "its load address makes no sense");
    return true;
}

bool linux_header_parse(struct kernel_image *kernel, const uint8_t *bytes, uint64_t size,
                        struct load_error *error)
{
    struct linux_header *header = &kernel->linux_header;
    if (size < LINUX_HEADER_LIMIT)
        return refuse(error, "image", "truncated bzImage", "copy the file again");
    uint32_t sectors = bytes[LINUX_SETUP_SECTS] ? bytes[LINUX_SETUP_SECTS] : DEFAULT_SETUP;
    uint32_t setup_bytes = (sectors + 1) * SECTOR;
    if (!check(bytes, size, setup_bytes, error))
        return false;
    struct kernel_segment segment = {
        .gpa = get(bytes, LINUX_CODE32_START, 4),
        .memory_bytes = (uint32_t)(size - setup_bytes),
        .file_offset = setup_bytes,
        .file_bytes = (uint32_t)(size - setup_bytes),
    };
    if (!kernel_add_segment(kernel, &segment, size, error))
        return false;
    kernel->entry = segment.gpa;
    copy_header(header, bytes);
    header->end = end_of(bytes, &segment);
    header->initrd_max = get(bytes, LINUX_INITRD_MAX, 4);
    header->cmdline_max = get(bytes, LINUX_CMDLINE_SIZE, 4);
    return true;
}

bool linux_header_make(struct kernel_image *kernel, struct load_error *error)
{
    struct linux_header *header = &kernel->linux_header;
    if (!kernel_covers(kernel, kernel->entry))
        return refuse(error, "image", "the entry point is in no segment",
                      "it has to be an address in the image");
    for (unsigned i = 0; i < kernel->count; i++) {
        uint64_t end = kernel->segments[i].gpa + (uint64_t)kernel->segments[i].memory_bytes;
        if (end > header->end)
            header->end = end;
    }
    header->initrd_max = ELF_INITRD_MAX;
    header->cmdline_max = ELF_CMDLINE_MAX;
    put(header, LINUX_VID_MODE, 0xffff, 2);
    put(header, LINUX_BOOT_FLAG, BOOT_FLAG, 2);
    put(header, LINUX_MAGIC, MAGIC, 4);
    put(header, LINUX_VERSION, VERSION_MADE, 2);
    put(header, LINUX_LOADFLAGS, LINUX_LOADED_HIGH, 1);
    put(header, LINUX_CODE32_START, kernel->entry, 4);
    put(header, LINUX_INITRD_MAX, ELF_INITRD_MAX, 4);
    put(header, LINUX_CMDLINE_SIZE, ELF_CMDLINE_MAX, 4);
    return true;
}

bool linux_header_place(const struct linux_header *header, uint64_t ram_bytes,
                        uint64_t initrd_bytes, uint32_t cmdline_bytes, struct linux_place *place,
                        struct load_error *error)
{
    uint64_t top = ram_bytes - 1 < header->initrd_max ? ram_bytes - 1 : header->initrd_max;
    *place = (struct linux_place){0};
    if (cmdline_bytes > header->cmdline_max)
        return refuse(error, "command line", "too long for this kernel", "shorten it");
    if (!initrd_bytes)
        return true;
    if (initrd_bytes > top || (top - initrd_bytes) / PAGE * PAGE < header->end)
        return refuse(error, "for", "the initrd is too large for the VM's memory",
                      "give the VM more mem=");
    place->initrd = (uint32_t)((top - initrd_bytes) / PAGE * PAGE);
    place->initrd_bytes = (uint32_t)initrd_bytes;
    return true;
}
