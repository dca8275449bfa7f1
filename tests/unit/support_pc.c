#include "support_pc.h"

#include <stdlib.h>

static uint64_t now_ns(void *world)
{
    return ((struct bench *)world)->now_ns;
}

static void serial_out(void *world, uint8_t byte)
{
    struct bench *bench = world;
    bench->sent[bench->sent_length++ % sizeof(bench->sent)] = (char)byte;
}

static void power_off(void *world, uint32_t code)
{
    struct bench *bench = world;
    bench->power_offs++;
    bench->exit_code = code;
}

static void reset(void *world)
{
    ((struct bench *)world)->resets++;
}

static void a20_changed(void *world, bool enabled)
{
    (void)enabled;
    ((struct bench *)world)->a20_changes++;
}

int bench_setup(void **state)
{
    static const struct pc_host host = {now_ns, serial_out, power_off, reset, a20_changed};
    static const struct pc_config config = {.ram_bytes = 64u << 20, .rtc_epoch = 1577836800};
    struct bench *bench = calloc(1, sizeof(*bench));

    if (!bench) {
        return -1;
    }
    pc_init(&bench->pc, &config, &host, bench);
    *state = bench;
    return 0;
}

int bench_teardown(void **state)
{
    free(*state);
    return 0;
}

uint8_t bench_in(struct bench *bench, uint16_t port)
{
    return (uint8_t)pc_in(&bench->pc, port, 1);
}

void bench_out(struct bench *bench, uint16_t port, uint8_t value)
{
    pc_out(&bench->pc, port, 1, value);
}

void bench_advance(struct bench *bench, uint64_t ns)
{
    bench->now_ns += ns;
    pc_tick(&bench->pc);
}

void bench_program_pic(struct bench *bench)
{
    static const struct {
        uint16_t port;
        uint8_t value;
    } program[] = {
        {0x20, 0x11}, {0x21, 0x20}, {0x21, 0x04}, {0x21, 0x01}, {0x21, 0x00},
        {0xa0, 0x11}, {0xa1, 0x28}, {0xa1, 0x02}, {0xa1, 0x01}, {0xa1, 0x00},
    };
    for (unsigned i = 0; i < sizeof(program) / sizeof(program[0]); i++) {
        bench_out(bench, program[i].port, program[i].value);
    }
}
