/*
 * The tables that the processor looks selectors up in: GDT, LDT and TSS.
 *
 * Both descriptor tables have all 8,192 entries, so that every selector of a guest has its slot.
 * The last GDT entries belong to the monitor; all others are the guest's shadow descriptors.
 *
 * GDTR and LDTR point to a mapping that direct_map_init() makes read-only: loading a descriptor
 * whose accessed bit is clear is a page fault then. The monitor writes through the direct map.
 */
#ifndef UMBRA_HYPERVISOR_CPU_GDT_H
#define UMBRA_HYPERVISOR_CPU_GDT_H

#include <stdint.h>

#define DESCRIPTOR_TABLE_ENTRIES 8192

/* GDT slots of the monitor; the guest's are 1 .. SLOT_GUEST_END - 1. */
enum gdt_slot {
    SLOT_GUEST_END = 8184,
    SLOT_GUEST_CS = 8184,     /* what real CS and SS hold while the guest runs: filled from */
    SLOT_GUEST_SS = 8185,     /* the hidden parts of its virtual CS and SS */
    SLOT_SCRATCH_CS = 8186,   /* flat code: filled while a single instruction runs for emulation */
    SLOT_MONITOR_CS64 = 8187, /* the monitor's own code; its SS is null */
    SLOT_TSS = 8188,          /* two entries: system descriptors have 16 bytes */
    SLOT_LDT = 8190,          /* two entries */
};

#define SELECTOR(slot, rpl) ((uint16_t)((slot) << 3 | (rpl)))

/* Flat 4 GiB 32-bit segments of DPL 3 (SDM vol. 3, 3.4.5), accessed bit set. */
#define DESCRIPTOR_FLAT_CODE32 0x00cffb000000ffffull
#define DESCRIPTOR_FLAT_DATA32 0x00cff3000000ffffull

/* Traps that may come at any moment have stacks of their own (SDM vol. 3, 6.14.5). */
enum ist { IST_NONE, IST_DB, IST_NMI, IST_DF, IST_MC, IST_END };

/* SDM vol. 3, figure 7-11. */
struct tss {
    uint32_t reserved0;
    uint64_t rsp0, rsp1, rsp2;
    uint64_t reserved1;
    uint64_t ist[7]; /* ist[n - 1] is IST n */
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_bitmap;
} __attribute__((packed));

/* The one in use; entry stubs read it. */
extern struct tss host_tss;

/* Fills the monitor's slots, loads GDTR, CS, SS, TR and LDTR. Guest slots are all zero. LTR sets
 * the TSS busy: before direct_map_init(). */
void gdt_init(void);

/* The tables, DESCRIPTOR_TABLE_ENTRIES entries each, page-aligned, live: as the monitor writes them
 * (after direct_map_init()). */
uint64_t *host_gdt(void);
uint64_t *host_ldt(void);

/* The stack for traps out of CPL 3: the end of the current vCPU's trap frame. */
void tss_set_rsp0(uint64_t rsp0);
/* The same as last set; 0 while there is no vCPU. */
uint64_t tss_rsp0(void);

#endif
