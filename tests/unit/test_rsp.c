/* The GDB remote protocol: packets, checksums, every request, and requests that are wrong. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "hypervisor/debug/rsp.h"

/* --- a target of 256 bytes at 1000h --------------------------------------------------------------
 */

#define BASE 0x1000u

static struct {
    char sent[3 * PACKET_MAX];
    unsigned length;
    uint32_t registers[DEBUG_REGISTERS];
    uint8_t memory[256];
    enum rsp_point kind;
    uint32_t point, point_length;
    unsigned points;
    int resumed; /* -1: no, 0: continued, 1: stepped */
    bool interrupted, detached, killed;
    char command[64];
    struct rsp_stop stop;
} world;

static struct rsp rsp;

static void world_send(void *target, const char *bytes, unsigned count)
{
    assert_ptr_equal(target, &world);
    assert_true(world.length + count < sizeof(world.sent));
    memcpy(world.sent + world.length, bytes, count);
    world.length += count;
    world.sent[world.length] = '\0';
}

static bool world_read_register(void *target, unsigned number, uint32_t *value)
{
    (void)target;
    assert_true(number < DEBUG_REGISTERS);
    *value = world.registers[number];
    return number < DEBUG_ST0 || number >= DEBUG_CR0;
}

static bool world_write_register(void *target, unsigned number, uint32_t value)
{
    (void)target;
    assert_true(number < DEBUG_REGISTERS);
    if (number > DEBUG_EFLAGS)
        return false;
    world.registers[number] = value;
    return true;
}

static unsigned world_read_memory(void *target, uint32_t gva, uint8_t *bytes, unsigned count)
{
    (void)target;
    assert_true(count <= RSP_DATA_MAX);
    unsigned at = 0;
    for (; at < count && gva + at - BASE < sizeof(world.memory); at++)
        bytes[at] = world.memory[gva + at - BASE];
    return at;
}

static bool world_write_memory(void *target, uint32_t gva, const uint8_t *bytes, unsigned count)
{
    (void)target;
    if (gva < BASE || gva - BASE + count > sizeof(world.memory))
        return false;
    memcpy(world.memory + (gva - BASE), bytes, count);
    return true;
}

static bool world_set_point(void *target, enum rsp_point kind, uint32_t gva, uint32_t length,
                            bool on)
{
    (void)target;
    assert_true(kind < RSP_POINTS);
    if (on && world.points == 2)
        return false;
    world.points += on ? 1u : -1u;
    world.kind = kind;
    world.point = gva;
    world.point_length = length;
    return true;
}

static void world_resume(void *target, bool step)
{
    (void)target;
    world.resumed = step;
}

static void world_interrupt(void *target)
{
    (void)target;
    world.interrupted = true;
}

static struct rsp_stop world_last_stop(void *target)
{
    (void)target;
    return world.stop;
}

static void world_detach(void *target)
{
    (void)target;
    world.detached = true;
}

static void world_kill(void *target)
{
    (void)target;
    world.killed = true;
}

static void world_command(void *target, char *line)
{
    (void)target;
    snprintf(world.command, sizeof(world.command), "%s", line);
    for (const char *c = "hi\nyou"; *c; c++)
        rsp_print(&rsp, *c);
}

static const struct rsp_ops ops = {
    .send = world_send,
    .read_register = world_read_register,
    .write_register = world_write_register,
    .read_memory = world_read_memory,
    .write_memory = world_write_memory,
    .set_point = world_set_point,
    .resume = world_resume,
    .interrupt = world_interrupt,
    .last_stop = world_last_stop,
    .detach = world_detach,
    .kill = world_kill,
    .command = world_command,
};

static int setup(void **state)
{
    (void)state;
    memset(&world, 0, sizeof(world));
    world.resumed = -1;
    for (unsigned i = 0; i < sizeof(world.memory); i++)
        world.memory[i] = (uint8_t)i;
    rsp_init(&rsp, &ops, &world);
    return 0;
}

static void type(const char *bytes)
{
    for (; *bytes; bytes++)
        rsp_take(&rsp, (uint8_t)*bytes);
}

/* Sends a request in a packet, and returns the text of the reply behind its acknowledgement. */
static const char *ask(const char *request)
{
    static char reply[PACKET_MAX + 8];
    char packet[PACKET_MAX + 8];
    uint8_t sum = 0;
    unsigned claimed;
    for (const char *c = request; *c; c++)
        sum = (uint8_t)(sum + (uint8_t)*c);
    snprintf(packet, sizeof(packet), "$%s#%02x", request, sum);
    world.length = 0;
    world.sent[0] = '\0';
    type(packet);
    assert_int_equal(world.sent[0], '+');
    if (world.length == 1)
        return NULL;
    char *hash = strrchr(world.sent, '#');
    assert_non_null(hash);
    assert_int_equal(world.sent[1], '$');
    assert_int_equal(sscanf(hash + 1, "%2x", &claimed), 1);
    *hash = '\0';
    sum = 0;
    for (const char *c = world.sent + 2; *c; c++)
        sum = (uint8_t)(sum + (uint8_t)*c);
    if (!strchr(world.sent + 2, '#')) /* one packet, not several */
        assert_int_equal(sum, claimed);
    strcpy(reply, world.sent + 2);
    return reply;
}

/* --- packets -----------------------------------------------------------------------------------
 */

static void test_damaged_packets(void **state)
{
    (void)state;
    type("$g#00");
    assert_string_equal(world.sent, "-");
    type("$g#zz");
    assert_string_equal(world.sent, "--");
    type("$g#6");
    type("q");
    assert_string_equal(world.sent, "---");
    assert_string_equal(ask("qC"), "QC1"); /* none of it is left over */
}

static void test_too_long(void **state)
{
    (void)state;
    uint8_t sum = 0;
    char end[8];
    type("$");
    for (unsigned i = 0; i < PACKET_MAX + 10; i++, sum = (uint8_t)(sum + 'x'))
        type("x");
    snprintf(end, sizeof(end), "#%02x", sum);
    type(end);
    assert_string_equal(world.sent, "-");
}

static void test_between_packets(void **state)
{
    (void)state;
    assert_string_equal(ask("qC"), "QC1");
    world.length = 0;
    type("+noise");
    assert_int_equal(world.length, 0);
    type("-");
    assert_string_equal(world.sent, "$QC1#c5");
    type("\003");
    assert_true(world.interrupted);
    assert_false(rsp_take(&rsp, '\r'));
}

static void test_no_acks(void **state)
{
    (void)state;
    assert_string_equal(ask("QStartNoAckMode"), "OK");
    world.length = 0;
    type("$qC#b4");
    assert_string_equal(world.sent, "$QC1#c5");
}

static void test_numbers(void **state)
{
    (void)state;
    uint32_t value;
    const char *text = "ffffffff,";
    assert_true(hex_number(&text, &value));
    assert_int_equal(value, UINT32_MAX);
    assert_int_equal(*text, ',');
    text = "100000000";
    assert_false(hex_number(&text, &value));
    text = "";
    assert_false(hex_number(&text, &value));
    text = "000000000001";
    assert_true(hex_number(&text, &value));
    assert_int_equal(value, 1);
}

static void test_escapes(void **state)
{
    (void)state;
    struct packet_writer writer;
    packet_begin(&writer);
    packet_text(&writer, "a#$}*");
    packet_end(&writer);
    assert_int_equal(writer.length, 1 + 9 + 3);
    assert_memory_equal(writer.bytes, "$a}\003}\004}]}\n#", 11);
}

static void test_writer_is_bounded(void **state)
{
    (void)state;
    static struct packet_writer writer;
    packet_begin(&writer);
    for (unsigned i = 0; i < 2 * PACKET_MAX; i++)
        packet_char(&writer, i % 3 ? '#' : 'x');
    assert_true(writer.truncated);
    packet_end(&writer);
    assert_true(writer.length <= sizeof(writer.bytes));
}

/* --- requests ----------------------------------------------------------------------------------
 */

static void test_unknown(void **state)
{
    (void)state;
    assert_string_equal(ask("qTStatus"), "");
    assert_string_equal(ask("vMustReplyEmpty"), "");
    assert_string_equal(ask("X1000,0:"), "");
    assert_string_equal(ask(""), "");
}

static void test_supported(void **state)
{
    (void)state;
    const char *reply = ask("qSupported:multiprocess+;swbreak+;hwbreak+");
    assert_non_null(strstr(reply, "PacketSize=1000;"));
    assert_non_null(strstr(reply, "qXfer:features:read+"));
    assert_true(rsp.tells_why);
}

static void test_description(void **state)
{
    (void)state;
    static char xml[16 * 1024];
    char request[64];
    unsigned length = 0;
    for (;;) {
        snprintf(request, sizeof(request), "qXfer:features:read:target.xml:%x,ffb", length);
        const char *part = ask(request);
        strcpy(xml + length, part + 1);
        length += (unsigned)strlen(part + 1);
        if (part[0] == 'l')
            break;
        assert_int_equal(part[0], 'm');
        assert_true(length < sizeof(xml) - PACKET_MAX);
    }
    assert_non_null(strstr(xml, "<architecture>i386</architecture>"));
    assert_non_null(
        strstr(xml, "<reg name=\"eip\" bitsize=\"32\" type=\"code_ptr\" regnum=\"8\"/>"));
    assert_non_null(strstr(xml, "regnum=\"36\"/></feature></target>"));
    assert_string_equal(ask("qXfer:features:read:other.xml:0,10"), "E00");
    assert_string_equal(ask("qXfer:features:read:target.xml:0"), "E16");
    assert_string_equal(ask("qXfer:features:read:target.xml:ffffffff,ffffffff"), "l");
}

static void test_registers(void **state)
{
    (void)state;
    world.registers[DEBUG_EAX] = 0x12345678;
    world.registers[DEBUG_CR3] = 0xabcd000;
    const char *all = ask("g");
    assert_int_equal(strlen(all), 2 * (16 * 4 + 8 * 10 + 8 * 4 + 5 * 4));
    assert_memory_equal(all, "78563412", 8);
    assert_memory_equal(all + 2 * 64, "xxxxxxxxxxxxxxxxxxxx", 20);
    assert_string_equal(ask("p22"), "00d0bc0a");
    assert_string_equal(ask("p10"), "xxxxxxxxxxxxxxxxxxxx");
    assert_string_equal(ask("p25"), "E16");
    assert_string_equal(ask("pffffffffff"), "E16");
    assert_string_equal(ask("P8=78563412"), "OK");
    assert_int_equal(world.registers[DEBUG_EIP], 0x12345678);
    assert_string_equal(ask("P20=00000000"), "E16");
    assert_string_equal(ask("P8=7856"), "E16");
    assert_string_equal(ask("P8"), "E16");
    assert_string_equal(ask("Gefbeaddexxxxxxxx01000000"), "OK");
    assert_int_equal(world.registers[0], 0xdeadbeef);
    assert_int_equal(world.registers[1], 0);
    assert_int_equal(world.registers[2], 1);
}

static void test_memory(void **state)
{
    (void)state;
    assert_string_equal(ask("m1001,4"), "01020304");
    assert_string_equal(ask("m10fe,8"), "feff"); /* as far as it goes */
    assert_string_equal(ask("m2000,4"), "E0e");
    assert_string_equal(ask("m1000,0"), "");
    assert_int_equal(strlen(ask("m1000,ffffffff")), 512);
    assert_string_equal(ask("m1000"), "E16");
    assert_string_equal(ask("m1000,4,5"), "E16");
    assert_string_equal(ask("M1004,2:a55a"), "OK");
    assert_int_equal(world.memory[4], 0xa5);
    assert_int_equal(world.memory[5], 0x5a);
    assert_string_equal(ask("M10ff,2:a55a"), "E0e");
    assert_string_equal(ask("M1004,2:a5"), "E16");
    assert_string_equal(ask("M1004,1:a55a"), "E16");
    assert_string_equal(ask("M1004,ffffffff:a5"), "E16");
}

static void test_resume(void **state)
{
    (void)state;
    assert_null(ask("c"));
    assert_int_equal(world.resumed, 0);
    assert_null(ask("s"));
    assert_int_equal(world.resumed, 1);
    assert_null(ask("c1234"));
    assert_int_equal(world.registers[DEBUG_EIP], 0x1234);
    assert_null(ask("S05;4321"));
    assert_int_equal(world.registers[DEBUG_EIP], 0x4321);
    assert_string_equal(ask("vCont?"), "vCont;c;C;s;S");
    world.resumed = -1;
    assert_null(ask("vCont;s:1;c"));
    assert_int_equal(world.resumed, 1);
    assert_null(ask("vCont;C05:1"));
    assert_int_equal(world.resumed, 0);
    assert_string_equal(ask("vCont;t"), "E16");
    assert_string_equal(ask("vCont"), "E16");
}

static void test_points(void **state)
{
    (void)state;
    assert_string_equal(ask("Z0,c0100000,1"), "OK");
    assert_int_equal(world.kind, RSP_SOFTWARE);
    assert_int_equal(world.point, 0xc0100000);
    assert_string_equal(ask("Z2,1004,4"), "OK");
    assert_int_equal(world.kind, RSP_WATCH);
    assert_int_equal(world.point_length, 4);
    assert_string_equal(ask("Z4,1004,4"), "E1c");
    assert_string_equal(ask("z2,1004,4"), "OK");
    assert_string_equal(ask("Z5,1004,4"), "");
    assert_string_equal(ask("Z0,1004"), "E16");
    assert_string_equal(ask("Z0"), "E16");
    assert_string_equal(ask("Z"), "E16");
}

static const char *report(const struct rsp_stop *stop)
{
    world.length = 0;
    rsp_report(&rsp, stop);
    *strchr(world.sent, '#') = '\0';
    return world.sent;
}

static void test_stops(void **state)
{
    (void)state;
    struct rsp_stop stop = {.kind = RSP_STOP_INTERRUPT};
    assert_string_equal(report(&stop), "$T02thread:1;");
    world.stop.kind = RSP_STOP_STEP;
    assert_string_equal(ask("?"), "T05thread:1;");
    stop = (struct rsp_stop){.kind = RSP_STOP_POINT, .point = RSP_SOFTWARE, .address = 0x1000};
    assert_string_equal(report(&stop), "$T05thread:1;");
    ask("qSupported:swbreak+;hwbreak+");
    assert_string_equal(report(&stop), "$T05thread:1;swbreak:;");
    stop.point = RSP_HARDWARE;
    assert_string_equal(report(&stop), "$T05thread:1;hwbreak:;");
    stop.point = RSP_WATCH_READ;
    assert_string_equal(report(&stop), "$T05thread:1;rwatch:1000;");
    stop = (struct rsp_stop){.kind = RSP_STOP_EXIT, .code = 0x10};
    assert_string_equal(report(&stop), "$W10");
}

static void test_ends(void **state)
{
    (void)state;
    assert_string_equal(ask("D"), "OK");
    assert_true(world.detached);
    assert_string_equal(ask("vKill;1"), "OK");
    assert_true(world.killed);
    world.killed = false;
    assert_null(ask("k"));
    assert_true(world.killed);
}

static void test_command(void **state)
{
    (void)state;
    /* "list", then "hi\n", "you" and the end of its line as output, then OK. */
    ask("qRcmd,6c697374");
    assert_string_equal(world.command, "list");
    world.sent[strlen(world.sent)] = '#'; /* put back what ask() cut off */
    assert_non_null(strstr(world.sent, "$O68690a#"));
    assert_non_null(strstr(world.sent, "$O796f750a#"));
    assert_non_null(strstr(world.sent, "$OK#"));
    assert_string_equal(ask("qRcmd,6"), "E16");
}

static void test_threads(void **state)
{
    (void)state;
    assert_string_equal(ask("qfThreadInfo"), "m1");
    assert_string_equal(ask("qsThreadInfo"), "l");
    assert_string_equal(ask("Hg0"), "OK");
    assert_string_equal(ask("T1"), "OK");
    assert_string_equal(ask("qAttached"), "1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_damaged_packets, setup),
        cmocka_unit_test_setup(test_too_long, setup),
        cmocka_unit_test_setup(test_between_packets, setup),
        cmocka_unit_test_setup(test_no_acks, setup),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_writer_is_bounded),
        cmocka_unit_test_setup(test_unknown, setup),
        cmocka_unit_test_setup(test_supported, setup),
        cmocka_unit_test_setup(test_description, setup),
        cmocka_unit_test_setup(test_registers, setup),
        cmocka_unit_test_setup(test_memory, setup),
        cmocka_unit_test_setup(test_resume, setup),
        cmocka_unit_test_setup(test_points, setup),
        cmocka_unit_test_setup(test_stops, setup),
        cmocka_unit_test_setup(test_ends, setup),
        cmocka_unit_test_setup(test_command, setup),
        cmocka_unit_test_setup(test_threads, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
