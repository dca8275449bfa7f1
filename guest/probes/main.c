/* Umbra's probe suite: every probe prints one line on COM1; the last line counts them. */
#include "probe.h"
#include "lib/string.h"

extern const struct probe probes_start[], probes_end[];

void probes_main(void);

/* An ID as the catalogue writes it: A28.np, not A28_np. */
static void dotted(char name[32], const char *id)
{
    string_copy(name, id, 32);
    for (char *c = name; *c; c++)
        if (*c == '_')
            *c = '.';
}

/* The command line may name probes that are not to run: skip=D29,D29.stale */
static bool skipped(const char *id)
{
    const uint32_t *info = (const uint32_t *)entry.ebx;
    const char *at = (info[0] & 4) ? (const char *)info[4] : "";
    char name[32];
    size_t length;

    dotted(name, id);
    length = strlen(name);
    while (*at && strncmp(at, "skip=", 5))
        at++;
    for (at += *at ? 5 : 0; *at && *at != ' '; at++) {
        if ((at[-1] != '=' && at[-1] != ',') || strncmp(at, name, length))
            continue;
        if (!at[length] || at[length] == ' ' || at[length] == ',')
            return true;
    }
    return false;
}

/* The ID goes out before the probe runs: if it hangs the machine, the last ID says which did. */
static void run_probe(const struct probe *probe)
{
    char name[32];

    machine_reset();
    memset(&given, 0, sizeof(given));
    log_vectors = 0;
    trap_note_skip(0);
    dotted(name, probe->id);
    print("%s", name);
    probe->run();
    machine_reset();
    print("\n");
}

void probes_main(void)
{
    unsigned count = ((uint32_t)probes_end - (uint32_t)probes_start) / sizeof(struct probe);
    unsigned ran = 0;

    take_boot_memory();
    machine_init();
    print("\nprobes: %u begin\n", count); /* once more if the machine is reset */
    for (unsigned i = 0; i < count; i++) {
        if (skipped(probes_start[i].id))
            continue;
        run_probe(&probes_start[i]);
        ran++;
    }
    print("probes: %u done\n", ran);
    while (!(inb(0x3FD) & 0x40))
        ;
    outl(0xF4, 0x10);
}
