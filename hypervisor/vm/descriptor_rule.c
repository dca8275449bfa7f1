#include "hypervisor/vm/descriptor_rule.h"

#define ATTR_SHIFT 40
#define BIT(attr)  ((uint64_t)(attr) << ATTR_SHIFT)

#define CODE_HERE  (ATTR_S | ATTR_CODE | ATTR_P)
#define CONFORMING (ATTR_S | ATTR_CODE | ATTR_CONFORM)

static bool is_conforming(unsigned attr)
{
    return (attr & CONFORMING) == CONFORMING;
}

uint64_t rule_descriptor(uint64_t guest)
{
    unsigned attr = (unsigned)(guest >> ATTR_SHIFT) & 0xffff;
    if (!(attr & ATTR_S) || (ATTR_DPL_OF(attr) != 3 && !is_conforming(attr)))
        return 0;
    return (attr & CODE_HERE) == CODE_HERE ? guest & ~BIT(ATTR_L) : guest;
}

struct segment rule_segment(uint64_t descriptor, uint16_t selector)
{
    unsigned attr = (unsigned)(descriptor >> ATTR_SHIFT) & 0xf0ff;
    uint32_t limit = (uint32_t)(descriptor & 0xffff) | (uint32_t)(descriptor >> 32 & 0xf0000);
    return (struct segment){
        .selector = selector,
        .attr = (uint16_t)attr,
        .base = (uint32_t)(descriptor >> 16 & 0xffffff) | (uint32_t)(descriptor >> 56) << 24,
        .limit = attr & ATTR_G ? limit << 12 | 0xfff : limit,
    };
}

uint64_t rule_native(const struct segment *s)
{
    uint32_t limit = s->attr & ATTR_G ? s->limit >> 12 : s->limit;
    uint32_t attr = (s->attr & ~(ATTR_L | ATTR_DPL)) | ATTR_S | ATTR_P | ATTR_ACCESSED;
    attr |= 3u << ATTR_DPL_SHIFT;
    uint32_t low = (s->base & 0xffff) << 16 | (limit & 0xffff);
    uint32_t high = ((s->base >> 16) & 0xff) | (attr & 0xff) << 8 | (limit & 0xf0000) |
                    (attr & 0xf000) << 8 | (s->base & 0xff000000);
    return (uint64_t)high << 32 | low;
}

/* A descriptor that CPL 3 can load has DPL 3, or is conforming code, whose DPL does not matter. L
 * of data means nothing. */
bool rule_gives_code(uint64_t found, uint64_t wanted)
{
    return !((found ^ wanted) & ~BIT(ATTR_ACCESSED | ATTR_DPL | ATTR_L));
}

bool rule_gives_data(uint64_t found, uint64_t wanted)
{
    return !((found ^ wanted) & ~BIT(ATTR_DPL | ATTR_L));
}
