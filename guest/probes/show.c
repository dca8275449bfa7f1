/* What a probe prints. */
#include "probe.h"
#include "lib/format.h"

static bool first_item;

void uart_init(void)
{
    outb(0x3F9, 0);
    outb(0x3FB, 0x80);
    outb(0x3F8, 1);
    outb(0x3F9, 0);
    outb(0x3FB, 3);
    outb(0x3FA, 7);
    outb(0x3FC, 0x0B);
}

void uart_write(const char *text)
{
    for (; *text; text++) {
        while (!(inb(0x3FD) & 0x20))
            ;
        outb(0x3F8, (uint8_t)*text);
    }
}

void print(const char *f, ...)
{
    char line[256];
    va_list args;

    va_start(args, f);
    format_va(line, sizeof(line), f, args);
    va_end(args);
    uart_write(line);
}

void show(const char *name, uint32_t value)
{
    print(" %s=%x", name, value);
}

void list(const char *name)
{
    print(" %s=", name);
    first_item = true;
}

static void separate(void)
{
    if (!first_item)
        print(",");
    first_item = false;
}

void item(uint32_t value)
{
    separate();
    print("%x", value);
}

/* Where in the code: addresses elsewhere would depend on the layout. */
static void print_eip(uint32_t eip)
{
    uint32_t offset = eip - given.eip;

    if (offset < code_size)
        print("+%x", offset);
    else
        print("out");
}

void item_event(void)
{
    separate();
    if (got.vector == VECTOR_DONE) {
        print("ok");
        return;
    }
    print("%x:%x@", got.vector, got.error);
    print_eip(got.eip);
    if (got.vector == EXC_PF && got.cr2 - WINDOW < 0x400000)
        print("/%x", got.cr2 - WINDOW);
}

void show_event(void)
{
    list("end");
    item_event();
}

void show_notes(void)
{
    list("notes");
    for (uint32_t i = 0; i < note_count; i++) {
        if (notes[i].eip - given.eip >= code_size)
            continue;
        separate();
        print("%x@", notes[i].vector);
        print_eip(notes[i].eip);
        print(":%x:%x", notes[i].dr6, notes[i].eflags);
    }
}

void show_esp(void)
{
    show("esp", got.esp - given.esp);
}

void show_stack(const char *name, int from, int to)
{
    list(name);
    for (int i = from; i <= to; i++)
        item(probe_stack[PROBE_TOP + i]);
}

uint32_t digest_more(uint32_t sum, const void *bytes, size_t n)
{
    const uint8_t *next = bytes;

    for (size_t i = 0; i < n; i++)
        sum = (sum ^ next[i]) * 16777619u;
    return sum;
}

uint32_t digest(const void *bytes, size_t n)
{
    return digest_more(2166136261u, bytes, n);
}

uint32_t digest_words(const volatile uint32_t *words, size_t n)
{
    uint32_t sum = 2166136261u;

    for (size_t i = 0; i < n; i++)
        sum = (sum ^ words[i]) * 16777619u;
    return sum;
}
