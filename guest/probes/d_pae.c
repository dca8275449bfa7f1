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
