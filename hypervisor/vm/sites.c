#include "hypervisor/vm/sites.h"

#include <stddef.h>

#include "emulate/cpu/exec.h"
#include "hypervisor/vm/vm.h"
#include "hypervisor/vm/world.h"

static uint32_t linear_eip(const struct vcpu *vcpu)
{
    return vcpu->cpu.seg[SEG_CS].base + vcpu->cpu.eip;
}

static struct site *slot_of(const struct vcpu *vcpu, uint32_t lin)
{
    uint32_t hash = lin ^ lin >> 12 ^ (uint32_t)(vcpu->loaded_root >> 12);
    return &vcpu->vm->sites.table[hash % SITES];
}

static bool same_bytes(const struct site *site)
{
    unsigned i;
    for (i = 0; i < site->in_page; i++) {
        if (site->source[i] != site->insn.bytes[i])
            return false;
    }
    for (; i < site->insn.length; i++) {
        if (site->tail[i - site->in_page] != site->insn.bytes[i])
            return false;
    }
    return true;
}

const struct insn *sites_find(const struct vcpu *vcpu)
{
    uint32_t lin = linear_eip(vcpu);
    const struct site *site = slot_of(vcpu, lin);
    if (!site->source || site->lin != lin || site->root != vcpu->loaded_root ||
        site->generation != vcpu->tlb_generation || site->user != (vcpu->cpu.cpl == 3) ||
        !cpu_code32(&vcpu->cpu))
        return NULL;
    return same_bytes(site) ? &site->insn : NULL;
}

/* Where the guest's byte at lin lies, or NULL. Fetching has translated lin already. */
static const uint8_t *byte_at(struct vcpu *vcpu, uint32_t lin)
{
    struct shadow_access out;
    unsigned access = vcpu->cpu.cpl == 3 ? SHADOW_ACCESS_USER : 0;
    if (shadow_translate(vcpu->vm->shadow, lin, access, &out) != SHADOW_FILLED)
        return NULL;
    const uint8_t *frame = guest_frame_bytes(&vcpu->vm->memory, out.gpa / PAGE_SIZE);
    return frame ? frame + out.gpa % PAGE_SIZE : NULL;
}

static void remember(struct vcpu *vcpu, struct site *site, uint32_t lin)
{
    unsigned room = PAGE_SIZE - lin % PAGE_SIZE;
    unsigned length = site->insn.length;
    bool crosses = length > room;
    site->in_page = (uint8_t)(crosses ? room : length);
    site->tail = crosses ? byte_at(vcpu, lin + room) : NULL;
    site->source = byte_at(vcpu, lin);
    if (crosses && !site->tail)
        site->source = NULL;
    site->root = vcpu->loaded_root;
    site->generation = vcpu->tlb_generation;
    site->lin = lin;
    site->user = vcpu->cpu.cpl == 3;
}

const struct insn *sites_fetch(struct vcpu *vcpu, struct event *fault)
{
    uint32_t lin = linear_eip(vcpu);
    struct site *site = slot_of(vcpu, lin);
    site->source = NULL;
    if (cpu_fetch(&vcpu->cpu, &world_cpu_ops, vcpu->vm, &site->insn, fault) != CPU_OK)
        return NULL;
    if (cpu_code32(&vcpu->cpu))
        remember(vcpu, site, lin);
    return &site->insn;
}
