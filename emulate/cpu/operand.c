/* Operands: what the opcode table calls them, to registers and memory (SDM vol. 2, 2.1). */
#include "op_table.h"
#include "step.h"

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

static const struct operand_kind *kind_of(const struct insn *insn, unsigned n)
{
    return &operand_kinds[insn->operand[n]];
}

static bool in_memory(const struct insn *insn, const struct operand_kind *kind)
{
    return kind->place == AT_MOFFS || (kind->place == AT_RM && insn_mod(insn) != 3);
}

static unsigned size_of(const struct insn *insn, const struct operand_kind *kind)
{
    if (kind->class == CLASS_NONE || in_memory(insn, kind))
        return kind->bytes[insn->opsize == 4];
    return kind->class == CLASS_V ? insn->opsize : reg_class_bytes[kind->class];
}

unsigned operand_size(const struct step *x, unsigned n)
{
    return size_of(x->insn, kind_of(x->insn, n));
}

static uint32_t memory_offset(const struct step *x, const struct operand_kind *kind)
{
    if (kind->place != AT_MOFFS)
        return effective_offset(x);
    return (uint32_t)x->insn->disp & (x->insn->adsize == 2 ? UINT16_MAX : UINT32_MAX);
}

static unsigned register_of(const struct insn *insn, const struct operand_kind *kind)
{
    if (kind->place == AT_REG)
        return insn_reg(insn);
    if (kind->place == AT_OPCODE)
        return insn->opcode & 7u;
    return kind->place == AT_FIXED ? kind->reg : insn_rm(insn);
}

static uint32_t read_non_memory(const struct step *x, const struct operand_kind *kind,
                                unsigned size)
{
    uint32_t mask = size == 4 ? UINT32_MAX : size == 2 ? UINT16_MAX : UINT8_MAX;
    switch (kind->place) {
    case AT_IMM:
        return x->insn->imm & mask;
    case AT_IMM2:
        return x->insn->imm2 & mask;
    case AT_ONE:
        return 1;
    default:
        return get_reg(x->cpu, register_of(x->insn, kind), size);
    }
}

bool read_operand(struct step *x, unsigned n, uint32_t *value)
{
    const struct operand_kind *kind = kind_of(x->insn, n);
    unsigned size = size_of(x->insn, kind);
    if (in_memory(x->insn, kind)) {
        *value = 0;
        return read_mem(x, effective_segment(x), memory_offset(x, kind), value, size);
    }
    *value = read_non_memory(x, kind, size);
    return true;
}

bool read_operand_rmw(struct step *x, unsigned n, uint32_t *value)
{
    const struct operand_kind *kind = kind_of(x->insn, n);
    if (!in_memory(x->insn, kind))
        return read_operand(x, n, value);
    *value = 0;
    return read_mem_rmw(x, effective_segment(x), memory_offset(x, kind), value,
                        size_of(x->insn, kind));
}

bool write_operand(struct step *x, unsigned n, uint32_t value)
{
    const struct operand_kind *kind = kind_of(x->insn, n);
    unsigned size = size_of(x->insn, kind);
    if (in_memory(x->insn, kind))
        return write_mem(x, effective_segment(x), memory_offset(x, kind), &value, size);
    set_reg(x->cpu, register_of(x->insn, kind), size, value);
    return true;
}

bool read_far_pointer(struct step *x, uint16_t *selector, uint32_t *offset)
{
    unsigned seg = effective_segment(x), size = x->insn->opsize;
    uint32_t at = effective_offset(x);

    *offset = 0;
    return read_mem(x, seg, at, offset, size) &&
           read_mem(x, seg, at + size, selector, sizeof(*selector));
}
