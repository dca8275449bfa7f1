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

#include "emulate/cpu/insn.h"

struct vcpu;
struct event;

#define SITES 2048 /* a power of two */

struct site {
    const uint8_t *source; /* the guest's bytes; NULL: nothing is remembered */
    const uint8_t *tail;   /* those that lie in the next page */
    uint8_t in_page;       /* how many do not */
    uint64_t root;
    uint32_t generation; /* vcpu->tlb_generation when the site was fetched */
    uint32_t lin;
    bool user;
    struct insn insn;
};

struct sites {
    struct site table[SITES];
};

/* The instruction at CS:EIP, if it is remembered and still the same; else NULL. */
const struct insn *sites_find(const struct vcpu *vcpu);

/* Fetches and decodes the instruction at CS:EIP and remembers it. The result is good until the next
 * call. NULL when fetching faults: *fault. */
const struct insn *sites_fetch(struct vcpu *vcpu, struct event *fault);

#endif
