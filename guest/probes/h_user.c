/* What user code sees, and processor state that is not privileged. */
#include "probe.h"
#include "lib/string.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* --- H01, H02: where the last x87 instruction was. --- */

CODE(fpu_environment,
     "fninit; fld1; fnstenv [kernel_words]; fninit; fld1; fld dword ptr [kernel_words + 512];"
     "fnsave [kernel_words + 64]; fninit; fld1; .byte 0x66; fnstenv [kernel_words + 256];"
     ".byte 0x66; fnsave [kernel_words + 320]");
USER_CODE(user_fpu_environment,
          "fninit; fld1; fnstenv [user_words]; fninit; fld1; fld dword ptr [user_words + 512];"
          "fnsave [user_words + 64]");

/* Control, status and tag word, FIP from the code's start, FCS and opcode, FDP, FDS. */
static void show_environment(const char *name, const uint32_t *words)
{
    list(name);
    for (uint32_t i = 0; i < 7; i++) {
        bool pointer = i == 3 && words[3] != 0;

        item(pointer ? words[3] - given.eip : i == 5 ? words[5] & 0xFFF : words[i]);
    }
}

PROBE(H01, "FNSTENV and FNSAVE at CPL 0: FCS, FIP, FDS")
{
    run(fpu_environment);
    show_event();
    show_environment("env", kernel_words);
    show_environment("save", kernel_words + 16);
    list("w_env");
    for (uint32_t i = 0; i < 4; i++)
        item(i == 1 || i == 2 ? kernel_words[64 + i] >> 16 : kernel_words[64 + i]);
}

PROBE(H01_user, "FNSTENV and FNSAVE at CPL 3")
{
    run_user(user_fpu_environment);
    show_event();
    show_environment("env", user_words);
    show_environment("save", user_words + 16);
}

CODE(fxsave,
     "mov eax, 0x200; mov cr4, eax; fninit; fld1; fxsave [kernel_words + 512]; mov eax, 0x5a5a5a5a;"
     "xor ecx, ecx; mov cr4, ecx");

PROBE(H02, "FXSAVE: pointers, MXCSR and the reserved area")
{
    memset(kernel_words + 128, 0x5A, 512);
    run(fxsave);
    show_event();
    list("image");
    for (uint32_t i = 0; i < 8; i++)
        item(kernel_words[128 + i]);
    show("rest", digest(kernel_words + 136, 480));
}

USER_CODE(user_align,
          "pushfd; or dword ptr [esp], 0x40000; popfd; mov eax, [user_words + 1]; push 2; popfd");
CODE(align,
     "pushfd; or dword ptr [esp], 0x40000; popfd; mov eax, [kernel_words + 1]; push 2; popfd");

PROBE(H03, "alignment checks at CPL 0 and 3")
{
    write_cr0(CR0_BASE | 0x40000);
    try_code("cpl0", align);
    try_user("cpl3", user_align);
}

CODE(fpu_kept,
     "mov eax, 0x600; mov cr4, eax; fninit; fldpi; fld1; fldl2e; mov dword ptr [kernel_words], "
     "0x40490fdb;"
     "movss xmm3, [kernel_words]; cli; sti; cli; int 0x61; mov eax, cr3; mov cr3, eax; in al, 0x80;"
     "mov ebx, [0x40000000]; movss [kernel_words + 4], xmm3; fstp dword ptr [kernel_words + 8];"
     "fstp dword ptr [kernel_words + 12]; fstp dword ptr [kernel_words + 16]; fnstsw ax; movzx "
     "eax, ax;"
     "stmxcsr [kernel_words + 20]; xor ecx, ecx; mov cr4, ecx");
CODE(just_iret_h, "iretd");

PROBE(H04, "x87 and SSE state across traps, faults and interrupts")
{
    map(0, frames[0], PTE_P | PTE_W);
    idt[0x61] = gate(SEL_KCODE, just_iret_h->start, SYS_INT32, 0);
    run(fpu_kept);
    show_event();
    list("state");
    item(got.eax);
    for (uint32_t i = 1; i < 6; i++)
        item(kernel_words[i]);
}

USER_CODE(
    user_nulls,
    "xor eax, eax; mov fs, eax; mov eax, 3; mov gs, eax; mov es, eax; mov ecx, 2; mov ds, ecx;"
    "int 0x61; mov ebx, fs; mov ecx, gs; mov edx, es; mov esi, ds");
CODE(nulls, "xor eax, eax; mov fs, eax; mov eax, 3; mov gs, eax; mov es, eax; cli; sti; cli; in "
            "al, 0x80; int 0x61;"
            "mov ebx, fs; mov ecx, gs; mov edx, es; mov eax, 0x10; mov es, eax");

PROBE(H06, "null selectors across traps and interrupts")
{
    idt[0x61] = gate(SEL_KCODE, just_iret_h->start, SYS_INT32 | DPL3, 0);
    run(nulls);
    show_event();
    list("kernel");
    item(got.ebx);
    item(got.ecx);
    item(got.edx);
    run_user(user_nulls);
    show_event();
    list("user");
    item(got.ebx);
    item(got.ecx);
    item(got.edx);
    item(got.esi);
}

USER_CODE(user_sysenter, "mov ecx, esp; mov edx, offset 1f; sysenter; 1: mov edi, 5");
CODE(sysenter_target, "mov eax, cs; mov ebx, ss; mov esi, esp; pushfd; pop edi");
CODE(set_sysenter, "mov ecx, 0x174; mov eax, 8; xor edx, edx; wrmsr; inc ecx; mov eax, offset "
                   "kernel_words + 2048; wrmsr;"
                   "inc ecx; mov eax, offset sysenter_target_code; wrmsr");
CODE(clear_sysenter, "mov ecx, 0x174; xor eax, eax; xor edx, edx; wrmsr");
CODE(sysexit_h, "mov edx, offset sysexited_code; mov ecx, offset user_stack + 2048; sti; sysexit");
USER_CODE(sysexited, "mov eax, cs; mov ebx, ss; pushfd; pop edi");

PROBE(H07, "SYSENTER and SYSEXIT")
{
    run(clear_sysenter);
    try_user("off", user_sysenter);
    try_code("off0", sysexit_h);
    run(set_sysenter);
    given.eflags = FLAG_IF;
    try_user("enter", user_sysenter);
    item(got.eax);
    item(got.ebx);
    item(got.esi == (uint32_t)kernel_words + 2048);
    item(got.edi);
    try_code("exit", sysexit_h);
    item(got.eax);
    item(got.ebx);
    item(got.edi);
    item(got.cs);
    run(clear_sysenter);
}

CODE(sysenter_0, "sysenter");

PROBE(H07_kernel, "SYSENTER at CPL 0")
{
    run(set_sysenter);
    try_code("enter", sysenter_0);
    item(got.eax);
    item(got.ebx);
    run(clear_sysenter);
}

/* --- H12, H13: what user code reads. --- */

USER_CODE(user_reads,
          "mov eax, cs; mov ebx, ss; mov ecx, ds; push cs; pop edx; pushfd; pop esi; mov edi, es");

PROBE(H12, "selectors and flags at CPL 3 with IF set")
{
    given.eflags = FLAG_IF;
    run_user(user_reads);
    show_event();
    list("regs");
    item(got.eax);
    item(got.ebx);
    item(got.ecx);
    item(got.edx);
    item(got.esi);
    item(got.edi);
}

USER_CODE(user_flags,
          "push 0x244002; popfd; int 0x61; pushfd; pop eax; push 0x202; popfd; pushfd; pop ebx");

PROBE(H13, "ID, AC and NT at CPL 3, across an interrupt")
{
    idt[0x61] = gate(SEL_KCODE, just_iret_h->start, SYS_INT32 | DPL3, 0);
    given.eflags = FLAG_IF;
    run_user(user_flags);
    show_event();
    list("flags");
    item(got.eax);
    item(got.ebx);
}

USER_CODE(user_io, "mov edx, 0x80; in al, dx; out 0x80, al; cli; nop; sti; nop");

PROBE(H15, "IN, OUT, CLI and STI at CPL 3 with IOPL 3")
{
    given.eflags = 0x3202;
    try_user("iopl3", user_io);
    show("flags", got.eflags);
    given.eflags = 0x2202;
    try_user("iopl2", user_io);
}

USER_CODE(user_cli_flags, "cli; pushfd; pop eax; sti; pushfd; pop ebx");

PROBE(H15_if, "IF as CLI and STI leave it at CPL 3 with IOPL 3")
{
    given.eflags = 0x3202;
    run_user(user_cli_flags);
    show_event();
    list("flags");
    item(got.eax);
    item(got.ebx);
}

USER_CODE(
    user_own_code,
    "mov esi, offset user_own_code_code; xor edi, edi; mov ecx, 64; 1: movzx eax, byte ptr [esi];"
    "rol edi, 5; add edi, eax; inc esi; dec ecx; jnz 1b; mov ebx, edi; pushfd; pop eax; cpuid;"
    "mov byte ptr [2f + 1], 0x77; 2: mov al, 0x11; movzx edx, al");

PROBE(H16, "user code that reads and changes itself")
{
    run_user(user_own_code);
    show_event();
    show("al", got.edx);
}

USER_CODE(user_far,
          ".byte 0x9a; .long 1f - 0x200000; .word 0x47; jmp 2f; 1: mov eax, cs; mov ebx, [esp + 4];"
          "retf; 2: mov ecx, cs");

PROBE(H17, "far calls at CPL 3 between code segments of different bases")
{
    gdt[SEL_FREE / 8] = segment(0x200000, 0xFFFFF, CODE3);
    ldt[8] = segment(0x200000, 0xFFFFF, CODE3);
    __asm__ volatile("lldt %w0" ::"r"((uint32_t)SEL_LDT));
    run_user(user_far);
    show_event();
    list("cs");
    item(got.eax);
    item(got.ebx);
    item(got.ecx);
}

/* --- H18: what the manuals leave undefined. --- */

#define UNDEFINED                                                                                  \
    "xor edi, edi; push 0x202; popfd; mov eax, 0x12345678; mov ecx, 0x9abcdef0; mul ecx; pushfd; " \
    "pop ebx;"                                                                                     \
    "add edi, ebx; rol edi, 3; imul ecx, eax, 77; pushfd; pop ebx; add edi, ebx; rol edi, 3; mov " \
    "ebx, 0x80000001;"                                                                             \
    "shl ebx, 5; pushfd; pop edx; add edi, edx; rol edi, 3; sar ebx, 31; pushfd; pop edx; add "    \
    "edi, edx;"                                                                                    \
    "rol edi, 3; xor ecx, ecx; mov ebx, 0x77; bsf ebx, ecx; pushfd; pop edx; add edi, edx; add "   \
    "edi, ebx;"                                                                                    \
    "rol edi, 3; mov eax, 0x1ff; daa; pushfd; pop edx; add edi, edx; add edi, eax; rol edi, 3; "   \
    "mov eax, 0x99;"                                                                               \
    "aam 7; pushfd; pop edx; add edi, edx; add edi, eax; rol edi, 3; mov eax, 0x12345678; .byte "  \
    "0x66; bswap eax; add edi, eax;"                                                               \
    "rol edi, 3; mov eax, 0x1234; mov ebx, 0x5678; shld ax, bx, 20; pushfd; pop edx; add edi, "    \
    "edx; add edi, eax;"                                                                           \
    "rol edi, 3; mov edx, 7; mov eax, 0x12345; mov ecx, 19; div ecx; pushfd; pop ebx; add edi, "   \
    "ebx; add edi, eax;"                                                                           \
    "rcl edx, 9; pushfd; pop ebx; add edi, ebx; add edi, edx; aad 3; pushfd; pop ebx; add edi, "   \
    "ebx"
CODE(undefined, UNDEFINED);
USER_CODE(user_undefined, UNDEFINED);

PROBE(H18, "undefined flags and results, in digest")
{
    run(undefined);
    show_event();
    show("kernel", got.edi);
    given.eflags = FLAG_IF;
    run_user(user_undefined);
    show_event();
    show("user", got.edi);
}

CODE(addressing,
     "mov ebp, offset kernel_words; mov esi, 4; mov dword ptr [kernel_words + 24], 0x12345678;"
     "sgdt [ebp + esi * 4 + 0x40]; mov eax, [ebp + esi * 4 + 0x42]; sub eax, offset gdt;"
     "smsw [ebp + esi]; movzx ebx, word ptr [ebp + 4]; mov edi, esp; str [esp - 64]; movzx ecx, "
     "word ptr [esp - 64];"
     "mov ebx, 0x7000; .byte 0x67, 0x0f, 0x01, 0x60, 0x10; movzx edx, word ptr [0x7010]; lar edi, "
     "[ebp + 24]");

PROBE(H19, "operand addresses of emulated instructions: SIB, EBP, 16-bit addressing")
{
    run(addressing);
    show_event();
    list("regs");
    item(got.eax);
    item(got.ebx);
    item(got.ecx);
    item(got.edx);
}

/* --- H10: virtual-8086 mode. --- */

/* The frame of an event out of virtual-8086 mode holds the data selectors as well. */
CODE(enter_v86, "push 0; push 0; push 0; push 0x700; push 0x700; push 0xf00; push eax; push 0x700; "
                "push 0; iretd");

static void run_v86(const char *name, const uint8_t *bytes, uint32_t n, uint32_t flags)
{
    memset((void *)0x7000, 0x90, 64);
    memcpy((void *)0x7000, bytes, n);
    memcpy((void *)(0x7000 + n), "\xCD\x60", 2);
    given.eax = flags | 0x20002;
    run(enter_v86);
    list(name);
    item(got.vector);
    item(got.error);
    item(got.eip);
    item(got.cs);
    item(got.eflags);
    item(got.frame[3]);
    item(got.frame[4]);
    item(got.ds);
    item(got.eax);
    item(got.ebx & 0xFFFF);
}

#define V86(name, flags, ...)                        \
    do {                                             \
        static const uint8_t code[] = {__VA_ARGS__}; \
        run_v86(name, code, sizeof(code), flags);    \
    } while (0)

PROBE(H10, "virtual-8086 mode: plain code, sensitive instructions by IOPL, interrupts")
{
    identity_tables[0][7] |= PTE_U;
    invlpg((void *)0x7000);
    V86("plain", 0x3202, 0xB8, 0x34, 0x12, 0x8C, 0xCB, 0x8E, 0xDB);
    V86("int", 0x202, 0x90);
    V86("cli3", 0x3202, 0xFA, 0x9C, 0x5B, 0xFB);
    V86("cli0", 0x202, 0xFA);
    V86("pushf0", 0x202, 0x9C);
    V86("pushf3", 0x3202, 0x9C, 0x5B);
    V86("iret0", 0x202, 0xCF);
    V86("hlt", 0x3202, 0xF4);
    V86("in", 0x3202, 0xE4, 0x80);
    V86("cr0", 0x3202, 0x0F, 0x20, 0xC0);
    V86("lldt", 0x3202, 0x0F, 0x00, 0xD0);
    V86("smsw", 0x3202, 0x0F, 0x01, 0xE3);
    V86("ud", 0x3202, 0x0F, 0x0B);
    V86("int3", 0x3202, 0xCC);
}
