/* Hardware task switching (SDM vol. 3, chapter 7). Private to emulate/cpu. */
#ifndef UMBRA_EMULATE_CPU_TASK_H
#define UMBRA_EMULATE_CPU_TASK_H

#include "segment.h"

enum task_kind { TASK_JUMP, TASK_CALL, TASK_IRET };

/*
 * Far JMP or CALL to a TSS or task gate: `d` is the descriptor of `selector`, whose privilege the
 * caller has checked. The new task goes on at x->next_eip.
 */
bool task_transfer(struct step *x, uint16_t selector, const struct descriptor *d,
                   enum task_kind kind);

/* IRET with NT = 1: back to the task that the current TSS links to. */
bool task_return(struct step *x);

/* An event through a (present) task gate of the IDT; its error code goes on the new stack. */
bool task_event(struct step *x, const struct event *event, const struct descriptor *gate);

#endif
