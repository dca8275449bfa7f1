/*
 * 32-bit ELF executables (System V ABI, i386 supplement) with a multiboot 1 header.
 *
 * Pure: also built on the host for tests and fuzzing. The image comes from outside: nothing in it
 * is believed before it was checked against the image's size.
 */
#ifndef UMBRA_HYPERVISOR_LOAD_ELF_H
#define UMBRA_HYPERVISOR_LOAD_ELF_H

#include "config.h"

#define ELF_SEGMENTS_MAX 32

struct elf_segment {
    uint32_t gpa;          /* p_paddr */
    uint32_t memory_bytes; /* beyond file_bytes: zeros */
    uint32_t file_offset;
    uint32_t file_bytes;
};

struct elf_image {
    uint32_t entry; /* gpa */
    unsigned count;
    struct elf_segment segments[ELF_SEGMENTS_MAX];
};

/* Reads the loadable segments of a kernel. False with *error: not an ELF, not 32-bit x86, not an
 * executable, truncated, wrapping or overlapping segments, no multiboot header. */
bool elf_parse(struct elf_image *elf, const uint8_t *bytes, uint64_t size,
               struct load_error *error);

/* True when every segment lies in RAM of `ram_bytes`, outside the BIOS and video area. */
bool elf_fits(const struct elf_image *elf, uint64_t ram_bytes, struct load_error *error);

#endif
