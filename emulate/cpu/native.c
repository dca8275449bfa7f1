/*
 * x87, MMX and SSE: the virtual CPU decides whether the instruction may run and moves its memory
 * operand; what it computes is left to a real processor through ops->exec_native().
 */
#include "handlers.h"
#include "op_table.h"

#include <string.h>

#define LONGEST_OPERAND 512  /* FXSAVE */
#define OPCODE_EMMS     0x77 /* 0F 77 */

/* CR0.EM or CR0.TS: #NM (SDM vol. 3, table 2-2). */
static bool x87_usable(struct step *x)
{
    return !(x->cpu->cr0 & (CR0_EM | CR0_TS)) || raise(x, EXC_NM);
}

/* CR0.EM: #UD for all but x87 (table 2-2), which not every processor makes a difference of. */
static bool raise_em(struct step *x)
{
    return raise(x, x->cpu->model->policy.em_is_nm ? EXC_NM : EXC_UD);
}

static bool mmx_usable(struct step *x)
{
    if (x->insn->opcode == OPCODE_EMMS && x->cpu->model->policy.emms_unchecked)
        return true;
    if (x->cpu->cr0 & CR0_EM)
        return raise_em(x);
    return !(x->cpu->cr0 & CR0_TS) || raise(x, EXC_NM);
}

static bool sse_usable(struct step *x)
{
    if (!(x->cpu->cr4 & CR4_OSFXSR))
        return raise(x, EXC_UD);
    if (x->cpu->cr0 & CR0_EM)
        return raise_em(x);
    return !(x->cpu->cr0 & CR0_TS) || raise(x, EXC_NM);
}

struct native_operand {
    uint8_t bytes[LONGEST_OPERAND];
    unsigned len;
    unsigned seg;
    uint32_t offset;
    bool stored; /* by the instruction */
};

typedef bool (*operand_reader)(struct step *, unsigned seg, uint32_t offset, void *, unsigned);

static bool read_last_byte(struct step *x, const struct native_operand *mem)
{
    operand_reader read = mem->stored ? claim_mem : read_mem;
    uint8_t last;
    return read(x, mem->seg, mem->offset + mem->len - 1, &last, 1);
}

static bool is_environment(const struct insn *insn)
{
    return insn->op >= OP_FNSTENV && insn->op <= OP_FRSTOR;
}

/*
 * A destination is read too: FXSAVE leaves part of it alone, and a fault must come before the
 * instruction changes the state of the FPU (FNSAVE resets it).
 */
static bool load(struct step *x, struct native_operand *mem)
{
    operand_reader read = mem->stored ? claim_mem : read_mem;

    if (is_environment(x->insn) && x->cpu->model->policy.long_operand_ends &&
        !(read(x, mem->seg, mem->offset, mem->bytes, x->insn->opsize) && read_last_byte(x, mem)))
        return false;
    return !mem->len || read(x, mem->seg, mem->offset, mem->bytes, mem->len);
}

/* All of x87 waits for pending exceptions, but for these. */
static bool x87_waits(const struct insn *insn)
{
    if (insn->op == OP_X87) /* FNSTCW, FNSTSW */
        return insn_reg(insn) != 7 || (insn->opcode != 0xd9 && insn->opcode != 0xdd);
    return insn->op == OP_FLDENV || insn->op == OP_FRSTOR;
}

/* CVTPS2PI and CVTTPS2PI; CVTPI2PS from memory touches no MMX register. */
static bool sse_to_mmx(const struct insn *insn)
{
    return insn->op == OP_SSE && insn->rep != 0xf3 && (insn->opcode & 0xfe) == 0x2c;
}

/* The operand's fault, or the #MF that is pending. */
static __attribute__((cold)) bool operand_fault(struct step *x)
{
    static const struct insn fwait = {
        .length = 1, .opcode = 0x9b, .opsize = 4, .op = OP_FWAIT, .bytes = {0x9b}};
    bool waits = (x->insn->flags & INSN_MMX) || x87_waits(x->insn) || sse_to_mmx(x->insn);

    if (waits && x->cpu->model->policy.mf_before_memory)
        x->ops->exec_native(x->world, x->cpu, &fwait, NULL, 0, &x->fault);
    return false;
}

static bool run(struct step *x, struct native_operand *mem)
{
    if (!load(x, mem))
        return operand_fault(x);
    return x->ops->exec_native(x->world, x->cpu, x->insn, mem->bytes, mem->len, &x->fault);
}

/*
 * What did not run: false with its fault. With CR0.NE clear a pending x87 exception is none: the
 * board hears of it (SDM vol. 3, 6.15, #MF), and the processor stops in front of the instruction
 * until an interrupt comes: the one that the board makes of it, or another where that is masked.
 */
static __attribute__((cold)) bool not_run(struct step *x)
{
    if (x->fault.vector != EXC_MF || (x->cpu->cr0 & CR0_NE) || !x->ops->fpu_error)
        return false;
    x->ops->fpu_error(x->world);
    x->next_eip = x->cpu->eip;
    x->cpu->halted = true;
    x->cpu->changed |= CHANGED_CR0; /* nothing has; but the caller looks about then */
    return true;
}

static bool store(struct step *x, const struct native_operand *mem)
{
    return !mem->len || !mem->stored || write_mem(x, mem->seg, mem->offset, mem->bytes, mem->len);
}

static void locate(const struct step *x, struct native_operand *mem)
{
    mem->len = insn_mem_size(x->insn);
    mem->stored = insn_writes_mem(x->insn);
    mem->seg = effective_segment(x);
    mem->offset = mem->len ? effective_offset(x) : 0;
}

static bool run_and_store(struct step *x)
{
    struct native_operand mem;
    locate(x, &mem);
    return run(x, &mem) ? store(x, &mem) : not_run(x);
}

/* Those that load FIP and FDP from memory: they are the guest's own then. */
static bool x87_loads(const struct insn *insn)
{
    return insn->op == OP_FLDENV || insn->op == OP_FRSTOR || insn->op == OP_FXRSTOR;
}

/* Those that leave FIP and FDP alone: they work on control, status or environment (SDM vol. 1,
 * 8.1.8); TCG counts FNOP among them. */
static bool x87_controls(const struct insn *insn)
{
    unsigned reg = insn_reg(insn);

    if (insn->op != OP_X87)
        return x87_loads(insn);
    if (insn_has_mem(insn))
        return (insn->opcode == 0xd9 && reg >= 4) || (insn->opcode == 0xdd && reg >= 4);
    return (insn->opcode == 0xd9 && reg == 2) || (insn->opcode == 0xdb && reg == 4) ||
           (insn->opcode == 0xdf && insn->modrm == 0xe0);
}

static void note_pointers(struct step *x, const struct native_operand *mem)
{
    struct x87_pointers *last = &x->cpu->x87;

    if (x87_loads(x->insn))
        last->fip_held = last->fdp_held = 0;
    if (x87_controls(x->insn))
        return;
    last->fip_held = last->ran_at;
    last->fip = x->cpu->eip;
    last->fcs = x->cpu->seg[SEG_CS].selector;
    if (!mem->len)
        return;
    last->fdp_held = last->operand_at;
    last->fdp = mem->offset;
    last->fds = x->cpu->seg[mem->seg].selector;
}

bool op_x87(struct step *x)
{
    struct native_operand mem;
    locate(x, &mem);
    if (!x87_usable(x))
        return false;
    if (!run(x, &mem))
        return not_run(x);
    note_pointers(x, &mem);
    return store(x, &mem);
}

/* WAIT looks at TS only when MP is set, and never at EM. */
bool op_fwait(struct step *x)
{
    if ((x->cpu->cr0 & (CR0_MP | CR0_TS)) == (CR0_MP | CR0_TS))
        return raise(x, EXC_NM);
    return run_and_store(x);
}

bool op_mmx(struct step *x)
{
    return mmx_usable(x) && run_and_store(x);
}

static bool misaligned(const struct step *x, const struct native_operand *mem, unsigned by)
{
    return (x->cpu->seg[mem->seg].base + mem->offset) & (by - 1);
}

/* Whole 16-byte operands are aligned, but for MOVUPS (SDM vol. 2, 2.4, exception type 4). */
static bool sse_aligned(struct step *x, const struct native_operand *mem)
{
    bool unaligned_allowed = x->insn->opcode == 0x10 || x->insn->opcode == 0x11;
    if (mem->len != 16 || (x->insn->op == OP_SSE && unaligned_allowed))
        return true;
    return !misaligned(x, mem, 16) || raise_gp0(x);
}

bool op_sse(struct step *x)
{
    struct native_operand mem;
    locate(x, &mem);
    if (!sse_usable(x) || !sse_aligned(x, &mem))
        return false;
    return run(x, &mem) ? store(x, &mem) : not_run(x);
}

/* Puts the guest's own pointer and selector in the place of what the processor stored (`size`
 * bytes, the selector behind it) when that is where exec_native ran the instruction. */
static bool replace_pointer(uint8_t *at, unsigned size, uint32_t held, uint32_t own,
                            uint16_t selector)
{
    uint32_t stored = 0, mask = size == 4 ? UINT32_MAX : UINT16_MAX;

    memcpy(&stored, at, size);
    if (!held || stored != (held & mask))
        return false;
    memcpy(at, &own, size);
    memcpy(at + size, &selector, sizeof selector);
    return true;
}

/*
 * Where the last x87 instruction and its operand were. The code segment is the monitor's even where
 * the guest itself ran; 0 means that there was none (or that the processor stores none).
 */
static void replace_pointers(struct step *x, uint8_t *fip, uint8_t *fdp, unsigned size)
{
    const struct x87_pointers *last = &x->cpu->x87;
    uint16_t fcs;

    replace_pointer(fdp, size, last->fdp_held, last->fdp, last->fds);
    if (replace_pointer(fip, size, last->fip_held, last->fip, last->fcs))
        return;
    memcpy(&fcs, fip + size, sizeof fcs);
    if (fcs)
        memcpy(fip + size, &x->cpu->seg[SEG_CS].selector, sizeof fcs);
}

/* Which of #AC and #GP(0) comes for an address that is no multiple of 16 is left to the machine. */
static bool fxsave_aligned(struct step *x, const struct native_operand *mem)
{
    bool end_first = x->cpu->model->policy.long_operand_ends;

    if (!check_segment(x, mem->seg, mem->offset, 4, mem->stored))
        return false;
    if (misaligned(x, mem, 4) && alignment_checked(x->cpu))
        return raise_error(x, EXC_AC, 0);
    if (misaligned(x, mem, 16))
        return raise_gp0(x);
    return !end_first || read_last_byte(x, mem);
}

#define FXSAVE_FIP 8
#define FXSAVE_FDP 16

/* #NM by EM too, unlike the rest of SSE. */
bool op_fxsave(struct step *x)
{
    struct native_operand mem;
    locate(x, &mem);
    if (!x87_usable(x) || !fxsave_aligned(x, &mem) || !run(x, &mem))
        return false;
    if (x->insn->op == OP_FXRSTOR)
        note_pointers(x, &mem);
    else
        replace_pointers(x, mem.bytes + FXSAVE_FIP, mem.bytes + FXSAVE_FDP, 4);
    return store(x, &mem);
}

/* Stores the bytes of its first register that its second selects at DS:EDI. */
bool op_maskmovq(struct step *x)
{
    struct native_operand mem = {.len = 8, .stored = true};
    mem.seg = x->insn->seg != SEG_NONE ? x->insn->seg : SEG_DS;
    mem.offset = get_reg(x->cpu, EDI, x->insn->adsize);
    if (!mmx_usable(x))
        return false;
    return run(x, &mem) ? store(x, &mem) : not_run(x);
}

bool op_fnstenv(struct step *x)
{
    struct native_operand mem;
    locate(x, &mem);
    if (!x87_usable(x) || !run(x, &mem))
        return false;
    /* The protected-mode layout; behind FNSAVE's environment the registers follow. */
    replace_pointers(x, mem.bytes + 3 * x->insn->opsize, mem.bytes + 5 * x->insn->opsize,
                     x->insn->opsize);
    return store(x, &mem);
}

/* How an operation whose result or flags the manual leaves undefined treats its memory operand. */
enum undefined { DEFINED, UNDEFINED_LOAD, UNDEFINED_RMW };

// clang-format off
static const uint8_t undefined_ops[OP_COUNT] = {
    [OP_ROL] = UNDEFINED_RMW, [OP_ROR] = UNDEFINED_RMW, [OP_RCL] = UNDEFINED_RMW,
    [OP_RCR] = UNDEFINED_RMW, [OP_SHL] = UNDEFINED_RMW, [OP_SHR] = UNDEFINED_RMW,
    [OP_SAR] = UNDEFINED_RMW, [OP_SHLD] = UNDEFINED_RMW, [OP_SHRD] = UNDEFINED_RMW,
    [OP_MUL] = UNDEFINED_LOAD, [OP_IMUL1] = UNDEFINED_LOAD, [OP_IMUL] = UNDEFINED_LOAD,
    [OP_DIV] = UNDEFINED_LOAD, [OP_IDIV] = UNDEFINED_LOAD,
    [OP_BSF] = UNDEFINED_LOAD, [OP_BSR] = UNDEFINED_LOAD, [OP_BSWAP] = UNDEFINED_LOAD,
    [OP_DAA] = UNDEFINED_LOAD, [OP_DAS] = UNDEFINED_LOAD, [OP_AAA] = UNDEFINED_LOAD,
    [OP_AAS] = UNDEFINED_LOAD, [OP_AAM] = UNDEFINED_LOAD, [OP_AAD] = UNDEFINED_LOAD,
};
// clang-format on

bool result_undefined(const struct insn *insn)
{
    return undefined_ops[insn->op] != DEFINED && (insn->op != OP_BSWAP || insn->opsize == 2);
}

bool op_undefined(struct step *x)
{
    struct native_operand mem;
    locate(x, &mem);
    mem.stored = undefined_ops[x->insn->op] == UNDEFINED_RMW;
    return run(x, &mem) && store(x, &mem);
}
