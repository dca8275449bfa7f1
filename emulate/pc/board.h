/*
 * What the board is made of. Only for whoever allocates a struct pc (and for tests that look
 * inside); the interface is pc.h. A struct pc must not be moved: chips point to their IRQ inputs.
 */
#ifndef UMBRA_EMULATE_PC_BOARD_H
#define UMBRA_EMULATE_PC_BOARD_H

#include "dma.h"
#include "fdc.h"
#include "fw_cfg.h"
#include "ide.h"
#include "kbd.h"
#include "lpt.h"
#include "ne2000.h"
#include "pc.h"
#include "pic.h"
#include "pit.h"
#include "port92.h"
#include "rtc.h"
#include "uart.h"
#include "vga.h"

struct pc {
    struct pic pic;
    struct pit pit;
    struct rtc rtc;
    struct uart uart;
    struct kbd kbd;
    struct port92 port92;
    struct dma dma[2];
    struct vga vga;
    struct lpt lpt;
    struct fdc fdc;
    struct ide ide[2];
    struct ne2000 ne2000;
    struct fw_cfg fw_cfg;
    bool a20;

    struct pc_config config;
    struct pc_host host;
    void *world;
};

/* The virtual clock, ns. */
uint64_t board_now(const struct pc *pc);

/* Drives the A20 gate: the 8042 and port 92h share the wire, the last write counts. */
void board_set_a20(struct pc *pc, bool enabled);

#endif
