#include "decode_sets.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW       INSN_MAX_LENGTH
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct visitor {
    visit_bytes visit;
    void *context;
    double share;
    unsigned offset; /* where a set that is not visited whole begins */
};

static void visit_both_sizes(struct visitor *v, const uint8_t *bytes)
{
    v->visit(v->context, bytes, true, v->share);
    v->visit(v->context, bytes, false, v->share);
}

struct bytes {
    uint8_t len;
    uint8_t byte[4];
};

static const struct bytes prefix_sets[] = {
    {0, {0}},          {1, {0x66}},       {1, {0x67}},       {2, {0x66, 0x67}},
    {1, {0xf3}},       {1, {0xf2}},       {1, {0xf0}},       {1, {0x2e}},
    {2, {0x66, 0xf3}}, {2, {0xf2, 0x66}}, {2, {0xf2, 0xf3}}, {2, {0xf3, 0xf2}},
    {2, {0x65, 0x67}}, {1, {0x26}},       {1, {0x36}},       {1, {0x3e}},
    {1, {0x64}},       {2, {0x64, 0x66}}, {2, {0x36, 0xf3}}, {4, {0x2e, 0x65, 0x66, 0x67}},
};

static const struct bytes escapes[] = {{0, {0}}, {1, {0x0f}}, {2, {0x0f, 0x38}}, {2, {0x0f, 0x3a}}};

/* Every opcode and ModRM of one map behind one set of prefixes. */
static void visit_map(struct visitor *v, const struct bytes *prefix, const struct bytes *escape,
                      unsigned step)
{
    static const uint8_t sibs[] = {0x24, 0x25, 0xe5, 0x00, 0x4b, 0x9e, 0xf7};
    static const uint8_t fill[WINDOW] = {0x91, 0x82, 0xf3, 0x74, 0x15, 0xc6, 0x37, 0xa8,
                                         0x19, 0x9a, 0x2b, 0xec, 0x3d, 0x7e, 0x4f};
    unsigned at = prefix->len + escape->len;
    uint8_t b[WINDOW];

    memcpy(b, fill, sizeof(b));
    memcpy(b, prefix->byte, prefix->len);
    memcpy(b + prefix->len, escape->byte, escape->len);
    for (unsigned i = v->offset++ % step; i < 0x10000; i += step) {
        unsigned modrm = i & 0xff;
        bool has_sib = (modrm & 7) == 4 && modrm < 0xc0;

        b[at] = (uint8_t)(i >> 8);
        b[at + 1] = (uint8_t)modrm;
        for (unsigned s = 0; s < (has_sib ? COUNT(sibs) : 1); s++) {
            b[at + 2] = sibs[s];
            visit_both_sizes(v, b);
        }
    }
}

void visit_maps(visit_bytes visit, void *context, unsigned step)
{
    struct visitor v = {.visit = visit, .context = context};
    unsigned done = 0;

    for (size_t i = 0; i < COUNT(prefix_sets); i++) {
        for (size_t j = 0; j < COUNT(escapes); j++) {
            visit_map(&v, &prefix_sets[i], &escapes[j], step);
            v.share = (double)++done / (COUNT(prefix_sets) * COUNT(escapes));
        }
    }
}

/* `head` up to the opcode, then every opcode with sampled ModRM bytes. */
static void visit_opcodes(struct visitor *v, const uint8_t *head, unsigned len, unsigned step)
{
    static const uint8_t modrms[] = {0xc0, 0x04, 0x45, 0x86, 0x05, 0x06, 0x7c, 0x84, 0xd1};
    uint8_t b[WINDOW];

    memset(b, 0x24, sizeof(b));
    memcpy(b, head, len);
    for (unsigned opcode = 0; opcode < 256; opcode++) {
        b[len] = (uint8_t)opcode;
        for (unsigned m = opcode % step; m < COUNT(modrms); m += step) {
            b[len + 1] = modrms[m];
            visit_both_sizes(v, b);
        }
    }
}

static void visit_3dnow(struct visitor *v, unsigned step)
{
    uint8_t b[WINDOW] = {0x0f, 0x0f};

    for (unsigned i = 0; i < 0x10000; i += step) {
        b[2] = (uint8_t)(i >> 8);
        memset(b + 3, (int)(i & 0xff), sizeof(b) - 3); /* displacement and suffix alike */
        visit_both_sizes(v, b);
    }
}

/* Every payload of VEX that 32-bit code allows, and LDS and LES for a while. */
static void visit_vex(struct visitor *v, unsigned step)
{
    for (unsigned p = 0xb0; p < 256; p++) {
        unsigned sparse = (p & 31) >= 1 && (p & 31) <= 3 ? 1 : 15;

        visit_opcodes(v, (uint8_t[]){0xc5, (uint8_t)p}, 2, step);
        for (unsigned q = p % sparse; q < 256; q += sparse)
            visit_opcodes(v, (uint8_t[]){0xc4, (uint8_t)p, (uint8_t)q}, 3, 2 * step);
        v->share = (p - 0xb0) / 160.0;
    }
}

/* Maps 8 to 10 of XOP, others less; POP for a while. */
static void visit_xop(struct visitor *v, unsigned step)
{
    for (unsigned p = 0; p < 256; p++) {
        unsigned sparse = (p & 31) >= 8 && (p & 31) <= 10 ? 3 : 63;

        for (unsigned q = p % sparse; q < 256; q += sparse)
            visit_opcodes(v, (uint8_t[]){0x8f, (uint8_t)p, (uint8_t)q}, 3, 4 * step);
        v->share = 0.5 + p / 1024.0;
    }
}

/* Maps 1 to 3 of EVEX with every vvvv, W and pp, others less; BOUND for a while. */
static void visit_evex(struct visitor *v, unsigned step)
{
    static const uint8_t last[] = {0x08, 0x48, 0x28, 0x0b, 0x58, 0xcf};

    for (unsigned p = 0xb0; p < 256; p++) {
        bool valid = p >= 0xc0 && !(p & 0x0c) && (p & 3);

        for (unsigned q = valid ? 4 : p & 7; q < 256; q += valid ? 1 : 31) {
            if (valid && !(q & 4))
                continue;
            visit_opcodes(v, (uint8_t[]){0x62, (uint8_t)p, (uint8_t)q, last[(p + q / 4) % 6]}, 4,
                          2 * step);
        }
        v->share = 0.75 + (p - 0xb0) / 320.0;
    }
}

void visit_vectors(visit_bytes visit, void *context, unsigned step)
{
    struct visitor v = {.visit = visit, .context = context};

    visit_3dnow(&v, step);
    visit_vex(&v, step);
    visit_xop(&v, step);
    visit_evex(&v, step);
}

void visit_random(visit_bytes visit, void *context, unsigned count)
{
    static const uint8_t prefixes[] = {0x66, 0x67, 0xf2, 0xf3, 0x2e, 0x64, 0x36, 0x26};
    uint64_t seed = 1;

    for (unsigned i = 0; i < count; i++) {
        uint8_t b[WINDOW];

        for (unsigned j = 0; j < WINDOW; j++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            b[j] = (uint8_t)(seed >> 56);
            if (j < 4 && (seed >> 40 & 3) == 0)
                b[j] = prefixes[seed >> 33 & 7];
        }
        visit(context, b, i & 1, (double)i / count);
    }
}

static uint8_t *read_whole(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *image = NULL;
    long end;

    if (!file)
        return NULL;
    if (fseek(file, 0, SEEK_END) == 0 && (end = ftell(file)) > 0) {
        rewind(file);
        image = calloc(1, (size_t)end + WINDOW);
        *size = image ? fread(image, 1, (size_t)end, file) : 0;
    }
    fclose(file);
    return image;
}

static void sweep(struct visitor *v, const uint8_t *code, size_t size)
{
    uint8_t bytes[WINDOW];

    for (size_t at = 0; at < size;) {
        memcpy(bytes, code + at, WINDOW);
        at += v->visit(v->context, bytes, true, (double)at / (double)size);
    }
}

bool visit_elf(visit_bytes visit, void *context, const char *path)
{
    struct visitor v = {.visit = visit, .context = context};
    size_t size = 0;
    uint8_t *image = read_whole(path, &size);
    const Elf32_Ehdr *header = (const void *)image;
    bool swept = false;

    if (image && size > sizeof(*header) && !memcmp(header->e_ident, ELFMAG, SELFMAG) &&
        header->e_ident[EI_CLASS] == ELFCLASS32 && header->e_shoff < size &&
        header->e_shnum * sizeof(Elf32_Shdr) <= size - header->e_shoff) {
        const Elf32_Shdr *sections = (const void *)(image + header->e_shoff);

        for (unsigned i = 0; i < header->e_shnum; i++) {
            const Elf32_Shdr *s = &sections[i];

            if (s->sh_type != SHT_PROGBITS || !(s->sh_flags & SHF_EXECINSTR) ||
                s->sh_offset > size || s->sh_size > size - s->sh_offset)
                continue;
            sweep(&v, image + s->sh_offset, s->sh_size);
            swept = true;
        }
    }
    free(image);
    return swept;
}
