/* The instructions that C cannot say, each a one-line function, and the CPU's features. */
#ifndef CPU_H
#define CPU_H

#include <stdbool.h>
#include <stdint.h>

/* Control registers: Intel SDM vol. 3, 2.5. */
#define CR0_MP         (1u << 1)
#define CR0_EM         (1u << 2)
#define CR0_TS         (1u << 3)
#define CR0_NE         (1u << 5)
#define CR0_WP         (1u << 16)
#define CR4_PSE        (1u << 4)
#define CR4_PGE        (1u << 7)
#define CR4_OSFXSR     (1u << 9)
#define CR4_OSXMMEXCPT (1u << 10)

#define EFLAGS_IF   (1u << 9)
#define EFLAGS_IOPL (3u << 12)

/* CPUID leaf 1, EDX. */
#define FEATURE_PSE  (1u << 3)
#define FEATURE_TSC  (1u << 4)
#define FEATURE_MSR  (1u << 5)
#define FEATURE_SEP  (1u << 11)
#define FEATURE_PGE  (1u << 13)
#define FEATURE_FXSR (1u << 24)
#define FEATURE_SSE  (1u << 25)

struct descriptor_pointer {
    uint16_t limit;
    uint32_t base;
} __attribute__((packed));

static inline void outb(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void outl(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t inb(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void cli(void)
{
    __asm__ volatile("cli" : : : "memory");
}

static inline void sti(void)
{
    __asm__ volatile("sti" : : : "memory");
}

/** Enable interrupts and wait for one; STI's shadow leaves no gap between the two. */
static inline void sti_hlt(void)
{
    __asm__ volatile("sti; hlt" : : : "memory");
}

static inline void hlt(void)
{
    __asm__ volatile("hlt" : : : "memory");
}

static inline uint32_t read_eflags(void)
{
    uint32_t flags;

    __asm__ volatile("pushfl; popl %0" : "=r"(flags));
    return flags;
}

/** Enter a section that interrupt handlers must not see half done; returns the flags before. */
static inline uint32_t irq_save(void)
{
    uint32_t flags = read_eflags();

    cli();
    return flags;
}

/** Leave such a section: interrupts are again as they were when it was entered. */
static inline void irq_restore(uint32_t flags)
{
    __asm__ volatile("pushl %0; popfl" : : "r"(flags) : "memory", "cc");
}

#define CPU_REGISTER(name)                                               \
    static inline uint32_t read_##name(void)                             \
    {                                                                    \
        uint32_t value;                                                  \
                                                                         \
        __asm__ volatile("movl %%" #name ", %0" : "=r"(value));          \
        return value;                                                    \
    }                                                                    \
    static inline void write_##name(uint32_t value)                      \
    {                                                                    \
        __asm__ volatile("movl %0, %%" #name : : "r"(value) : "memory"); \
    }

CPU_REGISTER(cr0)
CPU_REGISTER(cr2)
CPU_REGISTER(cr3)
CPU_REGISTER(cr4)
CPU_REGISTER(dr0)
CPU_REGISTER(dr1)
CPU_REGISTER(dr2)
CPU_REGISTER(dr3)
CPU_REGISTER(dr6)
CPU_REGISTER(dr7)

static inline void clts(void)
{
    __asm__ volatile("clts" : : : "memory");
}

static inline void invlpg(uint32_t address)
{
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

static inline uint64_t rdtsc(void)
{
    uint64_t tsc;

    __asm__ volatile("rdtsc" : "=A"(tsc));
    return tsc;
}

struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(uint32_t leaf)
{
    struct cpuid r;

    __asm__ volatile("cpuid"
                     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                     : "a"(leaf), "c"(0)
                     : "memory");
    return r;
}

static inline uint64_t rdmsr(uint32_t msr)
{
    uint64_t value;

    __asm__ volatile("rdmsr" : "=A"(value) : "c"(msr));
    return value;
}

static inline void wrmsr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "A"(value), "c"(msr) : "memory");
}

/** Read CPUID once; the kernel uses a feature only when this says so. */
void cpu_detect(void);

bool cpu_has(uint32_t feature);

/** Measure the time stamp counter against PIT channel 2; 0 without a TSC. */
uint32_t cpu_mhz(void);

#endif
