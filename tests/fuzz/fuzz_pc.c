/* A guest that reads and writes any ports, while time goes on and bytes come in. */
#include "emulate/pc/board.h"
#include "fuzz.h"

struct outside {
    uint64_t now;
};

static uint64_t now_ns(void *world)
{
    return ((struct outside *)world)->now;
}

static void ignore_byte(void *world, uint8_t byte)
{
    (void)world;
    (void)byte;
}

static void ignore_code(void *world, uint32_t code)
{
    (void)world;
    (void)code;
}

static void ignore(void *world)
{
    (void)world;
}

static void ignore_line(void *world, bool enabled)
{
    (void)world;
    (void)enabled;
}

static const struct pc_host host = {
    .now_ns = now_ns,
    .serial_out = ignore_byte,
    .power_off = ignore_code,
    .reset = ignore,
    .a20_changed = ignore_line,
};

enum action { OUT, IN, LET_TIME_PASS, TYPE, TAKE_INTERRUPT, ACTIONS };

static void act(struct pc *pc, struct outside *outside, struct input *input)
{
    unsigned size = 1u << take(input, 1) % 3;
    uint16_t port;
    switch (take(input, 1) % ACTIONS) {
    case OUT:
        port = (uint16_t)take(input, 2);
        pc_out(pc, port, size, take(input, size));
        break;
    case IN:
        pc_in(pc, (uint16_t)take(input, 2), size);
        break;
    case LET_TIME_PASS:
        outside->now += (uint64_t)take(input, 2) << take(input, 1) % 24;
        pc_tick(pc);
        break;
    case TYPE:
        pc_serial_in(pc, (uint8_t)take(input, 1));
        pc_keyboard_in(pc, (uint8_t)take(input, 1));
        break;
    default:
        if (pc_intr(pc))
            pc_intr_ack(pc);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pc pc;
    static uint8_t disk[100 * ATA_SECTOR];
    const struct pc_config config = {
        .ram_bytes = 64u << 20,
        .disk = {disk, size % 2 ? 0 : sizeof(disk) / ATA_SECTOR},
        .rtc_epoch = 1577836800,
    };
    struct outside outside = {0};
    struct input input = {data, size};
    pc_init(&pc, &config, &host, &outside);
    while (input.size)
        act(&pc, &outside, &input);
    return 0;
}
