#include "kernel.h"

#include <string.h>

#include "elf.h"
#include "multiboot_header.h"

#define LOW_RAM_END 0x9fc00u /* the extended BIOS data area begins */

bool kernel_add_segment(struct kernel_image *kernel, const struct kernel_segment *segment,
                        uint64_t size, struct load_error *error)
{
    uint64_t end = segment->gpa + (uint64_t)segment->memory_bytes;
    if ((uint64_t)segment->file_offset + segment->file_bytes > size)
        return refuse(error, "image", "truncated", "a segment ends behind the end of the file");
    if (segment->file_bytes > segment->memory_bytes || end > 1ull << 32)
        return refuse(error, "image", "broken segment", "its sizes make no sense");
    for (unsigned i = 0; i < kernel->count; i++) {
        const struct kernel_segment *other = &kernel->segments[i];
        if (segment->gpa < other->gpa + (uint64_t)other->memory_bytes && other->gpa < end)
            return refuse(error, "image", "segments overlap",
                          "give each its own physical addresses");
    }
    if (kernel->count == KERNEL_SEGMENTS_MAX)
        return refuse(error, "image", "too many segments", "at most 32 can be loaded");
    kernel->segments[kernel->count++] = *segment;
    return true;
}

bool kernel_covers(const struct kernel_image *kernel, uint32_t gpa)
{
    for (unsigned i = 0; i < kernel->count; i++) {
        const struct kernel_segment *segment = &kernel->segments[i];
        if (gpa >= segment->gpa && gpa - segment->gpa < segment->memory_bytes)
            return true;
    }
    return false;
}

static bool parse_elf(struct kernel_image *kernel, const struct multiboot_header *header,
                      const uint8_t *bytes, uint64_t size, struct load_error *error)
{
    if (!elf_parse(kernel, bytes, size, error))
        return false;
    if (header->version)
        return true;
    if (!elf_has_note(bytes, size, "Linux"))
        return refuse(error, "image", "no multiboot header in its first 8 KiB",
                      "give a multiboot kernel or Linux");
    kernel->protocol = BOOT_LINUX;
    return linux_header_make(kernel, error);
}

bool kernel_parse(struct kernel_image *kernel, const uint8_t *bytes, uint64_t size,
                  struct load_error *error)
{
    struct multiboot_header header;
    memset(kernel, 0, sizeof(*kernel));
    if (linux_header_is_there(bytes, size)) {
        kernel->protocol = BOOT_LINUX;
        return linux_header_parse(kernel, bytes, size, error);
    }
    if (!multiboot_header_find(&header, bytes, size, error))
        return false;
    kernel->protocol = header.version == 2 ? BOOT_MULTIBOOT2 : BOOT_MULTIBOOT1;
    if (header.has_addresses)
        return multiboot_header_load(kernel, &header, size, error);
    if (!parse_elf(kernel, &header, bytes, size, error))
        return false;
    if (header.has_entry)
        kernel->entry = header.entry;
    return kernel_covers(kernel, kernel->entry) ||
           refuse(error, "image", "the entry point is in no segment",
                  "it has to be an address in the image");
}

bool kernel_fits(const struct kernel_image *kernel, uint64_t ram_bytes, struct load_error *error)
{
    for (unsigned i = 0; i < kernel->count; i++) {
        uint64_t start = kernel->segments[i].gpa;
        uint64_t end = start + kernel->segments[i].memory_bytes;
        bool low = end <= LOW_RAM_END;
        bool high = start >= KERNEL_HIGH_RAM && end <= ram_bytes;
        if (!low && !high)
            return refuse(error, "image", "a segment lies outside RAM",
                          "give more mem= or link the kernel lower");
    }
    if (kernel->protocol == BOOT_LINUX && kernel->linux_header.end > ram_bytes)
        return refuse(error, "mem", "too little for this kernel to unpack itself",
                      "give the VM more");
    return true;
}
