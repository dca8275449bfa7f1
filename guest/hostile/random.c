/* Numbers from the seed, and what they are made into. */
#include "hostile.h"

static uint32_t state = 1;

void random_seed(uint32_t value)
{
    state = (value + 1) * 2654435761u | 1;
    for (int i = 0; i < 8; i++)
        random32();
}

/* Marsaglia's xorshift. */
uint32_t random32(void)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

uint32_t below(uint32_t n)
{
    return (uint32_t)((uint64_t)random32() * n >> 32);
}

bool one_in(uint32_t n)
{
    return below(n) == 0;
}

uint32_t random_address(void)
{
    static const uint32_t edges[] = {
        0,          1,          0xFFF,      0x1000,     0x9FFFF,    0xA0000,    0xB8000,
        0xBFFFF,    0xC0000,    0xFFFFF,    0x100000,   0xFFFFFF,   0x1000000,  0x2000000,
        0x7FFFFFFF, 0x80000000, 0xBFFFFFFF, 0xE0000000, 0xFEC00000, 0xFEE00000, 0xFFC00000,
        0xFFFE0000, 0xFFFFF000, 0xFFFFFFFC, 0xFFFFFFFF, PLAYGROUND, ARENA,      LOW_ARENA};

    switch (below(8)) {
    case 0:
        return random32();
    case 1:
        return PICK(edges);
    case 2:
        return PICK(edges) - below(16);
    case 3:
        return below(0x10000);
    case 4:
        return PLAYGROUND + below(0x400000);
    case 5:
        return KERN_WINDOW + below(ARENA_SIZE);
    case 6:
        return USER_WINDOW + below(ARENA_SIZE);
    default:
        return ARENA + below(ARENA_SIZE);
    }
}

static uint64_t any_descriptor(void)
{
    static const uint16_t attributes[] = {
        ATTR_CODE0,     ATTR_DATA0,    ATTR_CODE3, ATTR_DATA3, ATTR_CODE0_16, ATTR_DATA0_16,
        ATTR_CODE3_16,  ATTR_DATA3_16, ATTR_DOWN0, ATTR_LDT,   ATTR_TSS,      ATTR_TASK_GATE,
        ATTR_CALL_GATE, ATTR_INT_GATE, 0xA09B,     0xE0FB,     0xA0FB,        0xC09F,
        0xC0FF,         0x0081,        0x008B};
    uint32_t attribute = PICK(attributes);

    if (one_in(4))
        return (uint64_t)random32() << 32 | random32();
    if (one_in(3))
        attribute ^= 1u << below(16);
    if (one_in(4))
        attribute |= ATTR_LONG;
    if (one_in(4))
        return gate(below(16) * 8, random_address(), attribute, below(32));
    return descriptor(one_in(2) ? random_address() : 0, one_in(2) ? 0xFFFFF : random32(),
                      attribute);
}

/* Tasks of random content would end the guest: that is for wild.c. */
uint64_t random_descriptor(void)
{
    uint64_t entry = any_descriptor();
    uint32_t attributes = (uint32_t)(entry >> 40) & 0xFF;

    if ((attributes & 0x15) == 1) /* a TSS of 16 or 32 bits, idle or busy */
        return descriptor((uint32_t)&tss_enter, 0x67 + below(64), attributes);
    return entry;
}

void random_registers(void)
{
    uint32_t *registers[] = {&start.eax, &start.ecx, &start.edx, &start.ebx,
                             &start.ebp, &start.esi, &start.edi};

    for (uint32_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
        *registers[i] = one_in(4) ? below(256) : random_address();
    if (one_in(2))
        start.ecx = below(64);
    if ((start.edx & 0xFFFF) < 256) /* no ports that reset or power off */
        start.edx &= 0x0F;
}
