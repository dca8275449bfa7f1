/* Stacks at the edges, frames of any content, events inside events, storms of them. */
#include "hostile.h"

static const uint32_t edges[] = {0,          1,          2,          3,          4,
                                 7,          0xFFE,      0x1002,     0xFFFE,     0xFFFF,
                                 0x10001,    0x7FFFFFFF, 0x80000000, 0xFFFF0001, 0xFFFFFFF8,
                                 0xFFFFFFFC, 0xFFFFFFFD, 0xFFFFFFFE, 0xFFFFFFFF};

/* Instructions that use the stack, each behind its length. */
static const uint8_t stack_code[][6] = {{1, 0x50},
                                        {1, 0x58},
                                        {1, 0x60},
                                        {1, 0x61},
                                        {1, 0x9C},
                                        {1, 0x9D},
                                        {2, 0x66, 0x60},
                                        {2, 0x66, 0x9D},
                                        {1, 0xC3},
                                        {1, 0xCB},
                                        {1, 0xCF},
                                        {2, 0x66, 0xCF},
                                        {2, 0x66, 0xCB},
                                        {4, 0xC8, 16, 0, 3},
                                        {4, 0xC8, 0xFF, 0xFF, 31},
                                        {1, 0xC9},
                                        {2, 0xCD, 0x90},
                                        {1, 0xCC},
                                        {1, 0x16},
                                        {1, 0x17},
                                        {2, 0x0F, 0xA1},
                                        {5, 0xE8, 0, 0, 0, 0},
                                        {2, 0xFF, 0x36},
                                        {2, 0x8F, 0x06},
                                        {3, 0xCA, 8, 0},
                                        {3, 0xC2, 0xFF, 0xFF},
                                        {2, 0x67, 0xC8}};

static void start_anyhow(void)
{
    static const uint16_t kernel_stacks[] = {SEL_KDATA, SEL_KDATA16, SEL_KDOWN, SEL_FREE};

    random_registers();
    start.ds = start.es = SEL_KDATA;
    start.fs = start.gs = 0;
    start.cs = SEL_KCODE;
    start.ss = PICK(kernel_stacks);
    start.eip = KERN_WINDOW;
    start.eflags = 0x202;
}

static void start_user(void)
{
    static const uint16_t stacks[] = {SEL_UDATA, SEL_UDATA, SEL_UDATA16};

    start_anyhow();
    start.ds = start.es = SEL_UDATA;
    start.cs = SEL_UCODE;
    start.ss = PICK(stacks);
    start.eip = USER_WINDOW;
}

static void emit_done(uint8_t *at)
{
    static const uint8_t done[] = {0xCD, VECTOR_DONE};

    emit(at, done, sizeof(done));
}

static void wrapping_stacks(void)
{
    for (uint32_t i = 0; i < 4096; i++) {
        const uint8_t *code = PICK(stack_code);
        bool user = one_in(3);

        emit_done(emit((uint8_t *)ARENA, code + 1, code[0]));
        (user ? start_user : start_anyhow)();
        start.esp = one_in(4) ? random_address() : PICK(edges);
        if (one_in(8))
            start.ebp = PICK(edges);
        gdt[SEL_FREE / 8] =
            descriptor(random_address(), below(0x2000), 0x4092 | (random32() & 0x8005));
        (user ? launch_user : launch_kernel)();
        if (i % 256 == 255)
            machine_rebuild();
    }
}

/* IRET and RETF to anywhere, from frames that are half right. */
static uint32_t frame_word(uint32_t i)
{
    static const uint16_t selectors[] = {SEL_KCODE,   SEL_UCODE,  SEL_KDATA, SEL_UDATA, SEL_KCODE16,
                                         SEL_UCODE16, SEL_KSHIFT, SEL_TSS,   0,         SEL_LDT};

    if (one_in(6))
        return random32();
    if (i == 0 || i == 3)
        return one_in(2) ? USER_WINDOW + 0x3000 : random_address();
    if (i == 2)
        return 2 |
               (random32() & 0x3F7FD5 & ~(one_in(2) ? 0x24000u : 0)); /* VM and NT half as often */
    return PICK(selectors) | (one_in(8) ? below(4) : 0);
}

static void random_frames(void)
{
    static const uint8_t returns[][6] = {{1, 0xCF},       {1, 0xCF},       {1, 0xCB},
                                         {3, 0xCA, 4, 0}, {2, 0x66, 0xCF}, {2, 0x66, 0xCB},
                                         {1, 0x9D}};

    for (uint32_t i = 0; i < 16384; i++) {
        const uint8_t *code = PICK(returns);
        uint32_t *frame = (uint32_t *)(ARENA + 0x8000);
        bool user = one_in(3);

        emit_done((uint8_t *)ARENA + 0x3000);
        emit_done(emit((uint8_t *)ARENA, code + 1, code[0]));
        for (uint32_t w = 0; w < 9; w++)
            frame[w] = frame_word(w);
        (user ? start_user : start_anyhow)();
        start.ss = user ? SEL_UDATA : SEL_KDATA;
        start.esp = (user ? USER_WINDOW : KERN_WINDOW) + 0x8000;
        (user ? launch_user : launch_kernel)();
        if (i % 256 == 255)
            machine_rebuild();
    }
}

void stage_stacks(void)
{
    wrapping_stacks();
    random_frames();
}

/* --- Events inside events. --- */

/* One way to raise each exception: bytes behind their length. */
static const uint8_t raisers[][10] = {{2, 0xF7, 0xF1}, /* div ecx, which is 0 */
                                      {2, 0xCD, 0x01},
                                      {1, 0xCC},
                                      {1, 0xCE},
                                      {2, 0x0F, 0x0B},
                                      {2, 0x62, 0x06},
                                      {2, 0xD9, 0xC0},
                                      {2, 0xCD, 0x08},
                                      {7, 0xEA, 0, 0, 0, 0, 0x80, 0},
                                      {2, 0x8E, 0xD0},
                                      {5, 0xA1, 0, 0, 0, 0x90},
                                      {2, 0xCD, 0x0D},
                                      {2, 0xCD, 0x0E},
                                      {1, 0xF1},
                                      {2, 0xCD, 0x20},
                                      {3, 0x0F, 0x00, 0xD8},
                                      {6, 0xFF, 0x2D, 0, 0, 0, 0xFF}};

/* The gate of one vector that is not the double fault's becomes wrong in one way. */
static void spoil_gate(void)
{
    uint32_t v = below(33);

    if (v == 8)
        return;
    switch (below(6)) {
    case 0:
        idt[v] = random_descriptor();
        break;
    case 1:
        idt[v] = gate(SEL_KCODE, random_address(), ATTR_INT_GATE | below(2), 0);
        break;
    case 2:
        idt[v] = gate(random32(), KERN_WINDOW, ATTR_INT_GATE, 0);
        break;
    case 3:
        idt[v] = gate(SEL_TSS_FAULT, 0, ATTR_TASK_GATE, 0);
        break;
    case 4:
        idt[v] = gate(SEL_KCODE, KERN_WINDOW + below(64), 0x86 | below(2), 0);
        break;
    default:
        idt[v] &= ~(1ull << 47); /* not present */
    }
}

void stage_nested(void)
{
    for (uint32_t i = 0; i < 8192; i++) {
        uint8_t *at = (uint8_t *)ARENA;

        if (i % 8 == 0)
            machine_rebuild();
        spoil_gate();
        for (uint32_t n = 0; n < 8; n++) { /* also what handlers land on */
            const uint8_t *code = PICK(raisers);

            at = emit(at, code + 1, code[0]);
        }
        emit_done(at);
        (one_in(2) ? start_user : start_anyhow)();
        start.ecx = 0;
        start.esp = one_in(4) ? PICK(edges) : start.eip + 0x8000;
        start.eflags ^= one_in(4) ? 0x100 : 0;
        if (start.cs == SEL_KCODE && one_in(8)) {
            start.ss = SEL_KDATA;
            launch_task();
        } else {
            (start.cs == SEL_KCODE ? launch_kernel : launch_user)();
        }
    }
}

/* --- Storms. --- */

/* Loops that only the timer ends. */
static const uint8_t storm_code[][12] = {
    {4, 0xFB, 0xF4, 0xEB, 0xFC},             /* sti; hlt */
    {4, 0xFA, 0xFB, 0xEB, 0xFC},             /* cli; sti */
    {5, 0xFB, 0x90, 0xFA, 0xEB, 0xFB},       /* sti; nop; cli */
    {4, 0x9C, 0x9D, 0xEB, 0xFC},             /* pushf; popf */
    {6, 0x16, 0x17, 0x90, 0x90, 0xEB, 0xFA}, /* push ss; pop ss */
    {5, 0x8E, 0xD0, 0xFB, 0xEB, 0xFB},       /* mov ss, ax; sti */
    {5, 0x0F, 0x20, 0xC0, 0xEB, 0xFB},       /* mov eax, cr0 */
    {9, 0xB0, 0x20, 0xE6, 0x20, 0xE4, 0x40, 0xFB, 0xEB, 0xF7},
    {8, 0x0F, 0x01, 0x38, 0x8B, 0x18, 0x40, 0xEB, 0xF8}, /* invlpg [eax]; mov ebx, [eax] */
    {5, 0x0F, 0x31, 0x90, 0xEB, 0xFB},                   /* rdtsc */
    {2, 0xEB, 0xFE},
    {4, 0xE2, 0xFE, 0xEB, 0xFC}};

void stage_storms(void)
{
    for (uint32_t i = 0; i < 1024; i++) {
        const uint8_t *code = PICK(storm_code);

        emit((uint8_t *)ARENA, code + 1, code[0]);
        start_anyhow();
        start.ss = start.eax = SEL_KDATA;
        start.esp = KERN_WINDOW + 0x8000;
        start.eflags |= one_in(16) ? 0x100 : 0;
        irq_init(20 + below(2000));
        launch_kernel();
    }
}
