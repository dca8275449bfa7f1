#include "gdb.h"

#include <stddef.h>

#include "hypervisor/report/console.h"
#include "hypervisor/vm/vm.h"
#include "look.h"
#include "points.h"
#include "prompt.h"
#include "wire.h"

/* What of EFLAGS a debugger may change: not VM, which goes with CPL, nor what is always 1 or 0. */
#define EFLAGS_SETTABLE                                                                        \
    (EFLAGS_STATUS | EFLAGS_TF | EFLAGS_IF | EFLAGS_DF | EFLAGS_IOPL | EFLAGS_NT | EFLAGS_RF | \
     EFLAGS_AC | EFLAGS_ID)

static struct {
    struct vm *vm; /* NULL: no session */
    bool owes;     /* gdb waits to be told that the VM stopped */
    struct debug debug;
    struct rsp rsp;
} session;

/* --- registers ---------------------------------------------------------------------------------
 */

static uint32_t *plain_register(struct cpu *cpu, unsigned number)
{
    if (number < GPR_COUNT)
        return &cpu->gpr[number];
    switch (number) {
    case DEBUG_EIP:
        return &cpu->eip;
    case DEBUG_EFLAGS:
        return &cpu->eflags;
    case DEBUG_CR0:
        return &cpu->cr0;
    case DEBUG_CR2:
        return &cpu->cr2;
    case DEBUG_CR3:
        return &cpu->cr3;
    case DEBUG_CR4:
        return &cpu->cr4;
    default:
        return NULL;
    }
}

static bool read_register(void *target, unsigned number, uint32_t *value)
{
    static const uint8_t segments[] = {SEG_CS, SEG_SS, SEG_DS, SEG_ES, SEG_FS, SEG_GS};
    struct vm *vm = target;
    const uint32_t *plain = plain_register(&vm->vcpu.cpu, number);
    if (plain)
        *value = *plain;
    else if (number >= DEBUG_CS && number <= DEBUG_GS)
        *value = vm->vcpu.cpu.seg[segments[number - DEBUG_CS]].selector;
    else if (number == DEBUG_CPL)
        *value = vm->vcpu.cpu.cpl;
    else
        return false;
    return true;
}

/* Control and segment registers have side effects: they are only shown. */
static bool write_register(void *target, unsigned number, uint32_t value)
{
    struct vm *vm = target;
    struct cpu *cpu = &vm->vcpu.cpu;
    uint32_t *plain = plain_register(cpu, number);
    uint32_t now;
    if (number > DEBUG_EFLAGS)
        return read_register(target, number, &now) && now == value;
    if (number == DEBUG_EFLAGS)
        value = (value & EFLAGS_SETTABLE) | (cpu->eflags & ~EFLAGS_SETTABLE);
    if (number == DEBUG_EIP && value != cpu->eip)
        cpu->halted = false;
    *plain = value;
    return true;
}

static unsigned read_memory(void *target, uint32_t gva, uint8_t *bytes, unsigned count)
{
    return look_read(target, gva, bytes, count);
}

static bool write_memory(void *target, uint32_t gva, const uint8_t *bytes, unsigned count)
{
    return look_write(target, gva, bytes, count);
}

static bool set_point(void *target, enum rsp_point kind, uint32_t gva, uint32_t length, bool on)
{
    return points_set(target, kind, gva, length, on);
}

/* --- running -----------------------------------------------------------------------------------
 */

static void resume(void *target, bool step)
{
    struct vm *vm = target;
    session.owes = true;
    if (vm->state != VM_PAUSED)
        return;
    debug_plan(vm);
    session.debug.step = step;
    vm->state = VM_RUNNING;
}

static void interrupt(void *target)
{
    points_stop(target, &(struct rsp_stop){.kind = RSP_STOP_INTERRUPT});
}

static struct rsp_stop last_stop(void *target)
{
    interrupt(target);
    session.owes = false;
    return session.debug.stop;
}

static void end_session(void)
{
    points_detach(session.vm);
    session.vm = NULL;
    prompt_show();
}

static void detach(void *target)
{
    struct vm *vm = target;
    end_session();
    if (vm->state == VM_PAUSED)
        vm->state = VM_RUNNING;
}

static void kill(void *target)
{
    end_session();
    vm_end(target, "killed by gdb");
}

static void print(char c)
{
    rsp_print(&session.rsp, c);
}

static void command(void *target, char *line)
{
    (void)target;
    prompt_execute(line, print);
}

static void send(void *target, const char *bytes, unsigned count)
{
    (void)target;
    for (unsigned i = 0; i < count; i++)
        wire_put((uint8_t)bytes[i]);
}

static const struct rsp_ops ops = {
    .send = send,
    .read_register = read_register,
    .write_register = write_register,
    .read_memory = read_memory,
    .write_memory = write_memory,
    .set_point = set_point,
    .resume = resume,
    .interrupt = interrupt,
    .last_stop = last_stop,
    .detach = detach,
    .kill = kill,
    .command = command,
};

/* --- the session -------------------------------------------------------------------------------
 */

bool gdb_active(void)
{
    return session.vm;
}

void gdb_begin(struct vm *vm)
{
    session.vm = vm;
    session.owes = false;
    points_attach(vm, &session.debug);
    rsp_init(&session.rsp, &ops, vm);
    console_mirror(NULL, false);
    interrupt(vm);
}

void gdb_take(uint8_t byte)
{
    if (rsp_take(&session.rsp, byte))
        return;
    struct vm *vm = session.vm;
    end_session();
    console_printf("umbra: %s: gdb has left; the guest is %s\n", vm->config.name,
                   vm->state == VM_PAUSED ? "paused" : "running");
}

void gdb_poll(void)
{
    if (!session.vm || session.vm->state == VM_RUNNING)
        return;
    if (session.vm->state != VM_PAUSED)
        session.debug.stop =
            (struct rsp_stop){.kind = RSP_STOP_EXIT, .code = (uint8_t)session.vm->exit_code};
    if (session.owes)
        rsp_report(&session.rsp, &session.debug.stop);
    session.owes = false;
    if (session.vm->state != VM_PAUSED)
        end_session();
}
