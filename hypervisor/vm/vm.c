#include "hypervisor/vm/vm.h"

#include <string.h>

#include "emulate/cpu/exec.h"
#include "hypervisor/cpu/features.h"
#include "hypervisor/mm/direct_map.h"
#include "hypervisor/mm/frames.h"
#include "hypervisor/report/console.h"
#include "hypervisor/vm/canary.h"
#include "hypervisor/vm/host_policy.h"
#include "hypervisor/report/report.h"
#include "hypervisor/vm/screen.h"
#include "hypervisor/vm/world.h"

/* Shadow tables: a base for a few processes, and more for guests with more memory. */
#define SHADOW_PAGES_MIN       1024u
#define FRAMES_PER_SHADOW_PAGE 16u

/* Code views: a kernel's text is a small part of its memory, and so are its programs'. */
#define FRAMES_PER_VIEW 8u
#define VIEWS_MAX       8192u

/* Midnight of 1 January 2020, UTC: what the RTC shows at power-on. Every boot is alike. */
#define RTC_EPOCH 1577836800

/* A kernel that faults while it boots would do so for ever. */
#define RESETS_MAX 16u

/* Decoded code: all that a guest runs, or what it runs before the processor can take over. */
#define CACHE_INTERP (8ull * 1024 * 1024)
#define CACHE_TRAP   (512ull * 1024)

#define RAM_ALIGN (2ull * 1024 * 1024)

/* What a VM takes from the host while it is made, so that one that fails gives it all back. */
struct claims {
    unsigned count;
    struct {
        uint64_t hpa, bytes;
    } pieces[8];
};

/* Cleared memory in the direct map, or NULL. */
static void *claim(struct claims *claims, uint64_t bytes, uint64_t align)
{
    uint64_t hpa = frames_alloc(bytes, align);
    if (!hpa)
        return NULL;
    claims->pieces[claims->count].hpa = hpa;
    claims->pieces[claims->count++].bytes = bytes;
    return memset(direct_map(hpa), 0, bytes);
}

static void give_back(const struct claims *claims)
{
    for (unsigned i = 0; i < claims->count; i++)
        frames_free(claims->pieces[i].hpa, claims->pieces[i].bytes);
}

/* With a canary on either side; what the alignment leaves in front of the first one is given back.
 */
static bool create_memory(struct vm *vm, struct claims *claims)
{
    uint64_t hpa = frames_alloc(RAM_ALIGN + vm->config.mem + CANARY_BYTES, RAM_ALIGN);
    if (!hpa)
        return false;
    frames_free(hpa, RAM_ALIGN - CANARY_BYTES);
    claims->pieces[claims->count].hpa = hpa + RAM_ALIGN - CANARY_BYTES;
    claims->pieces[claims->count++].bytes = vm->config.mem + 2 * CANARY_BYTES;
    guest_memory_init(&vm->memory, direct_map(hpa + RAM_ALIGN), vm->config.mem);
    canary_plant(&vm->memory);
    return true;
}

static bool create_shadow(struct vm *vm, struct claims *claims)
{
    uint64_t frames = vm->memory.bytes / PAGE_SIZE;
    struct shadow_config config = {
        .pool.count = SHADOW_PAGES_MIN + (unsigned)(frames / FRAMES_PER_SHADOW_PAGE),
        .ram_frames = frames,
        .monitor_pml4 = monitor_pml4(),
        .user_views = vm->config.user == USER_EXPOSED,
        .protection_keys = cpu_features()->pku,
        .rsvd_sets_p = host_model()->policy.rsvd_pf_has_p,
    };
    config.pool.pages = claim(claims, (uint64_t)config.pool.count * PAGE_SIZE, FRAME_SIZE);
    config.memory = claim(claims, shadow_memory_size(config.pool.count, frames), FRAME_SIZE);
    if (!config.pool.pages || !config.memory)
        return false;
    config.pool.pages_hpa = direct_map_hpa(config.pool.pages);
    vm->shadow = shadow_init(&config, &world_shadow_ops, vm);
    vm->generation = shadow_generation(vm->shadow);
    return true;
}

static bool create_views(struct vm *vm, struct claims *claims)
{
    uint64_t frames = vm->memory.bytes / PAGE_SIZE;
    uint64_t wanted = frames / FRAMES_PER_VIEW;
    unsigned count = wanted < VIEWS_MAX ? (unsigned)wanted : VIEWS_MAX;
    void *memory = claim(claims, views_memory_size(count, frames), FRAME_SIZE);
    if (memory)
        views_init(&vm->views, memory, count, frames);
    return memory;
}

static bool create_cache(struct vm *vm, struct claims *claims)
{
    struct cpu_cache_config config = {
        .size = vm->config.engine == ENGINE_INTERP ? CACHE_INTERP : CACHE_TRAP,
        .generation = vm->generation,
    };
    config.memory = claim(claims, config.size, FRAME_SIZE);
    vm->cache = config.memory ? cpu_cache_init(&config) : NULL;
    return vm->cache;
}

/* Only a VM that is traced has a ring. */
static bool create_trace(struct vm *vm, struct claims *claims)
{
    if (!vm->config.trace)
        return true;
    vm->trace.entries = claim(claims, TRACE_BYTES, FRAME_SIZE);
    vm->trace.mask = vm->config.trace;
    return vm->trace.entries;
}

struct vm *vm_create(const struct vm_config *config, const struct vm_image *image,
                     struct load_error *error)
{
    struct claims claims = {0};
    struct vm *vm = claim(&claims, sizeof(*vm), FRAME_SIZE);
    if (vm) {
        vm->config = *config;
        vm->image = *image;
        vm->vcpu.vm = vm;
        if (create_memory(vm, &claims) && create_shadow(vm, &claims) && create_views(vm, &claims) &&
            create_cache(vm, &claims) && create_trace(vm, &claims))
            return vm;
    }
    give_back(&claims);
    refuse(error, "mem", "more memory than the host has free",
           "give the VM less, or the host more (QEMU: -m)");
    return NULL;
}

/* x87 and SSE as after FNINIT and RESET (SDM vol. 3, table 9-1; layout: vol. 1, table 10-2). */
static void reset_fpu(struct fxsave_area *fpu)
{
    const uint16_t control_word = 0x037f;
    const uint32_t mxcsr = 0x1f80;
    memset(fpu, 0, sizeof(*fpu));
    memcpy(fpu->bytes, &control_word, sizeof(control_word));
    memcpy(fpu->bytes + 24, &mxcsr, sizeof(mxcsr));
}

void vm_boot(struct vm *vm)
{
    const struct pc_config config = {
        .ram_bytes = (uint32_t)vm->memory.bytes,
        .disk = vm->image.disk,
        .rtc_epoch = RTC_EPOCH,
    };
    if (!vm->counters.started_tsc)
        counters_init(&vm->counters, rdtsc());
    memset(vm->memory.ram, 0, vm->memory.bytes);
    cpu_cache_distrust(vm->cache);
    vm->memory.a20 = true;
    shadow_reset(vm->shadow);
    views_reset(&vm->views);
    pc_init(&vm->pc, &config, &world_pc_host, vm);
    cpu_reset(&vm->vcpu.cpu, host_model());
    reset_fpu(&vm->fpu);
    vm->fpu_stale = true;
    vm->vcpu.view = VIEW_KERNEL;
    vm->alarm = CLOCK_NEVER;
    vm->slice_end = vm->slice_tsc = CLOCK_NEVER;
    memset(&vm->line, 0, sizeof(vm->line));
    vm->screen_due = 0;
    lockstep_begin(vm);
    image_boot(vm);
    vcpu_invalidate(&vm->vcpu);
    vm_reschedule(vm);
    vm->state = VM_RUNNING;
}

void vm_restart(struct vm *vm)
{
    if (++vm->resets > RESETS_MAX) {
        vm_end(vm, "reset too often");
        return;
    }
    console_printf("umbra: %s: reset\n", vm->config.name);
    vm_boot(vm);
}

void vm_end(struct vm *vm, const char *why)
{
    if (vm->owns_console)
        screen_show(vm);
    console_printf("umbra: %s: ended: %s\n", vm->config.name, why);
    console_printf("umbra: %s: memory canaries %s\n", vm->config.name,
                   canary_intact(&vm->memory) ? "intact" : "BROKEN");
    lockstep_end(vm);
    trace_dump(vm, TRACE_ENTRIES);
    report_counters(vm);
    report_json(vm);
    vm->state = VM_ENDED;
}
