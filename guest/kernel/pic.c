/* Intel 8259A data sheet: initialisation words (ICW) and operation words (OCW). */
#include "pic.h"
#include "cpu.h"
#include "trap.h"

#define MASTER   0x20
#define SLAVE    0xA0
#define DATA     1 /* offset of ICW2-4 and of the mask */
#define ICW1     0x11
#define ICW4     0x01
#define CASCADE  2
#define READ_ISR 0x0B /* OCW3 */
#define EOI      0x20 /* OCW2, non-specific */

static uint16_t mask = (uint16_t) ~(1u << CASCADE);

static void init(uint16_t port, uint8_t base, uint8_t icw3)
{
    outb(port, ICW1);
    outb(port + DATA, base);
    outb(port + DATA, icw3);
    outb(port + DATA, ICW4);
}

static void write_masks(void)
{
    outb(MASTER + DATA, (uint8_t)mask);
    outb(SLAVE + DATA, (uint8_t)(mask >> 8));
}

void pic_init(void)
{
    init(MASTER, IRQ_BASE, 1u << CASCADE);
    init(SLAVE, IRQ_BASE + 8, CASCADE);
    write_masks();
}

void pic_unmask(uint32_t line)
{
    mask &= (uint16_t) ~(1u << line);
    write_masks();
}

bool pic_is_spurious(uint32_t line)
{
    uint16_t port = line < 8 ? MASTER : SLAVE;

    if (line % 8 != 7)
        return false;
    outb(port, READ_ISR);
    if (inb(port) & 0x80)
        return false;
    if (port == SLAVE)
        outb(MASTER, EOI); /* the master did see its line 2 */
    return true;
}

void pic_end_of_interrupt(uint32_t line)
{
    if (line >= 8)
        outb(SLAVE, EOI);
    outb(MASTER, EOI);
}
