#include "frames.h"

#include <string.h>

#include "hypervisor/boot/boot_info.h"
#include "hypervisor/boot/image.h"
#include "direct_map.h"
#include "hypervisor/report/panic.h"

#define RANGES_MAX 256
#define LOW_MEMORY 0x100000ull /* firmware's, the boot loader's and the VGA's */

/* Free memory: ranges in ascending order that do not touch each other. */
struct range {
    uint64_t start, end;
};

static struct range ranges[RANGES_MAX];
static unsigned range_count;

static uint64_t align_up(uint64_t value, uint64_t align)
{
    return (value + align - 1) & ~(align - 1);
}

static void remove_range(unsigned at)
{
    range_count--;
    memmove(&ranges[at], &ranges[at + 1], (range_count - at) * sizeof(ranges[0]));
}

static void insert_range(unsigned at, uint64_t start, uint64_t end)
{
    INVARIANT(range_count < RANGES_MAX);
    memmove(&ranges[at + 1], &ranges[at], (range_count - at) * sizeof(ranges[0]));
    ranges[at] = (struct range){start, end};
    range_count++;
}

/* Adds [start, end), merging it with what it touches or overlaps. */
static void add(uint64_t start, uint64_t end)
{
    unsigned at = 0;

    while (at < range_count && ranges[at].end < start)
        at++;
    while (at < range_count && ranges[at].start <= end) {
        start = ranges[at].start < start ? ranges[at].start : start;
        end = ranges[at].end > end ? ranges[at].end : end;
        remove_range(at);
    }
    if (start < end)
        insert_range(at, start, end);
}

/* Takes [start, end) out of range number `at`, which it may overlap anyhow. Returns how many ranges
 * are left of that one. */
static unsigned cut(unsigned at, uint64_t start, uint64_t end)
{
    struct range old = ranges[at];
    unsigned left = 0;

    if (end <= old.start || start >= old.end)
        return 1;
    remove_range(at);
    if (old.start < start)
        insert_range(at + left++, old.start, start);
    if (end < old.end)
        insert_range(at + left++, end, old.end);
    return left;
}

/* Takes every frame that [start, end) touches. */
static void reserve(uint64_t start, uint64_t end)
{
    start &= ~(FRAME_SIZE - 1);
    end = align_up(end, FRAME_SIZE);
    for (unsigned at = 0; at < range_count;)
        at += cut(at, start, end);
}

void frames_init(const struct boot_info *info)
{
    for (unsigned i = 0; i < info->memory_count; i++) {
        const struct boot_memory *memory = &info->memory[i];

        if (memory->type == BOOT_MEMORY_RAM)
            add(align_up(memory->start, FRAME_SIZE), memory->end & ~(FRAME_SIZE - 1));
    }
    for (unsigned i = 0; i < info->memory_count; i++) {
        const struct boot_memory *memory = &info->memory[i];

        if (memory->type != BOOT_MEMORY_RAM) /* a map may overlap itself: the cautious type wins */
            reserve(memory->start, memory->end);
    }
    reserve(0, LOW_MEMORY);
    reserve(image_hpa(image_start), image_hpa(image_end));
    reserve(info->start, info->end);
    for (unsigned i = 0; i < info->module_count; i++)
        reserve(info->modules[i].start, info->modules[i].end);
}

uint64_t frames_alloc(uint64_t bytes, uint64_t align)
{
    bytes = align_up(bytes, FRAME_SIZE);
    align = align < FRAME_SIZE ? FRAME_SIZE : align;
    for (unsigned at = 0; at < range_count && bytes != 0; at++) {
        uint64_t start = align_up(ranges[at].start, align);

        if (start < ranges[at].end && ranges[at].end - start >= bytes) {
            cut(at, start, start + bytes);
            return start;
        }
    }
    return 0;
}

void frames_free(uint64_t hpa, uint64_t bytes)
{
    add(hpa, hpa + align_up(bytes, FRAME_SIZE));
}

uint64_t frames_available(void)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < range_count; i++)
        sum += ranges[i].end - ranges[i].start;
    return sum;
}

uint64_t frames_largest(void)
{
    uint64_t largest = 0;

    for (unsigned i = 0; i < range_count; i++) {
        uint64_t size = ranges[i].end - ranges[i].start;
        largest = size > largest ? size : largest;
    }
    return largest;
}
