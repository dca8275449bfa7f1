#include "hypervisor/load/multiboot2.h"

#include <string.h>

#include "hypervisor/load/boot_contract.h"
#include "hypervisor/load/multiboot.h"
#include "hypervisor/vm/vm.h"

#define MULTIBOOT2_MAGIC 0x36d76289u

#define LOADER_NAME "Umbra"

enum tag_type {
    TAG_END,
    TAG_CMDLINE,
    TAG_LOADER_NAME,
    TAG_MODULE,
    TAG_MEMORY,
    TAG_BOOT_DEVICE,
    TAG_MEMORY_MAP,
    TAG_VBE,
    TAG_FRAMEBUFFER,
};

struct tag {
    uint32_t type, bytes;
};

/* Appends tags to the structure. The total size stands at its start. */
struct writer {
    struct vm *vm;
    uint32_t start, at; /* gpa */
};

static void put(struct writer *writer, const void *bytes, uint32_t length)
{
    gpa_load(writer->vm, writer->at, bytes, length);
    writer->at += length;
}

/* A tag with up to two pieces of content, the second one a string or a table. */
static void put_tag(struct writer *writer, enum tag_type type, const void *fields,
                    uint32_t fields_bytes, const void *tail, uint32_t tail_bytes)
{
    struct tag tag = {type, (uint32_t)sizeof(tag) + fields_bytes + tail_bytes};
    put(writer, &tag, sizeof(tag));
    put(writer, fields, fields_bytes);
    put(writer, tail, tail_bytes);
    writer->at = (writer->at + 7) & ~7u;
}

static void put_string(struct writer *writer, enum tag_type type, const char *text)
{
    put_tag(writer, type, text, (uint32_t)strlen(text) + 1, "", 0);
}

static void put_memory(struct writer *writer)
{
    const uint32_t basic[2] = {CONTRACT_MEM_LOWER,
                               (uint32_t)(writer->vm->memory.bytes / 1024 - 1024)};
    struct {
        struct memory_range range;
        uint32_t reserved;
    } __attribute__((packed)) entries[MEMORY_RANGES];
    const uint32_t format[2] = {sizeof(entries[0]), 0};
    struct memory_range map[MEMORY_RANGES];
    unsigned count = image_memory_map(writer->vm, map);
    memset(entries, 0, sizeof(entries));
    for (unsigned i = 0; i < count; i++)
        entries[i].range = map[i];
    put_tag(writer, TAG_MEMORY, basic, sizeof(basic), "", 0);
    put_tag(writer, TAG_MEMORY_MAP, format, sizeof(format), entries,
            count * (uint32_t)sizeof(entries[0]));
}

/* The text screen that the BIOS leaves. */
static void put_screen(struct writer *writer)
{
    static const struct {
        uint64_t address;
        uint32_t pitch, width, height;
        uint8_t bits, type, reserved[2];
    } __attribute__((packed)) screen = {0xb8000, 160, 80, 25, 16, 2, {0, 0}};
    put_tag(writer, TAG_FRAMEBUFFER, &screen, sizeof(screen), "", 0);
}

static void put_modules(struct writer *writer)
{
    struct vm *vm = writer->vm;
    struct multiboot_extent extents[EXTRA_MODULES_MAX];
    multiboot_load_modules(vm, multiboot_modules_start(&vm->image), extents);
    for (unsigned i = 0; i < vm->image.extra_count; i++) {
        const char *text = vm->image.extra[i].cmdline;
        put_tag(writer, TAG_MODULE, &extents[i], sizeof(extents[i]), text,
                (uint32_t)strlen(text) + 1);
    }
}

static uint32_t write_information(struct vm *vm)
{
    const uint32_t start = (uint32_t)page_up(multiboot_image_end(&vm->image));
    struct writer writer = {.vm = vm, .start = start, .at = start + 8};
    put_string(&writer, TAG_CMDLINE, vm->config.cmdline);
    put_string(&writer, TAG_LOADER_NAME, LOADER_NAME);
    put_memory(&writer);
    put_screen(&writer);
    put_modules(&writer);
    put_tag(&writer, TAG_END, "", 0, "", 0);
    const uint32_t head[2] = {writer.at - start, 0};
    gpa_load(vm, start, head, sizeof(head));
    return start;
}

void multiboot2_boot(struct vm *vm)
{
    multiboot_set_registers(vm, MULTIBOOT2_MAGIC, write_information(vm));
}
