/* Physical page frames, counted by how many mappings or owners they have. */
#ifndef FRAMES_H
#define FRAMES_H

#include <stdint.h>

#define PAGE_SIZE 4096u

/** Hand the RAM of the boot loader's memory map to the allocator, less the kernel's own. */
void frames_init(void);

/** A frame with one reference, contents unspecified; its physical address, or 0. */
uint32_t frame_alloc(void);

/** The same, filled with zeros. */
uint32_t frame_alloc_zeroed(void);

/** One more owner. */
void frame_share(uint32_t frame);

/** One owner less; without owners the frame is free again. */
void frame_free(uint32_t frame);

uint32_t frame_references(uint32_t frame);

/** Frames now free, and frames the allocator manages. */
uint32_t frames_free(void);
uint32_t frames_total(void);

/** End of the RAM that the direct map must cover. */
uint32_t frames_end(void);

#endif
