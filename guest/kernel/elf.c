#include "elf.h"
#include "abi.h"
#include "lib/string.h"

#define ELF_MAGIC       0x464C457Fu
#define ELF_CLASS_32    1
#define ELF_EXECUTABLE  2
#define ELF_MACHINE_386 3
#define SEGMENT_LOAD    1
#define SEGMENT_WRITE   2

struct elf_header {
    uint32_t magic;
    uint8_t class, data, version, padding[9];
    uint16_t type, machine;
    uint32_t version2, entry, phoff, shoff, flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_segment {
    uint32_t type, offset, vaddr, paddr, filesz, memsz, flags, align;
};

static const char *check_header(const struct elf_header *h, uint32_t size)
{
    if (size < sizeof(*h) || h->magic != ELF_MAGIC)
        return "not an ELF file";
    if (h->class != ELF_CLASS_32 || h->machine != ELF_MACHINE_386)
        return "not for a 32-bit x86";
    if (h->type != ELF_EXECUTABLE)
        return "not an executable";
    if (h->phentsize != sizeof(struct elf_segment) || h->phoff % 4 || h->phoff > size ||
        h->phnum > (size - h->phoff) / sizeof(struct elf_segment))
        return "truncated program headers";
    return NULL;
}

static const char *check_segment(const struct elf_segment *s, uint32_t size)
{
    if (s->offset > size || s->filesz > size - s->offset)
        return "truncated segment";
    if (s->filesz > s->memsz)
        return "segment larger in the file than in memory";
    if (s->vaddr < PAGE_SIZE || s->vaddr >= HEAP_MAX || s->memsz > HEAP_MAX - s->vaddr)
        return "segment outside user memory";
    return NULL;
}

/* Copies what is in the file; the rest of the segment is zero on demand. */
static bool load_segment(struct user_space *space, const uint8_t *image,
                         const struct elf_segment *s)
{
    uint32_t done = 0;

    while (done < s->filesz) {
        uint32_t at = s->vaddr + done;
        uint32_t offset = at % PAGE_SIZE;
        uint32_t n = PAGE_SIZE - offset;
        uint8_t *page = space_page(space, at, s->flags & SEGMENT_WRITE);

        if (!page)
            return false;
        if (n > s->filesz - done)
            n = s->filesz - done;
        memcpy(page + offset, image + s->offset + done, n);
        done += n;
    }
    return true;
}

/* The heap begins on a page of its own, since the image's last page may be read-only. */
static void extend_image(struct user_space *space, const struct elf_segment *s)
{
    uint32_t end = (s->vaddr + s->memsz + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);

    if (!space->image_start || s->vaddr < space->image_start)
        space->image_start = s->vaddr & ~(PAGE_SIZE - 1);
    if (end > space->image_end)
        space->image_end = end;
    space->brk = space->image_end;
}

int elf_load(struct user_space *space, const void *image, uint32_t size, uint32_t *entry,
             const char **problem)
{
    const struct elf_header *h = image;
    const struct elf_segment *s;

    *problem = check_header(h, size);
    if (*problem)
        return ERR_NOT_EXECUTABLE;
    s = (const struct elf_segment *)((const uint8_t *)image + h->phoff);
    for (uint32_t i = 0; i < h->phnum; i++, s++) {
        if (s->type != SEGMENT_LOAD || !s->memsz)
            continue;
        *problem = check_segment(s, size);
        if (*problem)
            return ERR_NOT_EXECUTABLE;
        if (!load_segment(space, image, s))
            return ERR_NO_MEMORY;
        extend_image(space, s);
    }
    *entry = h->entry;
    if (h->entry < space->image_start || h->entry >= space->image_end)
        *problem = "entry point outside the program";
    return *problem ? ERR_NOT_EXECUTABLE : 0;
}
