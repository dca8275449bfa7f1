/* Operands: what the opcode table calls them, to registers and memory (SDM vol. 2, 2.1). */
#include "step.h"

enum place {
    AT_NOWHERE,
    AT_RM,     /* register or memory by ModRM */
    AT_RM_REG, /* ModRM.rm as a register whatever mod says */
    AT_REG,    /* ModRM.reg */
    AT_OPCODE, /* low three bits of the opcode */
    AT_MOFFS,  /* memory at insn->disp */
    AT_IMM,
    AT_IMM2,
    AT_ONE,
    AT_FIXED, /* the register given in the table */
};

#define BY_OPSIZE   0
#define WORD_IN_MEM 0xff /* 2 bytes in memory, the operand size in a register */

struct place_of {
    uint8_t place;
    uint8_t size; /* bytes, BY_OPSIZE or WORD_IN_MEM */
    uint8_t reg;  /* AT_FIXED */
};

// clang-format off
static const struct place_of places[OPERAND_COUNT] = {
    [OPERAND_Eb]   = {AT_RM, 1, 0},
    [OPERAND_Ew]   = {AT_RM, 2, 0},
    [OPERAND_Ed]   = {AT_RM, 4, 0},
    [OPERAND_Ev]   = {AT_RM, BY_OPSIZE, 0},
    [OPERAND_MwRv] = {AT_RM, WORD_IN_MEM, 0},
    [OPERAND_Gb]   = {AT_REG, 1, 0},
    [OPERAND_Gw]   = {AT_REG, 2, 0},
    [OPERAND_Gd]   = {AT_REG, 4, 0},
    [OPERAND_Gv]   = {AT_REG, BY_OPSIZE, 0},
    [OPERAND_Ib]   = {AT_IMM, 1, 0},
    [OPERAND_sIb]  = {AT_IMM, BY_OPSIZE, 0},
    [OPERAND_Iw]   = {AT_IMM, 2, 0},
    [OPERAND_Iz]   = {AT_IMM, BY_OPSIZE, 0},
    [OPERAND_Ib2]  = {AT_IMM2, 1, 0},
    [OPERAND_Ob]   = {AT_MOFFS, 1, 0},
    [OPERAND_Ov]   = {AT_MOFFS, BY_OPSIZE, 0},
    [OPERAND_Mw]   = {AT_RM, 2, 0},
    [OPERAND_Md]   = {AT_RM, 4, 0},
    [OPERAND_Rd]   = {AT_RM_REG, 4, 0},
    [OPERAND_Zb]   = {AT_OPCODE, 1, 0},
    [OPERAND_Zv]   = {AT_OPCODE, BY_OPSIZE, 0},
    [OPERAND_one]  = {AT_ONE, 1, 0},
    [OPERAND_AL]   = {AT_FIXED, 1, EAX},
    [OPERAND_CL]   = {AT_FIXED, 1, ECX},
    [OPERAND_AX]   = {AT_FIXED, 2, EAX},
    [OPERAND_DX]   = {AT_FIXED, 2, EDX},
    [OPERAND_eAX]  = {AT_FIXED, BY_OPSIZE, EAX},
    [OPERAND_Xb]   = {AT_NOWHERE, 1, 0},
    [OPERAND_Xv]   = {AT_NOWHERE, BY_OPSIZE, 0},
    [OPERAND_Yb]   = {AT_NOWHERE, 1, 0},
    [OPERAND_Yv]   = {AT_NOWHERE, BY_OPSIZE, 0},
};
// clang-format on

uint32_t get_reg(const struct cpu *cpu, unsigned reg, unsigned size)
{
    if (size == 4)
        return cpu->gpr[reg];
    if (size == 2)
        return cpu->gpr[reg] & 0xffffu;
    return (cpu->gpr[reg & 3] >> (reg & 4 ? 8 : 0)) & 0xffu;
}

void set_reg(struct cpu *cpu, unsigned reg, unsigned size, uint32_t value)
{
    unsigned shift = size == 1 && (reg & 4) ? 8 : 0;
    uint32_t mask = (size == 4 ? UINT32_MAX : size == 2 ? UINT16_MAX : UINT8_MAX) << shift;
    uint32_t *gpr = &cpu->gpr[size == 1 ? reg & 3 : reg];
    *gpr = (*gpr & ~mask) | ((value << shift) & mask);
}

/* SDM vol. 2, table 2-1. */
static uint32_t offset16(const struct step *x)
{
    static const uint8_t base[8] = {EBX, EBX, EBP, EBP, ESI, EDI, EBP, EBX};
    static const uint8_t index[4] = {ESI, EDI, ESI, EDI};
    const uint32_t *gpr = x->cpu->gpr;
    unsigned rm = insn_rm(x->insn);
    uint32_t offset = (uint32_t)x->insn->disp;
    if (rm != 6 || insn_mod(x->insn) != 0)
        offset += gpr[base[rm]];
    if (rm < 4)
        offset += gpr[index[rm]];
    return offset & 0xffffu;
}

/* SDM vol. 2, tables 2-2 and 2-3. */
static uint32_t offset32(const struct step *x)
{
    const struct insn *insn = x->insn;
    const uint32_t *gpr = x->cpu->gpr;
    uint32_t offset = (uint32_t)insn->disp;
    unsigned base = insn_rm(insn);
    if (base == 4) {
        unsigned index = (insn->sib >> 3) & 7u;
        base = insn->sib & 7u;
        if (index != 4)
            offset += gpr[index] << (insn->sib >> 6);
    }
    if (base != EBP || insn_mod(insn) != 0)
        offset += gpr[base];
    return offset;
}

uint32_t effective_offset(const struct step *x)
{
    return x->insn->adsize == 2 ? offset16(x) : offset32(x);
}

static bool stack_based(const struct insn *insn)
{
    unsigned rm = insn_rm(insn);
    if (insn->adsize == 2)
        return rm == 2 || rm == 3 || (rm == 6 && insn_mod(insn) != 0);
    unsigned base = rm == 4 ? insn->sib & 7u : rm;
    return base == ESP || (base == EBP && insn_mod(insn) != 0);
}

unsigned effective_segment(const struct step *x)
{
    if (x->insn->seg != SEG_NONE)
        return x->insn->seg;
    return insn_has_mem(x->insn) && stack_based(x->insn) ? SEG_SS : SEG_DS;
}

static bool in_memory(const struct insn *insn, const struct place_of *p)
{
    return p->place == AT_MOFFS || (p->place == AT_RM && insn_mod(insn) != 3);
}

static unsigned size_of(const struct insn *insn, const struct place_of *p)
{
    if (p->size == WORD_IN_MEM)
        return in_memory(insn, p) ? 2 : insn->opsize;
    return p->size == BY_OPSIZE ? insn->opsize : p->size;
}

unsigned operand_size(const struct step *x, unsigned n)
{
    return size_of(x->insn, &places[x->insn->operand[n]]);
}

static uint32_t memory_offset(const struct step *x, const struct place_of *p)
{
    if (p->place != AT_MOFFS)
        return effective_offset(x);
    return (uint32_t)x->insn->disp & (x->insn->adsize == 2 ? UINT16_MAX : UINT32_MAX);
}

static unsigned register_of(const struct insn *insn, const struct place_of *p)
{
    if (p->place == AT_REG)
        return insn_reg(insn);
    if (p->place == AT_OPCODE)
        return insn->opcode & 7u;
    return p->place == AT_FIXED ? p->reg : insn_rm(insn);
}

static uint32_t read_non_memory(const struct step *x, const struct place_of *p, unsigned size)
{
    uint32_t mask = size == 4 ? UINT32_MAX : size == 2 ? UINT16_MAX : UINT8_MAX;
    switch (p->place) {
    case AT_IMM:
        return x->insn->imm & mask;
    case AT_IMM2:
        return x->insn->imm2 & mask;
    case AT_ONE:
        return 1;
    default:
        return get_reg(x->cpu, register_of(x->insn, p), size);
    }
}

bool read_operand(struct step *x, unsigned n, uint32_t *value)
{
    const struct place_of *p = &places[x->insn->operand[n]];
    unsigned size = size_of(x->insn, p);
    if (in_memory(x->insn, p)) {
        *value = 0;
        return read_mem(x, effective_segment(x), memory_offset(x, p), value, size);
    }
    *value = read_non_memory(x, p, size);
    return true;
}

bool read_operand_rmw(struct step *x, unsigned n, uint32_t *value)
{
    const struct place_of *p = &places[x->insn->operand[n]];
    if (!in_memory(x->insn, p))
        return read_operand(x, n, value);
    *value = 0;
    return read_mem_rmw(x, effective_segment(x), memory_offset(x, p), value, size_of(x->insn, p));
}

bool write_operand(struct step *x, unsigned n, uint32_t value)
{
    const struct place_of *p = &places[x->insn->operand[n]];
    unsigned size = size_of(x->insn, p);
    if (in_memory(x->insn, p))
        return write_mem(x, effective_segment(x), memory_offset(x, p), &value, size);
    set_reg(x->cpu, register_of(x->insn, p), size, value);
    return true;
}
