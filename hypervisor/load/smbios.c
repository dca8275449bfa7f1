#include "hypervisor/load/smbios.h"

#include <string.h>

#define ANCHOR_STEP   16u
#define ENTRY_BYTES   0x1fu
#define ENTRY_LENGTH  0x16u /* of the tables, 2 bytes */
#define ENTRY_ADDRESS 0x18u /* 4 bytes */

#define HEADER_BYTES 4u

/* A field that holds the size of the RAM: in units of 1 << shift bytes, less `less`. */
struct size_field {
    uint8_t type, offset, bytes, shift, less;
};

static const struct size_field size_fields[] = {
    {16, 0x07, 4, 10, 0}, /* physical memory array: maximum capacity */
    {17, 0x0c, 2, 20, 0}, /* memory device: size */
    {19, 0x08, 4, 10, 1}, /* array mapped address: its end */
    {20, 0x08, 4, 10, 1}, /* device mapped address: its end */
};

static void set_sizes(uint8_t *structure, uint64_t ram_bytes)
{
    for (unsigned i = 0; i < sizeof(size_fields) / sizeof(size_fields[0]); i++) {
        const struct size_field *field = &size_fields[i];
        uint32_t value = (uint32_t)(ram_bytes >> field->shift) - field->less;
        if (structure[0] == field->type && structure[1] >= field->offset + field->bytes)
            memcpy(structure + field->offset, &value, field->bytes);
    }
}

/* Where the structure behind this one begins: it ends with its strings and two zeros. */
static uint32_t next_structure(const uint8_t *area, uint32_t at, uint32_t end)
{
    at += area[at + 1];
    while (at + 2 <= end && (area[at] || area[at + 1]))
        at++;
    return at + 2;
}

static void set_tables(uint8_t *area, uint32_t at, uint32_t end, uint64_t ram_bytes)
{
    while (at + HEADER_BYTES <= end && area[at + 1] >= HEADER_BYTES && at + area[at + 1] <= end) {
        set_sizes(area + at, ram_bytes);
        at = next_structure(area, at, end);
    }
}

void smbios_set_memory(uint8_t *area, uint64_t ram_bytes)
{
    for (uint32_t at = 0; at + ENTRY_BYTES <= SMBIOS_AREA_BYTES; at += ANCHOR_STEP) {
        uint32_t address;
        uint16_t length;
        if (memcmp(area + at, "_SM_", 4) != 0)
            continue;
        memcpy(&address, area + at + ENTRY_ADDRESS, sizeof(address));
        memcpy(&length, area + at + ENTRY_LENGTH, sizeof(length));
        uint32_t first = address - SMBIOS_AREA;
        if (address >= SMBIOS_AREA && first + length <= SMBIOS_AREA_BYTES)
            set_tables(area, first, first + length, ram_bytes);
        return;
    }
}
