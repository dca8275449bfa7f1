#include "symbols.h"

#include <stddef.h>

#include "hypervisor/boot/image.h"

/* Generated (symbols.awk), in ascending order. */
extern const struct symbol symbols[];
extern const unsigned symbol_count;

const struct symbol *symbol_at(uint64_t address)
{
    unsigned low = 0, high = symbol_count;

    if (address < (uint64_t)text_start || address >= (uint64_t)text_end)
        return NULL;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;

        if (symbols[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? NULL : &symbols[low - 1];
}
