/* The instructions that show privileged state without trapping: Robin and Irvine's seventeen, and
 * what else lets a kernel ask where it runs. */
#include "probe.h"
#include "lib/string.h"

/* --- SGDT SIDT SLDT STR SMSW --- */

CODE(sgdt, "sgdt [kernel_words]; sidt [kernel_words + 8]");

PROBE(A01, "SGDT at CPL 0")
{
    run(sgdt);
    show_event();
    show("limit", kernel_words[0] & 0xFFFF);
    show("base_ok", (kernel_words[0] >> 16 | kernel_words[1] << 16) == (uint32_t)gdt);
    show("beyond", kernel_words[1] >> 16);
}

PROBE(A02, "SIDT at CPL 0")
{
    run(sgdt);
    show("limit", kernel_words[2] & 0xFFFF);
    show("base_ok", (kernel_words[2] >> 16 | kernel_words[3] << 16) == (uint32_t)idt);
    show("beyond", kernel_words[3] >> 16);
}

USER_CODE(user_tables, "sgdt [user_words]; sidt [user_words + 8]; sldt eax; str ebx; smsw ecx");

PROBE(A03, "SGDT SIDT SLDT STR SMSW at CPL 3")
{
    run_user(user_tables);
    show_event();
    show("gdt_ok", (user_words[0] >> 16 | user_words[1] << 16) == (uint32_t)gdt);
    show("idt_ok", (user_words[2] >> 16 | user_words[3] << 16) == (uint32_t)idt);
    list("limits");
    item(user_words[0] & 0xFFFF);
    item(user_words[2] & 0xFFFF);
    show("ldt", got.eax);
    show("tr", got.ebx);
    show("msw", got.ecx);
}

CODE(sgdt_16, "lgdt [kernel_words]; .byte 0x66; sgdt [kernel_words + 8]; sgdt [kernel_words + 16];"
              "lidt [kernel_words + 24]; .byte 0x66; sidt [kernel_words + 32]");

PROBE(A04, "SGDT SIDT with an operand-size prefix and a high base")
{
    map(0, gdt, PTE_P | PTE_W);
    map(1, idt, PTE_P | PTE_W);
    kernel_words[0] = (WINDOW & 0xFFFF) << 16 | (sizeof(gdt) - 1);
    kernel_words[1] = WINDOW >> 16;
    kernel_words[6] = ((WINDOW + 4096) & 0xFFFF) << 16 | 0x7FF;
    kernel_words[7] = (WINDOW + 4096) >> 16;
    run(sgdt_16);
    show_event();
    list("words");
    for (int i = 2; i < 10; i++)
        item(kernel_words[i]);
}

CODE(sldt,
     "mov ecx, 0x38; lldt cx; mov eax, -1; mov ebx, -1; sldt eax; sldt bx;"
     "mov dword ptr [kernel_words], -1; sldt word ptr [kernel_words]; mov edx, [kernel_words]");

PROBE(A05, "SLDT into 32-bit, 16-bit registers and memory")
{
    run(sldt);
    show_event();
    show("r32", got.eax);
    show("r16", got.ebx);
    show("m16", got.edx);
}

CODE(str, "mov eax, -1; mov ebx, -1; str eax; str bx;"
          "mov dword ptr [kernel_words], -1; str word ptr [kernel_words]; mov edx, [kernel_words]");

PROBE(A06, "STR before and after LTR")
{
    run(str);
    show_event();
    show("before", entry_tr);
    show("r32", got.eax);
    show("r16", got.ebx);
    show("m16", got.edx);
}

CODE(smsw, "mov eax, -1; mov ebx, -1; smsw eax; smsw bx; mov dword ptr [kernel_words], -1;"
           "smsw word ptr [kernel_words]; mov edx, [kernel_words];"
           "smsw word ptr [0x40000fff]; mov ecx, [0x40000ffe]");

PROBE(A07, "SMSW into registers, memory, memory across pages")
{
    map(0, frames[1], PTE_P | PTE_W);
    map(1, frames[0], PTE_P | PTE_W);
    run(smsw);
    show_event();
    show("r32", got.eax);
    show("r16", got.ebx);
    show("m16", got.edx);
    show("straddle", got.ecx);
}

CODE(lmsw, "mov eax, 0xFFFFFFFA; lmsw ax; mov eax, cr0; smsw ebx; mov ecx, 0x0E; lmsw cx;"
           "mov ecx, cr0; xor edx, edx; lmsw dx; mov edx, cr0");

PROBE(A08, "LMSW cannot clear PE and writes four bits")
{
    run(lmsw);
    show_event();
    list("cr0");
    item(got.eax);
    item(got.ebx);
    item(got.ecx);
    item(got.edx);
}

/* --- PUSHF and POPF --- */

CODE(cli_sti, "cli; pushfd; pop eax; sti; pushfd; pop ebx; cli; pushfd; pop ecx");

PROBE(A09, "IF through PUSHF")
{
    run(cli_sti);
    show_event();
    list("flags");
    item(got.eax);
    item(got.ebx);
    item(got.ecx);
}

CODE(popf, "push eax; popfd; pushfd; pop ebx; push 2; popfd");

PROBE(A10, "IOPL through POPF")
{
    list("flags");
    for (uint32_t iopl = 0; iopl < 4; iopl++) {
        given.eax = iopl << 12 | EFLAGS;
        run(popf);
        item(got.ebx);
    }
}

PROBE(A11, "IF through POPF")
{
    list("flags");
    for (uint32_t i = 0; i < 4; i++) {
        given.eax = i & 1 ? EFLAGS | FLAG_IF : EFLAGS;
        given.eflags = i & 2 ? FLAG_IF : 0;
        run(popf);
        item(got.ebx);
    }
}

CODE(popf_16,
     "push 0x244202; popfd; push 0xffff3cd7; .byte 0x66; popf; pushfd; pop ebx;"
     "mov eax, -1; push eax; push eax; .byte 0x66; pushf; pop eax; add esp, 6; push 2; popfd");

PROBE(A12, "POPF and PUSHF of 16 bits")
{
    run(popf_16);
    show_event();
    show("flags", got.ebx);
    show("pushed", got.eax);
    show_esp();
}

USER_CODE(user_popf, "pushfd; pop ebx; push eax; popfd; pushfd; pop ecx");

PROBE(A13, "POPF at CPL 3: IF and IOPL by IOPL")
{
    for (uint32_t iopl = 0; iopl < 4; iopl += 3) {
        list(iopl ? "iopl3" : "iopl0");
        for (uint32_t i = 0; i < 4; i++) {
            given.eax = EFLAGS | (i & 1 ? 0x3000 : 0) | (i & 2 ? FLAG_IF : 0);
            given.eflags = iopl << 12 | (i & 2 ? 0 : FLAG_IF);
            run_user(user_popf);
            item(got.ebx);
            item(got.ecx);
        }
    }
}

PROBE(A14, "POPF with VM, RF, VIF, VIP")
{
    list("flags");
    for (uint32_t bit = 16; bit <= 20; bit++) {
        given.eax = 1u << bit | EFLAGS;
        run(popf);
        item_event();
        item(got.ebx);
    }
}

PROBE(A15, "the mask of EFLAGS bits that stick")
{
    list("flags");
    for (uint32_t bit = 0; bit < 32; bit++) {
        if (1u << bit == FLAG_TF)
            continue;
        given.eax = 1u << bit;
        run(popf);
        item(got.ebx);
    }
}

/* --- CS, SS and the data segment registers --- */

CODE(push_cs,
     "mov eax, -1; push eax; .byte 0x66; push cs; pop ax; pop bx; pop bx; push cs; pop ebx");

PROBE(A16, "PUSH CS of 16 and 32 bits")
{
    run(push_cs);
    show_event();
    show("w", got.eax);
    show("d", got.ebx);
    show_esp();
}

CODE(mov_cs, "mov eax, -1; mov ebx, -1; mov eax, cs; mov bx, cs; mov dword ptr [kernel_words], -1;"
             "mov [kernel_words], cs; mov ecx, [kernel_words]");

PROBE(A17, "MOV from CS")
{
    run(mov_cs);
    show_event();
    show("r32", got.eax);
    show("r16", got.ebx);
    show("m16", got.ecx);
}

CODE(push_ss, "push ss; pop eax; mov ebx, -1; mov bx, ss; mov ecx, ss;"
              "mov dword ptr [kernel_words], -1; mov [kernel_words], ss; mov edx, [kernel_words]");

PROBE(A18, "PUSH SS and MOV from SS")
{
    run(push_ss);
    show_event();
    show("pushed", got.eax);
    show("r16", got.ebx);
    show("r32", got.ecx);
    show("m16", got.edx);
}

CODE(data_selectors, "mov ecx, eax; mov ds, ecx; mov es, ecx; mov fs, ecx; mov gs, ecx;"
                     "push ds; pop eax; push es; pop ebx; mov edx, fs; push gs; pop edi;"
                     "mov ecx, 0x10; mov ds, ecx; mov es, ecx");

PROBE(A19, "DS ES FS GS read back as loaded")
{
    static const uint32_t selectors[] = {0, 1, 3, 0x10, 0x11, 0x12, 0x13, 0x20, 0x23, 8, 0x18};

    for (size_t i = 0; i < sizeof(selectors) / sizeof(selectors[0]); i++) {
        given.eax = selectors[i];
        run(data_selectors);
        list("load");
        item_event();
        item(got.eax);
        item(got.ebx);
        item(got.edx);
        item(got.edi);
    }
}

CODE(push_upper, "push ds; push es; push fs; push cs; push ss; push gs; .byte 0x66; push ds;"
                 ".byte 0x66; push fs");

PROBE(A20, "the upper half of a pushed segment register")
{
    run(push_upper);
    show_event();
    show_esp();
    show_stack("stack", -7, -1);
}
