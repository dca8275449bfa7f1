#include "look.h"

#include "hypervisor/vm/vm.h"
#include "hypervisor/vm/world.h"

static unsigned in_page(uint32_t gva, unsigned count)
{
    unsigned room = PAGE_SIZE - gva % PAGE_SIZE;
    return count < room ? count : room;
}

unsigned look_read(struct vm *vm, uint32_t gva, void *bytes, unsigned count)
{
    unsigned done = 0;
    struct walk walk;
    while (done < count && world_walk_quietly(vm, gva + done, &walk)) {
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
        if (!world_walk_quietly(vm, gva + done, &walk))
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
        world_walk_quietly(vm, gva + done, &walk);
        gpa_write(vm, walk.gpa, (const uint8_t *)bytes + done, part);
        done += part;
    }
    return true;
}
