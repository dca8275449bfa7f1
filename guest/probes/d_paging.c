/* Page table entries: accessed and dirty bits, rights, error codes and reserved bits. */
#include "paging.h"

CODE(modify0, "inc dword ptr [0x40000000]");
CODE(read_straddle, "mov eax, [0x40000ffe]");
CODE(write_straddle, "mov dword ptr [0x40000ffe], -1");
USER_CODE(user_push, "mov esp, 0x40001002; push ebx");
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
