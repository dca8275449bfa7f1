#include "idt.h"

#include <stdint.h>

#include "emulate/cpu/cpu.h"
#include "asm.h"
#include "gdt.h"

/* A 64-bit gate (SDM vol. 3, figure 6-8). */
struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t ist;
    uint8_t type;
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t reserved;
};

_Static_assert(sizeof(struct gate) == 16, "SDM vol. 3, figure 6-8");

/* Present, DPL 0: INT n of the guest is #GP. An interrupt gate: the monitor runs with IF = 0. */
#define GATE_INTERRUPT 0x8e

static struct gate idt[VECTOR_COUNT] __attribute__((aligned(4096)));

static const uint8_t ist_of[VECTOR_COUNT] = {
    [EXC_DB] = IST_DB,
    [EXC_NMI] = IST_NMI,
    [EXC_DF] = IST_DF,
    [EXC_MC] = IST_MC,
};

extern const uint64_t entry_stubs[VECTOR_COUNT]; /* entry.asm */

void idt_init(void)
{
    const struct table_operand operand = {sizeof(idt) - 1, (uint64_t)idt};

    for (unsigned vector = 0; vector < VECTOR_COUNT; vector++) {
        uint64_t stub = entry_stubs[vector];

        idt[vector] = (struct gate){
            .offset_low = (uint16_t)stub,
            .selector = SELECTOR(SLOT_MONITOR_CS64, 0),
            .ist = ist_of[vector],
            .type = GATE_INTERRUPT,
            .offset_middle = (uint16_t)(stub >> 16),
            .offset_high = (uint32_t)(stub >> 32),
        };
    }
    lidt(&operand);
}
