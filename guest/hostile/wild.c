/* What no machine survives: one way to die for each variant. The monitor resets such a guest, time
 * and again, until it has had enough; each time it tries another. */
#include "hostile.h"

static struct table_register wild;

static void wild_gdt(void *unused)
{
    (void)unused;
    __asm__ volatile("lgdt %0; mov %w1, %%ds; int $0x90" ::"m"(wild), "r"(random32()));
}

static void wild_idt(void *unused)
{
    (void)unused;
    __asm__ volatile("lidt %0; int $0x90; sti; hlt" ::"m"(wild));
}

static void wild_cr3(void *unused)
{
    (void)unused;
    __asm__ volatile("mov %0, %%cr3; hlt" ::"r"(one_in(2) ? random_address()
                                                          : (uint32_t)directory ^ 1u << below(32)));
}

/* The tables in use become PAE tables. */
static void wild_pae(void *unused)
{
    (void)unused;
    directory[below(8)] = random_address();
    __asm__ volatile("mov %%cr4, %%eax; or $0x20, %%eax; mov %%eax, %%cr4; mov (%0), %%eax" ::"r"(
                         random_address())
                     : "eax", "memory");
}

static void wild_task(void *unused)
{
    (void)unused;
    gdt[SEL_TSS_ENTER / 8] = descriptor(random_address(), random32(), ATTR_TSS);
    __asm__ volatile("ljmp $0x38, $0");
}

static void wild_task_cr3(void *unused)
{
    (void)unused;
    tss_enter.cr3 = random_address();
    __asm__ volatile("ljmp $0x38, $0");
}

/* CPL 3 with a TSS that is anywhere: its next event needs a stack from there. */
static void wild_ring_stack(void *unused)
{
    (void)unused;
    gdt[SEL_FREE / 8] = descriptor(random_address(), one_in(2) ? random32() : 0x67, ATTR_TSS);
    __asm__ volatile("ltr %w0" ::"r"(SEL_FREE));
    start = (struct registers){
        .esp = 0, .ss = SEL_UDATA, .cs = SEL_UCODE, .eflags = 0x202, .eip = USER_WINDOW};
    launch_user();
}

static void wild_real(void *unused)
{
    (void)unused;
    __asm__ volatile("lidt %0" ::"m"(wild));
    start.eip = 0;
    launch_real();
}

static void keyboard_reset(void *unused)
{
    (void)unused;
    outb(0x64, 0xFE);
}

static void port92_reset(void *unused)
{
    (void)unused;
    outb(0x92, 3);
}

static void sleep_for_ever(void *unused)
{
    (void)unused;
    __asm__ volatile("cli; hlt");
}

static void every_port(void *unused)
{
    (void)unused;
    for (uint32_t port = 0x60; port < 0x100; port++)
        if (port != 0xF4)
            outb((uint16_t)port, (uint8_t)random32());
}

static void rom(void *unused)
{
    (void)unused;
    ((void (*)(void))(0xF0000 + below(0x10000)))();
}

static void (*const ways[])(void *) = {
    wild_gdt,  wild_idt,       wild_cr3,     wild_task,  wild_pae, wild_task_cr3, wild_ring_stack,
    wild_real, keyboard_reset, port92_reset, every_port, rom,      sleep_for_ever};

/* Nothing of a guest outlives its reset but the time. */
static uint32_t some_variant(void)
{
    uint32_t low;

    __asm__ volatile("rdtsc" : "=a"(low)::"edx");
    return (low ^ seed) | 1u << 31;
}

void stage_wild(void)
{
    uint32_t pick = variant ? variant : some_variant();
    uint32_t way = pick % (sizeof(ways) / sizeof(ways[0]));

    random_seed(pick);
    wild = (struct table_register){(uint16_t)random32(), random_address()};
    print("hostile: seed %u: variant=%u, way %u\n", seed, pick, way);
    for (uint32_t i = 0; i < 64; i++)
        guarded(ways[way], NULL);
}
