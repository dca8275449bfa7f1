/* Exceptions, interrupts and system calls: one frame layout, one way in, one way out. */
#ifndef TRAP_H
#define TRAP_H

#include <stdbool.h>
#include <stdint.h>

#define EXC_DE 0
#define EXC_DB 1
#define EXC_BP 3
#define EXC_UD 6
#define EXC_NM 7
#define EXC_DF 8
#define EXC_GP 13
#define EXC_PF 14

#define IRQ_BASE     0x20
#define IRQ_TIMER    0
#define IRQ_KEYBOARD 1
#define IRQ_SERIAL   4
#define IRQ_LINES    16

/* As trap.asm pushes it; esp and ss are there only when the trap came from ring 3. */
struct trap_frame {
    uint32_t gs, fs, es, ds;
    uint32_t edi, esi, ebp, esp_ignored, ebx, edx, ecx, eax;
    uint32_t vector, error;
    uint32_t eip, cs, eflags;
    uint32_t esp, ss;
};

static inline bool from_user(const struct trap_frame *f)
{
    return (f->cs & 3) == 3;
}

/** Build the IDT and load it. */
void idt_init(void);

/** Install an interrupt handler for an IRQ line and unmask the line. */
void irq_install(uint32_t line, void (*handler)(void));

/** Interrupts taken so far. */
uint32_t irq_count(void);

/** INT3 instructions that the kernel itself executed: they are counted and passed over. */
uint32_t kernel_breakpoints(void);

/** Where every trap arrives from trap.asm. */
void trap_dispatch(struct trap_frame *f);

/* trap.asm: leave the kernel through the frame at ESP. */
void trap_return(void);

#endif
