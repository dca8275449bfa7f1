/*
 * The default machine: QEMU 7.2, TCG, `-M isapc,vmport=off
 * -cpu pentium3,-apic,-hypervisor,tcg-cpuid=off`. Every value was read from that machine by a
 * multiboot kernel; where it differs from the manual, the machine is right.
 */
#include <stddef.h>

#include "cpu.h"
#include "model.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ALL_ONES     0xffffffffffffffffull

// clang-format off
static const struct cpuid_leaf cpuid[] = {
    /* leaf  subleaf              eax         ebx         ecx         edx */
    {0x0, CPUID_ANY_SUBLEAF, 0x00000003, 0x756e6547, 0x6c65746e, 0x49656e69}, /* GenuineIntel */
    {0x1, CPUID_ANY_SUBLEAF, 0x00000673, 0x00000800, 0x00000000, 0x0383f9fd}, /* no VME, no APIC */
    {0x2, CPUID_ANY_SUBLEAF, 0x00000001, 0x00000000, 0x0000004d, 0x002c307d}, /* caches */
};

#define MSR_RANGE(first, count, field, rule, mask, reset)                                          \
    {first, count, offsetof(struct cpu_msrs, field), sizeof(((struct cpu_msrs *)0)->field) / (count), \
     rule, mask, reset}

static const struct msr_range msrs[] = {
    MSR_RANGE(0x174, 1, sysenter_cs, MSR_PLAIN, 0xffff, 0),
    MSR_RANGE(0x175, 1, sysenter_esp, MSR_PLAIN, ALL_ONES, 0),
    MSR_RANGE(0x176, 1, sysenter_eip, MSR_PLAIN, ALL_ONES, 0),
    MSR_RANGE(0x17a, 1, mcg_status, MSR_PLAIN, ALL_ONES, 0),
    MSR_RANGE(0x17b, 1, mcg_ctl, MSR_ALL_OR_NOTHING, ALL_ONES, ALL_ONES),
    MSR_RANGE(0x1a0, 1, misc_enable, MSR_PLAIN, ALL_ONES, 1),
    MSR_RANGE(0x200, 16, mtrr_var, MSR_PLAIN, ALL_ONES, 0),
    MSR_RANGE(0x250, 1, mtrr_fixed[0], MSR_PLAIN, ALL_ONES, 0),
    MSR_RANGE(0x258, 1, mtrr_fixed[1], MSR_PLAIN, ALL_ONES, 0),
    MSR_RANGE(0x259, 1, mtrr_fixed[2], MSR_PLAIN, ALL_ONES, 0),
    {0x268, 8, offsetof(struct cpu_msrs, mtrr_fixed) + 3 * sizeof(uint64_t), sizeof(uint64_t),
     MSR_PLAIN, ALL_ONES, 0},
    MSR_RANGE(0x277, 1, pat, MSR_PLAIN, ALL_ONES, 0x0007040600070406),
    MSR_RANGE(0x2ff, 1, mtrr_def_type, MSR_PLAIN, ALL_ONES, 0),
    MSR_RANGE(0x400, 40, mce_bank, MSR_MCE_BANK, ALL_ONES, ALL_ONES),
    /* Registers of 64-bit processors, which this machine keeps for every model. EFER reads 0. */
    MSR_RANGE(0xc0000081, 4, syscall, MSR_PLAIN, ALL_ONES, 0),
    MSR_RANGE(0xc0000102, 1, kernel_gs_base, MSR_PLAIN, ALL_ONES, 0),
    MSR_RANGE(0xc0000103, 1, tsc_aux, MSR_PLAIN, ALL_ONES, 0),
    MSR_RANGE(0xc0010117, 1, vm_hsave_pa, MSR_PAGE_ADDRESS, 0x0000000ffffff000, 0),
};

static const struct msr_const msr_consts[] = {
    {0x01b, 0x100},              /* APIC_BASE: BSP, no APIC; writes are ignored */
    {0x035, 0x10001},            /* cores and threads */
    {0x08b, 0x0000000100000000}, /* microcode revision */
    {0x0fe, 0x508},              /* MTRR capabilities */
    {0x179, 0x0100010a},         /* MCG_CAP: ten banks */
    {0x198, 0x00000400000003e8}, /* PERF_STATUS */
};

/* SeaBIOS: RAM write-back, the hole below 1 MiB by fixed ranges, the top 512 MiB uncached. */
static const struct msr_const msr_boot[] = {
    {0x200, 0x00000000e0000000}, {0x201, 0x0000000fe0000800},
    {0x250, 0x0606060606060606}, {0x258, 0x0606060606060606}, {0x259, 0},
    {0x268, 0x0505050505050505}, {0x269, 0x0505050505050505},
    {0x26a, 0x0505050505050505}, {0x26b, 0x0505050505050505},
    {0x26c, 0x0505050505050505}, {0x26d, 0x0505050505050505},
    {0x26e, 0x0505050505050505}, {0x26f, 0x0505050505050505},
    {0x2ff, 0xc06},
};
// clang-format on

const struct cpu_model cpu_model_pentium3_tcg = {
    .name = "pentium3 (QEMU TCG)",
    .cpuid = cpuid,
    .cpuid_count = COUNT(cpuid),
    .cpuid_max_basic = 3, /* leaf 3, the serial number, is all zeros, and so is all past it */
    .cpuid_max_extended = 0,
    /* VME to OSXMMEXCPT, and PCIDE: accepted and read back whatever CPUID says. */
    .cr4_valid = 0x000207ff,
    .eflags_valid = EFLAGS_STATUS | EFLAGS_TF | EFLAGS_IF | EFLAGS_DF | EFLAGS_IOPL | EFLAGS_NT |
                    EFLAGS_AC | EFLAGS_ID,
    .reset_edx = 0x00000673,
    .msr = msrs,
    .msr_count = COUNT(msrs),
    .msr_const = msr_consts,
    .msr_const_count = COUNT(msr_consts),
    .msr_boot = msr_boot,
    .msr_boot_count = COUNT(msr_boot),
    .dr6_zeros = 0, /* reads FFFFFFFFh after all ones, FFFF0FF0h after all zeros */
    .dr7_zeros = 0,
    .policy =
        {
            .ret_count_signed = true,
            .rmw_reads_first = true,
            .rf_until_branch = true,
            .arpl_always_writes = true,
            .bound_reads_both = true,
            .rdpmc_is_ud = true,
            .cr0_keeps_reserved = true,
            .gate16_has_offset32 = true,
            .ltr_null = true,
            .call_limit_selector = true,
            .jump_gate_np_is_gp = true,
            .inner_ss_np_is_ts = true,
            .iret_ss_np_is_np = true,
            .null_keeps_base = true,
            .table16_masks_base = true,
            .segment_base_msrs = true,
            .task16_keeps_upper = true,
            .em_is_nm = true,
            .emms_unchecked = true,
        },
};
