#include "boot_state.h"

#include "board.h"

/* A port write of the BIOS that still shows at the hand-over. */
struct port_write {
    uint16_t port;
    uint8_t value;
};

// clang-format off
static const struct port_write bios_writes[] = {
    /* 8042: self-test done, mouse off, translation and keyboard interrupt on; output port as is */
    {0x64, 0xaa}, {0x64, 0x60}, {0x60, 0x61},
    /* PIC: vectors 08h and 70h; open: timer, keyboard, cascade, floppy, clock, mouse, FPU, disks */
    {0x20, 0x11}, {0x21, 0x08}, {0x21, 0x04}, {0x21, 0x01}, {0x21, 0xb8},
    {0xa0, 0x11}, {0xa1, 0x70}, {0xa1, 0x02}, {0xa1, 0x01}, {0xa1, 0x8e},
    /* PIT: channel 0 ticks 18.2 times a second; channel 2 has timed the processor and run out */
    {0x43, 0x34}, {0x40, 0x00}, {0x40, 0x00},
    {0x43, 0xb0}, {0x42, 0x01}, {0x42, 0x00},
    /* COM1 was probed: enabling the THRE interrupt left its edge in the interrupt controller */
    {0x3f9, 0x02}, {0x3f9, 0x00},
    /* the second DMA controller passes the first one on */
    {0xd6, 0xc0}, {0xd4, 0x00},
    {0x92, 0x02},
    /* the parallel port was probed */
    {0x378, 0xaa},
};

/* CMOS bytes that do not depend on the configuration. */
static const struct {
    uint8_t index, value;
} cmos[] = {
    {0x10, 0x50}, /* drive A: 2.88 MB */
    {0x14, 0x07}, /* equipment: floppy, FPU, mouse; VGA */
    {0x15, 0x80}, {0x16, 0x02}, /* 640 KiB of base memory */
    {0x38, 0x30}, {0x3d, 0x12}, /* boot order */
};
// clang-format on

#define KIB 1024u
#define MIB (1024u * KIB)

static void set16(uint8_t *cmos_bytes, unsigned index, uint32_t value)
{
    uint32_t clipped = value > 0xffff ? 0xffff : value;
    cmos_bytes[index] = (uint8_t)clipped;
    cmos_bytes[index + 1] = (uint8_t)(clipped >> 8);
}

/* Memory above 1 MiB in KiB (twice, clipped at 64 MiB) and above 16 MiB in units of 64 KiB. */
static void set_memory_size(struct pc *pc)
{
    uint32_t ram = pc->config.ram_bytes;
    uint32_t extended_kib = ram > MIB ? (ram - MIB) / KIB : 0;

    set16(pc->rtc.cmos, 0x17, extended_kib);
    set16(pc->rtc.cmos, 0x30, extended_kib);
    set16(pc->rtc.cmos, 0x34, ram > 16 * MIB ? (ram - 16 * MIB) / (64 * KIB) : 0);
}

/* The disk's type 47 of the user's own, and its geometry. */
static void set_disk(struct pc *pc)
{
    uint8_t *bytes = pc->rtc.cmos;
    uint32_t cylinders = ata_cylinders(pc->config.disk.sectors);

    if (!pc->config.disk.sectors) {
        return;
    }
    bytes[0x12] = 0xf0;
    bytes[0x19] = 47;
    set16(bytes, 0x1b, cylinders);
    bytes[0x1d] = ATA_HEADS;
    set16(bytes, 0x1e, 0xffff); /* no write precompensation */
    bytes[0x20] = 0xc8;         /* more than 8 heads */
    set16(bytes, 0x21, cylinders);
    bytes[0x23] = ATA_TRACK;
    bytes[0x39] = cylinders > 1024 ? 1 : 0; /* the BIOS translates addresses */
}

void boot_state_apply(struct pc *pc)
{
    for (unsigned i = 0; i < sizeof(bios_writes) / sizeof(bios_writes[0]); i++) {
        pc_out(pc, bios_writes[i].port, 1, bios_writes[i].value);
    }
    for (unsigned i = 0; i < sizeof(cmos) / sizeof(cmos[0]); i++) {
        pc->rtc.cmos[cmos[i].index] = cmos[i].value;
    }
    set_memory_size(pc);
    set_disk(pc);
    pc->pit.refresh = true; /* the BIOS read port 61h an odd number of times */
    pc_in(pc, 0x60, 1);     /* the answer to the self-test */
    pc->kbd.last = 0xfa;
    pc->kbd.keyboard.queue.last = 0xfa; /* the keyboard's last acknowledge */
}
