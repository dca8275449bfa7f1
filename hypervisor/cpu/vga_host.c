#include "vga_host.h"

#include <stdbool.h>
#include <string.h>

#include "asm.h"
#include "hypervisor/mm/direct_map.h"

#define TEXT_MEMORY 0xb8000u
#define TEXT_CELLS  2000u

#define GFX_INDEX    0x3ceu
#define GFX_MISC     6u
#define GFX_GRAPHICS 0x01u /* set also in the FFh of an absent chip */

#define CRTC_INDEX      0x3d4u
#define CRTC_CURSOR     0x0au /* bit 5: off */
#define CRTC_CURSOR_OFF 0x20u
#define CRTC_CURSOR_HI  0x0eu
#define CRTC_CURSOR_LO  0x0fu

static bool text_mode;

void vga_host_init(void)
{
    outb(GFX_INDEX, GFX_MISC);
    text_mode = !(inb(GFX_INDEX + 1) & GFX_GRAPHICS);
}

static uint8_t crtc_get(uint8_t index)
{
    outb(CRTC_INDEX, index);
    return inb(CRTC_INDEX + 1);
}

static void crtc_set(uint8_t index, uint8_t value)
{
    outb(CRTC_INDEX, index);
    outb(CRTC_INDEX + 1, value);
}

void vga_host_show(const uint16_t *cells, uint16_t cursor)
{
    if (!text_mode)
        return;
    memcpy(direct_map(TEXT_MEMORY), cells, TEXT_CELLS * sizeof(*cells));
    uint8_t shape = crtc_get(CRTC_CURSOR) & (uint8_t)~CRTC_CURSOR_OFF;
    crtc_set(CRTC_CURSOR, cursor < TEXT_CELLS ? shape : shape | CRTC_CURSOR_OFF);
    crtc_set(CRTC_CURSOR_HI, (uint8_t)(cursor >> 8));
    crtc_set(CRTC_CURSOR_LO, (uint8_t)cursor);
}
