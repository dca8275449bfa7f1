/*
 * The VGA's registers (IBM VGA XGA Technical Reference, 1992), with the extension registers of the
 * Cirrus Logic GD5446 that isapc has, as a text-mode driver sees them: what is written reads back,
 * the index, flip-flop and DAC state machines run, the retrace bits toggle. Nothing is drawn, and
 * display memory is plain memory elsewhere.
 */
#ifndef UMBRA_EMULATE_PC_VGA_H
#define UMBRA_EMULATE_PC_VGA_H

#include <stdbool.h>
#include <stdint.h>

#define VGA_SEQ_REGISTERS  0x20u
#define VGA_GFX_REGISTERS  0x3au
#define VGA_CRTC_REGISTERS 0x28u
#define VGA_ATTR_REGISTERS 0x15u

struct vga {
    uint8_t seq_index, seq[VGA_SEQ_REGISTERS];
    uint8_t gfx_index, gfx[VGA_GFX_REGISTERS];
    uint8_t crtc_index, crtc[VGA_CRTC_REGISTERS];
    uint8_t attr_index, attr[VGA_ATTR_REGISTERS];
    bool attr_data_next; /* port 3C0h takes a value, not an index */
    uint8_t misc, feature, status1;
    uint8_t dac_state, dac_component, dac_read_index, dac_write_index;
    uint8_t dac_latch[3];
    uint8_t palette[3 * 256];
    uint8_t hidden_dac; /* behind four reads of port 3C6h */
    uint8_t hidden_dac_reads;
};

/* Mode 3 (80 x 25 text, colour) as the video BIOS leaves it at the start of the guest. */
void vga_init(struct vga *vga);

/* Ports 3B0h-3DFh, offset 0-2Fh. */
uint8_t vga_in(struct vga *vga, unsigned offset);
void vga_out(struct vga *vga, unsigned offset, uint8_t value);

#endif
