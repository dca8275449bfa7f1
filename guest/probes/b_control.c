/* Control registers, MSRs, the time stamp counter, CPUID and what this processor does not have. */
#include "probe.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

CODE(set_cr0, "mov ecx, cr0; mov cr0, eax; mov ebx, cr0; smsw edx; mov cr0, ecx");

/* PG stays with PE: the native machine dies of PG without PE instead of refusing it. */
PROBE(B01, "CR0 read back after each bit written")
{
    static const uint8_t bits[] = {1, 2, 3, 4, 5, 16, 18, 29, 30};

    list("cr0");
    for (size_t i = 0; i < COUNT(bits); i++) {
        given.eax = CR0_BASE ^ 1u << bits[i];
        run(set_cr0);
        item_event();
        item(got.ebx);
        item(got.edx);
    }
}

PROBE(B02, "reserved bits of CR0")
{
    list("cr0");
    for (uint32_t bit = 6; bit < 29; bit++) {
        if (bit == 16 || bit == 18)
            continue;
        given.eax = CR0_BASE | 1u << bit;
        run(set_cr0);
        item_event();
        item(got.ebx);
    }
}

PROBE(B03, "CR0.NW without CD")
{
    given.eax = CR0_BASE | 0x20000000;
    run(set_cr0);
    show_event();
    show("cr0", got.ebx);
}

CODE(caches, "mov eax, cr0; or eax, 0x60000000; mov cr0, eax; wbinvd; mov ebx, cr0; invd;"
             "and eax, 0x9fffffff; mov cr0, eax; mov ecx, cr0");

PROBE(B05, "CD and NW, WBINVD and INVD")
{
    run(caches);
    show_event();
    list("cr0");
    item(got.ebx);
    item(got.ecx);
}

CODE(set_cr4, "mov cr4, eax; mov ebx, cr4; xor eax, eax; mov cr4, eax");

/* Supported bits alone: the native machine hangs on others. PAE would change the page tables. */
PROBE(B06, "CR4 read back after each bit written")
{
    static const uint8_t bits[] = {2, 3, 4, 6, 7, 9, 10};

    list("cr4");
    for (size_t i = 0; i < COUNT(bits); i++) {
        given.eax = 1u << bits[i];
        run(set_cr4);
        item_event();
        item(got.ebx);
    }
}

CODE(set_cr3, "mov ecx, cr3; mov eax, ecx; or eax, 0xfff; mov cr3, eax; mov ebx, cr3;"
              "mov cr3, ecx; sub ebx, ecx");

PROBE(B07, "the low bits of CR3")
{
    run(set_cr3);
    show_event();
    show("low", got.ebx);
}

CODE(set_cr2, "mov eax, 0x12345678; mov cr2, eax; int 0x61; mov ebx, cr2; ud2");
CODE(bare_iret, "iretd");

PROBE(B08, "CR2 is kept by everything but page faults")
{
    idt[0x61] = gate(SEL_KCODE, bare_iret->start, SYS_INT32, 0);
    run(set_cr2);
    show_event();
    show("cr2", got.ebx);
    show("at_ud", got.cr2);
}

static void try_bytes(const char *name, const void *bytes, size_t n)
{
    run_bytes(bytes, n);
    list(name);
    item_event();
}

#define TRY(name, ...)                               \
    do {                                             \
        static const uint8_t code[] = {__VA_ARGS__}; \
        try_bytes(name, code, sizeof(code));         \
    } while (0)
#define TRY_USER(name, ...)                          \
    do {                                             \
        static const uint8_t code[] = {__VA_ARGS__}; \
        run_user_bytes(code, sizeof(code));          \
        list(name);                                  \
        item_event();                                \
    } while (0)

PROBE(B09, "odd forms of MOV CR")
{
    TRY("cr1", 0x0F, 0x20, 0xC8);
    TRY("cr5", 0x0F, 0x20, 0xE8);
    TRY("cr6", 0x0F, 0x20, 0xF0);
    TRY("cr7", 0x0F, 0x20, 0xF8);
    TRY("w1", 0x0F, 0x22, 0xC8);
    TRY("mod0", 0x0F, 0x20, 0x00);
    show("mod0_ok", got.eax == CR0_BASE);
    TRY("opsize", 0x66, 0x0F, 0x20, 0xC0);
    show("full", got.eax);
    TRY("repz", 0xF3, 0x0F, 0x20, 0xC0);
    TRY("repnz", 0xF2, 0x0F, 0x20, 0xC0);
    TRY("lock", 0xF0, 0x0F, 0x20, 0xC0);
    TRY("lock_mod0", 0xF0, 0x0F, 0x20, 0x00);
}

CODE(task_switched, "mov eax, cr0; or eax, 8; mov cr0, eax; smsw ebx; fnop");
CODE(no_fpu, "mov eax, cr0; or eax, 4; mov cr0, eax; fnop");
CODE(wait_ts, "mov eax, cr0; or eax, 8; mov cr0, eax; nop; wait");
CODE(wait_ts_mp, "mov eax, cr0; or eax, 0xa; mov cr0, eax; wait");
CODE(mmx_em, "mov eax, cr0; or eax, 4; mov cr0, eax; emms");
CODE(mmx_ts, "mov eax, cr0; or eax, 8; mov cr0, eax; emms");
CODE(paddb_em, "mov eax, cr0; or eax, 4; mov cr0, eax; paddb mm0, mm1");
CODE(paddb_ts, "mov eax, cr0; or eax, 8; mov cr0, eax; paddb mm0, mm1");
CODE(sse_em,
     "mov eax, 0x200; mov cr4, eax; mov eax, cr0; or eax, 4; mov cr0, eax; xorps xmm0, xmm0");
CODE(maskmovq_em, "mov eax, cr0; or eax, 4; mov cr0, eax; maskmovq mm0, mm1");
CODE(sse_off, "xorps xmm0, xmm0");
CODE(sse_on, "mov eax, 0x200; mov cr4, eax; xorps xmm0, xmm0");
CODE(sse_ts,
     "mov eax, 0x200; mov cr4, eax; mov eax, cr0; or eax, 8; mov cr0, eax; xorps xmm0, xmm0");
CODE(cleared, "mov eax, cr0; or eax, 8; mov cr0, eax; clts; fnop; mov ebx, cr0");

PROBE(B10, "TS, EM, MP and OSFXSR against x87, MMX and SSE")
{
    try_code("ts", task_switched);
    show("msw", got.ebx);
    try_code("em", no_fpu);
    try_code("wait_ts", wait_ts);
    try_code("wait_mp", wait_ts_mp);
    try_code("mmx_em", mmx_em);
    try_code("mmx_ts", mmx_ts);
    try_code("paddb_em", paddb_em);
    try_code("paddb_ts", paddb_ts);
    write_cr0(CR0_BASE);
    try_code("sse_off", sse_off);
    try_code("sse_on", sse_on);
    try_code("sse_ts", sse_ts);
    try_code("sse_em", sse_em);
    try_code("maskmovq_em", maskmovq_em);
}

PROBE(B11, "CLTS")
{
    run(cleared);
    show_event();
    show("cr0", got.ebx);
}

CODE(debug_status,
     "mov dr6, eax; mov ebx, dr6; mov dr7, ecx; mov edx, dr7; xor eax, eax; mov dr7, eax");

PROBE(B12, "DR6 and DR7 read back")
{
    static const uint32_t values[][2] = {
        {~0u, 0xD000}, {0, 0}, {0xFFFF0FF0, 0x400}, {0x1234, 0xFFFF0000}, {0xE00F, 0x0300}};

    list("dr");
    for (size_t i = 0; i < COUNT(values); i++) {
        given.eax = values[i][0];
        given.ecx = values[i][1];
        run(debug_status);
        item_event();
        item(got.ebx);
        item(got.edx);
    }
}

CODE(debug_address, "mov eax, 0x12345678; mov dr0, eax; mov dr1, eax; not eax; mov dr2, eax;"
                    "mov dr3, eax; mov eax, dr0; mov ebx, dr1; mov ecx, dr2; mov edx, dr3;"
                    "xor esi, esi; mov dr0, esi; mov dr1, esi; mov dr2, esi; mov dr3, esi");
CODE(debug_alias, ".byte 0x0f, 0x21, 0xe0; mov ebx, eax; .byte 0x0f, 0x21, 0xe8");
CODE(debug_alias_off, "mov eax, 8; mov cr4, eax; .byte 0x0f, 0x21, 0xe0");

PROBE(B13, "DR0 to DR3, and DR4 and DR5 by CR4.DE")
{
    run(debug_address);
    show_event();
    list("dr");
    item(got.eax);
    item(got.ebx);
    item(got.ecx);
    item(got.edx);
    try_code("alias", debug_alias);
    show("dr4", got.ebx);
    show("dr5", got.eax);
    try_code("de", debug_alias_off);
}

CODE(general_detect, "mov eax, 0x2000; mov dr7, eax; mov ebx, dr7; xor eax, eax; mov dr7, eax");

PROBE(B14, "DR7.GD")
{
    run(general_detect);
    show_event();
    show("dr7", got.ebx);
    show("dr6", got.dr6);
}

/* --- CPUID --- */

/* EAX, ECX in; the digest of what comes back goes to EDI. */
#define ASK_CPUID                                                              \
    "cpuid; mov edi, eax; rol edi, 7; xor edi, ebx; rol edi, 7; xor edi, ecx;" \
    "rol edi, 7; xor edi, edx"
CODE(ask_cpuid, ASK_CPUID);
USER_CODE(user_cpuid, ASK_CPUID);

static const uint32_t leaves[] = {
    0,          1,          2,          3,          4,          5,          6,          7,
    0xB,        0xD,        0x16,       0x40000000, 0x40000001, 0x40000100, 0x80000000, 0x80000001,
    0x80000002, 0x80000005, 0x80000006, 0x80000008, 0x8000000A, 0xC0000000, 0xFFFFFFFF, 0x1234567,
};

static void ask_leaves(const struct code *code, void (*how)(const struct code *))
{
    list("leaves");
    for (size_t i = 0; i < COUNT(leaves); i++) {
        given.eax = leaves[i];
        how(code);
        item(got.edi);
    }
}

PROBE(B22, "CPUID leaves at CPL 0")
{
    ask_leaves(ask_cpuid, run);
}

PROBE(B22_user, "CPUID leaves at CPL 3")
{
    ask_leaves(user_cpuid, run_user);
}

CODE(cpuid_state, "mov esi, cr4; mov eax, 0x600; mov cr4, eax; mov eax, 1; cpuid; mov cr4, esi");

PROBE(B23, "CPUID leaf 1 and what follows the control registers")
{
    run(cpuid_state);
    show_event();
    list("leaf1");
    item(got.eax);
    item(got.ebx);
    item(got.ecx);
    item(got.edx);
}

/* --- Instructions by CPL and feature --- */

PROBE(B24, "RDPMC")
{
    TRY("rdpmc", 0x0F, 0x33);
    TRY_USER("user", 0x0F, 0x33);
}

#define TIME_DISABLED "mov eax, cr4; or eax, 4; mov cr4, eax;"
CODE(disable_time, TIME_DISABLED "rdtsc");
CODE(tsd, TIME_DISABLED);

PROBE(B25, "RDTSC, RDTSCP and RDPID by CPL and TSD")
{
    TRY("rdtsc", 0x0F, 0x31);
    TRY_USER("user", 0x0F, 0x31);
    try_code("tsd", disable_time);
    run(tsd);
    TRY_USER("tsd_user", 0x0F, 0x31);
    TRY("rdtscp", 0x0F, 0x01, 0xF9);
    TRY("rdpid", 0xF3, 0x0F, 0xC7, 0xF8);
}

#define READ_TIME                                                                                 \
    "mov ecx, 1000; xor ebx, ebx; rdtsc; mov esi, eax; mov edi, edx; 1: rdtsc; cmp edx, edi;"     \
    "jb 2f; ja 3f; cmp eax, esi; ja 3f; 2: inc ebx; 3: mov esi, eax; mov edi, edx; dec ecx; jnz " \
    "1b"
CODE(read_time, READ_TIME);
USER_CODE(user_time, READ_TIME);

PROBE(B26, "RDTSC always advances")
{
    run(read_time);
    show_event();
    show("stood", got.ebx);
    run_user(user_time);
    show_event();
    show("stood", got.ebx);
}

CODE(read_msr, "mov ecx, eax; rdmsr");
CODE(write_msr,
     "mov ecx, eax; mov eax, esi; mov edx, edi; wrmsr; xor eax, eax; xor edx, edx; rdmsr");

/* The time stamp counter (10h) aside: its value is time. */
PROBE(B27, "which MSRs fault, in digest")
{
    static const uint32_t ranges[][2] = {{0, 0x10},
                                         {0x11, 0x400},
                                         {0x400, 0x500},
                                         {0x800, 0x840},
                                         {0xC0000080, 0xC00000A0},
                                         {0xC0000100, 0xC0000108},
                                         {0xC0010000, 0xC0010020},
                                         {0x40000000, 0x40000008}};

    list("msrs");
    for (size_t i = 0; i < COUNT(ranges); i++) {
        uint32_t sum = 0, faults = 0;

        for (uint32_t msr = ranges[i][0]; msr < ranges[i][1]; msr++) {
            given.eax = msr;
            run(read_msr);
            faults += got.vector == EXC_GP;
            sum = digest_more(sum, &got.eax, 4);
            sum = digest_more(sum, &got.edx, 4);
        }
        item(sum);
        item(faults);
    }
}

PROBE(B28, "EFER")
{
    given.eax = 0xC0000080;
    run(read_msr);
    show_event();
    show("lo", got.eax);
    show("hi", got.edx);
    given.eax = 0xC0000080;
    given.esi = 0x901;
    run(write_msr);
    show_event();
    show("lo", got.eax);
    given.eax = 0xC0000080;
    run(write_msr);
}

PROBE(B29, "MSRs read back")
{
    static const uint32_t msrs[][3] = {
        {0x174, 8, 0},          {0x174, 0x12345, 1},          {0x175, 0x12345678, 0},
        {0x176, 0x9ABCDEF0, 0}, {0x277, 0x00010406, 0x70406}, {0x2FF, 0x800, 0},
        {0x200, 0x6, 0},        {0x250, 0x06060606, 0},
    };

    for (size_t i = 0; i < COUNT(msrs); i++) {
        list("msr");
        given.eax = msrs[i][0];
        run(read_msr);
        item_event();
        item(got.eax);
        item(got.edx);
        given.eax = msrs[i][0];
        given.esi = msrs[i][1];
        given.edi = msrs[i][2];
        run(write_msr);
        item_event();
        item(got.eax);
        item(got.edx);
    }
    for (uint32_t msr = 0x174; msr <= 0x176; msr++) {
        given.eax = msr;
        run(write_msr);
    }
}

PROBE(B30, "XGETBV and XSETBV without OSXSAVE")
{
    TRY("get", 0x0F, 0x01, 0xD0);
    TRY("set", 0x0F, 0x01, 0xD1);
    TRY_USER("user_get", 0x0F, 0x01, 0xD0);
    TRY_USER("user_set", 0x0F, 0x01, 0xD1);
}

PROBE(B31, "RDPKRU and WRPKRU")
{
    TRY("get", 0x0F, 0x01, 0xEE);
    TRY("set", 0x0F, 0x01, 0xEF);
    TRY_USER("user_get", 0x0F, 0x01, 0xEE);
    TRY_USER("user_set", 0x0F, 0x01, 0xEF);
}

PROBE(B32, "virtualization instructions and the back doors of emulators")
{
    TRY("vmcall", 0x0F, 0x01, 0xC1);
    TRY("vmlaunch", 0x0F, 0x01, 0xC2);
    TRY("vmrun", 0x0F, 0x01, 0xD8);
    TRY("vmmcall", 0x0F, 0x01, 0xD9);
    TRY("vmload", 0x0F, 0x01, 0xDA);
    TRY("stgi", 0x0F, 0x01, 0xDC);
    TRY("invlpga", 0x0F, 0x01, 0xDF);
    TRY("vmread", 0x0F, 0x78, 0xC0);
    TRY("vmxon", 0xF3, 0x0F, 0xC7, 0x30);
    TRY("invept", 0x66, 0x0F, 0x38, 0x80, 0x00);
    TRY("getsec", 0x0F, 0x37);
    TRY("rsm", 0x0F, 0xAA);
    TRY("vpcext", 0x0F, 0x3F, 0x07, 0x0B);
    TRY("ud2", 0x0F, 0x0B);
    TRY("swapgs", 0x0F, 0x01, 0xF8);
    TRY_USER("user_vmcall", 0x0F, 0x01, 0xC1);
    TRY_USER("user_vmmcall", 0x0F, 0x01, 0xD9);
}

PROBE(B33, "instructions that a Pentium III does not have, and some that it has")
{
    TRY("monitor", 0x0F, 0x01, 0xC8);
    TRY("mwait", 0x0F, 0x01, 0xC9);
    TRY("pause", 0xF3, 0x90);
    TRY("clflush", 0x0F, 0xAE, 0x3D, 0, 0, 0x10, 0);
    TRY("movbe", 0x0F, 0x38, 0xF0, 0x05, 0, 0, 0x10, 0);
    TRY("rdrand", 0x0F, 0xC7, 0xF0);
    TRY("invpcid", 0x66, 0x0F, 0x38, 0x82, 0x00);
    TRY("clac", 0x0F, 0x01, 0xCA);
    TRY("stac", 0x0F, 0x01, 0xCB);
    TRY("rdfsbase", 0xF3, 0x0F, 0xAE, 0xC0);
    TRY("prefetch", 0x0F, 0x18, 0x08);
    TRY("nop", 0x0F, 0x1F, 0x00);
    TRY("sfence", 0x0F, 0xAE, 0xF8);
    TRY("lfence", 0x0F, 0xAE, 0xE8);
    TRY("mfence", 0x0F, 0xAE, 0xF0);
    TRY("test_alias", 0xF6, 0xC8, 0x01);
    TRY("test_alias", 0xF7, 0xC8, 0x01, 0, 0, 0);
    TRY("prefetch_reg", 0x0F, 0x18, 0xC8);
    TRY("hint_reg", 0x0F, 0x18, 0xE8);
    TRY("syscall", 0x0F, 0x05);
    TRY("sysret", 0x0F, 0x07);
    TRY("femms", 0x0F, 0x0E);
    TRY_USER("user_monitor", 0x0F, 0x01, 0xC8);
    TRY_USER("user_syscall", 0x0F, 0x05);
}

/* B36: everything there is, before and after instructions that a monitor executes itself. */
CODE(flags_kept,
     "mov ecx, 0x12345678; push 0x8d7; popfd; cli; wbinvd; invlpg [kernel_words]; clts;"
     "mov ebx, cr0; mov cr0, ebx; sti; cli; in al, 0x80; out 0x80, al; pushfd; pop edx");

PROBE(B34, "flags that emulated instructions leave alone")
{
    run(flags_kept);
    show_event();
    show("flags", got.edx);
    show("ecx", got.ecx);
}

CODE(state_kept,
     "mov eax, 0x600; mov cr4, eax; mov eax, 0x12345678; movd mm0, eax; movd mm7, eax;"
     "mov dword ptr [kernel_words], 0x3f800000; movss xmm7, [kernel_words];"
     "mov ebx, 0x33333333; mov esi, 0x66666666; mov edi, 0x77777777; mov ebp, 0x55555555;"
     "cli; sti; cli; pushfd; popfd; mov eax, cr3; mov cr3, eax; push cs; pop eax;"
     "mov eax, cs; in al, 0x80; cld; xor eax, eax; int 0x61; movd eax, mm0; movd ecx, mm7;"
     "movss [kernel_words + 4], xmm7; mov edx, [kernel_words + 4]; emms");

PROBE(B36, "registers that emulated instructions leave alone")
{
    idt[0x61] = gate(SEL_KCODE, bare_iret->start, SYS_INT32, 0);
    run(state_kept);
    show_event();
    list("regs");
    item(got.eax);
    item(got.ebx);
    item(got.ecx);
    item(got.edx);
    item(got.esi);
    item(got.edi);
    item(got.ebp);
}

/* LZCNT and TZCNT decode as BSR and BSF where they do not exist. */
CODE(bit_scans,
     "mov ecx, 0x00010000; .byte 0xf3; bsr eax, ecx; .byte 0xf3; bsf ebx, ecx; bsr esi, ecx");
USER_CODE(user_bit_scans, "mov ecx, 0x00010000; .byte 0xf3; bsr eax, ecx; .byte 0xf3; bsf ebx, ecx;"
                          "bsr esi, ecx");

PROBE(B37, "LZCNT, TZCNT, POPCNT and newer SSE are not there")
{
    run(bit_scans);
    list("scan");
    item(got.eax);
    item(got.ebx);
    item(got.esi);
    run_user(user_bit_scans);
    list("user");
    item(got.eax);
    item(got.ebx);
    item(got.esi);
    TRY("popcnt", 0xF3, 0x0F, 0xB8, 0xC1);
    TRY_USER("user_popcnt", 0xF3, 0x0F, 0xB8, 0xC1);
    TRY_USER("sse2", 0x66, 0x0F, 0xEF, 0xC0);
    TRY_USER("ssse3", 0x0F, 0x38, 0x00, 0xC0);
    TRY_USER("crc32", 0xF2, 0x0F, 0x38, 0xF0, 0xC0);
    TRY_USER("vzeroupper", 0xC5, 0xF8, 0x77);
    TRY_USER("cmpxchg16", 0x0F, 0xC7, 0x0D, 0, 0, 0, 0);
}
