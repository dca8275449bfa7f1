/* Which chip answers at which port, and what a port write causes elsewhere on the board. */
#include "board.h"

#include "bus.h"

#define UNUSED __attribute__((unused))

uint64_t board_now(const struct pc *pc)
{
    return pc->host.now_ns(pc->world);
}

void board_set_a20(struct pc *pc, bool enabled)
{
    bool changes = pc->a20 != enabled;
    pc->a20 = enabled;
    if (changes) {
        pc->host.a20_changed(pc->world, enabled);
    }
}

static uint32_t float_in(struct pc *pc UNUSED, unsigned offset UNUSED, unsigned size UNUSED)
{
    return 0xffffffffu;
}

static uint32_t zero_in(struct pc *pc UNUSED, unsigned offset UNUSED, unsigned size UNUSED)
{
    return 0;
}

static void ignore_out(struct pc *pc UNUSED, unsigned offset UNUSED, unsigned size UNUSED,
                       uint32_t value UNUSED)
{
}

static uint32_t master_pic_in(struct pc *pc, unsigned offset, unsigned size UNUSED)
{
    return pic_in(&pc->pic, &pc->pic.master, offset);
}

static void master_pic_out(struct pc *pc, unsigned offset, unsigned size UNUSED, uint32_t value)
{
    pic_out(&pc->pic, &pc->pic.master, offset, (uint8_t)value);
}

static uint32_t slave_pic_in(struct pc *pc, unsigned offset, unsigned size UNUSED)
{
    return pic_in(&pc->pic, &pc->pic.slave, offset);
}

static void slave_pic_out(struct pc *pc, unsigned offset, unsigned size UNUSED, uint32_t value)
{
    pic_out(&pc->pic, &pc->pic.slave, offset, (uint8_t)value);
}

static uint32_t master_elcr_in(struct pc *pc, unsigned offset UNUSED, unsigned size UNUSED)
{
    return pc->pic.master.elcr;
}

static void master_elcr_out(struct pc *pc, unsigned offset UNUSED, unsigned size UNUSED,
                            uint32_t value)
{
    pic_elcr_out(&pc->pic.master, (uint8_t)value);
}

static uint32_t slave_elcr_in(struct pc *pc, unsigned offset UNUSED, unsigned size UNUSED)
{
    return pc->pic.slave.elcr;
}

static void slave_elcr_out(struct pc *pc, unsigned offset UNUSED, unsigned size UNUSED,
                           uint32_t value)
{
    pic_elcr_out(&pc->pic.slave, (uint8_t)value);
}

static uint32_t timer_in(struct pc *pc, unsigned offset, unsigned size UNUSED)
{
    return pit_in(&pc->pit, offset, board_now(pc));
}

static void timer_out(struct pc *pc, unsigned offset, unsigned size UNUSED, uint32_t value)
{
    pit_out(&pc->pit, offset, (uint8_t)value, board_now(pc));
}

static uint32_t port61_in(struct pc *pc, unsigned offset UNUSED, unsigned size UNUSED)
{
    return pit_port61_in(&pc->pit, board_now(pc));
}

static void port61_out(struct pc *pc, unsigned offset UNUSED, unsigned size UNUSED, uint32_t value)
{
    pit_port61_out(&pc->pit, (uint8_t)value, board_now(pc));
}

static uint32_t clock_in(struct pc *pc, unsigned offset, unsigned size UNUSED)
{
    return rtc_in(&pc->rtc, offset, board_now(pc));
}

static void clock_out(struct pc *pc, unsigned offset, unsigned size UNUSED, uint32_t value)
{
    rtc_out(&pc->rtc, offset, (uint8_t)value, board_now(pc));
}

static uint32_t serial_in(struct pc *pc, unsigned offset, unsigned size UNUSED)
{
    return uart_in(&pc->uart, offset, board_now(pc));
}

static void serial_out(struct pc *pc, unsigned offset, unsigned size UNUSED, uint32_t value)
{
    uart_out(&pc->uart, offset, (uint8_t)value, board_now(pc));
}

static void obey_kbd(struct pc *pc, enum kbd_request request)
{
    if (request == KBD_RESET) {
        pc->host.reset(pc->world);
    } else if (request != KBD_NOTHING) {
        board_set_a20(pc, request == KBD_A20_ON);
    }
}

static uint32_t kbd_data_port_in(struct pc *pc, unsigned offset UNUSED, unsigned size UNUSED)
{
    return kbd_data_in(&pc->kbd);
}

static void kbd_data_port_out(struct pc *pc, unsigned offset UNUSED, unsigned size UNUSED,
                              uint32_t value)
{
    obey_kbd(pc, kbd_data_out(&pc->kbd, (uint8_t)value));
}

static uint32_t kbd_status_port_in(struct pc *pc, unsigned offset UNUSED, unsigned size UNUSED)
{
    return kbd_status_in(&pc->kbd);
}

static void kbd_command_port_out(struct pc *pc, unsigned offset UNUSED, unsigned size UNUSED,
                                 uint32_t value)
{
    obey_kbd(pc, kbd_command_out(&pc->kbd, (uint8_t)value));
}

static uint32_t system_control_in(struct pc *pc, unsigned offset UNUSED, unsigned size UNUSED)
{
    return pc->port92.value;
}

static void system_control_out(struct pc *pc, unsigned offset UNUSED, unsigned size UNUSED,
                               uint32_t value)
{
    struct port92_effect effect = port92_out(&pc->port92, (uint8_t)value);
    board_set_a20(pc, effect.a20);
    if (effect.reset) {
        pc->host.reset(pc->world);
    }
}

static void fpu_error_clear(struct pc *pc, unsigned offset UNUSED, unsigned size UNUSED,
                            uint32_t value UNUSED)
{
    pic_set_irq(&pc->pic, PC_IRQ_FPU, false);
}

static void debug_exit_out(struct pc *pc, unsigned offset UNUSED, unsigned size UNUSED,
                           uint32_t value)
{
    pc->host.power_off(pc->world, value);
}

static uint32_t dma8_channel_in(struct pc *pc, unsigned offset, unsigned size UNUSED)
{
    return dma_channel_in(&pc->dma[0], offset & 7u);
}

static void dma8_channel_out(struct pc *pc, unsigned offset, unsigned size UNUSED, uint32_t value)
{
    dma_channel_out(&pc->dma[0], offset & 7u, (uint8_t)value);
}

static uint32_t dma8_control_in(struct pc *pc, unsigned offset, unsigned size UNUSED)
{
    return dma_control_in(&pc->dma[0], offset & 7u);
}

static void dma8_control_out(struct pc *pc, unsigned offset, unsigned size UNUSED, uint32_t value)
{
    dma_control_out(&pc->dma[0], offset & 7u, (uint8_t)value);
}

/* The 16-bit controller sits on A1: its registers are two ports apart. */
static uint32_t dma16_channel_in(struct pc *pc, unsigned offset, unsigned size UNUSED)
{
    return dma_channel_in(&pc->dma[1], (offset >> 1) & 7u);
}

static void dma16_channel_out(struct pc *pc, unsigned offset, unsigned size UNUSED, uint32_t value)
{
    dma_channel_out(&pc->dma[1], (offset >> 1) & 7u, (uint8_t)value);
}

static uint32_t dma16_control_in(struct pc *pc, unsigned offset, unsigned size UNUSED)
{
    return dma_control_in(&pc->dma[1], (offset >> 1) & 7u);
}

static void dma16_control_out(struct pc *pc, unsigned offset, unsigned size UNUSED, uint32_t value)
{
    dma_control_out(&pc->dma[1], (offset >> 1) & 7u, (uint8_t)value);
}

/* Page registers 81h-83h and 87h, 89h-8Bh and 8Fh. */
static uint32_t dma_page_low_in(struct pc *pc, unsigned offset, unsigned size UNUSED)
{
    return dma_page_in(&pc->dma[0], offset + 1);
}

static void dma_page_low_out(struct pc *pc, unsigned offset, unsigned size UNUSED, uint32_t value)
{
    dma_page_out(&pc->dma[0], offset + 1, (uint8_t)value);
}

static uint32_t dma_page_0_in(struct pc *pc, unsigned offset UNUSED, unsigned size UNUSED)
{
    return dma_page_in(&pc->dma[0], 7);
}

static void dma_page_0_out(struct pc *pc, unsigned offset UNUSED, unsigned size UNUSED,
                           uint32_t value)
{
    dma_page_out(&pc->dma[0], 7, (uint8_t)value);
}

static uint32_t dma_page_high_in(struct pc *pc, unsigned offset, unsigned size UNUSED)
{
    return dma_page_in(&pc->dma[1], offset + 1);
}

static void dma_page_high_out(struct pc *pc, unsigned offset, unsigned size UNUSED, uint32_t value)
{
    dma_page_out(&pc->dma[1], offset + 1, (uint8_t)value);
}

static uint32_t dma_page_4_in(struct pc *pc, unsigned offset UNUSED, unsigned size UNUSED)
{
    return dma_page_in(&pc->dma[1], 7);
}

static void dma_page_4_out(struct pc *pc, unsigned offset UNUSED, unsigned size UNUSED,
                           uint32_t value)
{
    dma_page_out(&pc->dma[1], 7, (uint8_t)value);
}

static uint32_t video_in(struct pc *pc, unsigned offset, unsigned size UNUSED)
{
    return vga_in(&pc->vga, offset);
}

static void video_out(struct pc *pc, unsigned offset, unsigned size UNUSED, uint32_t value)
{
    vga_out(&pc->vga, offset, (uint8_t)value);
}

static uint32_t printer_in(struct pc *pc, unsigned offset, unsigned size UNUSED)
{
    return lpt_in(&pc->lpt, offset);
}

static void printer_out(struct pc *pc, unsigned offset, unsigned size UNUSED, uint32_t value)
{
    lpt_out(&pc->lpt, offset, (uint8_t)value);
}

static uint32_t floppy_in(struct pc *pc, unsigned offset, unsigned size UNUSED)
{
    return fdc_in(&pc->fdc, offset + 1);
}

static void floppy_out(struct pc *pc, unsigned offset, unsigned size UNUSED, uint32_t value)
{
    fdc_out(&pc->fdc, offset + 1, (uint8_t)value, board_now(pc));
}

static uint32_t floppy_7_in(struct pc *pc, unsigned offset UNUSED, unsigned size UNUSED)
{
    return fdc_in(&pc->fdc, 7);
}

static void floppy_7_out(struct pc *pc, unsigned offset UNUSED, unsigned size UNUSED,
                         uint32_t value)
{
    fdc_out(&pc->fdc, 7, (uint8_t)value, board_now(pc));
}

static uint32_t network_in(struct pc *pc, unsigned offset, unsigned size)
{
    return ne2000_in(&pc->ne2000, offset, size);
}

static void network_out(struct pc *pc, unsigned offset, unsigned size, uint32_t value)
{
    ne2000_out(&pc->ne2000, offset, size, value);
}

static uint32_t disk0_data_in(struct pc *pc, unsigned offset UNUSED, unsigned size)
{
    return ide_data_in(&pc->ide[0], size);
}

static void disk0_data_out(struct pc *pc, unsigned offset UNUSED, unsigned size, uint32_t value)
{
    ide_data_out(&pc->ide[0], size, value);
}

static uint32_t disk0_in(struct pc *pc, unsigned offset, unsigned size UNUSED)
{
    return ide_in(&pc->ide[0], offset + 1);
}

static void disk0_out(struct pc *pc, unsigned offset, unsigned size UNUSED, uint32_t value)
{
    ide_out(&pc->ide[0], offset + 1, (uint8_t)value);
}

static uint32_t disk0_control_in(struct pc *pc, unsigned offset UNUSED, unsigned size UNUSED)
{
    return ide_control_in(&pc->ide[0]);
}

static void disk0_control_out(struct pc *pc, unsigned offset UNUSED, unsigned size UNUSED,
                              uint32_t value)
{
    ide_control_out(&pc->ide[0], (uint8_t)value);
}

static uint32_t disk1_data_in(struct pc *pc, unsigned offset UNUSED, unsigned size)
{
    return ide_data_in(&pc->ide[1], size);
}

static void disk1_data_out(struct pc *pc, unsigned offset UNUSED, unsigned size, uint32_t value)
{
    ide_data_out(&pc->ide[1], size, value);
}

static uint32_t disk1_in(struct pc *pc, unsigned offset, unsigned size UNUSED)
{
    return ide_in(&pc->ide[1], offset + 1);
}

static void disk1_out(struct pc *pc, unsigned offset, unsigned size UNUSED, uint32_t value)
{
    ide_out(&pc->ide[1], offset + 1, (uint8_t)value);
}

static uint32_t disk1_control_in(struct pc *pc, unsigned offset UNUSED, unsigned size UNUSED)
{
    return ide_control_in(&pc->ide[1]);
}

static void disk1_control_out(struct pc *pc, unsigned offset UNUSED, unsigned size UNUSED,
                              uint32_t value)
{
    ide_control_out(&pc->ide[1], (uint8_t)value);
}

static uint32_t firmware_in(struct pc *pc, unsigned offset UNUSED, unsigned size)
{
    return fw_cfg_in(&pc->fw_cfg, size);
}

static void firmware_out(struct pc *pc, unsigned offset, unsigned size, uint32_t value)
{
    if (offset == 0) {
        fw_cfg_out(&pc->fw_cfg, size, value);
    }
}

static uint32_t firmware_dma_in(struct pc *pc UNUSED, unsigned offset, unsigned size UNUSED)
{
    return fw_cfg_dma_in(offset);
}

// clang-format off
const struct bus_range bus_map[] = {
    {0x000, 0x007, BUS_ALIGNED, 1, dma8_channel_in,    dma8_channel_out},
    {0x008, 0x00f, BUS_ALIGNED, 1, dma8_control_in,    dma8_control_out},
    {0x020, 0x021, BUS_ALIGNED, 1, master_pic_in,      master_pic_out},
    {0x040, 0x043, BUS_ALIGNED, 1, timer_in,           timer_out},
    {0x060, 0x060, BUS_ALIGNED, 1, kbd_data_port_in,   kbd_data_port_out},
    {0x061, 0x061, BUS_ALIGNED, 1, port61_in,          port61_out},
    {0x064, 0x064, BUS_ALIGNED, 1, kbd_status_port_in, kbd_command_port_out},
    {0x070, 0x071, BUS_ALIGNED, 1, clock_in,           clock_out},
    {0x080, 0x080, BUS_ALIGNED, 1, float_in,           ignore_out},
    {0x081, 0x083, BUS_BYTES,   1, dma_page_low_in,    dma_page_low_out},
    {0x087, 0x087, BUS_BYTES,   1, dma_page_0_in,      dma_page_0_out},
    {0x089, 0x08b, BUS_BYTES,   1, dma_page_high_in,   dma_page_high_out},
    {0x08f, 0x08f, BUS_BYTES,   1, dma_page_4_in,      dma_page_4_out},
    {0x092, 0x092, BUS_ALIGNED, 1, system_control_in,  system_control_out},
    {0x0a0, 0x0a1, BUS_ALIGNED, 1, slave_pic_in,       slave_pic_out},
    {0x0c0, 0x0cf, BUS_ALIGNED, 1, dma16_channel_in,   dma16_channel_out},
    {0x0d0, 0x0df, BUS_ALIGNED, 1, dma16_control_in,   dma16_control_out},
    {0x0f0, 0x0f0, BUS_ALIGNED, 1, float_in,           fpu_error_clear},
    {0x0f4, 0x0f7, BUS_ALIGNED, 4, zero_in,            debug_exit_out},
    {0x170, 0x170, BUS_ANY,     4, disk1_data_in,      disk1_data_out},
    {0x171, 0x177, BUS_BYTES,   1, disk1_in,           disk1_out},
    {0x1f0, 0x1f0, BUS_ANY,     4, disk0_data_in,      disk0_data_out},
    {0x1f1, 0x1f7, BUS_BYTES,   1, disk0_in,           disk0_out},
    {0x300, 0x31f, BUS_ALIGNED, 4, network_in,         network_out},
    {0x376, 0x376, BUS_BYTES,   1, disk1_control_in,   disk1_control_out},
    {0x378, 0x37f, BUS_BYTES,   1, printer_in,         printer_out},
    {0x3b0, 0x3df, BUS_ALIGNED, 1, video_in,           video_out},
    {0x3f1, 0x3f5, BUS_BYTES,   1, floppy_in,          floppy_out},
    {0x3f6, 0x3f6, BUS_BYTES,   1, disk0_control_in,   disk0_control_out},
    {0x3f7, 0x3f7, BUS_BYTES,   1, floppy_7_in,        floppy_7_out},
    {0x3f8, 0x3ff, BUS_ANY,     1, serial_in,          serial_out},
    {0x4d0, 0x4d0, BUS_ALIGNED, 1, master_elcr_in,     master_elcr_out},
    {0x4d1, 0x4d1, BUS_ALIGNED, 1, slave_elcr_in,      slave_elcr_out},
    {0x510, 0x511, BUS_ALIGNED, 4, firmware_in,        firmware_out},
    {0x514, 0x51b, BUS_ALIGNED, 1, firmware_dma_in,    ignore_out},
};
// clang-format on
const unsigned bus_map_length = sizeof(bus_map) / sizeof(bus_map[0]);
