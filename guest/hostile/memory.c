/* Linear and physical memory: everywhere, through tables that say anything. */
#include "hostile.h"

static void touch(void *at)
{
    volatile uint32_t *p = at;
    uint32_t value = *p;

    *p = value;
    *(volatile uint8_t *)at = (uint8_t)random32();
}

static void touch_word(void *at)
{
    __asm__ volatile("movw (%0), %%ax; movw %%ax, (%0)" ::"r"(at) : "eax", "memory");
}

static void read_only(void *at)
{
    (void)*(volatile uint32_t *)at;
}

static void execute(void *at)
{
    __asm__ volatile("sti; call *%0" ::"r"(at) : "eax", "ecx", "edx", "cc", "memory");
}

static void (*const touches[])(void *) = {touch, touch_word, read_only, execute};

/* The kernel's own memory is spared: what is wanted is a hostile guest that lives. */
static bool own(uint32_t address)
{
    return address < ARENA + ARENA_SIZE || address > 0xFFFFFFF0;
}

static void touch_all_slots(void)
{
    for (uint32_t slot = 0; slot < 1024; slot++) {
        uint32_t at = slot << 22 | below(0x400000);

        guarded(read_only, (void *)at);
        guarded(read_only, (void *)(slot << 22));
        guarded(read_only, (void *)((slot << 22) - 2)); /* over the edge of a slot */
        if (!own(at))
            guarded(touch, (void *)at);
        if (!own(slot << 22))
            guarded(touch_word, (void *)((slot << 22) - 1));
    }
}

static void touch_slots_unpaged(void *unused)
{
    (void)unused;
    __asm__ volatile("mov %%cr0, %%eax; and $0x7fffffff, %%eax; mov %%eax, %%cr0" ::: "eax");
    for (uint32_t slot = 2; slot < 1024; slot++)
        touch((void *)(slot << 22 | below(0x3FFFFF)));
}

/* 4 MiB pages onto any physical address, also beyond 4 GiB (PSE-36) and beyond all RAM. */
static void touch_large_pages(void)
{
    for (uint32_t i = 0; i < 1024; i++) {
        uint32_t slot = (PLAYGROUND >> 22) + 1 + below(16);
        uint32_t frame = one_in(4) ? 0 : i << 22;
        uint32_t pse36 = one_in(2) ? random32() & 0x3FE000 : 0;

        directory[slot] = frame | pse36 | PTE_P | PTE_W | PTE_PS | (one_in(2) ? PTE_U : 0);
        invlpg(slot << 22);
        guarded(own(frame) ? read_only : touch, (void *)(slot << 22 | (below(0x400000) & ~3u)));
    }
}

void stage_linear(void)
{
    touch_all_slots();
    guarded(touch_slots_unpaged, NULL);
    touch_large_pages();
    machine_rebuild();
    touch_all_slots();
}

/* --- Tables that say anything. --- */

static uint32_t any_entry(void)
{
    static const uint32_t targets[] = {0xFFFFF000, 0xFEE00000, 0xFFFE0000, 0xF0000000,
                                       0xA0000,    0xB8000,    0xC0000,    0x80000000,
                                       ARENA,      0x2000000,  0x40000000, 0xFFC00000};
    const uint32_t tables[] = {(uint32_t)directory, (uint32_t)play_table, (uint32_t)kern_table,
                               (uint32_t)user_table};
    uint32_t frame;

    switch (below(5)) {
    case 0:
        frame = random32() & 0xFFFFF000;
        break;
    case 1:
        frame = PICK(targets);
        break;
    case 2:
        frame = PICK(tables);
        break;
    case 3:
        return random32();
    default:
        frame = ARENA + below(ARENA_SIZE) / 4096 * 4096;
    }
    return frame | (below(0x1000) & ~(uint32_t)PTE_PS) | (one_in(8) ? PTE_PS : 0) |
           (one_in(8) ? 0 : PTE_P) | (one_in(4) ? 0 : PTE_W) | (one_in(2) ? PTE_U : 0);
}

/* A large page onto the kernel itself would be suicide. */
static uint32_t hostile_entry(void)
{
    uint32_t entry = any_entry();

    return entry & PTE_PS && entry < RAM_MAPPED ? entry | RAM_MAPPED : entry;
}

/* A snippet for CPL 3: mov eax, [edx]; mov [edx], eax; int 81h. */
static void touch_as_user(uint32_t address)
{
    static const uint8_t snippet[] = {0x8B, 0x02, 0x89, 0x02, 0xCD, VECTOR_DONE};

    emit((uint8_t *)ARENA, snippet, sizeof(snippet));
    start = (struct registers){.edx = address,
                               .esp = USER_WINDOW + 0x8000,
                               .ss = SEL_UDATA,
                               .ds = SEL_UDATA,
                               .es = SEL_UDATA,
                               .eip = USER_WINDOW,
                               .cs = SEL_UCODE,
                               .eflags = 0x202};
    launch_user();
}

/* The BIOS would switch the machine off when it is run from its middle. */
static bool shows_rom(uint32_t entry)
{
    return entry >= 0xFFC00000 || (entry >= 0xC0000 && entry < 0x100000);
}

static void touch_playground(uint32_t address, uint32_t entry)
{
    guarded(shows_rom(entry) ? touch : PICK(touches), (void *)address);
    if (one_in(4))
        touch_as_user(address);
}

static void play(uint32_t rounds)
{
    for (uint32_t i = 0; i < rounds; i++) {
        uint32_t slot = (PLAYGROUND >> 22) + below(4), page = below(1024);
        uint32_t entry = hostile_entry();

        if (slot == PLAYGROUND >> 22)
            play_table[page] = entry;
        else
            directory[slot] = entry;
        if (one_in(2))
            invlpg(slot << 22 | page << 12);
        if (one_in(64))
            tlb_flush();
        if (i % 16 == 15)
            machine_rebuild(); /* the tables can reach themselves: stores may have hit anything */
        touch_playground(slot << 22 | page << 12 | below(4096), entry);
    }
}

/* The directory as a table of itself, and a table as its own page: stores to tables through tables.
 */
static void self_maps(void)
{
    volatile uint32_t *tables = (uint32_t *)0xFFC00000;

    directory[1023] = (uint32_t)directory | PTE_P | PTE_W;
    for (uint32_t i = 0; i < 1024; i++) {
        uint32_t page = (PLAYGROUND >> 12) + i;

        tables[page] = (ARENA + below(ARENA_SIZE)) | PTE_P | PTE_W;
        if (one_in(4))
            tables[page] = (uint32_t)play_table | PTE_P | PTE_W;
        guarded(read_only, (void *)(page << 12));
    }
    tables[0xFFFFF] = random32() & ~(uint32_t)PTE_P;
    guarded(read_only, (void *)0xFFFFF000);
    machine_rebuild();
}

void stage_paging(void)
{
    play(4096);
    machine_rebuild();
    self_maps();
}

/* Tables edited at random under running code: the code's own window loses and changes its pages. */
void stage_live(void)
{
    /* again: inc eax; mov [edi], eax; xchg edx, [esi]; add edi, 52; loop again; int3 */
    static const uint8_t snippet[] = {0x40, 0x89, 0x07, 0x87, 0x16, 0x83,
                                      0xC7, 0x34, 0xE2, 0xF6, 0xCC};

    for (uint32_t i = 0; i < 2048; i++) {
        uint32_t page = below(ARENA_SIZE / 4096), at = below(4096);

        emit((uint8_t *)ARENA + page * 4096 + at, snippet, sizeof(snippet));
        random_registers();
        start.edi = (uint32_t) & (one_in(2) ? kern_table : play_table)[below(190)];
        start.ecx = 64; /* to the end of the table */
        start.esi = (uint32_t)&kern_table[below(ARENA_SIZE / 4096)];
        start.edx = hostile_entry();
        start.eax = (ARENA + below(ARENA_SIZE) / 4096 * 4096) | PTE_P | PTE_W;
        start.eip = KERN_WINDOW + page * 4096 + at;
        start.cs = SEL_KCODE, start.ds = start.es = start.ss = SEL_KDATA;
        start.fs = start.gs = 0;
        start.esp = ARENA + 0x8000;
        start.eflags = 0x202;
        launch_kernel();
        if (one_in(8))
            machine_rebuild();
    }
}
