/* The monitor found itself broken: everything there is to know, then the end. */
#ifndef UMBRA_HYPERVISOR_REPORT_PANIC_H
#define UMBRA_HYPERVISOR_REPORT_PANIC_H

struct host_registers;
struct vcpu;

/* host_exit() code of a panic. */
#define PANIC_EXIT_CODE 0x7f

void panic(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* A trap of the monitor itself that nothing was prepared for. */
void panic_trap(const struct host_registers *regs) __attribute__((noreturn));

/* Prints the state of a vCPU; called for the current one, if there is one. */
void vcpu_dump(const struct vcpu *vcpu);

/* A condition that only a bug of the monitor can break: never one that a guest controls. */
#define INVARIANT(condition)                                            \
    do {                                                                \
        if (!(condition))                                               \
            panic("%s:%d: broken: %s", __FILE__, __LINE__, #condition); \
    } while (0)

#endif
