/*
 * The virtual PC: an ISA board as `qemu -M isapc` has it. One struct a chip (one file each); this
 * board wires them to ports, interrupt lines and one clock. Pure: the outside is `struct pc_host`.
 */
#ifndef UMBRA_EMULATE_PC_PC_H
#define UMBRA_EMULATE_PC_PC_H

#include "ata.h"

#include <stdbool.h>
#include <stdint.h>

/* What the board needs from whoever owns it. Each call gets `world` back. */
struct pc_host {
    uint64_t (*now_ns)(void *world); /* the VM's virtual clock; never goes back */
    void (*serial_out)(void *world, uint8_t byte);
    void (*power_off)(void *world, uint32_t code); /* isa-debug-exit: the value written */
    void (*reset)(void *world);                    /* 8042 pulse, port 92h: reset the VM */
    void (*a20_changed)(void *world, bool enabled);
};

struct pc;

#define PC_NEVER UINT64_MAX

/* Interrupt request lines of the ISA bus. */
#define PC_IRQ_TIMER    0u
#define PC_IRQ_KEYBOARD 1u
#define PC_IRQ_CASCADE  2u
#define PC_IRQ_COM1     4u
#define PC_IRQ_FLOPPY   6u
#define PC_IRQ_PRINTER  7u
#define PC_IRQ_RTC      8u
#define PC_IRQ_NETWORK  9u
#define PC_IRQ_MOUSE    12u
#define PC_IRQ_FPU      13u
#define PC_IRQ_DISK0    14u
#define PC_IRQ_DISK1    15u

struct pc_config {
    uint32_t ram_bytes;     /* for the CMOS memory-size bytes */
    struct ata_medium disk; /* of the first IDE channel */
    int64_t rtc_epoch;      /* seconds since 1970 (UTC) that the RTC shows at now_ns() = 0 */
};

/* Puts the whole board in its power-on state as the boot loader hands it over (after the BIOS ran:
 * design, boot contract). */
void pc_reset(struct pc *pc);
void pc_init(struct pc *pc, const struct pc_config *config, const struct pc_host *host,
             void *world);

/* Port access of 1, 2 or 4 bytes; absent ports read as on the native machine. */
uint32_t pc_in(struct pc *pc, uint16_t port, unsigned size);
void pc_out(struct pc *pc, uint16_t port, unsigned size, uint32_t value);

/* True for a port at which software reads how time goes by: those of the interval timer. */
bool pc_port_tells_time(uint16_t port);

/* Brings every timer up to now_ns(); raises the interrupts that are due. */
void pc_tick(struct pc *pc);
/* Virtual time (ns) of the next thing that pc_tick() would do by itself and that can interrupt, or
 * PC_NEVER. Changes with every port access, acknowledge and byte typed: ask again after each. */
uint64_t pc_deadline(const struct pc *pc);

/* The INTR pin, and the acknowledge cycle that returns the vector (also a spurious one). */
bool pc_intr(const struct pc *pc);
uint8_t pc_intr_ack(struct pc *pc);

/* A byte typed on the serial line; false when the receiver is full (offer it again later). */
bool pc_serial_in(struct pc *pc, uint8_t byte);
/* A scan code (set 1 after translation) from the keyboard; false when its buffer is full. */
bool pc_keyboard_in(struct pc *pc, uint8_t scancode);

/* The FERR# pin: an unmasked x87 exception while CR0.NE = 0 raises IRQ13 until port F0h is written.
 */
void pc_fpu_error(struct pc *pc);

/* True while A20 is enabled. */
bool pc_a20(const struct pc *pc);

/* Counts for the report and for tests. */
uint64_t pc_irq_count(const struct pc *pc, unsigned irq);

#endif
