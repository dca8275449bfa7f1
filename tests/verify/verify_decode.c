/*
 * Rows of `make verify-emulate`: the decoder against Zydis and Capstone, in length, operation,
 * operands and properties, on all sets (decode_sets.h) and on all code of a Debian kernel and of
 * busybox; and what truncated code needs. A row counts what it met, and compares where both
 * decode.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "decode_compare.h"
#include "decode_sets.h"
#include "row.h"

#define RANDOM_CASES 20000000u
/* tools/fetch-guests puts them there. */
#define KERNEL  "build/guests/linux.elf"
#define BUSYBOX "build/guests/archive/packages/busybox-static/bin/busybox"

struct comparison {
    struct row row;
    struct comparer *comparer;
    uint64_t length_only;
};

static unsigned compare(void *context, const uint8_t *bytes, bool code32, double share)
{
    struct comparison *c = context;
    char text[1024];
    unsigned length;

    c->row.counted++;
    switch (compare_decodings(c->comparer, bytes, code32, &length, text, sizeof(text))) {
    case NOT_COMPARED:
        break;
    case DIFFERENT:
        row_differs(&c->row, "%s", text);
        c->row.compared++;
        break;
    case SAME_LENGTH:
        c->length_only++;
        c->row.compared++;
        break;
    case LISTED:
    case SAME:
        c->row.compared++;
        break;
    }
    if (!(c->row.counted & 0xfff))
        row_progress(&c->row, share);
    return length ? length : 1;
}

/* All that is shorter needs more, all that is longer changes nothing. */
static unsigned truncate(void *context, const uint8_t *bytes, bool code32, double share)
{
    struct comparison *c = context;
    struct insn whole, cut;

    c->row.counted++;
    if (!(c->row.counted & 0xfff))
        row_progress(&c->row, share);
    if (insn_decode(bytes, INSN_MAX_LENGTH, code32, &whole) != DECODE_OK)
        return 1;
    c->row.compared++;
    for (unsigned n = 0; n <= whole.length; n++) {
        enum decode_status status = insn_decode(bytes, n, code32, &cut);

        if (status != (n < whole.length ? DECODE_NEED : DECODE_OK) ||
            (status == DECODE_OK && memcmp(&cut, &whole, sizeof(cut)) != 0))
            row_differs(&c->row, "%02x %02x %02x %02x: %u of %u bytes", bytes[0], bytes[1],
                        bytes[2], bytes[3], n, whole.length);
    }
    return whole.length;
}

struct set {
    const char *name;
    void (*visit)(visit_bytes visit, void *context, unsigned size);
    unsigned size;
    const char *file; /* without `visit`: the ELF file whose code is swept */
};

static const struct set sets[] = {
    {"opcode maps", visit_maps, ALL_OF_SET, NULL},
    {"vector maps", visit_vectors, ALL_OF_SET, NULL},
    {"random bytes", visit_random, RANDOM_CASES, NULL},
    {"Linux kernel", NULL, 0, KERNEL},
    {"busybox", NULL, 0, BUSYBOX},
};

static bool run(const struct set *set, visit_bytes visit, struct comparison *c)
{
    char name[64];

    snprintf(name, sizeof(name), "decode: %s, %s", c->comparer ? c->comparer->name : "truncation",
             set->name);
    c->row.name = name;
    if (set->visit)
        set->visit(visit, c, set->size);
    else if (!visit_elf(visit, c, set->file))
        row_differs(&c->row, "%s: no code to be found", set->file);
    if (c->length_only)
        printf("%s: %" PRIu64 " of these by length alone\n", name, c->length_only);
    row_print(&c->row);
    return !c->row.differing;
}

/* What differs on purpose, and how often it did. One that was never met is out of date. */
static bool run_differences(const struct comparer *comparer)
{
    char name[64];
    struct row row = {.name = name};

    snprintf(name, sizeof(name), "decode: %s, listed differences", comparer->name);
    for (size_t i = 0; i < comparer->difference_count; i++) {
        const struct difference *d = &comparer->differences[i];

        printf("%" PRIu64 " times: %s\n", d->seen, d->why);
        row.counted++;
        row.compared++;
        if (!d->seen)
            row_differs(&row, "never met: %s", d->why);
    }
    row_print(&row);
    return !row.differing;
}

int main(void)
{
    static struct comparer *const comparers[] = {&compare_zydis, &compare_capstone};
    bool good = true;

    for (size_t i = 0; i < sizeof(comparers) / sizeof(comparers[0]); i++) {
        for (size_t j = 0; j < sizeof(sets) / sizeof(sets[0]); j++)
            good &= run(&sets[j], compare, &(struct comparison){.comparer = comparers[i]});
        good &= run_differences(comparers[i]);
    }
    for (size_t j = 0; j < sizeof(sets) / sizeof(sets[0]); j++)
        good &= run(&sets[j], truncate, &(struct comparison){.comparer = NULL});
    return good ? 0 : 1;
}
