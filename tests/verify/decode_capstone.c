/* Capstone's side of a comparison: length, operation, operands. */
#include <capstone/capstone.h>
#include <stdio.h>
#include <string.h>

#include "decode_compare.h"
#include "emulate/cpu/cpu.h"

static csh handles[2]; /* 16 and 32 bit */
static cs_insn *buffers[2];

/* Both 66 and F2 or F3, in whatever meaning. */
static bool sized_and_repeated(const struct insn *insn)
{
    return insn->prefix_66 && insn->rep;
}

static bool in_code16(const struct insn *insn)
{
    return (insn->opsize == 2) != insn->prefix_66;
}

static bool form_in_code16(const struct insn *insn)
{
    return in_code16(insn) && insn_form(insn) != FORM_NP;
}

static bool has_67(const struct insn *insn)
{
    return (insn->adsize == 2) != in_code16(insn);
}

/* A mandatory prefix among others. */
static bool form_among_prefixes(const struct insn *insn)
{
    return insn_form(insn) != FORM_NP && insn->opcode_at > 2;
}

static bool is_evex(const struct insn *insn)
{
    return insn->opcode_at >= 4 && insn->bytes[insn->opcode_at - 4] == 0x62;
}

static bool sized_branch(const struct insn *insn)
{
    return (insn->flags & INSN_REL) && (insn->opsize == 2 || insn->prefix_66);
}

static bool is_missing_form(const struct insn *insn)
{
    return insn->op == OP_INVALID && (insn->flags & INSN_FORMS);
}

static struct difference differences[] = {
    {ANY_MAP, 0x00, 0xff, 0, 0, 0, sized_and_repeated, DIFF_ALL,
     "Capstone applies only one of 66 and F2 or F3. Prefixes of groups 1 and 3 combine (SDM "
     "vol. 2, 2.1.1).",
     0},
    {MAP_0F, 0x10, 0xff, 0, 0, 0, form_in_code16, DIFF_ALL,
     "Capstone ignores mandatory prefixes in 16-bit code. They select the instruction in every "
     "mode (SDM vol. 2, 2.1.2).",
     0},
    {MAP_0F, 0x10, 0xff, 0, 0, 0, is_missing_form, DIFF_ALL,
     "Capstone runs MMX and SSE opcodes behind prefixes with which they do not exist (SDM vol. 2, "
     "table A-3: no entry).",
     0},
    {MAP_0F, 0x10, 0xff, 0, 0, 0, form_among_prefixes, DIFF_ALL,
     "Capstone overlooks a mandatory prefix where others stand, too. Prefixes of the four groups "
     "may be placed in any order relative to each other (SDM vol. 2, 2.1.1).",
     0},
    {ANY_MAP, 0x00, 0xff, 0, 0, 0, sized_branch, DIFF_OPERAND,
     "Targets of branches with a 16-bit operand size: EIP is masked with 0000FFFFH (SDM vol. 2, "
     "Jcc, JMP). Capstone masks by the code size, whatever 66 says.",
     0},
    {MAP_0F, 0x80, 0x8f, 0, 0, 0, has_67, DIFF_OPERAND,
     "Jcc rel32 behind 67: the operand size alone decides how long it is (SDM vol. 2, Jcc). "
     "Capstone cuts the displacement to 16 bits.",
     0},
    {MAP_PRIMARY, 0xe8, 0xe9, 0, 0, 0, has_67, DIFF_OPERAND,
     "CALL rel32 and JMP rel32 behind 67: the same.", 0},
    {MAP_PRIMARY, 0xd4, 0xd5, 0, 0, 0, NULL, DIFF_COUNT,
     "AAM and AAD: the operand is imm8 (SDM vol. 2, AAM). Capstone leaves 10 out.", 0},
    {MAP_PRIMARY, 0xdb, 0xdb, 0x10, REG_FORM, 0, NULL, DIFF_OPERATION,
     "FENI, FDISI, FSETPM: named feni8087_nop and so on (SDM vol. 3, 23.18.8: no-operations).", 0},
    {MAP_VEX, 0x10, 0x12, 0, 0, 0, NULL, DIFF_LENGTH,
     "XOP map 10 has an immediate of four bytes (APM vol. 3, 1.2.5, BEXTR: imm32). Capstone takes "
     "two in 16-bit code.",
     0},
    {MAP_VEX, 0x00, 0xff, 0, REG_FORM, 0, is_evex, DIFF_LENGTH,
     "EVEX with embedded rounding: the mode is in EVEX.L'L (SDM vol. 2, 2.7.8). Capstone reads a "
     "byte for it.",
     0},
    {MAP_PRIMARY, 0xe3, 0xe3, 0, 0, 0, has_67, DIFF_OPERATION,
     "JCXZ: 67 selects the register wherever it stands (SDM vol. 2, JCXZ). Behind a further prefix "
     "Capstone overlooks it.",
     0},
    {MAP_0F, 0xbc, 0xbd, 0, 0, 1 << FORM_F3, NULL, DIFF_OPERATION,
     "F3 0F BC and F3 0F BD: on processors that do not support TZCNT (LZCNT) the instruction byte "
     "encoding is executed as BSF (BSR) (SDM vol. 2). Sensitive, because newer ones differ.",
     0},
    {MAP_0F, 0x0d, 0x0d, 0, MEM_FORM, 0, NULL, DIFF_EXISTS | DIFF_SIZE | DIFF_OPERATION,
     "0F 0D: a prefetch is merely a hint (SDM vol. 2, PREFETCHW); /2../7 are no-operations, too, "
     "Capstone refuses them.",
     0},
    {MAP_0F, 0xae, 0xae, 0xa0, REG_FORM, 0, NULL, DIFF_EXISTS,
     "LFENCE and SFENCE: the r/m field of ModRM is ignored (SDM vol. 2, LFENCE, SFENCE). Capstone "
     "wants 0.",
     0},
    {MAP_0F, 0xae, 0xae, 0x0f, MEM_FORM, 0, NULL, DIFF_ALL,
     "FXSAVE and FXRSTOR take 512 bytes, NP 0F AE (SDM vol. 2, FXSAVE): Capstone says 4, and takes "
     "prefixes.",
     0},
    {MAP_0F, 0x78, 0x79, 0, 0, 0, NULL, DIFF_ALL,
     "VMREAD and VMWRITE are NP 0F 78 and NP 0F 79 (SDM vol. 3, 31.3); behind 66 and F2 are AMD's "
     "EXTRQ and INSERTQ. Capstone runs them behind any.",
     0},
    {MAP_PRIMARY, 0x8e, 0x8e, 0x02, 0, 0, NULL, DIFF_ALL,
     "MOV CS: attempting to do so results in #UD (SDM vol. 2, MOV).", 0},
    {MAP_PRIMARY, 0x8e, 0x8e, 0, REG_FORM, 0, NULL, DIFF_OPERAND,
     "MOV Sreg, r/m16 (SDM vol. 2, MOV): Capstone names the 32-bit register.", 0},
    {MAP_PRIMARY, 0x90, 0x90, 0, 0, 1 << FORM_F3, NULL, DIFF_OPERATION,
     "PAUSE with another prefix between F3 and 90: prefixes may stand in any order (SDM vol. 2, "
     "2.1.1).",
     0},
    {MAP_PRIMARY, 0x98, 0x99, 0, 0, 0, NULL, DIFF_OPERATION,
     "CBW and CWD behind several prefixes: CWDE and CDQ to Capstone. The operand size decides (SDM "
     "vol. 2, CBW).",
     0},
    {MAP_0F, 0x12, 0x16, 0, REG_FORM, 1 << FORM_66, NULL, DIFF_ALL,
     "MOVLPD and MOVHPD have no register form: xmm1, m64 (SDM vol. 2, MOVLPD).", 0},
    {MAP_PRIMARY, 0x8d, 0x8d, 0, 0, 0, NULL, DIFF_SIZE,
     "LEA, INVLPG and prefetches access nothing: Capstone gives their address a size.", 0},
    {MAP_0F, 0x01, 0x01, 0x80, MEM_FORM, 0, NULL, DIFF_SIZE, "INVLPG: the same.", 0},
    {MAP_PRIMARY, 0xc4, 0xc5, 0, MEM_FORM, 0, NULL, DIFF_SIZE,
     "LES, LDS, LSS, LFS, LGS: m16:16 and m16:32 (SDM vol. 2, LDS): Capstone leaves the selector "
     "out.",
     0},
    {MAP_0F, 0xb2, 0xb5, 0, MEM_FORM, 0, NULL, DIFF_SIZE, "LSS, LFS, LGS: the same.", 0},
    {MAP_PRIMARY, 0xd9, 0xdd, 0x50, MEM_FORM, 0, NULL, DIFF_SIZE,
     "FLDENV, FNSTENV, FRSTOR, FNSAVE: 14 or 28, 94 or 108 bytes (SDM vol. 2, FLDENV, FRSTOR); "
     "Capstone takes the larger or 4.",
     0},
    {MAP_PRIMARY, 0xdd, 0xdd, 0x80, MEM_FORM, 0, NULL, DIFF_SIZE,
     "FNSTSW m2byte (SDM vol. 2, FSTSW): 2 bytes, not 4.", 0},
    {MAP_PRIMARY, 0xff, 0xff, 0x28, MEM_FORM, 0, NULL, DIFF_SIZE,
     "CALL and JMP m16:16 with a 16-bit operand size (SDM vol. 2, CALL): 4 bytes, not 6.", 0},
    {MAP_0F, 0x02, 0x03, 0, MEM_FORM, 0, NULL, DIFF_SIZE,
     "LAR and LSL r32, r32/m16 (SDM vol. 2, LSL): 2 bytes, not 4.", 0},
    {MAP_0F, 0x2f, 0x2f, 0, MEM_FORM, 0, NULL, DIFF_SIZE,
     "COMISS xmm1, xmm2/m32 (SDM vol. 2, COMISS), COMISD m64: Capstone says 16 bytes.", 0},
    {MAP_0F, 0x60, 0x62, 0, MEM_FORM, 0, NULL, DIFF_SIZE,
     "PUNPCKLBW mm, mm/m32 (SDM vol. 2, PUNPCKLBW): 4 bytes, not 8.", 0},
    {MAP_0F, 0x18, 0x1f, 0, 0, 0, NULL, DIFF_ALL,
     "0F 18..1F: no-operations with one operand, r/m, on a Pentium III (SDM vol. 2, table A-3). "
     "Capstone names ENDBR32 and others, adds ModRM.reg, refuses some.",
     0},
    {MAP_0F, 0xb9, 0xb9, 0, 0, 0, NULL, DIFF_ALL,
     "UD1 has a ModRM byte: 0F B9 /r (SDM vol. 2, UD). Capstone stops before it.", 0},
    {MAP_0F, 0xff, 0xff, 0, 0, 0, NULL, DIFF_ALL, "UD0: 0F FF /r, the same.", 0},
    {MAP_PRIMARY, 0x91, 0x97, 0, 0, 0, NULL, DIFF_OPERAND,
     "XCHG AX, r16 and XCHG r16, AX are one encoding (SDM vol. 2, XCHG): the order is ours.", 0},
    {MAP_PRIMARY, 0xd8, 0xdf, 0, REG_FORM, 0, NULL, DIFF_COUNT,
     "Capstone writes ST(0) where it is implied, or leaves it out where it is explicit (SDM "
     "vol. 2, FADD ST(i), ST(0) and others).",
     0},
};

static void init(void)
{
    static const cs_mode modes[2] = {CS_MODE_16, CS_MODE_32};

    for (unsigned i = 0; i < 2; i++) {
        cs_open(CS_ARCH_X86, modes[i], &handles[i]);
        cs_option(handles[i], CS_OPT_DETAIL, CS_OPT_ON);
        buffers[i] = cs_malloc(handles[i]);
    }
}

/* Capstone's names that are spelled otherwise. */
static const char *const spellings[][2] = {
    {"je", "jz"},         {"jne", "jnz"},       {"ja", "jnbe"},       {"jae", "jnb"},
    {"jg", "jnle"},       {"jge", "jnl"},       {"sete", "setz"},     {"setne", "setnz"},
    {"seta", "setnbe"},   {"setae", "setnb"},   {"setg", "setnle"},   {"setge", "setnl"},
    {"cmove", "cmovz"},   {"cmovne", "cmovnz"}, {"cmova", "cmovnbe"}, {"cmovae", "cmovnb"},
    {"cmovg", "cmovnle"}, {"cmovge", "cmovnl"}, {"ljmp", "jmp far"},  {"lcall", "call far"},
    {"retf", "ret far"},  {"xlatb", "xlat"},    {"wait", "fwait"},    {"pushal", "pushad"},
    {"popal", "popad"},   {"pushaw", "pusha"},  {"popaw", "popa"},    {"sal", "shl"},
};

/* Its mnemonics hold the prefixes, too. */
static void take_name(const char *mnemonic, struct other *other)
{
    const char *space;

    while ((space = strrchr(mnemonic, ' ')))
        mnemonic = space + 1;
    snprintf(other->name, sizeof(other->name), "%s", mnemonic);
    for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
        if (!strcmp(mnemonic, spellings[i][0]))
            strcpy(other->name, spellings[i][1]);
    }
}

static const uint8_t gpr8[] = {X86_REG_AL, X86_REG_CL, X86_REG_DL, X86_REG_BL,
                               X86_REG_AH, X86_REG_CH, X86_REG_DH, X86_REG_BH};
static const uint8_t gpr16[] = {X86_REG_AX, X86_REG_CX, X86_REG_DX, X86_REG_BX,
                                X86_REG_SP, X86_REG_BP, X86_REG_SI, X86_REG_DI};
static const uint8_t gpr32[] = {X86_REG_EAX, X86_REG_ECX, X86_REG_EDX, X86_REG_EBX,
                                X86_REG_ESP, X86_REG_EBP, X86_REG_ESI, X86_REG_EDI};
static const uint8_t segs[] = {X86_REG_ES, X86_REG_CS, X86_REG_SS,
                               X86_REG_DS, X86_REG_FS, X86_REG_GS};

static uint8_t number_in(const uint8_t *regs, unsigned count, unsigned reg)
{
    for (unsigned i = 0; i < count; i++) {
        if (regs[i] == reg)
            return (uint8_t)i;
    }
    return REG_NONE;
}

static const struct {
    uint8_t class;
    const uint8_t *regs;
    uint8_t count;
} listed[] = {
    {CLASS_8, gpr8, 8},
    {CLASS_16, gpr16, 8},
    {CLASS_32, gpr32, 8},
    {CLASS_SEG, segs, 6},
};

static const struct {
    uint8_t class;
    unsigned first, count;
} numbered[] = {
    {CLASS_CR, X86_REG_CR0, 8},  {CLASS_DR, X86_REG_DR0, 8},   {CLASS_ST, X86_REG_ST0, 8},
    {CLASS_MMX, X86_REG_MM0, 8}, {CLASS_XMM, X86_REG_XMM0, 8},
};

static void take_register(unsigned reg, struct insn_operand *o)
{
    o->form = IS_REG;
    for (size_t i = 0; i < sizeof(listed) / sizeof(listed[0]); i++) {
        o->reg = number_in(listed[i].regs, listed[i].count, reg);
        o->reg_class = listed[i].class;
        if (o->reg != REG_NONE)
            return;
    }
    for (size_t i = 0; i < sizeof(numbered) / sizeof(numbered[0]); i++) {
        o->reg = (uint8_t)(reg - numbered[i].first);
        o->reg_class = numbered[i].class;
        if (reg >= numbered[i].first && o->reg < numbered[i].count)
            return;
    }
    o->reg_class = CLASS_NONE;
}

static uint8_t address_register(unsigned reg)
{
    uint8_t number = number_in(gpr32, 8, reg);

    return number != REG_NONE ? number : number_in(gpr16, 8, reg);
}

/* A segment is named only where a prefix or the operation names it. */
static void take_memory(const cs_x86 *x86, const cs_x86_op *operand, struct insn_operand *o)
{
    o->form = IS_MEM;
    o->seg = number_in(segs, 6, operand->mem.segment);
    o->base = address_register(operand->mem.base);
    o->index = address_register(operand->mem.index);
    o->scale = o->index == REG_NONE ? 1 : (uint8_t)operand->mem.scale;
    o->disp = (uint32_t)operand->mem.disp & (x86->addr_size == 2 ? 0xffff : UINT32_MAX);
    o->size = operand->size;
}

static void take_operand(const cs_insn *insn, const cs_x86_op *operand, struct other *other)
{
    struct insn_operand *o = &other->operands[other->count++];

    *o = (struct insn_operand){0};
    if (operand->type == X86_OP_REG) {
        take_register(operand->reg, o);
    } else if (operand->type == X86_OP_MEM) {
        take_memory(&insn->detail->x86, operand, o);
    } else {
        o->form = IS_IMM;
        o->value = (uint32_t)operand->imm;
    }
}

/* CMPEQPS and its kin are CMPPS with the predicate as an operand (SDM vol. 2, table 3-5). */
static void resolve_predicate(struct other *other)
{
    static const char *const predicates[8] = {"eq",  "lt",  "le",  "unord",
                                              "neq", "nlt", "nle", "ord"};
    size_t length = strlen(other->name);

    for (unsigned i = 0; i < 8 && !strncmp(other->name, "cmp", 3); i++) {
        size_t middle = strlen(predicates[i]);

        if (length != 3 + middle + 2 || strncmp(other->name + 3, predicates[i], middle) != 0)
            continue;
        memmove(other->name + 3, other->name + 3 + middle, 3);
        other->operands[other->count++] = (struct insn_operand){.form = IS_IMM, .value = i};
        return;
    }
}

/* A far pointer is two immediates, the target of a branch one. */
static void resolve_branch(struct other *other)
{
    struct insn_operand *o = other->operands;

    if (strstr(other->name, " far") && other->count == 2) {
        o[0] = (struct insn_operand){
            .form = IS_FAR, .selector = (uint16_t)o[0].value, .value = o[1].value};
        other->count = 1;
    } else if (other->count == 1 && o[0].form == IS_IMM &&
               (other->name[0] == 'j' || !strncmp(other->name, "loop", 4) ||
                !strcmp(other->name, "call"))) {
        o[0].form = IS_BRANCH;
    }
}

static bool has_lock(const uint8_t bytes[WINDOW])
{
    static const uint8_t prefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf2, 0xf3};
    unsigned i = 0;

    while (i < WINDOW - 1 && memchr(prefixes, bytes[i], sizeof(prefixes)))
        i++;
    return bytes[i] == 0xf0;
}

static void decode(const uint8_t bytes[WINDOW], bool code32, struct other *other)
{
    const uint8_t *code = bytes;
    size_t size = WINDOW;
    uint64_t address = COMPARE_EIP;
    cs_insn *insn;

    if (!handles[0])
        init();
    insn = buffers[code32];
    if (!cs_disasm_iter(handles[code32], &code, &size, &address, insn)) {
        /* Whether LOCK is legal there is the interpreter's question. */
        other->unknown = has_lock(bytes) ? DIFF_EXISTS : 0;
        return;
    }
    other->exists = true;
    other->unknown = DIFF_EXISTS | DIFF_ACCESS | DIFF_EFLAGS | DIFF_LOCK | DIFF_PRIVILEGE;
    other->length = insn->size;
    take_name(insn->mnemonic, other);
    for (unsigned i = 0; i < insn->detail->x86.op_count && other->count < 6; i++)
        take_operand(insn, &insn->detail->x86.operands[i], other);
    resolve_predicate(other);
    resolve_branch(other);
}

struct comparer compare_capstone = {
    .name = "Capstone",
    .decode = decode,
    .differences = differences,
    .difference_count = sizeof(differences) / sizeof(differences[0]),
};
