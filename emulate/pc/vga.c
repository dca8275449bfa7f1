#include "vga.h"

#include <string.h>

#define MISC_COLOUR 0x01u /* the CRTC answers at 3D4h, not at 3B4h */

#define STATUS1_TOGGLES 0x09u /* display disabled, vertical retrace */

#define CRTC_PROTECT        0x80u /* in register 11h: registers 0-7 are read-only */
#define CRTC_LINE_COMPARE_8 0x10u /* in register 7, and exempt from the protection */

#define DAC_READING 3u

enum vga_port {
    PORT_ATTR = 0x3c0,
    PORT_ATTR_READ = 0x3c1,
    PORT_MISC_WRITE = 0x3c2, /* status 0 when read */
    PORT_SEQ_INDEX = 0x3c4,
    PORT_SEQ_DATA = 0x3c5,
    PORT_DAC_MASK = 0x3c6,
    PORT_DAC_READ_INDEX = 0x3c7, /* DAC state when read */
    PORT_DAC_WRITE_INDEX = 0x3c8,
    PORT_DAC_DATA = 0x3c9,
    PORT_FEATURE_READ = 0x3ca,
    PORT_MISC_READ = 0x3cc,
    PORT_GFX_INDEX = 0x3ce,
    PORT_GFX_DATA = 0x3cf,
    PORT_CRTC_INDEX = 0x3d4,
    PORT_CRTC_DATA = 0x3d5,
    PORT_STATUS1 = 0x3da, /* feature control when written */
};

enum seq_register {
    SEQ_UNLOCK = 0x06, /* 12h opens the extension registers; anything else reads back 0Fh */
    SEQ_CURSOR_X = 0x10,
    SEQ_CURSOR_Y = 0x11,
    SEQ_CONFIGURATION = 0x17,
};

enum crtc_register {
    CRTC_7 = 0x07,
    CRTC_PROTECTION = 0x11,
    CRTC_LAST_STANDARD = 0x18,
    CRTC_LAST_EXTENSION = 0x1d,
    CRTC_LATCH = 0x22,
    CRTC_FLIP_FLOP = 0x24,
    CRTC_PART_STATUS = 0x25,
    CRTC_ATTR_INDEX = 0x26,
    CRTC_PART_ID = 0x27,
};

/* The bits that exist. */
static const uint8_t seq_mask[5] = {0x03, 0x3d, 0x0f, 0x3f, 0x0e};
static const uint8_t gfx_mask[9] = {0xff, 0xff, 0x0f, 0x1f, 0x03, 0x7f, 0x0f, 0x0f, 0xff};
static const uint8_t attr_mask[VGA_ATTR_REGISTERS] = {
    0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f,
    0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0xef, 0xff, 0x3f, 0x0f, 0x0f,
};

/* Mode 3. Cursor in row 2: the BIOS has printed its version and "Booting from ROM". */
static const uint8_t seq_mode3[VGA_SEQ_REGISTERS] = {
    [0x00] = 0x03, [0x02] = 0x03, [0x04] = 0x02, [0x06] = 0x12, [0x0a] = 0x18,
    [0x0f] = 0x18, [0x15] = 0x03, [0x17] = 0x38, [0x1f] = 0x22,
};
static const uint8_t gfx_mode3[VGA_GFX_REGISTERS] = {
    [5] = 0x10, [6] = 0x0e, [7] = 0x0f, [8] = 0xff};
static const uint8_t crtc_mode3[VGA_CRTC_REGISTERS] = {
    0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0x00,
    0x00, 0x00, 0xa0, 0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff, [CRTC_PART_ID] = 0xa0,
};
static const uint8_t attr_mode3[VGA_ATTR_REGISTERS] = {
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07, 0x38, 0x39, 0x3a,
    0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x0c, 0x00, 0x0f, 0x08, 0x00,
};

/* The 64 EGA colours: two bits for each of red, green and blue, bright (2Ah) and dim (15h). */
static void load_ega_palette(struct vga *vga)
{
    for (unsigned i = 0; i < 64; i++) {
        for (unsigned component = 0; component < 3; component++) {
            unsigned bit = 2 - component;
            vga->palette[3 * i + component] =
                (uint8_t)((i >> bit & 1u) * 0x2a + (i >> (bit + 3) & 1u) * 0x15);
        }
    }
}

void vga_init(struct vga *vga)
{
    memset(vga, 0, sizeof(*vga));
    memcpy(vga->seq, seq_mode3, sizeof(seq_mode3));
    memcpy(vga->gfx, gfx_mode3, sizeof(gfx_mode3));
    memcpy(vga->crtc, crtc_mode3, sizeof(crtc_mode3));
    memcpy(vga->attr, attr_mode3, sizeof(attr_mode3));
    vga->gfx_index = 0x05;
    vga->crtc_index = 0x0f;
    vga->attr_index = 0x20;
    vga->attr_data_next = true;
    vga->misc = 0x67;
    load_ega_palette(vga);
}

/* The cursor position registers carry three more bits in their index. */
static unsigned seq_register(const struct vga *vga)
{
    unsigned index = vga->seq_index;
    bool cursor = (index & 0x1fu) == SEQ_CURSOR_X || (index & 0x1fu) == SEQ_CURSOR_Y;
    return cursor ? index & 0x1fu : index;
}

static uint8_t seq_in(const struct vga *vga)
{
    unsigned reg = seq_register(vga);
    return reg < VGA_SEQ_REGISTERS ? vga->seq[reg] : 0xff;
}

static void seq_out(struct vga *vga, uint8_t value)
{
    unsigned reg = seq_register(vga);

    if (reg < sizeof(seq_mask)) {
        vga->seq[reg] = value & seq_mask[reg];
    } else if (reg == SEQ_UNLOCK) {
        vga->seq[reg] = (value & 0x17u) == 0x12u ? 0x12 : 0x0f;
    } else if (reg == SEQ_CONFIGURATION) {
        vga->seq[reg] = (vga->seq[reg] & 0x38u) | (value & 0xc7u);
    } else if (reg > SEQ_UNLOCK && reg < VGA_SEQ_REGISTERS) {
        vga->seq[reg] = value;
    }
}

static uint8_t gfx_in(const struct vga *vga)
{
    return vga->gfx_index < VGA_GFX_REGISTERS ? vga->gfx[vga->gfx_index] : 0xff;
}

static void gfx_out(struct vga *vga, uint8_t value)
{
    unsigned reg = vga->gfx_index;
    if (reg < VGA_GFX_REGISTERS) {
        vga->gfx[reg] = reg < sizeof(gfx_mask) ? value & gfx_mask[reg] : value;
    }
}

static uint8_t crtc_in(const struct vga *vga)
{
    unsigned reg = vga->crtc_index;

    switch (reg) {
    case CRTC_FLIP_FLOP:
        return (uint8_t)(vga->attr_data_next << 7);
    case CRTC_ATTR_INDEX:
        return vga->attr_index & 0x3fu;
    case CRTC_LATCH:
    case CRTC_PART_STATUS:
    case CRTC_PART_ID:
        return vga->crtc[reg];
    default:
        return reg <= CRTC_LAST_EXTENSION ? vga->crtc[reg] : 0xff;
    }
}

static void crtc_out(struct vga *vga, uint8_t value)
{
    unsigned reg = vga->crtc_index;

    if (reg > CRTC_LAST_EXTENSION) {
        return;
    }
    if (reg <= CRTC_7 && (vga->crtc[CRTC_PROTECTION] & CRTC_PROTECT)) {
        uint8_t free_bits = reg == CRTC_7 ? CRTC_LINE_COMPARE_8 : 0;
        vga->crtc[reg] = (uint8_t)((vga->crtc[reg] & ~free_bits) | (value & free_bits));
        return;
    }
    vga->crtc[reg] = value;
}

static uint8_t attr_in(const struct vga *vga)
{
    unsigned reg = vga->attr_index & 0x1fu;
    return reg < VGA_ATTR_REGISTERS ? vga->attr[reg] : 0;
}

static void attr_out(struct vga *vga, uint8_t value)
{
    unsigned reg = vga->attr_index & 0x1fu;

    if (!vga->attr_data_next) {
        vga->attr_index = value & 0x3fu;
    } else if (reg < VGA_ATTR_REGISTERS) {
        vga->attr[reg] = value & attr_mask[reg];
    }
    vga->attr_data_next = !vga->attr_data_next;
}

static uint8_t dac_in(struct vga *vga)
{
    uint8_t value = vga->palette[3u * vga->dac_read_index + vga->dac_component];
    if (++vga->dac_component == 3) {
        vga->dac_component = 0;
        vga->dac_read_index++;
    }
    return value;
}

static void dac_out(struct vga *vga, uint8_t value)
{
    vga->dac_latch[vga->dac_component] = value;
    if (++vga->dac_component == 3) {
        memcpy(&vga->palette[3u * vga->dac_write_index], vga->dac_latch, 3);
        vga->dac_component = 0;
        vga->dac_write_index++;
    }
}

static void set_dac_index(struct vga *vga, uint8_t *index, uint8_t value, uint8_t state)
{
    *index = value;
    vga->dac_component = 0;
    vga->dac_state = state;
}

static uint8_t hidden_dac_in(struct vga *vga)
{
    if (vga->hidden_dac_reads < 5) {
        vga->hidden_dac_reads++;
    }
    if (vga->hidden_dac_reads < 5) {
        return 0xff;
    }
    vga->hidden_dac_reads = 0;
    return vga->hidden_dac;
}

static void hidden_dac_out(struct vga *vga, uint8_t value)
{
    if (vga->hidden_dac_reads == 4) {
        vga->hidden_dac = value;
    }
    vga->hidden_dac_reads = 0;
}

static uint8_t status1_in(struct vga *vga)
{
    vga->status1 ^= STATUS1_TOGGLES;
    vga->attr_data_next = false;
    return vga->status1;
}

/* The mono and the colour addresses of the CRTC answer by turns; the other half floats. Returns the
 * port with mono addresses moved to their colour twins, or 0. */
static unsigned selected_port(const struct vga *vga, unsigned offset)
{
    unsigned port = 0x3b0u + offset;
    bool colour = vga->misc & MISC_COLOUR;

    if (port < 0x3c0) {
        return colour ? 0 : port + 0x20;
    }
    return port >= 0x3d0 && !colour ? 0 : port;
}

uint8_t vga_in(struct vga *vga, unsigned offset)
{
    unsigned port = selected_port(vga, offset);

    switch (port) {
    case 0:
        return 0xff;
    case PORT_ATTR:
        return vga->attr_data_next ? 0 : vga->attr_index;
    case PORT_ATTR_READ:
        return attr_in(vga);
    case PORT_SEQ_INDEX:
        return vga->seq_index;
    case PORT_SEQ_DATA:
        return seq_in(vga);
    case PORT_DAC_MASK:
        return hidden_dac_in(vga);
    case PORT_DAC_READ_INDEX:
        return vga->dac_state;
    case PORT_DAC_WRITE_INDEX:
        vga->hidden_dac_reads = 0;
        return vga->dac_write_index;
    case PORT_DAC_DATA:
        return dac_in(vga);
    case PORT_FEATURE_READ:
        return vga->feature;
    case PORT_MISC_READ:
        return vga->misc;
    case PORT_GFX_INDEX:
        return vga->gfx_index;
    case PORT_GFX_DATA:
        return gfx_in(vga);
    case PORT_CRTC_INDEX:
        return vga->crtc_index;
    case PORT_CRTC_DATA:
        return crtc_in(vga);
    case PORT_STATUS1:
        return status1_in(vga);
    default:
        return 0;
    }
}

void vga_out(struct vga *vga, unsigned offset, uint8_t value)
{
    switch (selected_port(vga, offset)) {
    case PORT_ATTR:
        attr_out(vga, value);
        break;
    case PORT_MISC_WRITE:
        vga->misc = value & 0xefu;
        break;
    case PORT_SEQ_INDEX:
        vga->seq_index = value;
        break;
    case PORT_SEQ_DATA:
        seq_out(vga, value);
        break;
    case PORT_DAC_MASK:
        hidden_dac_out(vga, value);
        break;
    case PORT_DAC_READ_INDEX:
        set_dac_index(vga, &vga->dac_read_index, value, DAC_READING);
        break;
    case PORT_DAC_WRITE_INDEX:
        set_dac_index(vga, &vga->dac_write_index, value, 0);
        break;
    case PORT_DAC_DATA:
        dac_out(vga, value);
        break;
    case PORT_GFX_INDEX:
        vga->gfx_index = value;
        break;
    case PORT_GFX_DATA:
        gfx_out(vga, value);
        break;
    case PORT_CRTC_INDEX:
        vga->crtc_index = value;
        break;
    case PORT_CRTC_DATA:
        crtc_out(vga, value);
        break;
    case PORT_STATUS1:
        vga->feature = value & 0x10u;
        break;
    default:
        break;
    }
}
