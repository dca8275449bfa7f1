/* The code views of a VM: which guest frames have one, and the pages they execute from. */
#ifndef UMBRA_HYPERVISOR_VM_VIEWS_H
#define UMBRA_HYPERVISOR_VM_VIEWS_H

#include <stdbool.h>
#include <stdint.h>

#include "emulate/cpu/expose.h"

struct vm;
struct view;

struct code_views {
    struct view *pool; /* `count` of them */
    uint8_t *pages;    /* their executable pages, in the direct map */
    uint64_t pages_hpa;
    unsigned count;
    unsigned used;      /* pool[0 .. used) were handed out at least once */
    unsigned hand;      /* of the clock that recycles them */
    uint16_t *of_frame; /* index + 1 by gfn; 0: no view */
    uint64_t frames;
    uint64_t stops[CODE_PAGE_SIZE / 64]; /* offsets within any page that must trap */
};

/* Bytes that `count` views over `frames` guest frames need; page-aligned memory, cleared. */
uint64_t views_memory_size(unsigned count, uint64_t frames);
void views_init(struct code_views *views, void *memory, unsigned count, uint64_t frames);
/* Forgets all views (VM reset). */
void views_reset(struct code_views *views);

/* hpa of the executable page of a frame's view, made when there is none; SHADOW_NO_HPA when the
 * frame is neither RAM nor ROM. */
uint64_t views_page(struct vm *vm, uint64_t gfn);

/*
 * Kernel code is about to run, or trapped, at guest-physical address gpa: exposes what can run.
 * Returns true when the instruction there runs natively now, false when it has to be emulated.
 */
bool views_expose(struct vm *vm, uint64_t gpa);

/*
 * The instruction at gpa crosses into the page at next_gpa, which is mapped behind it: joins their
 * views. Returns true when it runs natively now, false when it has to be emulated.
 */
bool views_join(struct vm *vm, uint64_t gpa, uint64_t next_gpa);

/* Views of these frames (SHADOW_NO_FRAME: of an unknown one) are mapped one behind the other now:
 * ends the joins that this does not agree with. */
void views_follow(struct vm *vm, uint64_t gfn, uint64_t next);

/* What is known of the instruction at gpa, without exposing anything. */
enum code_state views_query(struct vm *vm, uint64_t gpa);

/* True when the frame of gpa has a code view. */
bool views_has(const struct vm *vm, uint64_t gpa);

/* True for a page that goes back and forth between code and data: better emulated. Counts. */
bool views_flips_often(struct vm *vm, uint64_t gpa);

/* From now on (or no longer) the instruction at this offset of any page traps, if it runs from a
 * view: a breakpoint. */
void views_set_stop(struct vm *vm, unsigned offset, bool on);

/* Someone stored to a frame that may have a view. */
void views_wrote(struct vm *vm, uint64_t gpa, unsigned len);

#endif
