/* The guest's plot: seed=N picks the numbers, stages=a,b,c what is done, bytes=N how many random
 * ones are executed in each ring. Powers off at the end; whatever else ends it is a result too. */
#include "hostile.h"
#include "lib/string.h"

#define POWER_OFF_PORT 0xF4 /* QEMU's isa-debug-exit */
#define POWER_OFF      0x10

uint32_t seed = 1, wanted_bytes = 65536, variant;

static const struct stage {
    const char *name;
    void (*run)(void);
} stages[] = {
    {"linear", stage_linear},       {"paging", stage_paging},       {"live", stage_live},
    {"selectors", stage_selectors}, {"transfers", stage_transfers}, {"tables", stage_tables},
    {"ports", stage_ports},         {"msrs", stage_msrs},           {"control", stage_control},
    {"stacks", stage_stacks},       {"nested", stage_nested},       {"storms", stage_storms},
    {"modify", stage_modify},       {"user", stage_user},           {"kernel", stage_kernel},
    {"wild", stage_wild},
};

#define STAGES (sizeof(stages) / sizeof(stages[0]))

/* Where the value of `key` begins in the command line, or NULL. */
static const char *value_of(const char *line, const char *key)
{
    size_t n = strlen(key);

    for (; *line; line++)
        if (!strncmp(line, key, n) && line[n] == '=')
            return line + n + 1;
    return NULL;
}

/* Is `name` in the list? Without a list all stages are but the last, which nobody survives. */
static bool in_list(const char *list, const char *name)
{
    size_t n = strlen(name);

    if (!list)
        return strcmp(name, "wild");
    while (*list && *list != ' ') {
        if (!strncmp(list, name, n) && (!list[n] || list[n] == ',' || list[n] == ' '))
            return true;
        while (*list && *list != ' ' && *list++ != ',')
            ;
    }
    return false;
}

void hostile_main(const uint32_t *multiboot);

void hostile_main(const uint32_t *multiboot)
{
    const char *line = multiboot[0] & 4 ? (const char *)multiboot[4] : "";
    static char kept[256];
    const char *value;

    string_copy(kept, line, sizeof(kept));
    if ((value = value_of(kept, "seed")))
        seed = string_number(value);
    if ((value = value_of(kept, "bytes")))
        wanted_bytes = string_number(value);
    if ((value = value_of(kept, "variant")))
        variant = string_number(value);
    uart_init();
    print("hostile: seed %u: begins\n", seed);
    progress_begin("start");
    machine_init();
    for (size_t i = 0; i < STAGES; i++) {
        if (!in_list(value_of(kept, "stages"), stages[i].name))
            continue;
        random_seed(seed * STAGES + i);
        machine_rebuild();
        progress_begin(stages[i].name);
        stages[i].run();
        progress_end();
    }
    uart_init();
    print("hostile: done: seed %u, %u events\n", seed, events);
    for (;;) {
        outl(POWER_OFF_PORT, POWER_OFF);
        __asm__ volatile("cli; hlt");
    }
}
