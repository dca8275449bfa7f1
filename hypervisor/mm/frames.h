/* Physical memory of the host that is left for guests: contiguous pieces, whole frames. */
#ifndef UMBRA_HYPERVISOR_MM_FRAMES_H
#define UMBRA_HYPERVISOR_MM_FRAMES_H

#include <stdint.h>

#define FRAME_SIZE 4096ull

struct boot_info;

/* Takes all RAM of the memory map but the first MiB, the monitor, the modules and the boot
 * loader's structure. */
void frames_init(const struct boot_info *info);

/* hpa of `bytes` contiguous bytes (rounded up to frames) aligned to `align` (a power of two; at
 * least a frame), or 0. Lowest addresses first. The contents are whatever was there. */
uint64_t frames_alloc(uint64_t bytes, uint64_t align);
/* Gives back what frames_alloc() returned, with the same `bytes`. */
void frames_free(uint64_t hpa, uint64_t bytes);

/* Bytes that are free, and the longest contiguous piece of them. */
uint64_t frames_available(void);
uint64_t frames_largest(void);

#endif
