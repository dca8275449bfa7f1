/* Names of the x87, MMX and SSE instructions, which the interpreter never needs to tell apart. */
#include "disasm.h"

// clang-format off
/* [opcode & 7][ModRM.reg] with a memory operand */
static const char *const x87_memory[8][8] = {
    {"fadd", "fmul", "fcom", "fcomp", "fsub", "fsubr", "fdiv", "fdivr"},
    {"fld", NULL, "fst", "fstp", "fldenv", "fldcw", "fnstenv", "fnstcw"},
    {"fiadd", "fimul", "ficom", "ficomp", "fisub", "fisubr", "fidiv", "fidivr"},
    {"fild", NULL, "fist", "fistp", NULL, "fld", NULL, "fstp"},
    {"fadd", "fmul", "fcom", "fcomp", "fsub", "fsubr", "fdiv", "fdivr"},
    {"fld", NULL, "fst", "fstp", "frstor", NULL, "fnsave", "fnstsw"},
    {"fiadd", "fimul", "ficom", "ficomp", "fisub", "fisubr", "fidiv", "fidivr"},
    {"fild", NULL, "fist", "fistp", "fbld", "fild", "fbstp", "fistp"},
};

/* ... with registers; NULL: each ModRM.rm has its own name below, or there is none. */
static const char *const x87_registers[8][8] = {
    {"fadd", "fmul", "fcom", "fcomp", "fsub", "fsubr", "fdiv", "fdivr"},
    {"fld", "fxch", "fnop", "fstp", NULL, NULL, NULL, NULL},
    {"fcmovb", "fcmove", "fcmovbe", "fcmovu", NULL, "fucompp", NULL, NULL},
    {"fcmovnb", "fcmovne", "fcmovnbe", "fcmovnu", NULL, "fucomi", "fcomi", NULL},
    {"fadd", "fmul", "fcom", "fcomp", "fsubr", "fsub", "fdivr", "fdiv"},
    {"ffree", "fxch", "fst", "fstp", "fucom", "fucomp", NULL, NULL},
    {"faddp", "fmulp", "fcomp", "fcompp", "fsubrp", "fsubp", "fdivrp", "fdivp"},
    {"ffreep", "fxch", "fstp", "fstp", "fnstsw", "fucomip", "fcomip", NULL},
};

/* D9 E0..FF and DB E0..E7 */
static const char *const x87_d9[32] = {
    "fchs", "fabs", NULL, NULL, "ftst", "fxam", NULL, NULL,
    "fld1", "fldl2t", "fldl2e", "fldpi", "fldlg2", "fldln2", "fldz", NULL,
    "f2xm1", "fyl2x", "fptan", "fpatan", "fxtract", "fprem1", "fdecstp", "fincstp",
    "fprem", "fyl2xp1", "fsqrt", "fsincos", "frndint", "fscale", "fsin", "fcos",
};
static const char *const x87_db[8] = {"feni", "fdisi", "fnclex", "fninit", "fsetpm"};

/* 0F xx without a mandatory prefix */
static const char *const vector_names[256] = {
    [0x10] = "movups", [0x11] = "movups", [0x12] = "movlps", [0x13] = "movlps",
    [0x14] = "unpcklps", [0x15] = "unpckhps", [0x16] = "movhps", [0x17] = "movhps",
    [0x28] = "movaps", [0x29] = "movaps", [0x2a] = "cvtpi2ps", [0x2b] = "movntps",
    [0x2c] = "cvttps2pi", [0x2d] = "cvtps2pi", [0x2e] = "ucomiss", [0x2f] = "comiss",
    [0x50] = "movmskps", [0x51] = "sqrtps", [0x52] = "rsqrtps", [0x53] = "rcpps",
    [0x54] = "andps", [0x55] = "andnps", [0x56] = "orps", [0x57] = "xorps",
    [0x58] = "addps", [0x59] = "mulps", [0x5c] = "subps", [0x5d] = "minps",
    [0x5e] = "divps", [0x5f] = "maxps",
    [0x60] = "punpcklbw", [0x61] = "punpcklwd", [0x62] = "punpckldq", [0x63] = "packsswb",
    [0x64] = "pcmpgtb", [0x65] = "pcmpgtw", [0x66] = "pcmpgtd", [0x67] = "packuswb",
    [0x68] = "punpckhbw", [0x69] = "punpckhwd", [0x6a] = "punpckhdq", [0x6b] = "packssdw",
    [0x6e] = "movd", [0x6f] = "movq", [0x70] = "pshufw",
    [0x74] = "pcmpeqb", [0x75] = "pcmpeqw", [0x76] = "pcmpeqd", [0x77] = "emms",
    [0x7e] = "movd", [0x7f] = "movq",
    [0xc2] = "cmpps", [0xc4] = "pinsrw", [0xc5] = "pextrw", [0xc6] = "shufps",
    [0xd1] = "psrlw", [0xd2] = "psrld", [0xd3] = "psrlq", [0xd5] = "pmullw",
    [0xd7] = "pmovmskb", [0xd8] = "psubusb", [0xd9] = "psubusw", [0xda] = "pminub",
    [0xdb] = "pand", [0xdc] = "paddusb", [0xdd] = "paddusw", [0xde] = "pmaxub", [0xdf] = "pandn",
    [0xe0] = "pavgb", [0xe1] = "psraw", [0xe2] = "psrad", [0xe3] = "pavgw", [0xe4] = "pmulhuw",
    [0xe5] = "pmulhw", [0xe7] = "movntq", [0xe8] = "psubsb", [0xe9] = "psubsw", [0xea] = "pminsw",
    [0xeb] = "por", [0xec] = "paddsb", [0xed] = "paddsw", [0xee] = "pmaxsw", [0xef] = "pxor",
    [0xf1] = "psllw", [0xf2] = "pslld", [0xf3] = "psllq", [0xf5] = "pmaddwd", [0xf6] = "psadbw",
    [0xf7] = "maskmovq", [0xf8] = "psubb", [0xf9] = "psubw", [0xfa] = "psubd", [0xfc] = "paddb",
    [0xfd] = "paddw", [0xfe] = "paddd",
};

/* ... behind F3: the scalar forms */
static const char *const scalar_names[256] = {
    [0x10] = "movss", [0x11] = "movss", [0x2a] = "cvtsi2ss", [0x2c] = "cvttss2si",
    [0x2d] = "cvtss2si", [0x51] = "sqrtss", [0x52] = "rsqrtss", [0x53] = "rcpss",
    [0x58] = "addss", [0x59] = "mulss", [0x5c] = "subss", [0x5d] = "minss", [0x5e] = "divss",
    [0x5f] = "maxss", [0xc2] = "cmpss",
};

/* 0F 71, 72, 73 with ModRM.reg */
static const char *const shift_names[3][8] = {
    {[2] = "psrlw", [4] = "psraw", [6] = "psllw"},
    {[2] = "psrld", [4] = "psrad", [6] = "pslld"},
    {[2] = "psrlq", [6] = "psllq"},
};
// clang-format on

static const char *x87_mnemonic(const struct insn *insn)
{
    unsigned opcode = insn->opcode & 7, reg = insn_reg(insn), rm = insn_rm(insn);
    if (insn_has_mem(insn))
        return x87_memory[opcode][reg];
    if (opcode == 1 && reg >= 4)
        return x87_d9[(reg - 4) * 8 + rm];
    if (opcode == 3 && reg == 4)
        return x87_db[rm];
    return x87_registers[opcode][reg];
}

static const char *vector_mnemonic(const struct insn *insn)
{
    uint8_t opcode = insn->opcode;
    if (opcode >= 0x71 && opcode <= 0x73)
        return shift_names[opcode - 0x71][insn_reg(insn)];
    if ((opcode == 0x12 || opcode == 0x16) && !insn_has_mem(insn))
        return opcode == 0x12 ? "movhlps" : "movlhps";
    return insn->rep == 0xf3 ? scalar_names[opcode] : vector_names[opcode];
}

const char *disasm_fpu_mnemonic(const struct insn *insn)
{
    if (insn->map == MAP_PRIMARY && (insn->opcode & 0xf8) == 0xd8)
        return x87_mnemonic(insn);
    if (insn->map == MAP_0F && insn->opcode != 0xae && (insn->flags & (INSN_MMX | INSN_SSE)))
        return vector_mnemonic(insn);
    return NULL;
}
