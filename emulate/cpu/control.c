/* Control registers, TLB and cache control, HLT (SDM vol. 3, 2.5 and 2.8). */
#include "handlers.h"
#include "step.h"

#define CR0_DEFINED                                                                            \
    (CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD | \
     CR0_PG)
#define CR0_FLUSHES (CR0_PE | CR0_WP | CR0_PG)
#define CR4_FLUSHES (CR4_PSE | CR4_PAE | CR4_PGE)
#define CR0_LOADS   (CR0_PG | CR0_CD | CR0_NW)
#define CR4_LOADS   CR4_FLUSHES

#define PDPTE_P    0x1u
#define PDPTE_RSVD 0xfffffff0000001e6ull /* MAXPHYADDR is 36 */
#define CR3_PDPT   0xffffffe0u

bool require_cpl0(struct step *x)
{
    return x->cpu->cpl == 0 || raise_gp0(x);
}

/* Combinations that every processor refuses, and those that this machine does. */
static bool cr0_valid(const struct cpu *cpu, uint32_t value)
{
    if ((value & CR0_PG) && !(value & CR0_PE))
        return false;
    return cpu->model->policy.cr0_keeps_reserved || !(value & CR0_NW) || (value & CR0_CD);
}

bool load_pdptes(struct step *x, uint32_t cr0, uint32_t cr3, uint32_t cr4)
{
    uint64_t pdptes[4];
    if (!x->cpu->model->policy.pdptes_loaded || !(cr0 & CR0_PG) || !(cr4 & CR4_PAE))
        return true;
    x->ops->read_physical(x->world, cr3 & CR3_PDPT, pdptes, sizeof(pdptes));
    for (unsigned i = 0; i < 4; i++)
        if (pdptes[i] & PDPTE_P && pdptes[i] & PDPTE_RSVD)
            return raise_gp0(x);
    for (unsigned i = 0; i < 4; i++)
        x->cpu->pdpte[i] = pdptes[i];
    return true;
}

static bool write_cr0(struct step *x, uint32_t value)
{
    struct cpu *cpu = x->cpu;
    uint32_t old = cpu->cr0;

    if (!cr0_valid(cpu, value))
        return raise_gp0(x);
    if (!cpu->model->policy.cr0_keeps_reserved)
        value &= CR0_DEFINED;
    bool loads = cpu->model->policy.pdptes_loaded && (old ^ value) & CR0_LOADS;
    if (loads && !load_pdptes(x, value, cpu->cr3, cpu->cr4))
        return false;
    cpu->cr0 = value | CR0_ET;
    cpu->changed |= CHANGED_CR0;
    if (loads || (old ^ value) & CR0_FLUSHES)
        x->ops->flush_tlb(x->world);
    return true;
}

static bool write_cr2(struct step *x, uint32_t value)
{
    x->cpu->cr2 = value;
    return true;
}

/* All 32 bits read back as written. */
static bool write_cr3(struct step *x, uint32_t value)
{
    if (!load_pdptes(x, x->cpu->cr0, value, x->cpu->cr4))
        return false;
    x->cpu->cr3 = value;
    x->ops->flush_tlb(x->world);
    return true;
}

static bool write_cr4(struct step *x, uint32_t value)
{
    struct cpu *cpu = x->cpu;
    uint32_t old = cpu->cr4;

    if (value & ~cpu->model->cr4_valid)
        return raise_gp0(x);
    if ((old ^ value) & CR4_LOADS && !load_pdptes(x, cpu->cr0, cpu->cr3, value))
        return false;
    cpu->cr4 = value;
    cpu->changed |= CHANGED_CR4;
    if ((old ^ value) & CR4_FLUSHES)
        x->ops->flush_tlb(x->world);
    return true;
}

/* ModRM.mod means nothing here: the operand is always a register. */
bool op_mov_to_cr(struct step *x)
{
    static bool (*const write[8])(struct step *, uint32_t) = {
        [0] = write_cr0, [2] = write_cr2, [3] = write_cr3, [4] = write_cr4};
    unsigned cr = insn_reg(x->insn);

    if (!write[cr] && x->cpu->model->policy.cr_ud_first)
        return raise(x, EXC_UD);
    if (!require_cpl0(x))
        return false;
    if (!write[cr])
        return raise(x, EXC_UD);
    return write[cr](x, x->cpu->gpr[insn_rm(x->insn)]);
}

bool op_mov_from_cr(struct step *x)
{
    struct cpu *cpu = x->cpu;
    const uint32_t *const read[8] = {
        [0] = &cpu->cr0, [2] = &cpu->cr2, [3] = &cpu->cr3, [4] = &cpu->cr4};
    unsigned cr = insn_reg(x->insn);

    if (!read[cr] && cpu->model->policy.cr_ud_first)
        return raise(x, EXC_UD);
    if (!require_cpl0(x))
        return false;
    if (!read[cr])
        return raise(x, EXC_UD);
    cpu->gpr[insn_rm(x->insn)] = *read[cr];
    return true;
}

/* 16 bits to memory, all 32 to a 32-bit register. Not privileged. */
bool op_smsw(struct step *x)
{
    return write_operand(x, 0, x->cpu->cr0);
}

/* Writes PE MP EM TS, and can set PE but not clear it. */
bool op_lmsw(struct step *x)
{
    uint32_t value;
    uint32_t cr0 = x->cpu->cr0;

    if (!require_cpl0(x) || !read_operand(x, 0, &value))
        return false;
    return write_cr0(x, (cr0 & ~(CR0_MP | CR0_EM | CR0_TS)) |
                            (value & (CR0_PE | CR0_MP | CR0_EM | CR0_TS)));
}

bool op_clts(struct step *x)
{
    if (!require_cpl0(x))
        return false;
    x->cpu->cr0 &= ~CR0_TS;
    x->cpu->changed |= CHANGED_CR0;
    return true;
}

/* The address is not checked against anything and never faults. */
bool op_invlpg(struct step *x)
{
    if (!require_cpl0(x))
        return false;
    if (!insn_has_mem(x->insn))
        return raise(x, EXC_UD);
    x->ops->invlpg(x->world, x->cpu->seg[effective_segment(x)].base + effective_offset(x));
    return true;
}

bool op_invd(struct step *x)
{
    return require_cpl0(x);
}

bool op_wbinvd(struct step *x)
{
    return require_cpl0(x);
}

bool op_hlt(struct step *x)
{
    if (!require_cpl0(x))
        return false;
    x->cpu->halted = true;
    return true;
}
