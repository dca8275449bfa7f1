/*
 * The port space: which chip answers where, and how an access wider than the chip is split.
 */
#ifndef UMBRA_EMULATE_PC_BUS_H
#define UMBRA_EMULATE_PC_BUS_H

#include <stdint.h>

struct pc;

/* How a chip decodes accesses of 2 and 4 bytes. */
enum bus_decode {
    BUS_ALIGNED, /* aligned to their size, counted from the chip's first port; else they read zero
                  */
    BUS_ANY,     /* as they come */
    BUS_BYTES,   /* two bytes, the second floating past the chip's end; four are not decoded */
};

/*
 * Ports first..last belong to one chip. `offset` counts from `first`. An access that is wider than
 * `unit` is split into bytes; the whole of it goes to the chip of its first port, so the chip can
 * see offsets past its last port.
 */
struct bus_range {
    uint16_t first, last;
    enum bus_decode decode;
    uint8_t unit;
    uint32_t (*in)(struct pc *pc, unsigned offset, unsigned size);
    void (*out)(struct pc *pc, unsigned offset, unsigned size, uint32_t value);
};

/* The chips of the board. */
extern const struct bus_range bus_map[];
extern const unsigned bus_map_length;

/* One access of 1, 2 or 4 bytes. */
uint32_t bus_in(struct pc *pc, uint16_t port, unsigned size);
void bus_out(struct pc *pc, uint16_t port, unsigned size, uint32_t value);

#endif
