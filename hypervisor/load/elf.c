#include "elf.h"

#include <string.h>

#define LOW_RAM_END 0x9fc00u  /* the extended BIOS data area begins */
#define HIGH_RAM    0x100000u /* RAM goes on above video memory and ROM */

#define MULTIBOOT_SEARCH 8192u /* multiboot specification 0.6.96, 3.1 */
#define MULTIBOOT_MAGIC  0x1badb002u
#define MULTIBOOT_MUST   0xffffu /* of the flags: those that a loader must understand */
#define MULTIBOOT_KNOWN  0x0003u /* page-aligned modules, memory information */

struct elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version, entry, phoff, shoff, flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct program_header {
    uint32_t type, offset, vaddr, paddr, filesz, memsz, flags, align;
};

#define ELFCLASS32  1
#define ELFDATA2LSB 1
#define ET_EXEC     2
#define EM_386      3
#define PT_LOAD     1

static bool check_header(const struct elf_header *header, struct load_error *error)
{
    if (header->ident[4] != ELFCLASS32)
        return refuse(error, "image", "not a 32-bit ELF", "build the kernel with -m32");
    if (header->ident[5] != ELFDATA2LSB || header->machine != EM_386)
        return refuse(error, "image", "not an x86 ELF", "give a kernel for i386");
    if (header->type != ET_EXEC)
        return refuse(error, "image", "not an executable ELF", "link it at a fixed address");
    if (header->phentsize != sizeof(struct program_header))
        return refuse(error, "image", "broken ELF header", "the program headers have a wrong size");
    return true;
}

static bool add_segment(struct elf_image *elf, const struct program_header *program, uint64_t size,
                        struct load_error *error)
{
    if ((uint64_t)program->offset + program->filesz > size)
        return refuse(error, "image", "truncated ELF", "a segment ends behind the end of the file");
    if (program->filesz > program->memsz || program->paddr + (uint64_t)program->memsz > 1ull << 32)
        return refuse(error, "image", "broken ELF segment", "its sizes make no sense");
    for (unsigned i = 0; i < elf->count; i++) {
        const struct elf_segment *other = &elf->segments[i];
        if (program->paddr < other->gpa + (uint64_t)other->memory_bytes &&
            other->gpa < program->paddr + (uint64_t)program->memsz)
            return refuse(error, "image", "ELF segments overlap",
                          "give each its own physical addresses");
    }
    if (elf->count == ELF_SEGMENTS_MAX)
        return refuse(error, "image", "too many ELF segments", "at most 32 can be loaded");
    elf->segments[elf->count++] = (struct elf_segment){
        .gpa = program->paddr,
        .memory_bytes = program->memsz,
        .file_offset = program->offset,
        .file_bytes = program->filesz,
    };
    return true;
}

/* The entry point is a linear address in the image; loaders that start with paging off need it as a
 * physical one when the kernel is linked elsewhere than it is loaded. Multiboot's rule: as it is.
 */
static bool check_entry(const struct elf_image *elf, struct load_error *error)
{
    for (unsigned i = 0; i < elf->count; i++) {
        const struct elf_segment *segment = &elf->segments[i];
        if (elf->entry >= segment->gpa && elf->entry - segment->gpa < segment->memory_bytes)
            return true;
    }
    return refuse(error, "image", "the entry point is in no segment",
                  "it has to be a physical address");
}

static bool check_multiboot(const uint8_t *bytes, uint64_t size, struct load_error *error)
{
    uint64_t end = size < MULTIBOOT_SEARCH ? size : MULTIBOOT_SEARCH;
    for (uint64_t at = 0; at + 12 <= end; at += 4) {
        uint32_t word[3];
        memcpy(word, bytes + at, sizeof(word));
        if (word[0] != MULTIBOOT_MAGIC || word[0] + word[1] + word[2] != 0)
            continue;
        if (word[1] & MULTIBOOT_MUST & ~MULTIBOOT_KNOWN)
            return refuse(error, "image", "its multiboot header asks for more than is offered",
                          "only flags 0 and 1 are known");
        return true;
    }
    return refuse(error, "image", "no multiboot header in its first 8 KiB",
                  "give a multiboot 1 kernel");
}

bool elf_parse(struct elf_image *elf, const uint8_t *bytes, uint64_t size, struct load_error *error)
{
    struct elf_header header;
    memset(elf, 0, sizeof(*elf));
    if (size < 4 || memcmp(bytes, "\177ELF", 4) != 0)
        return refuse(error, "image", "not an ELF", "give a 32-bit multiboot kernel");
    if (size < sizeof(header))
        return refuse(error, "image", "truncated ELF", "the file ends in its header");
    memcpy(&header, bytes, sizeof(header));
    if (!check_header(&header, error))
        return false;
    if ((uint64_t)header.phoff + (uint64_t)header.phnum * sizeof(struct program_header) > size)
        return refuse(error, "image", "truncated ELF", "the file ends in its program headers");
    for (unsigned i = 0; i < header.phnum; i++) {
        struct program_header program;
        memcpy(&program, bytes + header.phoff + i * sizeof(program), sizeof(program));
        if (program.type == PT_LOAD && program.memsz && !add_segment(elf, &program, size, error))
            return false;
    }
    elf->entry = header.entry;
    return check_entry(elf, error) && check_multiboot(bytes, size, error);
}

bool elf_fits(const struct elf_image *elf, uint64_t ram_bytes, struct load_error *error)
{
    for (unsigned i = 0; i < elf->count; i++) {
        uint64_t start = elf->segments[i].gpa;
        uint64_t end = start + elf->segments[i].memory_bytes;
        bool low = end <= LOW_RAM_END;
        bool high = start >= HIGH_RAM && end <= ram_bytes;
        if (!low && !high)
            return refuse(error, "image", "a segment lies outside RAM",
                          "give more mem= or link the kernel lower");
    }
    return true;
}
