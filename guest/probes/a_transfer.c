/* Far transfers and IRET: which selector is pushed, what is popped, what is refused. */
#include "probe.h"
#include "lib/string.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

CODE(far_call, ".byte 0x9a; .long 1f; .word 8; jmp 2f; 1: mov eax, [esp]; mov ebx, [esp + 4]; retf;"
               "2: sub eax, offset far_call_code; call fword ptr [3f]; jmp 4f;"
               "3: .long 1b; .word 8; 4: sub eax, offset far_call_code");

PROBE(A21, "CALL FAR pushes CS")
{
    run(far_call);
    show_event();
    show("eip", got.eax);
    show("cs", got.ebx);
    show_esp();
}

CODE(retf, "push 0x11111111; push 8; push offset 1f; retf 4; 1: pushfd; push cs; push offset 2f;"
           "iretd; 2: mov eax, cs; push 0xabcd0008; push offset 3f; retf; 3: mov ebx, cs");

PROBE(A22, "RETF, RETF n and IRET within the ring")
{
    run(retf);
    show_event();
    show_esp();
    list("cs");
    item(got.eax);
    item(got.ebx);
}

/* Ring 3 with what is left in the data segment registers. */
USER_CODE(seen_outside,
          "mov eax, ds; mov ebx, es; mov ecx, fs; mov edx, gs; mov esi, ss; mov edi, cs");
#define LOAD_DATA                                                                           \
    "mov eax, 0x10; mov ds, eax; mov eax, 0x23; mov es, eax; mov eax, 0x13; mov eax, 0x20;" \
    "mov fs, eax; mov eax, 8; mov gs, eax;"
CODE(iret_outside, LOAD_DATA "push 0x23; push offset user_stack + 2048; push 0x202; push 0x1b;"
                             "push offset seen_outside_code; iretd");
CODE(retf_outside, LOAD_DATA "push 0x23; push offset user_stack + 2048; push 0x1b;"
                             "push offset seen_outside_code; retf");

static void show_outside(const char *name, const struct code *code)
{
    run(code);
    list(name);
    item_event();
    item(got.eax);
    item(got.ebx);
    item(got.ecx);
    item(got.edx);
    item(got.esi);
    item(got.edi);
    item(got.eflags);
}

PROBE(A23, "IRET and RETF to ring 3 null what ring 3 may not hold")
{
    show_outside("iret", iret_outside);
    show_outside("retf", retf_outside);
}

CODE(iret_flags, "push eax; push cs; push offset 1f; iretd; 1: pushfd; pop ebx; push 2; popfd");

PROBE(A24, "IRET within the ring loads every flag")
{
    static const uint32_t flags[] = {0x002,   0x202,    0x3002, 0x3202,
                                     0x40002, 0x200002, 0x1202, 0xCD7};

    list("flags");
    for (size_t i = 0; i < COUNT(flags); i++) {
        given.eax = flags[i];
        run(iret_flags);
        item_event();
        item(got.ebx);
    }
}

CODE(iret_nt, "push 0x4002; push cs; push offset 1f; iretd; 1: pushfd; pop ebx; push 2; popfd");

PROBE(A24_nt, "IRET with NT in the image alone")
{
    run(iret_nt);
    show_event();
    show("flags", got.ebx);
}

/* The target of a 16-bit IRET lies below 64 KiB: an alias of this code's page is mapped there. */
CODE(iretw,
     "mov eax, cr4; push 0x244002; popfd; push 2; popfd; push 0x240002; popfd;"
     ".byte 0x66; push 0xcd7; .byte 0x66; push 8; .byte 0x66; push 0x7000; .byte 0x66; iretd");

PROBE(A25, "IRET of 16 bits")
{
    static const uint8_t code[] = {0x9C, 0x5B, 0xCD, 0x61}; /* PUSHF; POP EBX; INT 61h */
    uint8_t *low = (uint8_t *)0x7000;

    memcpy(low, code, sizeof(code));
    run(iretw);
    list("end");
    item(got.vector);
    item(got.eip);
    item(got.ebx);
    show_esp();
}

/* --- IRET to bad selectors --- */

CODE(iret_to,
     "push 0x23; push offset user_stack + 2048; push 2; push eax; push offset 1f; 1: iretd");
CODE(retf_to, "push 0x23; push offset user_stack + 2048; push eax; push offset 1f; 1: retf");

enum { BAD_NP = SEL_FREE, BAD_DATA = SEL_FREE + 8, BAD_SYS = SEL_FREE + 16, CONF0 = SEL_FREE + 24 };

static void bad_descriptors(void)
{
    gdt[BAD_NP / 8] = segment(0, 0xFFFFF, CODE0 & ~0x80u);
    gdt[BAD_DATA / 8] = segment(0, 0xFFFFF, DATA0);
    gdt[BAD_SYS / 8] = segment(0, 0xFFFF, SYS_LDT);
    gdt[CONF0 / 8] = segment(0, 0xFFFFF, CODE0 | 4);
    gdt[CONF0 / 8 + 1] = segment(0, 0x0FFFF, 0x40F3);
}

static void show_returns(const char *name, const struct code *code)
{
    static const uint16_t selectors[] = {
        0, 3, 0x18, BAD_NP, BAD_DATA, BAD_SYS, 0x1000, SEL_KCODE + 4, BAD_NP + 3, 0x0B, 0x1A};

    list(name);
    for (size_t i = 0; i < COUNT(selectors); i++) {
        bad_descriptors();
        given.eax = selectors[i];
        run(code);
        item_event();
        item(got.esp - given.esp);
    }
}

PROBE(A28_iret, "IRET to selectors that are refused")
{
    show_returns("iret", iret_to);
}

PROBE(A28_retf, "RETF to selectors that are refused")
{
    show_returns("retf", retf_to);
}

CODE(iret_ss,
     "push eax; push offset user_stack + 2048; push 2; push 0x1b; push offset seen_outside_code;"
     "iretd");

PROBE(A28_ss, "IRET to ring 3 with a stack selector that is refused")
{
    static const uint16_t selectors[] = {0, 3, 0x10, 0x13, 0x20, 0x1B, 0x1003, BAD_NP + 3};

    list("iret");
    for (size_t i = 0; i < COUNT(selectors); i++) {
        bad_descriptors();
        given.eax = selectors[i];
        run(iret_ss);
        item_event();
    }
}

CODE(far_jump,
     "mov [kernel_words + 4], eax; mov dword ptr [kernel_words], offset 1f;"
     "jmp fword ptr [kernel_words]; 1: mov ebx, cs; .byte 0xea; .long 2f; .word 8; 2: nop");
CODE(far_call_to,
     "mov [kernel_words + 4], eax; mov dword ptr [kernel_words], offset 1f;"
     "call fword ptr [kernel_words]; 1: mov ebx, cs; .byte 0xea; .long 2f; .word 8; 2: nop");

PROBE(A36, "far JMP and CALL by RPL, conforming or not")
{
    static const uint16_t selectors[] = {8,         9,      0xB,  CONF0,  CONF0 + 1,
                                         CONF0 + 3, 0x18,   0x1B, BAD_NP, BAD_DATA,
                                         BAD_SYS,   0x1000, 0,    3};

    list("jmp");
    for (size_t i = 0; i < COUNT(selectors); i++) {
        bad_descriptors();
        given.eax = selectors[i];
        run(far_jump);
        item_event();
        item(got.ebx);
    }
    list("call");
    for (size_t i = 0; i < COUNT(selectors); i++) {
        bad_descriptors();
        given.eax = selectors[i];
        run(far_call_to);
        item_event();
        item(got.ebx);
        item(got.esp - given.esp);
    }
}

CODE(load_far, "mov eax, 0x11223344; mov ebx, eax; mov ecx, eax; mov edx, eax; mov esi, eax;"
               "les eax, [kernel_words]; lfs ebx, [kernel_words]; lgs ecx, [kernel_words];"
               "lds edx, [kernel_words]; lss esp, [kernel_words + 8]");

PROBE(A37, "LDS LES LFS LGS LSS: loaded, null and refused")
{
    static const uint16_t selectors[] = {0, 0x10, 0x23, 8, BAD_NP, BAD_SYS, 0x1000, 0x13};

    list("load");
    for (size_t i = 0; i < COUNT(selectors); i++) {
        bad_descriptors();
        kernel_words[0] = 0x55667788;
        kernel_words[1] = selectors[i];
        kernel_words[2] = (uint32_t)(probe_stack + 100);
        kernel_words[3] = selectors[i];
        run(load_far);
        item_event();
        item(got.eax);
        item(got.es);
        item(got.edx);
        item(got.esp == (uint32_t)(probe_stack + 100));
    }
}

CODE(mov_ss, "mov ss, eax; nop; mov ebx, ss; mov ecx, 0x10; mov ss, ecx");
CODE(pop_ss, "push eax; pop ss; mov ebx, ss; mov ecx, 0x10; mov ss, ecx");

PROBE(A38, "MOV SS and POP SS: what is refused, and with which code")
{
    static const uint16_t selectors[] = {0x10,   0,       3,         0x13,   0x23, 0x20,   8,
                                         BAD_NP, BAD_SYS, CONF0 + 8, 0x1000, 0x14, SEL_TSS};

    list("mov");
    for (size_t i = 0; i < COUNT(selectors); i++) {
        bad_descriptors();
        given.eax = selectors[i];
        run(mov_ss);
        item_event();
    }
    list("pop");
    for (size_t i = 0; i < COUNT(selectors); i++) {
        bad_descriptors();
        gdt[BAD_NP / 8] = segment(0, 0xFFFFF, DATA0 & ~0x80u);
        given.eax = selectors[i];
        run(pop_ss);
        item_event();
        item(got.esp - given.esp);
    }
}

CODE(arpl, "mov eax, cs; mov ebx, 0x23; mov ecx, 0x20; arpl cx, bx; pushfd; pop edx; arpl bx, ax;"
           "pushfd; pop esi; and edx, 0x40; and esi, 0x40");

PROBE(A39, "ARPL with the selector of CS")
{
    run(arpl);
    show_event();
    list("regs");
    item(got.eax);
    item(got.ebx);
    item(got.ecx);
    item(got.edx);
    item(got.esi);
}

CODE(int_62, "int 0x22; nop");

PROBE(A40, "INT n at CPL 0 through a gate of DPL 0")
{
    run(int_62);
    show("v", got.vector);
    show("eip", got.eip - given.eip);
    show("cs", got.cs);
    show("flags", got.eflags);
    show_esp();
}

USER_CODE(user_int_22, "nop; int 0x22");
USER_CODE(user_int_d, "int 0xd");
USER_CODE(user_int_3, "int3");
USER_CODE(user_cd_3, "int 3; .byte 0xcd, 3");
USER_CODE(user_int_80, "int 0x80");
USER_CODE(user_int_0, "int 0");

PROBE(A41, "INT n at CPL 3 by the gate's DPL")
{
    try_user("int22", user_int_22);
    try_user("intd", user_int_d);
    try_user("int0", user_int_0);
    try_user("int3", user_int_3);
    try_user("cd3", user_cd_3);
    try_user("int80", user_int_80);
}

USER_CODE(user_load_ds, "mov eax, 0x10; mov ds, eax");
USER_CODE(user_load_es, "mov eax, 0x13; mov es, eax");
USER_CODE(user_load_ss, "mov eax, 0x10; mov ss, eax");
USER_CODE(user_pop_fs, "push 8; pop fs");
USER_CODE(user_far_jump, ".byte 0xea; .long 0; .word 8");
USER_CODE(user_far_call, ".byte 0x9a; .long 0; .word 11");

PROBE(A42, "segment loads of CPL 3 that name the kernel's segments")
{
    try_user("ds", user_load_ds);
    try_user("es", user_load_es);
    try_user("ss", user_load_ss);
    try_user("fs", user_pop_fs);
    try_user("jmp", user_far_jump);
    try_user("call", user_far_call);
}

/* MOV EAX, imm32 whose immediate is PUSHF; POP EBX; NOP; NOP: entered at the first byte and then at
 * the second, by a direct or an indirect jump. IF is clear. */
CODE(middle_direct, "xor ebx, ebx; xor edi, edi; 1: .byte 0xb8; 2: pushfd; pop ebx; nop; nop;"
                    "cmp edi, 1; je 3f; inc edi; jmp 2b; 3: mov ecx, eax");
CODE(middle_indirect,
     "xor ebx, ebx; xor edi, edi; lea esi, [2f]; 1: .byte 0xb8; 2: pushfd; pop ebx; nop;"
     "nop; cmp edi, 1; je 3f; inc edi; jmp esi; 3: mov ecx, eax");

static void show_middle(const struct code *code)
{
    run(code);
    show_event();
    list("regs");
    item(got.eax);
    item(got.ebx);
    item(got.ecx);
    item(got.edi);
}

PROBE(A43, "a direct jump into the middle of an instruction")
{
    show_middle(middle_direct);
}

PROBE(A43_indirect, "an indirect jump into the middle of an instruction")
{
    show_middle(middle_indirect);
}

PROBE(A44, "privileged instructions at CPL 3")
{
    static const struct {
        const char *name;
        uint8_t bytes[8];
    } refused[] = {
        {"cli", {0xFA}},
        {"sti", {0xFB}},
        {"hlt", {0xF4}},
        {"in", {0xE4, 0x20}},
        {"indx", {0xEC}},
        {"inw", {0x66, 0xED}},
        {"out", {0xE6, 0x80}},
        {"outd", {0xE7, 0x80}},
        {"insb", {0x6C}},
        {"outsb", {0x6E}},
        {"lgdt", {0x0F, 0x01, 0x15, 0, 0, 0, 0}},
        {"lidt", {0x0F, 0x01, 0x1D, 0, 0, 0, 0}},
        {"lmsw", {0x0F, 0x01, 0xF0}},
        {"lldt", {0x0F, 0x00, 0xD0}},
        {"ltr", {0x0F, 0x00, 0xD8}},
        {"invlpg", {0x0F, 0x01, 0x38}},
        {"invd", {0x0F, 0x08}},
        {"wbinvd", {0x0F, 0x09}},
        {"clts", {0x0F, 0x06}},
        {"rcr0", {0x0F, 0x20, 0xC0}},
        {"wcr0", {0x0F, 0x22, 0xC0}},
        {"rcr2", {0x0F, 0x20, 0xD0}},
        {"rcr3", {0x0F, 0x20, 0xD8}},
        {"rcr4", {0x0F, 0x20, 0xE0}},
        {"rcr1", {0x0F, 0x20, 0xC8}},
        {"rdr0", {0x0F, 0x21, 0xC0}},
        {"wdr7", {0x0F, 0x23, 0xF8}},
        {"rdr4", {0x0F, 0x21, 0xE0}},
        {"rdmsr", {0x0F, 0x32}},
        {"wrmsr", {0x0F, 0x30}},
        {"rdpmc", {0x0F, 0x33}},
        {"rsm", {0x0F, 0xAA}},
        {"sysexit", {0x0F, 0x35}},
    };

    for (size_t i = 0; i < COUNT(refused); i++) {
        run_user_bytes(refused[i].bytes, sizeof(refused[i].bytes));
        list(refused[i].name);
        item_event();
    }
}
