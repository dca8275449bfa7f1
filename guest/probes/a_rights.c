/* LAR, LSL, VERR, VERW: what the descriptor tables look like from either ring. */
#include "probe.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* AX = selector; EBX = LAR, ECX = LSL, EDX = ZF of LAR, LSL, VERR, VERW as bits 0 to 3. */
#define ASK                                                                                      \
    "mov ebx, -1; mov ecx, -1; xor edx, edx; lar ebx, eax; setz dl; lsl ecx, eax; setz dh;"      \
    "shl dh, 1; or dl, dh; verr ax; setz dh; shl dh, 2; or dl, dh; verw ax; setz dh; shl dh, 3;" \
    "or dl, dh; xor dh, dh"
CODE(ask, ASK);
USER_CODE(user_ask, ASK);

enum { FIRST = SEL_FREE / 8 };

/* One descriptor of every kind. */
static uint32_t make_table(void)
{
    // clang-format off
    static const uint32_t kinds[] = {
        DATA0, DATA0 & ~1u, DATA3, CODE0, CODE3, CODE0 | 4, CODE3 | 4, CODE0 & ~2u, CODE3 & ~2u,
        DATA0 & ~2u, DATA3 & ~2u, DATA3 | 4, DATA0_16, CODE3_16, DATA3 & ~0x80u, CODE0 & ~0x80u,
        DATA0 | 0x20, DATA0 | 0x40, 0xA09B, 0x1093,
    };
    // clang-format on

    for (uint32_t i = 0; i < COUNT(kinds); i++)
        gdt[FIRST + i] = segment(0x12345678, i & 1 ? 0xFFFFF : 0x2345, kinds[i]);
    return COUNT(kinds);
}

static void ask_all(const struct code *code, void (*how)(const struct code *), uint32_t from,
                    uint32_t n)
{
    list("ask");
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t rpl = 0; rpl < 4; rpl += 3) {
            given.eax = (from + i) * 8 + rpl;
            how(code);
            item(got.edx);
            if (got.edx & 1)
                item(got.ebx);
            if (got.edx & 2)
                item(got.ecx);
        }
    }
}

PROBE(A29, "LAR LSL VERR VERW of the kernel's own selectors at CPL 0")
{
    ask_all(ask, run, 0, SEL_FREE / 8);
}

PROBE(A30, "LAR LSL VERR VERW of the kernel's own selectors at CPL 3")
{
    ask_all(user_ask, run_user, 0, SEL_FREE / 8);
}

PROBE(A32, "LAR LSL VERR VERW of every kind of segment at CPL 0")
{
    ask_all(ask, run, FIRST, make_table());
}

PROBE(A33, "LAR LSL VERR VERW of every kind of segment at CPL 3")
{
    ask_all(user_ask, run_user, FIRST, make_table());
}

static uint32_t make_system(uint32_t dpl)
{
    for (uint32_t type = 0; type < 16; type++) {
        gdt[FIRST + 2 * type] = segment(0x100000, 0x67, 0x80 | type | dpl);
        gdt[FIRST + 2 * type + 1] = gate(SEL_KCODE, (void *)0x100000, type | dpl, 0);
    }
    return 32;
}

PROBE(A31, "LAR and LSL of system types, DPL 0, at CPL 0")
{
    ask_all(ask, run, FIRST, make_system(0));
}

PROBE(A31_user, "LAR and LSL of system types, DPL 3, at CPL 3")
{
    ask_all(user_ask, run_user, FIRST, make_system(DPL3));
}

#define ASK_EVERY                                                                                 \
    "xor esi, esi; mov edi, 0x811c9dc5; 1: mov eax, esi; mov ebx, -1; mov ecx, -1; lar ebx, eax;" \
    "setz dl; lsl ecx, eax; setz dh; add edi, ebx; rol edi, 3; xor edi, ecx; rol edi, 5;"         \
    "add edi, edx; verr ax; adc edi, 0; setz dl; verw ax; setz dh; add edi, edx; imul edi, edi, " \
    "16777619; add esi, 4; cmp esi, 0x10000; jb 1b"
CODE(ask_every, "xor edx, edx;" ASK_EVERY);
USER_CODE(user_ask_every, "xor edx, edx;" ASK_EVERY);

PROBE(A34, "all 8,192 selectors of both tables, in digest")
{
    make_table();
    run(ask_every);
    show_event();
    show("kernel", got.edi);
    run_user(user_ask_every);
    show_event();
    show("user", got.edi);
}

CODE(lar_keeps, "mov eax, 0x12345678; mov ebx, eax; mov ecx, 0x1000; lar eax, ecx; lsl ebx, ecx;"
                "mov edx, 0x12345678; lar dx, [kernel_words]");
CODE(lar_faults, "stc; mov eax, 0x12345678; lar eax, [0x40000000]");
CODE(verr_faults, "verr word ptr [0x40000fff]");

PROBE(A35, "LAR keeps its destination, and faults on its operand")
{
    kernel_words[0] = SEL_KDATA;
    run(lar_keeps);
    show_event();
    list("regs");
    item(got.eax);
    item(got.ebx);
    item(got.edx);
    try_code("np", lar_faults);
    show("kept", got.eax);
    map(0, frames[0], PTE_P | PTE_W);
    try_code("straddle", verr_faults);
}
