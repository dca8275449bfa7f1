/* The linear and the physical address space: holes, edges, and all the memory there is. */
#include "paging.h"
#include "lib/string.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* --- Where there is no memory. --- */

static void show_at(uint32_t physical)
{
    volatile uint32_t *at = (uint32_t *)window(0);

    map(0, (void *)physical, RW);
    item(at[0]);
    at[0] = 0x5A5A5A5A;
    item(at[0]);
    item(*(volatile uint8_t *)at);
}

PROBE(D24_holes, "physical memory beyond the RAM, in holes and at the top")
{
    static const uint32_t holes[] = {0x04000000, 0x08000000, 0x40000000, 0x80000000,
                                     0xC0000000, 0xE0000000, 0xFEC00000, 0xFEE00000,
                                     0xFF000000, 0xD0000,    0xE8000};

    list("holes");
    for (size_t i = 0; i < COUNT(holes); i++)
        show_at(holes[i]);
}

/* --- Edges. --- */

PROBE(D26, "which 4 MiB regions of the linear space fault, and how")
{
    uint32_t sum = 0, faults = 0;

    for (uint32_t i = 0; i < 1024; i++) {
        static const uint8_t read[] = {0x8A, 0x00}; /* MOV AL, [EAX] */

        given.eax = i << 22 | 0x3FF000;
        run_bytes(read, sizeof(read));
        faults += got.vector == EXC_PF;
        sum = digest_more(sum, &got.vector, 4);
        sum = digest_more(sum, &got.error, 4);
        sum = digest_more(sum, &got.cr2, 4);
    }
    show("faults", faults);
    show("digest", sum);
    sum = 0;
    for (uint32_t i = 0; i < 1024; i++) {
        static const uint8_t write[] = {0xC6, 0x00, 0x00}; /* MOV BYTE PTR [EAX], 0 */

        given.eax = i << 22 | 0x200000;
        if (i == 0)
            continue;
        run_user_bytes(write, sizeof(write));
        sum = digest_more(sum, &got.vector, 4);
        sum = digest_more(sum, &got.error, 4);
        sum = digest_more(sum, &got.cr2, 4);
    }
    show("user", sum);
}

CODE(wrap_read,
     "mov eax, [0xfffffffe]; mov ebx, 0xfffffff0; mov ecx, [ebx + 0x10]; mov dx, [0xffffffff]");
CODE(wrap_write, "mov dword ptr [0xfffffffe], 0x12345678");
CODE(wrap_push, "mov ebx, esp; mov esp, 2; push 0x12345678; mov esp, ebx");

PROBE(D27, "accesses that wrap at 4 GiB")
{
    uint32_t *table = (uint32_t *)frames[4];

    table[1023] = (uint32_t)frames[5] | USER;
    directory[1023] = (uint32_t)table | 7;
    write_cr3(read_cr3());
    frames[5][4094] = 0x11;
    frames[5][4095] = 0x22;
    run(wrap_read);
    show_event();
    list("regs");
    item(got.eax & 0xFFFF);
    item(got.eax >> 16 == (got.ecx & 0xFFFF));
    item(got.edx & 0xFF);
    run(wrap_write);
    show_event();
    list("written");
    item(frames[5][4094]);
    item(frames[5][4095]);
    run(wrap_read);
    item(got.ecx & 0xFFFF);
    run(wrap_push);
    show_event();
    item(frames[5][4094]);
}

PROBE(D27_fault, "a fault at the wrapped part of an access")
{
    uint32_t *table = (uint32_t *)frames[4];

    table[1023] = (uint32_t)frames[5] | USER;
    directory[1023] = (uint32_t)table | 7;
    identity_tables[0][0] = 0;
    write_cr3(read_cr3());
    run(wrap_read);
    show_event();
    show("cr2", got.cr2);
    run(wrap_write);
    show_event();
    show("cr2", got.cr2);
    show("partial", frames[5][4095]);
}

PROBE(D27_fetch, "an instruction that wraps at 4 GiB")
{
    uint32_t *table = (uint32_t *)frames[4];
    struct code code = {(void *)0xFFFFFFFD, 16};
    uint8_t saved[8];
    volatile uint8_t *low = (uint8_t *)window(0);

    table[1023] = (uint32_t)frames[5] | USER;
    directory[1023] = (uint32_t)table | 7;
    map(0, NULL, RW);
    write_cr3(read_cr3());
    frames[5][4093] = 0xB8; /* MOV EAX, imm32 */
    frames[5][4094] = 0x78;
    frames[5][4095] = 0x56;
    for (uint32_t i = 0; i < 8; i++)
        saved[i] = low[i];
    low[0] = 0x34;
    low[1] = 0x12;
    low[2] = 0xCD;
    low[3] = VECTOR_DONE;
    run(&code);
    for (uint32_t i = 0; i < 8; i++)
        low[i] = saved[i];
    show_event();
    show("eax", got.eax);
}

PROBE(D28, "all of the memory can be written and read")
{
    uint32_t sum = 0;

    for (uint32_t page = 0x1000; page < 0x4000; page++) {
        volatile uint32_t *at = (uint32_t *)window(0);

        map(0, (void *)(page * 4096), RW);
        at[page & 1023] = page * 0x9E3779B1u;
    }
    for (uint32_t page = 0x1000; page < 0x4000; page++) {
        volatile uint32_t *at = (uint32_t *)window(0);
        uint32_t value;

        map(0, (void *)(page * 4096), RO);
        value = at[page & 1023];
        sum = digest_more(sum, &value, 4);
    }
    show("digest", sum);
}

CODE(paging_off, "mov ebx, cr0; and ebx, 0x7fffffff; mov cr0, ebx; mov eax, [kernel_words]; mov "
                 "ecx, cr0; cli; pushfd;"
                 "pop edx; mov esi, [0x10000000]; or ebx, 0x80000000; mov cr0, ebx");

PROBE(D30, "paging off and on again")
{
    kernel_words[0] = 0x12345678;
    run(paging_off);
    show_event();
    list("regs");
    item(got.eax);
    item(got.ecx);
    item(got.edx);
    item(got.esi);
}

PROBE(D32, "text video memory by every operand size")
{
    volatile uint8_t *bytes = (uint8_t *)0xB8F00;
    volatile uint16_t *words = (uint16_t *)0xB8F00;
    volatile uint32_t *longs = (uint32_t *)0xB8F00;

    longs[0] = 0x12345678;
    words[3] = 0xABCD;
    bytes[9] = 0x5A;
    *(volatile uint32_t *)(bytes + 13) = 0x87654321;
    list("read");
    for (uint32_t i = 0; i < 5; i++)
        item(longs[i]);
    item(words[1]);
    item(bytes[7]);
    item(*(volatile uint32_t *)(bytes + 7));
    longs[0] ^= 0xFFFF;
    item(longs[0]);
    memset((void *)(uint32_t)bytes, 0, 64);
}
