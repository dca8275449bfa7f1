/* Code views: what is exposed, what is covered, and what a store takes back. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "emulate/cpu/expose.h"
#include "emulate/cpu/insn.h"

#define NOP   0x90
#define HLT   0xf4
#define CLI   0xfa
#define PUSHF 0x9c
#define RET   0xc3

static uint8_t source[CODE_PAGE_SIZE], view[CODE_PAGE_SIZE];
static struct code_view v;

static void start_view(bool code32)
{
    code_view_init(&v, view, source, code32);
    assert_true(code_view_check(&v, source));
}

static void put(uint32_t at, const void *bytes, size_t len)
{
    memcpy(source + at, bytes, len);
}

static void expect_state(uint32_t at, enum code_state state)
{
    assert_int_equal(code_view_query(&v, at), state);
}

static void expect_expose(uint32_t at, enum code_state state)
{
    assert_int_equal(code_view_expose(&v, at), state);
    expect_state(at, state);
    assert_true(code_view_check(&v, source));
}

static void expect_covered(uint32_t at, uint32_t len)
{
    for (uint32_t i = at; i < at + len; i++)
        assert_int_equal(view[i], HLT);
}

static void expect_bytes(uint32_t at, uint32_t len)
{
    assert_memory_equal(view + at, source + at, len);
}

/* A page of RETs: flow stops wherever a test wrote nothing. */
static int fresh_page(void **state)
{
    (void)state;
    memset(source, RET, sizeof(source));
    return 0;
}

static void starts_covered(void **state)
{
    (void)state;
    start_view(true);
    expect_covered(0, CODE_PAGE_SIZE);
    expect_state(17, CODE_UNKNOWN);
}

static void exposes_straight_code_up_to_ret(void **state)
{
    (void)state;
    put(0, "\xb8\x01\x02\x03\x04\x40\xc3\x90", 8); /* mov eax, imm; inc eax; ret; nop */
    start_view(true);
    expect_expose(0, CODE_EXPOSED);
    expect_bytes(0, 7);
    expect_covered(7, 1);
    expect_state(5, CODE_EXPOSED);
    expect_state(1, CODE_UNKNOWN);
}

static void keeps_hlt_on_sensitive_and_goes_on_behind(void **state)
{
    (void)state;
    put(0, "\x90\xfa\x40\x9c\x48\xc3", 6); /* nop; cli; inc eax; pushf; dec eax; ret */
    start_view(true);
    expect_expose(0, CODE_EXPOSED);
    assert_memory_equal(view, "\x90\xf4\x40\xf4\x48\xc3", 6);
    expect_state(1, CODE_TRAPS);
    expect_expose(3, CODE_TRAPS);
}

static void covers_all_bytes_of_sensitive(void **state)
{
    (void)state;
    put(0, "\x0f\x22\xd8\xc3", 4); /* mov cr3, eax; ret */
    start_view(true);
    expect_expose(0, CODE_TRAPS);
    expect_covered(0, 3);
    expect_bytes(3, 1);
}

static void follows_direct_branches(void **state)
{
    (void)state;
    put(0, "\x74\x7e\xe8\xf9\x00\x00\x00\xeb\xf7", 9); /* jz 80h; call 100h; jmp 0 (a loop) */
    put(0x80, "\x41\xe9\x7a\x0f\x00\x00", 6);          /* inc ecx; jmp 1000h: the next page */
    put(0x100, "\x42\xc3", 2);
    start_view(true);
    expect_expose(0, CODE_EXPOSED);
    expect_state(0x80, CODE_EXPOSED);
    expect_state(0x81, CODE_EXPOSED);
    expect_state(0x100, CODE_EXPOSED);
    expect_bytes(0, 9);
    expect_bytes(0x80, 6);
    expect_covered(9, 0x77);
}

static void does_not_follow_behind_invalid_code(void **state)
{
    (void)state;
    put(0, "\x0f\x0b\x90\x90", 4); /* ud2, then data */
    start_view(true);
    expect_expose(0, CODE_TRAPS);
    expect_state(2, CODE_UNKNOWN);
    put(0x10, "\x0f\x38\x00\xc0\x90", 5); /* pshufb: not on this processor */
    start_view(true);
    expect_expose(0x10, CODE_TRAPS);
    expect_state(0x14, CODE_UNKNOWN);
}

static void newer_meanings_of_old_bytes_trap(void **state)
{
    (void)state;
    put(0, "\xf3\x0f\xbd\xc1\x0f\xbd\xc1\xc3", 8); /* lzcnt or bsr; bsr */
    start_view(true);
    expect_expose(0, CODE_TRAPS);
    expect_expose(4, CODE_EXPOSED);
}

static void harmless_overlap_runs_natively(void **state)
{
    (void)state;
    /* jmp into the immediate of the mov in front of it: 90 90 90 C3 */
    put(0, "\xb8\x90\x90\x90\xc3\xeb\xfa", 7);
    put(5, "\xeb\xfa", 2);
    start_view(true);
    expect_expose(0, CODE_EXPOSED);
    expect_expose(5, CODE_EXPOSED);
    expect_state(1, CODE_EXPOSED);
    expect_bytes(0, 7);
}

static void jump_to_sensitive_inside_makes_both_trap(void **state)
{
    (void)state;
    put(0, "\xb8\x90\xfa\x90\xc3\x74\xfb\xc3", 8); /* mov eax, C390FA90h; jz 2 (a CLI); ret */
    start_view(true);
    expect_expose(0, CODE_OVERLAP);
    expect_state(2, CODE_TRAPS);
    expect_state(3, CODE_EXPOSED);
    assert_memory_equal(view, "\xf4\xf4\xf4\x90\xc3\x74\xfb\xc3", 8);
}

static void late_discovery_takes_back_what_was_exposed(void **state)
{
    (void)state;
    put(0, "\xb8\x90\x90\xfa\xc3\xc3", 6);
    start_view(true);
    expect_expose(0, CODE_EXPOSED);
    expect_bytes(0, 6);
    expect_expose(3, CODE_TRAPS);
    expect_state(0, CODE_OVERLAP);
    expect_covered(0, 4);
    expect_bytes(4, 2); /* the RET behind CLI is exposed on its own account */
    expect_expose(0, CODE_OVERLAP);
}

static void overlap_traps_spread_downwards(void **state)
{
    (void)state;
    /* 0: mov eax, imm over 1: mov eax, imm over 5: cli */
    put(0, "\xb8\xb8\x90\x90\x90\xfa\xc3\xc3", 8);
    start_view(true);
    expect_expose(1, CODE_EXPOSED);
    source[5] = NOP;
    start_view(true);
    expect_expose(0, CODE_EXPOSED);
    expect_expose(1, CODE_EXPOSED);
    source[5] = CLI;
    assert_int_equal(code_view_sync(&v, source, 5, 1), 2);
    assert_true(code_view_check(&v, source));
    expect_expose(1, CODE_EXPOSED);
    expect_expose(5, CODE_TRAPS);
    expect_state(1, CODE_OVERLAP);
    expect_state(0, CODE_OVERLAP);
}

static void released_when_the_reason_goes(void **state)
{
    (void)state;
    put(0, "\xb8\x90\x90\x90\xfa\xc3\xc3", 7);
    start_view(true);
    expect_expose(4, CODE_TRAPS);
    expect_expose(0, CODE_OVERLAP);
    source[4] = NOP;
    assert_int_equal(code_view_sync(&v, source, 4, 1), 2);
    expect_state(0, CODE_UNKNOWN);
    expect_expose(0, CODE_EXPOSED);
}

static void a_chain_of_overlaps_is_released_at_once(void **state)
{
    (void)state;
    put(0, "\xb8\x90\x90\x90\xb8\x90\x90\xfa\x90\xc3",
        10); /* mov at 0 over mov at 4 over cli at 7 */
    start_view(true);
    expect_expose(7, CODE_TRAPS);
    expect_expose(4, CODE_OVERLAP);
    expect_expose(0, CODE_OVERLAP);
    source[7] = NOP;
    code_view_sync(&v, source, 0, CODE_PAGE_SIZE);
    assert_true(code_view_check(&v, source));
    expect_state(0, CODE_UNKNOWN);
    expect_state(4, CODE_UNKNOWN);
}

static void long_chains_spread_and_are_released(void **state)
{
    (void)state;
    /* Five 10-byte instructions, each with the first byte of the next as its last, then CLI; their
     * tails are RETs. */
    for (uint32_t at = 0; at < 45; at += 9)
        put(at, "\xc7\x80\xc3\xc3\xc3\xc3\xc3\xc3\xc3", 9);
    source[45] = CLI;
    start_view(true);
    for (uint32_t at = 0; at < 45; at += 9)
        expect_expose(at, CODE_EXPOSED);
    expect_expose(45, CODE_TRAPS);
    for (uint32_t at = 0; at < 45; at += 9)
        expect_state(at, CODE_OVERLAP);
    source[45] = NOP;
    assert_int_equal(code_view_sync(&v, source, 45, 1), 6);
    assert_true(code_view_check(&v, source));
    for (uint32_t at = 0; at < 45; at += 9)
        expect_state(at, CODE_UNKNOWN);
}

static void page_end(void **state)
{
    (void)state;
    put(0xffa, "\x90\xb8\x01\x02\x03\x04", 6); /* the mov just fits */
    start_view(true);
    expect_expose(0xffa, CODE_EXPOSED);
    expect_bytes(0xffa, 6);
    put(0xffa, "\x90\x90\xb8\x01\x02\x03", 6); /* and here its last byte is on the next page */
    start_view(true);
    expect_expose(0xffa, CODE_EXPOSED);
    expect_state(0xffc, CODE_CROSSES);
    expect_covered(0xffc, 4);
    source[0xfff] = 0x55;
    assert_int_equal(code_view_sync(&v, source, 0xfff, 1), 1);
    expect_expose(0xffc, CODE_CROSSES);
    expect_expose(0xfff, CODE_EXPOSED);
}

/* The page behind, and a view of it. */
static uint8_t source2[CODE_PAGE_SIZE], view2[CODE_PAGE_SIZE];
static struct code_view v2;

static void expect_both_right(void)
{
    assert_true(code_view_check(&v, source));
    assert_true(code_view_check(&v2, source2));
}

/* NOP; MOV EAX, imm32 whose last two bytes, `rest` among them, are on the next page; RET there. */
static void start_crossing(const char *rest)
{
    put(0xffc, "\x90\xb8\x01\x02", 4);
    memset(source2, RET, sizeof(source2));
    memcpy(source2, rest, 2);
    start_view(true);
    code_view_init(&v2, view2, source2, true);
    expect_expose(0xffc, CODE_EXPOSED);
    expect_state(0xffd, CODE_CROSSES);
}

static void join_exposes_both_halves(void **state)
{
    (void)state;
    start_crossing("\x03\x04");
    assert_int_equal(code_view_join(&v, 0xffc, &v2), CODE_EXPOSED); /* that does not cross */
    assert_null(v.next);
    assert_int_equal(code_view_join(&v, 0xffd, &v), CODE_CROSSES);
    assert_int_equal(code_view_join(&v, 0xffd, &v2), CODE_EXPOSED);
    expect_state(0xffd, CODE_EXPOSED);
    expect_bytes(0xffc, 4);
    assert_memory_equal(view2, source2, 2);
    assert_int_equal(view2[2], HLT);
    expect_both_right();
    assert_int_equal(code_view_expose(&v2, 2), CODE_EXPOSED);
    expect_both_right();
    code_view_part(&v);
    expect_covered(0xffd, 3);
    expect_bytes(0xffc, 1);
    assert_int_equal(view2[0], HLT);
    assert_int_equal(view2[1], HLT);
    assert_int_equal(view2[2], RET);
    expect_both_right();
    code_view_part(&v);
    expect_expose(0xffd, CODE_CROSSES);
    assert_int_equal(code_view_join(&v, 0xffd, &v2), CODE_EXPOSED);
    code_view_leave(&v2);
    expect_covered(0xffd, 3);
    expect_both_right();
}

static void join_refuses_what_must_trap(void **state)
{
    static struct code_view other;
    static uint8_t other_view[CODE_PAGE_SIZE];
    static uint64_t stops[CODE_PAGE_SIZE / 64];
    (void)state;
    start_crossing("\x03\xfa");
    code_view_expose(&v2, 1); /* CLI begins inside */
    assert_int_equal(code_view_join(&v, 0xffd, &v2), CODE_CROSSES);
    start_crossing("\xfa\x04");
    code_view_expose(&v2, 0);
    assert_int_equal(code_view_join(&v, 0xffd, &v2), CODE_CROSSES);
    put(0xffd, "\x2e\x0f\x20", 3); /* MOV from CR, of two more bytes at most */
    start_view(true);
    code_view_init(&v2, view2, source2, true);
    expect_expose(0xffd, CODE_CROSSES);
    assert_int_equal(code_view_join(&v, 0xffd, &v2), CODE_CROSSES);
    start_crossing("\x03\x04");
    v.stops = stops;
    stops[0xffd / 64] = 1ull << (0xffd % 64);
    assert_int_equal(code_view_join(&v, 0xffd, &v2), CODE_CROSSES);
    stops[0xffd / 64] = 0;
    code_view_init(&other, other_view, source, true);
    code_view_expose(&other, 0xffd);
    assert_int_equal(code_view_join(&other, 0xffd, &v2), CODE_EXPOSED);
    assert_int_equal(code_view_join(&v, 0xffd, &v2), CODE_CROSSES); /* taken */
    stops[0] = 1; /* of the byte in the other page, which is in its middle */
    code_view_forget(&v2, 0);
    assert_null(other.next);
    expect_both_right();
}

static void stores_to_either_half_part(void **state)
{
    (void)state;
    start_crossing("\x03\x04");
    code_view_join(&v, 0xffd, &v2);
    source2[2] = NOP;
    code_view_sync(&v2, source2, 0, 16);
    assert_non_null(v.next);
    source2[1] = 0x55;
    code_view_sync(&v2, source2, 0, 16);
    assert_null(v.next);
    expect_state(0xffd, CODE_UNKNOWN);
    expect_covered(0xffd, 3);
    expect_both_right();
    expect_expose(0xffd, CODE_CROSSES);
    code_view_join(&v, 0xffd, &v2);
    source[0xfff] = 0x66;
    code_view_sync(&v, source, 0xff0, 16);
    assert_null(v2.prev);
    assert_int_equal(view2[0], HLT);
    expect_both_right();
}

static void trap_found_inside_parts(void **state)
{
    (void)state;
    start_crossing("\x03\xfa");
    code_view_join(&v, 0xffd, &v2);
    assert_int_equal(view2[1], CLI);
    code_view_expose(&v2, 1);
    assert_int_equal(view2[1], HLT);
    assert_null(v.next);
    expect_both_right();
    source[0xffe] = CLI;
    start_crossing("\x03\x04");
    source[0xffe] = CLI;
    code_view_sync(&v, source, 0xffe, 1);
    expect_expose(0xffd, CODE_CROSSES);
    code_view_join(&v, 0xffd, &v2);
    assert_non_null(v.next);
    expect_expose(0xffe, CODE_TRAPS);
    expect_state(0xffd, CODE_CROSSES);
    assert_null(v.next);
    expect_both_right();
}

static void sixteen_bytes_trap(void **state)
{
    (void)state;
    memset(source, 0x66, 15);
    source[15] = NOP;
    start_view(true);
    expect_expose(0, CODE_TRAPS);
    expect_expose(1, CODE_EXPOSED);
    memset(source + 0xff0, 0x66, 16);
    start_view(true);
    expect_expose(0xff0, CODE_TRAPS);
    expect_expose(0xff1, CODE_TRAPS);
    expect_expose(0xff2, CODE_CROSSES);
}

static void code_size_counts(void **state)
{
    (void)state;
    put(0, "\xb8\x90\x90\xfa\x90\xc3", 6); /* 32-bit: mov eax, imm32; 16-bit: mov ax; cli */
    start_view(true);
    expect_expose(0, CODE_EXPOSED);
    expect_state(5, CODE_EXPOSED);
    start_view(false);
    expect_expose(0, CODE_EXPOSED);
    expect_state(3, CODE_TRAPS);
}

static void stores_take_back_only_what_they_changed(void **state)
{
    (void)state;
    put(0, "\x40\xb8\x01\x02\x03\x04\x41\xc3", 8);
    start_view(true);
    expect_expose(0, CODE_EXPOSED);
    assert_int_equal(code_view_sync(&v, source, 0, CODE_PAGE_SIZE), 0); /* same bytes stored */
    source[4] = 0xaa;
    assert_int_equal(code_view_sync(&v, source, 3, 3), 1);
    assert_true(code_view_check(&v, source));
    expect_state(0, CODE_EXPOSED);
    expect_state(1, CODE_UNKNOWN);
    expect_state(6, CODE_EXPOSED);
    expect_covered(1, 5);
    expect_expose(1, CODE_EXPOSED);
    source[0] = CLI;
    assert_int_equal(code_view_sync(&v, source, 0, 1), 1);
    expect_expose(0, CODE_TRAPS);
    expect_state(1, CODE_EXPOSED);
}

static void stores_outside_the_page_are_clipped(void **state)
{
    (void)state;
    start_view(true);
    assert_int_equal(code_view_sync(&v, source, CODE_PAGE_SIZE, 4), 0);
    assert_int_equal(code_view_sync(&v, source, 0xffffffff, 0xffffffff), 0);
    source[0xfff] = NOP;
    assert_int_equal(code_view_sync(&v, source, 0xfff, 0xffffffff), 0);
    assert_true(code_view_check(&v, source));
}

/* --- strict views: no byte is native that a jump to it would not decode to what is shown. --- */

static void start_strict(void)
{
    code_view_init(&v, view, source, true);
    v.strict = true;
    assert_true(code_view_check(&v, source));
}

static void strict_refuses_what_hides_a_trap(void **state)
{
    (void)state;
    put(0, "\xb8\x90\xfa\x90\xc3\xc3", 6); /* mov eax, C390FA90h (a CLI inside) */
    start_strict();
    expect_expose(0, CODE_OVERLAP);
    expect_state(1, CODE_EXPOSED);
    expect_state(2, CODE_TRAPS);
    assert_memory_equal(view, "\xf4\x90\xf4\x90\xc3\xc3", 6);
}

static void strict_exposes_what_hides_nothing(void **state)
{
    (void)state;
    put(0, "\xb8\x90\x90\x90\x90\xc3", 6);
    start_strict();
    expect_expose(0, CODE_EXPOSED);
    expect_bytes(0, 6);
}

static void strict_follows_decodings_out_of_the_instruction(void **state)
{
    (void)state;
    /* mov eax, 05909090h; what begins at its last byte (add eax, imm32) takes in the next four:
     * NOPs, then with a CLI among them. */
    put(0, "\xb8\x90\x90\x90\x05\x90\x90\x90\x90\xc3", 10);
    start_strict();
    expect_expose(0, CODE_EXPOSED);
    source[7] = CLI;
    assert_int_equal(code_view_sync(&v, source, 7, 1), 3);
    assert_true(code_view_check(&v, source));
    expect_state(0, CODE_OVERLAP);
    expect_state(4, CODE_OVERLAP);
    expect_state(5, CODE_EXPOSED);
    source[7] = NOP;
    assert_int_equal(code_view_sync(&v, source, 7, 1), 3);
    expect_state(0, CODE_EXPOSED);
}

static void strict_traps_spread_over_chains(void **state)
{
    (void)state;
    for (uint32_t at = 0; at < 45; at += 9)
        put(at, "\xc7\x80\xc3\xc3\xc3\xc3\xc3\xc3\xc3", 9);
    source[45] = NOP;
    start_strict();
    expect_expose(0, CODE_EXPOSED);
    source[45] = CLI;
    code_view_sync(&v, source, 45, 1);
    assert_true(code_view_check(&v, source));
    for (uint32_t at = 0; at < 45; at += 9)
        expect_state(at, CODE_OVERLAP);
    expect_state(2, CODE_EXPOSED);
}

static void strict_page_end(void **state)
{
    (void)state;
    put(0xff9, "\xb8\x90\x90\x90\x90\x90\xb8", 7); /* the last byte begins what crosses */
    start_strict();
    expect_expose(0xff9, CODE_EXPOSED);
    expect_state(0xfff, CODE_CROSSES);
    put(0xffa, "\x90\xb8\x90\x90\x90\xb8", 6); /* and here it is part of another one */
    start_strict();
    expect_expose(0xffb, CODE_OVERLAP);
    expect_covered(0xffb, 1);
}

static void strict_stops(void **state)
{
    static uint64_t stops[CODE_PAGE_SIZE / 64];

    (void)state;
    start_strict();
    v.stops = stops;
    expect_expose(3, CODE_EXPOSED);
    stops[0] = 1 << 3;
    code_view_forget(&v, 3);
    assert_true(code_view_check(&v, source));
    expect_state(3, CODE_TRAPS);
    stops[0] = 0;
    code_view_forget(&v, 3);
    expect_state(3, CODE_EXPOSED);
}

static uint32_t seed;

static uint32_t random_below(uint32_t n)
{
    seed = seed * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)seed * n >> 32);
}

/* Dense with short branches and CLI, so that decodings overlap and trap often. */
static uint8_t random_byte(void)
{
    static const uint8_t spice[] = {CLI,  PUSHF, NOP,  RET,  0xeb, 0x74, 0xb8, 0x0f,
                                    0x66, 0xf3,  0x05, 0xc7, 0xfd, 0x02, 0xe2, 0x81};

    return random_below(3) ? (uint8_t)random_below(256) : spice[random_below(sizeof(spice))];
}

static void random_store(void)
{
    uint32_t at = random_below(CODE_PAGE_SIZE), len = 1 + random_below(random_below(40) + 1);

    if (len > CODE_PAGE_SIZE - at)
        len = CODE_PAGE_SIZE - at;
    for (uint32_t i = at; i < at + len; i++) {
        if (random_below(2))
            source[i] = random_byte();
    }
    code_view_sync(&v, source, at, len);
}

static void random_pages(void **state)
{
    unsigned seen[CODE_CROSSES + 1] = {0};

    (void)state;
    for (seed = 1; seed < 25; seed += 1) {
        uint32_t kept = seed;

        for (uint32_t i = 0; i < CODE_PAGE_SIZE; i++)
            source[i] = random_byte();
        start_view(kept & 1);
        for (unsigned step = 0; step < 150; step++) {
            if (random_below(3))
                seen[code_view_expose(&v, random_below(CODE_PAGE_SIZE))]++;
            else
                random_store();
            assert_true(code_view_check(&v, source));
        }
        seed = kept;
    }
    assert_int_equal(seen[CODE_UNKNOWN], 0);
    assert_true(seen[CODE_EXPOSED] > 100 && seen[CODE_TRAPS] > 100 && seen[CODE_OVERLAP] > 20);
}

/* The promise itself, by the decoder alone: from any native byte on the view decodes to what the
 * guest's bytes do, and that is native throughout. */
static void expect_closed(void)
{
    for (uint32_t at = 0; at < CODE_PAGE_SIZE; at++) {
        struct insn guest, shown;

        if (code_view_query(&v, at) != CODE_EXPOSED)
            continue;
        assert_int_equal(insn_decode(source + at, CODE_PAGE_SIZE - at, true, &guest), DECODE_OK);
        assert_int_equal(insn_decode(view + at, CODE_PAGE_SIZE - at, true, &shown), DECODE_OK);
        assert_int_equal(guest.length, shown.length);
        assert_true(insn_harmless(&guest));
        for (uint32_t i = at; i < at + guest.length; i++)
            assert_true(code_view_query(&v, i) == CODE_EXPOSED && view[i] == source[i]);
    }
}

static void strict_random_pages(void **state)
{
    unsigned seen[CODE_CROSSES + 1] = {0};

    (void)state;
    for (uint32_t page = 1; page < 12; page++) {
        seed = page;
        for (uint32_t i = 0; i < CODE_PAGE_SIZE; i++)
            source[i] = random_byte();
        start_strict();
        for (unsigned step = 0; step < 60; step++) {
            seen[code_view_expose(&v, random_below(CODE_PAGE_SIZE))]++;
            random_store();
            assert_true(code_view_check(&v, source));
            expect_closed();
        }
    }
    assert_true(seen[CODE_EXPOSED] > 50 && seen[CODE_TRAPS] > 50 && seen[CODE_OVERLAP] > 50);
}

/* The end of one page and the begin of the next, joined whenever that can be. */
static void random_joins(void **state)
{
    unsigned joined = 0, parted = 0;

    (void)state;
    for (seed = 1; seed < 200; seed++) {
        uint32_t kept = seed;

        for (uint32_t i = 0; i < 32; i++)
            source[CODE_PAGE_SIZE - 32 + i] = random_byte(), source2[i] = random_byte();
        start_view(true);
        code_view_init(&v2, view2, source2, true);
        for (unsigned step = 0; step < 60; step++) {
            uint32_t at = random_below(20);
            bool was = v.next;
            switch (random_below(6)) {
            case 0:
                source[CODE_PAGE_SIZE - 1 - at] = random_byte();
                code_view_sync(&v, source, CODE_PAGE_SIZE - 32, 32);
                break;
            case 1:
                source2[at] = random_byte();
                code_view_sync(&v2, source2, 0, 32);
                break;
            case 2:
                code_view_expose(&v, CODE_PAGE_SIZE - 1 - at);
                break;
            case 3:
                code_view_expose(&v2, at);
                break;
            default:
                code_view_expose(&v, CODE_PAGE_SIZE - 1 - at);
                code_view_join(&v, CODE_PAGE_SIZE - 1 - at, &v2);
            }
            joined += !was && v.next;
            parted += was && !v.next;
            expect_both_right();
        }
        seed = kept;
    }
    assert_true(joined > 50 && parted > 50);
}

/* Whatever order things are found in, the same set of starts gives the same view. */
static void order_does_not_matter(void **state)
{
    static uint8_t first_view[CODE_PAGE_SIZE];

    (void)state;
    seed = 99;
    for (uint32_t i = 0; i < CODE_PAGE_SIZE; i++)
        source[i] = random_byte();
    start_view(true);
    for (uint32_t i = 0; i < CODE_PAGE_SIZE; i++)
        code_view_expose(&v, i);
    assert_true(code_view_check(&v, source));
    memcpy(first_view, view, sizeof(view));
    start_view(true);
    for (uint32_t i = CODE_PAGE_SIZE; i-- > 0;)
        code_view_expose(&v, i);
    assert_true(code_view_check(&v, source));
    assert_memory_equal(first_view, view, sizeof(view));
}

/* A breakpoint on a harmless instruction: it alone traps, survives stores, and goes without trace.
 */
static void stops_trap(void **state)
{
    static uint64_t stops[CODE_PAGE_SIZE / 64];
    static const uint8_t code[] = {0x90, 0x89, 0xe5, 0x40, 0xc3}; /* NOP; MOV EBP, ESP; INC; RET */

    (void)state;
    memset(stops, 0, sizeof(stops));
    memcpy(source + 60, code, sizeof(code));
    start_view(true);
    v.stops = stops;
    assert_int_equal(code_view_expose(&v, 60), CODE_EXPOSED);
    stops[0] |= 1ull << 61;
    code_view_forget(&v, 61);
    assert_int_equal(view[61], CODE_COVER);
    assert_int_equal(view[62], CODE_COVER);
    assert_int_equal(code_view_expose(&v, 61), CODE_TRAPS);
    assert_int_equal(code_view_query(&v, 60), CODE_EXPOSED);
    assert_int_equal(code_view_query(&v, 63), CODE_EXPOSED);
    assert_true(code_view_check(&v, source));
    source[62] = 0xec; /* MOV ESP, EBP */
    code_view_sync(&v, source, 62, 1);
    assert_int_equal(code_view_expose(&v, 60), CODE_EXPOSED);
    assert_int_equal(code_view_expose(&v, 61), CODE_TRAPS);
    stops[0] = 0;
    code_view_forget(&v, 61);
    assert_int_equal(code_view_expose(&v, 61), CODE_EXPOSED);
    assert_memory_equal(view + 60, source + 60, sizeof(code));
    assert_true(code_view_check(&v, source));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(starts_covered, fresh_page),
        cmocka_unit_test_setup(exposes_straight_code_up_to_ret, fresh_page),
        cmocka_unit_test_setup(keeps_hlt_on_sensitive_and_goes_on_behind, fresh_page),
        cmocka_unit_test_setup(covers_all_bytes_of_sensitive, fresh_page),
        cmocka_unit_test_setup(follows_direct_branches, fresh_page),
        cmocka_unit_test_setup(does_not_follow_behind_invalid_code, fresh_page),
        cmocka_unit_test_setup(newer_meanings_of_old_bytes_trap, fresh_page),
        cmocka_unit_test_setup(harmless_overlap_runs_natively, fresh_page),
        cmocka_unit_test_setup(jump_to_sensitive_inside_makes_both_trap, fresh_page),
        cmocka_unit_test_setup(late_discovery_takes_back_what_was_exposed, fresh_page),
        cmocka_unit_test_setup(overlap_traps_spread_downwards, fresh_page),
        cmocka_unit_test_setup(released_when_the_reason_goes, fresh_page),
        cmocka_unit_test_setup(a_chain_of_overlaps_is_released_at_once, fresh_page),
        cmocka_unit_test_setup(long_chains_spread_and_are_released, fresh_page),
        cmocka_unit_test_setup(page_end, fresh_page),
        cmocka_unit_test_setup(join_exposes_both_halves, fresh_page),
        cmocka_unit_test_setup(join_refuses_what_must_trap, fresh_page),
        cmocka_unit_test_setup(stores_to_either_half_part, fresh_page),
        cmocka_unit_test_setup(trap_found_inside_parts, fresh_page),
        cmocka_unit_test_setup(random_joins, fresh_page),
        cmocka_unit_test_setup(sixteen_bytes_trap, fresh_page),
        cmocka_unit_test_setup(code_size_counts, fresh_page),
        cmocka_unit_test_setup(stores_take_back_only_what_they_changed, fresh_page),
        cmocka_unit_test_setup(stores_outside_the_page_are_clipped, fresh_page),
        cmocka_unit_test_setup(random_pages, fresh_page),
        cmocka_unit_test_setup(strict_refuses_what_hides_a_trap, fresh_page),
        cmocka_unit_test_setup(strict_exposes_what_hides_nothing, fresh_page),
        cmocka_unit_test_setup(strict_follows_decodings_out_of_the_instruction, fresh_page),
        cmocka_unit_test_setup(strict_traps_spread_over_chains, fresh_page),
        cmocka_unit_test_setup(strict_page_end, fresh_page),
        cmocka_unit_test_setup(strict_stops, fresh_page),
        cmocka_unit_test_setup(strict_random_pages, fresh_page),
        cmocka_unit_test_setup(order_does_not_matter, fresh_page),
        cmocka_unit_test_setup(stops_trap, fresh_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
