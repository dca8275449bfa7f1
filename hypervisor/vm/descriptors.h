/*
 * The descriptor tables that user code sees: the real GDT and LDT hold what the guest's own hold,
 * as far as CPL 3 can see it, so that LAR, LSL, VERR, VERW and loads of segment registers, which
 * cannot be made to trap there, find the guest's descriptors.
 *
 * - The frames of the guest's tables are watched: what changed is read again before user code runs
 *   the next time. A frame that is stored to between nearly all entries (a small kernel keeps its
 *   GDT among its variables) is polled for a while instead.
 * - The processor reads its tables through a mapping without write access (gdt.h). A load of a
 *   descriptor whose accessed bit is clear faults there and is emulated, which sets the guest's
 * bit.
 * - A segment register keeps what it was loaded with, whatever its table says by now. The slot of
 *   such a register *deviates*: its accessed bit is clear, so that the next load is emulated and
 * gets what the guest's table says. CS and SS are loaded from their slots at every entry: where
 * these deviate they hold the hidden part itself.
 *
 * Known bounds: LAR reads L as 0 in present code, no accessed bit in a slot that deviates, and no
 * descriptor where the guest's table is not mapped (the bare machine has #PF).
 *
 * Kernel code is shown no descriptor at all: each of these instructions is emulated there.
 */
#ifndef UMBRA_HYPERVISOR_VM_DESCRIPTORS_H
#define UMBRA_HYPERVISOR_VM_DESCRIPTORS_H

#include <stdbool.h>
#include <stdint.h>

#include "hypervisor/cpu/gdt.h"

struct vm;

#define TABLE_PAGES 17 /* 64 KiB that need not begin with a page */

struct table_page {
    uint64_t gfn;         /* UINT64_MAX: not mapped */
    bool known;           /* looked at since it was found */
    const uint8_t *bytes; /* NULL: not mapped, or no RAM */
    uint64_t watched_at;  /* user entries by then */
    uint64_t poll_until;  /* user entries */
    unsigned alarms;      /* in a row that came soon after the watch began */
};

/* A guest's GDT or LDT. */
struct table_view {
    uint32_t base, limit; /* linear; inclusive */
    unsigned count;       /* descriptors within the limit that have a slot */
    unsigned pages;
    struct table_page page[TABLE_PAGES];
    uint64_t seen[DESCRIPTOR_TABLE_ENTRIES]; /* the guest's descriptors; 0 from `count` on */
};

#define DEVIATIONS_MAX 6 /* one for each segment register */

struct descriptor_views {
    struct table_view table[2]; /* by the TI bit of a selector */
    uint64_t entries;           /* of user code */
    uint32_t generation;        /* of translations, when the tables' frames were looked up */
    bool stale;                 /* look at the tables before user code runs */
    bool polling;               /* ...and again the next time, and so on */
    bool loaded;                /* the real tables show these */
    unsigned deviations;
    uint16_t deviating[DEVIATIONS_MAX];
};

/* The slot of a selector in the real tables. */
static inline uint64_t *descriptor_slot(uint16_t selector)
{
    return &(selector & 4 ? host_ldt() : host_gdt())[selector >> 3];
}

/* True when the selector's slot is the guest's: it shows the guest's descriptor. */
static inline bool descriptor_slot_is_guests(uint16_t selector)
{
    return (selector & 4) || selector >> 3 < SLOT_GUEST_END;
}

/*
 * User code is about to run: brings the real tables up to date. True when they changed, or were not
 * shown before: then no slot deviates, and all segment registers have to be loaded again.
 */
bool descriptors_update(struct vm *vm);

/* Has the slot hold something else than the guest's descriptor, until descriptors_restore(). */
void descriptors_deviate(struct vm *vm, uint16_t selector, uint64_t descriptor);
/* All slots show the guest's descriptors again; true when one did not. */
bool descriptors_restore(struct vm *vm);

/* A store to a watched frame, or anything else after which the tables have to be looked at. */
void descriptors_touch(struct vm *vm);
/* INVLPG by the guest. */
void descriptors_invlpg(struct vm *vm, uint32_t lin);

/* Empties the real tables: another VM gets the processor. */
void descriptors_unload(struct vm *vm);

#endif
