#include "frames.h"
#include "boot_info.h"
#include "lib/string.h"
#include "paging.h"
#include "panic.h"

#define LOW_MEMORY 0x100000u /* the first MiB stays with the BIOS and the VGA */

struct frame {
    uint32_t next_free;
    uint32_t references;
};

extern char kernel_end[];

static struct frame *frames; /* one for each frame of the direct map */
static uint32_t first_free;
static uint32_t free_count, total_count, ram_end;

static uint32_t page_up(uint32_t address)
{
    return (address + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
}

static struct frame *frame_of(uint32_t address)
{
    return &frames[address / PAGE_SIZE];
}

static void find_ram_end(void)
{
    for (uint32_t i = 0; i < boot_info.region_count; i++) {
        uint32_t end = boot_info.regions[i].end & ~(PAGE_SIZE - 1);

        if (end > DIRECT_MAP_MAX)
            end = DIRECT_MAP_MAX;
        if (end > ram_end)
            ram_end = end;
    }
}

static void add_region(uint32_t start, uint32_t end, uint32_t reserved_end)
{
    if (start < reserved_end)
        start = reserved_end;
    if (end > ram_end)
        end = ram_end;
    /* Downwards, so that the lowest frames are handed out first: they are mapped from the start. */
    for (uint32_t at = end & ~(PAGE_SIZE - 1); at > page_up(start); total_count++) {
        at -= PAGE_SIZE;
        frame_of(at)->references = 1;
        frame_free(at);
    }
}

void frames_init(void)
{
    uint32_t reserved_end;

    find_ram_end();
    frames = (struct frame *)kernel_end;
    memset(frames, 0, ram_end / PAGE_SIZE * sizeof(struct frame));
    reserved_end = page_up(virt_to_phys(frames + ram_end / PAGE_SIZE));
    for (uint32_t i = boot_info.region_count; i-- > 0;) {
        if (boot_info.regions[i].start >= LOW_MEMORY)
            add_region(boot_info.regions[i].start, boot_info.regions[i].end, reserved_end);
    }
    if (!free_count)
        panic("no free memory");
}

uint32_t frame_alloc(void)
{
    uint32_t frame = first_free;

    if (!frame)
        return 0;
    first_free = frame_of(frame)->next_free;
    frame_of(frame)->references = 1;
    free_count--;
    return frame;
}

uint32_t frame_alloc_zeroed(void)
{
    uint32_t frame = frame_alloc();

    if (frame)
        memset(phys_to_virt(frame), 0, PAGE_SIZE);
    return frame;
}

void frame_share(uint32_t frame)
{
    frame_of(frame)->references++;
}

void frame_free(uint32_t frame)
{
    struct frame *f = frame_of(frame);

    if (!f->references)
        panic("frame %x freed twice", frame);
    if (--f->references)
        return;
    f->next_free = first_free;
    first_free = frame;
    free_count++;
}

uint32_t frame_references(uint32_t frame)
{
    return frame_of(frame)->references;
}

uint32_t frames_free(void)
{
    return free_count;
}

uint32_t frames_total(void)
{
    return total_count;
}

uint32_t frames_end(void)
{
    return ram_end;
}
