/* Random bytes executed in both rings, and code that changes itself. */
#include "hostile.h"

#define PAGE  4096u
#define SPARE 0x600000u

/* --- Bytes that matter come more often than chance has them. --- */

static const uint8_t prefixes[] = {0x66, 0x67, 0xF0, 0xF2, 0xF3, 0x26,
                                   0x2E, 0x36, 0x3E, 0x64, 0x65};

static const uint8_t sensitive[] = {
    0xFA, 0xFB, 0x9C, 0x9D, 0xCF, 0xCB, 0xCA, 0xC3, 0xC2, 0x9A, 0xEA, 0xE8, 0xE9, 0xEB, 0x06, 0x07,
    0x0E, 0x16, 0x17, 0x1E, 0x1F, 0x8E, 0x8C, 0xC4, 0xC5, 0x62, 0x63, 0xCC, 0xCD, 0xCE, 0xF1, 0x6C,
    0x6D, 0x6E, 0x6F, 0xE4, 0xE5, 0xE6, 0xE7, 0xEC, 0xED, 0xEE, 0xEF, 0xF6, 0xF7, 0xFE, 0xFF, 0x8F,
    0xA4, 0xA5, 0xAA, 0xAB, 0xAC, 0xAD, 0x60, 0x61, 0xC8, 0xC9, 0x9B, 0xD8, 0xD9, 0xDA, 0xDB, 0xDD,
    0xDF, 0xE0, 0xE2, 0xE3, 0x74, 0x75, 0xD6, 0x37, 0x27, 0x98, 0x9F, 0x9E, 0xD7, 0x87, 0x86, 0x54};

static const uint8_t two_byte[] = {
    0x00, 0x01, 0x02, 0x03, 0x05, 0x06, 0x08, 0x09, 0x0B, 0x20, 0x21, 0x22, 0x23, 0x30, 0x31, 0x32,
    0x33, 0x34, 0x35, 0xA0, 0xA1, 0xA2, 0xA8, 0xA9, 0xAA, 0xAE, 0xB0, 0xB1, 0xB2, 0xB4, 0xB5, 0xBA,
    0xBC, 0xBD, 0xC0, 0xC1, 0xC7, 0xC8, 0x18, 0x1F, 0x28, 0x6F, 0x7F, 0x77, 0xD6, 0xE7, 0xA3, 0xAB};

static uint8_t *random_instruction(uint8_t *at)
{
    switch (below(10)) {
    case 0:
    case 1:
        *at++ = PICK(prefixes);
        *at++ = one_in(2) ? PICK(sensitive) : (uint8_t)random32();
        break;
    case 2:
    case 3:
        *at++ = 0x0F;
        *at++ = one_in(4) ? (uint8_t)random32() : PICK(two_byte);
        break;
    case 4:
    case 5:
        *at++ = PICK(sensitive);
        break;
    case 6: { /* an address, as an operand or not */
        uint32_t address = random_address();
        return emit(at, &address, sizeof(address));
    }
    default:
        break;
    }
    for (uint32_t n = below(4); n; n--)
        *at++ = (uint8_t)random32();
    return at;
}

/*
 * Takes out what ends the guest for good: HLT without STI, loads of descriptor-table registers,
 * most MOV to CR, OUT to the ports that reset, power off, or stop the timer, and most CLI (an
 * endless loop behind one outlives every timer). Jumps into the middle of something still find
 * them, and the other stages run what is taken out here.
 */
static bool ends_the_machine(uint8_t port)
{
    bool timer = (port & 0xFC) == 0x40 || (port & 0x7E) == 0x20;

    return timer || port == 0x64 || port == 0x92 || (port >= 0xF1 && port <= 0xF7);
}

static void calm(uint8_t *code)
{
    for (uint32_t i = 0; i + 2 < PAGE; i++) {
        uint8_t *at = code + i;

        if (at[0] == 0xFA && !one_in(32))
            at[0] = 0xFB;
        if (at[1] == 0xF4 && at[0] != 0xFB)
            at[1] = 0x90;
        if ((at[0] == 0xE6 || at[0] == 0xE7) && ends_the_machine(at[1]))
            at[1] = 0x80;
        if (at[0] != 0x0F)
            continue;
        if (at[1] == 0x01 && (at[2] >> 3 & 6) == 2) /* LGDT, LIDT: SMSW, LMSW */
            at[2] ^= 0x20;
        if (at[1] == 0x00 && (at[2] >> 3 & 6) == 2) /* LLDT, LTR: SLDT, STR */
            at[2] ^= 0x10;
        if (at[1] == 0x22 && (at[2] >> 3 & 7) != 2 && !one_in(64)) /* to CR: from CR */
            at[1] = 0x20;
    }
    code[0] = code[0] == 0xF4 ? 0x90 : code[0];
}

/* QEMU 7.2 itself aborts at a LOCK of BTS, BTR or BTC whose operand is a register, in any ring and
 * without a monitor: LOCK in front of such an instruction becomes DS. */
static bool bit_of_register(const uint8_t *at)
{
    static const uint8_t forms[] = {0xAB, 0xB3, 0xBB, 0xBA};

    for (size_t i = 0; i < sizeof(forms); i++)
        if (at[0] == 0x0F && at[1] == forms[i] && at[2] >= 0xC0)
            return true;
    return false;
}

static void spare_qemu(uint8_t *code)
{
    for (uint32_t i = 1; i < PAGE; i++)
        for (uint32_t n = 1; n <= i && n < 15 && bit_of_register(code + i); n++)
            if (code[i - n] == 0xF0)
                code[i - n] = 0x3E;
}

static void lay(uint8_t *page, bool tame)
{
    static uint8_t code[PAGE + 16];

    for (uint8_t *at = code; at < code + PAGE;)
        at = random_instruction(at);
    if (tame)
        calm(code);
    spare_qemu(code);
    emit(page, code, PAGE);
}

/* --- Walking through a page: behind each event the next attempt begins. --- */

/* Where to go on: behind the instruction that faulted, if straight on led there. */
static uint32_t next_offset(uint32_t offset, uint32_t base, int vector)
{
    uint32_t at = event_eip - base;
    uint32_t next = offset + 1 + below(8);

    if (at - offset < WALK_RUN_MAX && vector != VECTOR_TIMER)
        next = at + 1;
    return next < PAGE ? next : PAGE;
}

struct walk {
    int (*launch)(void);
    uint32_t base; /* offset 0 of the page in CS */
    uint16_t cs, data, stack;
    uint32_t esp;
    uint32_t eflags;
};

static void random_esp(const struct walk *walk)
{
    start.esp = walk->esp + (random32() & 0xFFC);
    if (one_in(16))
        start.esp = random_address();
}

/* What is popped as flags leaves interrupts on: see machine_init(). */
static void clear_stack(uint8_t *arena)
{
    uint32_t count = 0x2000 / 2;
    uint8_t *at = arena + 0x8000;

    __asm__ volatile("rep stosw" : "+D"(at), "+c"(count) : "a"(0xCE62) : "memory");
}

static bool can_go_on(const struct walk *walk)
{
    return walk->launch == launch_kernel && walk->cs == SEL_KCODE && walk->stack == SEL_KDATA;
}

/* One attempt or, where the guard can go on by itself, many. Returns where the next one begins. */
static uint32_t attempt(const struct walk *walk, uint32_t offset)
{
    uint32_t next;

    event_eip = 0;
    walk_base = walk->base;
    walk_offset = offset;
    walk_events = 0;
    walk_budget = can_go_on(walk) ? 1 + below(64) : 0;
    int vector = walk->launch();
    walk_budget = 0;
    next = next_offset(walk_offset, walk->base, vector);
    so_far.bytes += next - offset;
    events += walk_events;
    progress_attempts(walk_events);
    return next;
}

static void walk_page(const struct walk *walk, uint8_t *page, bool tame)
{
    lay(page, tame);
    clear_stack((uint8_t *)(page < (uint8_t *)ARENA ? LOW_ARENA : ARENA));
    for (uint32_t offset = 0; offset < PAGE;) {
        random_registers();
        start.ecx &= 0xFF; /* no REP that lasts */
        start.ds = start.es = walk->data;
        start.fs = one_in(4) ? 0 : walk->data;
        start.gs = one_in(4) ? SEL_UDATA : walk->data;
        start.cs = walk->cs, start.ss = walk->stack;
        start.eip = walk->base + offset;
        start.eflags = walk->eflags;
        random_esp(walk);
        offset = attempt(walk, offset);
    }
}

void stage_user(void)
{
    static const struct walk walks[] = {
        {launch_user, USER_WINDOW, SEL_UCODE, SEL_UDATA, SEL_UDATA, USER_WINDOW + 0x8000, 0x202},
        {launch_user, USER_WINDOW, SEL_UCODE, SEL_UDATA, SEL_UDATA, USER_WINDOW + 0x8000, 0x202},
        {launch_user, USER_WINDOW, SEL_UCODE, SEL_UDATA, SEL_UDATA, USER_WINDOW + 0x8000, 0x40202},
        {launch_user, USER_WINDOW, SEL_UCODE, SEL_UDATA, SEL_UDATA, USER_WINDOW + 0x8000, 0x302},
        {launch_user, USER_WINDOW, SEL_UCODE, SEL_UDATA, SEL_UDATA16, 0x8000, 0x202},
        {launch_user, 0, SEL_UCODE16, SEL_UDATA16, SEL_UDATA16, 0x8000, 0x202},
        {launch_user, 0, LOW_ARENA / 16, LOW_ARENA / 16, LOW_ARENA / 16, 0x8000, 0x20202},
        {launch_user, 0, LOW_ARENA / 16, LOW_ARENA / 16, LOW_ARENA / 16, 0x8000, 0x23202},
    };

    while (so_far.bytes < wanted_bytes) {
        const struct walk *walk = one_in(2) ? walks : &PICK(walks);
        bool interruptible = (walk->eflags & 0x3000) == 0; /* no CLI of its own */

        walk_page(walk, (uint8_t *)(walk->base ? ARENA : LOW_ARENA), !interruptible);
    }
}

/* A frame that was not executed lately: stores to code are dear under a monitor. It is spare memory
 * behind the arena. */
static uint32_t next_frame(void)
{
    static uint32_t used;

    return SPARE + used++ * PAGE % (RAM_MAPPED - SPARE);
}

/* What is executed at `base`; the window's first page moves on. */
static uint8_t *code_page(uint32_t base)
{
    if (base != KERN_WINDOW)
        return (uint8_t *)base;
    kern_table[0] = next_frame() | PTE_P | PTE_W;
    invlpg(KERN_WINDOW);
    return (uint8_t *)KERN_WINDOW;
}

void stage_kernel(void)
{
    static const struct walk walks[] = {
        {launch_kernel, KERN_WINDOW, SEL_KCODE, SEL_KDATA, SEL_KDATA, KERN_WINDOW + 0x8000, 0x202},
        {launch_kernel, ARENA, SEL_KCODE, SEL_KDATA, SEL_KDATA, KERN_WINDOW + 0x8000, 0x202},
        {launch_kernel, ARENA, SEL_KCODE, SEL_KDATA, SEL_KDATA16, 0x8000, 0x202},
        {launch_kernel, LOW_ARENA, SEL_KCODE16, SEL_KDATA, SEL_KDATA, 0x18000, 0x202},
        {launch_task, KERN_WINDOW, SEL_KCODE, SEL_KDATA, SEL_KDATA, KERN_WINDOW + 0x8000, 0x202},
        {launch_task, KERN_WINDOW, SEL_KCODE, SEL_KDATA, SEL_KDATA, KERN_WINDOW + 0x8000, 0x302},
        {launch_real, 0, 0, 0, 0, 0x8000, 0x202},
    };

    while (so_far.bytes < wanted_bytes) {
        /* What is interpreted is slow, and seldom survived for long. */
        const struct walk *walk = one_in(6) ? &PICK(walks) : walks;
        struct walk here = *walk;

        machine_rebuild();
        if (walk->base == ARENA)
            here.base = next_frame();
        walk_page(&here, walk->base < ARENA ? (uint8_t *)LOW_ARENA : code_page(here.base), true);
    }
}

/* --- Code that changes itself; its results are known. --- */

static uint32_t expected, returned;

static void call_it(void *code)
{
    returned = ((uint32_t(*)(void))code)();
}

/* mov eax, value; ret: written through one address, run through another. */
static void change_and_run(uint32_t offset)
{
    static const uint32_t windows[] = {ARENA, KERN_WINDOW, KERN_WINDOW};
    uint8_t code[] = {0xB8, 0, 0, 0, 0, 0xC3};
    uint8_t *through = (uint8_t *)PICK(windows) + offset;

    expected = random32();
    emit(code + 1, &expected, 4);
    if (one_in(3))
        emit(through + 1, &expected, 4);
    else
        emit(through, code, sizeof(code));
}

/* mov byte [next instruction's operand], al; mov al, 0; ret: the very next instruction changes. */
static void change_next(uint32_t offset)
{
    uint32_t target = KERN_WINDOW + offset + 8;
    uint8_t code[] = {0xB0, 0x5A, 0xA2, 0, 0, 0, 0, 0xB0, 0x00, 0xC3};

    emit(code + 3, &target, 4);
    emit((uint8_t *)ARENA + offset, code, sizeof(code));
    if (guarded(call_it, (void *)(KERN_WINDOW + offset)) != RETURNED || (uint8_t)returned != 0x5A)
        print("hostile: WRONG: changed instruction at %x gave %x\n", offset, returned);
}

void stage_modify(void)
{
    uint32_t offset = 0;

    for (uint32_t i = 0; i < 8192; i++) {
        static const uint32_t windows[] = {ARENA, KERN_WINDOW};

        if (i % 16 == 0) { /* often over the end of a page */
            offset = (1 + below(16)) * PAGE - (one_in(2) ? below(8) : 16 + below(4000));
            uint8_t code[] = {0xB8, 0, 0, 0, 0, 0xC3};
            emit((uint8_t *)ARENA + offset, code, sizeof(code));
        }
        change_and_run(offset);
        if (guarded(call_it, (void *)(PICK(windows) + offset)) != RETURNED || returned != expected)
            print("hostile: WRONG: %x instead of %x at %x\n", returned, expected, offset);
        if (one_in(8))
            change_next(0x20000 + below(0x4000));
    }
}
