/*
 * The guest's text screen. It lies in the guest's own memory; the monitor looks at it from time to
 * time and shows that of the VM that owns the console on the host's screen, or as a terminal sees
 * it on COM1 (screen=serial).
 */
#ifndef UMBRA_HYPERVISOR_VM_SCREEN_H
#define UMBRA_HYPERVISOR_VM_SCREEN_H

#include <stdbool.h>

#include "hypervisor/vm/text.h"

struct vm;

/* What is to be seen now; false in a graphics mode. */
bool screen_read(const struct vm *vm, struct text_screen *screen);

/* Shows the screen of a VM that owns the console when it is time to, and sets vm->screen_due. */
void screen_tick(struct vm *vm);

/* Shows it whatever the time, and all of it: another VM's may be there. */
void screen_show(struct vm *vm);

#endif
