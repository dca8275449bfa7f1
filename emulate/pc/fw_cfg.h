/*
 * The firmware configuration device, through which QEMU tells the BIOS about the machine: a
 * selector, a data port, and the signature of a DMA interface (QEMU, docs/specs/fw_cfg). Here it
 * holds what describes the machine; the kernel and the ROM images, which the boot has used up, are
 * empty, and DMA does nothing.
 */
#ifndef UMBRA_EMULATE_PC_FW_CFG_H
#define UMBRA_EMULATE_PC_FW_CFG_H

#include <stdint.h>

struct fw_cfg {
    uint16_t key;
    uint32_t offset; /* of the next byte of the item */
    uint32_t ram_bytes;
};

/* As the boot leaves it: an item selected that has been read to its end. */
void fw_cfg_init(struct fw_cfg *fw, uint32_t ram_bytes);

/* Ports 510h and 511h, offset 0 and 1: a word written to the first selects an item, bytes read from
 * either are the item's. */
uint32_t fw_cfg_in(struct fw_cfg *fw, unsigned size);
void fw_cfg_out(struct fw_cfg *fw, unsigned size, uint32_t value);

/* Ports 514h-51Bh, offset 0-7: a byte of the signature. */
uint8_t fw_cfg_dma_in(unsigned offset);

#endif
