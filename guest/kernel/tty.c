#include "tty.h"
#include "abi.h"
#include "cpu.h"
#include "process.h"
#include "sched.h"
#include "serial.h"
#include "uaccess.h"
#include "vga.h"

#define CTRL(letter) ((letter) - 'A' + 1)
#define BACKSPACE    '\b'
#define DELETE       0x7F
#define QUEUE_BYTES  1024u /* a power of two: positions count on past it */
#define WRITE_CHUNK  64u

/*
 * One queue holds what was typed: read_at ... line_end are finished lines, line_end ... edit_at the
 * line that can still be changed. Ctrl-d finishes a line without adding anything to it.
 */
static char queue[QUEUE_BYTES];
static uint32_t read_at, line_end, edit_at;
static uint32_t ends_of_file; /* ctrl-d on an empty line */
static int foreground;

void tty_set_foreground(int job)
{
    foreground = job;
}

void tty_output(const char *text, size_t n)
{
    uint32_t flags = irq_save();

    for (size_t i = 0; i < n; i++) {
        if (text[i] == '\n')
            serial_put('\r');
        serial_put(text[i]);
        vga_put(text[i]);
    }
    vga_show_cursor();
    irq_restore(flags);
}

static void echo(char c)
{
    tty_output(&c, 1);
}

static void finish_line(void)
{
    line_end = edit_at;
    wake_all(queue);
}

static void insert(char c)
{
    if (edit_at - read_at == QUEUE_BYTES)
        return;
    queue[edit_at++ % QUEUE_BYTES] = c;
    echo(c);
    if (c == '\n')
        finish_line();
}

static void erase(void)
{
    if (edit_at == line_end)
        return;
    edit_at--;
    tty_output("\b \b", 3);
}

static void interrupt(void)
{
    tty_output("^C\n", 3);
    edit_at = line_end;
    if (foreground)
        process_kill_job(foreground);
}

void tty_input(char c)
{
    if (c == '\r')
        c = '\n';
    if (c == CTRL('C')) {
        interrupt();
    } else if (c == CTRL('D')) {
        if (edit_at == line_end)
            ends_of_file++;
        finish_line();
    } else if (c == BACKSPACE || c == DELETE) {
        erase();
    } else if (c == CTRL('U')) {
        while (edit_at != line_end)
            erase();
    } else if (c == '\n' || c == '\t' || (c >= ' ' && c < DELETE)) {
        insert(c);
    }
}

/* Take one line, or as much of it as fits. */
static int take(char *to, uint32_t n)
{
    uint32_t taken = 0;

    while (taken < n && read_at != line_end) {
        to[taken] = queue[read_at++ % QUEUE_BYTES];
        if (to[taken++] == '\n')
            break;
    }
    return (int)taken;
}

int tty_read(uint32_t buffer, uint32_t n)
{
    char chunk[128];
    int taken;
    uint32_t flags = irq_save();

    while (read_at == line_end && !ends_of_file && !current->killed)
        sleep_on(queue);
    if (read_at == line_end && ends_of_file)
        ends_of_file--;
    taken = take(chunk, n < sizeof(chunk) ? n : sizeof(chunk));
    irq_restore(flags);
    if (current->killed)
        return ERR_INTERRUPTED;
    return copy_to_user(buffer, chunk, (uint32_t)taken) ? ERR_FAULT : taken;
}

int tty_write(uint32_t buffer, uint32_t n)
{
    char chunk[WRITE_CHUNK];

    for (uint32_t done = 0; done < n;) {
        uint32_t part = n - done < WRITE_CHUNK ? n - done : WRITE_CHUNK;

        if (copy_from_user(chunk, buffer + done, part))
            return ERR_FAULT;
        serial_wait_room(2 * part); /* each character may become two */
        if (current->killed)
            return ERR_INTERRUPTED;
        tty_output(chunk, part);
        done += part;
    }
    return (int)n;
}
