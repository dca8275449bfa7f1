#include "multiboot_header.h"

#include <string.h>

#define MB1_SEARCH    8192u
#define MB1_MAGIC     0x1badb002u
#define MB1_MUST      0xffffu /* of the flags: those that a loader must understand */
#define MB1_KNOWN     0x0003u /* page-aligned modules, memory information */
#define MB1_ADDRESSES 0x10000u

#define MB2_SEARCH 32768u
#define MB2_MAGIC  0xe85250d6u
#define MB2_I386   0u

enum mb2_tag {
    MB2_END,
    MB2_INFORMATION,
    MB2_ADDRESSES,
    MB2_ENTRY,
    MB2_CONSOLE_FLAGS,
    MB2_FRAMEBUFFER, /* the text screen: type 2 of the information */
    MB2_MODULE_ALIGN,
    MB2_EFI_BOOT_SERVICES,
    MB2_EFI_ENTRY32,
    MB2_EFI_ENTRY64,
    MB2_RELOCATABLE, /* allowed, not demanded */
};

#define MB2_KNOWN                                                                              \
    (1u << MB2_INFORMATION | 1u << MB2_ADDRESSES | 1u << MB2_ENTRY | 1u << MB2_CONSOLE_FLAGS | \
     1u << MB2_FRAMEBUFFER | 1u << MB2_MODULE_ALIGN | 1u << MB2_RELOCATABLE)

struct mb2_header {
    uint32_t magic, architecture, bytes, checksum;
};

struct mb2_tag_head {
    uint16_t type, flags;
    uint32_t bytes;
};

#define MB2_OPTIONAL 1u

static void take_addresses(struct multiboot_header *header, const uint8_t *fields)
{
    uint32_t word[4];
    memcpy(word, fields, sizeof(word));
    header->has_addresses = true;
    header->header_gpa = word[0];
    header->load_gpa = word[1];
    header->load_end = word[2];
    header->bss_end = word[3];
}

static void take_entry(struct multiboot_header *header, const uint8_t *field)
{
    header->has_entry = true;
    memcpy(&header->entry, field, sizeof(header->entry));
}

/* --- version 1 ---------------------------------------------------------------------------------
 */

static bool find1(struct multiboot_header *header, const uint8_t *bytes, uint64_t size,
                  uint32_t *flags)
{
    uint64_t end = size < MB1_SEARCH ? size : MB1_SEARCH;
    for (uint32_t at = 0; at + 12 <= end; at += 4) {
        uint32_t word[3];
        memcpy(word, bytes + at, sizeof(word));
        if (word[0] != MB1_MAGIC || word[0] + word[1] + word[2] != 0)
            continue;
        header->version = 1;
        header->offset = at;
        *flags = word[1];
        return true;
    }
    return false;
}

static bool parse1(struct multiboot_header *header, const uint8_t *bytes, uint64_t size,
                   uint32_t flags, struct load_error *error)
{
    if (flags & MB1_MUST & ~MB1_KNOWN)
        return refuse(error, "image", "its multiboot header asks for more than is offered",
                      "only flags 0, 1 and 16 are known");
    if (!(flags & MB1_ADDRESSES))
        return true;
    if (size - header->offset < 32)
        return refuse(error, "image", "truncated", "the file ends in its multiboot header");
    take_addresses(header, bytes + header->offset + 12);
    take_entry(header, bytes + header->offset + 28);
    return true;
}

/* --- version 2 ---------------------------------------------------------------------------------
 */

static bool find2(struct multiboot_header *header, const uint8_t *bytes, uint64_t size,
                  uint32_t *header_bytes)
{
    uint64_t end = size < MB2_SEARCH ? size : MB2_SEARCH;
    for (uint32_t at = 0; at + sizeof(struct mb2_header) <= end; at += 8) {
        struct mb2_header found;
        memcpy(&found, bytes + at, sizeof(found));
        if (found.magic != MB2_MAGIC ||
            found.magic + found.architecture + found.bytes + found.checksum != 0 ||
            found.architecture != MB2_I386 || found.bytes > size - at)
            continue;
        header->version = 2;
        header->offset = at;
        *header_bytes = found.bytes;
        return true;
    }
    return false;
}

static bool take_tag2(struct multiboot_header *header, const struct mb2_tag_head *tag,
                      const uint8_t *content, struct load_error *error)
{
    bool known = tag->type < 32 && (MB2_KNOWN & 1u << tag->type);
    if (!known && !(tag->flags & MB2_OPTIONAL))
        return refuse(error, "image", "its multiboot 2 header asks for more than is offered",
                      "make that tag optional");
    if (tag->type == MB2_ADDRESSES && tag->bytes >= 24)
        take_addresses(header, content);
    if (tag->type == MB2_ENTRY && tag->bytes >= 12)
        take_entry(header, content);
    return true;
}

static bool parse2(struct multiboot_header *header, const uint8_t *bytes, uint32_t header_bytes,
                   struct load_error *error)
{
    const uint8_t *start = bytes + header->offset;
    struct mb2_tag_head tag;
    for (uint64_t at = sizeof(struct mb2_header); at + sizeof(tag) <= header_bytes;
         at += (tag.bytes + 7ull) / 8 * 8) {
        memcpy(&tag, start + at, sizeof(tag));
        if (tag.type == MB2_END)
            break;
        if (tag.bytes < sizeof(tag) || tag.bytes > header_bytes - at)
            return refuse(error, "image", "broken multiboot 2 header", "a tag has a wrong size");
        if (!take_tag2(header, &tag, start + at + sizeof(tag), error))
            return false;
    }
    if (header->has_addresses && !header->has_entry)
        return refuse(error, "image", "no entry point", "the address tag needs an entry tag");
    return true;
}

/* --- both --------------------------------------------------------------------------------------
 */

bool multiboot_header_find(struct multiboot_header *header, const uint8_t *bytes, uint64_t size,
                           struct load_error *error)
{
    uint32_t value;
    memset(header, 0, sizeof(*header));
    if (find1(header, bytes, size, &value))
        return parse1(header, bytes, size, value, error);
    if (find2(header, bytes, size, &value))
        return parse2(header, bytes, value, error);
    return true;
}

/* The image begins where the header's file offset and address say; load_end 0: to the end of the
 * file; bss_end 0: no zeros behind it. */
bool multiboot_header_load(struct kernel_image *kernel, const struct multiboot_header *header,
                           uint64_t size, struct load_error *error)
{
    uint32_t before = header->header_gpa - header->load_gpa;
    if (header->header_gpa < header->load_gpa || before > header->offset ||
        (header->load_end && header->load_end < header->load_gpa))
        return refuse(error, "image", "broken multiboot header", "its addresses make no sense");
    uint32_t offset = header->offset - before;
    uint64_t bytes = header->load_end ? header->load_end - header->load_gpa : size - offset;
    uint64_t memory = bytes;
    if (header->bss_end && header->bss_end > header->load_gpa + bytes)
        memory = header->bss_end - header->load_gpa;
    if (memory > UINT32_MAX)
        return refuse(error, "image", "too large", "its segment does not fit into 4 GiB");
    struct kernel_segment segment = {header->load_gpa, (uint32_t)memory, offset, (uint32_t)bytes};
    if (!kernel_add_segment(kernel, &segment, size, error))
        return false;
    kernel->entry = header->entry;
    return kernel_covers(kernel, kernel->entry) ||
           refuse(error, "image", "the entry point is in no segment",
                  "it has to be an address in the image");
}
