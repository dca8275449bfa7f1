#include "fw_cfg.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define KEY_MASK       0x3fffu /* 4000h asks for writing, which does nothing */
#define KEY_ARCH       0x8000u
#define KEY_FILE_FIRST 0x0020u

enum fw_cfg_key {
    KEY_SIGNATURE = 0x0000,
    KEY_ID = 0x0001,
    KEY_RAM_SIZE = 0x0003,
    KEY_CPUS = 0x0005,
    KEY_MAX_CPUS = 0x000f,
    KEY_FILE_DIRECTORY = 0x0019,
    KEY_BOOT_ORDER = 0x0021,
    KEY_BOOT_FAIL_WAIT = 0x0022,
    KEY_E820 = 0x0023,
    KEY_IRQ0_OVERRIDE = 0x8002,
    KEY_HPET = 0x8004,
};

#define ID_TRADITIONAL_AND_DMA 3

#define DIRECTORY_NAME_BYTES  56u
#define DIRECTORY_ENTRY_BYTES (8u + DIRECTORY_NAME_BYTES)

#define E820_BYTES 20u
#define E820_RAM   1

/* In the order of their keys. All numbers that the device gives are big-endian only here, in the
 * directory. */
static const struct {
    uint32_t size;
    const char *name;
} files[] = {
    {0, "bios-geometry"},
    {31, "bootorder"},
    {4, "etc/boot-fail-wait"},
    {E820_BYTES, "etc/e820"},
    {1024, "genroms/multiboot_dma.bin"},
    {39424, "vgaroms/vgabios-cirrus.bin"},
};
#define FILES (sizeof(files) / sizeof(files[0]))

#define ITEM(text) ((const uint8_t *)(text)), sizeof(text) - 1

static const struct {
    uint16_t key;
    const uint8_t *bytes;
    uint8_t length;
} items[] = {
    {KEY_SIGNATURE, ITEM("QEMU")},
    {KEY_ID, ITEM("\x03\0\0\0")},
    {KEY_CPUS, ITEM("\x01\0")},
    {KEY_MAX_CPUS, ITEM("\x01\0")},
    {KEY_BOOT_ORDER, ITEM("/rom@genroms/multiboot_dma.bin\0")},
    {KEY_BOOT_FAIL_WAIT, ITEM("\xff\xff\xff\xff")},
    {KEY_IRQ0_OVERRIDE, ITEM("\x01\0\0\0")},
    {KEY_HPET, ITEM("\xff")}, /* and 120 zeros: no event timer */
};

static uint8_t little_endian_byte(uint32_t value, uint32_t offset)
{
    return offset < 4 ? (uint8_t)(value >> (8 * offset)) : 0;
}

static uint8_t big_endian_byte(uint32_t value, uint32_t offset)
{
    return (uint8_t)(value >> (24 - 8 * offset));
}

/* The number of files, then {size, key, 0, name} for each. */
static uint8_t directory_byte(uint32_t offset)
{
    if (offset < 4) {
        return big_endian_byte(FILES, offset);
    }
    uint32_t file = (offset - 4) / DIRECTORY_ENTRY_BYTES;
    uint32_t within = (offset - 4) % DIRECTORY_ENTRY_BYTES;
    if (file >= FILES) {
        return 0;
    }
    if (within < 4) {
        return big_endian_byte(files[file].size, within);
    }
    if (within < 8) {
        return big_endian_byte((KEY_FILE_FIRST + file) << 16, within - 4);
    }
    const char *name = files[file].name;
    size_t length = 0;
    while (name[length]) {
        length++;
    }
    return within - 8 < length ? (uint8_t)name[within - 8] : 0;
}

/* One range: {address 0, length, type}, 64, 64 and 32 bits. */
static uint8_t e820_byte(const struct fw_cfg *fw, uint32_t offset)
{
    if (offset >= 8 && offset < 16) {
        return little_endian_byte(fw->ram_bytes, offset - 8);
    }
    return offset == 16 ? E820_RAM : 0;
}

static uint8_t constant_byte(uint16_t key, uint32_t offset)
{
    for (unsigned i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
        if (items[i].key == key && offset < items[i].length) {
            return items[i].bytes[offset];
        }
    }
    return 0;
}

/* Zero behind an item's end and where there is none. */
static uint8_t item_byte(const struct fw_cfg *fw, uint32_t offset)
{
    uint16_t key = fw->key & (KEY_ARCH | KEY_MASK);

    switch (key) {
    case KEY_RAM_SIZE:
        return little_endian_byte(fw->ram_bytes, offset);
    case KEY_FILE_DIRECTORY:
        return directory_byte(offset);
    case KEY_E820:
        return e820_byte(fw, offset);
    default:
        return constant_byte(key, offset);
    }
}

void fw_cfg_init(struct fw_cfg *fw, uint32_t ram_bytes)
{
    *fw = (struct fw_cfg){.offset = UINT32_MAX, .ram_bytes = ram_bytes};
}

uint32_t fw_cfg_in(struct fw_cfg *fw, unsigned size)
{
    if (size != 1) {
        return 0;
    }
    uint8_t value = item_byte(fw, fw->offset);
    fw->offset += fw->offset < UINT32_MAX;
    return value;
}

void fw_cfg_out(struct fw_cfg *fw, unsigned size, uint32_t value)
{
    if (size == 2) {
        fw->key = (uint16_t)value;
        fw->offset = 0;
    }
}

uint8_t fw_cfg_dma_in(unsigned offset)
{
    static const char signature[] = "QEMU CFG";
    return (uint8_t)signature[offset & 7u];
}
