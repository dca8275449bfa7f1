/* Paging as the TLB shows it, and code that looks at or changes itself. */
#include "probe.h"
#include "lib/string.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { RW = PTE_P | PTE_W, RO = PTE_P, USER = PTE_P | PTE_W | PTE_U, LOW = 0xFFF };

/* Page 0 of the window is what most of this file is about. */
#define PTE0 (window_table[0] & LOW)
#define PDE0 (directory[WINDOW >> 22] & LOW)

CODE(read0, "mov eax, [0x40000000]");
CODE(write0, "mov dword ptr [0x40000000], 0x12345678");
CODE(modify0, "inc dword ptr [0x40000000]");
CODE(read_straddle, "mov eax, [0x40000ffe]");
CODE(write_straddle, "mov dword ptr [0x40000ffe], -1");
USER_CODE(user_push, "mov esp, 0x40001002; push ebx");
CODE(jump0, "mov eax, 0x40000000; jmp eax");
CODE(call0, "mov eax, 0x40000000; call eax");
USER_CODE(user_read0, "mov eax, [0x40000000]");
USER_CODE(user_write0, "mov dword ptr [0x40000000], 0x12345678");
USER_CODE(user_call0, "mov eax, 0x40000000; call eax");

static void show_bits(const char *name, const struct code *code, uint32_t flags)
{
    directory[WINDOW >> 22] = (uint32_t)window_table | 7;
    map(0, frames[0], flags);
    run(code);
    list(name);
    item_event();
    item(PTE0);
    item(PDE0);
}

PROBE(D01, "accessed and dirty bits of 4 KiB pages")
{
    show_bits("read", read0, RW);
    show_bits("write", write0, RW);
    show_bits("modify", modify0, RW);
    show_bits("read_ro", read0, RO);
    map(0, frames[0], RW);
    frames[0][0] = 0xC3;
    run(call0);
    list("exec");
    item_event();
    item(PTE0);
}

CODE(read_write, "mov eax, [0x40000000]; mov ebx, [window_table]; mov [0x40000000], eax; mov ecx, "
                 "[window_table];"
                 "and ebx, 0xfff; and ecx, 0xfff");

PROBE(D01_order, "the dirty bit comes with the write, after a read")
{
    map(0, frames[0], RW);
    run(read_write);
    show_event();
    list("pte");
    item(got.ebx);
    item(got.ecx);
}

CODE(read_large, "mov eax, [0x40400000]; mov ebx, [directory + 0x404]; mov [0x40400004], eax;"
                 "mov ecx, [directory + 0x404]");

PROBE(D01_large, "accessed and dirty bits of 4 MiB pages")
{
    write_cr4(CR4_PSE);
    directory[(WINDOW >> 22) + 1] = 0x00800000 | RW | PTE_PS;
    run(read_large);
    show_event();
    list("pde");
    item(got.ebx);
    item(got.ecx);
}

CODE(clear_bits,
     "mov eax, [0x40000000]; mov [0x40000000], eax; and dword ptr [window_table], 0xffffff9f;"
     "mov eax, [0x40000000]; mov ebx, [window_table]; mov [0x40000000], eax; mov ecx, "
     "[window_table];"
     "invlpg [0x40000000]; mov eax, [0x40000000]; mov edx, [window_table];"
     "and ebx, 0xfff; and ecx, 0xfff; and edx, 0xfff");

PROBE(D02, "accessed and dirty bits cleared without and with INVLPG")
{
    map(0, frames[0], RW);
    run(clear_bits);
    show_event();
    list("pte");
    item(got.ebx);
    item(got.ecx);
    item(got.edx);
}

PROBE(D03, "accessed bits when the access faults")
{
    show_bits("np_read", read0, 0);
    show_bits("np_write", write0, 0);
    show_bits("ro_write", write0, RO);
    map(0, frames[0], RW);
    directory[WINDOW >> 22] = (uint32_t)window_table | 3;
    invlpg(window(0));
    run_user(user_read0);
    list("user");
    item_event();
    item(PTE0);
    item(PDE0);
}

static void try_both(const char *name, uint32_t flags)
{
    static const struct code *const kernel[] = {read0, write0, call0};
    static const struct code *const user[] = {user_read0, user_write0, user_call0};

    list(name);
    for (size_t i = 0; i < 3; i++) {
        frames[0][0] = 0xC3;
        map(0, frames[0], flags);
        run(kernel[i]);
        item_event();
        map(0, frames[0], flags);
        run_user(user[i]);
        item_event();
    }
}

PROBE(D04, "#PF error codes: read, write, execute at CPL 0 and 3")
{
    try_both("np", 0);
    try_both("ro", RO);
    try_both("rw", RW);
    try_both("user_ro", RO | PTE_U);
    try_both("user_rw", USER);
}

CODE(string_np, "mov esi, 0x40000ffc; mov edi, offset kernel_words; mov ecx, 3; rep movsd");
CODE(string_to_np, "mov edi, 0x40000ff9; mov ecx, 9; mov al, 1; rep stosb");

PROBE(D05, "CR2 of accesses that straddle, of strings and pushes")
{
    map(0, frames[0], RW);
    try_code("read", read_straddle);
    try_code("write", write_straddle);
    show("partial", *(uint16_t *)(frames[0] + 0xFFE));
    map(0, frames[0], USER);
    try_user("push", user_push);
    show("esp", got.esp);
    try_code("movs", string_np);
    show("ecx", got.ecx);
    try_code("stos", string_to_np);
    show("ecx", got.ecx);
    show("edi", got.edi);
}

PROBE(D06, "CR0.WP: supervisor writes to read-only pages")
{
    for (uint32_t wp = 0; wp < 2; wp++) {
        write_cr0(wp ? CR0_BASE : CR0_BASE & ~CR0_WP);
        show_bits("super", write0, RO);
        show_bits("user", write0, RO | PTE_U);
        run_user(user_write0);
        item_event();
    }
}

CODE(toggle_wp,
     "mov ebx, cr0; mov eax, ebx; and eax, 0xfffeffff; mov cr0, eax; mov dword ptr [0x40000000], 1;"
     "mov cr0, ebx; mov dword ptr [0x40000000], 2");

PROBE(D06_toggle, "CR0.WP toggled between writes")
{
    map(0, frames[0], RO);
    run(toggle_wp);
    show_event();
    show("value", frames[0][0]);
    write_cr0(CR0_BASE);
}

PROBE(D07, "a user page for the kernel, a kernel page for the user, by PDE or PTE")
{
    for (uint32_t pde = 0; pde < 8; pde++) {
        directory[WINDOW >> 22] = (uint32_t)window_table | pde;
        map(0, frames[0], USER);
        write_cr3(read_cr3());
        list("pde");
        run(write0);
        item_event();
        run_user(user_read0);
        item_event();
        run_user(user_write0);
        item_event();
    }
}

PROBE(D09, "reserved bits")
{
    write_cr4(CR4_PSE);
    directory[(WINDOW >> 22)] = 0x00A00000 | RW | PTE_PS;
    write_cr3(read_cr3());
    try_code("pde21", read0);
    directory[(WINDOW >> 22)] = 0x00802000 | RW | PTE_PS;
    write_cr3(read_cr3());
    try_code("pde13", read0);
    directory[(WINDOW >> 22)] = 0x00801000 | RW | PTE_PS;
    write_cr3(read_cr3());
    try_code("pat", read0);
}

PROBE(D10, "PS without CR4.PSE")
{
    map(0, frames[0], RW);
    frames[0][0] = 0x5A;
    directory[WINDOW >> 22] = (uint32_t)window_table | RW | PTE_PS;
    write_cr3(read_cr3());
    run(read0);
    show_event();
    show("read", got.eax);
}

/* --- The TLB: what a changed entry means before it is flushed. --- */

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

/* --- Where there is no memory. --- */

static void show_at(uint32_t physical)
{
    volatile uint32_t *at = (uint32_t *)window(0);

    map(0, (void *)physical, RW);
    item(at[0]);
    at[0] = 0x5A5A5A5A;
    item(at[0]);
    item(*(volatile uint8_t *)at);
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

PROBE(D24_holes, "physical memory beyond the RAM, in holes and at the top")
{
    static const uint32_t holes[] = {0x04000000, 0x08000000, 0x40000000, 0x80000000,
                                     0xC0000000, 0xE0000000, 0xFEC00000, 0xFEE00000,
                                     0xFF000000, 0xD0000,    0xE8000};

    list("holes");
    for (size_t i = 0; i < COUNT(holes); i++)
        show_at(holes[i]);
}

/* --- Code that reads itself. --- */

CODE(reads_itself,
     "mov esi, offset reads_itself_code; xor edi, edi; mov ecx, 32; 1: movzx eax, byte ptr [esi];"
     "rol edi, 5; add edi, eax; inc esi; dec ecx; jnz 1b; mov edx, edi; cli; pushfd; pop eax;"
     "push cs; pop eax; sgdt [kernel_words]; lar eax, eax; mov esi, offset reads_itself_code;"
     "xor edi, edi; mov ecx, 32; 2: movzx eax, byte ptr [esi]; rol edi, 5; add edi, eax; inc esi;"
     "dec ecx; jnz 2b");

/* The bytes of these 32 hold no address but the one they begin with. */
PROBE(D21, "the checksum of one's own code, before and after sensitive instructions")
{
    run(reads_itself);
    show_event();
    show("same", got.edx == got.edi);
}

CODE(literal_pool,
     "jmp 1f; 2: .long 0x12345678, 0x9abcdef0; 3: .byte 0xfa, 0x9c, 0x0f, 1, 0xf4, 0xcc; 1: mov "
     "eax, [2b];"
     "mov ebx, [2b + 4]; movzx ecx, word ptr [3b]; mov edx, [3b + 2]; cli; pushfd; pop esi;"
     "mov edi, [3b]");
CODE(from_code,
     "mov esi, offset 1f; mov edi, offset kernel_words; mov ecx, 3; cld; rep movsd; mov eax, "
     "cs:[1f];"
     "push dword ptr [1f]; pop ebx; mov edx, ebx; mov ebx, offset 1f; mov al, 2; xlat; cmp dword "
     "ptr [1f], 0x12345678; setz cl;"
     "jmp 2f; 1: .long 0x12345678; cli; pushfd; popfd; push cs; pop ss; int3; hlt; 2: nop");
CODE(jump_table, "mov eax, 1; jmp [1f + eax * 4]; 1: .long 2f, 3f; 2: mov ebx, 1; jmp 4f; 3: mov "
                 "ebx, 2; 4: nop");

PROBE(D24, "literal pools and jump tables in the code's own page, MOVS from code")
{
    run(literal_pool);
    show_event();
    list("pool");
    item(got.eax);
    item(got.ebx);
    item(got.ecx);
    item(got.edx);
    item(got.edi);
    run(from_code);
    show_event();
    list("movs");
    item(kernel_words[0]);
    item(kernel_words[1]);
    item(kernel_words[2]);
    item(got.eax);
    item(got.edx);
    item(got.ecx);
    run(jump_table);
    show_event();
    show("table", got.ebx);
}

CODE(through_cs,
     "mov eax, cs:[1f]; mov ecx, 0x40; mov fs, ecx; mov ebx, fs:[1f]; jmp 1f; 1: cli; pushfd;"
     "pop edx; nop; nop");

PROBE(D25, "one's own code read through CS and another segment")
{
    gdt[SEL_FREE / 8] = segment(0, 0xFFFFF, CODE0);
    run(through_cs);
    show_event();
    list("code");
    item(got.eax);
    item(got.ebx);
    item(got.edx);
}

/* --- Code that changes itself: a page of its own, written through the same or another address. ---
 */

static struct code code_page(const void *bytes, size_t n)
{
    memset(frames[2], 0x90, 4096);
    memcpy(frames[2], bytes, n);
    map(8, frames[2], RW);
    map(9, frames[3], RW);
    map(10, frames[2], RW);
    return (struct code){window(8), 4096};
}

#define RUN_PAGE(...)                                       \
    do {                                                    \
        static const uint8_t bytes[] = {__VA_ARGS__};       \
        struct code code = code_page(bytes, sizeof(bytes)); \
        run(&code);                                         \
    } while (0)
#define END 0xCD, VECTOR_DONE

PROBE(D22, "a store into the next instruction")
{
    /* MOV BYTE PTR [4000800Ah], 42h; INC EAX becomes INC EDX */
    RUN_PAGE(0x31, 0xC0, 0x31, 0xD2, 0xC6, 0x05, 0x0B, 0x80, 0x00, 0x40, 0x42, 0x40, END);
    show_event();
    list("regs");
    item(got.eax);
    item(got.edx);
}

PROBE(D22_sensitive, "a store that makes the next instruction CLI, then PUSHF")
{
    RUN_PAGE(0xFB, 0xC6, 0x05, 0x08, 0x80, 0x00, 0x40, 0xFA, 0x90, 0x9C, 0x5B, 0xFA, END);
    show_event();
    show("flags", got.ebx);
    /* PUSHFD becomes PUSH EAX */
    RUN_PAGE(0xB8, 0x78, 0x56, 0x34, 0x12, 0xC6, 0x05, 0x0C, 0x80, 0x00, 0x40, 0x50, 0x9C, 0x5B,
             END);
    show_event();
    show("flags", got.ebx);
}

PROBE(D22_rep, "REP STOS over the code that follows and over itself")
{
    /* MOV EDI, 4000800Fh; MOV ECX, 3; MOV AL, 43h; REP STOSB; three INC EAX become INC EBX */
    RUN_PAGE(0xBF, 0x10, 0x80, 0x00, 0x40, 0xB9, 3, 0, 0, 0, 0xB0, 0x43, 0xF3, 0xAA, 0x31, 0xDB,
             0x40, 0x40, 0x40, END);
    show_event();
    list("regs");
    item(got.eax);
    item(got.ebx);
    /* STOSB with DF over the instruction's own bytes */
    RUN_PAGE(0xBF, 0x10, 0x80, 0x00, 0x40, 0xB9, 5, 0, 0, 0, 0xB0, 0x90, 0xFD, 0x90, 0xF3, 0xAA,
             0x90, 0x41, END);
    show_event();
    list("regs");
    item(got.ecx);
    item(got.edi);
    item(digest(frames[2], 32));
}

PROBE(D22_loop, "a loop that rewrites its own immediate")
{
    /* XOR EAX, EAX; MOV ECX, 3; L: ADD EAX, imm8 (1); INC BYTE PTR [imm8]; LOOP L */
    RUN_PAGE(0x31, 0xC0, 0xB9, 3, 0, 0, 0, 0x83, 0xC0, 0x01, 0xFE, 0x05, 0x09, 0x80, 0x00, 0x40,
             0xE2, 0xF5, END);
    show_event();
    show("eax", got.eax);
}

PROBE(D23, "a store into the next instruction through an alias")
{
    RUN_PAGE(0x31, 0xC0, 0x31, 0xD2, 0xC6, 0x05, 0x0B, 0xA0, 0x00, 0x40, 0x42, 0x40, END);
    show_event();
    list("regs");
    item(got.eax);
    item(got.edx);
    /* and a CLI through the alias */
    RUN_PAGE(0xFB, 0xC6, 0x05, 0x08, 0xA0, 0x00, 0x40, 0xFA, 0x90, 0x9C, 0x5B, 0xFA, END);
    show("flags", got.ebx);
    memset(frames[2], 0x90, 16);
    show("run", frames[2][0]);
}

PROBE(D23_frame, "the same address with another frame of code behind it")
{
    static const uint8_t first[] = {0xB8, 1, 0, 0, 0, 0xFA, 0x9C, 0x5B, END},
                         second[] = {0xFB, 0xB8, 2, 0, 0, 0, 0x9C, 0x5B, 0xFA, END};
    struct code code = code_page(first, sizeof(first));

    run(&code);
    list("regs");
    item(got.eax);
    item(got.ebx);
    memcpy(frames[4], second, sizeof(second));
    map(8, frames[4], RW);
    run(&code);
    item(got.eax);
    item(got.ebx);
}

/* --- Edges. --- */

PROBE(D26, "which 4 MiB regions of the linear space fault, and how")
{
    uint32_t sum = 0, faults = 0;

    for (uint32_t i = 0; i < 1024; i++) {
        static const uint8_t read[] = {0x8A, 0x00}; /* MOV AL, [EAX] */

        given.eax = i << 22 | 0x3FF000;
        run_bytes(read, sizeof(read));
        faults += got.vector == EXC_PF;
        sum = digest_more(sum, &got.vector, 4);
        sum = digest_more(sum, &got.error, 4);
        sum = digest_more(sum, &got.cr2, 4);
    }
    show("faults", faults);
    show("digest", sum);
    sum = 0;
    for (uint32_t i = 0; i < 1024; i++) {
        static const uint8_t write[] = {0xC6, 0x00, 0x00}; /* MOV BYTE PTR [EAX], 0 */

        given.eax = i << 22 | 0x200000;
        if (i == 0)
            continue;
        run_user_bytes(write, sizeof(write));
        sum = digest_more(sum, &got.vector, 4);
        sum = digest_more(sum, &got.error, 4);
        sum = digest_more(sum, &got.cr2, 4);
    }
    show("user", sum);
}

CODE(wrap_read,
     "mov eax, [0xfffffffe]; mov ebx, 0xfffffff0; mov ecx, [ebx + 0x10]; mov dx, [0xffffffff]");
CODE(wrap_write, "mov dword ptr [0xfffffffe], 0x12345678");
CODE(wrap_push, "mov ebx, esp; mov esp, 2; push 0x12345678; mov esp, ebx");

PROBE(D27, "accesses that wrap at 4 GiB")
{
    uint32_t *table = (uint32_t *)frames[4];

    table[1023] = (uint32_t)frames[5] | USER;
    directory[1023] = (uint32_t)table | 7;
    write_cr3(read_cr3());
    frames[5][4094] = 0x11;
    frames[5][4095] = 0x22;
    run(wrap_read);
    show_event();
    list("regs");
    item(got.eax & 0xFFFF);
    item(got.eax >> 16 == (got.ecx & 0xFFFF));
    item(got.edx & 0xFF);
    run(wrap_write);
    show_event();
    list("written");
    item(frames[5][4094]);
    item(frames[5][4095]);
    run(wrap_read);
    item(got.ecx & 0xFFFF);
    run(wrap_push);
    show_event();
    item(frames[5][4094]);
}

PROBE(D27_fault, "a fault at the wrapped part of an access")
{
    uint32_t *table = (uint32_t *)frames[4];

    table[1023] = (uint32_t)frames[5] | USER;
    directory[1023] = (uint32_t)table | 7;
    identity_tables[0][0] = 0;
    write_cr3(read_cr3());
    run(wrap_read);
    show_event();
    show("cr2", got.cr2);
    run(wrap_write);
    show_event();
    show("cr2", got.cr2);
    show("partial", frames[5][4095]);
}

PROBE(D27_fetch, "an instruction that wraps at 4 GiB")
{
    uint32_t *table = (uint32_t *)frames[4];
    struct code code = {(void *)0xFFFFFFFD, 16};
    uint8_t saved[8];
    volatile uint8_t *low = (uint8_t *)window(0);

    table[1023] = (uint32_t)frames[5] | USER;
    directory[1023] = (uint32_t)table | 7;
    map(0, NULL, RW);
    write_cr3(read_cr3());
    frames[5][4093] = 0xB8; /* MOV EAX, imm32 */
    frames[5][4094] = 0x78;
    frames[5][4095] = 0x56;
    for (uint32_t i = 0; i < 8; i++)
        saved[i] = low[i];
    low[0] = 0x34;
    low[1] = 0x12;
    low[2] = 0xCD;
    low[3] = VECTOR_DONE;
    run(&code);
    for (uint32_t i = 0; i < 8; i++)
        low[i] = saved[i];
    show_event();
    show("eax", got.eax);
}

PROBE(D28, "all of the memory can be written and read")
{
    uint32_t sum = 0;

    for (uint32_t page = 0x1000; page < 0x4000; page++) {
        volatile uint32_t *at = (uint32_t *)window(0);

        map(0, (void *)(page * 4096), RW);
        at[page & 1023] = page * 0x9E3779B1u;
    }
    for (uint32_t page = 0x1000; page < 0x4000; page++) {
        volatile uint32_t *at = (uint32_t *)window(0);
        uint32_t value;

        map(0, (void *)(page * 4096), RO);
        value = at[page & 1023];
        sum = digest_more(sum, &value, 4);
    }
    show("digest", sum);
}

CODE(paging_off, "mov ebx, cr0; and ebx, 0x7fffffff; mov cr0, ebx; mov eax, [kernel_words]; mov "
                 "ecx, cr0; cli; pushfd;"
                 "pop edx; mov esi, [0x10000000]; or ebx, 0x80000000; mov cr0, ebx");

PROBE(D30, "paging off and on again")
{
    kernel_words[0] = 0x12345678;
    run(paging_off);
    show_event();
    list("regs");
    item(got.eax);
    item(got.ecx);
    item(got.edx);
    item(got.esi);
}

/* MOV EAX, imm32 with three bytes in the first page and two in the second. */
static struct code straddling(void)
{
    static const uint8_t bytes[] = {0xB8, 0x78, 0x56};

    memcpy(frames[2] + 4093, bytes, sizeof(bytes));
    frames[3][0] = 0x34;
    frames[3][1] = 0x12;
    frames[3][2] = 0xFA;
    frames[3][3] = 0xCD;
    frames[3][4] = VECTOR_DONE;
    map(8, frames[2], RW);
    map(9, frames[3], RW);
    return (struct code){window(8) + 4093, 64};
}

PROBE(D31, "an instruction across two pages, the second one absent or changed")
{
    struct code code = straddling();

    run(&code);
    show_event();
    show("eax", got.eax);
    map(9, frames[3], 0);
    run(&code);
    show_event();
    map(9, frames[3], RW);
    frames[3][0] = 0x99;
    run(&code);
    show_event();
    show("eax", got.eax);
    memcpy(frames[4], frames[3], 8);
    frames[4][1] = 0x77;
    map(9, frames[4], RW);
    run(&code);
    show("eax", got.eax);
}

PROBE(D31_sensitive, "PUSHF and MOV from CS across two pages")
{
    static const uint8_t code[] = {0x66, 0x8C, 0xC8, 0x66, 0x9C, 0x66, 0x5B, END};

    for (uint32_t split = 1; split < 7; split++) {
        struct code at = {window(9) - split, 64};

        memcpy(frames[2] + 4096 - split, code, split);
        memcpy(frames[3], code + split, sizeof(code) - split);
        map(8, frames[2], RW);
        map(9, frames[3], RW);
        given.eax = given.ebx = 0x12345678;
        run(&at);
        list("split");
        item_event();
        item(got.eax);
        item(got.ebx);
    }
}

PROBE(D32, "text video memory by every operand size")
{
    volatile uint8_t *bytes = (uint8_t *)0xB8F00;
    volatile uint16_t *words = (uint16_t *)0xB8F00;
    volatile uint32_t *longs = (uint32_t *)0xB8F00;

    longs[0] = 0x12345678;
    words[3] = 0xABCD;
    bytes[9] = 0x5A;
    *(volatile uint32_t *)(bytes + 13) = 0x87654321;
    list("read");
    for (uint32_t i = 0; i < 5; i++)
        item(longs[i]);
    item(words[1]);
    item(bytes[7]);
    item(*(volatile uint32_t *)(bytes + 7));
    longs[0] ^= 0xFFFF;
    item(longs[0]);
    memset((void *)(uint32_t)bytes, 0, 64);
}

PROBE(D33, "PWT, PCD and the available bits of an entry")
{
    map(0, frames[0], RW | 0xE18);
    run(write0);
    show_event();
    show("pte", PTE0);
    directory[WINDOW >> 22] = (uint32_t)window_table | 7 | 0xE18;
    write_cr3(read_cr3());
    run(read0);
    show("pde", PDE0);
}

PROBE(D34, "code on the stack, in video memory and in user pages at CPL 0")
{
    static const uint8_t code[] = {0xFA, 0x9C, 0x58, 0x0E, 0x5B, END};
    struct code in_video = {(void *)0xB8F00, 64}, in_user = {user_words, 64};

    memcpy((void *)0xB8F00, code, sizeof(code));
    run(&in_video);
    show_event();
    list("video");
    item(got.eax);
    item(got.ebx);
    memset((void *)0xB8F00, 0, sizeof(code));
    memcpy(user_words, code, sizeof(code));
    run(&in_user);
    show_event();
    list("user");
    item(got.eax);
    item(got.ebx);
}

CODE(code_on_stack, "push 0xc390580e; mov eax, esp; call eax; pop ecx; 1: nop");

PROBE(D34_stack, "a routine on the stack: PUSH CS, POP EAX, RET")
{
    run(code_on_stack);
    list("end");
    item(got.vector);
    item(got.eax);
}

CODE(reads_window, "mov ecx, 0x1000; xor eax, eax; 1: add eax, [0x40000000]; add dword ptr "
                   "[0x40000000], 3; loop 1b");

PROBE(D35, "a page of data beside a page of code of the same frame, many times over")
{
    static const uint8_t code[] = {0x83, 0x05, 0x00, 0xA8, 0x00, 0x40, 0x01, 0x49, 0x75, 0xF6, END};
    struct code page = code_page(code, sizeof(code));

    given.ecx = 200;
    run(&page);
    show_event();
    show("count", *(uint32_t *)(frames[2] + 0x800));
    map(0, frames[0], RW);
    run(reads_window);
    show("sum", got.eax);
}
