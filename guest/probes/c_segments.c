/* Descriptor tables and the hidden parts of the segment registers. */
#include "segments.h"
#include "lib/string.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

CODE(load_ds, "mov ds, eax; mov ebx, ds; mov ecx, 0x10; mov ds, ecx");
CODE(load_all, "mov es, eax; mov eax, 0x48; mov fs, eax; mov eax, 0x50; push eax; pop gs;"
               "mov eax, 0x58; mov ss, eax; mov eax, 0x10; mov ss, eax; .byte 0xea; .long 1f;"
               ".word 0x60; 1: .byte 0xea; .long 2f; .word 8; 2: nop");

PROBE(C01, "loading a segment register sets the accessed bit in memory")
{
    list("access");
    for (uint32_t i = 0; i < 4; i++)
        gdt[SLOT + i] = segment(0, 0xFFFFF, DATA0 & ~1u);
    gdt[SLOT + 4] = segment(0, 0xFFFFF, CODE0 & ~1u);
    given.eax = SEL_FREE;
    run(load_all);
    item_event();
    for (uint32_t i = 0; i < 5; i++)
        item(access_byte(SEL_FREE + 8 * i));
}

USER_CODE(user_load, "mov ds, eax; mov es, ebx; push 0x23; pop ds");

PROBE(C01_user, "the accessed bit by a load at CPL 3, and not by LAR or VERR")
{
    gdt[SLOT] = segment(0, 0xFFFFF, DATA3 & ~1u);
    gdt[SLOT + 1] = segment(0, 0xFFFFF, DATA0 & ~1u);
    given.eax = SEL_FREE + 3;
    given.ebx = OTHER + 3;
    run_user(user_load);
    show_event();
    list("access");
    item(access_byte(SEL_FREE));
    item(access_byte(OTHER));
}

PROBE(C02, "the accessed bit in a read-only descriptor table")
{
    gdt[SLOT] = segment(0, 0xFFFFF, DATA0 & ~1u);
    identity_tables[(uint32_t)gdt >> 22][(uint32_t)gdt >> 12 & 1023] &= ~(uint32_t)PTE_W;
    invlpg(gdt);
    given.eax = SEL_FREE;
    run(load_ds);
    show_event();
    show("at", got.cr2 - (uint32_t)&gdt[SLOT]);
    show("access", access_byte(SEL_FREE));
}

CODE(load_task, "ltr ax; str ebx");

PROBE(C03, "LTR sets the busy bit and refuses a busy task")
{
    given.eax = SEL_TSS2;
    run(load_task);
    show_event();
    show("tr", got.ebx);
    list("access");
    item(access_byte(SEL_TSS));
    item(access_byte(SEL_TSS2));
    given.eax = SEL_TSS;
    run(load_task);
    show_event();
}

CODE(load_ldt, "lldt ax; sldt ebx");

PROBE(C04, "LTR and LLDT of selectors that are refused")
{
    static const uint16_t selectors[] = {
        0, 3, SEL_KDATA, SEL_FREE, 0x1000, SEL_TSS2 + 4, SEL_TSS2 + 3, SEL_LDT};

    list("ltr");
    for (size_t i = 0; i < COUNT(selectors); i++) {
        gdt[SLOT] = segment(0, 0x67, SYS_TSS32 & ~0x80u);
        given.eax = selectors[i];
        run(load_task);
        item_event();
    }
    list("lldt");
    for (size_t i = 0; i < COUNT(selectors); i++) {
        gdt[SLOT] = segment(0, 0x67, SYS_LDT & ~0x80u);
        given.eax = selectors[i];
        run(load_ldt);
        item_event();
    }
}

/* --- What stays in a segment register when its descriptor changes. --- */

CODE(change_base, "mov eax, 0x40; mov fs, eax; mov ebx, fs:[0]; mov eax, [kernel_words + 64];"
                  "mov edx, [kernel_words + 68]; mov [gdt + 0x40], eax; mov [gdt + 0x44], edx;"
                  "mov ecx, fs:[0]; cli; sti; cli; int 0x61; mov esi, fs:[0]; mov eax, fs;"
                  "mov fs, eax; mov edi, fs:[0]");
CODE(just_iret, "iretd");

static void change_loaded(uint64_t to)
{
    gdt[SLOT] = segment((uint32_t)&kernel_words[0], 0xFFFF, DATA0);
    kernel_words[0] = 0x11111111;
    kernel_words[8] = 0x22222222;
    memcpy(&kernel_words[16], &to, sizeof(to));
    idt[0x61] = gate(SEL_KCODE, just_iret->start, SYS_INT32, 0);
    run(change_base);
    show_event();
    list("fs");
    item(got.ebx);
    item(got.ecx);
    item(got.esi);
    item(got.edi);
}

PROBE(C05, "a new base in the descriptor of a loaded register")
{
    change_loaded(segment((uint32_t)&kernel_words[8], 0xFFFF, DATA0));
}

PROBE(C07, "a loaded descriptor becomes absent, a system type, nothing")
{
    change_loaded(segment((uint32_t)&kernel_words[8], 0xFFFF, DATA0 & ~0x80u));
    change_loaded(segment((uint32_t)&kernel_words[8], 0xFFFF, SYS_LDT));
    change_loaded(0);
}

CODE(change_cs, "mov dword ptr [gdt + 0xc], 0; mov dword ptr [gdt + 0x14], 0; cli; sti; cli;"
                "mov eax, cs; mov ebx, ss; push ds; pop ecx; in al, 0x80; pushfd; pop edx;"
                "mov dword ptr [gdt + 0xc], 0xcf9b00; mov dword ptr [gdt + 0x14], 0xcf9300;"
                "and eax, 0xff00");

PROBE(C06, "the descriptors of CS and SS vanish while in use")
{
    run(change_cs);
    show_event();
    list("regs");
    item(got.eax);
    item(got.ebx);
    item(got.ecx);
    item(got.edx);
}

CODE(shrink_table,
     "mov edx, 0x40; mov fs, edx; lgdt [kernel_words]; cli; sti; cli; mov ebx, fs:[0];"
     "mov eax, fs; int 0x61; mov ecx, fs:[0]; mov fs, edx; nop");

PROBE(C08, "LGDT of a limit that leaves loaded selectors out")
{
    gdt[SLOT] = segment((uint32_t)kernel_words, 0xFFFF, DATA0);
    idt[0x61] = gate(SEL_KCODE, just_iret->start, SYS_INT32, 0);
    kernel_words[0] = ((uint32_t)gdt & 0xFFFF) << 16 | 0x17;
    kernel_words[1] = (uint32_t)gdt >> 16;
    run(shrink_table);
    show_event();
    list("fs");
    item(got.eax);
    item(got.ebx == kernel_words[0]);
    item(got.ecx == kernel_words[0]);
}

/* The handler's own data selector must survive: the table moves to unmapped memory behind it. */
PROBE(C09, "a descriptor table in unmapped memory")
{
    map(0, gdt, PTE_P | PTE_W);
    kernel_words[0] = (WINDOW & 0xFFFF) << 16 | 0x1FFF;
    kernel_words[1] = WINDOW >> 16;
    __asm__ volatile("lgdt %0" ::"m"(kernel_words[0]));
    given.eax = 0x1000;
    run(load_ds);
    show_event();
    given.eax = 0x1008 + 3;
    run(load_task);
    show_event();
}

PROBE(C10, "a descriptor table whose second page is absent")
{
    map(0, frames[0], PTE_P | PTE_W);
    memcpy(frames[0], gdt, sizeof(gdt));
    memcpy(frames[0] + 0xFF8, &gdt[SEL_KDATA / 8], 8);
    kernel_words[0] = (WINDOW & 0xFFFF) << 16 | 0x1FFF;
    kernel_words[1] = WINDOW >> 16;
    __asm__ volatile("lgdt %0" ::"m"(kernel_words[0]));
    given.eax = 0xFF8;
    run(load_ds);
    show_event();
    show("ds", got.ebx);
    given.eax = 0x1000;
    run(load_ds);
    show_event();
}

PROBE(C11, "error codes of segment loads")
{
    static const uint16_t selectors[] = {SEL_FREE,      OTHER,   SEL_FREE + 16, SEL_FREE + 24,
                                         SEL_KDATA + 4, 0x1FF,   0x200,         0xFFFF,
                                         SEL_KDATA + 7, SEL_TSS, 0xFFF8};

    gdt[SLOT] = segment(0, 0xFFFFF, DATA0 & ~0x80u);
    gdt[SLOT + 1] = segment(0, 0xFFFFF, CODE0 & ~2u);
    gdt[SLOT + 2] = segment(0, 0xFFFFF, CODE0 | 4);
    gdt[SLOT + 3] = gate(SEL_KCODE, just_iret->start, SYS_CALL32, 0);
    list("ds");
    for (size_t i = 0; i < COUNT(selectors); i++) {
        given.eax = selectors[i];
        run(load_ds);
        item_event();
    }
}

/* --- What this machine does not check. --- */

CODE(beyond_limit,
     "mov eax, 0x40; mov fs, eax; mov ebx, fs:[0xc]; mov ecx, fs:[0xe]; mov edx, fs:[0x10];"
     "mov fs:[0x20], eax; mov eax, 0x48; mov fs, eax; mov esi, fs:[0]; mov edi, fs:[0x100]");
CODE(read_only,
     "mov eax, 0x40; mov fs, eax; mov fs:[0], eax; mov ebx, fs:[0]; mov eax, 0x48;"
     "mov fs, eax; inc dword ptr fs:[0]; mov ecx, fs:[0]; mov dword ptr cs:[kernel_words], 5;"
     "mov edx, cs:[kernel_words]");
CODE(null_segment,
     "xor eax, eax; mov fs, eax; mov ebx, fs:[kernel_words]; mov fs:[kernel_words + 4], ebx;"
     "mov ecx, 3; mov gs, ecx; mov edx, gs:[kernel_words + 4]; mov ecx, gs");

PROBE(C12, "accesses beyond a data segment's limit")
{
    gdt[SLOT] = segment((uint32_t)kernel_words, 0xF, 0x4093);
    gdt[SLOT + 1] = segment((uint32_t)kernel_words, 0xFF, 0x4097);
    memset(kernel_words, 0x5A, 64);
    run(beyond_limit);
    show_event();
    list("regs");
    item(got.ebx);
    item(got.ecx);
    item(got.edx);
    item(got.esi);
    item(got.edi);
}

PROBE(C13, "writes through read-only and code segments")
{
    gdt[SLOT] = segment((uint32_t)kernel_words, 0xFFFFF, DATA0 & ~2u);
    gdt[SLOT + 1] = segment((uint32_t)kernel_words, 0xFFFFF, CODE0);
    run(read_only);
    show_event();
    list("regs");
    item(got.ebx);
    item(got.ecx);
    item(got.edx);
}

PROBE(C14, "accesses through null selectors")
{
    kernel_words[0] = 0x12345678;
    run(null_segment);
    show_event();
    list("regs");
    item(got.ebx);
    item(got.edx);
    item(got.ecx);
}

/* --- 16-bit stacks and code. --- */

/* The data segment at base 0 reaches 64 KiB: the stack lies at 7000h, with garbage above SP. */
CODE(stack_16, "mov edi, esp; mov eax, 0x40; mov ss, eax; mov esp, 0x12347000; push 0x11111111;"
               "push cs; pushfd; cli; pop eax; pop ebx; call 1f; 1: pop ecx; sub ecx, offset 1b;"
               "mov edx, esp; pushad; add esp, 32; enter 8, 0; mov ebx, esp; leave; mov esi, esp;"
               "mov ax, 0x10; mov ss, ax; mov esp, edi");

PROBE(C15, "a 16-bit stack segment")
{
    gdt[SLOT] = segment(0, 0xFFFF, DATA0_16);
    run(stack_16);
    show_event();
    list("regs");
    item(got.eax & 0xFFFF);
    item(got.ebx);
    item(got.ecx);
    item(got.edx);
    item(got.esi);
    show("top", *(uint32_t *)0x6FFC);
}

CODE(stack_16_trap, "mov edi, esp; mov eax, 0x40; mov ss, eax; mov esp, 0x12340000; int 0x61;"
                    "mov ebx, esp; push 1; mov ecx, esp; pop eax; pushfd; popfd; mov ax, 0x10;"
                    "mov ss, ax; mov esp, edi");

PROBE(C15_trap, "an interrupt on a 16-bit stack that wraps")
{
    gdt[SLOT] = segment(0, 0xFFFF, DATA0_16);
    idt[0x61] = gate(SEL_KCODE, just_iret->start, SYS_INT32, 0);
    run(stack_16_trap);
    show_event();
    list("regs");
    item(got.ebx);
    item(got.ecx);
    item(*(uint32_t *)0xFFF8);
}

/* 16-bit code begins at offset 0 of its own segment. */
#define CODE_16(name, text) \
    CODE_AT(".text", name,  \
            ".code16; " text "; .byte 0x66, 0xea; .long probe_done; .word 8; .code32", "")
CODE_16(code_16,
        "mov ebx, 0x12345678; mov bx, 0x1111; pushfd; pop ecx; cli; pushf; pop cx; push cs; pop dx;"
        "call 1f; jmp 2f; 1: ret; 2: mov ax, cs; .byte 0x67; mov si, [esp]; smsw di;"
        "int 0x61; pushw 0x8d7; popfw; pushfw; pop bp");
CODE(enter_16, ".byte 0xea; .long 0; .word 0x40");

PROBE(C17, "a 16-bit code segment")
{
    gdt[SLOT] = segment((uint32_t)code_16->start, 0xFFFF, CODE0_16);
    idt[0x61] = gate(SEL_KCODE, just_iret->start, SYS_INT32, 0);
    run(enter_16);
    list("end");
    item(got.vector);
    item(got.error);
    list("regs");
    item(got.eax);
    item(got.ebx);
    item(got.ecx);
    item(got.edx & 0xFFFF);
    item(got.edi & 0xFFFF);
    item(got.ebp & 0xFFFF);
    show_esp();
}

CODE_16(fault_16, "nop; nop; ud2");

PROBE(C17_fault, "a fault in a 16-bit code segment")
{
    gdt[SLOT] = segment((uint32_t)fault_16->start, 0xFFFF, CODE0_16);
    run(enter_16);
    list("end");
    item(got.vector);
    item(got.eip);
    item(got.cs);
}

CODE(based, "mov eax, 0x40; mov fs, eax; mov ebx, fs:[0x1000]; mov fs:[0x1004], ebx;"
            "mov ecx, [kernel_words + 4]; call 1f; 1: pop edx; sub edx, offset 1b;"
            ".byte 0xea; .long 2f - 0x1000; .word 0x48; 2: mov esi, cs; cli; push cs; pop edi;"
            "call 3f; 3: pop eax; sub eax, offset 3b; .byte 0xea; .long 4f; .word 8; 4: nop");

PROBE(C18, "segments with a base, and wrap-around at 4 GiB")
{
    gdt[SLOT] = segment((uint32_t)kernel_words - 0x1000, 0xFFFFF, DATA0);
    gdt[SLOT + 1] = segment(0x1000, 0xFFFFF, CODE0);
    kernel_words[0] = 0x12345678;
    run(based);
    show_event();
    list("regs");
    item(got.eax);
    item(got.ebx);
    item(got.ecx);
    item(got.edx);
    item(got.esi);
    item(got.edi);
}

/* --- The LDT, conforming code, rings 1 and 2. --- */

CODE(use_ldt,
     "mov eax, 0x38; lldt ax; mov eax, 4; mov fs, eax; mov ebx, fs:[0]; mov eax, 12; mov gs, eax;"
     "mov ecx, gs; lar edx, eax; xor eax, eax; lldt ax; mov esi, fs:[0]; mov edi, fs;"
     "mov eax, 4; mov fs, eax");

PROBE(C26, "the LDT")
{
    ldt[0] = segment((uint32_t)kernel_words, 0xFFFF, DATA0 & ~1u);
    ldt[1] = segment(0, 0xFFFFF, DATA3);
    kernel_words[0] = 0x12345678;
    run(use_ldt);
    show_event();
    list("regs");
    item(got.ebx);
    item(got.ecx);
    item(got.edx);
    item(got.esi);
    item(got.edi);
    show("access", ldt[0] >> 40 & 0xFF);
}

USER_CODE(user_conforming, ".byte 0xea; .long 1f; .word 0x40; 1: mov eax, cs; cli");

PROBE(C27, "conforming code of DPL 0 at CPL 3")
{
    gdt[SLOT] = segment(0, 0xFFFFF, CODE0 | 4);
    run_user(user_conforming);
    show_event();
    show("cs", got.eax);
}

CODE(read_all_kinds, "mov eax, 0x23; mov fs, eax; mov eax, 0x1b; mov gs, eax; lar eax, eax; cli");

PROBE(C28, "the tables in memory are what was written, accessed and busy bits aside")
{
    run(read_all_kinds);
    list("access");
    for (uint32_t i = 0; i < 8; i++)
        item(gdt[i] >> 40 & 0xFFFF);
}

#define RING_BODY                                                                                  \
    "mov eax, cs; mov ebx, ss; pushfd; pop ecx; push cs; pop edx; sti; pushfd; pop esi; lar edi, " \
    "eax"
CODE(ring_body, RING_BODY "; int 0x60");
CODE(enter_ring, "push eax; push offset kernel_words + 2048; push ebx; push ecx;"
                 "push offset ring_body_code; iretd");
CODE(ring_cli, "cli; int 0x60");
CODE(enter_cli, "push eax; push offset kernel_words + 2048; push ebx; push ecx;"
                "push offset ring_cli_code; iretd");

PROBE(C29, "rings 1 and 2")
{
    for (uint32_t ring = 1; ring < 3; ring++) {
        gdt[SLOT] = segment(0, 0xFFFFF, CODE0 | ring << 5);
        gdt[SLOT + 1] = segment(0, 0xFFFFF, DATA0 | ring << 5);
        given.eax = OTHER + ring;
        given.ecx = SEL_FREE + ring;
        given.ebx = ring << 12 | 2;
        run(enter_ring);
        list("ring");
        item(got.vector);
        item(got.eax);
        item(got.ebx);
        item(got.ecx);
        item(got.edx);
        item(got.esi);
        item(got.edi);
        given.eax = OTHER + ring;
        given.ecx = SEL_FREE + ring;
        given.ebx = 2;
        run(enter_cli);
        item(got.vector);
        item(got.error);
        item(got.cs);
    }
}

/* --- The L bit of a code segment: legacy mode does not know it. ---
 *
 * DEC EAX; MOV EBX, EAX is MOV RBX, RAX in 64-bit code. All code sizes agree about the rest. */
enum { LONG = 0x2000, SIZE32 = 0x4000 };
#define TELL_MODE ".byte 0x48, 0x89, 0xc3; int 0x60"
#define FAR_JUMP(selector) \
    "mov eax, 5; xor ebx, ebx; .byte 0xea; .long 1f; .word " selector "; 1: " TELL_MODE

CODE(long_jump, FAR_JUMP("0x40"));
USER_CODE(user_long_jump, FAR_JUMP("0x43"));
CODE(long_return, "mov eax, 5; xor ebx, ebx; push 0x40; push offset 1f; retf; 1: " TELL_MODE);
USER_CODE(user_tell_mode, TELL_MODE);
CODE(long_iret, "mov eax, 5; xor ebx, ebx; push 0x23; push offset user_stack + 2048; push 0x202;"
                "push 0x43; push offset user_tell_mode_code; iretd");

static void show_mode(const char *name, const struct code *code, void (*how)(const struct code *))
{
    how(code);
    list(name);
    item_event();
    item(got.cs);
    item(got.ebx);
}

PROBE(C30, "code segments with L set at CPL 0")
{
    for (uint32_t size = 0; size <= SIZE32; size += SIZE32) {
        gdt[SLOT] = segment(0, 0xFFFFF, (CODE0 & ~SIZE32) | LONG | size);
        show_mode("jmp", long_jump, run);
        show_mode("retf", long_return, run);
    }
}

PROBE(C30_user, "code segments with L set at CPL 3")
{
    for (uint32_t size = 0; size <= SIZE32; size += SIZE32) {
        gdt[SLOT] = segment(0, 0xFFFFF, (CODE3 & ~SIZE32) | LONG | size);
        show_mode("jmp", user_long_jump, run_user);
        show_mode("iret", long_iret, run);
    }
}
