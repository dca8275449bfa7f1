/* The monitor's prompt, in the manner of QEMU's. */
#ifndef UMBRA_HYPERVISOR_DEBUG_PROMPT_H
#define UMBRA_HYPERVISOR_DEBUG_PROMPT_H

#include <stdbool.h>
#include <stdint.h>

struct vm;

/* Messages of the monitor appear on the line, above the prompt once it was asked for. */
void prompt_init(struct vm *const *vms, unsigned count);

/* A byte from the line: typed by a person, or the first of gdb's. */
void prompt_take(uint8_t byte);

/* Executes a command; what it answers goes to put(). The line is cut into words. */
void prompt_execute(char *line, void (*put)(char c));

/* The line is the prompt's again. */
void prompt_show(void);

#endif
