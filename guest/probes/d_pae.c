/* Paging with 64-bit entries (CR4.PAE). Pages 6 to 9 of `frames` are its tables. */
#include "probe.h"
#include "lib/string.h"

#define CR0_PG  0x80000000u
#define CR4_PAE 0x20u

enum { RW = PTE_P | PTE_W, USER = RW | PTE_U, MAPPED_LOW = 8 };

static uint64_t *const pointers = (uint64_t *)frames[6];
static uint64_t *const low_directory = (uint64_t *)frames[7];
static uint64_t *const window_directory = (uint64_t *)frames[8];
static uint64_t *const table = (uint64_t *)frames[9];

/* Paging is off between the two kinds of tables (SDM vol. 3, 4.1.2). */
static void switch_paging(uint32_t cr4, const void *root)
{
    write_cr0(CR0_BASE & ~CR0_PG);
    write_cr4(cr4);
    write_cr3((uint32_t)root);
    write_cr0(CR0_BASE);
}

static void pae_on(void)
{
    for (uint32_t i = 0; i < MAPPED_LOW; i++)
        low_directory[i] = i << 21 | USER | PTE_PS;
    window_directory[0] = (uint32_t)table | USER;
    table[0] = (uint32_t)frames[0] | RW;
    pointers[0] = (uint32_t)low_directory | PTE_P;
    pointers[1] = (uint32_t)window_directory | PTE_P;
    frames[0][0] = 0x11;
    frames[1][0] = 0x22;
    switch_paging(CR4_PAE, pointers);
}

static void pae_off(void)
{
    switch_paging(0, directory);
}

CODE(pae_read, "mov eax, [0x40000000]");
CODE(pae_write, "mov dword ptr [0x40000000], 0x33; cli; pushfd; pop ebx; mov ecx, cr4");
CODE(pae_call, "mov eax, 0x40000000; call eax");
CODE(pae_far, "mov eax, [0x80000000]");
USER_CODE(pae_user, "mov eax, [0x40000000]");

PROBE(D29, "PAE: accessed and dirty bits, error codes, large pages")
{
    pae_on();
    try_code("read", pae_read);
    item(got.eax);
    item(table[0] & 0xFFF);
    try_code("write", pae_write);
    item(got.ebx);
    item(got.ecx);
    item(table[0] & 0xFFF);
    item(window_directory[0] & 0xFFF);
    item(low_directory[1] & 0xFFF);
    item(pointers[1] & 0xFFF);
    try_user("user", pae_user);
    try_code("far", pae_far);
    table[0] = (uint32_t)frames[0] | PTE_P;
    invlpg(window(0));
    try_code("ro", pae_write);
    table[0] = 0;
    invlpg(window(0));
    try_code("np", pae_call);
    pae_off();
}

PROBE(D29_stale, "PAE: stale entries, and page directory pointers that are cached or not")
{
    pae_on();
    run(pae_read);
    list("read");
    item(got.eax);
    table[0] = (uint32_t)frames[1] | RW;
    run(pae_read);
    item(got.eax);
    invlpg(window(0));
    run(pae_read);
    item(got.eax);
    pointers[1] = 0;
    invlpg(window(0));
    run(pae_read);
    item_event();
    write_cr3((uint32_t)pointers);
    run(pae_read);
    item_event();
    pointers[1] = (uint32_t)window_directory | PTE_P;
    run(pae_read);
    item_event();
    write_cr3((uint32_t)pointers);
    run(pae_read);
    item_event();
    pae_off();
}

PROBE(D29_reserved, "PAE: reserved and high bits of an entry")
{
    static const uint64_t bits[] = {1ull << 63, 1ull << 52, 1ull << 36, 1ull << 40, 1ull << 9};

    pae_on();
    list("read");
    for (uint32_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        table[0] = (uint32_t)frames[0] | RW | bits[i];
        invlpg(window(0));
        run(pae_read);
        item_event();
    }
    pae_off();
}

/* Bits that an entry may not have, or may: NX, 52, above and below the 36 of an address, 20 and 13
 * (address, but not of a 2 MiB page), PAT, ignored. */
static const uint64_t entry_bits[] = {1ull << 63, 1ull << 52, 1ull << 36, 1ull << 35,
                                      1ull << 20, 1ull << 13, 1ull << 12, 1ull << 9};

/* An entry with each of the bits in turn: what a read behind it gives, and what became of it. */
static void try_bits(const char *name, volatile uint64_t *tried, uint64_t value)
{
    list(name);
    for (uint32_t i = 0; i < sizeof(entry_bits) / sizeof(entry_bits[0]); i++) {
        *tried = value | entry_bits[i];
        write_cr3((uint32_t)pointers);
        run(pae_read);
        item_event();
        item((uint32_t)*tried & 0xFFF);
    }
    *tried = value;
}

PROBE(D29_directory, "PAE: reserved and high bits of a page directory entry")
{
    pae_on();
    try_bits("large", &window_directory[0], USER | PTE_PS);
    try_bits("table", &window_directory[0], 0x200000 | USER);
    pae_off();
}

PROBE(D29_pointers, "PAE: reserved and high bits of a page directory pointer")
{
    static const uint32_t low_bits[] = {2, 4, 8, 0x20, 0x80, 0x100, 0x200};

    pae_on();
    list("low");
    for (uint32_t i = 0; i < sizeof(low_bits) / sizeof(low_bits[0]); i++) {
        pointers[1] = (uint32_t)window_directory | PTE_P | low_bits[i];
        write_cr3((uint32_t)pointers);
        run(pae_read);
        item_event();
        item(pointers[1] & 0xFFF);
    }
    try_bits("high", &pointers[1], (uint32_t)low_directory | PTE_P);
    pae_off();
}

CODE(pae_reload, "mov eax, cr3; mov cr3, eax; mov eax, cr3; mov ebx, [0x40000000]");
CODE(pae_toggle, "mov eax, [0x40000000]; mov ebx, cr4; xor ebx, 0x10; mov cr4, ebx;"
                 "mov ebx, [0x40000000]");

PROBE(D29_cr3, "PAE: four pointers anywhere in a page, the low bits of CR3, and CR4.PSE")
{
    pae_on();
    memcpy(pointers + 4, pointers, 32);
    pointers[5] = (uint32_t)low_directory | PTE_P;
    low_directory[0] = USER | PTE_PS;
    list("second");
    write_cr3((uint32_t)(pointers + 4));
    run(pae_read);
    item_event();
    item(pointers[1] & 0xFFF);
    item(pointers[5] & 0xFFF);
    given.eax = 0;
    write_cr3((uint32_t)pointers | 0x1F);
    run(pae_reload);
    list("low");
    item_event();
    item(got.eax & 0xFFF);
    item(got.ebx);
    run(pae_toggle);
    list("pse");
    item_event();
    item(got.eax);
    item(got.ebx);
    pae_off();
}

CODE(pae_store8, "mov ebx, [pae_value]; mov ecx, [pae_value + 4];"
                 "mov eax, [0x40001000]; mov edx, [0x40001004];"
                 "lock cmpxchg8b [0x40001000]; setz al; movzx eax, al;"
                 "mov edx, [0x40000000]; invlpg [0x40000000]; mov ebx, [0x40000000]");
uint64_t pae_value;

PROBE(D29_store, "PAE: CMPXCHG8B changes an entry of the table that maps it")
{
    pae_on();
    table[0] = (uint32_t)frames[1] | RW;
    table[1] = (uint32_t)table | RW;
    pae_value = (uint32_t)frames[0] | RW;
    try_code("before", pae_read);
    item(got.eax);
    try_code("store", pae_store8);
    item(got.eax);
    item(table[0] & 0xFFF);
    item(got.edx);
    item(got.ebx);
    pae_off();
}

CODE(pae_wp, "mov eax, cr0; and eax, 0xfffeffff; mov cr0, eax; mov dword ptr [0x40000000], 0x44;"
             "or eax, 0x10000; mov cr0, eax; mov dword ptr [0x40000000], 0x55");
USER_CODE(pae_user_write, "mov dword ptr [0x40000000], 0x66");

PROBE(D29_rights, "PAE: rights of both levels, and CR0.WP")
{
    static const uint32_t rights[] = {PTE_P, RW, PTE_P | PTE_U, USER};

    pae_on();
    list("user");
    for (uint32_t i = 0; i < 16; i++) {
        window_directory[0] = (uint32_t)table | rights[i / 4];
        table[0] = (uint32_t)frames[0] | rights[i % 4];
        write_cr3((uint32_t)pointers);
        run_user(pae_user_write);
        item_event();
        item(table[0] & 0xFFF);
    }
    table[0] = (uint32_t)frames[0] | PTE_P;
    window_directory[0] = (uint32_t)table | USER;
    write_cr3((uint32_t)pointers);
    run(pae_wp);
    list("wp");
    item_event();
    item(frames[0][0]);
    item(table[0] & 0xFFF);
    pae_off();
}
