/*
 * The interpreter's TLB: pages that memory accesses reach without asking the world.
 *
 * The world fills it with pages of which it need not hear, and says by *generation when none of
 * them is good any more. Nothing depends on what is in it but speed.
 */
#ifndef UMBRA_EMULATE_CPU_TLB_H
#define UMBRA_EMULATE_CPU_TLB_H

#include <stddef.h>
#include <string.h>

#include "cpu.h"

#define TLB_PAGE_SIZE 4096u
#define TLB_VALID     0x800u /* beside the rights */

/* The rights that an access needs: a read that will be written back needs to write, too. */
static inline unsigned tlb_rights(unsigned access)
{
    return (access & (ACCESS_WRITE | ACCESS_USER)) | (access & ACCESS_RMW ? ACCESS_WRITE : 0);
}

static inline unsigned tlb_slot(uint32_t lin, unsigned rights)
{
    return (lin / TLB_PAGE_SIZE + rights) % CPU_TLB_PAGES;
}

static inline uint32_t tlb_tag(uint32_t lin, unsigned rights)
{
    return (lin & ~(TLB_PAGE_SIZE - 1)) | rights | TLB_VALID;
}

/* What is known of the page of `lin` with these rights, or NULL. */
static inline const struct cpu_tlb_page *tlb_page(const struct cpu *cpu, uint32_t lin,
                                                  unsigned rights)
{
    const struct cpu_tlb_page *page = &cpu->tlb.page[tlb_slot(lin, rights)];

    return page->tag == tlb_tag(lin, rights) && page->generation == *cpu->tlb.generation ? page
                                                                                         : NULL;
}

/* The bytes of an access that lies in one page with these rights, or NULL: ask the world. */
static inline uint8_t *tlb_find(const struct cpu *cpu, uint32_t lin, unsigned len, unsigned rights)
{
    uint32_t offset = lin % TLB_PAGE_SIZE;
    const struct cpu_tlb_page *page = tlb_page(cpu, lin, rights);

    return page && offset + len <= TLB_PAGE_SIZE ? page->bytes + offset : NULL;
}

/* From now on accesses to the page of `lin` with these rights (ACCESS_WRITE, ACCESS_USER) find
 * `bytes`, its first one; until *generation changes, which outlives the virtual CPU. */
static inline void tlb_fill(struct cpu *cpu, uint32_t lin, unsigned rights, uint8_t *bytes,
                            const uint32_t *generation)
{
    cpu->tlb.generation = generation;
    cpu->tlb.page[tlb_slot(lin, rights)] = (struct cpu_tlb_page){
        .tag = tlb_tag(lin, rights), .generation = *generation, .bytes = bytes};
}

static inline void tlb_clear(struct cpu *cpu)
{
    memset(&cpu->tlb, 0, sizeof(cpu->tlb));
}

/* What an instruction moves at a time, without a call: words and whole dwords, up to a frame. */
static inline void tlb_copy(void *to, const void *from, unsigned len)
{
    if (__builtin_constant_p(len) || len == 1) {
        memcpy(to, from, len);
    } else if (len == 2) {
        memcpy(to, from, 2);
    } else if (len % 4 == 0 && len <= 24) {
        for (unsigned i = 0; i < len; i += 4)
            memcpy((uint8_t *)to + i, (const uint8_t *)from + i, 4);
    } else {
        memcpy(to, from, len);
    }
}

#endif
