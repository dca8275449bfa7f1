/*
 * Guest-physical memory. Whoever stores to it (guest, interpreter, device, loader) goes through
 * gpa_write(), which knows what is shadowed: guest page tables, code views and descriptor tables.
 */
#ifndef UMBRA_HYPERVISOR_VM_GUEST_MEMORY_H
#define UMBRA_HYPERVISOR_VM_GUEST_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "shadow_pt/shadow.h"

struct vm;

#define PAGE_SIZE 4096u

struct guest_memory {
    uint8_t *ram; /* in the direct map */
    uint64_t hpa;
    uint64_t bytes;
    bool a20; /* false: address bit 20 reads as 0 */
};

/* RAM of `bytes` at `ram`, in the direct map. */
void guest_memory_init(struct guest_memory *memory, uint8_t *ram, uint64_t bytes);

/* Kind of a frame, and its host-physical address where it has one. */
enum frame_kind guest_frame(const struct guest_memory *memory, uint64_t gfn, uint64_t *hpa);

/* The bytes of a RAM or ROM frame, or NULL. */
uint8_t *guest_frame_bytes(const struct guest_memory *memory, uint64_t gfn);

/* Absent memory reads as on the native machine; stores to it are dropped. Any length. */
void gpa_read(const struct vm *vm, uint64_t gpa, void *buf, unsigned len);
void gpa_write(struct vm *vm, uint64_t gpa, const void *buf, unsigned len);

/* For the loader, before anything is shadowed. What does not fit into RAM is left out whole. */
void gpa_load(struct vm *vm, uint64_t gpa, const void *buf, uint64_t len);

#endif
