/* A guest that reads and writes ports, mostly where a chip answers, while time goes on and bytes
 * come in. */
#include "emulate/pc/board.h"
#include "emulate/pc/bus.h"
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

enum action {
    OUT,
    OUT_MANY,
    OUT_EACH,
    IN,
    IN_MANY,
    LET_TIME_PASS,
    TYPE,
    FPU_ERROR,
    TAKE_INTERRUPT,
    ACTIONS
};

#define ANY_PORT 0xf8u /* in most of the rest a chip answers */
#define SECTORS  100u

static uint16_t some_port(struct input *input)
{
    unsigned which = take(input, 1);
    if (which >= ANY_PORT)
        return (uint16_t)take(input, 2);
    const struct bus_range *chip = &bus_map[which % bus_map_length];
    return (uint16_t)(chip->first + take(input, 1) % (chip->last - chip->first + 1u));
}

/* A REP INS or OUTS goes through a sector. */
static void access(struct pc *pc, bool out, unsigned count, struct input *input)
{
    unsigned size = 1u << take(input, 1) % 3;
    uint16_t port = some_port(input);
    uint32_t value = out ? take(input, size) : 0;
    while (count--) {
        if (out)
            pc_out(pc, port, size, value);
        else
            pc_in(pc, port, size);
    }
}

/* As a driver does: all registers of a chip, upwards. */
static void program(struct pc *pc, struct input *input)
{
    const struct bus_range *chip = &bus_map[take(input, 1) % bus_map_length];
    for (unsigned port = chip->first; port <= chip->last && input->size; port++)
        pc_out(pc, (uint16_t)port, 1, take(input, 1));
}

static void act(struct pc *pc, struct outside *outside, struct input *input)
{
    unsigned action = take(input, 1) % ACTIONS;
    switch (action) {
    case OUT:
    case IN:
        access(pc, action == OUT, 1, input);
        break;
    case OUT_MANY:
    case IN_MANY:
        access(pc, action == OUT_MANY, take(input, 1) & 1 ? ATA_SECTOR / 2 : 6, input);
        break;
    case OUT_EACH:
        program(pc, input);
        break;
    case LET_TIME_PASS:
        outside->now += (uint64_t)take(input, 2) << take(input, 1) % 24;
        pc_tick(pc);
        REQUIRE(pc_deadline(pc) == PC_NEVER || pc_deadline(pc) > outside->now);
        break;
    case TYPE:
        pc_serial_in(pc, (uint8_t)take(input, 1));
        pc_keyboard_in(pc, (uint8_t)take(input, 1));
        break;
    case FPU_ERROR:
        pc_fpu_error(pc);
        break;
    default:
        if (pc_intr(pc))
            pc_intr_ack(pc);
    }
}

/* The disk has its memory exactly: what leaves it is seen. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pc pc;
    uint8_t *disk = calloc(SECTORS, ATA_SECTOR);
    const struct pc_config config = {
        .ram_bytes = 64u << 20,
        .disk = {disk, size % 2 ? 0 : SECTORS},
        .rtc_epoch = 1577836800,
    };
    struct outside outside = {0};
    struct input input = {data, size};
    REQUIRE(disk);
    pc_init(&pc, &config, &host, &outside);
    while (input.size)
        act(&pc, &outside, &input);
    free(disk);
    return 0;
}
