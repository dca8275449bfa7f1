/* Guest table entries: 32-bit paging and PAE paging (SDM vol. 3, figures 4-4 and 4-7). */
#ifndef UMBRA_SHADOW_PT_GPTE_H
#define UMBRA_SHADOW_PT_GPTE_H

#include <stdint.h>

#define GPTE_P    0x001u
#define GPTE_W    0x002u
#define GPTE_U    0x004u
#define GPTE_A    0x020u
#define GPTE_D    0x040u
#define GPTE_ADDR 0xfffff000u

#define GPDE_PS   0x080u      /* a 4 MiB page, when CR4.PSE; a 2 MiB page under PAE */
#define GPDE_RSVD 0x00200000u /* must be 0 in the PDE of a 4 MiB page */

/* PAE: MAXPHYADDR is 36 where CPUID has no leaf 80000008h, and there is no NX. */
#define PAE_ADDR       0x0000000ffffff000ull
#define PAE_RSVD       0xfffffff000000000ull
#define PAE_LARGE_ADDR 0x0000000fffe00000ull
#define PAE_LARGE_RSVD 0x00000000001fe000ull

/* CR3: where the page directory lies, or the four page-directory-pointer-table entries. */
#define CR3_ADDR     0xfffff000u
#define CR3_PAE_ADDR 0xffffffe0u

/* Base of a 4 MiB page. PSE-36: bits 20:13 of the PDE are bits 39:32 of the address. */
static inline uint64_t gpde_large_base(uint32_t pde)
{
    return (pde & 0xffc00000u) | (uint64_t)(pde >> 13 & 0xffu) << 32;
}

#endif
