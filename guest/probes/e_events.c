/* Exceptions and interrupts: frames, error codes, priorities, and what is left on the stack. */
#include "probe.h"
#include "lib/string.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define TRY(name, ...)                               \
    do {                                             \
        static const uint8_t code[] = {__VA_ARGS__}; \
        run_bytes(code, sizeof(code));               \
        list(name);                                  \
        item_event();                                \
    } while (0)
#define TRY_USER(name, ...)                          \
    do {                                             \
        static const uint8_t code[] = {__VA_ARGS__}; \
        run_user_bytes(code, sizeof(code));          \
        list(name);                                  \
        item_event();                                \
    } while (0)

/* --- E01, E02: below ESP. --- */

CODE(quiet,
     "cli; sti; cli; cpuid; rdtsc; mov eax, cr0; mov cr0, eax; mov eax, cr3; mov cr3, eax;"
     "in al, 0x80; out 0x80, al; sgdt [kernel_words]; smsw eax; str eax; mov eax, cs; lar eax, eax;"
     "invlpg [kernel_words]; mov eax, [0x40000000]; mov ds, [kernel_words + 32]; mov eax, dr7;"
     "fnstenv [kernel_words + 64]; mov ecx, 200000; 1: dec ecx; jnz 1b");

PROBE(E01, "the bytes below ESP after instructions, faults that the guest does not see, and time")
{
    uint32_t changed = 0;

    map(0, frames[0], PTE_P | PTE_W);
    kernel_words[8] = SEL_KDATA;
    run(quiet);
    show_event();
    for (uint32_t i = 0; i < 1024; i++)
        changed += probe_stack[i] != STACK_PATTERN;
    show("changed", changed);
}

CODE(handler_iret_e, "iretd");
CODE(take_int, "int 0x61");
CODE(handler_error, "add esp, 4; add dword ptr [esp], 2; iretd");
CODE(take_gp, "mov eax, 0x1000; mov ds, eax; nop");

PROBE(E02, "what an event leaves below ESP")
{
    idt[0x61] = gate(SEL_KCODE, handler_iret_e->start, SYS_INT32, 0);
    run(take_int);
    show_event();
    list("int");
    for (int i = -6; i < 0; i++)
        item(i == -3 ? probe_stack[PROBE_TOP + i] - given.eip : probe_stack[PROBE_TOP + i]);
    idt[EXC_GP] = gate(SEL_KCODE, handler_error->start, SYS_INT32, 0);
    run(take_gp);
    show_event();
    list("gp");
    for (int i = -6; i < 0; i++)
        item(i == -3 ? probe_stack[PROBE_TOP + i] - given.eip : probe_stack[PROBE_TOP + i]);
}

CODE(int_22, "mov eax, -1; int 0x22");
USER_CODE(user_int_61, "int 0x61");

static void show_frame(const char *name, uint32_t words)
{
    list(name);
    item(got.frame[0] - given.eip);
    for (uint32_t i = 1; i < words; i++)
        item(i == 3 ? got.frame[3] - given.esp : got.frame[i]);
}

PROBE(E03, "the frame: EIP, CS with its upper half, EFLAGS")
{
    static const uint32_t flags[] = {0x2, 0x8D7, 0x4002, 0x3002, 0x240002, 0x40202};

    for (size_t i = 0; i < COUNT(flags); i++) {
        given.eflags = flags[i];
        run(int_22);
        show_frame("int", 3);
        show("now", got.vector);
    }
    run(take_gp);
    show_frame("gp", 3);
    given.eflags = 0x3202;
    run_user(user_int_61);
    show_frame("user", 5);
}

CODE(show_flags,
     "pushfd; pop eax; mov ebx, esp; mov ecx, [esp]; mov edx, [esp + 4]; mov esi, [esp + 8];"
     "mov edi, [esp + 12]; mov ebp, ss");

static void run_gate(const char *name, const struct code *code, void (*how)(const struct code *),
                     uint64_t descriptor, uint32_t flags)
{
    idt[0x61] = descriptor;
    given.eflags = flags;
    how(code);
    list(name);
    item_event();
    item(got.eax);
    item(got.edx);
    item(got.esi);
    item(got.cs);
    item(got.ebp);
}

PROBE(E05, "interrupt gates and trap gates")
{
    const void *to = show_flags->start;

    run_gate("int", take_int, run, gate(SEL_KCODE, to, SYS_INT32, 0), 0x47202);
    run_gate("trap", take_int, run, gate(SEL_KCODE, to, SYS_TRAP32, 0), 0x47202);
    run_gate("user_int", user_int_61, run_user, gate(SEL_KCODE, to, SYS_INT32 | DPL3, 0), 0x47202);
    run_gate("user_trap", user_int_61, run_user, gate(SEL_KCODE, to, SYS_TRAP32 | DPL3, 0),
             0x47202);
}

/* A 16-bit gate leads below 64 KiB: a jump to the handler is put there. */
static void *low_jump(const void *to)
{
    uint8_t *low = (uint8_t *)0x7800;
    uint32_t distance = (uint32_t)to - 0x7805;

    low[0] = 0xE9;
    memcpy(low + 1, &distance, sizeof(distance));
    return low;
}

CODE(show_words,
     "pushfd; pop eax; mov ebx, esp; movzx ecx, word ptr [esp]; movzx edx, word ptr [esp + 2];"
     "movzx esi, word ptr [esp + 4]; movzx edi, word ptr [esp + 6]; movzx ebp, word ptr [esp + 8]");

PROBE(E04, "16-bit interrupt and trap gates")
{
    const void *to = low_jump(show_words->start);

    idt[0x61] = gate(SEL_KCODE, to, SYS_INT16, 0);
    given.eflags = 0x202;
    run(take_int);
    list("int");
    item_event();
    item(got.eax);
    item(got.ebx - given.esp);
    item(got.edx);
    item(got.esi);
    idt[0x61] = gate(SEL_KCODE, to, SYS_TRAP16 | DPL3, 0);
    given.eflags = 0x202;
    run_user(user_int_61);
    list("user");
    item_event();
    item(got.eax);
    item(got.edx);
    item(got.esi);
    item(got.edi);
    item(got.ebp);
}

PROBE(E04_error, "an error code through a 16-bit gate")
{
    idt[EXC_GP] = gate(SEL_KCODE, low_jump(show_words->start), SYS_INT16, 0);
    run(take_gp);
    list("gp");
    item_event();
    item(got.eax);
    item(got.ebx - given.esp);
    item(got.ecx);
    item(got.esi);
    item(got.edi);
}

PROBE(E06, "an inner stack that is refused: #TS, and what it says")
{
    static const uint16_t stacks[] = {0, SEL_UDATA, SEL_KCODE, SEL_FREE, 0x1000, SEL_KDATA + 1};

    list("ts");
    for (size_t i = 0; i < COUNT(stacks); i++) {
        gdt[SEL_FREE / 8] = segment(0, 0xFFFFF, DATA0 & ~0x80u);
        gdt[SEL_TSS2 / 8] = segment((uint32_t)&tss2, 0x67, SYS_TSS32);
        /* #TS itself needs a stack: it comes through a task of its own. */
        tss2.cr3 = tss.cr3 = (uint32_t)directory;
        tss2.eip = (uint32_t)show_words->start;
        tss2.esp = (uint32_t)(kernel_words + 1000);
        tss2.cs = SEL_KCODE;
        tss2.ss = tss2.ds = tss2.es = SEL_KDATA;
        tss2.eflags = 2;
        idt[EXC_TS] = gate(SEL_TSS2, NULL, SYS_TASK, 0);
        idt[EXC_SS] = gate(SEL_TSS2, NULL, SYS_TASK, 0);
        idt[EXC_DF] = gate(SEL_TSS2, NULL, SYS_TASK, 0);
        tss.ss0 = stacks[i];
        run_user(user_int_61);
        item(got.ecx | got.edx << 16);
        item(tss.eip - given.eip);
        machine_reset();
    }
}

/* --- E08, E09, E10: the IDT. --- */

static void load_idt(const void *base, uint32_t limit)
{
    struct {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) idtr = {limit, (uint32_t)base};

    __asm__ volatile("lidt %0" ::"m"(idtr));
}

CODE(int_70, "int 0x70");
USER_CODE(user_int_70, "int 0x70");

PROBE(E08, "vectors beyond the IDT's limit, at its edge, and in an absent page")
{
    load_idt(idt, 0x70 * 8 - 1);
    try_code("beyond", int_70);
    load_idt(idt, 0x70 * 8 + 6);
    try_code("edge", int_70);
    load_idt(idt, 0x70 * 8 + 7);
    run(int_70);
    show("last", got.vector);
    load_idt(idt, 0x70 * 8 - 1);
    try_user("user", user_int_70);
    /* Vectors 0 to 31 lie before the page's end, the rest in an absent one. */
    memcpy(frames[0] + 0xF00, idt, 0x100);
    map(0, frames[0], PTE_P | PTE_W);
    load_idt(window(0) + 0xF00, 0x7FF);
    try_code("absent", int_70);
}

PROBE(E08_moved, "an IDT that is moved and edited takes effect at once")
{
    uint64_t *copy = (uint64_t *)frames[0];

    memcpy(copy, idt, sizeof(idt));
    copy[0x61] = gate(SEL_KCODE, handler_iret_e->start, SYS_INT32, 0);
    load_idt(copy, 0x7FF);
    try_code("moved", take_int);
    copy[0x61] = copy[0x62];
    run(take_int);
    show("edited", got.vector);
}

static void try_gate(const char *name, uint64_t descriptor)
{
    idt[0x70] = descriptor;
    try_code(name, int_70);
    run_user(user_int_70);
    item_event();
}

PROBE(E09, "gates that are refused: type, absent, DPL, target")
{
    const void *to = handler_iret_e->start;

    try_gate("zero", 0);
    try_gate("np", gate(SEL_KCODE, to, (SYS_INT32 | DPL3) & ~0x80u, 0));
    try_gate("call", gate(SEL_KCODE, to, SYS_CALL32 | DPL3, 0));
    try_gate("data", gate(SEL_KCODE, to, 0xF3, 0));
    try_gate("dpl", gate(SEL_KCODE, to, SYS_INT32, 0));
    try_gate("null", gate(0, to, SYS_INT32 | DPL3, 0));
    try_gate("sel_data", gate(SEL_KDATA, to, SYS_INT32 | DPL3, 0));
    try_gate("sel_far", gate(0x1000, to, SYS_INT32 | DPL3, 0));
    try_gate("sel_ldt", gate(SEL_KCODE | 4, to, SYS_INT32 | DPL3, 0));
    try_gate("sel_user", gate(SEL_UCODE, user_int_61->start, SYS_INT32 | DPL3, 0));
    gdt[SEL_FREE / 8] = segment(0, 0xFFFFF, CODE0 & ~0x80u);
    try_gate("sel_np", gate(SEL_FREE, to, SYS_INT32 | DPL3, 0));
    try_gate("task_null", gate(0, NULL, SYS_TASK | DPL3, 0));
    try_gate("task_data", gate(SEL_KDATA, NULL, SYS_TASK | DPL3, 0));
}

CODE(divide, "xor ecx, ecx; div ecx");

PROBE(E10, "the EXT bit: an exception and an interrupt through bad gates")
{
    idt[EXC_UD] = gate(SEL_KCODE, handler_iret_e->start, SYS_INT32 & ~0x80u, 0);
    TRY("ud", 0x0F, 0x0B);
    idt[EXC_DE] = gate(0x1000, handler_iret_e->start, SYS_INT32, 0);
    try_code("de", divide);
    idt[EXC_BP] = gate(0x1000, handler_iret_e->start, SYS_INT32, 0);
    TRY("int3", 0xCC);
    idt[0x24] = gate(SEL_KCODE, handler_iret_e->start, SYS_INT32 & ~0x80u, 0);
    irq_raise();
    TRY("irq", 0xFB, 0x90, 0x90, 0xFA);
    irq_quiet();
}

/* --- E11 to E14: single exceptions. --- */

CODE(into, "mov al, 0x7f; inc al; into; nop");
CODE(into_clear, "xor eax, eax; into; nop");
CODE(bound, "mov dword ptr [kernel_words], 1; mov dword ptr [kernel_words + 4], 5; mov eax, 5; "
            "bound eax, [kernel_words];"
            "mov eax, 6; bound eax, [kernel_words]");
CODE(bound_low, "mov dword ptr [kernel_words], 1; mov dword ptr [kernel_words + 4], 5; xor eax, "
                "eax; bound eax, [kernel_words]");
USER_CODE(user_into, "mov al, 0x7f; inc al; into; nop");

PROBE(E11, "INT3, INTO, BOUND, ICEBP and their two-byte forms")
{
    TRY("int3", 0xCC);
    TRY("cd03", 0xCD, 3);
    try_code("into", into);
    try_code("into0", into_clear);
    try_user("user_into", user_into);
    TRY("cd04", 0xCD, 4);
    try_code("bound", bound);
    try_code("low", bound_low);
    TRY("icebp", 0xF1);
    TRY("cd01", 0xCD, 1);
    TRY_USER("user_icebp", 0xF1);
    TRY_USER("user_cd01", 0xCD, 1);
}

#define ODD(name, ...)                          \
    {                                           \
        name, sizeof((uint8_t[]){__VA_ARGS__}), \
        {                                       \
            __VA_ARGS__                         \
        }                                       \
    }

/* Not LOCK MOV of two registers: QEMU hangs in it. */
// clang-format off
static const struct {
    const char *name;
    uint8_t length, bytes[8];
} odd[] = {
    ODD("ud2", 0x0F, 0x0B),
    ODD("ud0", 0x0F, 0xFF, 0xC0),
    ODD("ud1", 0x0F, 0xB9, 0xC0),
    ODD("f00f", 0xF0, 0x0F, 0xC7, 0xC8),
    ODD("lock_nop", 0xF0, 0x90),
    ODD("lock_addr", 0xF0, 0x01, 0xC0),
    ODD("lock_cmp", 0xF0, 0x39, 0x05, 0, 0, 0x20, 0),
    ODD("les_reg", 0xC4, 0xC0),
    ODD("lds_reg", 0xC5, 0xC0),
    ODD("bound_reg", 0x62, 0xC0),
    ODD("mov_cs", 0x8E, 0xC8),
    ODD("sreg6", 0x8E, 0xF0),
    ODD("sreg7", 0x8C, 0xF8),
    ODD("fe7", 0xFE, 0xF8),
    ODD("ff7", 0xFF, 0xF8),
    ODD("salc", 0xD6),
    ODD("82", 0x82, 0xC0, 0x01),
    ODD("f6_1", 0xF6, 0xC8, 0x01),
    ODD("c0_6", 0xC0, 0xF0, 0x01),
    ODD("lea_reg", 0x8D, 0xC0),
    ODD("cmpxchg8b", 0x0F, 0xC7, 0xC0),
    ODD("0f04", 0x0F, 0x04),
    ODD("0f24", 0x0F, 0x24, 0xC0),
    ODD("0fa6", 0x0F, 0xA6, 0xC0),
    ODD("sgdt_reg", 0x0F, 0x01, 0xC0),
    ODD("lgdt_reg", 0x0F, 0x01, 0xD0),
    ODD("sidt_reg", 0x0F, 0x01, 0xCE),
    ODD("invlpg_reg", 0x0F, 0x01, 0xFD),
    ODD("0f00_6", 0x0F, 0x00, 0xF0),
    ODD("0f01_5", 0x0F, 0x01, 0xE8),
    ODD("jmpf_reg", 0xFF, 0xE8),
    ODD("callf_reg", 0xFF, 0xD8),
    ODD("pop_cs", 0x0F, 0x0C),
    ODD("rep_cli", 0xF3, 0xFA),
    ODD("lock_cli", 0xF0, 0xFA),
    ODD("lock_in", 0xF0, 0xE4, 0x80),
    ODD("lock_sgdt", 0xF0, 0x0F, 0x01, 0x05, 0x00, 0x00, 0x20, 0x00),
    ODD("opsize_cli", 0x66, 0xFA),
    ODD("cs_sti", 0x2E, 0xFB, 0xFA),
    ODD("repnz_hlt", 0xF2, 0x90),
};
// clang-format on

PROBE(E12, "what is undefined, and what is accepted, at CPL 0")
{
    for (size_t i = 0; i < COUNT(odd); i++) {
        run_bytes(odd[i].bytes, odd[i].length);
        list(odd[i].name);
        item_event();
    }
}

PROBE(E12_user, "what is undefined, and what is accepted, at CPL 3")
{
    for (size_t i = 0; i < COUNT(odd); i++) {
        run_user_bytes(odd[i].bytes, odd[i].length);
        list(odd[i].name);
        item_event();
    }
}

CODE(aam, "mov ax, 0x1234; aam 0");
CODE(idiv_min, "mov eax, 0x80000000; cdq; mov ecx, -1; idiv ecx");
CODE(div_byte, "mov ax, 0x1000; mov cl, 2; div cl");

PROBE(E13, "#DE leaves the registers alone")
{
    try_code("div", divide);
    try_code("aam", aam);
    show("eax", got.eax & 0xFFFF);
    try_code("idiv", idiv_min);
    show("eax", got.eax);
    try_code("byte", div_byte);
    show("eax", got.eax & 0xFFFF);
}

#define DIVIDE_BY_ZERO "fninit; fldcw [kernel_words]; fld1; fldz; fdivp; "
CODE(
    fpu_native,
    "mov eax, cr0; or eax, 0x20; mov cr0, eax; mov dword ptr [kernel_words], 0x37b; " DIVIDE_BY_ZERO
    "nop; wait; nop");
CODE(
    fpu_status,
    "mov eax, cr0; or eax, 0x20; mov cr0, eax; mov dword ptr [kernel_words], 0x37b; " DIVIDE_BY_ZERO
    "fnstsw ax; fninit");
USER_CODE(user_fpu, "push 0x37b; fninit; fldcw [esp]; fld1; fldz; fdivp; nop; fld1; nop");

PROBE(E14, "#MF with CR0.NE, at CPL 0 and 3")
{
    try_code("wait", fpu_native);
    write_cr0(CR0_BASE | 0x20);
    try_code("status", fpu_status);
    show("fsw", got.eax & 0xFFFF);
    try_user("user", user_fpu);
}

/* --- E16: exceptions inside exceptions. --- */

CODE(read_absent, "mov eax, [0x40000000]");

PROBE(E16, "the double fault matrix through absent gates")
{
    static const uint8_t absent[] = {EXC_UD, EXC_GP, EXC_PF, EXC_DE, EXC_NP, EXC_BP};
    static const uint8_t ud[] = {0x0F, 0x0B}, bp[] = {0xCC};

    list("df");
    for (size_t i = 0; i < COUNT(absent); i++) {
        idt[absent[i]] &= ~0x0000800000000000ull;
        run_bytes(ud, sizeof(ud));
        item_event();
        run(divide);
        item_event();
        run(read_absent);
        item_event();
        run_bytes(bp, sizeof(bp));
        item_event();
        idt[absent[i]] |= 0x0000800000000000ull;
    }
}

PROBE(E16_gates, "#GP, #NP and #PF through absent gates become #DF or not")
{
    idt[EXC_NP] &= ~0x0000800000000000ull;
    idt[EXC_GP] &= ~0x0000800000000000ull;
    run(take_gp);
    show_event();
    show_esp();
    idt[EXC_PF] &= ~0x0000800000000000ull;
    run(read_absent);
    show_event();
    show("cr2", got.cr2);
}

/* --- E17, E18: what comes first. --- */

PROBE(E17, "priorities: length, opcode, privilege, operand")
{
    TRY("len16_np", 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
        0x66, 0x90, 0x90);
    TRY("len15", 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
        0x90);
    TRY("lgdt_np", 0x0F, 0x01, 0x15, 0, 0, 0, 0x40);
    TRY("fpu_np", 0xD9, 0x05, 0, 0, 0, 0x40);
    TRY("les_np", 0xC4, 0x05, 0, 0, 0, 0x40);
    TRY("movds_np", 0x8E, 0x1D, 0, 0, 0, 0x40);
    TRY("callf_np", 0xFF, 0x1D, 0, 0, 0, 0x40);
    TRY("in_ins", 0xBF, 0, 0, 0, 0x40, 0xBA, 0x80, 0, 0, 0, 0x6C);
    TRY("lock_np", 0xF0, 0x90, 0x90);
}

PROBE(E18, "privileged instructions with an operand that faults")
{
    TRY_USER("lgdt", 0x0F, 0x01, 0x15, 0, 0, 0, 0x40);
    TRY_USER("lidt", 0x0F, 0x01, 0x1D, 0, 0, 0, 0x40);
    TRY_USER("lmsw", 0x0F, 0x01, 0x35, 0, 0, 0, 0x40);
    TRY_USER("lldt", 0x0F, 0x00, 0x15, 0, 0, 0, 0x40);
    TRY_USER("ltr", 0x0F, 0x00, 0x1D, 0, 0, 0, 0x40);
    TRY_USER("sgdt", 0x0F, 0x01, 0x05, 0, 0, 0, 0x40);
    TRY_USER("smsw", 0x0F, 0x01, 0x25, 0, 0, 0, 0x40);
    TRY_USER("str", 0x0F, 0x00, 0x0D, 0, 0, 0, 0x40);
    TRY("k_lldt", 0x0F, 0x00, 0x15, 0, 0, 0, 0x40);
    TRY("k_lmsw", 0x0F, 0x01, 0x35, 0, 0, 0, 0x40);
    TRY("k_sgdt", 0x0F, 0x01, 0x05, 0, 0, 0, 0x40);
    TRY("k_smsw", 0x0F, 0x01, 0x25, 0, 0, 0, 0x40);
    TRY("k_str", 0x0F, 0x00, 0x0D, 0, 0, 0, 0x40);
    TRY("k_verr", 0x0F, 0x00, 0x25, 0, 0, 0, 0x40);
}

CODE(halt, "sti; hlt; nop; cli");

/* Channel 0 of the 8254 in mode 0 raises its line once, `ticks` after this. */
static void set_timer(uint32_t ticks)
{
    outb(0x43, 0x30);
    outb(0x40, (uint8_t)ticks);
    outb(0x40, (uint8_t)(ticks >> 8));
    outb(0x21, 0xFE);
}

CODE(open_window, "sti; nop; nop; cli");

PROBE(E20, "HLT goes on behind itself when an interrupt comes")
{
    log_vectors = LOG_IRQ;
    set_timer(0);
    run(open_window); /* what the BIOS left pending */
    set_timer(0x80);
    run(halt);
    show_event();
    show_notes();
}

PROBE(E24, "fifteen and sixteen bytes of prefixes on sensitive instructions")
{
    TRY("cli15", 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
        0xFA);
    TRY("cli16", 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
        0x66, 0xFA);
    TRY("sgdt15", 0x2E, 0x3E, 0x2E, 0x3E, 0x2E, 0x3E, 0x2E, 0x3E, 0x0F, 0x01, 0x05, 0, 0, 0x20, 0);
    TRY("sgdt16", 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x0F, 0x01, 0x05, 0, 0,
        0x20, 0);
    TRY_USER("user16", 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x3E, 0x0F, 0x01, 0x05, 0, 0,
             0x20, 0);
}

PROBE(E25, "prefixes that change nothing, or width, on sensitive instructions")
{
    TRY("w_push_cs", 0x31, 0xDB, 0x66, 0x0E, 0x66, 0x5B);
    item(got.ebx);
    TRY("w_mov_cs", 0x83, 0xCB, 0xFF, 0x66, 0x8C, 0xCB);
    item(got.ebx);
    TRY("f3_mov_cs", 0x83, 0xCB, 0xFF, 0xF3, 0x8C, 0xCB);
    item(got.ebx);
    TRY("w_smsw", 0x83, 0xCB, 0xFF, 0x66, 0x0F, 0x01, 0xE3);
    item(got.ebx);
    TRY("w_str", 0x83, 0xCB, 0xFF, 0x66, 0x0F, 0x00, 0xCB);
    item(got.ebx);
    TRY("w_lar", 0x83, 0xCB, 0xFF, 0xB9, 8, 0, 0, 0, 0x66, 0x0F, 0x02, 0xD9);
    item(got.ebx);
    TRY("f2_pushf", 0xF2, 0x9C, 0x5B);
    item(got.ebx);
    TRY("a16", 0xBB, 0, 0x70, 0, 0, 0x67, 0x0F, 0x01, 0x07, 0xA1, 0, 0x70, 0, 0);
    item(got.eax & 0xFFFF);
}

USER_CODE(user_pusha, "mov eax, 0x11; mov ebx, 0x22; mov esp, 0x40001010; pushad");
USER_CODE(user_popa, "mov eax, 0x11; mov ebx, 0x22; mov esp, 0x40000ff0; popad");
USER_CODE(user_enter, "mov ebp, 0x33; mov esp, 0x40001002; enter 16, 0");
USER_CODE(user_popf_np, "mov esp, 0x40001000; popfd");
USER_CODE(user_cmpxchg8b, "mov eax, 0x11; mov edx, 0x22; lock cmpxchg8b [0x40000ffc]");
USER_CODE(user_xadd, "mov eax, 0x11; xadd [0x40000ffe], eax");
USER_CODE(user_call_np, "mov esp, 0x40001002; call 1f; 1: nop");
USER_CODE(user_leave, "mov ebp, 0x40000ffe; leave");

PROBE(E26, "instructions that fault half way")
{
    static const struct {
        const char *name;
        const struct code *code;
    } cases[] = {{"pusha", user_pusha},  {"popa", user_popa},           {"enter", user_enter},
                 {"popf", user_popf_np}, {"cmpxchg8b", user_cmpxchg8b}, {"xadd", user_xadd},
                 {"call", user_call_np}, {"leave", user_leave}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        memset(frames[0], 0x5A, 4096);
        map(0, frames[0], PTE_P | PTE_W | PTE_U);
        run_user(cases[i].code);
        list(cases[i].name);
        item_event();
        item(got.eax);
        item(got.ebx);
        item(got.esp);
        item(got.ebp);
        item(digest(frames[0] + 0xF00, 256));
    }
}

CODE(resume_flag, "push 0x10002; push cs; push offset 1f; iretd; 1: nop; pushfd; pop eax; nop");

PROBE(E27, "RF: an instruction breakpoint that IRET skips once")
{
    log_vectors = 1u << EXC_DB;
    write_dr0((uint32_t)resume_flag->start + 14);
    given.dr7 = 0x401;
    run(resume_flag);
    show_event();
    show_notes();
    show("flags", got.eax);
}

PROBE(E28, "vectors with an error code, by INT n")
{
    static const uint8_t vectors[] = {2, 8, 10, 13, 14, 17, 18, 19, 20, 31};

    list("esp");
    for (size_t i = 0; i < COUNT(vectors); i++) {
        uint8_t code[] = {0xCD, vectors[i]};

        idt[vectors[i]] = gate(SEL_KCODE, show_flags->start, SYS_INT32, 0);
        run_bytes(code, sizeof(code));
        item(got.vector);
        item(got.ebx - given.esp);
        item(got.ecx - given.eip);
    }
}

CODE(nested, "inc ecx; cmp ecx, 100; ja 1f; int 0x61; 1: nop");
CODE(nested_entry, "xor ecx, ecx; int 0x61");

PROBE(E29, "a hundred interrupts inside one another")
{
    idt[0x61] = gate(SEL_KCODE, nested->start, SYS_INT32, 0);
    run(nested_entry);
    show("ecx", got.ecx);
    show_esp();
}

PROBE(E30, "a gate to conforming code, to code of an outer ring")
{
    gdt[SEL_FREE / 8] = segment(0, 0xFFFFF, CODE0 | 4);
    idt[0x70] = gate(SEL_FREE, show_flags->start, SYS_INT32 | DPL3, 0);
    run(int_70);
    list("cs");
    item(got.vector);
    item(got.cs);
    run_user(user_int_70);
    item_event();
    item(got.cs);
}

/* The handler shows its flags, stack and segments, and works a little between. */
CODE(log_call, "inc ebp; pushfd; pop eax; mov edx, esp; mov esi, cs; mov edi, ss; iretd");
CODE(log_other, "mov ebx, 0x2222; pushfd; pop eax; mov edx, esp; mov esi, cs; mov edi, ss; iretd");
CODE(only_iret, "iretd");
CODE(spoil_stack, "and byte ptr [gdt + 0x25], 0x7f; iretd"); /* P of the user's data */
USER_CODE(three_calls, "mov ecx, 3; 1: int 0x61; dec ecx; jnz 1b; pushfd; pop ecx");

static void show_calls(const char *name, uint32_t top)
{
    given.ebx = given.ebp = 0;
    run_user(three_calls);
    list(name);
    item_event();
    item(got.eax);
    item(top - got.edx);
    item(got.esi);
    item(got.edi);
    item(got.ebx);
    item(got.ebp);
    item(got.ecx);
}

static void calls_through_copies(uint32_t top)
{
    static uint64_t other_idt[256], other_gdt[GDT_ENTRIES];
    const struct __attribute__((packed)) {
        uint16_t limit;
        uint64_t *base;
    } idtrs[] = {{sizeof(other_idt) - 1, other_idt}, {sizeof(idt) - 1, idt}},
      gdtrs[] = {{sizeof(other_gdt) - 1, other_gdt}, {sizeof(gdt) - 1, gdt}};

    memcpy(other_idt, idt, sizeof(other_idt));
    memcpy(other_gdt, gdt, sizeof(other_gdt));
    other_idt[0x61] = gate(SEL_KCODE, log_other->start, SYS_TRAP32 | DPL3, 0);
    __asm__ volatile("lidt %0" ::"m"(idtrs[0]));
    show_calls("idtr", top);
    __asm__ volatile("lidt %0" ::"m"(idtrs[1]));
    show_calls("back", top);
    idt[0x61] = gate(SEL_FREE, log_call->start, SYS_INT32 | DPL3, 0);
    gdt[SEL_FREE / 8] |= 1ull << 47; /* P, which the copy lacks */
    show_calls("free", top);
    __asm__ volatile("lgdt %0" ::"m"(gdtrs[0]));
    show_calls("gdtr", top);
    __asm__ volatile("lgdt %0" ::"m"(gdtrs[1]));
}

PROBE(E31, "system calls whose gate, stack and descriptors change between two of them")
{
    uint32_t top = tss.esp0;

    gdt[SEL_FREE / 8] = segment(0, 0xFFFFF, CODE0);
    gdt[SEL_FREE / 8 + 1] = segment(0, 0xFFFFF, DATA0);
    idt[0x61] = gate(SEL_KCODE, log_call->start, SYS_INT32 | DPL3, 0);
    show_calls("first", top);
    show_calls("again", top);
    idt[0x61] = gate(SEL_KCODE, log_other->start, SYS_INT32 | DPL3, 0);
    show_calls("handler", top);
    idt[0x61] = gate(SEL_KCODE, log_other->start, SYS_TRAP32 | DPL3, 0);
    show_calls("trap", top);
    tss.esp0 -= 0x80;
    show_calls("esp0", top);
    idt[0x61] = gate(SEL_FREE, log_call->start, SYS_INT32 | DPL3, 0);
    show_calls("cs", top);
    tss.ss0 = SEL_FREE + 8;
    show_calls("ss0", top);
    gdt[SEL_FREE / 8] = segment(0, 0xFFFFF, CODE0 & ~0x80u);
    show_calls("absent", top);
    idt[0x61] = gate(SEL_KCODE, log_call->start, SYS_INT32, 0);
    show_calls("dpl", top);
    tss.ss0 = SEL_KDATA;
    idt[0x61] = gate(SEL_KCODE, only_iret->start, SYS_INT32 | DPL3, 0);
    show_calls("null", top);
    idt[0x61] = gate(SEL_KCODE, spoil_stack->start, SYS_INT32 | DPL3, 0);
    show_calls("outer", top);
    gdt[SEL_UDATA / 8] = segment(0, 0xFFFFF, DATA3);
    idt[0x61] = gate(SEL_KCODE, log_call->start, SYS_INT32 | DPL3, 0);
    show_calls("tables", top);
    calls_through_copies(top);
}
