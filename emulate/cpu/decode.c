/*
 * Bytes to struct insn (SDM vol. 2, chapter 2 and appendix A). What an opcode is stands in
 * op_table.c; here is only how an instruction is put together: prefixes, escapes, opcode, ModRM,
 * SIB, displacement, immediates.
 */
#include "op_table.h"

#include <string.h>

#include "cpu.h"

struct decoder {
    const uint8_t *bytes;
    unsigned at, end; /* end: of what there is, and of what an instruction may be long */
    bool code32;
    enum decode_status status; /* other than DECODE_OK once the bytes ran out */
    struct insn *insn;
};

enum prefix_kind {
    PREFIX_NONE,
    PREFIX_SEG,
    PREFIX_OPSIZE,
    PREFIX_ADSIZE,
    PREFIX_LOCK,
    PREFIX_REP,
};

static const uint8_t prefix_kinds[256] = {
    [0x26] = PREFIX_SEG,    [0x2e] = PREFIX_SEG,    [0x36] = PREFIX_SEG,  [0x3e] = PREFIX_SEG,
    [0x64] = PREFIX_SEG,    [0x65] = PREFIX_SEG,    [0xf0] = PREFIX_LOCK, [0xf2] = PREFIX_REP,
    [0x66] = PREFIX_OPSIZE, [0x67] = PREFIX_ADSIZE, [0xf3] = PREFIX_REP,
};

/* Everything of 0F 38, of 0F 3A, and of the VEX, XOP and EVEX maps came after the Pentium III. */
static const struct op_entry absent_rm = {.op = OP_ABSENT, .flags = INSN_MODRM};
static const struct op_entry absent_rm_byte = {
    .op = OP_ABSENT, .operand = {OPERAND_Ib}, .flags = INSN_MODRM};
static const struct op_entry absent_rm_full = {
    .op = OP_ABSENT, .operand = {OPERAND_Iz}, .flags = INSN_MODRM};
static const struct op_entry absent_plain = {.op = OP_ABSENT};

/* The next byte, or 0 with d->status set when there is none or it would be the sixteenth. */
static uint8_t next_byte(struct decoder *d)
{
    if (d->at < d->end) {
        uint8_t byte = d->bytes[d->at];

        return d->insn->bytes[d->at++] = byte;
    }
    d->status = d->end == INSN_MAX_LENGTH ? DECODE_TOO_LONG : DECODE_NEED;
    return 0;
}

/* A byte further on without using it. */
static uint8_t peek_byte(struct decoder *d)
{
    unsigned at = d->at;
    uint8_t byte = next_byte(d);

    d->at = at;
    return byte;
}

/* A little-endian number of `size` bytes. */
static uint32_t next_number(struct decoder *d, unsigned size)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < size; i++)
        value |= (uint32_t)next_byte(d) << (8 * i);
    return value;
}

static uint32_t sign_extend(uint32_t value, unsigned size)
{
    if (size == 1)
        return (uint32_t)(int8_t)value;
    return size == 2 ? (uint32_t)(int16_t)value : value;
}

static uint8_t segment_of_prefix(uint8_t byte)
{
    return byte >= 0x64 ? SEG_FS + (byte - 0x64) : (byte >> 3) & 3;
}

/* Reads prefixes and returns the byte after them; of each kind the last one counts. */
static uint8_t next_past_prefixes(struct decoder *d)
{
    struct insn *insn = d->insn;

    for (;;) {
        uint8_t byte = next_byte(d);

        switch (prefix_kinds[byte]) {
        case PREFIX_NONE:
            return byte;
        case PREFIX_SEG:
            insn->seg = segment_of_prefix(byte);
            break;
        case PREFIX_OPSIZE:
            insn->prefix_66 = true;
            insn->opsize = d->code32 ? 2 : 4;
            break;
        case PREFIX_ADSIZE:
            insn->adsize = d->code32 ? 2 : 4;
            break;
        case PREFIX_LOCK:
            insn->lock = true;
            break;
        case PREFIX_REP:
            insn->rep = byte;
            break;
        }
    }
}

static const struct op_entry *set_opcode(struct decoder *d, enum insn_map map, uint8_t opcode,
                                         const struct op_entry *entry)
{
    d->insn->map = map;
    d->insn->opcode = opcode;
    d->insn->opcode_at = d->at - 1;
    return entry;
}

/*
 * VEX and EVEX maps 1 to 3 mirror 0F, 0F 38 and 0F 3A: only in map 1 does the immediate depend on
 * the opcode. XOP maps 8 to 10 take a byte, nothing, four bytes.
 */
static const struct op_entry *vector_entry(unsigned map, uint8_t opcode, bool vex)
{
    static const bool map1_has_imm[256] = {
        [0x70 ... 0x73] = true, [0xc2] = true, [0xc4 ... 0xc6] = true};

    if (map == 1 && opcode == 0x77 && vex)
        return &absent_plain; /* VZEROUPPER */
    if (map == 10)
        return &absent_rm_full;
    if (map == 3 || map == 8 || (map == 1 && map1_has_imm[opcode]))
        return &absent_rm_byte;
    return &absent_rm;
}

/* C5, C4, 8F (XOP) or 62 (EVEX) with its payload, then the opcode. */
static const struct op_entry *decode_vector(struct decoder *d, uint8_t escape)
{
    uint8_t payload = next_byte(d);
    unsigned map = escape == 0xc5 ? 1 : payload & (escape == 0x62 ? 7 : 31);
    uint8_t opcode;

    for (unsigned i = escape == 0xc5 ? 1 : escape == 0x62 ? 3 : 2; i > 1; i--)
        next_byte(d);
    opcode = next_byte(d);
    d->insn->opsize = 4; /* 66 in front of these is #UD; XOP's immediate has four bytes */
    return set_opcode(d, MAP_VEX, opcode,
                      vector_entry(map, opcode, escape == 0xc5 || escape == 0xc4));
}

/*
 * LES, LDS and BOUND have no register form, and POP r/m no other ModRM.reg than 0: the encodings
 * that were free are the VEX, EVEX and XOP escapes (SDM vol. 2, 2.3.1; APM vol. 3, 1.2.5).
 */
static bool starts_vector(struct decoder *d, uint8_t byte)
{
    if (byte == 0xc4 || byte == 0xc5 || byte == 0x62)
        return peek_byte(d) >= 0xc0;
    return byte == 0x8f && (peek_byte(d) & 0x1f) >= 8;
}

/* The form behind mandatory prefixes, too, before ModRM is known. */
static const struct op_entry *decode_0f(struct decoder *d)
{
    uint8_t byte = next_byte(d);

    if (byte == 0x38)
        return set_opcode(d, MAP_0F38, next_byte(d), &absent_rm);
    if (byte == 0x3a)
        return set_opcode(d, MAP_0F3A, next_byte(d), &absent_rm_byte);
    return set_opcode(d, byte == 0x0f ? MAP_3DNOW : MAP_0F, byte,
                      op_0f_entry(byte, insn_form(d->insn)));
}

static const struct op_entry *decode_opcode(struct decoder *d)
{
    uint8_t byte = next_past_prefixes(d);

    if (byte == 0x0f)
        return decode_0f(d);
    if (starts_vector(d, byte))
        return decode_vector(d, byte);
    return set_opcode(d, MAP_PRIMARY, byte, &op_primary[byte]);
}

/* Whether the opcode is an instruction behind these prefixes; if not it is shaped as without. */
static bool is_missing_form(const struct insn *insn, const struct op_entry *entry)
{
    return (entry->flags & INSN_FORMS) && insn->map == MAP_0F && insn_form(insn) != FORM_NP;
}

/* Takes over what the table says, from the opcode's entry or, where it has one, its group's. */
static void apply_entry(struct insn *insn, const struct op_entry *entry)
{
    const struct op_entry *of = op_of_group(entry, insn->modrm);

    insn->op = is_missing_form(insn, entry) ? OP_INVALID : of->op;
    insn->flags = entry->flags | of->flags;
    memcpy(insn->operand, of->operand[0] ? of->operand : entry->operand, sizeof(insn->operand));
}

/* Whether ModRM.mod is one that the operands allow. */
static bool form_exists(const struct insn *insn)
{
    bool mem = insn_has_mem(insn);

    for (unsigned i = 0; i < 3 && insn->operand[i] != OPERAND_NONE; i++) {
        const struct operand_kind *kind = &operand_kinds[insn->operand[i]];

        if (!mem && kind->place == AT_RM && kind->class == CLASS_NONE)
            return false;
        if (mem && kind->place == AT_RM_REG && kind->class >= CLASS_MMX)
            return false;
    }
    return true;
}

static void classify(struct insn *insn)
{
    if (insn->op == OP_INVALID || !form_exists(insn)) {
        insn->op = OP_INVALID;
        insn->flags |= INSN_INVALID;
    }
    if (insn->op == OP_ABSENT)
        insn->flags |= INSN_ABSENT;
}

/* SDM vol. 2, tables 2-1 and 2-2; returns the displacement's size in bytes. */
static unsigned displacement_size(struct decoder *d)
{
    struct insn *insn = d->insn;
    unsigned mod = insn_mod(insn), rm = insn_rm(insn);
    unsigned full = insn->adsize;

    if (mod == 3)
        return 0;
    if (full == 4 && rm == 4) {
        insn->sib = next_byte(d);
        rm = insn->sib & 7;
    }
    if (mod == 0)
        return rm == (full == 4 ? 5 : 6) ? full : 0;
    return mod == 1 ? 1 : full;
}

static void decode_modrm(struct decoder *d)
{
    struct insn *insn = d->insn;

    insn->modrm_at = d->at;
    insn->modrm = next_byte(d);
    /* MOV to and from CR and DR ignore mod: always a register (SDM vol. 2, MOV CRn). */
    if (insn->map == MAP_0F && insn->opcode >= 0x20 && insn->opcode <= 0x23)
        insn->modrm |= 0xc0;
}

static void decode_displacement(struct decoder *d)
{
    struct insn *insn = d->insn;

    insn->disp_size = displacement_size(d);
    insn->disp = (int32_t)sign_extend(next_number(d, insn->disp_size), insn->disp_size);
}

static void decode_imm(struct decoder *d, enum imm_kind kind)
{
    struct insn *insn = d->insn;
    unsigned at = d->at;

    switch (kind) {
    case IMM_NONE:
        return;
    case IMM_BYTE:
        insn->imm = next_byte(d);
        break;
    case IMM_BYTE_SIGNED:
        insn->imm = sign_extend(next_byte(d), 1);
        break;
    case IMM_BYTE_SECOND:
        insn->imm2 = next_byte(d);
        break;
    case IMM_WORD:
        insn->imm = next_number(d, 2);
        break;
    case IMM_FULL:
        insn->imm = next_number(d, insn->opsize);
        break;
    case IMM_FULL_SIGNED:
        insn->imm = sign_extend(next_number(d, insn->opsize), insn->opsize);
        break;
    case IMM_FAR:
        insn->imm = next_number(d, insn->opsize);
        insn->imm2 = next_number(d, 2);
        break;
    case IMM_OFFSET:
        insn->disp_size = insn->adsize;
        insn->disp = (int32_t)sign_extend(next_number(d, insn->adsize), insn->adsize);
        return;
    }
    insn->imm_size += d->at - at;
}

enum decode_status insn_decode(const uint8_t *bytes, unsigned avail, bool code32, struct insn *insn)
{
    struct decoder d = {.bytes = bytes,
                        .code32 = code32,
                        .status = DECODE_OK,
                        .insn = insn,
                        .end = avail < INSN_MAX_LENGTH ? avail : INSN_MAX_LENGTH};
    const struct op_entry *entry;

    memset(insn, 0, sizeof(*insn));
    insn->opsize = insn->adsize = code32 ? 4 : 2;
    insn->seg = SEG_NONE;
    entry = decode_opcode(&d);
    if (entry->flags & INSN_MODRM)
        decode_modrm(&d);
    apply_entry(insn, entry);
    if (insn->flags & INSN_MODRM)
        decode_displacement(&d);
    for (unsigned i = 0; i < 3 && insn->operand[i] != OPERAND_NONE; i++) {
        enum imm_kind kind = operand_kinds[insn->operand[i]].imm;

        if (kind != IMM_NONE)
            decode_imm(&d, kind);
    }
    if (insn->map == MAP_3DNOW)
        insn->opcode = insn->imm;
    if (d.status != DECODE_OK)
        return d.status;
    classify(insn);
    insn->length = d.at;
    return DECODE_OK;
}
