/* Ending the machine. */
#ifndef POWER_H
#define POWER_H

#include <stdint.h>

/** Print the time stamp counter when the machine ends: for counting a workload's instructions. */
void power_report_tsc(void);

/** Send what is left to print, then end as `enum power` says. */
__attribute__((noreturn)) void power(uint32_t how);

#endif
