#include "bus.h"

#include <stdbool.h>
#include <stddef.h>

static uint32_t all_ones(unsigned size)
{
    return size == 4 ? 0xffffffffu : (1u << (8 * size)) - 1;
}

static const struct bus_range *find(uint16_t port)
{
    for (unsigned i = 0; i < bus_map_length; i++) {
        if (port >= bus_map[i].first && port <= bus_map[i].last) {
            return &bus_map[i];
        }
    }
    return NULL;
}

/* Where no chip answers the bus floats high; an unaligned access reads zero even there. */
static uint32_t absent_in(uint16_t port, unsigned size)
{
    return port % size == 0 ? all_ones(size) : 0;
}

/* What a chip gives to an access that it does not decode. */
static uint32_t undecoded_in(const struct bus_range *range, unsigned size)
{
    return range->decode == BUS_BYTES ? all_ones(size) : 0;
}

static bool decoded(const struct bus_range *range, unsigned offset, unsigned size)
{
    switch (range->decode) {
    case BUS_ALIGNED:
        return offset % size == 0;
    case BUS_BYTES:
        return size <= 2;
    default:
        return true;
    }
}

/* How many bytes of the access the chip takes. */
static unsigned bytes_taken(const struct bus_range *range, unsigned offset, unsigned size)
{
    unsigned left = (unsigned)(range->last - range->first) + 1 - offset;
    return range->decode == BUS_BYTES && left < size ? left : size;
}

uint32_t bus_in(struct pc *pc, uint16_t port, unsigned size)
{
    const struct bus_range *range = find(port);
    if (!range) {
        return absent_in(port, size);
    }
    unsigned offset = (unsigned)(port - range->first);
    if (!decoded(range, offset, size)) {
        return undecoded_in(range, size);
    }
    if (size <= range->unit) {
        return range->in(pc, offset, size) & all_ones(size);
    }
    uint32_t value = 0;
    unsigned taken = bytes_taken(range, offset, size);
    for (unsigned i = 0; i < size; i++) {
        uint32_t byte = i < taken ? range->in(pc, offset + i, 1) & 0xffu : 0xffu;
        value |= byte << (8 * i);
    }
    return value;
}

void bus_out(struct pc *pc, uint16_t port, unsigned size, uint32_t value)
{
    const struct bus_range *range = find(port);
    if (!range) {
        return;
    }
    unsigned offset = (unsigned)(port - range->first);
    if (!decoded(range, offset, size)) {
        return;
    }
    if (size <= range->unit) {
        range->out(pc, offset, size, value & all_ones(size));
        return;
    }
    unsigned taken = bytes_taken(range, offset, size);
    for (unsigned i = 0; i < taken; i++) {
        range->out(pc, offset + i, 1, (value >> (8 * i)) & 0xffu);
    }
}
