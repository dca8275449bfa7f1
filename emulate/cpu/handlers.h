/*
 * The handlers of every operation, grouped by the file that holds them. A handler executes
 * x->insn: it returns true when done, or false with x->fault filled in. The event of INT n, INT3
 * and INTO is handed back the same way, by type: cpu_execute() then leaves EIP past the
 * instruction. Private to emulate/cpu.
 */
#ifndef UMBRA_EMULATE_CPU_HANDLERS_H
#define UMBRA_EMULATE_CPU_HANDLERS_H

#include "step.h"

/* alu.c */
bool op_add(struct step *x);
bool op_or(struct step *x);
bool op_adc(struct step *x);
bool op_sbb(struct step *x);
bool op_and(struct step *x);
bool op_sub(struct step *x);
bool op_xor(struct step *x);
bool op_cmp(struct step *x);
bool op_test(struct step *x);
bool op_test_alias(struct step *x);
bool op_not(struct step *x);
bool op_neg(struct step *x);
bool op_inc(struct step *x);
bool op_dec(struct step *x);

/* muldiv.c */
bool op_mul(struct step *x);
bool op_imul1(struct step *x);
bool op_imul(struct step *x);
bool op_div(struct step *x);
bool op_idiv(struct step *x);

/* bcd.c */
bool op_daa(struct step *x);
bool op_das(struct step *x);
bool op_aaa(struct step *x);
bool op_aas(struct step *x);
bool op_aam(struct step *x);
bool op_aad(struct step *x);

/* shift.c */
bool op_rol(struct step *x);
bool op_ror(struct step *x);
bool op_rcl(struct step *x);
bool op_rcr(struct step *x);
bool op_shl(struct step *x);
bool op_shr(struct step *x);
bool op_sar(struct step *x);
bool op_shld(struct step *x);
bool op_shrd(struct step *x);

/* bits.c */
bool op_bt(struct step *x);
bool op_bts(struct step *x);
bool op_btr(struct step *x);
bool op_btc(struct step *x);
bool op_bsf(struct step *x);
bool op_bsr(struct step *x);
bool op_bswap(struct step *x);
bool op_xchg(struct step *x);
bool op_cmpxchg(struct step *x);
bool op_cmpxchg8b(struct step *x);
bool op_xadd(struct step *x);

/* move.c */
bool op_mov(struct step *x);
bool op_movsx(struct step *x);
bool op_lea(struct step *x);
bool op_xlat(struct step *x);
bool op_cbw(struct step *x);
bool op_cwd(struct step *x);
bool op_cmovcc(struct step *x);
bool op_setcc(struct step *x);
bool op_nop(struct step *x);
bool op_clc(struct step *x);
bool op_stc(struct step *x);
bool op_cmc(struct step *x);
bool op_cld(struct step *x);
bool op_std(struct step *x);
bool op_lahf(struct step *x);
bool op_sahf(struct step *x);
bool op_salc(struct step *x);
bool op_bound(struct step *x);

/* stackop.c */
bool op_push(struct step *x);
bool op_pop(struct step *x);
bool op_pusha(struct step *x);
bool op_popa(struct step *x);
bool op_enter(struct step *x);
bool op_leave(struct step *x);

/* string.c */
bool op_movs(struct step *x);
bool op_cmps(struct step *x);
bool op_stos(struct step *x);
bool op_lods(struct step *x);
bool op_scas(struct step *x);

/* branch.c */
bool op_jmp(struct step *x);
bool op_jmp_ind(struct step *x);
bool op_jcc(struct step *x);
bool op_loop(struct step *x);
bool op_loope(struct step *x);
bool op_loopne(struct step *x);
bool op_jcxz(struct step *x);
bool op_call(struct step *x);
bool op_call_ind(struct step *x);
bool op_ret(struct step *x);

/* native.c: x87, MMX and SSE */
bool op_x87(struct step *x);
bool op_fwait(struct step *x);
bool op_fnstenv(struct step *x); /* FNSAVE too */
bool op_mmx(struct step *x);
bool op_sse(struct step *x);
bool op_maskmovq(struct step *x);
bool op_fxsave(struct step *x); /* FXRSTOR too */
/* Whether the manual leaves a flag or the result open, and the handler that asks a processor. */
bool result_undefined(const struct insn *insn);
bool op_undefined(struct step *x);

/* far.c */
bool op_jmp_far(struct step *x);
bool op_jmp_far_ind(struct step *x);
bool op_call_far(struct step *x);
bool op_call_far_ind(struct step *x);

/* far_return.c */
bool op_ret_far(struct step *x);
bool op_iret(struct step *x);

/* sysenter.c */
bool op_sysenter(struct step *x);
bool op_sysexit(struct step *x);

/* event.c */
bool op_int(struct step *x);
bool op_int3(struct step *x);
bool op_into(struct step *x);
bool op_icebp(struct step *x);

/* flags.c */
bool op_pushf(struct step *x);
bool op_popf(struct step *x);
bool op_cli(struct step *x);
bool op_sti(struct step *x);

/* sreg.c */
bool op_mov_from_sreg(struct step *x);
bool op_mov_to_sreg(struct step *x);
bool op_push_sreg(struct step *x);
bool op_pop_sreg(struct step *x);
bool op_lds(struct step *x);
bool op_les(struct step *x);
bool op_lfs(struct step *x);
bool op_lgs(struct step *x);
bool op_lss(struct step *x);

/* tables.c */
bool op_arpl(struct step *x);
bool op_lar(struct step *x);
bool op_lsl(struct step *x);
bool op_verr(struct step *x);
bool op_verw(struct step *x);
bool op_sgdt(struct step *x);
bool op_sidt(struct step *x);
bool op_sldt(struct step *x);
bool op_str(struct step *x);
bool op_lgdt(struct step *x);
bool op_lidt(struct step *x);
bool op_lldt(struct step *x);
bool op_ltr(struct step *x);

/* control.c */
bool op_smsw(struct step *x);
bool op_lmsw(struct step *x);
bool op_clts(struct step *x);
bool op_mov_from_cr(struct step *x);
bool op_mov_to_cr(struct step *x);
bool op_invlpg(struct step *x);
bool op_invd(struct step *x);
bool op_wbinvd(struct step *x);
bool op_hlt(struct step *x);

/* debug.c */
bool op_mov_from_dr(struct step *x);
bool op_mov_to_dr(struct step *x);

/* msr.c */
bool op_rdmsr(struct step *x);
bool op_wrmsr(struct step *x);
bool op_rdtsc(struct step *x);
bool op_rdpmc(struct step *x);
bool op_cpuid(struct step *x);

/* io.c */
bool op_in(struct step *x);
bool op_out(struct step *x);
bool op_ins(struct step *x);
bool op_outs(struct step *x);

#endif
