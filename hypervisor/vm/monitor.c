/* From the boot loader's modules to virtual machines, and to the end. */
#include "hypervisor/boot/boot_info.h"
#include "hypervisor/debug/debug.h"
#include "hypervisor/load/modules.h"
#include "hypervisor/report/console.h"
#include "hypervisor/vm/host_policy.h"
#include "hypervisor/vm/native.h"
#include "hypervisor/vm/sched.h"
#include "hypervisor/vm/vm.h"

/* host_exit() codes: QEMU's isa-debug-exit makes them 2 * code + 1. */
#define EXIT_ALL_WELL 0x10 /* every VM that was asked for ran, and powered off with this value */
#define EXIT_NOT_WELL 0x11

void monitor_main(const struct boot_info *info)
{
    struct vm *vms[VM_MAX];
    native_init();
    host_policy_measure();
    clock_set_entry_cost(native_entry_cost());
    const struct modules_loaded loaded = modules_load(info, vms);
    const unsigned count = loaded.made;
    debug_init(vms, count);
    schedule(vms, count);

    bool well = count && !loaded.refused;
    for (unsigned i = 0; i < count; i++)
        well &= vms[i]->exit_code == EXIT_ALL_WELL;
    console_printf("umbra: %u of %u virtual machines ran, all have ended\n", count, loaded.kernels);
    host_exit(well ? EXIT_ALL_WELL : EXIT_NOT_WELL);
}
