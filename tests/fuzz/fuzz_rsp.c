/* Whatever arrives on the debugger's line: no request reaches the target with a number or a size
 * that is out of range, and no reply is longer than announced. Also the prompt's line. */
#include <string.h>

#include "fuzz.h"
#include "hypervisor/debug/line.h"
#include "hypervisor/debug/rsp.h"

static struct rsp rsp;

static void sent(void *target, const char *bytes, unsigned count)
{
    (void)target;
    REQUIRE(count <= sizeof(rsp.out.bytes));
    volatile char last = count ? bytes[count - 1] : 0;
    (void)last;
}

static bool read_register(void *target, unsigned number, uint32_t *value)
{
    (void)target;
    REQUIRE(number < DEBUG_REGISTERS);
    *value = number * 0x01010101u;
    return number % 3;
}

static bool write_register(void *target, unsigned number, uint32_t value)
{
    (void)target;
    (void)value;
    REQUIRE(number < DEBUG_REGISTERS);
    return number % 2;
}

static unsigned read_memory(void *target, uint32_t gva, uint8_t *bytes, unsigned count)
{
    (void)target;
    REQUIRE(count <= RSP_DATA_MAX);
    memset(bytes, (int)gva, count);
    return gva % 2 ? count : count / 2;
}

static bool write_memory(void *target, uint32_t gva, const uint8_t *bytes, unsigned count)
{
    (void)target;
    REQUIRE(count <= RSP_DATA_MAX);
    volatile uint8_t last = count ? bytes[count - 1] : 0;
    (void)last;
    return gva % 2;
}

static bool set_point(void *target, enum rsp_point kind, uint32_t gva, uint32_t length, bool on)
{
    (void)target;
    (void)length;
    REQUIRE(kind < RSP_POINTS);
    return on && gva % 2;
}

static void resume(void *target, bool step)
{
    (void)target;
    rsp_report(&rsp, &(struct rsp_stop){.kind = step ? RSP_STOP_STEP : RSP_STOP_INTERRUPT});
}

static void nothing(void *target)
{
    (void)target;
}

static struct rsp_stop last_stop(void *target)
{
    (void)target;
    return (struct rsp_stop){.kind = RSP_STOP_POINT, .point = RSP_WATCH, .address = 0xfffffffc};
}

/* Answers with more than a packet holds. */
static void command(void *target, char *line)
{
    (void)target;
    for (unsigned i = 0; i < PACKET_MAX; i++)
        rsp_print(&rsp, line[0]);
}

static const struct rsp_ops ops = {
    .send = sent,
    .read_register = read_register,
    .write_register = write_register,
    .read_memory = read_memory,
    .write_memory = write_memory,
    .set_point = set_point,
    .resume = resume,
    .interrupt = nothing,
    .last_stop = last_stop,
    .detach = nothing,
    .kill = nothing,
    .command = command,
};

/* The input as it is, and as one packet with the right checksum: without that hardly any is read.
 */
static void take_packets(const uint8_t *data, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t sum = 0;
    rsp_init(&rsp, &ops, NULL);
    for (size_t i = 0; i < size; i++)
        rsp_take(&rsp, data[i]);
    rsp_init(&rsp, &ops, NULL);
    rsp_take(&rsp, '$');
    for (size_t i = 0; i < size && data[i] != '#'; i++) {
        sum = (uint8_t)(sum + data[i]);
        rsp_take(&rsp, data[i]);
    }
    rsp_take(&rsp, '#');
    rsp_take(&rsp, (uint8_t)digits[sum >> 4]);
    rsp_take(&rsp, (uint8_t)digits[sum & 15]);
}

static void take_keys(const uint8_t *data, size_t size)
{
    struct line line = {0};
    for (size_t i = 0; i < size; i++) {
        if (line_key(&line, data[i]) != LINE_DONE)
            continue;
        char *words[WORDS_MAX];
        uint32_t number;
        if (line_words(line.text, words))
            line_number(words[0], &number);
        line_clear(&line);
    }
    REQUIRE(strlen(line.text) == line.length && line.length < LINE_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    take_packets(data, size);
    take_keys(data, size);
    return 0;
}
