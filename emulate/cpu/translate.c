/* From a decoded instruction to the slot function that executes it. */
#include "handlers.h"
#include "quick.h"

/* The address of a memory operand, as slots have it (SDM vol. 2, tables 2-1 to 2-3). */
static void place_address16(const struct insn *insn, struct slot *s)
{
    static const uint8_t base[8] = {EBX, EBX, EBP, EBP, ESI, EDI, EBP, EBX};
    static const uint8_t index[4] = {ESI, EDI, ESI, EDI};
    unsigned rm = insn_rm(insn);
    if (rm != 6 || insn_mod(insn) != 0)
        s->base = (uint8_t)(base[rm] * 4);
    if (rm < 4)
        s->index = (uint8_t)(index[rm] * 4);
    s->mask = UINT16_MAX;
    s->seg = (rm & 6) == 2 || (rm == 6 && insn_mod(insn) != 0) ? SEG_SS : SEG_DS;
}

static void place_address32(const struct insn *insn, struct slot *s)
{
    unsigned base = insn_rm(insn);
    if (base == 4) {
        unsigned index = (insn->sib >> 3) & 7u;
        base = insn->sib & 7u;
        s->scale = insn->sib >> 6;
        if (index != 4)
            s->index = (uint8_t)(index * 4);
    }
    bool none = base == EBP && insn_mod(insn) == 0;
    if (!none)
        s->base = (uint8_t)(base * 4);
    s->mask = UINT32_MAX;
    s->seg = base == ESP || (base == EBP && !none) ? SEG_SS : SEG_DS;
}

static void place_address(const struct insn *insn, struct slot *s)
{
    s->disp = (uint32_t)insn->disp;
    s->base = s->index = GPR_ZERO * 4;
    if (!insn_has_mem(insn)) { /* moffs */
        s->mask = insn->adsize == 2 ? UINT16_MAX : UINT32_MAX;
        s->seg = SEG_DS;
    } else if (insn->adsize == 2) {
        place_address16(insn, s);
    } else {
        place_address32(insn, s);
    }
    if (insn->seg != SEG_NONE)
        s->seg = insn->seg;
}

static uint8_t register_at(unsigned reg, unsigned size)
{
    return (uint8_t)(size == 1 ? (reg & 3) * 4 + (reg >> 2) : reg * 4);
}

/* --- operands --- */

enum place { AT_NONE, AT_REG, AT_MEM, AT_IMM, AT_ELSEWHERE };

struct where {
    enum place place;
    uint8_t size; /* 1, 2, 4; 0: none of its own */
    uint8_t reg;
};

static struct where in_register(unsigned reg, unsigned size)
{
    return (struct where){AT_REG, (uint8_t)size, (uint8_t)reg};
}

static struct where by_modrm(const struct insn *insn, unsigned size)
{
    if (insn_mod(insn) == 3)
        return in_register(insn_rm(insn), size);
    return (struct where){AT_MEM, (uint8_t)size, 0};
}

static struct where operand_place(const struct insn *insn, unsigned n)
{
    switch (insn->operand[n]) {
    case OPERAND_NONE:
        return (struct where){AT_NONE, insn->opsize, 0};
    case OPERAND_Eb:
        return by_modrm(insn, 1);
    case OPERAND_Ew:
        return by_modrm(insn, 2);
    case OPERAND_Ev:
        return by_modrm(insn, insn->opsize);
    case OPERAND_M:
        return (struct where){AT_MEM, 0, 0};
    case OPERAND_Gb:
        return in_register(insn_reg(insn), 1);
    case OPERAND_Gv:
        return in_register(insn_reg(insn), insn->opsize);
    case OPERAND_Zb:
        return in_register(insn->opcode & 7u, 1);
    case OPERAND_Zv:
        return in_register(insn->opcode & 7u, insn->opsize);
    case OPERAND_AL:
        return in_register(EAX, 1);
    case OPERAND_CL:
        return in_register(ECX, 1);
    case OPERAND_eAX:
        return in_register(EAX, insn->opsize);
    case OPERAND_Ob:
        return (struct where){AT_MEM, 1, 0};
    case OPERAND_Ov:
        return (struct where){AT_MEM, insn->opsize, 0};
    case OPERAND_Ib:
    case OPERAND_sIb:
    case OPERAND_Iz:
    case OPERAND_one:
        return (struct where){AT_IMM, 0, 0};
    default:
        return (struct where){AT_ELSEWHERE, 0, 0};
    }
}

static enum form form_of(const struct where *dst, const struct where *src)
{
    static const uint8_t forms[AT_ELSEWHERE + 1][AT_ELSEWHERE + 1] = {
        [AT_NONE][AT_NONE] = FORM_R + 1, [AT_REG][AT_NONE] = FORM_R + 1,
        [AT_MEM][AT_NONE] = FORM_M + 1,  [AT_REG][AT_REG] = FORM_RR + 1,
        [AT_REG][AT_MEM] = FORM_RM + 1,  [AT_MEM][AT_REG] = FORM_MR + 1,
        [AT_REG][AT_IMM] = FORM_RI + 1,  [AT_MEM][AT_IMM] = FORM_MI + 1,
    };
    unsigned form = forms[dst->place][src->place];
    return form ? form - 1 : FORM_COUNT;
}

static void place_operands(const struct insn *insn, const struct where *dst,
                           const struct where *src, struct slot *s)
{
    s->imm = insn->operand[1] == OPERAND_one ? 1 : insn->imm;
    if (dst->place == AT_REG)
        s->dst = register_at(dst->reg, dst->size);
    if (src->place == AT_REG)
        s->src = register_at(src->reg, src->size);
    if (dst->place == AT_MEM || src->place == AT_MEM)
        place_address(insn, s);
}

/* --- operations with a table of functions --- */

static const struct quick_op *find_quick(const struct quick_op *table, unsigned count, unsigned op)
{
    for (unsigned i = 0; i < count; i++)
        if (table[i].op == op)
            return &table[i];
    return NULL;
}

static bool widens(const struct insn *insn)
{
    return insn->op == OP_MOVZX || insn->op == OP_MOVSX;
}

static bool translate_regular(const struct insn *insn, struct slot *s)
{
    const struct quick_op *quick = find_quick(quick_alu, quick_alu_count, insn->op);
    struct where dst = operand_place(insn, 0), src = operand_place(insn, 1);
    enum form form = form_of(&dst, &src);
    if (!quick)
        quick = find_quick(quick_move, quick_move_count, insn->op);
    if (!quick || form == FORM_COUNT || insn->operand[2] != OPERAND_NONE ||
        (widens(insn) && dst.size != 4))
        return false;
    place_operands(insn, &dst, &src, s);
    s->run = quick->form[form][(widens(insn) ? src.size : dst.size) >> 1];
    return s->run;
}

/* --- all others --- */

static bool translate_imul(const struct insn *insn, struct slot *s)
{
    struct where dst = operand_place(insn, 0), src = operand_place(insn, 1);
    if (insn->operand[2] == OPERAND_NONE || insn->opsize != 4)
        return false;
    place_operands(insn, &dst, &src, s);
    s->run = src.place == AT_MEM ? quick_imul_rmi : quick_imul_rri;
    return true;
}

static bool translate_setcc(const struct insn *insn, struct slot *s)
{
    struct where dst = operand_place(insn, 0);
    place_operands(insn, &dst, &(struct where){AT_NONE, 0, 0}, s);
    s->run = quick_setcc[insn->opcode & 15][dst.place == AT_MEM];
    return true;
}

static bool translate_cmovcc(const struct insn *insn, struct slot *s)
{
    struct where dst = operand_place(insn, 0), src = operand_place(insn, 1);
    if (insn->opsize != 4)
        return false;
    place_operands(insn, &dst, &src, s);
    s->run = quick_cmovcc[insn->opcode & 15][src.place == AT_MEM];
    return true;
}

static slot_op direct_branch(const struct insn *insn)
{
    switch (insn->op) {
    case OP_JMP:
        return quick_jmp;
    case OP_JCC:
        return quick_jcc[insn->opcode & 15];
    case OP_LOOP:
        return insn->adsize == 4 ? quick_loop : NULL;
    case OP_JCXZ:
        return insn->adsize == 4 ? quick_jecxz : NULL;
    case OP_CALL:
        return insn->opsize == 4 ? quick_call : NULL;
    default:
        return NULL;
    }
}

static bool translate_branch(const struct insn *insn, struct slot *s, bool *ends)
{
    s->run = direct_branch(insn);
    s->imm = s->end + insn->imm;
    s->mask = insn->opsize == 2 ? UINT16_MAX : UINT32_MAX;
    *ends = insn->op == OP_JMP || insn->op == OP_CALL;
    return s->run;
}

static bool translate_indirect(const struct insn *insn, struct slot *s, bool *ends)
{
    struct where dst = operand_place(insn, 0);
    bool memory = dst.place == AT_MEM;
    if (insn->opsize != 4)
        return false;
    place_operands(insn, &dst, &(struct where){AT_NONE, 0, 0}, s);
    if (insn->op == OP_JMP_IND)
        s->run = memory ? quick_jmp_m : quick_jmp_r;
    else
        s->run = memory ? quick_call_m : quick_call_r;
    *ends = true;
    return true;
}

/* Machines differ about counts from 8000h on (released_bytes()): those take the single step. */
static bool translate_ret(const struct insn *insn, struct slot *s, bool *ends)
{
    s->run = quick_ret;
    s->imm = insn->operand[0] == OPERAND_Iw ? insn->imm & 0xffffu : 0;
    *ends = true;
    return insn->opsize == 4 && s->imm <= INT16_MAX;
}

/* A repeated one ends the block: EIP may stay on it. */
static bool translate_string(const struct insn *insn, struct slot *s, bool *ends)
{
    bool byte = insn->operand[0] == OPERAND_Yb;
    unsigned log2 = byte ? 0 : insn->opsize >> 1;
    if (insn->adsize != 4)
        return false;
    s->seg = insn->seg != SEG_NONE ? insn->seg : SEG_DS;
    s->run = (insn->op == OP_MOVS ? quick_movs : quick_stos)[log2][insn->rep != 0];
    *ends = insn->rep;
    return true;
}

/* Those that use the stack take it to be of 32 bits. */
static bool needs_stack32(unsigned op)
{
    return op == OP_PUSH || op == OP_POP || op == OP_LEAVE || op == OP_CALL || op == OP_CALL_IND ||
           op == OP_RET;
}

static bool translate_push_imm(const struct insn *insn, struct slot *s)
{
    s->run = quick_push_i;
    s->imm = insn->imm;
    return insn->opsize == 4;
}

bool translate(const struct insn *insn, unsigned mode, struct slot *s, bool *ends)
{
    *ends = false;
    if (insn->lock || (needs_stack32(insn->op) && !(mode & MODE_STACK32)) ||
        ((mode & MODE_ASKS) && result_undefined(insn)) || ((mode & MODE_SUSPEND) && insn->rep))
        return false;
    switch (insn->op) {
    case OP_JMP:
    case OP_JCC:
    case OP_LOOP:
    case OP_JCXZ:
    case OP_CALL:
        return translate_branch(insn, s, ends);
    case OP_JMP_IND:
    case OP_CALL_IND:
        return translate_indirect(insn, s, ends);
    case OP_RET:
        return translate_ret(insn, s, ends);
    case OP_MOVS:
    case OP_STOS:
        return translate_string(insn, s, ends);
    case OP_SETCC:
        return translate_setcc(insn, s);
    case OP_CMOVCC:
        return translate_cmovcc(insn, s);
    case OP_LEAVE:
        s->run = quick_leave;
        return insn->opsize == 4;
    case OP_PUSH:
        if (operand_place(insn, 0).place == AT_IMM)
            return translate_push_imm(insn, s);
        break;
    case OP_IMUL:
        if (insn->operand[2] != OPERAND_NONE)
            return translate_imul(insn, s);
        break;
    }
    return translate_regular(insn, s);
}
