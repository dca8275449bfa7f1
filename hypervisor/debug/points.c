#include "points.h"

#include <string.h>

#include "emulate/cpu/tlb.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/vm/vm.h"
#include "hypervisor/vm/world.h"
#include "look.h"

/* DR7: enable (global) and type of a register; LEN is the length less 1, in the two bits above. */
#define DR7_GLOBAL(n)    (2u << (2 * (n)))
#define DR7_ENABLED(n)   (3u << (2 * (n)))
#define DR7_TYPE(n, t)   ((uint64_t)(t) << (16 + 4 * (n)))
#define DR7_LENGTH(n, l) ((uint64_t)((l)-1) << (18 + 4 * (n)))
#define TYPE_EXECUTE     0u
#define TYPE_WRITE       1u
#define TYPE_ACCESS      3u

static bool is_breakpoint(enum rsp_point kind)
{
    return kind == RSP_SOFTWARE || kind == RSP_HARDWARE;
}

/* --- what catches a point ----------------------------------------------------------------------
 */

static bool claim_slot(struct vm *vm, const struct point *point, uint32_t gva, uint32_t length)
{
    struct debug *debug = vm->debug;
    for (unsigned n = 0; n < DEBUG_REGISTER_COUNT; n++) {
        if (debug->slots[n].used || (vm->vcpu.cpu.dr[7] & DR7_ENABLED(n)))
            continue;
        debug->slots[n] = (struct debug_slot){true, point->kind, gva, length, point->gva};
        return true;
    }
    return false;
}

/* A code view traps wherever kernel code has a breakpoint. User code runs from the guest's own
 * frames, and what is not mapped now may become user code. */
static bool plan_breakpoint(struct vm *vm, const struct point *point)
{
    struct walk walk;
    if (!(vm->vcpu.cpu.cr0 & CR0_PG))
        return true;
    if (world_walk_quietly(vm, point->gva, &walk) && !walk.user)
        return true;
    return claim_slot(vm, point, point->gva, 1);
}

/* The processor watches aligned pieces, and cannot watch reads alone. */
static bool plan_watchpoint(struct vm *vm, const struct point *point)
{
    uint32_t gva = point->gva, left = point->length;
    while (left) {
        uint32_t piece = gva % 2 || left < 2 ? 1 : gva % 4 || left < 4 ? 2 : 4;
        if (point->kind == RSP_WATCH_READ || !claim_slot(vm, point, gva, piece))
            return false;
        gva += piece;
        left -= piece;
    }
    return true;
}

void debug_plan(struct vm *vm)
{
    struct debug *debug = vm->debug;
    bool caught = true;
    memset(debug->slots, 0, sizeof(debug->slots));
    for (unsigned i = 0; i < debug->count; i++) {
        const struct point *point = &debug->points[i];
        caught &=
            is_breakpoint(point->kind) ? plan_breakpoint(vm, point) : plan_watchpoint(vm, point);
    }
    vm->config.engine = caught ? debug->engine : ENGINE_INTERP;
    vm->vcpu.interpreted |= !caught;
    vm->vcpu.cpu.changed |= CHANGED_DR;
}

/* The guest has enabled a register since it was given to a point. */
static bool slot_taken(const struct vm *vm)
{
    bool taken = false;
    for (unsigned n = 0; n < DEBUG_REGISTER_COUNT; n++)
        taken |= vm->debug->slots[n].used && (vm->vcpu.cpu.dr[7] & DR7_ENABLED(n));
    return taken;
}

void debug_load_registers(struct vm *vm)
{
    static void (*const write_address[DEBUG_REGISTER_COUNT])(uint64_t) = {write_dr0, write_dr1,
                                                                          write_dr2, write_dr3};
    uint64_t dr7 = read_dr7();
    if (slot_taken(vm))
        debug_plan(vm);
    for (unsigned n = 0; n < DEBUG_REGISTER_COUNT; n++) {
        const struct debug_slot *slot = &vm->debug->slots[n];
        if (!slot->used)
            continue;
        unsigned type = slot->kind == RSP_WATCH          ? TYPE_WRITE
                        : slot->kind == RSP_WATCH_ACCESS ? TYPE_ACCESS
                                                         : TYPE_EXECUTE;
        write_address[n](slot->gva);
        dr7 |= DR7_GLOBAL(n) | DR7_TYPE(n, type) | DR7_LENGTH(n, slot->length);
    }
    write_dr7(dr7);
}

/* --- the list ----------------------------------------------------------------------------------
 */

static struct point *find(struct debug *debug, enum rsp_point kind, uint32_t gva, uint32_t length)
{
    for (unsigned i = 0; i < debug->count; i++) {
        struct point *point = &debug->points[i];
        bool same = is_breakpoint(kind) || point->length == length;
        if (point->kind == kind && point->gva == gva && same)
            return point;
    }
    return NULL;
}

/* Code views know offsets within pages, any page: the guest maps code where and when it likes. */
static void change_stop(struct vm *vm, uint32_t gva)
{
    const struct debug *debug = vm->debug;
    bool wanted = false;
    for (unsigned i = 0; i < debug->count; i++) {
        const struct point *point = &debug->points[i];
        wanted |= is_breakpoint(point->kind) && point->gva % PAGE_SIZE == gva % PAGE_SIZE;
    }
    views_set_stop(vm, gva % PAGE_SIZE, wanted);
    vcpu_forget_code(&vm->vcpu); /* and what sites are known to trap */
}

bool points_set(struct vm *vm, enum rsp_point kind, uint32_t gva, uint32_t length, bool on)
{
    struct debug *debug = vm->debug;
    struct point *point = find(debug, kind, gva, length);
    if (!is_breakpoint(kind) && (!length || length > PAGE_SIZE))
        return false;
    if (on == (point != NULL))
        return true;
    if (on && debug->count == POINTS_MAX)
        return false;
    if (on)
        debug->points[debug->count++] = (struct point){kind, gva, length};
    else
        *point = debug->points[--debug->count];
    if (is_breakpoint(kind))
        change_stop(vm, gva);
    debug_plan(vm);
    return true;
}

void points_attach(struct vm *vm, struct debug *debug)
{
    memset(debug, 0, sizeof(*debug));
    debug->engine = vm->config.engine;
    vm->debug = debug;
    tlb_clear(&vm->vcpu.cpu); /* emulated accesses may meet a watchpoint from now on */
}

void points_detach(struct vm *vm)
{
    struct debug *debug = vm->debug;
    while (debug->count) {
        const struct point *point = &debug->points[debug->count - 1];
        points_set(vm, point->kind, point->gva, point->length, false);
    }
    vm->debug = NULL;
}

/* --- meeting one -------------------------------------------------------------------------------
 */

void points_stop(struct vm *vm, const struct rsp_stop *stop)
{
    if (vm->state != VM_RUNNING)
        return;
    vm->state = VM_PAUSED;
    vm->debug->step = false;
    vm->debug->stop = *stop;
}

static void meet(struct vm *vm, enum rsp_point kind, uint32_t gva)
{
    points_stop(vm, &(struct rsp_stop){.kind = RSP_STOP_POINT, .point = kind, .address = gva});
}

bool debug_meets_breakpoint(struct vm *vm)
{
    const struct debug *debug = vm->debug;
    uint32_t gva = vm->vcpu.cpu.seg[SEG_CS].base + vm->vcpu.cpu.eip;
    for (unsigned i = 0; i < debug->count && !debug->stepping; i++) {
        const struct point *point = &debug->points[i];
        if (is_breakpoint(point->kind) && point->gva == gva) {
            meet(vm, point->kind, gva);
            return true;
        }
    }
    return false;
}

static bool watches(enum rsp_point kind, bool write)
{
    return kind == RSP_WATCH_ACCESS || kind == (write ? RSP_WATCH : RSP_WATCH_READ);
}

void debug_accessed(struct vm *vm, uint32_t gva, unsigned length, bool write)
{
    const struct debug *debug = vm->debug;
    for (unsigned i = 0; i < debug->count; i++) {
        const struct point *point = &debug->points[i];
        bool overlap = gva - point->gva < point->length || point->gva - gva < length;
        if (watches(point->kind, write) && overlap)
            meet(vm, point->kind, point->gva);
    }
}

uint32_t debug_take_trap(struct vm *vm, uint32_t dr6)
{
    for (unsigned n = 0; n < DEBUG_REGISTER_COUNT; n++) {
        const struct debug_slot *slot = &vm->debug->slots[n];
        if (!slot->used || (vm->vcpu.cpu.dr[7] & DR7_ENABLED(n)))
            continue;
        if (dr6 & 1u << n)
            meet(vm, slot->kind, slot->of);
        dr6 &= ~(1u << n);
    }
    return dr6;
}

bool debug_step(struct vm *vm)
{
    struct debug *debug = vm->debug;
    if (!debug || !debug->step)
        return false;
    debug->stepping = true;
    vm_step(vm);
    debug->stepping = false;
    points_stop(vm, &(struct rsp_stop){.kind = RSP_STOP_STEP});
    debug->step = false;
    return true;
}
