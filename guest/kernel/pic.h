/* Two 8259A interrupt controllers, the second behind line 2 of the first. */
#ifndef PIC_H
#define PIC_H

#include <stdbool.h>
#include <stdint.h>

/** Move the 16 lines to vectors IRQ_BASE and up, all masked. */
void pic_init(void);

void pic_unmask(uint32_t line);

/** Lines 7 and 15 also fire when a request vanished in time; then nobody must be told of its end.
 */
bool pic_is_spurious(uint32_t line);

void pic_end_of_interrupt(uint32_t line);

#endif
