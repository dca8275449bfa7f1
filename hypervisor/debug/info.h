/* What `info` and `dump` show of a VM, on the console. */
#ifndef UMBRA_HYPERVISOR_DEBUG_INFO_H
#define UMBRA_HYPERVISOR_DEBUG_INFO_H

#include <stdbool.h>
#include <stdint.h>

struct vm;

/* False when there is no such topic. */
bool info_show(struct vm *vm, const char *topic);
/* The topics, one line each. */
void info_topics(void);

/* `count` bytes of guest-virtual memory, 16 a line. */
void info_dump(struct vm *vm, uint32_t gva, uint32_t count);

#endif
