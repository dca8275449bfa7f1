#include "hypervisor/vm/screen.h"

#include <string.h>

#include "hypervisor/cpu/serial_host.h"
#include "hypervisor/cpu/timer.h"
#include "hypervisor/cpu/vga_host.h"
#include "hypervisor/vm/vm.h"

#define REFRESH_NS 50000000u /* of guest time */

#define TEXT_MEMORY 0xb8000u
#define TEXT_WINDOW 0x4000u /* cells */

#define CRTC_CURSOR     0x0au
#define CRTC_CURSOR_OFF 0x20u
#define CRTC_START_HI   0x0cu
#define CRTC_START_LO   0x0du
#define CRTC_CURSOR_HI  0x0eu
#define CRTC_CURSOR_LO  0x0fu
#define GFX_MISC        0x06u
#define GFX_GRAPHICS    0x01u

/* The host has one screen and one COM1. */
static struct text_screen host_screen;
static struct text_terminal terminal;

static unsigned crtc16(const struct vga *vga, unsigned high)
{
    return (unsigned)vga->crtc[high] << 8 | vga->crtc[high + 1];
}

bool screen_read(const struct vm *vm, struct text_screen *screen)
{
    const struct vga *vga = &vm->pc.vga;
    const uint16_t *window = (const uint16_t *)(vm->memory.ram + TEXT_MEMORY);
    unsigned start = crtc16(vga, CRTC_START_HI);
    unsigned cursor = crtc16(vga, CRTC_CURSOR_HI) - start;
    if (vga->gfx[GFX_MISC] & GFX_GRAPHICS)
        return false;
    for (unsigned i = 0; i < TEXT_CELLS; i++)
        screen->cells[i] = window[(start + i) % TEXT_WINDOW];
    if (vga->crtc[CRTC_CURSOR] & CRTC_CURSOR_OFF || cursor > TEXT_CELLS)
        cursor = TEXT_CELLS;
    screen->cursor = (uint16_t)cursor;
    return true;
}

static void put_serial(char c)
{
    serial_host_put((uint8_t)c);
}

static void show(struct vm *vm)
{
    static struct text_screen now;
    if (!screen_read(vm, &now))
        return;
    if (vm->config.screen == SCREEN_SERIAL)
        text_paint(&terminal, &now, put_serial);
    if (!memcmp(&now, &host_screen, sizeof(now)))
        return;
    memcpy(&host_screen, &now, sizeof(now));
    vga_host_show(now.cells, now.cursor);
}

void screen_tick(struct vm *vm)
{
    if (vm->clock.ticks < vm->screen_due)
        return;
    vm->screen_due = CLOCK_NEVER;
    if (!vm->owns_console)
        return;
    vm->screen_due = vm->clock.ticks + clock_from_ns(&vm->clock, REFRESH_NS);
    show(vm);
}

void screen_show(struct vm *vm)
{
    terminal.cleared = false;
    vm->screen_due = vm->clock.ticks + clock_from_ns(&vm->clock, REFRESH_NS);
    show(vm);
}
