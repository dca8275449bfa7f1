/* 32-bit ELF executables (System V ABI, i386 supplement). Pure: see kernel.h. */
#ifndef UMBRA_HYPERVISOR_LOAD_ELF_H
#define UMBRA_HYPERVISOR_LOAD_ELF_H

#include "kernel.h"

/* Reads entry point and loadable segments. An entry point that is a linear address in a segment
 * becomes its physical one. False with *error: not an ELF, not 32-bit x86, not an executable,
 * truncated, wrapping or overlapping segments. */
bool elf_parse(struct kernel_image *kernel, const uint8_t *bytes, uint64_t size,
               struct load_error *error);

/* True when an image that elf_parse() took has a note of this owner. */
bool elf_has_note(const uint8_t *bytes, uint64_t size, const char *owner);

#endif
