/* Shadow page tables: what a guest can rely on, one property a test. */
#include "tests/unit/test_shadow_faults.h"

/* The page directory is frame 1, the table of the first 4 MiB frame 2; page n maps frame 8 + n. */
#define PD   0x1000u
#define PT   0x2000u
#define DATA 8u

static const struct shadow_mode paged = {.paging = true, .wp = true, .pse = true};

static int setup_views(void **state, bool user_views)
{
    struct world *w = malloc(sizeof *w);
    world_init_views(w, 64, user_views);
    w->mem[1][0] = PT | P | W | U;
    for (unsigned i = 0; i < 8; i++)
        w->mem[2][i] = (DATA + i) << 12 | P | W | U;
    shadow_set_mode(w->s, paged);
    shadow_set_cr3(w->s, PD);
    shadow_take_flush(w->s);
    *state = w;
    return 0;
}

static int setup(void **state)
{
    return setup_views(state, false);
}

static int setup_user_views(void **state)
{
    return setup_views(state, true);
}

static void read_maps_clean_page_read_only(void **state)
{
    struct world *w = *state;
    assert_int_equal(fault(w, 0x1234, READ), SHADOW_FILLED);
    assert_int_equal(w->mem[1][0], PT | P | W | U | A);
    assert_int_equal(w->mem[2][1], 0x9000 | P | W | U | A);
    struct hw hw = hw_walk(w, 0x1234);
    assert_true(hw.present && hw.u && !hw.w && hw.nx);
    assert_int_equal(hw.hpa, ram(9));
    assert_false(shadow_take_flush(w->s));
    assert_int_equal(fault(w, 0x1234, WRITE), SHADOW_FILLED);
    assert_int_equal(w->mem[2][1], 0x9000 | P | W | U | A | D);
    assert_true(hw_walk(w, 0x1234).w);
    assert_false(shadow_take_flush(w->s));
}

static void error_codes(void **state)
{
    struct world *w = *state;
    w->mem[2][1] = 0;
    w->mem[2][2] = 0xa000 | P | U;
    w->mem[2][3] = 0xb000 | P | W;
    expect_guest_fault(w, 0x1000, READ, 0);
    assert_int_equal(w->mem[1][0] & A, A); /* although the PTE is not present */
    expect_guest_fault(w, 0x1000, WRITE, 2);
    expect_guest_fault(w, 0x1000, WRITE | USER, 6);
    expect_guest_fault(w, 0x2000, WRITE, 3);
    expect_guest_fault(w, 0x2000, WRITE | USER, 7);
    expect_guest_fault(w, 0x3000, USER, 5);
    expect_guest_fault(w, 0x3000, USER | FETCH, 5);
    expect_guest_fault(w, 0x400000, READ, 0);
    assert_int_equal(w->mem[2][2] & (A | D), 0);
    assert_int_equal(w->mem[2][3] & (A | D), 0);
}

static void reserved_bit_of_large_page(void **state)
{
    struct world *w = *state;
    w->mem[1][1] = 0x200000 | PS | P | W;
    expect_guest_fault(w, 0x400000, READ, 8);
    expect_guest_fault(w, 0x400000, WRITE | USER, 8 | 6);
    shadow_set_mode(w->s, (struct shadow_mode){.paging = true, .wp = true});
    /* PS is ignored: the table at 200000h is in absent memory and reads as all ones. */
    assert_int_equal(fault(w, 0x400000, READ), SHADOW_MMIO);
}

static void reserved_bit_error_is_policy(void **state)
{
    struct world *w = *state;
    struct walk_tables t = {&world_ops, w, paged, PD, true, NULL};
    struct walk walk;
    w->mem[1][1] = 0x200000 | PS | P | W;
    assert_false(shadow_walk(&t, 0x400000, WRITE, &walk));
    assert_int_equal(walk.error, 9 | 2);
}

static void pse36_address_bits(void **state)
{
    struct world *w = *state;
    struct shadow_access out;
    w->mem[1][1] = 0x00800000 | 0x3u << 13 | PS | P | W;
    assert_int_equal(shadow_fault(w->s, 0x412345, READ, &out), SHADOW_MMIO);
    assert_int_equal(out.gpa, 0x300812345ull);
}

static void large_page_dirty_bit_is_in_the_pde(void **state)
{
    struct world *w = *state;
    w->mem[1][2] = PS | P | W | U;
    assert_int_equal(fault(w, 0x800000 + 0x9000, READ), SHADOW_FILLED);
    assert_int_equal(w->mem[1][2], PS | P | W | U | A);
    assert_int_equal(hw_walk(w, 0x809000).hpa, ram(9));
    assert_false(hw_walk(w, 0x809000).w);
    assert_int_equal(fault(w, 0x80a000, WRITE), SHADOW_FILLED);
    assert_int_equal(w->mem[1][2], PS | P | W | U | A | D);
    assert_true(hw_walk(w, 0x80a000).w && hw_walk(w, 0x809000).w);
}

static void invlpg_drops_a_large_page_whole(void **state)
{
    struct world *w = *state;
    w->mem[1][2] = PS | P | W | A;
    assert_int_equal(fault(w, 0x809000, READ), SHADOW_FILLED);
    assert_int_equal(fault(w, 0xa09000, READ), SHADOW_MMIO); /* above RAM */
    w->mem[1][2] = 0;
    shadow_guest_wrote(w->s, PD + 8, 4);
    assert_true(hw_walk(w, 0x809000).present);
    shadow_invlpg(w->s, 0xbff000);
    assert_false(hw_walk(w, 0x809000).present);
}

/* As QEMU's TLB: the page itself goes when its PDE has changed, those beside it stay until CR3. */
static void invlpg_keeps_the_neighbours_of_a_page(void **state)
{
    struct world *w = *state;
    w->mem[2][512] = 0x9000 | P;
    assert_int_equal(fault(w, 0x1000, READ), SHADOW_FILLED);
    assert_int_equal(fault(w, 0x2000, READ), SHADOW_FILLED);
    assert_int_equal(fault(w, 0x200000, READ), SHADOW_FILLED);
    gpa_write(w, PD, 0);
    shadow_invlpg(w->s, 0x1000);
    assert_false(hw_walk(w, 0x1000).present);
    assert_int_equal(fault(w, 0x1000, READ), SHADOW_GUEST_FAULT);
    assert_true(hw_walk(w, 0x2000).present && hw_walk(w, 0x200000).present);
    shadow_set_cr3(w->s, PD);
    assert_false(hw_walk(w, 0x2000).present || hw_walk(w, 0x200000).present);
}

static void long_store_reaches_every_entry(void **state)
{
    struct world *w = *state;
    for (uint32_t gva = 0; gva < 0x4000; gva += 0x1000)
        assert_int_equal(fault(w, gva, READ), SHADOW_FILLED);
    w->mem[2][0] = w->mem[2][1] = w->mem[2][2] = 0;
    shadow_guest_wrote(w->s, PT - 6, 6 + 4 + 4 + 1); /* ends in the first byte of entry 2 */
    shadow_set_cr3(w->s, PD);
    assert_false(hw_walk(w, 0).present || hw_walk(w, 0x1000).present || hw_walk(w, 0x2000).present);
    assert_true(hw_walk(w, 0x3000).present);
    shadow_guest_wrote(w->s, UINT64_MAX - 2, UINT32_MAX);
    shadow_guest_wrote(w->s, (uint64_t)(FRAMES - 1) << 12, UINT32_MAX);
}

/* More stale entries than the list holds: they go early, and all of them. */
static void stores_beyond_the_pending_list(void **state)
{
    struct world *w = *state;
    for (unsigned i = 0; i < 1024; i++)
        w->mem[2][i] = DATA << 12 | P;
    for (uint32_t gva = 0; gva < 0x400000; gva += 0x1000)
        assert_int_equal(fault(w, gva, READ), SHADOW_FILLED);
    memset(w->mem[2], 0, 4096);
    shadow_guest_wrote(w->s, PT, 4096);
    assert_null(shadow_check(w->s));
    unsigned left = 0;
    for (uint32_t gva = 0; gva < 0x400000; gva += 0x1000)
        left += hw_walk(w, gva).present;
    assert_true(left > 0 && left < 1024);
    shadow_set_cr3(w->s, PD);
    for (uint32_t gva = 0; gva < 0x400000; gva += 0x1000)
        assert_false(hw_walk(w, gva).present);
}

static void own_stores_make_nothing_stale(void **state)
{
    struct world *w = *state;
    shadow_set_view(w->s, VIEW_USER);
    assert_int_equal(fault(w, 0x1000, USER), SHADOW_FILLED);
    shadow_set_view(w->s, VIEW_KERNEL);
    assert_int_equal(fault(w, 0x1000, WRITE), SHADOW_FILLED); /* sets D */
    shadow_set_view(w->s, VIEW_USER);
    shadow_set_cr3(w->s, PD);
    assert_true(hw_walk(w, 0x1000).present);
    assert_false(shadow_take_flush(w->s));
}

/* The short way between the views is there when both roots are known and nothing is due. */
static void views_switch_when_nothing_is_due(void **state)
{
    struct world *w = *state;
    shadow_set_view(w->s, VIEW_USER);
    uint64_t user = shadow_root(w->s);
    shadow_set_view(w->s, VIEW_KERNEL);
    uint64_t kernel = shadow_root(w->s);
    assert_int_equal(shadow_switch_view(w->s, VIEW_USER), 0); /* another root is due */
    shadow_take_flush(w->s);
    assert_int_equal(shadow_switch_view(w->s, VIEW_USER), user);
    assert_int_equal(shadow_root(w->s), user);
    assert_int_equal(shadow_switch_view(w->s, VIEW_KERNEL), kernel);
    assert_false(shadow_root_due(w->s));
    shadow_set_cr3(w->s, PD ^ 0x1000);
    shadow_take_flush(w->s);
    assert_int_equal(shadow_switch_view(w->s, VIEW_USER), 0); /* nobody has asked for that one */
}

/* Stores to memory that is not RAM are not seen: tables there last until the next flush only. */
static void tables_in_absent_memory_are_not_kept(void **state)
{
    struct world *w = *state;
    w->mem[1][1] = GAP_FIRST << 12 | P | W;
    w->nothing = 0x9000 | P | W;
    assert_int_equal(fault(w, 0x400000, READ), SHADOW_FILLED);
    w->nothing = 0xa000 | P | W;
    assert_int_equal(translated(w, 0x400000, READ), 0x9000);
    shadow_invlpg(w->s, 0x400000);
    assert_int_equal(translated(w, 0x400000, READ), 0xa000);
    w->nothing = 0xb000 | P | W;
    shadow_set_cr3(w->s, PD);
    assert_int_equal(translated(w, 0x400000, READ), 0xb000);
}

static void wp_off_lets_the_supervisor_write(void **state)
{
    struct world *w = *state;
    w->mem[2][1] = 0x9000 | P | U;
    expect_guest_fault(w, 0x1000, WRITE, 3);
    shadow_set_mode(w->s, (struct shadow_mode){.paging = true, .pse = true});
    assert_int_equal(fault(w, 0x1000, WRITE), SHADOW_FILLED);
    assert_true(hw_walk(w, 0x1000).w);
    assert_int_equal(w->mem[2][1], 0x9000 | P | U | A | D);
    expect_guest_fault(w, 0x1000, WRITE | USER, 7);
    shadow_set_mode(w->s, paged);
    expect_guest_fault(w, 0x1000, WRITE, 3);
}

static void user_view_maps_user_pages_only(void **state)
{
    struct world *w = *state;
    w->mem[2][1] = 0x9000 | P | W;
    assert_int_equal(fault(w, 0x1000, WRITE), SHADOW_FILLED);
    shadow_set_view(w->s, VIEW_USER);
    assert_false(hw_walk(w, 0x1000).present);
    assert_int_equal(fault(w, 0x2000, USER | FETCH), SHADOW_FILLED);
    struct hw hw = hw_walk(w, 0x2000);
    assert_true(hw.present && !hw.nx && hw.key == 0 && hw.hpa == ram(10));
    /* A descriptor read while the user view is current has the supervisor's rights. */
    assert_int_equal(translated(w, 0x1010, READ), 0x9010);
    assert_false(hw_walk(w, 0x1000).present);
}

static void stale_entry_stays_until_invlpg(void **state)
{
    struct world *w = *state;
    assert_int_equal(fault(w, 0x1000, WRITE), SHADOW_FILLED);
    assert_int_equal(fault(w, 0x2000, WRITE), SHADOW_FILLED);
    shadow_take_flush(w->s);
    gpa_write(w, PT + 4, 0xc000 | P | W | U);
    assert_false(shadow_take_flush(w->s));
    assert_int_equal(hw_walk(w, 0x1000).hpa, ram(9));
    assert_int_equal(translated(w, 0x1000, WRITE), 0x9000);
    assert_int_equal(w->mem[2][1], 0xc000 | P | W | U); /* neither A nor D while the entry lives */
    shadow_invlpg(w->s, 0x2000);
    assert_int_equal(translated(w, 0x1000, READ), 0x9000);
    shadow_invlpg(w->s, 0x1abc);
    assert_true(shadow_take_flush(w->s));
    assert_int_equal(translated(w, 0x1000, READ), 0xc000);
    assert_true(hw_walk(w, 0x2000).present);
    shadow_invlpg(w->s, 0x2000);
    assert_false(shadow_take_flush(w->s));
}

static void cr3_applies_stores_to_all_roots(void **state)
{
    struct world *w = *state;
    w->mem[3][0] = PT | P | W | U;
    assert_int_equal(fault(w, 0x1000, READ), SHADOW_FILLED);
    shadow_set_cr3(w->s, 0x3000);
    assert_int_equal(fault(w, 0x3000, READ), SHADOW_FILLED);
    assert_true(hw_walk(w, 0x1000).present); /* the table is shared */
    gpa_write(w, PT + 4, 0);
    assert_int_equal(hw_walk(w, 0x1000).hpa, ram(9));
    struct shadow_stats before = shadow_stats(w->s);
    shadow_set_cr3(w->s, PD);
    assert_int_equal(shadow_stats(w->s).roots_found, before.roots_found + 1);
    assert_false(hw_walk(w, 0x1000).present);
    assert_true(hw_walk(w, 0x3000).present);
    expect_guest_fault(w, 0x1000, READ, 0);
}

static void new_rights_count_at_once(void **state)
{
    struct world *w = *state;
    w->mem[2][1] = 0x9000 | P;
    assert_int_equal(fault(w, 0x1000, READ), SHADOW_FILLED);
    expect_guest_fault(w, 0x1000, WRITE, 3);
    gpa_write(w, PT + 4, 0x9000 | P | W);
    assert_int_equal(fault(w, 0x1000, WRITE), SHADOW_FILLED);
    assert_int_equal(w->mem[2][1], 0x9000 | P | W | A | D);
    expect_guest_fault(w, 0x9000, READ, 0);
    gpa_write(w, PT + 4 * 9, 0x9000 | P);
    assert_int_equal(fault(w, 0x9000, READ), SHADOW_FILLED);
}

static void new_link_does_not_bring_back_old_entries(void **state)
{
    struct world *w = *state;
    assert_int_equal(fault(w, 0x1000, READ), SHADOW_FILLED);
    gpa_write(w, PT + 4, 0xd000 | P | W | U); /* stale at 1000h ... */
    gpa_write(w, PD + 4, PT | P | W | U);     /* ... but nothing was cached at 401000h */
    assert_int_equal(fault(w, 0x400000, READ), SHADOW_FILLED);
    assert_int_equal(translated(w, 0x401000, READ), 0xd000);
}

static void tables_are_write_protected(void **state)
{
    struct world *w = *state;
    w->mem[2][5] = PT | P | W | U;
    w->mem[2][6] = 0x3000 | P | W | U;
    w->mem[3][0] = 0x9000 | P | W | U;
    assert_int_equal(fault(w, 0x6000, WRITE), SHADOW_FILLED);
    assert_int_equal(fault(w, 0x5000, WRITE), SHADOW_TABLE_WRITE);
    assert_false(hw_walk(w, 0x5000).w);
    assert_int_equal(translated(w, 0x5004, WRITE), PT + 4);
    assert_true(hw_walk(w, 0x6000).w && !shadow_tracked(w->s, 3));
    shadow_take_flush(w->s);
    gpa_write(w, PD + 4, 0x3000 | P | W | U); /* the frame becomes a table */
    assert_int_equal(fault(w, 0x400000, READ), SHADOW_FILLED);
    assert_true(shadow_tracked(w->s, 3) && !hw_walk(w, 0x6000).w);
    assert_true(shadow_take_flush(w->s));
}

static void flooded_table_becomes_data_again(void **state)
{
    struct world *w = *state;
    w->mem[2][5] = PT | P | W | U;
    assert_int_equal(fault(w, 0x5000, WRITE), SHADOW_TABLE_WRITE);
    for (unsigned i = 0; i < 64; i++)
        gpa_write(w, PT + 4 * (100 + i), i);
    assert_false(shadow_tracked(w->s, 2));
    assert_true(shadow_take_flush(w->s));
}

static void table_in_use_is_not_taken_for_data(void **state)
{
    struct world *w = *state;
    for (unsigned i = 0; i < 512; i++) {
        assert_int_equal(fault(w, i % 8 << 12, READ), SHADOW_FILLED);
        for (unsigned k = 0; k < 30; k++)
            gpa_write(w, PT + 4 * 100, k);
        gpa_write(w, PT + i % 8 * 4, (DATA + i % 5) << 12 | P | W | U);
        shadow_invlpg(w->s, i % 8 << 12);
        assert_true(shadow_tracked(w->s, 2));
    }
}

static void self_map_of_the_directory(void **state)
{
    struct world *w = *state;
    w->mem[1][1023] = PD | P | W;
    assert_int_equal(translated(w, 0xfffff000, READ), PD);
    assert_int_equal(translated(w, 0xffc00000 + 4, READ), PT + 4);
    assert_int_equal(fault(w, 0x1000, READ), SHADOW_FILLED);
    assert_int_equal(fault(w, 0xffc00000, WRITE), SHADOW_TABLE_WRITE);
    assert_int_equal(fault(w, 0xfffff000, WRITE), SHADOW_TABLE_WRITE);
    gpa_write(w, PD, 0);
    assert_true(hw_walk(w, 0x1000).present);
    shadow_invlpg(w->s, 0x1000);
    shadow_invlpg(w->s, 0xffc00000);
    expect_guest_fault(w, 0x1000, READ, 0);
    expect_guest_fault(w, 0xffc00000, READ, 0);
}

static void user_code_runs_from_the_frame(void **state)
{
    struct world *w = *state;
    shadow_set_view(w->s, VIEW_USER);
    assert_int_equal(fault(w, 0x1000, USER | FETCH), SHADOW_FILLED);
    struct hw hw = hw_walk(w, 0x1000);
    assert_true(!hw.nx && hw.key == 0 && hw.hpa == ram(9));
}

/* The same frame has one view, whoever runs it. */
static void user_code_runs_from_views_on_request(void **state)
{
    struct world *w = *state;
    shadow_set_view(w->s, VIEW_USER);
    assert_int_equal(fault(w, 0x1000, USER | READ), SHADOW_FILLED);
    assert_true(hw_walk(w, 0x1000).nx);
    assert_int_equal(fault(w, 0x1000, USER | FETCH), SHADOW_FILLED);
    struct hw hw = hw_walk(w, 0x1000);
    assert_true(hw.u && !hw.w && !hw.nx && hw.key == 1 && hw.hpa == CODE_HPA + 0x9000);
    assert_int_equal(fault(w, 0x1000, USER | READ), SHADOW_CODE_DATA);
    assert_int_equal(fault(w, 0x1000, USER | WRITE), SHADOW_TABLE_WRITE);
    shadow_map_as_data(w->s, 0x1000);
    hw = hw_walk(w, 0x1000);
    assert_true(hw.nx && !hw.w && hw.hpa == ram(9));
    assert_int_equal(fault(w, 0x1000, USER | FETCH), SHADOW_FILLED);
    shadow_set_view(w->s, VIEW_KERNEL);
    assert_int_equal(fault(w, 0x1000, FETCH), SHADOW_FILLED);
    assert_int_equal(hw_walk(w, 0x1000).hpa, CODE_HPA + 0x9000);
    world_drop_view(w, 9);
    shadow_set_view(w->s, VIEW_USER);
    assert_false(hw_walk(w, 0x1000).present);
}

static void kernel_code_runs_from_its_view(void **state)
{
    struct world *w = *state;
    assert_int_equal(fault(w, 0x1000, FETCH), SHADOW_FILLED);
    struct hw hw = hw_walk(w, 0x1000);
    assert_true(hw.u && !hw.w && !hw.nx && hw.key == 1);
    assert_int_equal(hw.hpa, CODE_HPA + 0x9000);
    assert_int_equal(fault(w, 0x1000, READ), SHADOW_CODE_DATA);
    assert_int_equal(fault(w, 0x1000, WRITE), SHADOW_TABLE_WRITE);
    assert_int_equal(hw_walk(w, 0x1000).hpa, CODE_HPA + 0x9000);
    shadow_take_flush(w->s);
    shadow_map_as_data(w->s, 0x1000);
    assert_true(shadow_take_flush(w->s));
    hw = hw_walk(w, 0x1000);
    assert_true(hw.nx && !hw.w && hw.key == 0 && hw.hpa == ram(9));
    assert_int_equal(fault(w, 0x1000, FETCH), SHADOW_FILLED);
    assert_int_equal(hw_walk(w, 0x1000).hpa, CODE_HPA + 0x9000);
    assert_int_equal(shadow_stats(w->s).flips, 2);
    world_drop_view(w, 9);
    assert_false(hw_walk(w, 0x1000).present);
    w->refuse_views = true;
    assert_int_equal(fault(w, 0x1000, FETCH), SHADOW_INTERPRET);
}

/* Frames 9 and 10 execute one behind the other, until one of them has another neighbour. */
static void neighbours_of_code_are_told(void **state)
{
    struct world *w = *state;
    assert_int_equal(fault(w, 0x1000, FETCH), SHADOW_FILLED);
    assert_true(shadow_code_follows(w->s, 9, 10) && shadow_code_follows(w->s, 9, 11));
    assert_int_equal(fault(w, 0x2000, FETCH), SHADOW_FILLED);
    assert_true(shadow_code_follows(w->s, 9, 10));
    assert_false(shadow_code_follows(w->s, 9, 11) || shadow_code_follows(w->s, 11, 10));
    w->joined[9] = 10;
    gpa_write(w, PT + 8, 0xc000 | P | W | U);
    shadow_invlpg(w->s, 0x2000);
    assert_int_equal(w->joined[9], 10);
    assert_int_equal(fault(w, 0x2000, READ), SHADOW_FILLED);
    assert_int_equal(w->joined[9], 10); /* data does not execute */
    assert_int_equal(fault(w, 0x2000, FETCH), SHADOW_FILLED);
    assert_int_equal(w->joined[9], 0);
    assert_true(shadow_code_follows(w->s, 9, 12));
    w->joined[9] = 12;
    w->mem[2][5] = 0xc000 | P; /* the second one again, behind another */
    assert_int_equal(fault(w, 0x5000, FETCH), SHADOW_FILLED);
    assert_int_equal(w->joined[9], 12);
    assert_int_equal(fault(w, 0x4000, FETCH), SHADOW_FILLED);
    assert_int_equal(w->joined[9], 0);
    assert_false(shadow_code_follows(w->s, 9, 12));
    assert_false(shadow_code_follows(w->s, FRAMES, 1) || shadow_code_follows(w->s, 1, UINT64_MAX));
}

/* What lies behind the last page of a table can change with the table. */
static void code_at_the_edge_of_a_table_has_no_neighbour(void **state)
{
    struct world *w = *state;
    assert_int_equal(fault(w, 0x1000, FETCH), SHADOW_FILLED);
    w->joined[9] = 10;
    w->mem[2][511] = 0x9000 | P;
    assert_int_equal(fault(w, 0x1ff000, FETCH), SHADOW_FILLED);
    assert_int_equal(w->joined[9], 0);
    assert_false(shadow_code_follows(w->s, 9, 10));
    w->joined[11] = 12;
    w->mem[2][512] = 0xc000 | P;
    assert_int_equal(fault(w, 0x200000, FETCH), SHADOW_FILLED);
    assert_int_equal(w->joined[11], 0);
    assert_false(shadow_code_follows(w->s, 11, 12));
}

static void flip_keeps_the_live_translation(void **state)
{
    struct world *w = *state;
    assert_int_equal(fault(w, 0x1000, READ), SHADOW_FILLED);
    gpa_write(w, PT + 4, 0xc000 | P | W | U);
    assert_int_equal(fault(w, 0x1000, FETCH), SHADOW_FILLED);
    assert_int_equal(hw_walk(w, 0x1000).hpa, CODE_HPA + 0x9000);
    shadow_map_as_data(w->s, 0x1000);
    shadow_invlpg(w->s, 0x1000);
    assert_int_equal(translated(w, 0x1000, READ), 0xc000);
}

static void viewed_frame_is_protected_in_every_mapping(void **state)
{
    struct world *w = *state;
    w->mem[2][2] = 0x9000 | P | W | U;
    assert_int_equal(fault(w, 0x2000, WRITE), SHADOW_FILLED);
    shadow_take_flush(w->s);
    assert_int_equal(fault(w, 0x1000, FETCH), SHADOW_FILLED);
    assert_false(hw_walk(w, 0x2000).w);
    assert_true(shadow_take_flush(w->s));
    assert_int_equal(fault(w, 0x2000, WRITE), SHADOW_TABLE_WRITE);
    world_drop_view(w, 9);
    assert_int_equal(fault(w, 0x2000, WRITE), SHADOW_FILLED);
    assert_true(hw_walk(w, 0x2000).w);
}

static void rom_and_nothing(void **state)
{
    struct world *w = *state;
    struct shadow_access out;
    w->mem[2][1] = ROM_FIRST << 12 | P | W | U;
    w->mem[2][2] = GAP_FIRST << 12 | P | W | U;
    w->mem[2][3] = 0xfffff000 | P | W | U;
    assert_int_equal(fault(w, 0x1000, READ), SHADOW_FILLED);
    assert_int_equal(fault(w, 0x1000, WRITE), SHADOW_MMIO);
    assert_int_equal(shadow_translate(w->s, 0x1000, WRITE, &out), SHADOW_MMIO);
    assert_false(hw_walk(w, 0x1000).w);
    assert_int_equal(fault(w, 0x2000, READ), SHADOW_MMIO);
    assert_int_equal(fault(w, 0x2000, FETCH), SHADOW_INTERPRET);
    assert_int_equal(shadow_translate(w->s, 0x3004, FETCH, &out), SHADOW_MMIO);
    assert_int_equal(out.gpa, 0xfffff004);
}

static void cr3_outside_ram(void **state)
{
    struct world *w = *state;
    shadow_set_cr3(w->s, 0xfffff000);
    assert_int_equal(fault(w, 0x1000, READ),
                     SHADOW_GUEST_FAULT); /* reads FFFFFFFFh: reserved bit */
    shadow_set_cr3(w->s, GAP_FIRST << 12);
    expect_guest_fault(w, 0xffffffff, WRITE, 8 | 2);
    shadow_set_mode(w->s, (struct shadow_mode){.paging = true});
    assert_int_equal(fault(w, 0x1000, READ), SHADOW_MMIO); /* table and page are nothing, too */
}

static void paging_off_is_flat(void **state)
{
    struct world *w = *state;
    shadow_set_mode(w->s, (struct shadow_mode){0});
    assert_int_equal(fault(w, 0x9000, WRITE), SHADOW_FILLED);
    assert_int_equal(hw_walk(w, 0x9000).hpa, ram(9));
    assert_int_equal(fault(w, 0xa000, FETCH), SHADOW_FILLED);
    assert_int_equal(hw_walk(w, 0xa000).hpa, CODE_HPA + 0xa000);
    assert_int_equal(fault(w, 0xfee00000, READ), SHADOW_MMIO);
    shadow_invlpg(w->s, 0x9000);
    assert_true(hw_walk(w, 0x9000).present);
}

static void monitor_half_of_every_root_is_the_monitors(void **state)
{
    struct world *w = *state;
    for (unsigned i = 0; i < 8; i++) {
        shadow_set_cr3(w->s, i << 12);
        assert_memory_equal(pool_table(w, shadow_root(w->s)) + 1, w->pml4 + 1, 511 * 8);
    }
}

static void frame_is_dropped_with_what_it_says(void **state)
{
    struct world *w = *state;
    assert_int_equal(fault(w, 0x1000, WRITE), SHADOW_FILLED);
    shadow_drop_frame(w->s, 9);
    assert_false(hw_walk(w, 0x1000).present);
    shadow_drop_frame(w->s, 2);
    assert_false(shadow_tracked(w->s, 2));
    shadow_drop_frame(w->s, UINT64_MAX);
}

static void reset_forgets_everything(void **state)
{
    struct world *w = *state;
    shadow_set_cr3(w->s, 0x3000);
    shadow_set_cr3(w->s, PD);
    assert_int_equal(fault(w, 0x1000, FETCH), SHADOW_FILLED);
    gpa_write(w, PT + 4, 0);
    const uint64_t *loaded = pool_table(w, shadow_root(w->s));
    shadow_reset(w->s);
    assert_memory_equal(loaded + 1, w->pml4 + 1, 511 * 8);
    assert_int_equal(loaded[0], 0);
    assert_null(shadow_check(w->s));
    assert_true(shadow_take_flush(w->s));
    assert_false(shadow_tracked(w->s, 1) || shadow_tracked(w->s, 9));
    assert_false(hw_walk(w, 0x1000).present);
    assert_int_equal(translated(w, 0x1000, READ), 0x1000);
}

static void too_small_a_pool_is_refused(void **state)
{
    (void)state;
    struct shadow_config config = {.pool = {.count = SHADOW_POOL_MIN - 1}};
    assert_null(shadow_init(&config, &world_ops, NULL));
}

/* Far more address spaces than the smallest pool holds: all of them work, the current one always.
 */
static void smallest_pool_serves_many_roots(void **state)
{
    (void)state;
    static struct world w;
    world_init(&w, SHADOW_POOL_MIN);
    for (unsigned pd = 1; pd < 30; pd++)
        for (unsigned i = 0; i < 4; i++)
            w.mem[pd][i * 256] = (30 + i) << 12 | P | W | U;
    for (unsigned i = 0; i < 4; i++)
        w.mem[30 + i][7] = (40 + i) << 12 | P | W | U;
    shadow_set_mode(w.s, paged);
    for (unsigned step = 0; step < 400; step++) {
        uint32_t gva = (step % 4) << 30 | 0x7000;
        shadow_set_cr3(w.s, (1 + step % 29) << 12);
        assert_int_equal(fault(&w, gva, step & 1 ? WRITE : FETCH), SHADOW_FILLED);
        assert_true(hw_walk(&w, gva).present);
        assert_int_equal(translated(&w, gva ^ 0x40000000, USER) >> 12, 40 + (step % 4 ^ 1));
        assert_null(shadow_check(w.s));
    }
    assert_true(shadow_stats(w.s).recycled > 400);
    world_done(&w);
}

/* Until the caller has asked for another one, the processor may run on the root it was given last.
 */
static void loaded_root_is_not_recycled(void **state)
{
    (void)state;
    static struct world w;
    world_init(&w, SHADOW_POOL_MIN);
    for (unsigned pd = 1; pd < 30; pd++) {
        w.mem[pd][0] = 30 << 12 | P | W | U;
        w.mem[pd][256] = 31 << 12 | P | W | U;
    }
    w.mem[30][7] = w.mem[31][7] = 40 << 12 | P | W | U;
    shadow_set_mode(w.s, paged);
    shadow_set_cr3(w.s, 0x1000);
    const uint64_t *pml4 = pool_table(&w, shadow_root(w.s));
    for (unsigned pd = 2; pd < 30; pd++) {
        shadow_set_cr3(w.s, pd << 12);
        assert_int_equal(fault(&w, 0x7000, READ), SHADOW_FILLED);
        assert_int_equal(fault(&w, 0x40007000, READ | USER), SHADOW_FILLED);
        assert_memory_equal(pml4 + 1, w.pml4 + 1, 511 * 8);
    }
    world_done(&w);
}

/* Writable in both views, then watched: no mapping lets a store pass unseen. */
static void watch_page_1(struct world *w)
{
    assert_int_equal(fault(w, 0x1000, WRITE), SHADOW_FILLED);
    assert_int_equal(fault(w, 0x1000, WRITE | USER), SHADOW_FILLED);
    assert_true(hw_walk(w, 0x1000).w);
    shadow_take_flush(w->s);
    world_watch(w, DATA + 1);
    assert_false(hw_walk(w, 0x1000).w);
    assert_true(shadow_take_flush(w->s));
    assert_false(shadow_tracked(w->s, DATA + 1));
    assert_int_equal(shadow_hit(w->s, 0x1000, WRITE), SHADOW_NO_HPA);
}

static void first_store_ends_a_watch(void **state)
{
    struct world *w = *state;
    watch_page_1(w);
    assert_int_equal(fault(w, 0x1000, READ), SHADOW_FILLED);
    assert_true(w->watched[DATA + 1]);
    assert_int_equal(fault(w, 0x1000, WRITE), SHADOW_FILLED);
    assert_false(w->watched[DATA + 1] || shadow_watched(w->s, DATA + 1));
    assert_true(hw_walk(w, 0x1000).w);
    world_watch(w, DATA + 1);
    assert_false(hw_walk(w, 0x1000).w);
}

static void user_stores_to_a_watched_frame_are_emulated(void **state)
{
    struct world *w = *state;
    watch_page_1(w);
    shadow_set_view(w->s, VIEW_USER);
    assert_int_equal(fault(w, 0x1000, WRITE | USER), SHADOW_TABLE_WRITE);
    assert_true(w->watched[DATA + 1]);
    assert_int_equal(translated(w, 0x1004, WRITE | USER), ((DATA + 1) << 12) + 4);
    gpa_write(w, ((DATA + 1) << 12) + 4, 1);
    assert_false(w->watched[DATA + 1]);
    assert_int_equal(fault(w, 0x1000, WRITE | USER), SHADOW_FILLED);
    assert_true(hw_walk(w, 0x1000).w);
}

static void new_mappings_of_a_watched_frame_are_protected(void **state)
{
    struct world *w = *state;
    world_watch(w, DATA + 1);
    assert_int_equal(fault(w, 0x1000, READ), SHADOW_FILLED);
    assert_false(hw_walk(w, 0x1000).w);
    assert_true(w->watched[DATA + 1]);
    shadow_drop_frame(w->s, DATA + 1);
    assert_false(w->watched[DATA + 1]);
    shadow_watch(w->s, FRAMES);
    assert_false(shadow_watched(w->s, FRAMES));
    shadow_unwatch(w->s, FRAMES);
}

#define PROPERTY(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROPERTY(read_maps_clean_page_read_only),
        PROPERTY(error_codes),
        PROPERTY(reserved_bit_of_large_page),
        PROPERTY(reserved_bit_error_is_policy),
        PROPERTY(pse36_address_bits),
        PROPERTY(large_page_dirty_bit_is_in_the_pde),
        PROPERTY(invlpg_drops_a_large_page_whole),
        PROPERTY(invlpg_keeps_the_neighbours_of_a_page),
        PROPERTY(long_store_reaches_every_entry),
        PROPERTY(stores_beyond_the_pending_list),
        PROPERTY(own_stores_make_nothing_stale),
        PROPERTY(views_switch_when_nothing_is_due),
        PROPERTY(tables_in_absent_memory_are_not_kept),
        PROPERTY(wp_off_lets_the_supervisor_write),
        PROPERTY(user_view_maps_user_pages_only),
        PROPERTY(stale_entry_stays_until_invlpg),
        PROPERTY(cr3_applies_stores_to_all_roots),
        PROPERTY(new_rights_count_at_once),
        PROPERTY(new_link_does_not_bring_back_old_entries),
        PROPERTY(tables_are_write_protected),
        PROPERTY(flooded_table_becomes_data_again),
        PROPERTY(table_in_use_is_not_taken_for_data),
        PROPERTY(self_map_of_the_directory),
        PROPERTY(user_code_runs_from_the_frame),
        cmocka_unit_test_setup_teardown(user_code_runs_from_views_on_request, setup_user_views,
                                        teardown),
        PROPERTY(kernel_code_runs_from_its_view),
        PROPERTY(neighbours_of_code_are_told),
        PROPERTY(code_at_the_edge_of_a_table_has_no_neighbour),
        PROPERTY(flip_keeps_the_live_translation),
        PROPERTY(viewed_frame_is_protected_in_every_mapping),
        PROPERTY(rom_and_nothing),
        PROPERTY(cr3_outside_ram),
        PROPERTY(paging_off_is_flat),
        PROPERTY(monitor_half_of_every_root_is_the_monitors),
        PROPERTY(frame_is_dropped_with_what_it_says),
        PROPERTY(reset_forgets_everything),
        PROPERTY(first_store_ends_a_watch),
        PROPERTY(user_stores_to_a_watched_frame_are_emulated),
        PROPERTY(new_mappings_of_a_watched_frame_are_protected),
        cmocka_unit_test(too_small_a_pool_is_refused),
        cmocka_unit_test(smallest_pool_serves_many_roots),
        cmocka_unit_test(loaded_root_is_not_recycled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
