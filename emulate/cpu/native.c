/*
 * x87, MMX and SSE: the virtual CPU decides whether the instruction may run and moves its memory
 * operand; what it computes is left to a real processor through ops->exec_native().
 */
#include "handlers.h"
#include "op_table.h"

#include <string.h>

#define LONGEST_OPERAND 512 /* FXSAVE */

/* CR0.EM or CR0.TS: #NM (SDM vol. 3, table 2-2). */
static bool x87_usable(struct step *x)
{
    return !(x->cpu->cr0 & (CR0_EM | CR0_TS)) || raise(x, EXC_NM);
}

static bool mmx_usable(struct step *x)
{
    if (x->cpu->cr0 & CR0_EM)
        return raise(x, EXC_UD);
    return !(x->cpu->cr0 & CR0_TS) || raise(x, EXC_NM);
}

static bool sse_usable(struct step *x)
{
    if ((x->cpu->cr0 & CR0_EM) || !(x->cpu->cr4 & CR4_OSFXSR))
        return raise(x, EXC_UD);
    return !(x->cpu->cr0 & CR0_TS) || raise(x, EXC_NM);
}

struct native_operand {
    uint8_t bytes[LONGEST_OPERAND];
    unsigned len;
    unsigned seg;
    uint32_t offset;
    bool stored; /* by the instruction */
};

/*
 * A destination is read too: FXSAVE leaves part of it alone, and a fault must come before the
 * instruction changes the state of the FPU (FNSAVE resets it).
 */
static bool load(struct step *x, struct native_operand *mem)
{
    if (!mem->len)
        return true;
    if (mem->stored)
        return read_mem_rmw(x, mem->seg, mem->offset, mem->bytes, mem->len);
    return read_mem(x, mem->seg, mem->offset, mem->bytes, mem->len);
}

static bool run(struct step *x, struct native_operand *mem)
{
    return load(x, mem) &&
           x->ops->exec_native(x->world, x->cpu, x->insn, mem->bytes, mem->len, &x->fault);
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
    return run(x, &mem) && store(x, &mem);
}

bool op_x87(struct step *x)
{
    return x87_usable(x) && run_and_store(x);
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

/* Whole 16-byte operands are aligned, but for MOVUPS (SDM vol. 2, 2.4, exception type 4). */
static bool aligned(struct step *x, const struct native_operand *mem, unsigned len)
{
    bool unaligned_allowed = x->insn->opcode == 0x10 || x->insn->opcode == 0x11;
    if (mem->len != len || (x->insn->op == OP_SSE && unaligned_allowed))
        return true;
    uint32_t lin = x->cpu->seg[mem->seg].base + mem->offset;
    return !(lin & 15u) || raise_gp0(x);
}

bool op_sse(struct step *x)
{
    struct native_operand mem;
    locate(x, &mem);
    return sse_usable(x) && aligned(x, &mem, 16) && run(x, &mem) && store(x, &mem);
}

/* #NM by EM too, unlike the rest of SSE. */
bool op_fxsave(struct step *x)
{
    struct native_operand mem;
    locate(x, &mem);
    return x87_usable(x) && aligned(x, &mem, LONGEST_OPERAND) && run(x, &mem) && store(x, &mem);
}

/* Stores the bytes of its first register that its second selects at DS:EDI. */
bool op_maskmovq(struct step *x)
{
    struct native_operand mem = {.len = 8, .stored = true};
    mem.seg = x->insn->seg != SEG_NONE ? x->insn->seg : SEG_DS;
    mem.offset = get_reg(x->cpu, EDI, x->insn->adsize);
    return mmx_usable(x) && run(x, &mem) && store(x, &mem);
}

/*
 * The code segment of the last x87 instruction, in the protected-mode layout: the real one is the
 * monitor's, the guest finds its own. 0 means that there was none (or that the processor stores
 * none). Behind FNSAVE's environment the registers follow, so that the layout is one.
 */
static void replace_fcs(struct step *x, struct native_operand *mem)
{
    unsigned at = x->insn->opsize == 4 ? 16 : 8;
    uint16_t fcs;
    memcpy(&fcs, mem->bytes + at, sizeof fcs);
    if (fcs)
        memcpy(mem->bytes + at, &x->cpu->seg[SEG_CS].selector, sizeof fcs);
}

bool op_fnstenv(struct step *x)
{
    struct native_operand mem;
    locate(x, &mem);
    if (!x87_usable(x) || !run(x, &mem))
        return false;
    replace_fcs(x, &mem);
    return store(x, &mem);
}
