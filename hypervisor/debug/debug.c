#include "debug.h"

#include "gdb.h"
#include "hypervisor/report/console.h"
#include "hypervisor/vm/vm.h"
#include "prompt.h"
#include "wire.h"

static bool present, noticed;

void debug_init(struct vm *const *vms, unsigned count)
{
    present = wire_init();
    for (unsigned i = 0; i < count; i++) {
        struct vm *vm = vms[i];
        if (vm->config.gdb != GDB_WAIT)
            continue;
        if (present)
            vm->state = VM_PAUSED;
        console_printf("umbra: %s: %s\n", vm->config.name,
                       present ? "waits for gdb on COM2, or for resume at its prompt"
                               : "gdb=wait: the host has no COM2; it runs");
    }
    if (present)
        prompt_init(vms, count);
}

void debug_notice(void)
{
    noticed = true;
}

bool debug_called(void)
{
    noticed |= wire_ready();
    return noticed;
}

void debug_poll(void)
{
    uint8_t byte;
    gdb_poll();
    if (!noticed)
        return;
    noticed = false;
    while (wire_get(&byte)) {
        if (gdb_active())
            gdb_take(byte);
        else
            prompt_take(byte);
        gdb_poll();
    }
}
