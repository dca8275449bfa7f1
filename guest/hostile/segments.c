/* Selectors, descriptors and far transfers of all kinds. */
#include "hostile.h"

static uint32_t selector;

static void load_ds(void *at)
{
    __asm__ volatile("mov %w0, %%ds; movl (%1), %%eax" ::"r"(selector), "r"(at) : "eax");
}

static void load_es(void *at)
{
    __asm__ volatile("mov %w0, %%es; movl %%es:(%1), %%eax" ::"r"(selector), "r"(at) : "eax");
}

static void load_fs(void *at)
{
    __asm__ volatile("mov %w0, %%fs; movl %%fs:(%1), %%eax" ::"r"(selector), "r"(at) : "eax");
}

static void load_gs(void *at)
{
    __asm__ volatile("push %0; pop %%gs; movl %%gs:(%1), %%eax" ::"r"(selector), "r"(at) : "eax");
}

static void load_ss(void *at)
{
    (void)at;
    __asm__ volatile("mov %w0, %%ss; mov (%%esp), %%eax" ::"r"(selector) : "eax");
}

static void load_tr(void *at)
{
    (void)at;
    __asm__ volatile("ltr %w0" ::"r"(selector));
}

static void load_ldt(void *at)
{
    __asm__ volatile(
        "lldt %w0; mov $0xf, %%eax; mov %%eax, %%fs; movl %%fs:(%1), %%eax" ::"r"(selector), "r"(at)
        : "eax");
}

static void inspect(void *at)
{
    (void)at;
    __asm__ volatile("lar %0, %%eax; lsl %0, %%eax; verr %w0; verw %w0" ::"r"(selector)
                     : "eax", "cc");
}

static void (*const loads[])(void *) = {load_ds, load_es, load_fs,  load_gs,
                                        load_ss, inspect, load_ldt, load_tr};

static void scatter_descriptors(void)
{
    for (uint32_t i = SEL_FREE / 8; i < GDT_ENTRIES; i++)
        gdt[i] = random_descriptor();
    for (uint32_t i = 0; i < 512; i++)
        ldt[i] = random_descriptor();
}

void stage_selectors(void)
{
    static void (*const plain[])(void *) = {load_ds, load_es, load_fs, load_gs, load_ss, inspect};

    scatter_descriptors();
    for (uint32_t i = 0; i < 6; i++) {
        for (selector = below(4); selector < 0x10000; selector += 1 + below(8))
            guarded(plain[i], (void *)(ARENA + below(ARENA_SIZE)));
    }
}

/* --- Far transfers, from both rings. --- */

static const uint8_t done[] = {0xCD, VECTOR_DONE};

/* One instruction: a monitor may have to look at every store to code. */
uint8_t *emit(uint8_t *at, const void *bytes, size_t n)
{
    __asm__ volatile("rep movsb" : "+D"(at), "+S"(bytes), "+c"(n)::"memory");
    return at;
}

static uint8_t *emit32(uint8_t *at, uint32_t value)
{
    return emit(at, &value, 4);
}

/* A far JMP, CALL, RETF or IRET to selector:offset, in 32 or 16 bits. */
static void emit_transfer(uint8_t *at, uint32_t to, uint32_t offset)
{
    static const uint8_t far_returns[] = {0xCB, 0xCF, 0xCA};
    uint32_t kind = below(5);

    if (one_in(8))
        *at++ = 0x66;
    if (kind < 2) {
        *at++ = kind ? 0x9A : 0xEA;
        at = emit32(at, offset);
        at = emit(at, &to, 2);
    } else {
        if (one_in(2)) { /* an outer ring's stack */
            *at++ = 0x68, at = emit32(at, one_in(2) ? SEL_UDATA : selector);
            *at++ = 0x68, at = emit32(at, random_address());
        }
        if (kind == 3)
            *at++ = 0x68, at = emit32(at, 2 | (random32() & (one_in(2) ? 0x3FFFFF : 0x200)));
        *at++ = 0x68, at = emit32(at, to);
        *at++ = 0x68, at = emit32(at, offset);
        *at++ = far_returns[kind - 2];
    }
    emit(at, done, sizeof(done));
}

static void start_in_arena(bool user)
{
    uint32_t window = user ? USER_WINDOW : KERN_WINDOW;

    random_registers();
    start.ds = start.es = start.ss = user ? SEL_UDATA : SEL_KDATA;
    start.fs = start.gs = 0;
    start.cs = user ? SEL_UCODE : SEL_KCODE;
    start.eip = window + 0x2000;
    start.esp = window + 0x8000;
    start.eflags = 0x202;
}

static void hostile_pair(uint32_t i)
{
    uint32_t target = one_in(2) ? KERN_WINDOW : random_address();

    gdt[i] = random_descriptor();
    gdt[i + 1] = random_descriptor();
    if (one_in(3)) /* a call gate, in the 16-byte form with an address above 4 GiB */
        gdt[i] = gate(one_in(2) ? SEL_KCODE : i * 8 + 8, target,
                      (ATTR_CALL_GATE ^ (one_in(3) ? 8u : 0)) | ATTR_DPL3, below(32)),
        gdt[i + 1] = one_in(2) ? random32() : 0;
    else if (one_in(3)) /* 64-bit code */
        gdt[i] = descriptor(0, 0xFFFFF, 0xA09A | (one_in(2) ? ATTR_DPL3 : 0) | below(16));
    else if (one_in(3)) /* a task, or what is none */
        gdt[i] = gate(one_in(2) ? SEL_TSS_ENTER : random32() & 0xFFFF, 0, ATTR_TASK_GATE | 0x60, 0);
}

void stage_transfers(void)
{
    for (uint32_t i = 0; i < 16384; i++) {
        uint32_t index = SEL_FREE / 8 + below(64);
        bool user = one_in(2);

        hostile_pair(index);
        selector = index * 8 | (one_in(2) ? 3u : below(8));
        start_in_arena(user);
        emit((uint8_t *)ARENA, done, sizeof(done));
        emit_transfer((uint8_t *)ARENA + 0x2000, one_in(16) ? random32() & 0xFFFF : selector,
                      one_in(2) ? (user ? USER_WINDOW : KERN_WINDOW) : random_address());
        (user ? launch_user : launch_kernel)();
        if (i % 64 == 63)
            machine_rebuild();
    }
}

/* --- Tables in bad places. The entries that bring the kernel back stay in reach. --- */

static struct table_register wild_gdtr, wild_idtr;

static void load_wild_gdt(void *at)
{
    __asm__ volatile("lgdt %0" ::"m"(wild_gdtr));
    loads[below(6)](at);
}

static void load_wild_idt(void *unused)
{
    (void)unused;
    __asm__ volatile("lidt %0; int $0x90" ::"m"(wild_idtr));
}

/* A table whose first `kept` bytes are good ends a page of the playground; the next page is
 * anything. */
static uint32_t place_table(const uint64_t *good, uint32_t kept)
{
    uint32_t page = below(8) * 2, at = 4096 - kept - below(8);
    uint8_t *frame = (uint8_t *)ARENA + 0x10000;

    emit(frame + at, good, kept);
    play_table[page] = (ARENA + 0x10000) | PTE_P | PTE_W;
    play_table[page + 1] = one_in(4) ? 0 : (random_address() & 0xFFFFF000) | PTE_P | PTE_W;
    tlb_flush();
    return PLAYGROUND + page * 4096 + at;
}

void stage_tables(void)
{
    for (uint32_t i = 0; i < 2048; i++) {
        wild_gdtr = (struct table_register){(uint16_t)(SEL_FREE - 1 + below(0x10000 - SEL_FREE)),
                                            place_table(gdt, SEL_FREE)};
        selector = random32() & 0xFFFF;
        guarded(load_wild_gdt, (void *)random_address());
        wild_idtr = (struct table_register){(uint16_t)(0x47F + below(0x10000 - 0x480)),
                                            place_table(idt, 0x480)};
        guarded(load_wild_idt, NULL);
        gdt[SEL_FREE / 8] =
            descriptor(random_address(), random32(), one_in(2) ? ATTR_LDT : ATTR_TSS);
        selector = SEL_FREE;
        guarded(one_in(2) ? load_ldt : load_tr, (void *)random_address());
        if (i % 64 == 63)
            machine_rebuild();
    }
}
