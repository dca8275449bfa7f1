/* What the TLB keeps of an entry that has changed, and tables that are written like data. */
#include "paging.h"
#include "lib/string.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void two_frames(void)
{
    frames[0][0] = 0x11;
    frames[1][0] = 0x22;
}

CODE(stale, "mov eax, [0x40000000]; mov edx, [kernel_words]; mov [window_table], edx; mov ebx, "
            "[0x40000000];"
            "invlpg [0x40000000]; mov ecx, [0x40000000]");

static void show_stale(uint32_t before, uint32_t after)
{
    two_frames();
    map(0, frames[0], before);
    kernel_words[0] = (uint32_t)frames[1] | after;
    run(stale);
    show_event();
    list("read");
    item(got.eax);
    item(got.ebx);
    item(got.ecx);
}

PROBE(D11, "a global entry and MOV CR3")
{
    write_cr4(CR4_PGE);
    two_frames();
    map(0, frames[0], RW | PTE_G);
    run(read0);
    map_stale(0, frames[1], RW | PTE_G);
    write_cr3(read_cr3());
    run(read0);
    show("cr3", got.eax);
    map_stale(0, frames[0], RW | PTE_G);
    run(read0);
    show("stale", got.eax);
    write_cr4(0);
    run(read0);
    show("pge", got.eax);
}

CODE(invlpg_odd,
     "invlpg [0x50000000]; invlpg fs:[0x7fffffff]; invlpg [0x40000fff]; mov eax, [0x40000000]");

PROBE(D12, "INVLPG of unmapped and odd addresses")
{
    two_frames();
    map(0, frames[0], RW);
    run(read0);
    map_stale(0, frames[1], RW);
    run(invlpg_odd);
    show_event();
    show("read", got.eax);
}

PROBE(D13, "another frame in the PTE, no INVLPG")
{
    show_stale(RW, RW);
}

PROBE(D13_np, "a PTE made absent, no INVLPG")
{
    show_stale(RW, 0);
}

CODE(stale_write, "mov eax, [0x40000000]; mov edx, [kernel_words]; mov [window_table], edx;"
                  "mov dword ptr [0x40000000], 7; mov ebx, [0x40000000]");

PROBE(D13_ro, "a PTE made read-only, no INVLPG")
{
    two_frames();
    map(0, frames[0], RW);
    run(write0);
    kernel_words[0] = (uint32_t)frames[0] | RO;
    run(stale_write);
    show_event();
    show("read", got.ebx);
    show("pte", PTE0);
}

PROBE(D14, "a PTE made present, no INVLPG")
{
    two_frames();
    map(0, frames[0], 0);
    run(read0);
    show_event();
    map_stale(0, frames[0], RW);
    run(read0);
    show_event();
    show("read", got.eax);
    show("pte", PTE0);
}

PROBE(D15, "a PTE made writable, no INVLPG")
{
    two_frames();
    map(0, frames[0], RO);
    run(read0);
    run(write0);
    show_event();
    map_stale(0, frames[0], RW);
    run(write0);
    show_event();
    show("pte", PTE0);
}

PROBE(D16, "MOV CR3 flushes; a new table in the PDE counts after INVLPG of its page alone")
{
    uint32_t *table = (uint32_t *)frames[4];

    two_frames();
    map(0, frames[0], RW);
    run(read0);
    map_stale(0, frames[1], RW);
    write_cr3(read_cr3());
    run(read0);
    show("cr3", got.eax);
    table[0] = (uint32_t)frames[0] | RW;
    table[1] = (uint32_t)frames[0] | RW;
    directory[WINDOW >> 22] = (uint32_t)table | 7;
    run(read0);
    show("stale", got.eax);
    invlpg(window(1));
    run(read0);
    show("other", got.eax);
    invlpg(window(0));
    run(read0);
    show("flushed", got.eax);
}

PROBE(D17, "a page directory that maps itself")
{
    volatile uint32_t *tables = (uint32_t *)0xFFC00000, *self = (uint32_t *)0xFFFFF000;

    two_frames();
    directory[1023] = (uint32_t)directory | RW;
    write_cr3(read_cr3());
    show("self", self[1023] & ~0x60u & LOW);
    tables[WINDOW >> 12] = (uint32_t)frames[0] | RW;
    run(read0);
    list("read");
    item_event();
    item(got.eax);
    tables[WINDOW >> 12] = (uint32_t)frames[1] | RW;
    invlpg(window(0));
    run(read0);
    item(got.eax);
    item(tables[WINDOW >> 12] & LOW);
    item(self[1023] & LOW);
    self[WINDOW >> 22] = 0;
    invlpg(window(0));
    run(read0);
    item_event();
    directory[1023] = 0;
    write_cr3(read_cr3());
}

/* D18: every way to store an entry. EAX = the entry; the table is at window_table. */
CODE(by_movs, "mov [kernel_words], eax; mov esi, offset kernel_words; mov edi, offset "
              "window_table; mov ecx, 1; rep movsd");
CODE(by_stos, "mov edi, offset window_table; mov ecx, 4; rep stosd");
CODE(by_xchg, "xchg eax, [window_table]");
CODE(by_push, "mov ebx, esp; mov esp, offset window_table + 4; push eax; mov esp, ebx");
CODE(by_cmpxchg, "mov ecx, eax; mov eax, [window_table]; lock cmpxchg [window_table], ecx");
CODE(by_cmpxchg8b,
     "mov ebx, eax; mov eax, [window_table]; mov edx, [window_table + 4]; mov ecx, edx;"
     "lock cmpxchg8b [window_table]");
CODE(by_bytes,
     "mov [window_table], al; mov [window_table + 1], ah; shr eax, 16; mov [window_table + 2], ax");
CODE(by_or, "mov dword ptr [window_table], 0; or [window_table], eax");
CODE(by_xadd, "mov dword ptr [window_table], 0; lock xadd [window_table], eax");
CODE(by_bts, "and eax, 0xfffffffe; mov [window_table], eax; bts dword ptr [window_table], 0");
CODE(by_fpu,
     "mov [kernel_words], eax; fild dword ptr [kernel_words]; fistp dword ptr [window_table]");
CODE(by_mmx, "mov [kernel_words], eax; mov ebx, [window_table + 4]; mov [kernel_words + 4], ebx;"
             "movq mm0, [kernel_words]; movq [window_table], mm0; emms");
CODE(by_sse, "mov ebx, 0x200; mov cr4, ebx; mov [kernel_words], eax; movss xmm0, [kernel_words]; "
             "movss [window_table], xmm0;"
             "xor ebx, ebx; mov cr4, ebx");
CODE(by_unaligned, "mov ebx, eax; shl eax, 16; mov [window_table - 2], eax; shr ebx, 16; mov "
                   "[window_table + 2], bx");
CODE(by_pop, "push eax; pop dword ptr [window_table]");
CODE(by_call, "mov ebx, esp; mov esp, offset window_table + 4; call 1f; 1: mov esp, ebx; mov "
              "[window_table], eax");

static const struct {
    const char *name;
    const struct code *code;
} stores[] = {
    {"movs", by_movs},       {"stos", by_stos},
    {"xchg", by_xchg},       {"push", by_push},
    {"cmpxchg", by_cmpxchg}, {"cmpxchg8b", by_cmpxchg8b},
    {"bytes", by_bytes},     {"or", by_or},
    {"xadd", by_xadd},       {"bts", by_bts},
    {"fistp", by_fpu},       {"movq", by_mmx},
    {"movss", by_sse},       {"unaligned", by_unaligned},
    {"pop", by_pop},         {"call", by_call},
};

PROBE(D18, "page table entries stored by every kind of instruction")
{
    two_frames();
    for (size_t i = 0; i < COUNT(stores); i++) {
        map(0, frames[0], RW);
        run(read0);
        given.eax = (uint32_t)frames[1] | RW;
        run(stores[i].code);
        list(stores[i].name);
        item_event();
        item(got.eflags & 0x8D5);
        invlpg(window(0));
        run(read0);
        item(got.eax);
    }
}

PROBE(D19, "a page becomes a page table while mapped writable, and data again")
{
    uint32_t *table = (uint32_t *)frames[4];
    volatile uint32_t *alias = (uint32_t *)window(512);

    two_frames();
    map(512, table, RW);
    alias[0] = (uint32_t)frames[0] | RW;
    directory[(WINDOW >> 22) + 1] = (uint32_t)table | 7;
    list("read");
    item(*(volatile uint8_t *)(WINDOW + 0x400000));
    alias[0] = (uint32_t)frames[1] | RW;
    invlpg((void *)(WINDOW + 0x400000));
    item(*(volatile uint8_t *)(WINDOW + 0x400000));
    directory[(WINDOW >> 22) + 1] = 0;
    invlpg((void *)(WINDOW + 0x400000));
    alias[0] = 0x12345678;
    item(table[0]);
    alias[0] = (uint32_t)frames[0] | RW;
    directory[(WINDOW >> 22) + 1] = (uint32_t)table | 7;
    item(*(volatile uint8_t *)(WINDOW + 0x400000));
}

/* Not the video memory: QEMU hangs when it walks a table there. */
PROBE(D20, "page tables that point at memory that is not there")
{
    static const uint32_t tables[] = {0x04000000, 0x10000000, 0x80000000, 0xFFFFF000, 0xF0000};

    list("read");
    for (size_t i = 0; i < COUNT(tables); i++) {
        directory[WINDOW >> 22] = tables[i] | 7;
        write_cr3(read_cr3());
        run(read0);
        item_event();
    }
}
