#include "pit.h"

#include "pc.h"
#include "time.h"

#include <string.h>

#define ACCESS_LATCH 0u
#define ACCESS_LOW   1u
#define ACCESS_HIGH  2u
#define ACCESS_BOTH  3u

/* Edges that pit_tick() plays one by one before it jumps: enough for a fall and a rise. */
#define MAX_EDGES_PER_TICK 4

static uint64_t elapsed_ticks(const struct pit_channel *ch, uint64_t now_ns)
{
    return ns_to_ticks(now_ns - ch->load_ns, PIT_HZ);
}

/* The counting element. Modes 2 and 3 reload, the others run on through zero; BCD counts are not
 * distinguished (as in the machine this board is compared with). */
static uint16_t current_count(const struct pit_channel *ch, uint64_t now_ns)
{
    uint64_t ticks = elapsed_ticks(ch, now_ns);

    switch (ch->mode) {
    case 0:
    case 1:
    case 4:
    case 5:
        return (uint16_t)(ch->count - ticks);
    case 3:
        return (uint16_t)(ch->count - 2 * ticks % ch->count);
    default:
        return (uint16_t)(ch->count - ticks % ch->count);
    }
}

/* The OUT pin. The pulse of mode 2 is seen inverted (high for the one tick it lasts), so that its
 * rising edge interrupts at the end of each period. */
static bool output(const struct pit_channel *ch, uint64_t now_ns)
{
    uint64_t ticks = elapsed_ticks(ch, now_ns);

    switch (ch->mode) {
    case 1:
        return ticks < ch->count;
    case 2:
        return ticks != 0 && ticks % ch->count == 0;
    case 3:
        return ticks % ch->count < (ch->count + 1) / 2;
    case 4:
    case 5:
        return ticks == ch->count;
    default:
        return ticks >= ch->count;
    }
}

/* Ticks from the load to the next change of OUT after `ticks`; UINT64_MAX when there is none. */
static uint64_t next_edge_ticks(const struct pit_channel *ch, uint64_t ticks)
{
    uint64_t phase = ticks % ch->count;
    uint64_t period_start = ticks - phase;
    uint64_t half = (ch->count + 1) / 2;

    switch (ch->mode) {
    case 2:
        return period_start + ch->count + (phase == 0 && ticks != 0 ? 0 : 1);
    case 3:
        return period_start + (phase < half ? half : ch->count);
    case 4:
    case 5:
        return ticks <= ch->count ? ch->count + (ticks == ch->count) : UINT64_MAX;
    default:
        return ticks < ch->count ? ch->count : UINT64_MAX;
    }
}

/* Sets IRQ0 to the level OUT0 has at `at_ns` and plans the next edge. */
static void update_irq(struct pit *pit, uint64_t at_ns)
{
    const struct pit_channel *ch = &pit->channel[0];
    uint64_t edge = next_edge_ticks(ch, elapsed_ticks(ch, at_ns));

    irq_line_set(&pit->irq, output(ch, at_ns));
    if (edge == UINT64_MAX) {
        pit->next_edge_ns = PC_NEVER;
        return;
    }
    pit->next_edge_ns = ch->load_ns + ticks_to_ns(edge, PIT_HZ);
    if (pit->next_edge_ns <= at_ns) {
        pit->next_edge_ns = at_ns + 1; /* ticks_to_ns() rounds down */
    }
}

void pit_tick(struct pit *pit, uint64_t now_ns)
{
    for (int edges = 0; pit->next_edge_ns <= now_ns; edges++) {
        update_irq(pit, edges < MAX_EDGES_PER_TICK ? pit->next_edge_ns : now_ns);
    }
}

/* The edge after a falling one rises; a planned edge at which OUT0 is high rises itself. */
uint64_t pit_deadline(const struct pit *pit)
{
    const struct pit_channel *ch = &pit->channel[0];
    uint64_t at_ns = pit->next_edge_ns;

    if (at_ns == PC_NEVER || output(ch, at_ns)) {
        return at_ns;
    }
    uint64_t edge = next_edge_ticks(ch, elapsed_ticks(ch, at_ns));
    return edge == UINT64_MAX ? PC_NEVER : ch->load_ns + ticks_to_ns(edge, PIT_HZ);
}

static void restart(struct pit *pit, struct pit_channel *ch, uint64_t now_ns)
{
    ch->load_ns = now_ns;
    if (ch == &pit->channel[0]) {
        update_irq(pit, now_ns);
    }
}

static void load_count(struct pit *pit, struct pit_channel *ch, uint16_t value, uint64_t now_ns)
{
    ch->count = value ? value : 0x10000u;
    restart(pit, ch, now_ns);
}

void pit_init(struct pit *pit, struct irq_line irq, uint64_t now_ns)
{
    memset(pit, 0, sizeof(*pit));
    pit->irq = irq;
    for (unsigned i = 0; i < 3; i++) {
        pit->channel[i].mode = 3;
        pit->channel[i].gate = i != 2;
        load_count(pit, &pit->channel[i], 0, now_ns);
    }
}

static void latch_count(struct pit_channel *ch, uint64_t now_ns)
{
    if (ch->latch_left == 0) {
        ch->latched_count = current_count(ch, now_ns);
        ch->latch_left = ch->access;
    }
}

static void latch_status(struct pit_channel *ch, uint64_t now_ns)
{
    if (!ch->status_latched) {
        ch->status = (uint8_t)(output(ch, now_ns) << 7 | ch->access << 4 | ch->mode << 1 | ch->bcd);
        ch->status_latched = true;
    }
}

/* Both latch bits are active low; bits 3:1 choose the channels. */
static void read_back(struct pit *pit, uint8_t value, uint64_t now_ns)
{
    for (unsigned i = 0; i < 3; i++) {
        if (!(value & (2u << i))) {
            continue;
        }
        if (!(value & 0x20u)) {
            latch_count(&pit->channel[i], now_ns);
        }
        if (!(value & 0x10u)) {
            latch_status(&pit->channel[i], now_ns);
        }
    }
}

static void write_control(struct pit *pit, uint8_t value, uint64_t now_ns)
{
    unsigned select = value >> 6;
    unsigned access = (value >> 4) & 3u;

    if (select == 3) {
        read_back(pit, value, now_ns);
        return;
    }
    struct pit_channel *ch = &pit->channel[select];
    if (access == ACCESS_LATCH) {
        latch_count(ch, now_ns);
        return;
    }
    ch->access = (uint8_t)access;
    ch->mode = (value >> 1) & 7u;
    ch->bcd = value & 1u;
    ch->read_high_next = false;
    ch->write_high_next = false;
}

void pit_out(struct pit *pit, unsigned offset, uint8_t value, uint64_t now_ns)
{
    if ((offset & 3u) == 3) {
        write_control(pit, value, now_ns);
        return;
    }
    struct pit_channel *ch = &pit->channel[offset & 3u];
    switch (ch->access) {
    case ACCESS_HIGH:
        load_count(pit, ch, (uint16_t)(value << 8), now_ns);
        break;
    case ACCESS_BOTH:
        if (ch->write_high_next) {
            load_count(pit, ch, (uint16_t)(value << 8 | ch->write_low), now_ns);
        } else {
            ch->write_low = value;
        }
        ch->write_high_next = !ch->write_high_next;
        break;
    default:
        load_count(pit, ch, value, now_ns);
        break;
    }
}

static uint8_t read_latched(struct pit_channel *ch)
{
    bool high = ch->latch_left == ACCESS_HIGH;
    ch->latch_left = ch->latch_left == ACCESS_BOTH ? ACCESS_HIGH : 0;
    return (uint8_t)(high ? ch->latched_count >> 8 : ch->latched_count);
}

uint8_t pit_in(struct pit *pit, unsigned offset, uint64_t now_ns)
{
    if ((offset & 3u) == 3) {
        return 0;
    }
    struct pit_channel *ch = &pit->channel[offset & 3u];
    if (ch->status_latched) {
        ch->status_latched = false;
        return ch->status;
    }
    if (ch->latch_left) {
        return read_latched(ch);
    }
    bool high = ch->access == ACCESS_HIGH || (ch->access == ACCESS_BOTH && ch->read_high_next);
    if (ch->access == ACCESS_BOTH) {
        ch->read_high_next = !ch->read_high_next;
    }
    uint16_t count = current_count(ch, now_ns);
    return (uint8_t)(high ? count >> 8 : count);
}

uint8_t pit_port61_in(struct pit *pit, uint64_t now_ns)
{
    const struct pit_channel *ch = &pit->channel[2];
    pit->refresh = !pit->refresh;
    return (uint8_t)(ch->gate | pit->speaker_data << 1 | pit->refresh << 4 |
                     output(ch, now_ns) << 5);
}

/* A rising gate restarts modes 1, 2, 3 and 5; a low gate does not stop the count (as in the machine
 * this board is compared with). */
void pit_port61_out(struct pit *pit, uint8_t value, uint64_t now_ns)
{
    struct pit_channel *ch = &pit->channel[2];
    bool gate = value & 1u;
    bool restarts = ch->mode == 1 || ch->mode == 2 || ch->mode == 3 || ch->mode == 5;

    if (gate && !ch->gate && restarts) {
        restart(pit, ch, now_ns);
    }
    ch->gate = gate;
    pit->speaker_data = value & 2u;
}
