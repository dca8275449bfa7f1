/* Single steps, breakpoints, and the instructions that hold interrupts off. */
#include "probe.h"

/* --- B17: one #DB after each instruction, emulated or not. --- */

#define STEP(name, before, insn)                                        \
    CODE(name, before "pushfd; or dword ptr [esp], 0x100; popfd; " insn \
                      "; nop; pushfd; and dword ptr [esp], 0xfffffeff; popfd")

static void show_steps(const struct code *code)
{
    log_vectors = 1u << EXC_DB;
    run(code);
    show_event();
    show_notes();
}

STEP(step_nop, "", "nop");
STEP(step_cpuid, "xor eax, eax;", "cpuid");
STEP(step_rdtsc, "", "rdtsc");
STEP(step_cli, "", "cli");
STEP(step_sti, "", "sti; nop; cli");
STEP(step_pushf, "", "pushfd; pop eax");
STEP(step_popf, "push 0x102;", "popfd");
STEP(step_popf_off, "push 2;", "popfd");
STEP(step_in, "", "in al, 0x80");
STEP(step_out, "", "out 0x80, al");
STEP(step_rep_ins, "mov edi, offset kernel_words; mov ecx, 3; mov edx, 0x80;", "rep insb");
STEP(step_cr, "", "mov eax, cr0; mov cr0, eax; mov eax, cr3; mov cr3, eax");
STEP(step_dr, "", "mov eax, dr7; mov dr0, eax");
STEP(step_invlpg, "", "invlpg [kernel_words]");
STEP(step_int, "", "int 0x61");
STEP(step_iret, "push 0x102; push cs; push offset 1f;", "iretd; 1: nop");
STEP(step_iret_off, "push 2; push cs; push offset 1f;", "iretd; 1: nop");
STEP(step_mov_ss, "mov eax, ss;", "mov ss, eax; nop");
STEP(step_pop_ss, "push ss;", "pop ss; nop");
STEP(step_mov_ds, "mov eax, ds;", "mov ds, eax");
STEP(step_rep, "mov edi, offset kernel_words; mov ecx, 3;", "rep stosb");
STEP(step_rep_none, "mov edi, offset kernel_words; xor ecx, ecx;", "rep stosb; nop");
STEP(step_rep_ins_none, "mov edi, offset kernel_words; xor ecx, ecx; mov edx, 0x80;",
     "rep insb; nop");
STEP(step_rep_scas, "mov edi, offset kernel_words; mov eax, [edi]; mov ecx, 3; not al;",
     "repne scasb; nop");
STEP(step_push_cs, "", "push cs; pop eax; mov eax, cs; lar eax, eax");
STEP(step_far, "", ".byte 0x9a; .long 1f; .word 8; jmp 2f; 1: retf; 2: nop");
STEP(step_sgdt, "", "sgdt [kernel_words]; str eax; smsw eax");
STEP(step_rdmsr, "mov ecx, 0x174;", "rdmsr");
STEP(step_fnstenv, "", "fnstenv [kernel_words]");
STEP(step_ud, "", "ud2");
CODE(handler_iret, "iretd");

PROBE(B17_nop, "single step: NOP")
{
    show_steps(step_nop);
}

PROBE(B17_cpuid, "single step: CPUID")
{
    show_steps(step_cpuid);
}

PROBE(B17_rdtsc, "single step: RDTSC, RDMSR")
{
    show_steps(step_rdtsc);
    show_steps(step_rdmsr);
}

PROBE(B17_if, "single step: CLI, STI")
{
    show_steps(step_cli);
    show_steps(step_sti);
}

STEP(step_sti_sti, "", "sti; sti; nop; cli");
STEP(step_sti_ss, "mov eax, ss;", "sti; mov ss, eax; nop; cli");
STEP(step_ss_sti, "mov eax, ss;", "mov ss, eax; sti; nop; cli");
STEP(step_if_sti, "sti;", "nop; sti; nop; cli");
STEP(step_sti_hlt, "", "sti; hlt; nop; cli");

PROBE(B17_sti, "single step: STI behind STI, behind MOV SS, with IF set")
{
    show_steps(step_sti_sti);
    show_steps(step_sti_ss);
    show_steps(step_ss_sti);
    show_steps(step_if_sti);
}

PROBE(B17_hlt, "single step: HLT that an interrupt ends")
{
    irq_raise();
    log_vectors = LOG_IRQ | 1u << EXC_DB;
    run(step_sti_hlt);
    irq_quiet();
    show_event();
    show_notes();
}

PROBE(B17_flags, "single step: PUSHF, POPF")
{
    show_steps(step_pushf);
    show("image", got.eax);
    show_steps(step_popf);
    show_steps(step_popf_off);
}

PROBE(B17_io, "single step: IN, OUT, REP INS")
{
    show_steps(step_in);
    show_steps(step_out);
    show_steps(step_rep_ins);
}

PROBE(B17_cr, "single step: MOV CR, MOV DR, INVLPG")
{
    show_steps(step_cr);
    show_steps(step_dr);
    show_steps(step_invlpg);
}

PROBE(B17_int, "single step: INT n and its IRET")
{
    idt[0x61] = gate(SEL_KCODE, handler_iret->start, SYS_INT32, 0);
    show_steps(step_int);
}

PROBE(B17_iret, "single step: IRET")
{
    show_steps(step_iret);
    show_steps(step_iret_off);
}

PROBE(B17_ss, "single step: MOV SS, POP SS, MOV DS")
{
    show_steps(step_mov_ss);
    show_steps(step_pop_ss);
    show_steps(step_mov_ds);
}

PROBE(B17_rep, "single step: REP STOS")
{
    show_steps(step_rep);
}

PROBE(B17_rep_none, "single step: REP STOS and INS that have nothing to do")
{
    show_steps(step_rep_none);
    show_steps(step_rep_ins_none);
}

PROBE(B17_rep_end, "single step: REPNE SCAS that finds nothing")
{
    show_steps(step_rep_scas);
}

PROBE(B17_cs, "single step: PUSH CS, MOV from CS, LAR, far CALL and RET")
{
    show_steps(step_push_cs);
    show_steps(step_far);
}

PROBE(B17_tables, "single step: SGDT, STR, SMSW, FNSTENV")
{
    show_steps(step_sgdt);
    show_steps(step_fnstenv);
}

PROBE(B17_fault, "single step: a fault")
{
    show_steps(step_ud);
}

USER_CODE(user_steps, "nop; cpuid; rdtsc; pushfd; pop ebx; mov ecx, cs; push cs; pop ecx; smsw ecx;"
                      "sgdt [user_words]; int 0x61; nop; push 2; popfd; nop");

PROBE(B17_user, "single steps at CPL 3")
{
    idt[0x61] = gate(SEL_KCODE, handler_iret->start, SYS_INT32 | DPL3, 0);
    log_vectors = 1u << EXC_DB;
    given.eflags = FLAG_TF | FLAG_IF;
    run_user(user_steps);
    show_event();
    show_notes();
    show("image", got.ebx);
}

/* --- B15, B16: breakpoints. --- */

enum { BREAK_X = 0, BREAK_W = 1, BREAK_IO = 2, BREAK_RW = 3 };

/* Breakpoint 0 on `length` bytes; armed while the code runs alone. */
static void run_break(const struct code *code, const void *at, uint32_t kind, uint32_t length)
{
    log_vectors = 1u << EXC_DB;
    write_dr0((uint32_t)at);
    given.dr7 = 0x401 | kind << 16 | (length - 1) << 18;
    run(code);
    show_event();
    show_notes();
}

CODE(break_code, "nop; cpuid; nop; cli; pushfd; pop eax; nop");

PROBE(B15_plain, "instruction breakpoint on a harmless instruction")
{
    run_break(break_code, break_code->start, BREAK_X, 1);
}

PROBE(B15_emulated, "instruction breakpoint on CPUID, CLI, PUSHF")
{
    const char *start = break_code->start;

    run_break(break_code, start + 1, BREAK_X, 1);
    run_break(break_code, start + 4, BREAK_X, 1);
    run_break(break_code, start + 5, BREAK_X, 1);
}

CODE(break_rep, "mov edi, offset kernel_words; mov ecx, 3; mov edx, 0x80; rep insb; nop");
CODE(break_rep_stos, "mov edi, offset kernel_words; mov ecx, 3; mov edx, 0x80; rep stosb; nop");

PROBE(B15_rep, "instruction breakpoint on REP INS, REP STOS")
{
    run_break(break_rep, (const char *)break_rep->start + 15, BREAK_X, 1);
    run_break(break_rep_stos, (const char *)break_rep_stos->start + 15, BREAK_X, 1);
}

PROBE(B15_middle, "instruction breakpoint inside an instruction")
{
    run_break(break_code, (const char *)break_code->start + 2, BREAK_X, 1);
}

USER_CODE(user_break, "nop; cpuid; nop");

PROBE(B15_user, "instruction breakpoint at CPL 3")
{
    for (uint32_t i = 0; i < 2; i++) {
        log_vectors = 1u << EXC_DB;
        write_dr1((uint32_t)user_break->start + i);
        given.dr7 = 0x404;
        run_user(user_break);
        show_event();
        show_notes();
    }
}

CODE(touch, "mov eax, [kernel_words]; mov [kernel_words], eax; inc dword ptr [kernel_words];"
            "mov al, [kernel_words + 3]; mov byte ptr [kernel_words + 4], 1");

PROBE(B16_memory, "data breakpoints on reads and writes")
{
    run_break(touch, kernel_words, BREAK_W, 4);
    run_break(touch, kernel_words, BREAK_RW, 4);
    run_break(touch, (char *)kernel_words + 3, BREAK_RW, 1);
}

CODE(touch_rep, "mov edi, offset kernel_words; mov ecx, 4; mov eax, 7; rep stosd; nop");

PROBE(B16_rep, "data breakpoint in a string instruction")
{
    run_break(touch_rep, kernel_words + 1, BREAK_W, 4);
}

CODE(touch_stack, "push 1; pop eax; push cs; pop eax; pushfd; pop eax; nop");

/* Not the frame of an event: QEMU aborts when a breakpoint is hit while it delivers one. */
PROBE(B16_stack, "data breakpoint on the stack: PUSH, PUSH CS, PUSHF")
{
    run_break(touch_stack, probe_stack + PROBE_TOP - 1, BREAK_W, 4);
}

CODE(touch_table, "mov eax, [window_table]; mov [window_table], eax; sgdt [kernel_words]; nop");

PROBE(B16_table, "data breakpoints on a page table and on SGDT's operand")
{
    run_break(touch_table, window_table, BREAK_W, 4);
    run_break(touch_table, kernel_words, BREAK_W, 2);
}

CODE(port_break, "mov eax, 8; mov cr4, eax; out 0x80, al; nop; in al, 0x80; nop; in al, 0x84;"
                 "xor eax, eax; mov cr4, eax");
CODE(port_break_off, "out 0x80, al; nop");

PROBE(B16_io, "I/O breakpoint with and without CR4.DE")
{
    run_break(port_break, (void *)0x80, BREAK_IO, 1);
    run_break(port_break_off, (void *)0x80, BREAK_IO, 1);
}

CODE(port_break_size, "in al, 0x7f; in ax, 0x7f; in al, 0x81; in al, 0x82; in al, 0x84; nop");
CODE(port_break_outs, "mov esi, offset kernel_words; mov ecx, 3; mov edx, 0x80; rep outsb; nop");
STEP(port_break_step, "", "out 0x80, al; nop; in al, 0x80");

PROBE(B16_io_size, "I/O breakpoints of 1, 2 and 4 bytes, and under TF")
{
    run_break(port_break_size, (void *)0x80, BREAK_IO, 1);
    run_break(port_break_size, (void *)0x80, BREAK_IO, 2);
    run_break(port_break_size, (void *)0x80, BREAK_IO, 4);
    run_break(port_break_step, (void *)0x80, BREAK_IO, 1);
}

/* What is written is a space of this very line. A monitor that passes it on touches the port, too:
 * that must not show in DR6 at the next #DB. */
CODE(port_break_own, "mov eax, 8; mov cr4, eax; mov edx, 0x3f8; mov al, 0x20; out dx, al; nop;"
                     "pushfd; or dword ptr [esp], 0x100; popfd; nop; nop; pushfd;"
                     "and dword ptr [esp], 0xfffffeff; popfd; xor eax, eax; mov cr4, eax");

PROBE(B16_io_own, "I/O breakpoint on the serial port that this is printed on, then single steps")
{
    while (!(inb(0x3FD) & 0x40))
        ;
    run_break(port_break_own, (void *)0x3F8, BREAK_IO, 1);
}

PROBE(B16_io_rep, "I/O breakpoint on REP INS and OUTS, data breakpoint on what INS stores")
{
    run_break(break_rep, (void *)0x80, BREAK_IO, 1);
    show("ecx", got.ecx);
    run_break(port_break_outs, (void *)0x80, BREAK_IO, 1);
    show("ecx", got.ecx);
    run_break(break_rep, (char *)kernel_words + 1, BREAK_W, 1);
    show("ecx", got.ecx);
}

CODE(pushed_image, "pushfd; or dword ptr [esp], 0x100; popfd; pushfd; pop eax; pushfd; pop ebx;"
                   "and ebx, 0xfffffeff; push ebx; popfd; pushfd; pop ecx");

PROBE(B18, "TF in the image of PUSHF")
{
    log_vectors = 1u << EXC_DB;
    run(pushed_image);
    show_event();
    list("images");
    item(got.eax);
    item(got.ebx);
    item(got.ecx);
}

/* --- B19, B20: what holds events off for one instruction. --- */

CODE(ss_break,
     "mov eax, ss; mov ecx, offset kernel_words; mov [ecx], eax; mov ss, [ecx]; int3; nop");
CODE(ss_int,
     "mov eax, ss; mov ecx, offset kernel_words; mov [ecx], eax; mov ss, [ecx]; int 0x61; nop");
CODE(ss_ud, "mov eax, ss; mov ecx, offset kernel_words; mov [ecx], eax; mov ss, [ecx]; ud2");

PROBE(B19, "MOV SS with a data breakpoint, then INT3, INT n, #UD")
{
    idt[0x61] = gate(SEL_KCODE, handler_iret->start, SYS_INT32, 0);
    run_break(ss_break, kernel_words, BREAK_RW, 4);
    run_break(ss_int, kernel_words, BREAK_RW, 4);
    run_break(ss_ud, kernel_words, BREAK_RW, 4);
}

CODE(shadow_sti, "sti; nop; nop; nop; cli");
CODE(shadow_sti_cli, "sti; cli; nop; nop");
CODE(shadow_sti_sti, "sti; sti; nop; cli");
CODE(shadow_popf, "push 0x202; popfd; nop; nop; cli");
CODE(shadow_iret, "push 0x202; push cs; push offset 1f; iretd; 1: nop; nop; cli");
CODE(shadow_ss, "mov eax, ss; sti; mov ss, eax; nop; nop; cli");
CODE(shadow_hlt, "sti; hlt; nop; cli");
CODE(shadow_popf_cli, "push 0x202; popfd; cli; nop");
CODE(shadow_sti_iret, "push 2; push cs; push offset 1f; sti; iretd; 1: nop; nop");

static void show_irq(const char *name, const struct code *code)
{
    irq_raise();
    log_vectors = LOG_IRQ;
    run(code);
    irq_quiet();
    list(name);
    item_event();
    show_notes();
}

PROBE(B20_sti, "STI with an interrupt pending")
{
    show_irq("nop", shadow_sti);
    show_irq("cli", shadow_sti_cli);
    show_irq("sti", shadow_sti_sti);
    show_irq("ss", shadow_ss);
    show_irq("iret", shadow_sti_iret);
}

PROBE(B20_popf, "POPF and IRET with an interrupt pending")
{
    show_irq("popf", shadow_popf);
    show_irq("popf_cli", shadow_popf_cli);
    show_irq("iret", shadow_iret);
}

PROBE(B20_hlt, "STI, HLT with an interrupt pending")
{
    show_irq("hlt", shadow_hlt);
}

CODE(icebp, ".byte 0xf1; nop");
CODE(sticky, "mov eax, 0x4002; mov dr6, eax; pushfd; or dword ptr [esp], 0x100; popfd; nop");

PROBE(B21, "ICEBP, and DR6 that is never cleared")
{
    try_code("icebp", icebp);
    show("dr6", got.dr6);
    run(sticky);
    show_event();
    show("dr6", got.dr6);
}

STEP(step_onto, "mov eax, offset 1f; mov dr1, eax; mov dr3, eax;", "nop; 1: nop; cpuid");

PROBE(B21_match, "a single step onto instruction breakpoints that are not enabled")
{
    show_steps(step_onto);
    write_dr1(0);
    write_dr3(0);
}
