#include "insn_operand.h"

#include "cpu.h"

static void be_register(struct insn_operand *o, unsigned class, unsigned number,
                        const struct insn *insn)
{
    o->form = IS_REG;
    o->reg_class = class != CLASS_V ? class : insn->opsize == 4 ? CLASS_32 : CLASS_16;
    o->reg = (uint8_t)number;
    o->size = reg_class_bytes[o->reg_class];
}

/* SDM vol. 2, table 2-1. */
static void address16(struct insn_operand *o, const struct insn *insn)
{
    static const uint8_t base[8] = {EBX, EBX, EBP, EBP, ESI, EDI, EBP, EBX};
    unsigned rm = insn_rm(insn);

    if (rm != 6 || insn_mod(insn) != 0)
        o->base = base[rm];
    if (rm < 4)
        o->index = rm & 1 ? EDI : ESI;
}

/* SDM vol. 2, tables 2-2 and 2-3. */
static void address32(struct insn_operand *o, const struct insn *insn)
{
    bool has_sib = insn_rm(insn) == 4;
    unsigned base = has_sib ? insn->sib & 7u : insn_rm(insn);
    unsigned index = insn->sib >> 3 & 7u;

    if (base != EBP || insn_mod(insn) != 0)
        o->base = (uint8_t)base;
    if (has_sib && index != ESP) {
        o->index = (uint8_t)index;
        o->scale = (uint8_t)(1u << (insn->sib >> 6));
    }
}

static void be_memory(struct insn_operand *o, const struct insn *insn)
{
    o->form = IS_MEM;
    o->base = o->index = REG_NONE;
    o->scale = 1;
    o->disp = (uint32_t)insn->disp & (insn->adsize == 2 ? UINT16_MAX : UINT32_MAX);
}

static unsigned segment_of(const struct insn *insn, unsigned by_default)
{
    return insn->seg != SEG_NONE ? insn->seg : by_default;
}

static void be_modrm_memory(struct insn_operand *o, const struct insn *insn)
{
    be_memory(o, insn);
    if (insn->adsize == 2)
        address16(o, insn);
    else
        address32(o, insn);
    o->seg = segment_of(insn, o->base == ESP || o->base == EBP ? SEG_SS : SEG_DS);
}

/* DS:[E]SI may be overridden, ES:[E]DI not. */
static void be_string(struct insn_operand *o, const struct insn *insn, bool source)
{
    be_memory(o, insn);
    o->disp = 0;
    o->base = source ? ESI : EDI;
    o->seg = source ? segment_of(insn, SEG_DS) : SEG_ES;
}

static void be_value(struct insn_operand *o, unsigned form, uint32_t value)
{
    o->form = form;
    o->value = value;
}

static uint32_t cut(uint32_t value, unsigned size)
{
    return size == 4 ? value : value & ((1u << 8 * size) - 1);
}

static void spell_out(struct insn_operand *o, const struct insn *insn,
                      const struct operand_kind *kind)
{
    o->size = kind->bytes[insn->opsize == 4];
    switch (kind->place) {
    case AT_RM:
        if (insn_has_mem(insn))
            be_modrm_memory(o, insn);
        else
            be_register(o, kind->class, insn_rm(insn), insn);
        break;
    case AT_RM_REG:
        be_register(o, kind->class, insn_rm(insn), insn);
        break;
    case AT_REG:
        be_register(o, kind->class, insn_reg(insn), insn);
        break;
    case AT_OPCODE:
        be_register(o, kind->class, insn->opcode & 7u, insn);
        break;
    case AT_FIXED:
        be_register(o, kind->class, kind->reg, insn);
        break;
    case AT_MOFFS:
        be_memory(o, insn);
        o->seg = segment_of(insn, SEG_DS);
        break;
    case AT_SOURCE:
    case AT_DEST:
        be_string(o, insn, kind->place == AT_SOURCE);
        break;
    case AT_IMM:
        be_value(o, IS_IMM, cut(insn->imm, o->size));
        break;
    case AT_IMM2:
        be_value(o, IS_IMM, cut(insn->imm2, o->size));
        break;
    case AT_ONE:
        be_value(o, IS_IMM, 1);
        break;
    case AT_BRANCH:
        be_value(o, IS_BRANCH, insn->imm);
        break;
    case AT_FAR:
        be_value(o, IS_FAR, insn->imm);
        o->selector = (uint16_t)insn->imm2;
        break;
    }
}

unsigned insn_operands(const struct insn *insn, struct insn_operand operands[3])
{
    unsigned n = 0;

    for (; n < 3 && insn->operand[n] != OPERAND_NONE; n++) {
        operands[n] = (struct insn_operand){.access = insn_access(insn, n)};
        spell_out(&operands[n], insn, &operand_kinds[insn->operand[n]]);
    }
    return n;
}

uint32_t insn_branch_target(const struct insn *insn, uint32_t eip)
{
    return cut(eip + insn->length + insn->imm, insn->opsize);
}
