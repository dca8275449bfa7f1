/* Zydis' side of a comparison. */
#include <Zydis/Zydis.h>
#include <stdio.h>

#include "decode_compare.h"
#include "emulate/cpu/cpu.h"

static ZydisDecoder decoders[2]; /* 16 and 32 bit */

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

/* What differs on purpose. "Quirk": a slip of Zydis 4.0, which the manual's words decide. */
static struct difference differences[] = {
    {MAP_0F, 0x0d, 0x0d, 0, MEM_FORM, 0, NULL, DIFF_EXISTS | DIFF_SIZE | DIFF_ACCESS,
     "0F 0D: 3DNow! or later to Zydis. A prefetch is merely a hint and does not affect program "
     "behavior (SDM vol. 2, PREFETCHW); QEMU's pentium3 runs the memory forms as no-operations.",
     0},
    {MAP_0F, 0x18, 0x18, 0x0f, REG_FORM, 0, NULL, DIFF_EXISTS,
     "0F 18 /0../3 with a register: the operand of PREFETCHh is m8 (SDM vol. 2, PREFETCHh); QEMU "
     "refuses registers.",
     0},
    {MAP_0F, 0x20, 0x22, 0xe2, 0, 0, NULL, DIFF_EXISTS,
     "MOV CR1, CR5, CR6, CR7: an attempt to access these registers results in #UD (SDM vol. 2, "
     "MOV CRn); the number is an operand here and the interpreter raises it.",
     0},
    {MAP_0F, 0xae, 0xae, 0x20, REG_FORM, 0, NULL, DIFF_EXISTS,
     "LFENCE came with SSE2 (SDM vol. 2, LFENCE); QEMU's pentium3 asks for SSE alone.", 0},
    {MAP_0F, 0xbc, 0xbd, 0, 0, 1 << FORM_F3, NULL, DIFF_EXISTS | DIFF_OPERATION | DIFF_EFLAGS,
     "F3 0F BC and F3 0F BD: on processors that do not support TZCNT (LZCNT) the instruction byte "
     "encoding is executed as BSF (BSR) (SDM vol. 2). Sensitive, because newer ones differ.",
     0},
    {MAP_0F, 0x01, 0x01, 0x04, MEM_FORM, 0, NULL, DIFF_PRIVILEGE,
     "Quirk: LGDT is not privileged. It can only be executed at CPL 0 (SDM vol. 3, 5.9).", 0},
    {MAP_0F, 0x01, 0x01, 0x80, MEM_FORM, 0, NULL, DIFF_SIZE | DIFF_ACCESS,
     "INVLPG reads a byte to Zydis. It invalidates the page that contains the address (SDM vol. 2, "
     "INVLPG); nothing is accessed.",
     0},
    {MAP_0F, 0x18, 0x18, 0, MEM_FORM, 0, NULL, DIFF_SIZE | DIFF_ACCESS,
     "Prefetches read a byte to Zydis: the address alone counts (SDM vol. 2, PREFETCHh).", 0},
    {MAP_0F, 0x18, 0x1f, 0, 0, 0, NULL, DIFF_COUNT | DIFF_OPERAND | DIFF_SIZE | DIFF_ACCESS,
     "0F 18..1F: reserved no-operations with one operand, r/m (SDM vol. 2, table A-3, NOP Ev), "
     "which does not alter the content of a register and will not issue a memory operation (NOP).",
     0},
    {MAP_0F, 0x03, 0x03, 0, 0, 0, NULL, DIFF_ACCESS,
     "Quirk: LSL reads its destination, LAR does not. ModRM:reg (w) for both (SDM vol. 2, LSL).",
     0},
    {MAP_0F, 0x2a, 0x2a, 0, 0, 1 << FORM_F3 | 1 << FORM_F2, NULL, DIFF_ACCESS,
     "Quirk: CVTSI2SS and CVTSI2SD read their destination, SQRTSS does not. ModRM:reg (w) for "
     "all (SDM vol. 2, CVTSI2SS).",
     0},
    {MAP_PRIMARY, 0xdb, 0xdb, 0x10, REG_FORM, 0, NULL, DIFF_OPERATION,
     "FENI, FDISI, FSETPM: named feni8087_nop and so on by Zydis (SDM vol. 3, 23.18.8: these are "
     "no-operations).",
     0},
    {MAP_PRIMARY, 0xdd, 0xdd, 0x20, REG_FORM, 0, NULL, DIFF_COUNT,
     "Quirk: FUCOMP names ST(0), FUCOM does not. FUCOMP ST(i) (SDM vol. 2, FUCOM/FUCOMP).", 0},
    {MAP_PRIMARY, 0xdd, 0xdf, 0x01, REG_FORM, 0, NULL, DIFF_ACCESS,
     "FFREE and FFREEP read ST(i) to Zydis. The contents of ST(i) are not affected, the tag is set "
     "to empty (SDM vol. 2, FFREE).",
     0},
    {MAP_PRIMARY, 0xa6, 0xaf, 0, 0, 0, NULL, DIFF_EFLAGS,
     "CMPS and SCAS behind a repeat prefix read ZF to Zydis: it is the prefix that tests ZF (SDM "
     "vol. 2, REP).",
     0},
    {MAP_0F, 0x20, 0x23, 0, 0, 0, NULL, DIFF_EFLAGS,
     "Quirk: MOV to and from CR and DR leave EFLAGS alone. The OF, SF, ZF, AF, PF, and CF flags "
     "are undefined (SDM vol. 2, MOV CRn, MOV DRn).",
     0},
    {MAP_PRIMARY, 0x18, 0x1d, 0, 0, 0, NULL, DIFF_EFLAGS,
     "Quirk: AF is undefined after SBB. The OF, SF, ZF, AF, PF, and CF flags are set according to "
     "the result (SDM vol. 2, SBB).",
     0},
    {MAP_PRIMARY, 0x80, 0x83, 0x08, 0, 0, NULL, DIFF_EFLAGS, "SBB again: the group's encodings.",
     0},
    {MAP_PRIMARY, 0xc0, 0xd3, 0, 0, 0, NULL, DIFF_EFLAGS,
     "SHL and SHR: CF is undefined where the count is greater than or equal to the size (SDM "
     "vol. 2, SAL/SAR/SHL/SHR); Zydis does not say so.",
     0},
    {MAP_0F, 0xa4, 0xad, 0, 0, 0, NULL, DIFF_EFLAGS,
     "SHLD and SHRD: if the count is greater than the operand size, the flags are undefined (SDM "
     "vol. 2, SHLD); Zydis says so of OF and AF alone.",
     0},
};

static void init(void)
{
    static const ZydisDecoderMode off[] = {
        /* All of these give no-operations of a Pentium III, or WBINVD, another meaning. */
        ZYDIS_DECODER_MODE_MPX, ZYDIS_DECODER_MODE_CET, ZYDIS_DECODER_MODE_CLDEMOTE,
        ZYDIS_DECODER_MODE_WBNOINVD};

    ZydisDecoderInit(&decoders[0], ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16);
    ZydisDecoderInit(&decoders[1], ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32);
    for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
        ZydisDecoderEnableMode(&decoders[0], off[i], ZYAN_FALSE);
        ZydisDecoderEnableMode(&decoders[1], off[i], ZYAN_FALSE);
    }
}

/* Zydis names the far forms as the near ones, and says elsewhere that they are far. */
static void take_name(const ZydisDecodedInstruction *insn, struct other *other)
{
    bool far = insn->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR &&
               (insn->mnemonic == ZYDIS_MNEMONIC_JMP || insn->mnemonic == ZYDIS_MNEMONIC_CALL ||
                insn->mnemonic == ZYDIS_MNEMONIC_RET);

    snprintf(other->name, sizeof(other->name), "%s%s", ZydisMnemonicGetString(insn->mnemonic),
             far ? " far" : "");
}

static unsigned access_of(const ZydisDecodedOperand *operand)
{
    return (operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ ? ACCESS_R : 0) |
           (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE ? ACCESS_W : 0);
}

static void take_register(ZydisRegister reg, struct insn_operand *o)
{
    static const uint8_t classes[ZYDIS_REGCLASS_MAX_VALUE + 1] = {
        [ZYDIS_REGCLASS_GPR8] = CLASS_8,      [ZYDIS_REGCLASS_GPR16] = CLASS_16,
        [ZYDIS_REGCLASS_GPR32] = CLASS_32,    [ZYDIS_REGCLASS_X87] = CLASS_ST,
        [ZYDIS_REGCLASS_MMX] = CLASS_MMX,     [ZYDIS_REGCLASS_XMM] = CLASS_XMM,
        [ZYDIS_REGCLASS_SEGMENT] = CLASS_SEG, [ZYDIS_REGCLASS_CONTROL] = CLASS_CR,
        [ZYDIS_REGCLASS_DEBUG] = CLASS_DR,
    };

    o->form = IS_REG;
    o->reg_class = classes[ZydisRegisterGetClass(reg)];
    o->reg = (uint8_t)ZydisRegisterGetId(reg);
}

static uint8_t number_of(ZydisRegister reg)
{
    return reg == ZYDIS_REGISTER_NONE ? REG_NONE : (uint8_t)ZydisRegisterGetId(reg);
}

static void take_memory(const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *operand,
                        struct insn_operand *o)
{
    o->form = IS_MEM;
    /* The segment of LEA's address is none: Zydis names the default, whatever the prefix. */
    o->seg =
        operand->mem.type == ZYDIS_MEMOP_TYPE_AGEN ? REG_NONE : number_of(operand->mem.segment);
    o->base = number_of(operand->mem.base);
    o->index = number_of(operand->mem.index);
    o->scale = operand->mem.index == ZYDIS_REGISTER_NONE ? 1 : operand->mem.scale;
    o->disp = (uint32_t)operand->mem.disp.value;
    if (insn->address_width == 16)
        o->disp &= 0xffff;
    o->size = operand->mem.type == ZYDIS_MEMOP_TYPE_AGEN ? 0 : operand->size / 8;
}

static void take_immediate(const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *operand,
                           struct insn_operand *o)
{
    ZyanU64 target = 0;

    o->form = operand->imm.is_relative ? IS_BRANCH : IS_IMM;
    o->value = (uint32_t)operand->imm.value.u;
    if (operand->imm.is_relative) {
        ZydisCalcAbsoluteAddress(insn, operand, COMPARE_EIP, &target);
        o->value = (uint32_t)target;
    }
}

static void take_operand(const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *operand,
                         struct other *other)
{
    struct insn_operand *o = &other->operands[other->count++];

    *o = (struct insn_operand){.access = (uint8_t)access_of(operand)};
    switch (operand->type) {
    case ZYDIS_OPERAND_TYPE_REGISTER:
        take_register(operand->reg.value, o);
        break;
    case ZYDIS_OPERAND_TYPE_MEMORY:
        take_memory(insn, operand, o);
        break;
    case ZYDIS_OPERAND_TYPE_IMMEDIATE:
        take_immediate(insn, operand, o);
        break;
    default:
        o->form = IS_FAR;
        o->selector = operand->ptr.segment;
        o->value = operand->ptr.offset;
    }
}

/* Of string instructions Zydis hides all operands: those that are no addresses and counters. */
static bool is_string_operand(const ZydisDecodedOperand *operand)
{
    if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY)
        return true;
    return operand->type == ZYDIS_OPERAND_TYPE_REGISTER &&
           (operand->reg.value == ZYDIS_REGISTER_AL || operand->reg.value == ZYDIS_REGISTER_AX ||
            operand->reg.value == ZYDIS_REGISTER_EAX || operand->reg.value == ZYDIS_REGISTER_DX);
}

static bool is_string(const ZydisDecodedInstruction *insn)
{
    return insn->meta.category == ZYDIS_CATEGORY_STRINGOP ||
           insn->meta.category == ZYDIS_CATEGORY_IOSTRINGOP;
}

static void take_operands(const ZydisDecoder *decoder, const ZydisDecoderContext *context,
                          const ZydisDecodedInstruction *insn, struct other *other)
{
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];

    ZydisDecoderDecodeOperands(decoder, context, insn, operands, insn->operand_count);
    for (unsigned i = 0; i < insn->operand_count && other->count < 6; i++) {
        if (is_string(insn) ? is_string_operand(&operands[i]) : i < insn->operand_count_visible)
            take_operand(insn, &operands[i], other);
    }
}

static void take_facts(const ZydisDecodedInstruction *insn, struct other *other)
{
    uint32_t mask = EFLAGS_STATUS | EFLAGS_DF;

    other->lockable = insn->attributes & ZYDIS_ATTRIB_ACCEPTS_LOCK;
    other->privileged = insn->attributes & ZYDIS_ATTRIB_IS_PRIVILEGED;
    other->pentium3 = pentium3_sets[insn->meta.isa_set];
    if (!insn->cpu_flags)
        return;
    other->flags_read = insn->cpu_flags->tested & mask;
    other->flags_written =
        (insn->cpu_flags->modified | insn->cpu_flags->set_0 | insn->cpu_flags->set_1) & mask;
    other->flags_undefined = insn->cpu_flags->undefined & mask;
}

static void decode(const uint8_t bytes[WINDOW], bool code32, struct other *other)
{
    ZydisDecoderContext context;
    ZydisDecodedInstruction insn;
    ZyanStatus status;

    if (!decoders[0].stack_width)
        init();
    status = ZydisDecoderDecodeInstruction(&decoders[code32], &context, bytes, WINDOW, &insn);
    /* Whether LOCK is legal there is the interpreter's question. */
    if (status == ZYDIS_STATUS_ILLEGAL_LOCK)
        other->unknown = DIFF_EXISTS;
    if (!ZYAN_SUCCESS(status))
        return;
    other->exists = true;
    other->length = insn.length;
    take_name(&insn, other);
    take_operands(&decoders[code32], &context, &insn, other);
    take_facts(&insn, other);
}

struct comparer compare_zydis = {
    .name = "Zydis",
    .decode = decode,
    .differences = differences,
    .difference_count = sizeof(differences) / sizeof(differences[0]),
};
