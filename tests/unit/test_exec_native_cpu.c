/*
 * The interpreter against the processor that runs this test: the same instruction, the same random
 * registers, flags and memory, and every register and defined flag compared. Only encodings that
 * mean the same in 64-bit mode are used; memory operands get an address-size prefix there.
 *
 * With the argument --all-flags undefined flags are compared too: to be run under QEMU's user-mode
 * emulation (qemu-x86_64), whose choices the interpreter copies.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "emulate/cpu/cpu.h"
#include "emulate/cpu/exec.h"
#include "emulate/cpu/insn.h"
#include "support_cpu.h"
#include "support_host.h"

#define COMPARED (EFLAGS_STATUS | EFLAGS_DF)

static uint8_t shadow_data[DATA_SIZE]; /* the interpreter's copy of host->data */
static uint32_t undefined_compared;

/* --- a random source that repeats --- */

static uint64_t random_state = 0x9e3779b97f4a7c15u;

static uint32_t rnd(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 16);
}

static uint32_t rnd_value(void)
{
    static const uint32_t corner[] = {0,      1,      0x7f,       0x80,       0xff,
                                      0x7fff, 0x8000, 0x7fffffff, 0x80000000, 0xffffffff};
    switch (rnd() & 7) {
    case 0:
    case 1:
        return corner[rnd() % 10];
    case 2:
        return rnd() & 31;
    default:
        return rnd();
    }
}

static int set_up(void **state)
{
    (void)state;
    return host_set_up() ? 0 : -1;
}

/* --- running it in the interpreter --- */

static bool data_access(uint32_t lin, unsigned len)
{
    uint32_t base = host_address(host->data);
    return lin - base < DATA_SIZE && lin - base + len <= DATA_SIZE;
}

static bool data_read(void *world, uint32_t lin, void *buf, unsigned len, unsigned access,
                      struct event *fault)
{
    (void)world;
    (void)access;
    (void)fault;
    assert_true(data_access(lin, len));
    memcpy(buf, shadow_data + (lin - host_address(host->data)), len);
    return true;
}

static bool data_write(void *world, uint32_t lin, const void *buf, unsigned len, unsigned access,
                       struct event *fault)
{
    (void)world;
    (void)access;
    (void)fault;
    assert_true(data_access(lin, len));
    memcpy(shadow_data + (lin - host_address(host->data)), buf, len);
    return true;
}

static const struct cpu_ops data_ops = {.read = data_read, .write = data_write};

static struct cpu new_cpu(void)
{
    struct cpu cpu = {.model = &cpu_model_pentium3_tcg, .cr0 = CR0_PE, .eip = 0x1000};
    for (unsigned seg = SEG_ES; seg <= SEG_GS; seg++)
        cpu.seg[seg] = (struct segment){.attr = ATTR_DB | ATTR_P | ATTR_S | 3, .limit = UINT32_MAX};
    cpu.seg[SEG_CS].attr |= ATTR_CODE;
    memcpy(cpu.gpr, host->in, sizeof cpu.gpr);
    cpu.eflags = (uint32_t)host->in_flags & (COMPARED | EFLAGS_FIXED);
    return cpu;
}

/* --- what to run --- */

enum form {
    FORM_PLAIN, /* no ModRM */
    FORM_RM,    /* ModRM, any reg */
    FORM_DIGIT, /* ModRM, reg given */
    FORM_MEM,   /* ModRM with memory only, reg given */
    FORM_LEA,   /* memory only, any reg, nothing is accessed */
    FORM_MOFFS,
};

/* Flags that the manual leaves undefined, as far as they hang on nothing but the instruction. */
#define UNDEF_AF    EFLAGS_AF
#define UNDEF_MUL   (EFLAGS_SF | EFLAGS_ZF | EFLAGS_AF | EFLAGS_PF)
#define UNDEF_ALL   EFLAGS_STATUS
#define UNDEF_SCAN  (EFLAGS_STATUS & ~EFLAGS_ZF)
#define UNDEF_BT    (EFLAGS_OF | EFLAGS_SF | EFLAGS_AF | EFLAGS_PF)
#define BY_SHIFT    0x80000000u /* AF and OF by count, CF where the count reaches the size */
#define BY_ROTATE   0x40000000u /* OF by count */
#define BY_DOUBLE   0x20000000u /* as BY_SHIFT, and counts past the size give no result */
#define UNDEF_FLAGS EFLAGS_STATUS

#define NO_66     1u /* one operand size only */
#define SMALL_REG 2u /* ModRM.reg holds a bit offset */
#define LOCK_OK   4u

struct pattern {
    const char *name;
    uint8_t opcode;
    bool two_byte;
    uint8_t form;
    uint8_t digit; /* ModRM.reg, or how many opcodes from here behave alike (0: one) */
    uint8_t imm;   /* bytes; 4 stands for the operand size */
    uint8_t how;
    uint32_t undefined;
};

// clang-format off
#define ARITH(name, base, lock, undef)                                                             \
    {name, base, false, FORM_RM, 0, 0, lock, undef}, {name, (base) + 1, false, FORM_RM, 0, 0, lock, undef}, \
    {name, (base) + 2, false, FORM_RM, 0, 0, 0, undef}, {name, (base) + 3, false, FORM_RM, 0, 0, 0, undef}, \
    {name, (base) + 4, false, FORM_PLAIN, 0, 1, 0, undef}, {name, (base) + 5, false, FORM_PLAIN, 0, 4, 0, undef}, \
    {name, 0x80, false, FORM_DIGIT, (base) / 8, 1, lock, undef},                                   \
    {name, 0x81, false, FORM_DIGIT, (base) / 8, 4, lock, undef},                                   \
    {name, 0x83, false, FORM_DIGIT, (base) / 8, 1, lock, undef}
#define SHIFT(name, digit, undef)                                                                  \
    {name, 0xc0, false, FORM_DIGIT, digit, 1, 0, undef}, {name, 0xc1, false, FORM_DIGIT, digit, 1, 0, undef}, \
    {name, 0xd0, false, FORM_DIGIT, digit, 0, 0, undef}, {name, 0xd1, false, FORM_DIGIT, digit, 0, 0, undef}, \
    {name, 0xd2, false, FORM_DIGIT, digit, 0, 0, undef}, {name, 0xd3, false, FORM_DIGIT, digit, 0, 0, undef}
#define UNARY(name, opcode, digit, how, undef)                                                     \
    {name, opcode, false, FORM_DIGIT, digit, 0, how, undef},                                       \
    {name, (opcode) + 1, false, FORM_DIGIT, digit, 0, how, undef}
#define BIT_OP(name, opcode, digit, lock)                                                          \
    {name, opcode, true, FORM_RM, 0, 0, SMALL_REG | (lock), UNDEF_BT},                             \
    {name, 0xba, true, FORM_DIGIT, digit, 1, lock, UNDEF_BT}
#define RM2(name, opcode, how, undef)                                                              \
    {name, opcode, true, FORM_RM, 0, 0, how, undef}, {name, (opcode) + 1, true, FORM_RM, 0, 0, how, undef}

static const struct pattern arithmetic[] = {
    ARITH("ADD", 0x00, LOCK_OK, 0), ARITH("OR", 0x08, LOCK_OK, UNDEF_AF),
    ARITH("ADC", 0x10, LOCK_OK, 0), ARITH("SBB", 0x18, LOCK_OK, 0),
    ARITH("AND", 0x20, LOCK_OK, UNDEF_AF), ARITH("SUB", 0x28, LOCK_OK, 0),
    ARITH("XOR", 0x30, LOCK_OK, UNDEF_AF), ARITH("CMP", 0x38, 0, 0),
    {"TEST", 0x84, false, FORM_RM, 0, 0, 0, UNDEF_AF}, {"TEST", 0x85, false, FORM_RM, 0, 0, 0, UNDEF_AF},
    {"TEST", 0xa8, false, FORM_PLAIN, 0, 1, 0, UNDEF_AF}, {"TEST", 0xa9, false, FORM_PLAIN, 0, 4, 0, UNDEF_AF},
    {"TEST", 0xf6, false, FORM_DIGIT, 0, 1, 0, UNDEF_AF}, {"TEST", 0xf7, false, FORM_DIGIT, 0, 4, 0, UNDEF_AF},
    UNARY("NOT", 0xf6, 2, LOCK_OK, 0), UNARY("NEG", 0xf6, 3, LOCK_OK, 0),
    UNARY("INC", 0xfe, 0, LOCK_OK, 0), UNARY("DEC", 0xfe, 1, LOCK_OK, 0),
};

static const struct pattern multiplication[] = {
    UNARY("MUL", 0xf6, 4, 0, UNDEF_MUL), UNARY("IMUL", 0xf6, 5, 0, UNDEF_MUL),
    UNARY("DIV", 0xf6, 6, 0, UNDEF_ALL), UNARY("IDIV", 0xf6, 7, 0, UNDEF_ALL),
    {"IMUL", 0xaf, true, FORM_RM, 0, 0, 0, UNDEF_MUL},
    {"IMUL", 0x69, false, FORM_RM, 0, 4, 0, UNDEF_MUL}, {"IMUL", 0x6b, false, FORM_RM, 0, 1, 0, UNDEF_MUL},
};

static const struct pattern shifts[] = {
    SHIFT("ROL", 0, BY_ROTATE), SHIFT("ROR", 1, BY_ROTATE), SHIFT("RCL", 2, BY_ROTATE),
    SHIFT("RCR", 3, BY_ROTATE), SHIFT("SHL", 4, BY_SHIFT), SHIFT("SHR", 5, BY_SHIFT),
    SHIFT("SAL", 6, BY_SHIFT), SHIFT("SAR", 7, BY_SHIFT),
    {"SHLD", 0xa4, true, FORM_RM, 0, 1, 0, BY_DOUBLE}, {"SHLD", 0xa5, true, FORM_RM, 0, 0, 0, BY_DOUBLE},
    {"SHRD", 0xac, true, FORM_RM, 0, 1, 0, BY_DOUBLE}, {"SHRD", 0xad, true, FORM_RM, 0, 0, 0, BY_DOUBLE},
};

static const struct pattern bits[] = {
    BIT_OP("BT", 0xa3, 4, 0), BIT_OP("BTS", 0xab, 5, LOCK_OK), BIT_OP("BTR", 0xb3, 6, LOCK_OK),
    BIT_OP("BTC", 0xbb, 7, LOCK_OK),
    {"BSF", 0xbc, true, FORM_RM, 0, 0, 0, UNDEF_SCAN}, {"BSR", 0xbd, true, FORM_RM, 0, 0, 0, UNDEF_SCAN},
    {"BSWAP", 0xc8, true, FORM_PLAIN, 8, 0, NO_66, 0},
    {"XCHG", 0x86, false, FORM_RM, 0, 0, LOCK_OK, 0}, {"XCHG", 0x87, false, FORM_RM, 0, 0, LOCK_OK, 0},
    {"XCHG", 0x91, false, FORM_PLAIN, 7, 0, 0, 0},
    RM2("CMPXCHG", 0xb0, LOCK_OK, 0), RM2("XADD", 0xc0, LOCK_OK, 0),
    {"CMPXCHG8B", 0xc7, true, FORM_MEM, 1, 0, LOCK_OK | NO_66, 0},
};

static const struct pattern moves[] = {
    {"MOV", 0x88, false, FORM_RM, 0, 0, 0, 0}, {"MOV", 0x89, false, FORM_RM, 0, 0, 0, 0},
    {"MOV", 0x8a, false, FORM_RM, 0, 0, 0, 0}, {"MOV", 0x8b, false, FORM_RM, 0, 0, 0, 0},
    {"MOV", 0xc6, false, FORM_DIGIT, 0, 1, 0, 0}, {"MOV", 0xc7, false, FORM_DIGIT, 0, 4, 0, 0},
    {"MOV", 0xb0, false, FORM_PLAIN, 8, 1, 0, 0}, {"MOV", 0xb8, false, FORM_PLAIN, 8, 4, 0, 0},
    {"MOV", 0xa0, false, FORM_MOFFS, 4, 0, 0, 0},
    RM2("MOVZX", 0xb6, 0, 0), RM2("MOVSX", 0xbe, 0, 0),
    {"LEA", 0x8d, false, FORM_LEA, 0, 0, 0, 0},
    {"CBW", 0x98, false, FORM_PLAIN, 0, 0, 0, 0}, {"CWD", 0x99, false, FORM_PLAIN, 0, 0, 0, 0},
    {"SAHF", 0x9e, false, FORM_PLAIN, 2, 0, NO_66, 0},
    {"CMC", 0xf5, false, FORM_PLAIN, 0, 0, 0, 0}, {"CLC", 0xf8, false, FORM_PLAIN, 2, 0, 0, 0},
    {"CLD", 0xfc, false, FORM_PLAIN, 2, 0, 0, 0},
    RM2("CMOVcc", 0x40, 0, 0), RM2("CMOVcc", 0x42, 0, 0), RM2("CMOVcc", 0x44, 0, 0),
    RM2("CMOVcc", 0x46, 0, 0), RM2("CMOVcc", 0x48, 0, 0), RM2("CMOVcc", 0x4a, 0, 0),
    RM2("CMOVcc", 0x4c, 0, 0), RM2("CMOVcc", 0x4e, 0, 0),
    RM2("SETcc", 0x90, 0, 0), RM2("SETcc", 0x92, 0, 0), RM2("SETcc", 0x94, 0, 0),
    RM2("SETcc", 0x96, 0, 0), RM2("SETcc", 0x98, 0, 0), RM2("SETcc", 0x9a, 0, 0),
    RM2("SETcc", 0x9c, 0, 0), RM2("SETcc", 0x9e, 0, 0),
};
// clang-format on

/* --- encoding --- */

struct encoded {
    uint8_t bytes[16];
    unsigned len;
    bool memory;
    bool op16;
    bool lock;
};

static void put(struct encoded *e, const void *bytes, unsigned len)
{
    memcpy(e->bytes + e->len, bytes, len);
    e->len += len;
}

static void put8(struct encoded *e, unsigned byte)
{
    uint8_t b = (uint8_t)byte;
    put(e, &b, 1);
}

static uint32_t target(void)
{
    return host_address(host->data) + DATA_SIZE / 2 - 16 + rnd() % 32;
}

/* [base + index * scale + disp32] or [reg + disp32] at `address`, from the registers as they are.
 */
static void put_memory(struct encoded *e, unsigned reg, uint32_t address)
{
    bool with_sib = rnd() & 1;
    unsigned base = rnd() & 7, index = rnd() & 7, scale = rnd() & 3;
    if (!with_sib && base == 4)
        base = 3;
    uint32_t disp = address - host->in[base];
    if (with_sib && index != 4)
        disp -= host->in[index] << scale;
    put8(e, 0x80 | reg << 3 | (with_sib ? 4 : base));
    if (with_sib)
        put8(e, scale << 6 | index << 3 | base);
    put(e, &disp, 4);
}

/* [reg] or [reg + disp8]: the register is made to fit. */
static void put_memory_short(struct encoded *e, unsigned reg, uint32_t address)
{
    static const uint8_t bases[6] = {0, 1, 2, 3, 6, 7};
    unsigned base = bases[rnd() % 6];
    bool with_disp = rnd() & 1;
    int8_t disp = with_disp ? (int8_t)rnd() : 0;
    host->in[base] = address - (uint32_t)disp;
    put8(e, (with_disp ? 0x40u : 0u) | reg << 3 | base);
    if (with_disp)
        put8(e, (uint8_t)disp);
}

static void put_modrm(struct encoded *e, const struct pattern *p)
{
    unsigned reg = p->form == FORM_DIGIT || p->form == FORM_MEM ? p->digit : rnd() & 7;
    if (p->how & SMALL_REG)
        host->in[reg] = rnd() % 4000 - 2000;
    if (!e->memory)
        put8(e, 0xc0 | reg << 3 | (rnd() & 7));
    else if ((p->how & SMALL_REG) || (rnd() & 1))
        put_memory(e, reg, target());
    else
        put_memory_short(e, reg, target());
}

static unsigned variants(const struct pattern *p)
{
    bool counted = p->form == FORM_PLAIN || p->form == FORM_MOFFS;
    return counted && p->digit ? p->digit : 1;
}

static void encode(struct encoded *e, const struct pattern *p)
{
    *e = (struct encoded){0};
    e->op16 = !(p->how & NO_66) && rnd() % 3 == 0;
    e->memory = p->form == FORM_MEM || p->form == FORM_LEA || p->form == FORM_MOFFS ||
                (p->form != FORM_PLAIN && (rnd() & 1));
    e->lock = e->memory && (p->how & LOCK_OK) && (rnd() & 1);
    if (e->lock)
        put8(e, 0xf0);
    if (e->op16)
        put8(e, 0x66);
    if (p->two_byte)
        put8(e, 0x0f);
    put8(e, p->opcode + rnd() % variants(p));
    if (p->form == FORM_MOFFS) {
        uint32_t address = target();
        put(e, &address, 4);
    } else if (p->form != FORM_PLAIN) {
        put_modrm(e, p);
    }
    uint32_t imm = rnd_value();
    put(e, &imm, p->imm == 4 && e->op16 ? 2 : p->imm);
}

/* --- comparing --- */

/* The count of a shift, as the processor will see it. */
static unsigned shift_count(const struct pattern *p, const struct encoded *e)
{
    if (p->imm)
        return e->bytes[e->len - 1] & 31;
    if (!p->two_byte && (p->opcode & 0xfe) == 0xd0)
        return 1;
    return host->in[ECX] & 31;
}

static unsigned operand_bits(const struct pattern *p, const struct encoded *e)
{
    if (!p->two_byte && !(p->opcode & 1))
        return 8;
    return e->op16 ? 16 : 32;
}

static uint32_t undefined_flags(const struct pattern *p, const struct encoded *e)
{
    unsigned count = shift_count(p, e);
    uint32_t flags = 0;
    if (!(p->undefined & (BY_SHIFT | BY_ROTATE | BY_DOUBLE)))
        return p->undefined;
    if (count == 0)
        return 0;
    if (count != 1)
        flags |= EFLAGS_OF;
    if (!(p->undefined & BY_ROTATE))
        flags |= EFLAGS_AF;
    if (!(p->undefined & BY_ROTATE) && count >= operand_bits(p, e))
        flags |= EFLAGS_CF;
    return flags;
}

static bool result_undefined(const struct pattern *p, const struct encoded *e)
{
    return (p->undefined & BY_DOUBLE) && shift_count(p, e) > operand_bits(p, e);
}

static void describe(const char *name, const struct encoded *e, const struct cpu *cpu)
{
    print_message("%s:", name);
    for (unsigned i = 0; i < e->len; i++)
        print_message(" %02x", e->bytes[i]);
    print_message("\n      in       host     interpreter\n");
    for (unsigned i = 0; i < 8; i++)
        print_message("  r%u  %08x %08x %08x\n", i, host->in[i], host->out[i], cpu->gpr[i]);
    print_message("  fl  %08x %08x %08x\n", (uint32_t)host->in_flags, (uint32_t)host->out_flags,
                  cpu->eflags);
    for (unsigned i = 0; i < DATA_SIZE; i++)
        if (host->data[i] != shadow_data[i])
            print_message("  %08x: %02x %02x\n", host_address(host->data) + i, host->data[i],
                          shadow_data[i]);
}

static void compare(const char *name, const struct encoded *e, const struct cpu *cpu,
                    uint32_t undefined)
{
    uint32_t flags = COMPARED & ~(undefined & ~undefined_compared);
    bool same = !memcmp(host->out, cpu->gpr, sizeof host->out) &&
                !memcmp(host->data, shadow_data, DATA_SIZE) &&
                !((host->out_flags ^ cpu->eflags) & flags);
    if (!same)
        describe(name, e, cpu);
    assert_true(same);
}

static void randomise(void)
{
    for (unsigned i = 0; i < 8; i++) {
        host->in[i] = rnd_value();
        uint32_t value = rnd_value();
        memcpy(host->data + DATA_SIZE / 2 - 16 + 4 * i, &value, 4);
        memcpy(shadow_data + DATA_SIZE / 2 - 16 + 4 * i, &value, 4);
    }
    host->in_flags = (rnd() & COMPARED) | EFLAGS_FIXED;
}

/* Makes a comparison succeed now and then. */
static void make_equal(const struct pattern *p)
{
    if (p->form != FORM_MEM || (rnd() & 1))
        return;
    for (unsigned i = 0; i < DATA_SIZE; i += 4) {
        memcpy(host->data + i, &host->in[EAX], 4);
        memcpy(shadow_data + i, &host->in[EAX], 4);
    }
    host->in[EDX] = host->in[EAX];
}

static void decode_all(const struct encoded *e, struct insn *insn)
{
    assert_int_equal(insn_decode(e->bytes, e->len, true, insn), DECODE_OK);
    assert_int_equal(insn->length, e->len);
}

/* Puts the address-size prefix of 64-bit mode first. */
static void run_both(const struct encoded *e, struct cpu *cpu, enum cpu_result *result)
{
    struct insn insn;
    struct event fault;
    uint8_t prefixed[20] = {0x67};
    decode_all(e, &insn);
    *cpu = new_cpu();
    do
        *result = cpu_execute(cpu, &data_ops, NULL, &insn, &fault);
    while (*result == CPU_OK && cpu->eip == 0x1000);
    memcpy(prefixed + 1, e->bytes, e->len);
    if (e->memory)
        host_run(prefixed, e->len + 1);
    else
        host_run(e->bytes, e->len);
}

/* INT64_MIN / -1 ends QEMU itself (a SIGFPE of its own), so it is not tried there. */
static bool kills_qemu(const struct pattern *p)
{
    return undefined_compared && !strcmp(p->name, "IDIV") && host->in[EAX] == 0 &&
           host->in[EDX] == 0x80000000;
}

static void check_pattern(const struct pattern *p)
{
    struct encoded e;
    struct cpu cpu;
    enum cpu_result result;
    randomise();
    make_equal(p);
    encode(&e, p);
    if (result_undefined(p, &e) || kills_qemu(p))
        return;
    run_both(&e, &cpu, &result);
    assert_int_equal(result, host->trapped ? CPU_FAULT : CPU_OK);
    if (host->trapped) {
        assert_memory_equal(cpu.gpr, host->in, sizeof host->in);
        assert_int_equal(cpu.eip, 0x1000);
        return;
    }
    assert_int_equal(cpu.eip, 0x1000 + e.len);
    compare(p->name, &e, &cpu, undefined_flags(p, &e));
}

#define STATES 4000

static void check_all(const struct pattern *patterns, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (unsigned n = 0; n < STATES; n++)
            check_pattern(&patterns[i]);
}

#define CHECK_ALL(patterns) check_all(patterns, sizeof(patterns) / sizeof((patterns)[0]))

static void test_arithmetic(void **state)
{
    (void)state;
    CHECK_ALL(arithmetic);
}

static void test_multiplication(void **state)
{
    (void)state;
    host_catch_divide_errors();
    CHECK_ALL(multiplication);
}

static void test_shifts(void **state)
{
    (void)state;
    CHECK_ALL(shifts);
}

static void test_bits(void **state)
{
    (void)state;
    CHECK_ALL(bits);
}

static void test_moves(void **state)
{
    (void)state;
    CHECK_ALL(moves);
}

/* MOVS CMPS STOS LODS SCAS, repeated or not, both ways. */
static void test_strings(void **state)
{
    static const uint8_t opcodes[] = {0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf};
    static const uint8_t repeat[] = {0, 0xf2, 0xf3};
    (void)state;
    for (unsigned n = 0; n < 20 * STATES; n++) {
        struct encoded e = {.memory = true};
        struct cpu cpu;
        enum cpu_result result;
        uint8_t rep = repeat[rnd() % 3];
        randomise();
        host->in[ESI] = target();
        host->in[EDI] = target();
        host->in[ECX] = rnd() % 8;
        if (rep)
            put8(&e, rep);
        if (rnd() & 1)
            put8(&e, 0x66);
        put8(&e, opcodes[rnd() % sizeof opcodes]);
        run_both(&e, &cpu, &result);
        assert_int_equal(result, CPU_OK);
        compare("string", &e, &cpu, 0);
    }
}

static void test_xlat(void **state)
{
    struct encoded e = {.bytes = {0xd7}, .len = 1, .memory = true};
    struct cpu cpu;
    enum cpu_result result;
    (void)state;
    for (unsigned n = 0; n < STATES; n++) {
        randomise();
        host->in[EBX] = target() - (host->in[EAX] & 0xff);
        run_both(&e, &cpu, &result);
        assert_int_equal(result, CPU_OK);
        compare("XLAT", &e, &cpu, 0);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arithmetic), cmocka_unit_test(test_multiplication),
        cmocka_unit_test(test_shifts),     cmocka_unit_test(test_bits),
        cmocka_unit_test(test_moves),      cmocka_unit_test(test_strings),
        cmocka_unit_test(test_xlat),
    };
    if (argc > 1 && !strcmp(argv[1], "--all-flags"))
        undefined_compared = EFLAGS_STATUS;
    return cmocka_run_group_tests(tests, set_up, NULL);
}
