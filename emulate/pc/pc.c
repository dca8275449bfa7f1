#include "pc.h"

#include "board.h"
#include "boot_state.h"
#include "bus.h"

#include <string.h>

static void transmit(void *world, uint8_t byte)
{
    struct pc *pc = world;
    pc->host.serial_out(pc->world, byte);
}

static struct irq_line line(struct pc *pc, uint8_t irq)
{
    return (struct irq_line){.pic = &pc->pic, .irq = irq};
}

void pc_reset(struct pc *pc)
{
    uint64_t at = board_now(pc);

    pic_init(&pc->pic);
    pit_init(&pc->pit, line(pc, PC_IRQ_TIMER), at);
    rtc_init(&pc->rtc, line(pc, PC_IRQ_RTC), pc->config.rtc_epoch + (int64_t)(at / 1000000000u),
             at);
    uart_init(&pc->uart, line(pc, PC_IRQ_COM1), transmit, pc);
    kbd_init(&pc->kbd, line(pc, PC_IRQ_KEYBOARD), line(pc, PC_IRQ_MOUSE));
    dma_init(&pc->dma[0]);
    dma_init(&pc->dma[1]);
    vga_init(&pc->vga);
    lpt_init(&pc->lpt, line(pc, PC_IRQ_PRINTER));
    fdc_init(&pc->fdc, line(pc, PC_IRQ_FLOPPY));
    ide_init(&pc->ide[0], line(pc, PC_IRQ_DISK0), pc->config.disk.sectors ? IDE_DISK : IDE_EMPTY,
             pc->config.disk);
    ide_init(&pc->ide[1], line(pc, PC_IRQ_DISK1), IDE_CDROM, (struct ata_medium){0});
    ne2000_init(&pc->ne2000, line(pc, PC_IRQ_NETWORK));
    fw_cfg_init(&pc->fw_cfg, pc->config.ram_bytes);
    pc->port92.value = 0;
    board_set_a20(pc, true);
    boot_state_apply(pc);
}

void pc_init(struct pc *pc, const struct pc_config *config, const struct pc_host *host, void *world)
{
    memset(pc, 0, sizeof(*pc));
    pc->config = *config;
    pc->host = *host;
    pc->world = world;
    pc->a20 = true;
    pc_reset(pc);
}

uint32_t pc_in(struct pc *pc, uint16_t port, unsigned size)
{
    pc_tick(pc);
    return bus_in(pc, port, size);
}

void pc_out(struct pc *pc, uint16_t port, unsigned size, uint32_t value)
{
    pc_tick(pc);
    bus_out(pc, port, size, value);
}

bool pc_port_tells_time(uint16_t port)
{
    return (port >= PIT_PORT && port < PIT_PORT + PIT_PORTS) || port == PIT_PORT61;
}

void pc_tick(struct pc *pc)
{
    uint64_t at = board_now(pc);
    pit_tick(&pc->pit, at);
    rtc_tick(&pc->rtc, at);
    uart_tick(&pc->uart, at);
    fdc_tick(&pc->fdc, at);
}

/* A masked line cannot interrupt, and the write that unmasks it asks for the deadline again. */
uint64_t pc_deadline(const struct pc *pc)
{
    const struct {
        unsigned irq;
        uint64_t at_ns;
    } source[] = {
        {PC_IRQ_TIMER, pit_deadline(&pc->pit)},
        {PC_IRQ_RTC, rtc_deadline(&pc->rtc)},
        {PC_IRQ_COM1, pc->uart.timeout_ns},
        {PC_IRQ_FLOPPY, pc->fdc.result_ns},
    };
    uint64_t first = PC_NEVER;

    for (unsigned i = 0; i < sizeof(source) / sizeof(source[0]); i++) {
        if (!pic_masked(&pc->pic, source[i].irq) && source[i].at_ns < first) {
            first = source[i].at_ns;
        }
    }
    return first;
}

bool pc_intr(const struct pc *pc)
{
    return pic_intr(&pc->pic);
}

uint8_t pc_intr_ack(struct pc *pc)
{
    return pic_acknowledge(&pc->pic);
}

bool pc_serial_in(struct pc *pc, uint8_t byte)
{
    return uart_receive(&pc->uart, byte, board_now(pc));
}

bool pc_keyboard_in(struct pc *pc, uint8_t scancode)
{
    return kbd_key(&pc->kbd, scancode);
}

void pc_fpu_error(struct pc *pc)
{
    pic_set_irq(&pc->pic, PC_IRQ_FPU, true);
}

bool pc_a20(const struct pc *pc)
{
    return pc->a20;
}

uint64_t pc_irq_count(const struct pc *pc, unsigned irq)
{
    return irq < 16 ? pc->pic.count[irq] : 0;
}
