#include "selftest.h"
#include "abi.h"
#include "boot_info.h"
#include "cpu.h"
#include "frames.h"
#include "gdt.h"
#include "lib/string.h"
#include "paging.h"
#include "printk.h"
#include "rtc.h"
#include "trap.h"
#include "uaccess.h"

static bool all_good;

static void report(const char *what, bool good)
{
    printk("  %-44s %s\n", what, good ? "ok" : "WRONG");
    all_good &= good;
}

/* --- Facts: what kind of machine this is. --- */

static void print_cpu(void)
{
    struct cpuid vendor = cpuid(0), version = cpuid(1);
    uint32_t id[4] = {vendor.ebx, vendor.edx, vendor.ecx, 0};

    printk("  cpu: %s, family %u model %u stepping %u\n", (const char *)id, version.eax >> 8 & 0xF,
           version.eax >> 4 & 0xF, version.eax & 0xF);
    printk("  features:%s%s%s%s%s%s\n", cpu_has(FEATURE_PSE) ? " pse" : "",
           cpu_has(FEATURE_PGE) ? " pge" : "", cpu_has(FEATURE_TSC) ? " tsc" : "",
           cpu_has(FEATURE_SEP) ? " sep" : "", cpu_has(FEATURE_FXSR) ? " fxsr" : "",
           cpu_has(FEATURE_SSE) ? " sse" : "");
}

static void check_facts(void)
{
    struct date d;

    print_cpu();
    for (uint32_t i = 0; i < boot_info.region_count; i++)
        printk("  memory: %08x to %08x\n", boot_info.regions[i].start, boot_info.regions[i].end);
    rtc_read(&d);
    printk("~ date %u-%02u-%02u %02u:%02u:%02u\n", d.year, d.month, d.day, d.hour, d.minute,
           d.second);
    printk("~ cpu %u MHz by its time stamp counter\n", cpu_mhz());
    report("real-time clock gives a date", d.month >= 1 && d.month <= 12 && d.year >= 1980);
}

/* --- Instructions that trap, or should, or merely tell the truth about the ring. --- */

static bool tables_as_loaded(void)
{
    struct descriptor_pointer gdtr, idtr;
    uint32_t ldtr = 1, tr = 0, msw = 0;

    __asm__ volatile("sgdt %0" : "=m"(gdtr));
    __asm__ volatile("sidt %0" : "=m"(idtr));
    __asm__ volatile("sldt %0; str %1; smsw %2" : "=r"(ldtr), "=r"(tr), "=r"(msw));
    return gdtr.base == (uint32_t)gdt && gdtr.limit == sizeof(gdt) - 1 && idtr.limit == 0x7FF &&
           ldtr == 0 && tr == SEL_TSS && (msw & 0xFFFF) == (read_cr0() & 0xFFFF);
}

static bool ring_is_0(void)
{
    uint32_t cs, ss, pushed;

    __asm__ volatile("movl %%cs, %0; movl %%ss, %1; pushl %%cs; popl %2"
                     : "=r"(cs), "=r"(ss), "=r"(pushed));
    return cs == SEL_KERNEL_CODE && ss == SEL_KERNEL_DATA && (pushed & 0xFFFF) == SEL_KERNEL_CODE;
}

static bool flags_obey(void)
{
    uint32_t before = irq_save(), off = read_eflags(), on;

    sti();
    on = read_eflags();
    cli();
    irq_restore(before);
    return !(off & EFLAGS_IF) && (on & EFLAGS_IF) && !(on & EFLAGS_IOPL) &&
           (read_eflags() & EFLAGS_IF) == (before & EFLAGS_IF);
}

/* ZF says whether the selector could be used; LAR and LSL then give access rights and limit. */
static bool selectors_readable(void)
{
    uint32_t rights = 0, limit = 0;
    bool reads, writes, bad;

    __asm__ volatile("lar %1, %0" : "+r"(rights) : "r"(SEL_KERNEL_CODE) : "cc");
    __asm__ volatile("lsl %1, %0" : "+r"(limit) : "r"(SEL_USER_DATA) : "cc");
    __asm__ volatile("verr %w1" : "=@ccz"(reads) : "r"(SEL_KERNEL_DATA));
    __asm__ volatile("verw %w1" : "=@ccz"(writes) : "r"(SEL_KERNEL_CODE));
    __asm__ volatile("verr %w1" : "=@ccz"(bad) : "r"(GDT_ENTRIES * 8));
    /* The accessed bit is left out: not every machine sets it at a far jump. */
    return (rights & 0xF0FE00) == 0xC09A00 && limit == 0xFFFFFFFF && reads && !writes && !bad;
}

static bool segments_load(void)
{
    uint32_t fs, gs;

    __asm__ volatile("pushl %2; popl %%fs; movl %3, %%gs; movl %%fs, %0; movl %%gs, %1\n"
                     "movl %4, %%fs; movl %4, %%gs"
                     : "=&r"(fs), "=&r"(gs)
                     : "r"(SEL_USER_DATA), "r"(SEL_KERNEL_DATA), "r"(0));
    return fs == SEL_USER_DATA && gs == SEL_KERNEL_DATA && far_callee(41) == 42;
}

static bool control_registers_obey(void)
{
    uint32_t flags = irq_save(), cr4 = read_cr4();
    bool good;

    write_cr2(0x12345678);
    good = read_cr2() == 0x12345678 && (read_cr0() & CR0_WP) && !(read_cr3() & 0xFFF);
    if (cpu_has(FEATURE_PGE)) {
        write_cr4(cr4 & ~CR4_PGE);
        good &= !(read_cr4() & CR4_PGE);
        write_cr4(cr4);
    }
    irq_restore(flags);
    return good && read_cr4() == cr4;
}

static bool debug_registers_obey(void)
{
    bool good;

    write_dr0(0x1000);
    write_dr3(0xC0001234);
    write_dr7(0x400);
    good = read_dr0() == 0x1000 && read_dr3() == 0xC0001234 && (read_dr7() & 0x4FF) == 0x400;
    write_dr0(0);
    write_dr3(0);
    return good && read_dr0() == 0;
}

static bool msr_obeys(void)
{
    const uint32_t sysenter_cs = 0x174;
    bool good;

    if (!cpu_has(FEATURE_MSR) || !cpu_has(FEATURE_SEP))
        return true;
    wrmsr(sysenter_cs, SEL_KERNEL_CODE);
    good = rdmsr(sysenter_cs) == SEL_KERNEL_CODE;
    wrmsr(sysenter_cs, 0);
    return good;
}

/* The same window shows one frame, then another: only INVLPG makes the second visible. */
static bool invlpg_works(void)
{
    uint32_t a = frame_alloc(), b = frame_alloc();
    volatile uint32_t *window = (uint32_t *)ALIAS_BASE;
    bool good = a && b;

    if (good) {
        *(uint32_t *)phys_to_virt(a) = 0xA;
        *(uint32_t *)phys_to_virt(b) = 0xB;
        window_map(ALIAS_BASE, a | PTE_PRESENT | PTE_WRITE);
        good = *window == 0xA;
        window_map(ALIAS_BASE, b | PTE_PRESENT | PTE_WRITE);
        good = good && *window == 0xB;
        window_map(ALIAS_BASE, 0);
    }
    if (a)
        frame_free(a);
    if (b)
        frame_free(b);
    return good;
}

/* CR0.WP: ring 0, too, must not write to a read-only page. */
static bool write_protect_works(void)
{
    uint32_t frame = frame_alloc_zeroed(), value = 1;
    bool stopped;

    if (!frame)
        return false;
    window_map(ALIAS_BASE, frame | PTE_PRESENT);
    stopped = copy_guarded((void *)ALIAS_BASE, &value, sizeof(value)) != 0;
    window_map(ALIAS_BASE, 0);
    stopped &= *(uint32_t *)phys_to_virt(frame) == 0;
    frame_free(frame);
    return stopped;
}

static bool breakpoint_returns(void)
{
    uint32_t before = kernel_breakpoints();

    __asm__ volatile("int3");
    __asm__ volatile("int3");
    return kernel_breakpoints() == before + 2;
}

static bool tsc_advances(void)
{
    uint64_t before;

    if (!cpu_has(FEATURE_TSC))
        return true;
    before = rdtsc();
    return rdtsc() > before;
}

static void check_instructions(void)
{
    report("SGDT SIDT SLDT STR SMSW: as loaded", tables_as_loaded());
    report("MOV and PUSH from CS, SS: ring 0", ring_is_0());
    report("CLI STI PUSHF POPF: IF follows", flags_obey());
    report("LAR LSL VERR VERW", selectors_readable());
    report("MOV and POP to FS, GS; far CALL and RET", segments_load());
    report("CR0 CR2 CR3 CR4 read back", control_registers_obey());
    report("DR0 DR3 DR7 read back", debug_registers_obey());
    report("RDMSR WRMSR", msr_obeys());
    report("INVLPG shows the new page", invlpg_works());
    report("CR0.WP stops the kernel, too", write_protect_works());
    report("INT3 in the kernel returns", breakpoint_returns());
    report("RDTSC advances", tsc_advances());
}

/* --- Self-modifying code. --- */

/* CPUID serialises: the CPU forgets what it fetched before (SDM vol. 3, 8.1.3). */
static uint32_t call_patched(volatile uint32_t *immediate, uint32_t value)
{
    *immediate = value;
    cpuid(0);
    return patched_function();
}

static uint32_t patch_in_place(void)
{
    uint32_t sum = 0;

    for (uint32_t i = 1; i <= 10; i++)
        sum += call_patched(&patched_immediate, i);
    return sum;
}

/* The same bytes written through another address, as kernels with read-only text do. */
static uint32_t patch_by_alias(void)
{
    uint32_t physical = virt_to_phys(&patched_immediate);
    uint32_t sum = 0;

    window_map(ALIAS_BASE, PTE_FRAME(physical) | PTE_PRESENT | PTE_WRITE);
    window_map(ALIAS_BASE + PAGE_SIZE, (PTE_FRAME(physical) + PAGE_SIZE) | PTE_PRESENT | PTE_WRITE);
    for (uint32_t i = 1; i <= 10; i++)
        sum += call_patched((uint32_t *)(ALIAS_BASE + physical % PAGE_SIZE), 100 * i);
    window_map(ALIAS_BASE, 0);
    window_map(ALIAS_BASE + PAGE_SIZE, 0);
    return sum;
}

static void check_patching(void)
{
    uint32_t direct = patch_in_place(), alias = patch_by_alias();

    printk("  patched in place 10 times: sum %u\n", direct);
    printk("  patched by an alias 10 times: sum %u\n", alias);
    report("each call ran the newest code", direct == 55 && alias == 5500);
}

int selftest(uint32_t which)
{
    all_good = true;
    if (which == CHECK_FACTS)
        check_facts();
    else if (which == CHECK_INSTRUCTIONS)
        check_instructions();
    else if (which == CHECK_PATCHING)
        check_patching();
    else
        return ERR_INVALID;
    return all_good ? 0 : ERR_INVALID;
}
