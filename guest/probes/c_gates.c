/* Call gates, task gates and task switches, the inner stack and the ports of a task. */
#include "segments.h"
#include "lib/string.h"

CODE(gate_target,
     "mov eax, cs; mov ebx, ss; mov ecx, [esp + 4]; mov edx, [esp + 8]; mov esi, [esp + 12];"
     "mov edi, [esp + 16]; mov ebp, ds");
CODE(gate_call, "push 0x11111111; push 0x22222222; .byte 0x9a; .long 0; .word 0x40");
USER_CODE(user_gate_call, "push 0x11111111; push 0x22222222; .byte 0x9a; .long 0; .word 0x43");

static void show_gate(const char *name, const struct code *code, void (*how)(const struct code *),
                      uint64_t descriptor)
{
    gdt[SLOT] = descriptor;
    how(code);
    list(name);
    item_event();
    item(got.eax);
    item(got.ebx);
    item(got.ecx);
    item(got.edx);
    item(got.esi);
    item(got.ebp);
}

PROBE(C20, "call gates: same ring, inner ring, parameters")
{
    const void *to = gate_target->start;

    show_gate("same", gate_call, run, gate(SEL_KCODE, to, SYS_CALL32, 0));
    show_gate("same2", gate_call, run, gate(SEL_KCODE, to, SYS_CALL32, 2));
    show_gate("inner", user_gate_call, run_user, gate(SEL_KCODE, to, SYS_CALL32 | DPL3, 0));
    show_gate("inner2", user_gate_call, run_user, gate(SEL_KCODE, to, SYS_CALL32 | DPL3, 2));
    show_gate("dpl", user_gate_call, run_user, gate(SEL_KCODE, to, SYS_CALL32, 0));
    show_gate("np", user_gate_call, run_user, gate(SEL_KCODE, to, 0x6C, 0));
    show_gate("null", user_gate_call, run_user, gate(0, to, SYS_CALL32 | DPL3, 0));
    show_gate("data", user_gate_call, run_user, gate(SEL_KDATA, to, SYS_CALL32 | DPL3, 0));
}

/* A 16-bit gate leads below 64 KiB only: a jump is put there. */
static void *low_jump(const void *to)
{
    uint8_t *low = (uint8_t *)0x7800;
    uint32_t distance = (uint32_t)to - 0x7805;

    low[0] = 0xE9;
    memcpy(low + 1, &distance, sizeof(distance));
    return low;
}

PROBE(C20_16, "16-bit call gates")
{
    const void *to = low_jump(gate_target->start);

    show_gate("same", gate_call, run, gate(SEL_KCODE, to, SYS_CALL16, 0));
    show_esp();
    show_gate("inner3", user_gate_call, run_user, gate(SEL_KCODE, to, SYS_CALL16 | DPL3, 3));
}

CODE(gate_return, "mov eax, [esp + 8]; mov ebx, [esp + 12]; retf 8");
USER_CODE(user_gate_return,
          "push 0x11111111; push 0x22222222; .byte 0x9a; .long 0; .word 0x43; mov ecx, esp;"
          "mov edx, cs; pushfd; pop esi");

PROBE(C20_return, "a call gate and the far return with parameters")
{
    gdt[SLOT] = gate(SEL_KCODE, gate_return->start, SYS_CALL32 | DPL3, 2);
    run_user(user_gate_return);
    show_event();
    list("regs");
    item(got.eax);
    item(got.ebx);
    item(got.ecx - given.esp);
    item(got.edx);
    item(got.esi & 0x3202);
}

static void make_task(const struct code *code)
{
    tss2.cr3 = tss.cr3 = (uint32_t)directory;
    tss2.eip = (uint32_t)code->start;
    tss2.eflags = 0x2;
    tss2.esp = (uint32_t)(kernel_words + 1024);
    tss2.cs = SEL_KCODE;
    tss2.ss = tss2.ds = tss2.es = SEL_KDATA;
    tss2.fs = SEL_UDATA;
    tss2.eax = 0x11111111;
    tss2.edi = 0x77777777;
    tss2.ss0 = SEL_KDATA;
    tss2.esp0 = tss2.esp;
    tss2.map_base = sizeof(tss2);
}

static void show_task(void)
{
    show_event();
    list("regs");
    item(got.eax);
    item(got.ebx);
    item(got.ecx);
    item(got.edx);
    item(got.edi);
    item(got.fs);
    item(got.eflags);
    list("tss");
    item(tss.eip - given.eip);
    item(tss.esp == given.esp);
    item(tss.ecx);
    item(tss.eflags);
    item(tss.cs);
    item(tss2.link);
    list("busy");
    item(access_byte(SEL_TSS));
    item(access_byte(SEL_TSS2));
    show("cr0", read_cr0());
}

CODE(task_body, "mov ebx, cr0; str ecx; pushfd; pop edx; push 2; popfd");
CODE(jump_task, "mov ecx, 0x33333333; .byte 0xea; .long 0; .word 0x30");
CODE(call_task, "mov ecx, 0x33333333; .byte 0x9a; .long 0; .word 0x30; str ebx; pushfd; pop edx");
CODE(task_returns, "pushfd; pop ebx; mov eax, [esp]; mov [kernel_words], ebx; 1: iretd; jmp 1b");
CODE(jump_gate, "mov ecx, 0x33333333; .byte 0xea; .long 0; .word 0x40");

PROBE(C21_jmp, "JMP to a task")
{
    make_task(task_body);
    run(jump_task);
    show_task();
}

PROBE(C21_call, "CALL of a task and its IRET")
{
    make_task(task_returns);
    run(call_task);
    show_task();
    show("inside", kernel_words[0]);
    show("eip2", tss2.eip - (uint32_t)task_returns->start);
}

PROBE(C21_gate, "JMP through a task gate")
{
    make_task(task_body);
    gdt[SLOT] = gate(SEL_TSS2, NULL, SYS_TASK, 0);
    run(jump_gate);
    show_task();
}

PROBE(C21_busy, "a task that is busy, absent, too small, the current one")
{
    make_task(task_body);
    gdt[SEL_TSS2 / 8] = segment((uint32_t)&tss2, 0x67, 0x8B);
    run(jump_task);
    show_event();
    gdt[SEL_TSS2 / 8] = segment((uint32_t)&tss2, 0x67, 0x09);
    run(jump_task);
    show_event();
    gdt[SEL_TSS2 / 8] = segment((uint32_t)&tss2, 0x66, 0x89);
    run(jump_task);
    show_event();
}

CODE(iret_nested, "push 0x4002; popfd; iretd");

PROBE(A26, "IRET with NT goes back to the task that TSS.link names")
{
    make_task(task_body);
    tss.link = SEL_TSS2;
    gdt[SEL_TSS2 / 8] = segment((uint32_t)&tss2, 0x67, 0x8B);
    run(iret_nested);
    show_task();
}

CODE(int_61, "int 0x61; str ebx; pushfd; pop edx; mov ecx, ss");

PROBE(C22, "INT n through a task gate")
{
    make_task(task_returns);
    idt[0x61] = gate(SEL_TSS2, NULL, SYS_TASK, 0);
    run(int_61);
    show_task();
    show("inside", kernel_words[0]);
}

CODE(task_error,
     "pop eax; mov ebx, esp; sub ebx, offset kernel_words + 4096; str ecx; push 2; popfd");
CODE(raise_gp, "mov eax, 0x1000; mov ds, eax");
CODE(bad_stack, "mov esp, 0x50000000; push eax");

PROBE(C22_fault, "a fault through a task gate, and #DF because the stack is gone")
{
    make_task(task_error);
    idt[EXC_GP] = gate(SEL_TSS2, NULL, SYS_TASK, 0);
    run(raise_gp);
    show_task();
    machine_reset();
    make_task(task_error);
    idt[EXC_DF] = gate(SEL_TSS2, NULL, SYS_TASK, 0);
    run(bad_stack);
    show_task();
    show("cr2", got.cr2);
}

PROBE(C23, "faults of a task switch: bad segments of the new task")
{
    make_task(task_body);
    tss2.ds = 0x1000;
    run(jump_task);
    list("ds");
    item_event();
    item(got.eip - (uint32_t)task_body->start < 64);
    machine_reset();
    make_task(task_body);
    tss2.ldt = 0x1000;
    run(jump_task);
    list("ldt");
    item_event();
    item(got.eip - (uint32_t)task_body->start < 64);
}

USER_CODE(user_ud, "ud2");

PROBE(C24, "ESP0 changed in memory counts at the next entry")
{
    static const struct code *code = user_ud;

    tss.esp0 = (uint32_t)(kernel_words + 512);
    run_user(code);
    show_event();
    list("frame");
    item(kernel_words[511]);
    item(kernel_words[509] & ~0x10000u);
    item(kernel_words[508]);
}

/* --- Ports by bitmap and IOPL. --- */

USER_CODE(user_in_byte, "mov edx, 0x80; in al, dx");
USER_CODE(user_in_word, "mov edx, 0x80; in ax, dx");
USER_CODE(user_in_last, "mov edx, 0x41f; in al, dx; mov edx, 0x41f; in ax, dx");
USER_CODE(user_cli, "cli; pushfd; pop ebx; sti; pushfd; pop ecx");

PROBE(C25, "the I/O permission bitmap")
{
    memset(tss.map, 0xFF, sizeof(tss.map));
    tss.map_base = offsetof(struct tss, map);
    try_user("closed", user_in_byte);
    tss.map[0x80 / 8] = 0xFE;
    try_user("open", user_in_byte);
    try_user("word", user_in_word);
    tss.map[0x80 / 8] = 0xFC;
    try_user("word2", user_in_word);
    tss.map[0x41F / 8] = 0x7F;
    try_user("last", user_in_last);
    tss.map_base = 0xFFFF;
    try_user("beyond", user_in_byte);
    tss.map_base = sizeof(tss);
    given.eflags = 0x3000;
    try_user("iopl3", user_in_byte);
}
