/*
 * The registers that gdb knows, in its order, and their description in XML (GDB manual, appendix
 * G). Pure: also built on the host for tests.
 */
#ifndef UMBRA_HYPERVISOR_DEBUG_REGISTERS_H
#define UMBRA_HYPERVISOR_DEBUG_REGISTERS_H

#include <stdint.h>

/* gdb's numbers. Of the x87 registers (16 to 31) gdb wants to know that they exist; their values
 * are reported as unavailable. */
enum debug_register {
    DEBUG_EAX,
    DEBUG_EIP = 8,
    DEBUG_EFLAGS,
    DEBUG_CS,
    DEBUG_SS,
    DEBUG_DS,
    DEBUG_ES,
    DEBUG_FS,
    DEBUG_GS,
    DEBUG_ST0,
    DEBUG_FCTRL = 24,
    DEBUG_CR0 = 32,
    DEBUG_CR2,
    DEBUG_CR3,
    DEBUG_CR4,
    DEBUG_CPL,
    DEBUG_REGISTERS,
};

/* Bytes of a register in packets. */
unsigned debug_register_size(unsigned number);

/* Calls put(target, c) for every character of target.xml. */
void debug_describe(void (*put)(void *target, char c), void *target);

#endif
