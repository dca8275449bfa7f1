#include "look.h"

#include "hypervisor/vm/vm.h"

static uint32_t read_entry(void *world, uint64_t gpa)
{
    uint32_t entry;
    gpa_read(world, gpa, &entry, sizeof(entry));
    return entry;
}

static void leave_entry(void *world, uint64_t gpa, uint32_t value)
{
    (void)world;
    (void)gpa;
    (void)value;
}

static const struct shadow_ops quiet_ops = {.read_entry = read_entry, .write_entry = leave_entry};

bool look_walk(struct vm *vm, uint32_t gva, struct walk *walk)
{
    const struct cpu *cpu = &vm->vcpu.cpu;
    const struct walk_tables tables = {
        .ops = &quiet_ops,
        .world = vm,
        .mode = {.paging = cpu->cr0 & CR0_PG, .pse = cpu->cr4 & CR4_PSE},
        .cr3 = cpu->cr3,
    };
    return shadow_walk(&tables, gva, 0, walk);
}

static unsigned in_page(uint32_t gva, unsigned count)
{
    unsigned room = PAGE_SIZE - gva % PAGE_SIZE;
    return count < room ? count : room;
}

unsigned look_read(struct vm *vm, uint32_t gva, void *bytes, unsigned count)
{
    unsigned done = 0;
    struct walk walk;
    while (done < count && look_walk(vm, gva + done, &walk)) {
        unsigned part = in_page(gva + done, count - done);
        gpa_read(vm, walk.gpa, (uint8_t *)bytes + done, part);
        done += part;
    }
    return done;
}

static bool all_mapped(struct vm *vm, uint32_t gva, unsigned count)
{
    struct walk walk;
    for (unsigned done = 0; done < count; done += in_page(gva + done, count - done)) {
        if (!look_walk(vm, gva + done, &walk))
            return false;
    }
    return true;
}

bool look_write(struct vm *vm, uint32_t gva, const void *bytes, unsigned count)
{
    struct walk walk;
    if (!all_mapped(vm, gva, count))
        return false;
    for (unsigned done = 0; done < count;) {
        unsigned part = in_page(gva + done, count - done);
        look_walk(vm, gva + done, &walk);
        gpa_write(vm, walk.gpa, (const uint8_t *)bytes + done, part);
        done += part;
    }
    return true;
}
