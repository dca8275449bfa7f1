/* The names of the monitor's functions, for backtraces. The table is made from the linked image. */
#ifndef UMBRA_HYPERVISOR_REPORT_SYMBOLS_H
#define UMBRA_HYPERVISOR_REPORT_SYMBOLS_H

#include <stdint.h>

struct symbol {
    uint64_t address;
    const char *name;
};

/* The function that `address` lies in; NULL when it is not in the monitor's code. */
const struct symbol *symbol_at(uint64_t address);

#endif
