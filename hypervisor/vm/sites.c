#include "hypervisor/vm/sites.h"

#include <stddef.h>
#include <string.h>

#include "hypervisor/vm/vm.h"
#include "hypervisor/vm/world.h"

static uint32_t linear_eip(const struct vcpu *vcpu)
{
    return vcpu->cpu.seg[SEG_CS].base + vcpu->cpu.eip;
}

static struct site *slot_of(const struct vcpu *vcpu, uint64_t space, uint32_t lin)
{
    uint32_t hash = lin ^ (uint32_t)space;
    struct site *slot = &vm_of(vcpu)->sites.table[hash % SITES];
    __asm__("" : "+r"(slot)); /* one address: not made anew for each of its fields */
    return slot;
}

/* Rings 0 to 2 see the same, and an instruction at CPL 3 is in a space of its own while it runs
 * natively. */
static bool is_here(const struct vcpu *vcpu, uint64_t space, const struct site *site, uint32_t lin)
{
    return site->lin == lin && site->space == space && cpu_code32(&vcpu->cpu);
}

/* Reads past the end of the instruction, and past that of the guest's memory at the worst: a canary
 * lies there. */
static bool same_bytes(const struct site *site)
{
    uint64_t bytes;
    memcpy(&bytes, site->source, sizeof(bytes));
    return !((bytes ^ site->bytes) & site->mask);
}

static bool same_scattered(const struct site *site)
{
    const struct insn *insn = &site->insn;
    return !memcmp(site->source, insn->bytes, site->in_page) &&
           !memcmp(site->tail, insn->bytes + site->in_page, insn->length - site->in_page);
}

static inline struct site *hit_in(const struct vcpu *vcpu, uint64_t space)
{
    uint32_t lin = linear_eip(vcpu);
    struct site *site = slot_of(vcpu, space, lin);
    return is_here(vcpu, space, site, lin) && site->quick && same_bytes(site) ? site : NULL;
}

inline struct site *sites_hit(const struct vcpu *vcpu)
{
    return hit_in(vcpu, vcpu->space);
}

struct site *sites_next(const struct vcpu *vcpu)
{
    const struct code_space *space = &vcpu->spaces[vcpu_view(vcpu)];
    return space->generation == *vm_of(vcpu)->generation ? hit_in(vcpu, space->name) : NULL;
}

struct site *sites_find(const struct vcpu *vcpu)
{
    uint32_t lin = linear_eip(vcpu);
    struct site *site = slot_of(vcpu, vcpu->space, lin);
    if (!is_here(vcpu, vcpu->space, site, lin) || site->cpl != vcpu->cpu.cpl)
        return NULL;
    return (site->mask ? same_bytes(site) : same_scattered(site)) ? site : NULL;
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
    site->source = byte_at(vcpu, lin);
    site->tail = crosses ? byte_at(vcpu, lin + room) : site->source;
    if (!site->source || !site->tail)
        return;
    site->in_page = (uint8_t)(crosses ? room : length);
    memcpy(&site->bytes, site->insn.bytes, sizeof(site->bytes));
    bool scattered = crosses || length > sizeof(site->bytes);
    site->mask = scattered ? 0 : UINT64_MAX >> (64 - 8 * length);
    site->space = vcpu->space;
    bool native = site->cpl == 3 && !vcpu_exposes_user(vcpu);
    if (!scattered && (native || !insn_harmless(&site->insn)))
        site->quick = site->cpl == 3 ? EXIT_USER_TRAP : EXIT_SENSITIVE;
}

struct site *sites_fetch(struct vcpu *vcpu, struct event *fault)
{
    uint32_t lin = linear_eip(vcpu);
    struct site *site = slot_of(vcpu, vcpu->space, lin);
    site->space = 0;
    site->quick = EXIT_OTHER;
    site->lin = lin;
    site->cpl = vcpu->cpu.cpl;
    if (cpu_fetch(&vcpu->cpu, &world_cpu_ops, vcpu->vm, &site->insn, fault) != CPU_OK)
        return NULL;
    site->goes_on = site->insn.rep;
    site->handler = cpu_handler(&vcpu->cpu, &site->insn);
    if (cpu_code32(&vcpu->cpu))
        remember(vcpu, site, lin);
    return site;
}
