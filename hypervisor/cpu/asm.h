/* One C function for each privileged or otherwise special instruction that the monitor uses. */
#ifndef UMBRA_HYPERVISOR_CPU_ASM_H
#define UMBRA_HYPERVISOR_CPU_ASM_H

#include <stdint.h>

static inline uint8_t inb(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline uint16_t inw(uint16_t port)
{
    uint16_t value;
    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline uint32_t inl(uint16_t port)
{
    uint32_t value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void outb(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void outw(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline void outl(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

/* Register access by name: read_NAME() and write_NAME(). */
#define DEFINE_REGISTER(name)                                               \
    static inline uint64_t read_##name(void)                                \
    {                                                                       \
        uint64_t value;                                                     \
        __asm__ volatile("mov %%" #name ", %0" : "=r"(value) : : "memory"); \
        return value;                                                       \
    }                                                                       \
    static inline void write_##name(uint64_t value)                         \
    {                                                                       \
        __asm__ volatile("mov %0, %%" #name : : "r"(value) : "memory");     \
    }

DEFINE_REGISTER(cr0)
DEFINE_REGISTER(cr2)
DEFINE_REGISTER(cr3)
DEFINE_REGISTER(cr4)
DEFINE_REGISTER(dr0)
DEFINE_REGISTER(dr1)
DEFINE_REGISTER(dr2)
DEFINE_REGISTER(dr3)
DEFINE_REGISTER(dr6)
DEFINE_REGISTER(dr7)

/* Segment registers: read_NAME() gives the selector, write_NAME() loads one (see host_trap.h for
 * loads that may fault). */
#define DEFINE_SEGMENT(name)                                             \
    static inline uint16_t read_##name(void)                             \
    {                                                                    \
        uint16_t value;                                                  \
        __asm__ volatile("mov %%" #name ", %0" : "=rm"(value));          \
        return value;                                                    \
    }                                                                    \
    static inline void write_##name(uint16_t value)                      \
    {                                                                    \
        __asm__ volatile("mov %0, %%" #name : : "rm"(value) : "memory"); \
    }

DEFINE_SEGMENT(ds)
DEFINE_SEGMENT(es)
DEFINE_SEGMENT(fs)
DEFINE_SEGMENT(gs)
DEFINE_SEGMENT(ss)

/* Needs a model-specific register that is known to exist; else see rdmsr_safe(). */
static inline uint64_t rdmsr(uint32_t msr)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

static inline void wrmsr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

static inline uint64_t rdtsc(void)
{
    uint64_t low, high; /* it clears the upper halves */
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return high << 32 | low;
}

struct cpuid_result {
    uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid_result cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid_result r;
    __asm__ volatile("cpuid"
                     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                     : "a"(leaf), "c"(subleaf));
    return r;
}

/* The operand of LGDT and LIDT in 64-bit mode. */
struct table_operand {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

static inline void lgdt(const struct table_operand *table)
{
    __asm__ volatile("lgdt %0" : : "m"(*table));
}

static inline void lidt(const struct table_operand *table)
{
    __asm__ volatile("lidt %0" : : "m"(*table));
}

static inline void lldt(uint16_t selector)
{
    __asm__ volatile("lldt %0" : : "rm"(selector));
}

static inline void ltr(uint16_t selector)
{
    __asm__ volatile("ltr %0" : : "rm"(selector));
}

static inline void invlpg(uint64_t linear)
{
    __asm__ volatile("invlpg (%0)" : : "r"(linear) : "memory");
}

/* FXSAVE's and FXRSTOR's 512 bytes, 16-byte aligned (SDM vol. 1, 10.5.1). */
struct fxsave_area {
    uint8_t bytes[512];
} __attribute__((aligned(16)));

static inline void fxsave(struct fxsave_area *area)
{
    __asm__ volatile("fxsave %0" : "=m"(*area));
}

static inline void fxrstor(const struct fxsave_area *area)
{
    __asm__ volatile("fxrstor %0" : : "m"(*area));
}

static inline void fninit(void)
{
    __asm__ volatile("fninit");
}

static inline void clts(void)
{
    __asm__ volatile("clts");
}

/* #UD unless CR4.PKE is set. */
static inline void wrpkru(uint32_t value)
{
    __asm__ volatile("wrpkru" : : "a"(value), "c"(0), "d"(0) : "memory");
}

static inline void hlt(void)
{
    __asm__ volatile("hlt" : : : "memory");
}

static inline void cli(void)
{
    __asm__ volatile("cli" : : : "memory");
}

static inline void sti(void)
{
    __asm__ volatile("sti" : : : "memory");
}

static inline void wbinvd(void)
{
    __asm__ volatile("wbinvd" : : : "memory");
}

static inline void cpu_pause(void)
{
    __asm__ volatile("pause");
}

#endif
