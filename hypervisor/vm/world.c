#include "hypervisor/vm/world.h"

#include <string.h>

#include "emulate/cpu/model.h"
#include "emulate/cpu/tlb.h"
#include "hypervisor/cpu/serial_host.h"
#include "hypervisor/debug/debug.h"
#include "hypervisor/mm/direct_map.h"
#include "hypervisor/report/console.h"
#include "hypervisor/vm/input.h"
#include "hypervisor/vm/native.h"
#include "hypervisor/vm/screen.h"
#include "hypervisor/vm/vm.h"

/* --- memory as the virtual CPU sees it ---------------------------------------------------------
 */

_Static_assert(ACCESS_WRITE == SHADOW_ACCESS_WRITE && ACCESS_USER == SHADOW_ACCESS_USER,
               "the two modules name rights alike");

/*
 * Translates one byte's page. Fetches are data reads here: a 32-bit guest without NX cannot tell
 * them apart, and an interpreted fetch reads the guest's own bytes, not a code view.
 */
static bool translate(struct vm *vm, uint32_t lin, unsigned access, uint64_t *gpa,
                      struct event *fault)
{
    struct shadow_access out;
    if (shadow_translate(vm->shadow, lin, tlb_rights(access), &out) == SHADOW_GUEST_FAULT) {
        *fault = exception_error(EXC_PF, out.error);
        fault->cr2 = lin;
        return false;
    }
    *gpa = out.gpa;
    return true;
}

/* Both pages of an access, so that a fault on the second comes before any byte moves. */
struct span {
    uint64_t gpa[2];
    unsigned len[2];
};

/* The virtual CPU may find these bytes without asking again, unless a debugger wants to know, or
 * the cache of blocks relies on hearing of each store. */
static bool may_remember(const struct vm *vm, unsigned rights)
{
    return !vm->debug && (vm->ran_natively || !(rights & ACCESS_WRITE));
}

/*
 * Most accesses lie in one page that the shadow maps with the rights they need: these bytes, or
 * NULL for all others.
 */
static uint8_t *quick_bytes(struct vm *vm, uint32_t lin, unsigned len, unsigned rights)
{
    uint32_t offset = lin % PAGE_SIZE;
    if (offset + len > PAGE_SIZE)
        return NULL;
    uint64_t hpa = shadow_hit(vm->shadow, lin, rights);
    if (hpa == SHADOW_NO_HPA)
        return NULL;
    uint8_t *bytes = direct_map(hpa);
    if (may_remember(vm, rights))
        tlb_fill(&vm->vcpu.cpu, lin, rights, bytes - offset, vm->generation);
    return bytes;
}

static bool translate_span(struct vm *vm, uint32_t lin, unsigned len, unsigned access,
                           struct span *span, struct event *fault)
{
    unsigned room = PAGE_SIZE - lin % PAGE_SIZE;
    span->len[0] = len < room ? len : room;
    span->len[1] = len - span->len[0];
    if (!translate(vm, lin, access, &span->gpa[0], fault))
        return false;
    return !span->len[1] || translate(vm, lin + span->len[0], access, &span->gpa[1], fault);
}

static bool read_span(struct vm *vm, uint32_t lin, void *buf, unsigned len, unsigned access,
                      struct event *fault)
{
    struct span span;
    if (!translate_span(vm, lin, len, access, &span, fault))
        return false;
    gpa_read(vm, span.gpa[0], buf, span.len[0]);
    if (span.len[1])
        gpa_read(vm, span.gpa[1], (uint8_t *)buf + span.len[0], span.len[1]);
    return true;
}

static bool world_read(void *world, uint32_t lin, void *buf, unsigned len, unsigned access,
                       struct event *fault)
{
    struct vm *vm = world;
    const uint8_t *bytes = quick_bytes(vm, lin, len, tlb_rights(access));
    if (bytes)
        tlb_copy(buf, bytes, len);
    else if (!read_span(vm, lin, buf, len, access, fault))
        return false;
    if (vm->debug && !(access & ACCESS_FETCH))
        debug_accessed(vm, lin, len, false);
    return true;
}

static bool write_span(struct vm *vm, uint32_t lin, const void *buf, unsigned len, unsigned access,
                       struct event *fault)
{
    struct span span;
    if (!translate_span(vm, lin, len, access, &span, fault))
        return false;
    gpa_write(vm, span.gpa[0], buf, span.len[0]);
    if (span.len[1])
        gpa_write(vm, span.gpa[1], (const uint8_t *)buf + span.len[0], span.len[1]);
    return true;
}

static bool world_write(void *world, uint32_t lin, const void *buf, unsigned len, unsigned access,
                        struct event *fault)
{
    struct vm *vm = world;
    uint8_t *bytes = quick_bytes(vm, lin, len, tlb_rights(access) | ACCESS_WRITE);
    if (bytes) {
        tlb_copy(bytes, buf, len);
        cpu_cache_wrote(vm->cache, bytes, len);
    } else if (!write_span(vm, lin, buf, len, access | ACCESS_WRITE, fault)) {
        return false;
    }
    if (vm->debug)
        debug_accessed(vm, lin, len, true);
    return true;
}

/* Where a debugger wants to hear of accesses, and where something has to be done about each (a
 * guest table, a page without RAM), there is no way around read() and write(). */
static uint8_t *world_page(void *world, uint32_t lin, unsigned access)
{
    struct vm *vm = world;
    struct shadow_access out;
    unsigned rights = tlb_rights(access);
    uint64_t hpa = vm->debug ? SHADOW_NO_HPA : shadow_hit(vm->shadow, lin, rights);
    if (hpa == SHADOW_NO_HPA && !vm->debug &&
        shadow_translate(vm->shadow, lin, rights, &out) == SHADOW_FILLED)
        hpa = shadow_hit(vm->shadow, lin, rights);
    return hpa == SHADOW_NO_HPA ? NULL : direct_map(hpa);
}

/* --- ports, time, translations -----------------------------------------------------------------
 */

static void see_poll(struct vm *vm)
{
    if (poll_read_timer(&vm->poll, clock_ns(&vm->clock)) && vm->vcpu.emulated)
        vm->vcpu.emulated->goes_on = true;
}

static uint32_t world_in(void *world, uint16_t port, unsigned size)
{
    struct vm *vm = world;
    if (input_waiting(vm)) /* the guest may poll, with all interrupts masked */
        input_feed(vm);
    clock_access_port(&vm->clock);
    if (pc_port_tells_time(port))
        see_poll(vm);
    uint32_t value = pc_in(&vm->pc, port, size);
    vm_reschedule(vm);
    return value;
}

static void world_out(void *world, uint16_t port, unsigned size, uint32_t value)
{
    struct vm *vm = world;
    clock_access_port(&vm->clock);
    pc_out(&vm->pc, port, size, value);
    vm_reschedule(vm);
}

static uint64_t world_rdtsc(void *world)
{
    struct vm *vm = world;
    return clock_read_tsc(&vm->clock);
}

static void world_wrtsc(void *world, uint64_t value)
{
    struct vm *vm = world;
    clock_write_tsc(&vm->clock, value);
}

struct shadow_mode world_paging_mode(const struct vm *vm)
{
    const struct cpu *cpu = &vm->vcpu.cpu;
    return (struct shadow_mode){
        .paging = cpu->cr0 & CR0_PG,
        .wp = cpu->cr0 & CR0_WP,
        .pse = cpu->cr4 & CR4_PSE,
        .pae = cpu->cr4 & CR4_PAE,
    };
}

static const uint64_t *pdptes_of(const struct cpu *cpu)
{
    return cpu->model->policy.pdptes_loaded ? cpu->pdpte : NULL;
}

/* The mode first: a new CR3 in a new mode must not build a root for the old one. */
static void world_flush_tlb(void *world)
{
    struct vm *vm = world;
    const struct cpu *cpu = &vm->vcpu.cpu;
    shadow_set_pdptes(vm->shadow, pdptes_of(cpu));
    shadow_set_mode(vm->shadow, world_paging_mode(vm));
    shadow_set_cr3(vm->shadow, cpu->cr3);
    count_cr3(&vm->counters, cpu->cr3);
    if (vm->debug)
        debug_plan(vm);
}

static void world_invlpg(void *world, uint32_t lin)
{
    struct vm *vm = world;
    shadow_invlpg(vm->shadow, lin);
    descriptors_invlpg(vm, lin);
}

static void world_read_physical(void *world, uint64_t gpa, void *buf, unsigned len)
{
    const struct vm *vm = world;
    gpa_read(vm, gpa, buf, len);
}

static bool world_exec_native(void *world, struct cpu *cpu, const struct insn *insn, void *mem,
                              unsigned mem_len, struct event *fault)
{
    (void)world;
    return native_execute(cpu, insn, mem, mem_len, fault);
}

static void world_fpu_error(void *world)
{
    struct vm *vm = world;
    pc_fpu_error(&vm->pc);
    vm_reschedule(vm);
}

const struct cpu_ops world_cpu_ops = {
    .read = world_read,
    .write = world_write,
    .in = world_in,
    .out = world_out,
    .rdtsc = world_rdtsc,
    .wrtsc = world_wrtsc,
    .flush_tlb = world_flush_tlb,
    .invlpg = world_invlpg,
    .read_physical = world_read_physical,
    .exec_native = world_exec_native,
    .fpu_error = world_fpu_error,
    .page = world_page,
    .entered = lockstep_entered,
};

/* --- guest-physical memory as the shadow sees it -----------------------------------------------
 */

static enum frame_kind shadow_frame(void *world, uint64_t gfn, uint64_t *hpa)
{
    struct vm *vm = world;
    return guest_frame(&vm->memory, gfn, hpa);
}

static uint64_t shadow_read_entry(void *world, uint64_t gpa, unsigned bytes)
{
    struct vm *vm = world;
    uint64_t entry = 0;
    gpa_read(vm, gpa, &entry, bytes);
    return entry;
}

static void shadow_write_entry(void *world, uint64_t gpa, uint32_t value)
{
    struct vm *vm = world;
    gpa_write(vm, gpa, &value, sizeof(value));
}

static uint64_t shadow_code_view(void *world, uint64_t gfn)
{
    struct vm *vm = world;
    return views_page(vm, gfn);
}

static void shadow_code_follows_now(void *world, uint64_t gfn, uint64_t next)
{
    struct vm *vm = world;
    views_follow(vm, gfn, next);
}

static void shadow_watched_write(void *world, uint64_t gfn)
{
    (void)gfn;
    descriptors_touch(world);
}

const struct shadow_ops world_shadow_ops = {
    .frame = shadow_frame,
    .read_entry = shadow_read_entry,
    .write_entry = shadow_write_entry,
    .code_view = shadow_code_view,
    .code_follows = shadow_code_follows_now,
    .watched_write = shadow_watched_write,
};

static void leave_entry(void *world, uint64_t gpa, uint32_t value)
{
    (void)world;
    (void)gpa;
    (void)value;
}

bool world_walk_quietly(struct vm *vm, uint32_t gva, struct walk *walk)
{
    static const struct shadow_ops quiet_ops = {.read_entry = shadow_read_entry,
                                                .write_entry = leave_entry};
    const struct cpu *cpu = &vm->vcpu.cpu;
    const struct walk_tables tables = {
        .ops = &quiet_ops,
        .world = vm,
        .mode = world_paging_mode(vm),
        .cr3 = cpu->cr3,
        .pdptes = pdptes_of(cpu),
    };
    return shadow_walk(&tables, gva, 0, walk);
}

/* --- what the board needs ----------------------------------------------------------------------
 */

static uint64_t virtual_now(void *world)
{
    struct vm *vm = world;
    return clock_ns(&vm->clock);
}

/* COM1 of the VM that owns the console goes out byte for byte; that of another becomes lines of
 * the monitor's channel, printable ones. */
static void com1_out(void *world, uint8_t byte)
{
    struct vm *vm = world;
    if (vm->owns_console) {
        serial_host_put(byte);
        return;
    }
    if (!text_line_add(&vm->line, byte))
        return;
    console_printf("%s| %s\n", vm->config.name, vm->line.text);
    memset(&vm->line, 0, sizeof(vm->line));
}

void world_give_console(struct vm *const *vms, unsigned count, struct vm *vm)
{
    for (unsigned i = 0; i < count; i++)
        vms[i]->owns_console = vms[i] == vm;
    for (unsigned i = 0; i < vm->line.length; i++)
        serial_host_put((uint8_t)vm->line.text[i]);
    memset(&vm->line, 0, sizeof(vm->line));
    screen_show(vm);
}

static void power_off(void *world, uint32_t code)
{
    struct vm *vm = world;
    vm->exit_code = code;
    vm->state = VM_POWERED_OFF;
}

static void request_reset(void *world)
{
    struct vm *vm = world;
    vm->state = VM_RESET;
}

static void switch_a20(void *world, bool enabled)
{
    struct vm *vm = world;
    if (vm->memory.a20 == enabled)
        return;
    vm->memory.a20 = enabled;
    shadow_reset(vm->shadow);
    shadow_set_view(vm->shadow, vm->vcpu.view); /* the reset left it in the kernel's */
    views_reset(&vm->views);
    descriptors_touch(vm);
    world_flush_tlb(vm);
}

const struct pc_host world_pc_host = {
    .now_ns = virtual_now,
    .serial_out = com1_out,
    .power_off = power_off,
    .reset = request_reset,
    .a20_changed = switch_a20,
};
