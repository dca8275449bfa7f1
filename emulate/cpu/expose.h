/*
 * Code views: what of a guest's code page may run natively.
 *
 * A view is a page that executes in place of a 4 KiB frame of guest-kernel code. It starts as all
 * HLT, which traps at ring 3 with EIP exactly on it. Where execution reaches HLT the guest's bytes
 * are decoded, and harmless instructions are copied into the view; all others keep HLT on their
 * first byte and are emulated each time. So nothing runs natively that was not decoded from its
 * first byte.
 *
 * Overlapping decodings (a jump into the middle of an instruction): as long as both are harmless
 * the guest's own bytes serve both. A byte at which an instruction that must trap begins can only
 * show HLT, so every harmless decoding that has it inside must trap as well.
 *
 * That closes what the processor is led to by direct branches, which are seen when code is exposed.
 * With `strict` set no jump whatever reaches bytes that were not decoded: a byte is exposed when
 * what begins at it is harmless and consists of exposed bytes alone. So an instruction is refused
 * when one of the decodings that begin inside it, or that these run into before they meet its end
 * again, is not harmless. What is exposed then depends on the page's bytes alone, and all of it is
 * exposed at once.
 *
 * An instruction may run over the end of its page. It runs natively while two views are joined: one
 * exposes its first bytes, the other the rest. That holds as long as the second frame is mapped
 * behind the first wherever either executes, which is the caller's to see to. A strict view is
 * not joined.
 *
 * The code size is part of the view: a frame that runs as 16-bit and as 32-bit code has two.
 */
#ifndef UMBRA_EMULATE_CPU_EXPOSE_H
#define UMBRA_EMULATE_CPU_EXPOSE_H

#include <stdbool.h>
#include <stdint.h>

#define CODE_PAGE_SIZE 4096u
#define CODE_COVER     0xf4 /* HLT */

/* What is known of the instruction that begins at an offset. */
enum code_state {
    CODE_UNKNOWN, /* never decoded: expose it */
    CODE_EXPOSED, /* runs natively */
    CODE_TRAPS,   /* sensitive, absent or invalid: emulate it */
    /* Harmless, but an instruction that must trap begins inside it, or, in a strict view, one that
     * may not run natively: emulate it. */
    CODE_OVERLAP,
    CODE_CROSSES, /* its bytes run past the end of the page: join the views, or emulate it */
};

struct code_view {
    uint8_t *view; /* the page that executes */
    bool code32;
    bool strict; /* set it before anything is exposed */
    /* By offset of the first byte: enum code_state << 4 | bytes that its decoding rests on. */
    uint8_t known[CODE_PAGE_SIZE];
    /* The guest's bytes as they were decoded: they cannot change between check and use. */
    uint8_t snapshot[CODE_PAGE_SIZE];
    /* Offsets at which even a harmless instruction must trap (breakpoints), a bit each; the
     * caller's, NULL when there are none. After a change: code_view_forget(). */
    const uint64_t *stops;
    /* Joined views: the one that holds the rest of the instruction at `cross`, and the one whose
     * last instruction ends in the first `lead` bytes of this. */
    struct code_view *next, *prev;
    uint16_t cross;
    uint8_t lead;
};

/*
 * Starts a view of the frame at `source` with nothing known: covers all of `view`, which is the
 * caller's and stays in use. From before this call on every store to the frame must be followed by
 * code_view_sync() before the view executes again.
 */
void code_view_init(struct code_view *v, uint8_t *view, const uint8_t *source, bool code32);

/*
 * Decodes from `offset` (below 4096) along sequential flow and direct branches within the page (a
 * strict view: the whole page) and exposes what is harmless. Returns what became of the instruction
 * at `offset`: never CODE_UNKNOWN. Decodes each offset at most once; whatever is known already
 * costs nothing.
 */
enum code_state code_view_expose(struct code_view *v, uint32_t offset);

/*
 * Joins `tail` to the view for the instruction at `offset`, which crosses into it, when that is
 * harmless and nothing that must trap begins inside. Returns what became of it: CODE_EXPOSED when
 * they are joined. A view has one partner on either side.
 */
enum code_state code_view_join(struct code_view *v, uint32_t offset, struct code_view *tail);

/* Ends the join of a view with the one behind it, if there is one; both halves are covered. */
void code_view_part(struct code_view *v);

/* Ends both joins of a view: before it is started anew. */
void code_view_leave(struct code_view *v);

/* Forgets every decoding that rests on the byte at `offset`, and covers it again. A strict view
 * decodes anew at once, here and after a store. */
void code_view_forget(struct code_view *v, uint32_t offset);

/* What is known of the instruction that begins at `offset`. */
enum code_state code_view_query(const struct code_view *v, uint32_t offset);

/*
 * Takes over stores to `source` in [first, first + len). Decodings that rest on bytes whose value
 * changed are unknown and covered again; all others stay. Returns how many were dropped, in a
 * strict view how many are others now.
 */
unsigned code_view_sync(struct code_view *v, const uint8_t *source, uint32_t first, uint32_t len);

/*
 * True when the view keeps its promises: every byte other than HLT is the byte of `source` and
 * belongs to an exposed decoding; everything known agrees with the decoder; no exposed decoding has
 * the first byte of one that must trap (a strict view: that is not exposed) inside it. For tests;
 * walks the whole page.
 */
bool code_view_check(const struct code_view *v, const uint8_t *source);

#endif
