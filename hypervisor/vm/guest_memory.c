#include "hypervisor/vm/guest_memory.h"

#include <string.h>

#include "hypervisor/mm/direct_map.h"
#include "hypervisor/vm/vm.h"

/* The first MiB as a PC has it; frame numbers. Option ROMs and BIOS lie in RAM. */
#define GFN_VIDEO  0xa0u /* graphics memory: nothing answers in text mode */
#define GFN_TEXT   0xb8u /* 32 KiB of text memory */
#define GFN_BIOS   0xe0u
#define GFN_A20    0x100u /* address bit 20, as a frame number */
#define VIDEO_BYTE 0xff   /* what graphics memory reads; where nothing is at all it is 0 */

/* The BIOS answers at the top of the 32-bit space too, where the processor comes out of reset. */
#define GFN_TOP     0xfffe0u
#define GFN_TOP_END 0x100000u

void guest_memory_init(struct guest_memory *memory, uint8_t *ram, uint64_t bytes)
{
    *memory =
        (struct guest_memory){.ram = ram, .hpa = direct_map_hpa(ram), .bytes = bytes, .a20 = true};
}

/* The frame that answers for a frame number on the bus. */
static uint64_t decode_gfn(const struct guest_memory *memory, uint64_t gfn)
{
    if (!memory->a20)
        gfn &= ~(uint64_t)GFN_A20;
    if (gfn >= GFN_TOP && gfn < GFN_TOP_END)
        gfn = gfn - GFN_TOP + GFN_BIOS;
    return gfn;
}

enum frame_kind guest_frame(const struct guest_memory *memory, uint64_t gfn, uint64_t *hpa)
{
    gfn = decode_gfn(memory, gfn);
    if (gfn >= memory->bytes / PAGE_SIZE || (gfn >= GFN_VIDEO && gfn < GFN_TEXT))
        return FRAME_ABSENT;
    *hpa = memory->hpa + gfn * PAGE_SIZE;
    return FRAME_RAM;
}

uint8_t *guest_frame_bytes(const struct guest_memory *memory, uint64_t gfn)
{
    uint64_t hpa;
    if (guest_frame(memory, gfn, &hpa) == FRAME_ABSENT)
        return NULL;
    return direct_map(hpa);
}

/* Bytes of an access at gpa that lie in its first frame. */
static unsigned in_frame(uint64_t gpa, unsigned len)
{
    unsigned room = PAGE_SIZE - (unsigned)(gpa % PAGE_SIZE);
    return len < room ? len : room;
}

static uint8_t absent_byte(uint64_t gfn)
{
    return gfn >= GFN_VIDEO && gfn < GFN_TEXT ? VIDEO_BYTE : 0;
}

void gpa_read(const struct vm *vm, uint64_t gpa, void *buf, unsigned len)
{
    while (len) {
        unsigned part = in_frame(gpa, len);
        const uint8_t *frame = guest_frame_bytes(&vm->memory, gpa / PAGE_SIZE);
        if (frame)
            memcpy(buf, frame + gpa % PAGE_SIZE, part);
        else
            memset(buf, absent_byte(gpa / PAGE_SIZE), part);
        gpa += part;
        buf = (uint8_t *)buf + part;
        len -= part;
    }
}

void gpa_write(struct vm *vm, uint64_t gpa, const void *buf, unsigned len)
{
    while (len) {
        unsigned part = in_frame(gpa, len);
        uint64_t gfn = decode_gfn(&vm->memory, gpa / PAGE_SIZE);
        uint8_t *frame = guest_frame_bytes(&vm->memory, gfn);
        if (frame) {
            memcpy(frame + gpa % PAGE_SIZE, buf, part);
            cpu_cache_wrote(vm->cache, frame + gpa % PAGE_SIZE, part);
            if (shadow_tracked(vm->shadow, gfn)) {
                uint64_t at = gfn * PAGE_SIZE + gpa % PAGE_SIZE;
                shadow_guest_wrote(vm->shadow, at, part);
                views_wrote(vm, at, part);
            }
            shadow_unwatch(vm->shadow, gfn);
        }
        gpa += part;
        buf = (const uint8_t *)buf + part;
        len -= part;
    }
}

void gpa_load(struct vm *vm, uint64_t gpa, const void *buf, uint64_t len)
{
    if (gpa < vm->memory.bytes && len <= vm->memory.bytes - gpa)
        memcpy(vm->memory.ram + gpa, buf, len);
}
