#include "fault.h"
#include "abi.h"
#include "cpu.h"
#include "lib/format.h"
#include "lib/string.h"
#include "panic.h"
#include "printk.h"
#include "process.h"
#include "uaccess.h"
#include "user_space.h"

/* Page fault error code, Intel SDM vol. 3, 4.7. */
#define PF_PROTECTION (1u << 0)
#define PF_WRITE      (1u << 1)
#define PF_USER       (1u << 2)
#define PF_RESERVED   (1u << 3)

/* trap.asm: the end of copy_guarded, and where it goes on after a fault. */
extern const char copy_guarded_end[], copy_guarded_failed[];

const char *fault_name(uint32_t vector)
{
    static const char *const names[] = {"#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD",
                                        "#NM", "#DF", "#09", "#TS", "#NP", "#SS", "#GP",
                                        "#PF", "#15", "#MF", "#AC", "#MC", "#XM"};

    return vector < sizeof(names) / sizeof(names[0]) ? names[vector] : "exception";
}

#define ANY_REG 0xFF /* the reg field of the ModR/M byte is not part of the opcode */

struct opcode_name {
    uint8_t length;
    uint8_t bytes[2];
    uint8_t reg;
    const char *name;
};

/* Enough to say what was tried; a real decoder would be out of place here. */
static const struct opcode_name privileged[] = {
    {1, {0xFA}, ANY_REG, "CLI"},
    {1, {0xFB}, ANY_REG, "STI"},
    {1, {0xF4}, ANY_REG, "HLT"},
    {1, {0xE4}, ANY_REG, "IN"},
    {1, {0xEC}, ANY_REG, "IN"},
    {1, {0xE6}, ANY_REG, "OUT"},
    {1, {0xEE}, ANY_REG, "OUT"},
    {2, {0x0F, 0x00}, 2, "LLDT"},
    {2, {0x0F, 0x00}, 3, "LTR"},
    {2, {0x0F, 0x01}, 2, "LGDT"},
    {2, {0x0F, 0x01}, 3, "LIDT"},
    {2, {0x0F, 0x01}, 7, "INVLPG"},
    {2, {0x0F, 0x06}, ANY_REG, "CLTS"},
    {2, {0x0F, 0x09}, ANY_REG, "WBINVD"},
    {2, {0x0F, 0x20}, ANY_REG, "MOV from CR"},
    {2, {0x0F, 0x22}, ANY_REG, "MOV to CR"},
    {2, {0x0F, 0x32}, ANY_REG, "RDMSR"},
};

static const char *privileged_name(uint32_t eip)
{
    uint8_t code[3] = {0};

    copy_from_user(code, eip, sizeof(code));
    for (uint32_t i = 0; i < sizeof(privileged) / sizeof(privileged[0]); i++) {
        const struct opcode_name *op = &privileged[i];

        if (!memcmp(code, op->bytes, op->length) &&
            (op->reg == ANY_REG || op->reg == (code[2] >> 3 & 7)))
            return op->name;
    }
    return NULL;
}

/* Selector error codes, Intel SDM vol. 3, 6.13: bit 1 says that the index is one of the IDT. */
static void describe_gp(const struct trap_frame *f, char *text, size_t size)
{
    const char *name = privileged_name(f->eip);

    if (f->error & 2)
        format(text, size, "gate %u of the IDT is closed to ring 3", f->error >> 3);
    else if (f->error)
        format(text, size, "selector %xh is closed to ring 3", f->error & 0xFFFC);
    else if (name)
        format(text, size, "%s needs ring 0", name);
    else
        format(text, size, "general protection");
}

static const char *describe_address(uint32_t error, uint32_t address)
{
    if (address >= USER_TOP)
        return "kernel memory";
    if (address < PAGE_SIZE)
        return "null pointer";
    if (address >= STACK_BOTTOM - STACK_GUARD && address < STACK_BOTTOM)
        return "stack overflow, past the guard";
    return error & PF_PROTECTION ? "read-only memory" : "not its memory";
}

/* Without no-execute pages the error code does not tell a fetch; the address does. */
static const char *describe_access(const struct trap_frame *f, uint32_t address)
{
    if (f->error & PF_WRITE)
        return "write";
    return address == f->eip ? "fetch" : "read";
}

static void describe_pf(const struct trap_frame *f, char *text, size_t size)
{
    uint32_t address = current->fault_address;

    format(text, size, "%s %s %s at %08x (%s)",
           f->error & PF_PROTECTION ? "protection" : "not-present", describe_access(f, address),
           f->error & PF_USER ? "user" : "supervisor", address,
           f->error & PF_RESERVED ? "reserved bit" : describe_address(f->error, address));
}

static void describe(const struct trap_frame *f, char *text, size_t size)
{
    if (f->vector == EXC_PF)
        describe_pf(f, text, size);
    else if (f->vector == EXC_GP)
        describe_gp(f, text, size);
    else
        format(text, size, "%s",
               f->vector == EXC_DE   ? "division error"
               : f->vector == EXC_UD ? "undefined opcode"
               : f->vector == EXC_BP ? "breakpoint"
               : f->vector == EXC_DB ? "single step"
                                     : "unexpected exception");
}

void fault_stop_process(struct trap_frame *f)
{
    char reason[128];

    sti();
    describe(f, reason, sizeof(reason));
    printk("kernel: %s[%d] stopped: %s(%xh) %s, eip %08x\n", current->name, current->pid,
           fault_name(f->vector), f->error, reason, f->eip);
    process_exit(STATUS_EXCEPTION | f->vector);
}

static void out_of_memory(void)
{
    printk("kernel: %s[%d] stopped: out of memory\n", current->name, current->pid);
    process_kill(current, STATUS_OUT_OF_MEMORY);
}

static bool in_guarded_copy(const struct trap_frame *f)
{
    return f->eip >= (uint32_t)copy_guarded && f->eip < (uint32_t)copy_guarded_end;
}

void fault_page(struct trap_frame *f, uint32_t address)
{
    bool write = f->error & PF_WRITE;
    enum space_fault result = SPACE_FAULT_BAD;

    if (current && current->space.directory && address < USER_TOP)
        result = space_fault(&current->space, address, write, f->error & PF_PROTECTION);
    if (result == SPACE_FAULT_RESOLVED)
        return;
    if (result == SPACE_FAULT_NO_MEMORY)
        out_of_memory();

    if (in_guarded_copy(f)) {
        f->eip = (uint32_t)copy_guarded_failed;
    } else if (!from_user(f)) {
        panic_trap(f, "page fault in the kernel");
    } else if (result == SPACE_FAULT_BAD) {
        current->fault_address = address;
        fault_stop_process(f);
    }
}
