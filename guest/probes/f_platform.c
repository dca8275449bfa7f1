/* The board: ports, chips, and what the boot left in memory. */
#include "probe.h"
#include "lib/string.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* --- F01, F02: ports. --- */

/* Reading these changes something, waits, or shows the time. */
static bool unsafe(uint32_t port)
{
    return port == 0x40 || port == 0x41 || port == 0x42 || port == 0x60 || port == 0x61 ||
           port == 0x71 || (port >= 0x3C0 && port <= 0x3DF) || (port >= 0x3F8 && port <= 0x3FF) ||
           (port >= 0x1F0 && port <= 0x1F7) || (port >= 0x170 && port <= 0x177);
}

PROBE(F01, "every port that answers, but for those whose reading does something")
{
    list("ports");
    for (uint32_t port = 0; port < 0x10000; port++) {
        uint8_t value = unsafe(port) ? 0xFF : inb((uint16_t)port);

        if (value != 0xFF)
            item(port << 8 | value);
    }
}

static void show_ports(const char *name, uint32_t from, uint32_t n)
{
    list(name);
    for (uint32_t port = from; port < from + n; port++)
        item(unsafe(port) ? 0x100 : inb((uint16_t)port));
}

PROBE(F01_low, "the ports of the board, one by one")
{
    show_ports("dma1", 0x00, 16);
    show_ports("pic1", 0x20, 4);
    show_ports("pit", 0x43, 1);
    show_ports("kbd", 0x62, 8);
    show_ports("page", 0x80, 16);
    show_ports("p92", 0x92, 1);
    show_ports("pic2", 0xA0, 4);
    show_ports("dma2", 0xC0, 32);
    show_ports("fpu", 0xF0, 16);
    show_ports("vbe", 0x1CE, 2);
    show_ports("com2", 0x2F8, 8);
    show_ports("lpt", 0x378, 8);
    show_ports("fdc", 0x3F0, 8);
    show_ports("elcr", 0x4D0, 2);
    show_ports("fwcfg", 0x510, 2);
    show_ports("bios", 0x402, 1);
    show_ports("pci", 0xCF8, 8);
}

PROBE(F02, "words and doublewords of byte-wide and absent ports")
{
    list("w");
    item(inw(0x20));
    item(inw(0xA0));
    item(inw(0x80));
    item(inw(0x64));
    item(inw(0x3FB));
    item(inw(0x5000));
    list("d");
    item(inl(0x20));
    item(inl(0xCF8));
    item(inl(0xCFC));
    item(inl(0x3FC));
    item(inl(0x5001));
    outl(0xCF8, 0x80000000);
    item(inl(0xCF8));
    item(inl(0xCFC));
}

CODE(back_door,
     "mov eax, 0x564d5868; mov ecx, 10; mov edx, 0x5658; mov ebx, 0x11111111; mov esi, 0x22222222;"
     "mov edi, 0x33333333; mov ebp, 0x44444444; in eax, dx");

PROBE(F20, "the back door port of VMware, with every register")
{
    run(back_door);
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

/* --- F03: the 8259A pair. --- */

static uint8_t read_pic(uint16_t port, uint8_t ocw3)
{
    outb(port, ocw3);
    return inb(port);
}

PROBE(F03, "the interrupt controllers read back")
{
    list("imr");
    outb(0x21, 0x5A);
    outb(0xA1, 0xA5);
    item(inb(0x21));
    item(inb(0xA1));
    outb(0x21, 0xFF);
    outb(0xA1, 0xFF);
    irq_raise();
    list("raised");
    item(read_pic(0x20, 0x0A));
    item(read_pic(0x20, 0x0B));
    item(read_pic(0x20, 0x0C));
    irq_quiet();
    list("quiet");
    item(read_pic(0x20, 0x0A) & 0x10);
    item(read_pic(0x20, 0x0B));
}

PROBE(F03_poll, "the poll command and a specific end of interrupt")
{
    irq_raise();
    list("poll");
    item(read_pic(0x20, 0x0C));
    item(read_pic(0x20, 0x0B));
    outb(0x20, 0x64);
    item(read_pic(0x20, 0x0B));
    irq_quiet();
}

CODE(open_window, "sti; nop; nop; cli");

PROBE(F03_dropped, "a request whose line drops before it is taken")
{
    irq_raise();
    outb(0x3F9, 0);
    inb(0x3FA);
    log_vectors = LOG_IRQ;
    run(open_window);
    show_event();
    show("notes", note_count);
    show("v", note_count ? notes[0].vector : 0);
}

/* --- F04, F05: the 8254. --- */

static uint8_t pit_status(uint8_t channel)
{
    outb(0x43, (uint8_t)(0xE0 | 2 << channel));
    return inb((uint16_t)(0x40 + channel));
}

/* Channel 2's gate is off, yet QEMU's OUT runs on: it is what the time since the last count says.
 */
static uint32_t status_by_mode(uint8_t status[18])
{
    for (uint32_t mode = 0; mode < 6; mode++) {
        outb(0x43, (uint8_t)(0xB0 | mode << 1));
        status[3 * mode] = pit_status(2);
        outb(0x42, 0x34);
        status[3 * mode + 1] = pit_status(2);
        outb(0x42, 0x12);
        status[3 * mode + 2] = pit_status(2) & 0xBF;
    }
    return digest(status, 18);
}

PROBE(F04, "the status of timer channels by mode")
{
    uint8_t control = inb(0x61), status[18];
    uint32_t last = 0, turns = 0;

    outb(0x61, control & ~3);
    /* A busy host can take the processor away for longer than the count lasts, but hardly ever
     * twice at the same place. */
    for (uint32_t sum = status_by_mode(status); sum != last && turns < 16; turns++) {
        last = sum;
        sum = status_by_mode(status);
    }
    list("status");
    for (uint32_t i = 0; i < 18; i++)
        item(status[i]);
    list("bcd");
    outb(0x43, 0xB1);
    item(pit_status(2));
    outb(0x61, control);
    item(pit_status(0) & 0x3F);
    item(pit_status(1) & 0x3F);
}

PROBE(F05, "port 61h: what sticks, and that the refresh bit toggles")
{
    uint8_t control = inb(0x61), seen = 0;

    list("sticks");
    for (uint32_t value = 0; value < 4; value++) {
        outb(0x61, (uint8_t)value);
        item(inb(0x61) & 0xF);
    }
    outb(0x61, control);
    for (uint32_t i = 0; i < 200000 && seen != 3; i++)
        seen |= inb(0x61) & 0x10 ? 2 : 1;
    show("refresh", seen);
}

/* A one-shot of channel 2, watched through port 61h: its time in ticks of the CPU is not printed.
 */
PROBE(F04_runs, "channel 2 counts down and raises its output")
{
    uint8_t control = inb(0x61);
    uint32_t turns = 0;

    outb(0x61, (control & ~2) | 1);
    outb(0x43, 0xB0);
    outb(0x42, 0x00);
    outb(0x42, 0x10);
    show("before", inb(0x61) & 0x20);
    while (!(inb(0x61) & 0x20) && turns < 10000000)
        turns++;
    show("after", inb(0x61) & 0x20);
    show("waited", turns > 10);
    outb(0x61, control);
}

/* --- F06: clock and CMOS. --- */

static uint8_t cmos(uint8_t index)
{
    outb(0x70, index);
    return inb(0x71);
}

PROBE(F06, "CMOS: registers A to D, memory size, checksums, all that is not time")
{
    list("regs");
    item(cmos(10) & 0x7F);
    item(cmos(11));
    item(cmos(12) & 0x60);
    item(cmos(13));
    list("bytes");
    for (uint8_t i = 14; i < 128; i++)
        if (i != 0x32)
            item(cmos(i));
    show("century", cmos(0x32));
    outb(0x70, 0x7F);
    show("index", inb(0x70));
}

PROBE(F06_write, "the alarm registers and register B keep what is written")
{
    uint8_t b = cmos(11);

    outb(0x70, 1);
    outb(0x71, 0x59);
    show("alarm", cmos(1));
    outb(0x70, 11);
    outb(0x71, (uint8_t)(b | 0x80));
    show("b", cmos(11));
    outb(0x70, 11);
    outb(0x71, b);
    outb(0x70, 13);
    outb(0x71, 0);
    show("d", cmos(13));
    outb(0x70, 1);
    outb(0x71, 0);
}

PROBE(F06_ticks, "the periodic interrupt flag comes at its rate")
{
    uint8_t b = cmos(11), seen = 0;

    outb(0x70, 11);
    outb(0x71, (uint8_t)(b | 0x40));
    cmos(12);
    for (uint32_t i = 0; i < 2000000 && !(seen & 0x40); i++)
        seen = cmos(12);
    show("c", seen & 0xE0);
    outb(0x70, 11);
    outb(0x71, b);
    cmos(12);
}

/* --- F07, F08: 8042 and A20. --- */

static void kbd_wait(void)
{
    for (uint32_t i = 0; i < 100000 && inb(0x64) & 2; i++)
        ;
}

static uint32_t kbd_read(void)
{
    for (uint32_t i = 0; i < 100000; i++)
        if (inb(0x64) & 1)
            return inb(0x60);
    return 0x100;
}

static void kbd_command(uint8_t command)
{
    kbd_wait();
    outb(0x64, command);
    kbd_wait();
}

PROBE(F07, "the keyboard controller: self-test, command byte, output port")
{
    list("kbd");
    item(inb(0x64));
    kbd_command(0xAD);
    kbd_command(0xAA);
    item(kbd_read());
    kbd_command(0xAB);
    item(kbd_read());
    kbd_command(0x20);
    item(kbd_read());
    kbd_command(0xD0);
    item(kbd_read());
    kbd_command(0xC0);
    item(kbd_read());
    kbd_command(0xD2);
    outb(0x60, 0x5A);
    item(kbd_read());
    kbd_command(0xA9);
    item(kbd_read());
    kbd_command(0xFD);
    item(kbd_read());
    kbd_command(0xAE);
    show("p92", inb(0x92));
}

PROBE(F07_device, "the keyboard: echo, identify, reset")
{
    static const uint8_t commands[] = {0xEE, 0xF2, 0xF4, 0xF5, 0xFF, 0xE9};

    list("kbd");
    for (size_t i = 0; i < COUNT(commands); i++) {
        kbd_wait();
        outb(0x60, commands[i]);
        for (uint32_t answer = kbd_read(); answer != 0x100; answer = kbd_read())
            item(answer);
    }
    kbd_wait();
    outb(0x60, 0xF4);
    item(kbd_read());
}

/* While the gate is closed nothing may be used whose address has bit 20 set: this code lies in the
 * user pages, the tables and the stack behind them. */
CODE_AT(".user_text,\"ax\",@progbits", gate_a20,
        "in al, 0x92; mov esi, eax; and al, 0xfd; out 0x92, al; mov ebx, [0x40001000]; in al, 0x92;"
        "mov edx, eax; mov eax, esi; or al, 2; out 0x92, al; mov ecx, [0x40001000]",
        "jmp probe_done");

PROBE(F08, "A20 off and on through port 92h")
{
    *(volatile uint32_t *)0x7000 = 0x12345678;
    map(1, (void *)0x107000, PTE_P);
    run(gate_a20);
    show_event();
    list("ports");
    item(got.esi & 0xFF);
    item(got.edx & 0xFF);
    show("off", got.ebx == 0x12345678);
    show("on", got.ecx == *(volatile uint32_t *)0x107000);
}

/* --- F09: the UART, whose line this text runs on. --- */

PROBE(F09, "the UART: scratch, divisor, loopback, interrupt identity")
{
    // clang-format off
    static const uint16_t steps[][2] = { /* port and byte to write, or 100h to read */
        {0x3FF, 0x5A}, {0x3FF, 0x100}, {0x3FB, 0x83}, {0x3F8, 0x100}, {0x3F9, 0x100}, {0x3FB, 3},
        {0x3FB, 0x100}, {0x3FC, 0x100}, {0x3FD, 0x100}, {0x3FA, 0x100}, {0x3F9, 0xFF},
        {0x3F9, 0x100},
        {0x3F9, 0}, {0x3FC, 0x1F}, {0x3FE, 0x100}, {0x3FC, 0x15}, {0x3FE, 0x100}, {0x3FC, 0xFB},
        {0x3FC, 0x100}, {0x3FC, 0x0B}, {0x3FE, 0x100}, {0x3FE, 0x100}, {0x3F9, 2}, {0x3FA, 0x100},
        {0x3FA, 0x100}, {0x3F9, 0}, {0x3FA, 0x100},
    };
    // clang-format on
    uint8_t read[COUNT(steps)];
    uint32_t n = 0;

    while (!(inb(0x3FD) & 0x40))
        ;
    for (size_t i = 0; i < COUNT(steps); i++) {
        if (steps[i][1] == 0x100)
            read[n++] = inb(steps[i][0]);
        else
            outb(steps[i][0], (uint8_t)steps[i][1]);
    }
    list("uart");
    for (uint32_t i = 0; i < n; i++)
        item(read[i]);
}

/* --- F10: VGA. --- */

static void show_indexed(const char *name, uint16_t port, uint32_t n)
{
    list(name);
    for (uint32_t i = 0; i < n; i++) {
        outb(port, (uint8_t)i);
        item(inb((uint16_t)(port + 1)));
    }
}

PROBE(F10, "VGA registers as the BIOS left them")
{
    show("misc", inb(0x3CC));
    show_indexed("seq", 0x3C4, 8);
    show_indexed("crtc", 0x3D4, 25);
    show_indexed("gc", 0x3CE, 9);
    inb(0x3DA);
    list("attr");
    for (uint32_t i = 0; i < 21; i++) {
        inb(0x3DA);
        outb(0x3C0, (uint8_t)(i | 0x20));
        item(inb(0x3C1));
    }
    inb(0x3DA);
    outb(0x3C7, 0);
    list("dac");
    item(inb(0x3C7));
    for (uint32_t i = 0; i < 12; i++)
        item(inb(0x3C9));
}

PROBE(F10_write, "the VGA cursor position, read back")
{
    outb(0x3D4, 0x0F);
    outb(0x3D5, 0x5A);
    show("low", inb(0x3D5));
    show("index", inb(0x3D4));
    outb(0x3D5, 0);
}

/* --- F13 to F15: what the boot left. --- */

PROBE(F13, "the multiboot information")
{
    const uint32_t *info = (const uint32_t *)entry.ebx;

    show("eax", entry.eax);
    show("ebx", entry.ebx);
    list("info");
    for (uint32_t i = 0; i < 22; i++)
        item(info[i]);
    show("cmdline", digest((const void *)info[4], 16));
    if (info[0] & 0x40) {
        list("map");
        for (uint32_t i = 0; i < info[11] / 4; i++)
            item(((const uint32_t *)info[12])[i]);
    }
    if (info[0] & 0x200)
        show("loader", digest((const void *)info[16], 8));
}

PROBE(F14, "the registers at the first instruction")
{
    uint32_t general[14];

    memcpy(general, &entry, sizeof(general));

    list("general");
    for (uint32_t i = 0; i < 8; i++)
        item(general[i]);
    list("segments");
    for (uint32_t i = 8; i < 14; i++)
        item(general[i]);
    show("flags", entry.eflags);
    show("cr0", entry_cr0);
    show("cr4", entry_cr4);
    list("gdtr");
    for (uint32_t i = 0; i < 6; i++)
        item(entry_gdtr[i]);
    list("idtr");
    for (uint32_t i = 0; i < 6; i++)
        item(entry_idtr[i]);
    show("tr", entry_tr);
    show("ldtr", entry_ldtr);
    show("fcw", entry_fcw);
    show("fsw", entry_fsw);
    show("dr6", entry_dr6);
    show("dr7", entry_dr7);
}

/* Taken before the first probe: (from, to, block), in digests that F15 prints. */
static const struct block {
    const char *name;
    uint32_t from, to, block;
} blocks[] = {
    {"ivt", 0x10, 0x400, 0x3F0},
    {"bda", 0x400, 0x46C, 0x6C},
    {"bda2", 0x471, 0x500, 0x8F},
    {"low", 0x800, 0x10000, 0x800},
    {"mid", 0x10000, 0x80000, 0x10000},
    {"top", 0x80000, 0xA0000, 0x2000},
    {"rom", 0xC0000, 0x100000, 0x4000},
    {"high", 0x400000, 0x2C00000, 0x400000},
    {"last", 0x3000000, 0x4000000, 0x400000},
};
static const struct block heap = {"heap", 0x2C00000, 0x3000000, 0x400000}; /* of the BIOS */
static uint32_t boot_digests[256], heap_digest;

/* What differs from boot to boot of one and the same machine, and is not looked at: where in two
 * stacks a timer interrupt left its frames, the BIOS's measurement of the timer's speed, the
 * checksum over it, and what its start-up code keeps of both. */
static const struct {
    uint32_t from, to;
} timed[] = {
    {0x6A40, 0x6A8C},    {0x6EBC, 0x6EE8},       {0xEF300, 0xEF348},     {0xF6DB4, 0xF6DC0},
    {0xFFFFC, 0x100000}, {0x2FF0000, 0x2FF0004}, {0x2FFFF4C, 0x2FFFF50},
};

/* Words at `from` up to the first that is not 0; one instruction, for most of memory is clear. */
static uint32_t clear_words(uint32_t from, uint32_t words)
{
    uint32_t left = words;

    if (!words)
        return 0;
    __asm__ volatile("repe scasl\n\tje 1f\n\tincl %0\n1:"
                     : "+c"(left), "+D"(from)
                     : "a"(0)
                     : "cc", "memory");
    return words - left;
}

/* What is not clear, and where. */
static uint32_t digest_span(uint32_t from, uint32_t to)
{
    uint32_t sum = 0;

    for (uint32_t at = from; at < to; at += 4) {
        at += 4 * clear_words(at, (to - at) / 4);
        if (at < to)
            sum = (sum ^ *(const uint32_t *)at ^ (at - from)) * 16777619u;
    }
    return sum;
}

static uint32_t digest_boot(uint32_t from, uint32_t size)
{
    uint32_t sum = 0, to = from + size;

    for (size_t i = 0; i < COUNT(timed); i++) {
        if (timed[i].from < from || timed[i].from >= to)
            continue;
        sum = sum * 31 + digest_span(from, timed[i].from);
        from = timed[i].to;
    }
    return sum * 31 + digest_span(from, to);
}

void take_boot_memory(void)
{
    uint32_t n = 0;

    for (size_t i = 0; i < COUNT(blocks); i++)
        for (uint32_t at = blocks[i].from; at < blocks[i].to; at += blocks[i].block)
            boot_digests[n++] = digest_boot(at, blocks[i].block);
    heap_digest = digest_boot(heap.from, heap.block);
}

PROBE(F15, "the memory beside this image as the boot left it")
{
    uint32_t n = 0;

    for (size_t i = 0; i < COUNT(blocks); i++) {
        list(blocks[i].name);
        for (uint32_t at = blocks[i].from; at < blocks[i].to; at += blocks[i].block)
            item(boot_digests[n++]);
    }
}

PROBE(F15_heap, "what start-up code of the BIOS left in memory that is free now")
{
    show(heap.name, heap_digest);
}

PROBE(F24, "writes to the ROM")
{
    volatile uint32_t *rom = (uint32_t *)0xF0000;
    uint32_t before = rom[0x100];

    rom[0x100] = ~before;
    show("kept", rom[0x100] == before);
    rom[0x100] = before;
    rom = (uint32_t *)0xC8000;
    before = rom[0];
    rom[0] = ~before;
    show("free", rom[0] == before);
    rom[0] = before;
}
