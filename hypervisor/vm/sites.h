/*
 * Instructions that trap again and again, decoded once.
 *
 * A site is found by linear address, ring and root. It is good as long as no translation was
 * flushed since it was remembered, and as long as the guest's bytes are still those that were
 * decoded: they are compared each time, so that a site never has to be told of a store.
 */
#ifndef UMBRA_HYPERVISOR_VM_SITES_H
#define UMBRA_HYPERVISOR_VM_SITES_H

#include <stdbool.h>
#include <stdint.h>

#include "emulate/cpu/exec.h"

struct vcpu;

#define SITES 2048 /* a power of two */

struct site {
    uint64_t space; /* vcpu->space when the site was fetched; 0: nothing is remembered */
    uint32_t lin;
    uint8_t cpl;
    uint8_t in_page;       /* how many of the bytes lie in the first page */
    bool goes_on;          /* repeated, or what it led to trapped at once the last time */
    uint8_t quick;         /* enum exit_reason where nothing but the bytes has to be looked at */
    const uint8_t *source; /* the guest's bytes */
    const uint8_t *tail;   /* those that lie in the next page */
    uint64_t bytes, mask;  /* what eight bytes at `source` must be, where they matter; mask 0: they
                              do not tell all, the instruction is longer or lies in two pages */
    op_handler handler;
    struct insn insn;
} __attribute__((aligned(128)));

struct sites {
    struct site table[SITES];
};

/* The instruction at CS:EIP, if it is remembered and still the same; else NULL. */
struct site *sites_find(const struct vcpu *vcpu);

/* The quick half of sites_find(), behind a trap: NULL also for code that may only have to be
 * exposed, and for the few instructions that are long or lie in two pages. site->quick is set. */
struct site *sites_hit(const struct vcpu *vcpu);

/* The same for an instruction that an emulated one has led to, maybe from another ring: what is
 * known of the view it would run in is good if no translation has changed since that was loaded. */
struct site *sites_next(const struct vcpu *vcpu);

/* Fetches and decodes the instruction at CS:EIP and remembers it. The result is good until the next
 * call. NULL when fetching faults: *fault. */
struct site *sites_fetch(struct vcpu *vcpu, struct event *fault);

#endif
