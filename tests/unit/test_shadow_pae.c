/* Shadow page tables of a guest with PAE paging: one property a test. */
#include "tests/unit/test_shadow_faults.h"

/* Four PDPTEs at the end of frame 3, the directory of the first GiB in frame 1, the table of its
 * first 2 MiB in frame 2; page n maps frame 8 + n. */
#define PDPT 0x3fe0u
#define PD   0x1000u
#define PT   0x2000u
#define DATA 8u

static const struct shadow_mode paged = {.paging = true, .wp = true, .pae = true};

/* Puts an entry into a table as no one sees it. */
static void put(struct world *w, uint32_t table, unsigned index, uint64_t value)
{
    w->mem[table >> 12][(table & 0xfff) / 4 + 2 * index] = (uint32_t)value;
    w->mem[table >> 12][(table & 0xfff) / 4 + 2 * index + 1] = (uint32_t)(value >> 32);
}

static uint64_t get(const struct world *w, uint32_t table, unsigned index)
{
    return world_read((void *)w, table + 8 * index, 8);
}

/* The guest stores an entry, the high half first. */
static void store(struct world *w, uint32_t table, unsigned index, uint64_t value)
{
    gpa_write(w, table + 8 * index + 4, (uint32_t)(value >> 32));
    gpa_write(w, table + 8 * index, (uint32_t)value);
}

static int setup(void **state)
{
    struct world *w = malloc(sizeof *w);
    world_init(w, 64);
    put(w, PDPT, 0, PD | P);
    put(w, PD, 0, PT | P | W | U);
    for (unsigned i = 0; i < 8; i++)
        put(w, PT, i, (DATA + i) << 12 | P | W | U);
    shadow_set_mode(w->s, paged);
    shadow_set_cr3(w->s, PDPT);
    shadow_take_flush(w->s);
    *state = w;
    return 0;
}

static void load_registers(struct world *w)
{
    uint64_t pdptes[4];
    for (unsigned i = 0; i < 4; i++)
        pdptes[i] = get(w, PDPT, i);
    shadow_set_pdptes(w->s, pdptes);
    shadow_set_cr3(w->s, PDPT);
}

static void accessed_and_dirty_on_all_levels(void **state)
{
    struct world *w = *state;
    assert_int_equal(fault(w, 0x1234, READ), SHADOW_FILLED);
    assert_int_equal(get(w, PDPT, 0), PD | P | A);
    assert_int_equal(get(w, PD, 0), PT | P | W | U | A);
    assert_int_equal(get(w, PT, 1), 0x9000 | P | W | U | A);
    assert_int_equal(hw_walk(w, 0x1234).hpa, ram(9));
    assert_false(hw_walk(w, 0x1234).w);
    assert_int_equal(fault(w, 0x1234, WRITE), SHADOW_FILLED);
    assert_int_equal(get(w, PT, 1), 0x9000 | P | W | U | A | D);
    assert_true(hw_walk(w, 0x1234).w);
}

static void pointers_in_registers_have_no_accessed_bit(void **state)
{
    struct world *w = *state;
    load_registers(w);
    assert_int_equal(fault(w, 0x1234, READ), SHADOW_FILLED);
    assert_int_equal(get(w, PDPT, 0), PD | P);
}

static void error_codes(void **state)
{
    struct world *w = *state;
    put(w, PT, 1, 0);
    put(w, PT, 2, 0xa000 | P | U);
    put(w, PT, 3, 0xb000 | P | W);
    expect_guest_fault(w, 0x1000, READ, 0);
    expect_guest_fault(w, 0x1000, WRITE | USER, 6);
    expect_guest_fault(w, 0x2000, WRITE, 3);
    expect_guest_fault(w, 0x2000, WRITE | USER, 7);
    expect_guest_fault(w, 0x3000, USER | FETCH, 5);
    expect_guest_fault(w, 0x200000, READ, 0);
    expect_guest_fault(w, 0x40000000, WRITE, 2);
    assert_int_equal(get(w, PT, 2) & (A | D), 0);
}

/* MAXPHYADDR is 36, and there is no NX. */
static void reserved_bits(void **state)
{
    static const unsigned bits[] = {36, 51, 52, 62, 63};
    struct world *w = *state;
    for (unsigned i = 0; i < 5; i++) {
        uint64_t bit = 1ull << bits[i];
        put(w, PT, 1, 0x9000 | P | bit);
        expect_guest_fault(w, 0x1000, READ, 8);
        put(w, PT, 1, 0x9000 | bit); /* nothing is reserved where nothing is present */
        expect_guest_fault(w, 0x1000, READ, 0);
        put(w, PD, 1, 0x200000 | P | bit);
        expect_guest_fault(w, 0x200000, WRITE, 8 | 2);
        assert_int_equal(get(w, PD, 1) & A, 0);
        put(w, PD, 1, P | PS | bit);
        expect_guest_fault(w, 0x200000, USER, 8 | 4);
        put(w, PDPT, 1, PD | P | bit);
        expect_guest_fault(w, 0x40000000, READ, 8);
        assert_int_equal(get(w, PDPT, 1) & A, 0);
    }
    put(w, PD, 1, P | PS | 1u << 13);
    expect_guest_fault(w, 0x200000, READ, 8);
    put(w, PD, 1, P | PS | 1u << 20);
    expect_guest_fault(w, 0x200000, READ, 8);
    put(w, PD, 1, P | PS | 1u << 12); /* PAT */
    assert_int_equal(translated(w, 0x209000, READ), 0x9000);
}

static void large_page_is_2_mib(void **state)
{
    struct world *w = *state;
    put(w, PD, 2, PS | P | W | U);
    assert_int_equal(fault(w, 0x400000 + 0x9000, READ), SHADOW_FILLED);
    assert_int_equal(get(w, PD, 2), PS | P | W | U | A);
    assert_int_equal(hw_walk(w, 0x409000).hpa, ram(9));
    assert_false(hw_walk(w, 0x409000).w);
    assert_int_equal(fault(w, 0x40a000, WRITE), SHADOW_FILLED);
    assert_int_equal(get(w, PD, 2), PS | P | W | U | A | D);
    assert_true(hw_walk(w, 0x409000).w);
    expect_guest_fault(w, 0x609000, READ, 0);
    put(w, PD, 3, PS | P | W | U);
    assert_int_equal(fault(w, 0x609000, READ), SHADOW_FILLED);
    store(w, PD, 2, 0);
    store(w, PD, 3, 0);
    shadow_invlpg(w->s, 0x5ff000);
    assert_false(hw_walk(w, 0x409000).present);
    assert_true(hw_walk(w, 0x609000).present); /* another page */
}

static void addresses_have_36_bits(void **state)
{
    struct world *w = *state;
    struct shadow_access out;
    put(w, PT, 1, 0xf00009000 | P | W);
    assert_int_equal(shadow_fault(w->s, 0x1234, READ, &out), SHADOW_MMIO);
    assert_int_equal(out.gpa, 0xf00009234);
    put(w, PD, 1, 0x800200000 | P | PS);
    assert_int_equal(shadow_fault(w->s, 0x212345, READ, &out), SHADOW_MMIO);
    assert_int_equal(out.gpa, 0x800212345);
    put(w, PD, 2, 0x100002000 | P); /* a table where nothing is: all ones */
    expect_guest_fault(w, 0x400000, READ, 8);
}

static void either_half_of_a_store_counts_at_a_flush(void **state)
{
    struct world *w = *state;
    assert_int_equal(fault(w, 0x1000, READ), SHADOW_FILLED);
    assert_int_equal(fault(w, 0x2000, READ), SHADOW_FILLED);
    gpa_write(w, PT + 8 + 4, 1);
    assert_int_equal(translated(w, 0x1000, READ), 0x9000);
    shadow_invlpg(w->s, 0x1000);
    assert_int_equal(fault(w, 0x1000, READ), SHADOW_MMIO); /* at 1_0000_9000h */
    assert_true(hw_walk(w, 0x2000).present);
    gpa_write(w, PT + 16, 0);
    shadow_set_cr3(w->s, PDPT);
    assert_false(hw_walk(w, 0x2000).present);
}

static void pointers_in_memory_count_on_a_miss(void **state)
{
    struct world *w = *state;
    expect_guest_fault(w, 0x40001000, READ, 0);
    store(w, PDPT, 1, PD | P);
    assert_false(shadow_tracked(w->s, PDPT >> 12));
    assert_int_equal(translated(w, 0x40001000, READ), 0x9000);
    store(w, PDPT, 1, 0);
    assert_int_equal(translated(w, 0x40001000, READ), 0x9000);
    shadow_invlpg(w->s, 0x1000);
    assert_true(hw_walk(w, 0x40001000).present); /* not the page that was meant */
    shadow_invlpg(w->s, 0x40001000);
    expect_guest_fault(w, 0x40001000, READ, 0);
    store(w, PDPT, 1, PD | P);
    assert_int_equal(fault(w, 0x40001000, READ), SHADOW_FILLED);
    store(w, PDPT, 1, 0);
    shadow_set_cr3(w->s, PDPT);
    assert_false(hw_walk(w, 0x40001000).present);
}

static void pointers_in_registers_count_when_loaded(void **state)
{
    struct world *w = *state;
    load_registers(w);
    assert_int_equal(fault(w, 0x1000, READ), SHADOW_FILLED);
    store(w, PDPT, 0, 0);
    store(w, PDPT, 1, PD | P);
    shadow_invlpg(w->s, 0x1000);
    assert_int_equal(translated(w, 0x2000, READ), 0xa000);
    expect_guest_fault(w, 0x40001000, READ, 0);
    load_registers(w);
    expect_guest_fault(w, 0x1000, READ, 0);
    assert_int_equal(fault(w, 0x40001000, READ), SHADOW_FILLED);
}

static void two_roots_in_one_page(void **state)
{
    struct world *w = *state;
    put(w, PDPT - 32, 0, 0x4000 | P);
    put(w, 0x4000, 0, PS | P);
    assert_int_equal(translated(w, 0x1000, READ), 0x9000);
    shadow_set_cr3(w->s, PDPT - 32 + 31); /* the low five bits are no address */
    assert_int_equal(translated(w, 0x1000, READ), 0x1000);
    uint64_t root = shadow_root(w->s);
    shadow_set_cr3(w->s, PDPT);
    assert_true(shadow_root(w->s) != root);
    assert_int_equal(hw_walk(w, 0x1000).hpa, ram(9));
    shadow_set_cr3(w->s, PDPT - 32);
    assert_int_equal(shadow_root(w->s), root);
    assert_int_equal(hw_walk(w, 0x1000).hpa, ram(1));
}

/* The link to a directory says nothing of what the guest flushed in its tables meanwhile. */
static void directory_that_comes_back_brings_nothing_old(void **state)
{
    struct world *w = *state;
    assert_int_equal(fault(w, 0x1000, READ), SHADOW_FILLED);
    store(w, PT, 1, 0xd000 | P);
    store(w, PDPT, 0, 0);
    shadow_invlpg(w->s, 0x1000);
    store(w, PDPT, 0, PD | P);
    assert_int_equal(fault(w, 0x2000, READ), SHADOW_FILLED);
    assert_int_equal(translated(w, 0x1000, READ), 0xd000);
}

/* One frame holds entries of both sizes; each mode sees its own. */
static void a_frame_may_be_a_table_of_both_kinds(void **state)
{
    struct world *w = *state;
    put(w, PD, 1, PS | P | W); /* the PDE of 8 MiB to the old kind of paging */
    assert_int_equal(translated(w, 0x209000, READ), 0x9000);
    shadow_set_mode(w->s, (struct shadow_mode){.paging = true, .wp = true, .pse = true});
    shadow_set_cr3(w->s, PD);
    assert_int_equal(translated(w, 0x809000, READ), 0x9000);
    expect_guest_fault(w, 0x609000, READ, 0);
    gpa_write(w, PD + 8, 0);
    shadow_set_cr3(w->s, PD);
    expect_guest_fault(w, 0x809000, READ, 0);
    shadow_set_mode(w->s, paged);
    shadow_set_cr3(w->s, PDPT);
    expect_guest_fault(w, 0x209000, READ, 0);
    assert_int_equal(translated(w, 0x1000, READ), 0x9000);
}

static void self_map_of_the_directory(void **state)
{
    struct world *w = *state;
    put(w, PD, 511, PD | P | W);
    assert_int_equal(translated(w, 0x3ffff000, READ), PD);
    assert_int_equal(translated(w, 0x3fe00000 + 8, READ), PT + 8);
    assert_int_equal(fault(w, 0x1000, READ), SHADOW_FILLED);
    assert_int_equal(fault(w, 0x3fe00000, WRITE), SHADOW_TABLE_WRITE);
    store(w, PD, 0, 0);
    assert_true(hw_walk(w, 0x1000).present);
    shadow_invlpg(w->s, 0x1000);
    shadow_invlpg(w->s, 0x3fe00000);
    expect_guest_fault(w, 0x1000, READ, 0);
    expect_guest_fault(w, 0x3fe00000, READ, 0);
}

static void views_and_write_protection(void **state)
{
    struct world *w = *state;
    put(w, PT, 1, 0x9000 | P | U);
    put(w, PT, 2, 0xa000 | P | W);
    expect_guest_fault(w, 0x1000, WRITE, 3);
    assert_int_equal(fault(w, 0x2000, WRITE), SHADOW_FILLED);
    shadow_set_view(w->s, VIEW_USER);
    assert_false(hw_walk(w, 0x2000).present);
    assert_int_equal(fault(w, 0x1000, USER | FETCH), SHADOW_FILLED);
    assert_false(hw_walk(w, 0x1000).nx);
    shadow_set_view(w->s, VIEW_KERNEL);
    shadow_set_mode(w->s, (struct shadow_mode){.paging = true, .pae = true});
    assert_int_equal(fault(w, 0x1000, WRITE), SHADOW_FILLED);
    assert_int_equal(get(w, PT, 1), 0x9000 | P | U | A | D);
    expect_guest_fault(w, 0x1000, WRITE | USER, 7);
}

static void entries_without_a_walk(void **state)
{
    uint64_t gfn;
    (void)state;
    assert_true(shadow_pte_maps(paged, 0xf12345000 | P, &gfn));
    assert_int_equal(gfn, 0xf12345);
    assert_false(shadow_pte_maps(paged, 0x1000, &gfn));
    assert_false(shadow_pte_maps(paged, 1ull << 63 | P, &gfn));
    assert_true(shadow_pte_maps((struct shadow_mode){.paging = true}, 0x9fff | P, &gfn));
    assert_int_equal(gfn, 9);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(accessed_and_dirty_on_all_levels),
        TEST(pointers_in_registers_have_no_accessed_bit),
        TEST(error_codes),
        TEST(reserved_bits),
        TEST(large_page_is_2_mib),
        TEST(addresses_have_36_bits),
        TEST(either_half_of_a_store_counts_at_a_flush),
        TEST(pointers_in_memory_count_on_a_miss),
        TEST(pointers_in_registers_count_when_loaded),
        TEST(two_roots_in_one_page),
        TEST(directory_that_comes_back_brings_nothing_old),
        TEST(a_frame_may_be_a_table_of_both_kinds),
        TEST(self_map_of_the_directory),
        TEST(views_and_write_protection),
        TEST(entries_without_a_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
