/*
 * The state in which the BIOS leaves the chips when it hands over to a boot loader's guest,
 * measured at the entry of a multiboot kernel on `qemu -M isapc` with SeaBIOS 1.16.2.
 */
#ifndef UMBRA_EMULATE_PC_BOOT_STATE_H
#define UMBRA_EMULATE_PC_BOOT_STATE_H

struct pc;

/* Brings a board from its power-on state to the hand-over state, through the chips' own ports where
 * the BIOS does so too. */
void boot_state_apply(struct pc *pc);

#endif
