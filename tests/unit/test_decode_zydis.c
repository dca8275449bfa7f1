/*
 * The decoder against Zydis: every opcode with every ModRM, sampled SIB bytes, prefixes and vector
 * payloads, as 16- and 32-bit code. Lengths must agree wherever Zydis decodes; what a Pentium III
 * has must agree but for the differences listed here, each with its reason.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <Zydis/Zydis.h>

#include "emulate/cpu/op_table.h"

#define WINDOW INSN_MAX_LENGTH

static ZydisDecoder decoders[2]; /* 16 and 32 bit */
static unsigned long compared, decoded;

/* One instruction as both sides see it. */
struct pair {
    const uint8_t *bytes;
    bool code32;
    struct insn ours;
    ZyanStatus status;
    ZydisDecoderContext context;
    ZydisDecodedInstruction theirs;
};

static const bool pentium3_sets[ZYDIS_ISA_SET_MAX_VALUE + 1] = {
    [ZYDIS_ISA_SET_I86] = true,          [ZYDIS_ISA_SET_I186] = true,
    [ZYDIS_ISA_SET_I286REAL] = true,     [ZYDIS_ISA_SET_I286PROTECTED] = true,
    [ZYDIS_ISA_SET_I386] = true,         [ZYDIS_ISA_SET_I486] = true,
    [ZYDIS_ISA_SET_I486REAL] = true,     [ZYDIS_ISA_SET_PENTIUMREAL] = true,
    [ZYDIS_ISA_SET_PENTIUMMMX] = true,   [ZYDIS_ISA_SET_PPRO] = true,
    [ZYDIS_ISA_SET_CMOV] = true,         [ZYDIS_ISA_SET_FCMOV] = true,
    [ZYDIS_ISA_SET_X87] = true,          [ZYDIS_ISA_SET_FXSAVE] = true,
    [ZYDIS_ISA_SET_SSE] = true,          [ZYDIS_ISA_SET_SSEMXCSR] = true,
    [ZYDIS_ISA_SET_SSE_PREFETCH] = true, [ZYDIS_ISA_SET_RDPMC] = true,
    [ZYDIS_ISA_SET_FAT_NOP] = true,      [ZYDIS_ISA_SET_PAUSE] = true,
    [ZYDIS_ISA_SET_LAHF] = true,
};

/* Where the two disagree on purpose about what exists: opcodes of the 0F map, by ModRM.reg. */
static const struct difference {
    uint8_t opcode;
    uint8_t regs;
    bool f3_only;
    const char *why;
} differences[] = {
    {0x0d, 0xff, false,
     "Zydis counts 0F 0D as 3DNow! or later. A prefetch is merely a hint and does not affect "
     "program behavior (SDM vol. 2, PREFETCHW); QEMU's pentium3 runs the memory forms as "
     "no-operations and refuses the register forms, and so do we."},
    {0x20, 0xe2, false,
     "MOV from CR1, CR5, CR6, CR7 is #UD (SDM vol. 2, MOV CRn); the number is an operand here and "
     "the interpreter raises it. Sensitive in any case."},
    {0x22, 0xe2, false, "MOV to CR1, CR5, CR6, CR7: the same."},
    {0xae, 0x20, false,
     "LFENCE came with SSE2 (SDM vol. 2, LFENCE); QEMU's pentium3 asks for SSE alone. The memory "
     "form is absent either way."},
    {0xbc, 0xff, true,
     "F3 0F BC is TZCNT with BMI1; without it the prefix is ignored and BSF executes (SDM vol. 2, "
     "TZCNT). Decoded as BSF, and sensitive because newer processors differ."},
    {0xbd, 0xff, true, "F3 0F BD: LZCNT and BSR, the same."},
};

static bool is_difference(const struct insn *insn)
{
    for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++) {
        const struct difference *d = &differences[i];

        if (insn->map == MAP_0F && insn->opcode == d->opcode && (d->regs >> insn_reg(insn) & 1) &&
            (!d->f3_only || insn->rep == 0xf3))
            return true;
    }
    return false;
}

static void report(const struct pair *p, const char *what)
{
    char hex[3 * WINDOW + 1];

    for (unsigned i = 0; i < WINDOW; i++)
        snprintf(hex + 3 * i, 4, "%02x ", p->bytes[i]);
    fail_msg("%s: %s(%d bit): %s, length %u, flags %04x; Zydis %s, length %u", what, hex,
             p->code32 ? 32 : 16, op_name(p->ours.op), p->ours.length, p->ours.flags,
             ZYAN_SUCCESS(p->status) ? ZydisMnemonicGetString(p->theirs.mnemonic) : "refuses",
             p->theirs.length);
}

static void check(const struct pair *p, bool agree, const char *what)
{
    if (!agree)
        report(p, what);
}

static bool exists(const struct insn *insn)
{
    return !(insn->flags & (INSN_ABSENT | INSN_INVALID));
}

static void compare_existence(const struct pair *p)
{
    const struct insn *insn = &p->ours;
    bool theirs = ZYAN_SUCCESS(p->status) && pentium3_sets[p->theirs.meta.isa_set];

    /* UD0, UD1 and UD2 exist to be invalid. */
    if (insn->op == OP_UD || is_difference(insn))
        return;
    check(p, exists(insn) == theirs, "existence");
    if (ZYAN_SUCCESS(p->status) && !theirs)
        check(p, insn->flags & INSN_ABSENT, "newer, but not marked absent");
}

static void compare_immediates(const struct pair *p)
{
    const struct insn *insn = &p->ours;
    uint64_t mask = (1ull << p->theirs.raw.imm[0].size) - 1;

    check(p,
          (uint32_t)insn->disp == (uint32_t)p->theirs.raw.disp.value ||
              insn->disp_size * 8 != p->theirs.raw.disp.size || !insn_has_mem(insn),
          "displacement");
    if (p->theirs.raw.imm[0].is_relative)
        check(p, insn->imm == (uint32_t)p->theirs.raw.imm[0].value.s, "branch displacement");
    else
        check(p, !((insn->imm ^ p->theirs.raw.imm[0].value.u) & mask), "immediate");
    if (p->theirs.raw.imm[1].size)
        check(p, insn->imm2 == p->theirs.raw.imm[1].value.u, "second immediate");
}

/* Operations that have no operand size for Zydis, or one that 66 does not change. */
static bool has_opsize(const struct pair *p)
{
    const struct insn *insn = &p->ours;
    bool rd = insn->operand[0] == OPERAND_Rd || insn->operand[1] == OPERAND_Rd;

    return !(insn->flags & (INSN_X87 | INSN_MMX | INSN_SSE)) && !rd && insn->op != OP_CMPXCHG8B &&
           insn->op != OP_NOP_MODRM && p->theirs.operand_width != 8;
}

static void compare_fields(const struct pair *p)
{
    const struct insn *insn = &p->ours;
    bool lockable = (insn->flags & INSN_LOCKABLE) && insn_has_mem(insn);

    compare_immediates(p);
    check(p, insn->adsize * 8 == p->theirs.address_width, "address size");
    check(p, !has_opsize(p) || insn->opsize * 8 == p->theirs.operand_width, "operand size");
    check(p, lockable == !!(p->theirs.attributes & ZYDIS_ATTRIB_ACCEPTS_LOCK), "LOCK");
    /* Zydis 4.0 does not call LGDT privileged; the manual does (SDM vol. 3, 5.9). */
    if (insn->op != OP_LGDT)
        check(p,
              !!(insn->flags & INSN_PRIVILEGED) ==
                  !!(p->theirs.attributes & ZYDIS_ATTRIB_IS_PRIVILEGED),
              "privilege");
}

/* The size of the ModRM memory operand, and for x87, MMX and SSE whether it is written. */
static void compare_memory(const struct pair *p)
{
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    unsigned size = 0;
    bool written = false;

    ZydisDecoderDecodeOperands(&decoders[p->code32], &p->context, &p->theirs, operands,
                               p->theirs.operand_count);
    for (unsigned i = 0; i < p->theirs.operand_count_visible; i++) {
        if (operands[i].type != ZYDIS_OPERAND_TYPE_MEMORY ||
            operands[i].encoding != ZYDIS_OPERAND_ENCODING_MODRM_RM ||
            operands[i].mem.type != ZYDIS_MEMOP_TYPE_MEM)
            continue;
        size = operands[i].size / 8;
        written = operands[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
    }
    if (p->ours.op != OP_PREFETCH && p->ours.op != OP_NOP_MODRM && p->ours.op != OP_INVLPG)
        check(p, insn_mem_size(&p->ours) == size, "memory operand size");
    if (written && (p->ours.flags & (INSN_X87 | INSN_MMX | INSN_SSE)))
        check(p, insn_writes_mem(&p->ours), "memory operand written");
}

static unsigned compare(const uint8_t *bytes, bool code32, bool with_operands)
{
    struct pair p = {.bytes = bytes, .code32 = code32};

    compared++;
    if (insn_decode(bytes, WINDOW, code32, &p.ours) != DECODE_OK)
        report(&p, "not decoded");
    p.status =
        ZydisDecoderDecodeInstruction(&decoders[code32], &p.context, bytes, WINDOW, &p.theirs);
    /* Whether LOCK is legal there is the interpreter's question. */
    if (p.status == ZYDIS_STATUS_ILLEGAL_LOCK)
        return p.ours.length;
    compare_existence(&p);
    if (!ZYAN_SUCCESS(p.status))
        return p.ours.length;
    decoded++;
    check(&p, p.ours.length == p.theirs.length, "length");
    if (exists(&p.ours) && !is_difference(&p.ours))
        compare_fields(&p);
    if (exists(&p.ours) && with_operands && insn_has_mem(&p.ours))
        compare_memory(&p);
    return p.ours.length;
}

static int set_up(void **state)
{
    static const ZydisDecoderMode off[] = {
        /* All of these give no-operations of a Pentium III, or WBINVD, another meaning. */
        ZYDIS_DECODER_MODE_MPX, ZYDIS_DECODER_MODE_CET, ZYDIS_DECODER_MODE_CLDEMOTE,
        ZYDIS_DECODER_MODE_WBNOINVD};

    (void)state;
    ZydisDecoderInit(&decoders[0], ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16);
    ZydisDecoderInit(&decoders[1], ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
    for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
        ZydisDecoderEnableMode(&decoders[0], off[i], ZYAN_FALSE);
        ZydisDecoderEnableMode(&decoders[1], off[i], ZYAN_FALSE);
    }
    return 0;
}

struct bytes {
    uint8_t len;
    uint8_t byte[3];
};

static const struct bytes prefix_sets[] = {
    {0, {0}},          {1, {0x66}},       {1, {0x67}},       {2, {0x66, 0x67}}, {1, {0xf3}},
    {1, {0xf2}},       {1, {0xf0}},       {1, {0x2e}},       {2, {0x66, 0xf3}}, {2, {0xf2, 0x66}},
    {2, {0xf2, 0xf3}}, {2, {0xf3, 0xf2}}, {2, {0x65, 0x67}},
};

/* Every opcode and ModRM of one map behind one set of prefixes. */
static void sweep(const struct bytes *prefix, const struct bytes *escape, bool code32)
{
    static const uint8_t sibs[] = {0x24, 0x25, 0xe5};
    uint8_t b[WINDOW];
    unsigned at = prefix->len + escape->len;

    memset(b, 0x91, sizeof(b));
    memcpy(b, prefix->byte, prefix->len);
    memcpy(b + prefix->len, escape->byte, escape->len);
    for (unsigned i = 0; i < 0x10000; i++) {
        unsigned modrm = i & 0xff;
        bool has_sib = (modrm & 7) == 4 && modrm < 0xc0;

        b[at] = i >> 8;
        b[at + 1] = modrm;
        for (unsigned s = 0; s < (has_sib ? 3 : 1); s++) {
            b[at + 2] = sibs[s];
            compare(b, code32, prefix->len < 2);
        }
    }
}

static void sweep_map(const struct bytes *escape)
{
    for (size_t i = 0; i < sizeof(prefix_sets) / sizeof(prefix_sets[0]); i++) {
        sweep(&prefix_sets[i], escape, true);
        sweep(&prefix_sets[i], escape, false);
    }
}

static void primary_map(void **state)
{
    (void)state;
    sweep_map(&(struct bytes){0, {0}});
}

static void map_0f(void **state)
{
    (void)state;
    sweep_map(&(struct bytes){1, {0x0f}});
}

static void map_0f38(void **state)
{
    (void)state;
    sweep_map(&(struct bytes){2, {0x0f, 0x38}});
}

static void map_0f3a(void **state)
{
    (void)state;
    sweep_map(&(struct bytes){2, {0x0f, 0x3a}});
}

static void map_3dnow(void **state)
{
    uint8_t b[WINDOW] = {0x0f, 0x0f};

    (void)state;
    for (unsigned i = 0; i < 0x10000; i++) {
        b[2] = i >> 8;
        memset(b + 3, i, sizeof(b) - 3); /* displacement and suffix alike */
        compare(b, true, false);
        compare(b, false, false);
    }
}

/* `bytes` up to the opcode, then every opcode with sampled ModRM bytes. */
static void sweep_vector(const uint8_t *head, unsigned len, unsigned modrm_step)
{
    static const uint8_t modrms[] = {0xc0, 0x04, 0x45, 0x86, 0x05, 0x06, 0x7c, 0x84, 0xd1};
    uint8_t b[WINDOW];

    memset(b, 0x24, sizeof(b));
    memcpy(b, head, len);
    for (unsigned opcode = 0; opcode < 256; opcode++) {
        b[len] = opcode;
        for (unsigned m = opcode % modrm_step; m < sizeof(modrms); m += modrm_step) {
            b[len + 1] = modrms[m];
            compare(b, true, false);
            compare(b, false, false);
        }
    }
}

static void vex2(void **state)
{
    (void)state;
    for (unsigned p = 0; p < 256; p++)
        sweep_vector((uint8_t[]){0xc5, p}, 2, 1);
}

static void vex3(void **state)
{
    (void)state;
    for (unsigned p = 0; p < 256; p += p % 32 == 3 ? 29 : 1) {
        for (unsigned q = p % 3; q < 256; q += 3)
            sweep_vector((uint8_t[]){0xc4, p, q}, 3, 3);
    }
}

static void xop(void **state)
{
    (void)state;
    for (unsigned p = 0; p < 256; p++) {
        for (unsigned q = p % 3; q < 256; q += 6)
            sweep_vector((uint8_t[]){0x8f, p, q}, 3, 8);
    }
}

static void evex(void **state)
{
    static const uint8_t last[] = {0x08, 0x48, 0x28, 0x0b, 0x58, 0xcf};

    (void)state;
    for (unsigned p = 0xc0; p < 256; p++) {
        for (unsigned q = p & 3; q < 256; q += 4)
            sweep_vector((uint8_t[]){0x62, p, q, last[(p + q / 4) % sizeof(last)]}, 4, 5);
    }
    for (unsigned p = 0; p < 0xc0; p++)
        sweep_vector((uint8_t[]){0x62, p, 0x24}, 3, 4); /* BOUND */
}

/* Whatever bytes come, and long prefix strings among them. */
static void random_bytes(void **state)
{
    static const uint8_t prefixes[] = {0x66, 0x67, 0xf2, 0xf3, 0x2e, 0x64, 0x36, 0x26};
    uint64_t seed = 1;

    (void)state;
    for (unsigned i = 0; i < 500000; i++) {
        uint8_t b[WINDOW];

        for (unsigned j = 0; j < WINDOW; j++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            b[j] = seed >> 56;
            if (j < 4 && (seed >> 40 & 3) == 0)
                b[j] = prefixes[seed >> 33 & 7];
        }
        compare(b, i & 1, true);
    }
}

/* Linear sweep over the code of our own guest, when it is built. */
static void guest_text(void **state)
{
    static uint8_t image[1 << 20];
    FILE *file = fopen("build/guest/demo.elf", "rb");
    const Elf32_Ehdr *header = (const void *)image;
    size_t size;

    (void)state;
    if (!file)
        skip();
    size = fread(image, 1, sizeof(image) - WINDOW, file);
    fclose(file);
    assert_true(size > sizeof(*header) && header->e_phoff + sizeof(Elf32_Phdr) <= size);
    for (unsigned i = 0; i < header->e_phnum; i++) {
        const Elf32_Phdr *segment = (const void *)(image + header->e_phoff + i * sizeof(*segment));
        uint32_t end = segment->p_offset + segment->p_filesz;

        if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X) || end > size)
            continue;
        for (uint32_t at = segment->p_offset; at < end;)
            at += compare(image + at, true, true);
    }
}

static int print_totals(void **state)
{
    (void)state;
    print_message("%lu decodings compared, %lu of them valid for Zydis\n", compared, decoded);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(primary_map),  cmocka_unit_test(map_0f),     cmocka_unit_test(map_0f38),
        cmocka_unit_test(map_0f3a),     cmocka_unit_test(map_3dnow),  cmocka_unit_test(vex2),
        cmocka_unit_test(vex3),         cmocka_unit_test(xop),        cmocka_unit_test(evex),
        cmocka_unit_test(random_bytes), cmocka_unit_test(guest_text),
    };

    return cmocka_run_group_tests(tests, set_up, print_totals);
}
