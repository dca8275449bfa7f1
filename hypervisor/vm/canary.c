#include "hypervisor/vm/canary.h"

#define CANARY_WORDS (CANARY_BYTES / sizeof(uint64_t))

/* No two words are alike, so that a copied or moved one shows as well. */
static uint64_t pattern(uint64_t i)
{
    return 0xc0a1a4e5deadfa11ull ^ i * 0x9e3779b97f4a7c15ull;
}

static uint64_t *word(const struct guest_memory *memory, uint64_t i)
{
    uint8_t *frame = i < CANARY_WORDS ? memory->ram - CANARY_BYTES : memory->ram + memory->bytes;
    return (uint64_t *)(void *)frame + i % CANARY_WORDS;
}

void canary_plant(const struct guest_memory *memory)
{
    for (uint64_t i = 0; i < 2 * CANARY_WORDS; i++)
        *word(memory, i) = pattern(i);
}

bool canary_intact(const struct guest_memory *memory)
{
    for (uint64_t i = 0; i < 2 * CANARY_WORDS; i++)
        if (*word(memory, i) != pattern(i))
            return false;
    return true;
}
