#include "prompt.h"

#include <stddef.h>
#include <string.h>

#include "gdb.h"
#include "hypervisor/report/console.h"
#include "hypervisor/report/report.h"
#include "hypervisor/vm/vm.h"
#include "hypervisor/vm/world.h"
#include "info.h"
#include "line.h"
#include "wire.h"

#define PROMPT       "(umbra) "
#define ERASE_LINE   "\r\033[K"
#define PROGRAMS     "umbra-json: " /* how lines begin that are not for people */
#define CTRL_C       3
#define CTRL_T       20 /* asks for a status on BSD's terminals */
#define DUMP_DEFAULT 64u
#define DUMP_MAX     4096u

static struct vm *const *vms;
static unsigned vm_count;

static struct {
    struct line line;
    bool asked;   /* somebody typed: before that the line is a plain log */
    bool visible; /* the prompt stands in the last line */
    bool busy;    /* with a command: the prompt comes back behind it */
} prompt;

/* A line of the monitor's messages, or a piece of a long one. */
static struct {
    char text[128];
    unsigned length;
    bool goes_on; /* the piece before belongs to the same line */
    bool dropped;
} message;

/* --- the line ----------------------------------------------------------------------------------
 */

static void put_text(const char *text)
{
    while (*text)
        wire_text(*text++);
}

static void show(void)
{
    put_text(PROMPT);
    put_text(prompt.line.text);
    prompt.visible = true;
}

static void print_message(void)
{
    if (prompt.visible)
        put_text(ERASE_LINE);
    prompt.visible = false;
    for (unsigned i = 0; i < message.length; i++)
        wire_text(message.text[i]);
}

/* Once a person is there, what is for programs only is left out. */
static bool for_programs(void)
{
    return prompt.asked && message.length >= sizeof(PROGRAMS) - 1 &&
           !memcmp(message.text, PROGRAMS, sizeof(PROGRAMS) - 1);
}

/* A message of the monitor, a character at a time. Its lines take the prompt's place, which moves
 * down. */
static void put_message(char c)
{
    bool ends = c == '\n';
    message.text[message.length++] = c;
    if (!ends && message.length < sizeof(message.text))
        return;
    if (!message.goes_on)
        message.dropped = for_programs();
    if (!message.dropped)
        print_message();
    if (!message.dropped && ends && prompt.asked && !prompt.busy)
        show();
    message.goes_on = !ends;
    message.length = 0;
}

void prompt_show(void)
{
    console_mirror(put_message, false);
    line_clear(&prompt.line);
    if (prompt.asked)
        show();
}

void prompt_init(struct vm *const *all, unsigned count)
{
    vms = all;
    vm_count = count;
    prompt_show();
}

/* --- commands ----------------------------------------------------------------------------------
 */

static struct vm *find_vm(const char *name)
{
    for (unsigned i = 0; i < vm_count; i++) {
        if (!strcmp(vms[i]->config.name, name))
            return vms[i];
    }
    console_printf("no virtual machine is called %s; see list\n", name);
    return NULL;
}

/* The VM that a command is about when it does not say: the one on the console. */
static struct vm *default_vm(void)
{
    for (unsigned i = 0; i < vm_count; i++) {
        if (vms[i]->owns_console)
            return vms[i];
    }
    return vm_count ? vms[0] : NULL;
}

static struct vm *find_alive(const char *name)
{
    struct vm *vm = find_vm(name);
    if (vm && vm->state == VM_ENDED) {
        console_printf("%s has ended\n", name);
        return NULL;
    }
    return vm;
}

static void do_list(char **words, unsigned count)
{
    static const char *const states[] = {[VM_RUNNING] = "running",
                                         [VM_PAUSED] = "paused",
                                         [VM_POWERED_OFF] = "ending",
                                         [VM_RESET] = "resetting",
                                         [VM_ENDED] = "ended"};
    (void)words;
    (void)count;
    for (unsigned i = 0; i < vm_count; i++) {
        const struct vm *vm = vms[i];
        uint64_t ms = clock_ns(&vm->clock) / 1000000;
        console_printf("%-12s %-8s %5llu MiB  engine=%s  ran %llu.%03llu s%s%s\n", vm->config.name,
                       states[vm->state], (unsigned long long)(vm->config.mem >> 20),
                       vm->config.engine == ENGINE_TRAP ? "trap" : "interp",
                       (unsigned long long)(ms / 1000), (unsigned long long)(ms % 1000),
                       vm->owns_console ? "  console" : "", vm->debug ? "  gdb" : "");
    }
}

static void do_pause(char **words, unsigned count)
{
    struct vm *vm = find_alive(words[1]);
    (void)count;
    if (vm && vm->state == VM_PAUSED)
        console_printf("%s is paused already\n", words[1]);
    else if (vm)
        vm->state = VM_PAUSED;
}

static void do_resume(char **words, unsigned count)
{
    struct vm *vm = find_alive(words[1]);
    (void)count;
    if (vm && vm->state != VM_PAUSED)
        console_printf("%s is not paused\n", words[1]);
    else if (vm && vm->debug)
        console_printf("%s is stopped by gdb: continue there\n", words[1]);
    else if (vm)
        vm->state = VM_RUNNING;
}

/* A VM that is paused stays so, at its first instruction. */
static void do_reset(char **words, unsigned count)
{
    struct vm *vm = find_alive(words[1]);
    (void)count;
    if (!vm)
        return;
    bool paused = vm->state == VM_PAUSED;
    console_printf("umbra: %s: reset at the prompt\n", words[1]);
    vm_boot(vm);
    if (paused)
        vm->state = VM_PAUSED;
}

static void do_kill(char **words, unsigned count)
{
    struct vm *vm = find_alive(words[1]);
    (void)count;
    if (vm)
        vm_end(vm, "killed at the prompt");
}

static void do_info(char **words, unsigned count)
{
    struct vm *vm = count > 2 ? find_vm(words[2]) : default_vm();
    if (count == 1)
        info_topics();
    else if (vm && !info_show(vm, words[1]))
        console_printf("nothing is known of %s; see info\n", words[1]);
}

static void do_report(char **words, unsigned count)
{
    struct vm *vm = count > 1 ? find_vm(words[1]) : default_vm();
    if (!vm)
        return;
    report_counters(vm);
    report_json(vm);
}

static void do_dump(char **words, unsigned count)
{
    struct vm *vm = count > 3 ? find_vm(words[3]) : default_vm();
    uint32_t gva, bytes = DUMP_DEFAULT;
    if (!line_number(words[1], &gva) || (count > 2 && !line_number(words[2], &bytes)))
        console_printf("not a number; write for example dump 0xc0100000 64\n");
    else if (bytes > DUMP_MAX)
        console_printf("at most %u bytes\n", DUMP_MAX);
    else if (vm)
        info_dump(vm, gva, bytes);
}

static void do_console(char **words, unsigned count)
{
    struct vm *vm = find_alive(words[1]);
    (void)count;
    if (vm)
        world_give_console(vms, vm_count, vm);
}

static void do_gdb(char **words, unsigned count)
{
    struct vm *vm = find_alive(words[1]);
    (void)count;
    if (vm && gdb_active())
        console_printf("the line is gdb's already\n");
    else if (vm) {
        console_printf("%s is paused; leave this line to gdb now: target remote ...\n"
                       "(Enter brings the prompt back)\n",
                       words[1]);
        gdb_begin(vm);
    }
}

static void do_quit(char **words, unsigned count)
{
    (void)words;
    (void)count;
    for (unsigned i = 0; i < vm_count; i++) {
        if (vms[i]->state != VM_ENDED)
            vm_end(vms[i], "the monitor was asked to quit");
    }
}

static void do_help(char **words, unsigned count);

/* `min` and `max` count the command itself. What a command with `news` says goes to all channels.
 */
static const struct command {
    const char *name, *arguments, *text;
    unsigned min, max;
    bool news;
    void (*run)(char **words, unsigned count);
} commands[] = {
    {"help", "", "this list", 1, 1, false, do_help},
    {"list", "", "the virtual machines", 1, 1, false, do_list},
    {"pause", "NAME", "stops a VM and its clock", 2, 2, false, do_pause},
    {"resume", "NAME", "lets it run on", 2, 2, false, do_resume},
    {"reset", "NAME", "boots it again", 2, 2, true, do_reset},
    {"kill", "NAME", "ends it", 2, 2, true, do_kill},
    {"console", "NAME", "gives it the keyboard and screen (COM1)", 2, 2, false, do_console},
    {"info", "TOPIC [NAME]", "shows a part of a VM; info alone lists the topics", 1, 3, false,
     do_info},
    {"report", "[NAME]", "all that trapped until now, as JSON too in the log (key: ctrl-T)", 1, 2,
     true, do_report},
    {"dump", "ADDRESS [N [NAME]]", "N bytes of guest-virtual memory", 2, 4, false, do_dump},
    {"gdb", "NAME", "hands this line to gdb", 2, 2, false, do_gdb},
    {"quit", "", "ends all VMs and the monitor", 1, 1, true, do_quit},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void do_help(char **words, unsigned count)
{
    (void)words;
    (void)count;
    for (unsigned i = 0; i < COMMANDS; i++)
        console_printf("%-8s %-20s %s\n", commands[i].name, commands[i].arguments,
                       commands[i].text);
}

static const struct command *find_command(const char *name)
{
    for (unsigned i = 0; i < COMMANDS; i++) {
        if (!strcmp(commands[i].name, name))
            return &commands[i];
    }
    return NULL;
}

void prompt_execute(char *line, void (*put)(char c))
{
    char *words[WORDS_MAX];
    unsigned count = line_words(line, words);
    const struct command *command = count ? find_command(words[0]) : NULL;
    if (!count)
        return;
    if (gdb_active() || !command || !command->news)
        console_mirror(put, !command || !command->news);
    if (!command)
        console_printf("%s: unknown command; see help\n", words[0]);
    else if (count < command->min || count > command->max)
        console_printf("usage: %s %s\n", command->name, command->arguments);
    else
        command->run(words, count);
    console_mirror(gdb_active() ? NULL : put_message, false);
}

/* --- keys --------------------------------------------------------------------------------------
 */

/* gdb begins with an acknowledgement or a packet; on a line that nobody typed on, ctrl-C is its
 * way of asking for attention, too. */
static bool gdb_calls(uint8_t byte)
{
    return !prompt.line.length && (byte == '$' || (byte == CTRL_C && !prompt.asked));
}

static struct vm *gdb_choice(void)
{
    struct vm *choice = NULL;
    for (unsigned i = 0; i < vm_count; i++) {
        struct vm *vm = vms[i];
        if (vm->state != VM_ENDED && (!choice || (vm->config.gdb && !choice->config.gdb)))
            choice = vm;
    }
    return choice;
}

static void execute(char *line)
{
    wire_text('\n');
    prompt.visible = false;
    prompt.busy = true;
    prompt_execute(line, wire_text);
    prompt.busy = false;
}

static void execute_line(void)
{
    execute(prompt.line.text);
    line_clear(&prompt.line);
    if (!gdb_active())
        show();
}

/* What was typed so far stays. */
static void execute_hot_key(void)
{
    char line[] = "report";
    execute(line);
    show();
}

void prompt_take(uint8_t byte)
{
    struct vm *vm = gdb_calls(byte) ? gdb_choice() : NULL;
    if (vm) {
        gdb_begin(vm);
        gdb_take(byte);
        return;
    }
    if (!prompt.line.length && byte == '+')
        return;
    prompt.asked = true;
    if (byte == CTRL_T) {
        execute_hot_key();
        return;
    }
    switch (line_key(&prompt.line, byte)) {
    case LINE_ECHO:
        if (!prompt.visible)
            show();
        else
            wire_put(byte);
        break;
    case LINE_RUBBED:
        put_text("\b \b");
        break;
    case LINE_CLEAR:
        put_text(ERASE_LINE);
        show();
        break;
    case LINE_DONE:
        execute_line();
        break;
    case LINE_IGNORE:
        break;
    }
}
