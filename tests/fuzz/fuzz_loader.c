/* Module lines and kernel images come from outside: whatever they hold, they are only refused. */
#include <string.h>

#include "fuzz.h"
#include "hypervisor/load/elf_symbols.h"
#include "hypervisor/load/kernel.h"

static void check_line(const uint8_t *data, size_t size)
{
    static struct vm_config config;
    struct load_error error;
    char *line = malloc(size + 1);
    REQUIRE(line);
    if (size)
        memcpy(line, data, size);
    line[size] = '\0';
    bool ok = config_parse(&config, line, 1, &error);
    REQUIRE(memchr(config.name, '\0', sizeof(config.name)) && config.name[0]);
    REQUIRE(!ok || memchr(config.cmdline, '\0', sizeof(config.cmdline)));
    REQUIRE(ok || memchr(error.text, '\0', sizeof(error.text)));
    free(line);
}

/* Every segment of an accepted image lies in the file and in RAM, and an initrd behind all that the
 * kernel needs. */
static void check_image(const uint8_t *data, size_t size)
{
    const uint64_t ram = 64u << 20;
    static struct kernel_image kernel;
    struct linux_place place;
    struct load_error error;
    if (!kernel_parse(&kernel, data, size, &error) || !kernel_fits(&kernel, ram, &error))
        return;
    for (unsigned i = 0; i < kernel.count; i++) {
        const struct kernel_segment *s = &kernel.segments[i];
        REQUIRE((uint64_t)s->file_offset + s->file_bytes <= size);
        REQUIRE(s->file_bytes <= s->memory_bytes && (uint64_t)s->gpa + s->memory_bytes <= ram);
    }
    REQUIRE(kernel_covers(&kernel, kernel.entry));
    if (kernel.protocol != BOOT_LINUX ||
        !linux_header_place(&kernel.linux_header, ram, 1 + size % 70000, 8, &place, &error))
        return;
    REQUIRE(place.initrd >= kernel.linux_header.end && place.initrd % 4096 == 0);
    REQUIRE((uint64_t)place.initrd + place.initrd_bytes <= ram);
}

/* A symbol table may say anything; what is found has a name that ends, and lies before the address.
 */
static void check_symbols(const uint8_t *data, size_t size)
{
    static const uint32_t addresses[] = {0, 0x100000, 0xc0101000, 0xffffffff};
    for (unsigned i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        struct elf_symbol symbol;
        if (!elf_symbol_at(data, size, addresses[i], &symbol))
            continue;
        REQUIRE(memchr(symbol.name, '\0', sizeof(symbol.name)) && symbol.name[0]);
        REQUIRE(symbol.address <= addresses[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_line(data, size);
    check_image(data, size);
    check_symbols(data, size);
    return 0;
}
