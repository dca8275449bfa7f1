#include "elf.h"

#include <string.h>

struct elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version, entry, phoff, shoff, flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct program_header {
    uint32_t type, offset, vaddr, paddr, filesz, memsz, flags, align;
};

struct note_header {
    uint32_t owner_bytes, content_bytes, type;
};

#define ELFCLASS32  1
#define ELFDATA2LSB 1
#define ET_EXEC     2
#define EM_386      3
#define PT_LOAD     1
#define PT_NOTE     4

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

static bool read_header(struct elf_header *header, const uint8_t *bytes, uint64_t size,
                        struct load_error *error)
{
    if (size < 4 || memcmp(bytes, "\177ELF", 4) != 0)
        return refuse(error, "image", "not an ELF", "give a 32-bit multiboot kernel or Linux");
    if (size < sizeof(*header))
        return refuse(error, "image", "truncated ELF", "the file ends in its header");
    memcpy(header, bytes, sizeof(*header));
    if (!check_header(header, error))
        return false;
    if ((uint64_t)header->phoff + (uint64_t)header->phnum * sizeof(struct program_header) > size)
        return refuse(error, "image", "truncated ELF", "the file ends in its program headers");
    return true;
}

static struct program_header program_header(const struct elf_header *header, const uint8_t *bytes,
                                            unsigned i)
{
    struct program_header program;
    memcpy(&program, bytes + header->phoff + i * sizeof(program), sizeof(program));
    return program;
}

static uint32_t physical_entry(uint32_t entry, const struct program_header *program)
{
    return entry >= program->vaddr && entry - program->vaddr < program->memsz
               ? entry - program->vaddr + program->paddr
               : entry;
}

bool elf_parse(struct kernel_image *kernel, const uint8_t *bytes, uint64_t size,
               struct load_error *error)
{
    struct elf_header header;
    if (!read_header(&header, bytes, size, error))
        return false;
    kernel->entry = header.entry;
    for (unsigned i = 0; i < header.phnum; i++) {
        struct program_header program = program_header(&header, bytes, i);
        struct kernel_segment segment = {program.paddr, program.memsz, program.offset,
                                         program.filesz};
        if (program.type != PT_LOAD || !program.memsz)
            continue;
        if (!kernel_add_segment(kernel, &segment, size, error))
            return false;
        if (kernel->entry == header.entry)
            kernel->entry = physical_entry(header.entry, &program);
    }
    return true;
}

static bool notes_name(const uint8_t *notes, uint64_t size, const char *owner)
{
    const uint64_t owner_bytes = strlen(owner) + 1;
    struct note_header note;
    for (uint64_t at = 0; at + sizeof(note) <= size;) {
        memcpy(&note, notes + at, sizeof(note));
        at += sizeof(note);
        if (note.owner_bytes == owner_bytes && owner_bytes <= size - at &&
            !memcmp(notes + at, owner, owner_bytes))
            return true;
        at += (note.owner_bytes + 3ull) / 4 * 4 + (note.content_bytes + 3ull) / 4 * 4;
    }
    return false;
}

bool elf_has_note(const uint8_t *bytes, uint64_t size, const char *owner)
{
    struct elf_header header;
    struct load_error error;
    if (!read_header(&header, bytes, size, &error))
        return false;
    for (unsigned i = 0; i < header.phnum; i++) {
        struct program_header program = program_header(&header, bytes, i);
        if (program.type == PT_NOTE && (uint64_t)program.offset + program.filesz <= size &&
            notes_name(bytes + program.offset, program.filesz, owner))
            return true;
    }
    return false;
}
