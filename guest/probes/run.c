/* Running a piece of code under test and catching what ends it. */
#include "probe.h"
#include "lib/string.h"

struct state given, got, entry;
uint8_t entry_gdtr[6], entry_idtr[6];
uint32_t entry_cr0, entry_cr4, entry_dr6, entry_dr7;
uint16_t entry_tr, entry_ldtr, entry_fcw, entry_fsw;

USER_DATA uint32_t user_words[1024] __attribute__((aligned(4096))) = {0};
USER_DATA uint32_t user_stack[1024] __attribute__((aligned(4096))) = {0};
USER_DATA static uint8_t user_code[4096] __attribute__((aligned(4096))) = {0};
static uint8_t kernel_code[4096] __attribute__((aligned(4096)));
uint32_t kernel_words[1024] __attribute__((aligned(4096)));
uint32_t probe_stack[1024] __attribute__((aligned(4096)));

uint32_t log_vectors;
struct note notes[NOTES];
uint32_t note_count, code_size;
static uint32_t skip;
static bool running;

void launch(void);
int trap(void);
extern const char probe_done[];

#define FIRST_IRQ 0x20
#define LAST_IRQ  0x2F
#define FLAG_RF   0x10000u

void trap_note_skip(uint32_t bytes)
{
    skip = bytes;
}

/* The harness itself went wrong: say where, and end. */
static void give_up(void)
{
    print(" HARNESS v=%x err=%x eip=%x cr2=%x\n", got.vector, got.error, got.eip, read_cr2());
    outl(0xF4, 0x11);
}

/* Note the event; the code goes on with an instruction breakpoint disarmed once, as RF does it. */
static void note(void)
{
    notes[note_count++] = (struct note){got.vector, got.eip, got.eflags, got.dr6};
    if (got.vector == EXC_DB) {
        write_dr6(0xFFFF0FF0);
        if (got.dr6 & 0xF)
            got.eflags |= FLAG_RF;
    } else if (got.vector < FIRST_IRQ) {
        got.eip += skip;
    }
}

/* Called by the stubs with `got` filled: 1 to go on behind the event, 0 to end the run. */
int trap(void)
{
    bool irq = got.vector >= FIRST_IRQ && got.vector <= LAST_IRQ;

    got.cr2 = read_cr2();
    got.dr6 = read_dr6();
    if (!running)
        give_up();
    if (irq)
        irq_quiet();
    if (note_count == NOTES || got.vector >= VECTOR_DONE)
        return 0;
    if (!(log_vectors & (irq ? LOG_IRQ : 1u << got.vector)))
        return 0;
    note();
    return 1;
}

static void fill(uint32_t *words)
{
    for (uint32_t i = 0; i < 1024; i++)
        words[i] = STACK_PATTERN;
}

static void start(const struct code *code)
{
    note_count = 0;
    memset(&got, 0, sizeof(got));
    given.eip = (uint32_t)code->start;
    code_size = code->size;
    given.eflags |= EFLAGS;
    running = true;
    if (given.dr7)
        write_dr7(given.dr7);
    launch();
    if (given.dr7)
        write_dr7(0x400);
    given.dr7 = given.eflags = 0;
    running = false;
}

void run(const struct code *code)
{
    fill(probe_stack);
    given.cs = SEL_KCODE;
    given.esp = (uint32_t)(probe_stack + PROBE_TOP);
    start(code);
}

void run_user(const struct code *code)
{
    fill(user_stack);
    given.cs = SEL_UCODE;
    given.ss = given.ds = given.es = given.fs = given.gs = SEL_UDATA;
    given.esp = (uint32_t)(user_stack + PROBE_TOP);
    if (!given.eflags)
        given.eflags = FLAG_IF;
    start(code);
}

static struct code place(uint8_t *page, const void *bytes, size_t n, const void *end, size_t m)
{
    memset(page, 0x90, 4096);
    memcpy(page, bytes, n);
    memcpy(page + n, end, m);
    return (struct code){page, n + m};
}

void run_bytes(const void *bytes, size_t n)
{
    uint8_t jump[5] = {0xE9};
    uint32_t distance = (uint32_t)probe_done - (uint32_t)(kernel_code + n + sizeof(jump));
    struct code code;

    memcpy(jump + 1, &distance, sizeof(distance));
    code = place(kernel_code, bytes, n, jump, sizeof(jump));
    run(&code);
}

void run_user_bytes(const void *bytes, size_t n)
{
    static const uint8_t leave[] = {0xCD, VECTOR_DONE};
    struct code code = place(user_code, bytes, n, leave, sizeof(leave));

    run_user(&code);
}

void try_code(const char *name, const struct code *code)
{
    run(code);
    if (name)
        list(name);
    item_event();
}

void try_user(const char *name, const struct code *code)
{
    run_user(code);
    if (name)
        list(name);
    item_event();
}
