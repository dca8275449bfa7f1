/* The PS/2 keyboard behind the 8042, in scancode set 1 as that translates it; US layout. */
#ifndef KEYBOARD_H
#define KEYBOARD_H

/** Prepare the controller and take IRQ 1. */
void keyboard_init(void);

/** Pulse the CPU's reset line by the controller. */
void keyboard_reset_machine(void);

#endif
