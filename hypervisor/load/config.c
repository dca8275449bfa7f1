#include "config.h"

#include <string.h>

#include "hypervisor/report/counters.h"

#define MIB         (1024ull * 1024)
#define MEM_DEFAULT (64 * MIB)
#define MEM_MIN     (4 * MIB)
#define MEM_MAX     (2048 * MIB)
#define MAX_WORD    128u
#define ROM_LOWEST  0xc0000u
#define ROM_HIGHEST 0xfffffu

static void append(struct load_error *error, const char *part)
{
    size_t used = strlen(error->text);
    size_t room = sizeof(error->text) - 1 - used;
    size_t len = strlen(part);
    if (len > room)
        len = room;
    memcpy(error->text + used, part, len);
    error->text[used + len] = '\0';
}

bool refuse(struct load_error *error, const char *key, const char *cause, const char *remedy)
{
    error->text[0] = '\0';
    append(error, key);
    append(error, ": ");
    append(error, cause);
    append(error, "; ");
    append(error, remedy);
    return false;
}

/* A decimal or 0x number with an optional K, M or G; false when it is anything else. */
static bool parse_size(const char *text, uint64_t *value)
{
    unsigned base = 10;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text += 2;
    }
    uint64_t n = 0;
    unsigned digits = 0;
    for (;; text++, digits++) {
        unsigned digit;
        if (*text >= '0' && *text <= '9')
            digit = (unsigned)(*text - '0');
        else if (base == 16 && (*text | 32) >= 'a' && (*text | 32) <= 'f')
            digit = (unsigned)((*text | 32) - 'a') + 10;
        else
            break;
        if (n > (UINT64_MAX >> 30) / 16)
            return false;
        n = n * base + digit;
    }
    if (!digits)
        return false;
    static const char suffixes[] = "KMG";
    for (unsigned i = 0; i < 3; i++) {
        if ((*text & ~32) == suffixes[i]) {
            n <<= 10 * (i + 1);
            text++;
            break;
        }
    }
    *value = n;
    return *text == '\0';
}

static bool name_ok(const char *name)
{
    if (!*name || strlen(name) >= VM_NAME_MAX)
        return false;
    for (; *name; name++) {
        bool letter = (*name | 32) >= 'a' && (*name | 32) <= 'z';
        bool digit = *name >= '0' && *name <= '9';
        if (!letter && !digit && *name != '-' && *name != '_' && *name != '.')
            return false;
    }
    return true;
}

static bool set_name(struct vm_config *config, const char *word, const char *value,
                     struct load_error *error)
{
    if (!name_ok(value))
        return refuse(error, word, "not a name", "use up to 31 letters, digits, '-', '_' and '.'");
    memcpy(config->name, value, strlen(value) + 1);
    return true;
}

static bool set_mem(struct vm_config *config, const char *word, const char *value,
                    struct load_error *error)
{
    if (!parse_size(value, &config->mem))
        return refuse(error, word, "not a size", "write for example mem=64M");
    if (config->mem < MEM_MIN || config->mem > MEM_MAX)
        return refuse(error, word, "out of range", "give from 4M to 2048M");
    if (config->mem % 4096)
        return refuse(error, word, "not whole pages", "give a multiple of 4K");
    return true;
}

static bool set_engine(struct vm_config *config, const char *word, const char *value,
                       struct load_error *error)
{
    if (!strcmp(value, "trap"))
        config->engine = ENGINE_TRAP;
    else if (!strcmp(value, "interp"))
        config->engine = ENGINE_INTERP;
    else
        return refuse(error, word, "unknown engine", "use engine=trap or engine=interp");
    return true;
}

static bool set_overlap(struct vm_config *config, const char *word, const char *value,
                        struct load_error *error)
{
    if (!strcmp(value, "static"))
        config->overlap = OVERLAP_STATIC;
    else if (!strcmp(value, "strict"))
        config->overlap = OVERLAP_STRICT;
    else
        return refuse(error, word, "unknown value", "use overlap=static or overlap=strict");
    return true;
}

static bool set_user(struct vm_config *config, const char *word, const char *value,
                     struct load_error *error)
{
    if (!strcmp(value, "native"))
        config->user = USER_NATIVE;
    else if (!strcmp(value, "exposed"))
        config->user = USER_EXPOSED;
    else
        return refuse(error, word, "unknown value", "use user=native or user=exposed");
    return true;
}

static bool set_gdb(struct vm_config *config, const char *word, const char *value,
                    struct load_error *error)
{
    if (!strcmp(value, "on"))
        config->gdb = GDB_ON;
    else if (!strcmp(value, "wait"))
        config->gdb = GDB_WAIT;
    else
        return refuse(error, word, "unknown value", "use gdb=on or gdb=wait");
    return true;
}

static bool set_screen(struct vm_config *config, const char *word, const char *value,
                       struct load_error *error)
{
    if (!strcmp(value, "host"))
        config->screen = SCREEN_HOST;
    else if (!strcmp(value, "serial"))
        config->screen = SCREEN_SERIAL;
    else
        return refuse(error, word, "unknown value", "use screen=host or screen=serial");
    return true;
}

/* The bits of a reason's key, or of a group of reasons; 0 when there is none of that name. */
static uint32_t trace_bits(const char *name, size_t length)
{
    const uint32_t all = (1u << EXIT_REASONS) - 1;
    const uint32_t hidden = all & ~((1u << EXIT_FIRST_HIDDEN) - 1);
    const struct {
        const char *name;
        uint32_t bits;
    } groups[] = {{"all", all}, {"hidden", hidden}, {"fault", hidden | 1u << EXIT_GUEST_FAULT}};
    for (unsigned i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        if (strlen(groups[i].name) == length && !memcmp(groups[i].name, name, length))
            return groups[i].bits;
    }
    for (unsigned i = 0; i < EXIT_REASONS; i++) {
        const char *key = exit_reason_key(i);
        if (strlen(key) == length && !memcmp(key, name, length))
            return 1u << i;
    }
    return 0;
}

static bool set_trace(struct vm_config *config, const char *word, const char *value,
                      struct load_error *error)
{
    for (;;) {
        const char *comma = strchr(value, ',');
        size_t length = comma ? (size_t)(comma - value) : strlen(value);
        uint32_t bits = trace_bits(value, length);
        if (!bits)
            return refuse(error, word, "unknown kind of trap",
                          "use for example trace=all or trace=sensitive,fault");
        config->trace |= bits;
        if (!comma)
            return true;
        value = comma + 1;
    }
}

static bool set_lockstep(struct vm_config *config, const char *word, const char *value,
                         struct load_error *error)
{
    uint64_t group;
    if (!strcmp(value, "on"))
        config->lockstep = LOCKSTEP_ON;
    else if (parse_size(value, &group) && group < LOCKSTEP_ON - 1)
        config->lockstep = (uint32_t)group + 1;
    else
        return refuse(error, word, "unknown value", "use lockstep=on or lockstep=GROUP");
    return true;
}

static bool set_rom(struct vm_config *config, const char *word, const char *value,
                    struct load_error *error)
{
    uint64_t address;
    if (!parse_size(value, &address) || address < ROM_LOWEST || address > ROM_HIGHEST)
        return refuse(error, word, "not a ROM address", "give one from 0xc0000 to 0xfffff");
    config->kind = MODULE_ROM;
    config->rom_address = (uint32_t)address;
    return true;
}

static bool set_for(struct vm_config *config, const char *word, const char *value,
                    struct load_error *error)
{
    config->kind = MODULE_EXTRA;
    return set_name(config, word, value, error);
}

static bool set_disk(struct vm_config *config, const char *word, const char *value,
                     struct load_error *error)
{
    config->kind = MODULE_DISK;
    return set_name(config, word, value, error);
}

static const struct option {
    const char *key;
    bool (*set)(struct vm_config *config, const char *word, const char *value,
                struct load_error *error);
} options[] = {
    {"name", set_name},         {"mem", set_mem},     {"engine", set_engine},
    {"gdb", set_gdb},           {"trace", set_trace}, {"screen", set_screen},
    {"rom", set_rom},           {"for", set_for},     {"overlap", set_overlap},
    {"lockstep", set_lockstep}, {"user", set_user},   {"disk", set_disk},
};

static bool set_option(struct vm_config *config, char *word, struct load_error *error)
{
    char *equals = strchr(word, '=');
    if (!equals)
        return refuse(error, word, "not KEY=VALUE",
                      "the guest's own command line goes behind \" -- \"");
    size_t length = (size_t)(equals - word);
    for (unsigned i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        if (strlen(options[i].key) == length && !memcmp(options[i].key, word, length))
            return options[i].set(config, word, equals + 1, error);
    }
    return refuse(error, word, "unknown option",
                  "known are name, mem, engine, user, gdb, trace, screen, overlap, lockstep, rom, "
                  "disk and for");
}

/* Copies the next word of *line; returns its length, 0 at the end. A longer word is cut. */
static size_t next_word(const char **line, char *word)
{
    const char *p = *line;
    while (*p == ' ' || *p == '\t')
        p++;
    size_t length = 0;
    for (; *p && *p != ' ' && *p != '\t'; p++) {
        if (length < MAX_WORD - 1)
            word[length++] = *p;
    }
    word[length] = '\0';
    *line = p;
    return length;
}

/* GRUB puts words with spaces into quotes, and a backslash before quotes and backslashes: undone.
 */
static bool set_cmdline(struct vm_config *config, const char *text, struct load_error *error)
{
    size_t length = 0;
    while (*text == ' ')
        text++;
    for (; *text; text++) {
        if (*text == '"')
            continue;
        if (*text == '\\' && text[1])
            text++;
        if (length == VM_CMDLINE_MAX - 1)
            return refuse(error, "command line", "too long", "up to 1023 characters");
        config->cmdline[length++] = *text;
    }
    config->cmdline[length] = '\0';
    return true;
}

/* vm1, vm2 ... for those that have no name of their own. */
static void default_name(char *name, unsigned number)
{
    unsigned at = 2;
    name[0] = 'v';
    name[1] = 'm';
    if (number >= 10)
        name[at++] = (char)('0' + number / 10 % 10);
    name[at++] = (char)('0' + number % 10);
    name[at] = '\0';
}

bool config_parse(struct vm_config *config, const char *line, unsigned number,
                  struct load_error *error)
{
    char word[MAX_WORD];
    memset(config, 0, sizeof(*config));
    config->mem = MEM_DEFAULT;
    default_name(config->name, number);
    while (next_word(&line, word)) {
        if (!strcmp(word, "--"))
            return set_cmdline(config, line, error);
        if (!set_option(config, word, error))
            return false;
    }
    return true;
}
