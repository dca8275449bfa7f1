/*
 * Names of a kernel's functions, from the symbol table of its ELF file, if it kept one.
 *
 * Pure: also built on the host for tests and fuzzing. Nothing in the image is believed before it
 * was checked against the image's size.
 */
#ifndef UMBRA_HYPERVISOR_LOAD_ELF_SYMBOLS_H
#define UMBRA_HYPERVISOR_LOAD_ELF_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

#define ELF_SYMBOL_MAX 64

struct elf_symbol {
    char name[ELF_SYMBOL_MAX]; /* printable; a longer one is cut */
    uint32_t address;          /* linear, as the kernel was linked */
};

/*
 * The function that `address` lies in: the last symbol at or before it in its executable section,
 * unless that symbol's size says that it has ended. False when there is none, or no symbol table.
 */
bool elf_symbol_at(const uint8_t *bytes, uint64_t size, uint32_t address,
                   struct elf_symbol *symbol);

#endif
