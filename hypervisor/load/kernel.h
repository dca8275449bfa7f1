/*
 * A kernel's image as the loader needs it: by which protocol it boots, and which bytes go where.
 *
 * Pure, with the parsers beneath it (elf.h, multiboot_header.h, linux_header.h): also built on the
 * host for tests and fuzzing. The image comes from outside: nothing in it is believed before it
 * was checked against the image's size.
 */
#ifndef UMBRA_HYPERVISOR_LOAD_KERNEL_H
#define UMBRA_HYPERVISOR_LOAD_KERNEL_H

#include "config.h"
#include "linux_header.h"

#define KERNEL_SEGMENTS_MAX 32

#define KERNEL_HIGH_RAM 0x100000u /* RAM goes on above video memory and ROM */

enum boot_protocol {
    BOOT_MULTIBOOT1,
    BOOT_MULTIBOOT2,
    BOOT_LINUX, /* the 32-bit boot protocol */
    BOOT_PROTOCOLS,
};

struct kernel_segment {
    uint32_t gpa;
    uint32_t memory_bytes; /* beyond file_bytes: zeros */
    uint32_t file_offset;
    uint32_t file_bytes;
};

struct kernel_image {
    enum boot_protocol protocol;
    uint32_t entry; /* gpa */
    unsigned count;
    struct kernel_segment segments[KERNEL_SEGMENTS_MAX];
    struct linux_header linux_header; /* BOOT_LINUX */
};

/*
 * Reads an image of `size` bytes: a bzImage, or an ELF with a multiboot header or of Linux, or
 * any file with a multiboot header that says where it goes. False with *error: none of these, or
 * truncated, broken, asking for what is not offered.
 */
bool kernel_parse(struct kernel_image *kernel, const uint8_t *bytes, uint64_t size,
                  struct load_error *error);

/* True when every segment lies in RAM of `ram_bytes`, outside the BIOS and video area, and the
 * kernel has the room that it asks for. */
bool kernel_fits(const struct kernel_image *kernel, uint64_t ram_bytes, struct load_error *error);

/* For parsers: adds a segment of a file of `size` bytes. False with *error: outside the file or
 * the address space, one too many, or over another one. */
bool kernel_add_segment(struct kernel_image *kernel, const struct kernel_segment *segment,
                        uint64_t size, struct load_error *error);

/* True when gpa lies in a segment. */
bool kernel_covers(const struct kernel_image *kernel, uint32_t gpa);

#endif
