#include "rsp.h"

#include <string.h>

#define SIGINT  2u
#define SIGTRAP 5u

/* Error numbers mean nothing to gdb; these are the C library's. */
#define ERROR_ARGUMENT 22u /* EINVAL */
#define ERROR_ADDRESS  14u /* EFAULT */
#define ERROR_ROOM     28u /* ENOSPC */

/* --- replies -----------------------------------------------------------------------------------
 */

static void send(const struct rsp *rsp, struct packet_writer *packet)
{
    packet_end(packet);
    rsp->ops->send(rsp->target, packet->bytes, packet->length);
}

static void reply(struct rsp *rsp, const char *text)
{
    packet_begin(&rsp->out);
    packet_text(&rsp->out, text);
    send(rsp, &rsp->out);
}

static void reply_ok(struct rsp *rsp)
{
    reply(rsp, "OK");
}

static void reply_error(struct rsp *rsp, uint8_t number)
{
    packet_begin(&rsp->out);
    packet_char(&rsp->out, 'E');
    packet_hex(&rsp->out, &number, 1);
    send(rsp, &rsp->out);
}

static void reply_done(struct rsp *rsp, bool done, uint8_t error)
{
    if (done)
        reply_ok(rsp);
    else
        reply_error(rsp, error);
}

/* The pair of a stop reply that says what was met. */
static void put_cause(struct rsp *rsp, const struct rsp_stop *stop)
{
    static const char *const watches[RSP_POINTS] = {
        [RSP_WATCH] = "watch:", [RSP_WATCH_READ] = "rwatch:", [RSP_WATCH_ACCESS] = "awatch:"};
    const char *watch = watches[stop->point];
    if (watch) {
        packet_text(&rsp->out, watch);
        packet_number(&rsp->out, stop->address);
        packet_char(&rsp->out, ';');
    } else if (rsp->tells_why) {
        packet_text(&rsp->out, stop->point == RSP_SOFTWARE ? "swbreak:;" : "hwbreak:;");
    }
}

void rsp_report(struct rsp *rsp, const struct rsp_stop *stop)
{
    uint8_t value = stop->kind == RSP_STOP_INTERRUPT ? SIGINT : SIGTRAP;
    if (stop->kind == RSP_STOP_EXIT)
        value = stop->code;
    packet_begin(&rsp->out);
    packet_char(&rsp->out, stop->kind == RSP_STOP_EXIT ? 'W' : 'T');
    packet_hex(&rsp->out, &value, 1);
    if (stop->kind != RSP_STOP_EXIT)
        packet_text(&rsp->out, "thread:1;");
    if (stop->kind == RSP_STOP_POINT)
        put_cause(rsp, stop);
    send(rsp, &rsp->out);
}

/* --- registers ---------------------------------------------------------------------------------
 */

static void put_register(struct rsp *rsp, unsigned number)
{
    uint32_t value;
    if (rsp->ops->read_register(rsp->target, number, &value)) {
        packet_hex(&rsp->out, &value, sizeof(value));
        return;
    }
    for (unsigned i = 0; i < debug_register_size(number); i++)
        packet_text(&rsp->out, "xx");
}

static void read_registers(struct rsp *rsp, const char *args)
{
    (void)args;
    packet_begin(&rsp->out);
    for (unsigned number = 0; number < DEBUG_REGISTERS; number++)
        put_register(rsp, number);
    send(rsp, &rsp->out);
}

static void write_registers(struct rsp *rsp, const char *args)
{
    for (unsigned number = 0; number < DEBUG_REGISTERS; number++) {
        uint8_t bytes[10];
        unsigned size = debug_register_size(number);
        uint32_t value;
        if (strnlen(args, 2 * size) < 2 * size)
            break;
        const char *digits = args;
        args += 2 * size;
        if (!hex_bytes(&digits, bytes, size))
            continue; /* xx: unavailable */
        memcpy(&value, bytes, sizeof(value));
        rsp->ops->write_register(rsp->target, number, value);
    }
    reply_ok(rsp);
}

static void read_one_register(struct rsp *rsp, const char *args)
{
    uint32_t number;
    if (!hex_number(&args, &number) || *args || number >= DEBUG_REGISTERS) {
        reply_error(rsp, ERROR_ARGUMENT);
        return;
    }
    packet_begin(&rsp->out);
    put_register(rsp, number);
    send(rsp, &rsp->out);
}

static void write_one_register(struct rsp *rsp, const char *args)
{
    uint32_t number, value;
    uint8_t bytes[sizeof(value)];
    bool good = hex_number(&args, &number) && number < DEBUG_REGISTERS && *args++ == '=' &&
                hex_bytes(&args, bytes, sizeof(bytes)) && !*args;
    if (good) {
        memcpy(&value, bytes, sizeof(value));
        good = rsp->ops->write_register(rsp->target, number, value);
    }
    reply_done(rsp, good, ERROR_ARGUMENT);
}

/* --- memory ------------------------------------------------------------------------------------
 */

/* ADDRESS,LENGTH */
static bool take_range(const char **args, uint32_t *gva, uint32_t *length)
{
    if (!hex_number(args, gva) || **args != ',')
        return false;
    ++*args;
    return hex_number(args, length);
}

static void read_memory(struct rsp *rsp, const char *args)
{
    uint32_t gva, length;
    if (!take_range(&args, &gva, &length) || *args) {
        reply_error(rsp, ERROR_ARGUMENT);
        return;
    }
    if (length > RSP_DATA_MAX)
        length = RSP_DATA_MAX;
    unsigned got = rsp->ops->read_memory(rsp->target, gva, rsp->data, length);
    if (length && !got) {
        reply_error(rsp, ERROR_ADDRESS);
        return;
    }
    packet_begin(&rsp->out);
    packet_hex(&rsp->out, rsp->data, got);
    send(rsp, &rsp->out);
}

static void write_memory(struct rsp *rsp, const char *args)
{
    uint32_t gva, length;
    if (!take_range(&args, &gva, &length) || *args++ != ':' || length > RSP_DATA_MAX ||
        !hex_bytes(&args, rsp->data, length) || *args) {
        reply_error(rsp, ERROR_ARGUMENT);
        return;
    }
    reply_done(rsp, rsp->ops->write_memory(rsp->target, gva, rsp->data, length), ERROR_ADDRESS);
}

/* --- running -----------------------------------------------------------------------------------
 */

static void resume(struct rsp *rsp, bool step, const char *gva)
{
    uint32_t eip;
    if (*gva && hex_number(&gva, &eip))
        rsp->ops->write_register(rsp->target, DEBUG_EIP, eip);
    rsp->ops->resume(rsp->target, step);
}

static void resume_plain(struct rsp *rsp, const char *args)
{
    resume(rsp, false, args);
}

static void step_plain(struct rsp *rsp, const char *args)
{
    resume(rsp, true, args);
}

/* Cxx;ADDRESS and Sxx;ADDRESS: there is no signal that a processor could be given. */
static const char *behind_signal(const char *args)
{
    while (*args && *args != ';')
        args++;
    return *args ? args + 1 : args;
}

static void resume_signal(struct rsp *rsp, const char *args)
{
    resume(rsp, false, behind_signal(args));
}

static void step_signal(struct rsp *rsp, const char *args)
{
    resume(rsp, true, behind_signal(args));
}

/* There is one thread: the first action is its. */
static void resume_threads(struct rsp *rsp, const char *args)
{
    char action = args[0] == ';' ? args[1] : '\0';
    if (action == 'c' || action == 'C' || action == 's' || action == 'S')
        resume(rsp, (action | 32) == 's', "");
    else
        reply_error(rsp, ERROR_ARGUMENT);
}

static void why_stopped(struct rsp *rsp, const char *args)
{
    (void)args;
    struct rsp_stop stop = rsp->ops->last_stop(rsp->target);
    rsp_report(rsp, &stop);
}

static void detach(struct rsp *rsp, const char *args)
{
    (void)args;
    reply_ok(rsp);
    rsp->ops->detach(rsp->target);
}

static void kill_guest(struct rsp *rsp, const char *args)
{
    (void)args;
    rsp->ops->kill(rsp->target);
}

static void kill_politely(struct rsp *rsp, const char *args)
{
    reply_ok(rsp);
    kill_guest(rsp, args);
}

/* KIND,ADDRESS,LENGTH, and perhaps conditions, which we never said we know. */
static void change_point(struct rsp *rsp, const char *args, bool on)
{
    uint32_t kind, gva, length;
    if (!hex_number(&args, &kind) || *args++ != ',' || !take_range(&args, &gva, &length) || *args) {
        reply_error(rsp, ERROR_ARGUMENT);
        return;
    }
    if (kind >= RSP_POINTS) {
        reply(rsp, "");
        return;
    }
    reply_done(rsp, rsp->ops->set_point(rsp->target, (enum rsp_point)kind, gva, length, on),
               ERROR_ROOM);
}

static void set_point(struct rsp *rsp, const char *args)
{
    change_point(rsp, args, true);
}

static void remove_point(struct rsp *rsp, const char *args)
{
    change_point(rsp, args, false);
}

/* --- queries -----------------------------------------------------------------------------------
 */

static void any_thread(struct rsp *rsp, const char *args)
{
    (void)args;
    reply_ok(rsp);
}

static bool contains(const char *text, const char *part)
{
    for (; *text; text++) {
        if (!strncmp(text, part, strlen(part)))
            return true;
    }
    return false;
}

static void supported(struct rsp *rsp, const char *args)
{
    rsp->tells_why = contains(args, "swbreak+") && contains(args, "hwbreak+");
    packet_begin(&rsp->out);
    packet_text(&rsp->out, "PacketSize=");
    packet_number(&rsp->out, PACKET_MAX);
    packet_text(&rsp->out, ";qXfer:features:read+;swbreak+;hwbreak+;vContSupported+;"
                           "QStartNoAckMode+");
    send(rsp, &rsp->out);
}

/* A part of target.xml: its characters are counted as they come. */
struct window {
    struct packet_writer *packet;
    uint64_t at, first, end;
};

static void put_in_window(void *target, char c)
{
    struct window *window = target;
    uint64_t at = window->at++;
    if (at >= window->first && at < window->end)
        packet_char(window->packet, c);
}

static void read_features(struct rsp *rsp, const char *args)
{
    struct window window = {.packet = &rsp->out};
    uint32_t first, length;
    if (strncmp(args, "target.xml:", 11)) {
        reply_error(rsp, 0); /* no other document */
        return;
    }
    args += 11;
    if (!take_range(&args, &first, &length) || *args) {
        reply_error(rsp, ERROR_ARGUMENT);
        return;
    }
    /* Half, lest anything that has to be escaped does not fit. */
    window.first = first;
    window.end = window.first + (length < PACKET_MAX / 2 ? length : PACKET_MAX / 2);
    packet_begin(&rsp->out);
    packet_char(&rsp->out, 'm');
    debug_describe(put_in_window, &window);
    if (window.end >= window.at)
        rsp->out.bytes[1] = 'l';
    send(rsp, &rsp->out);
}

static void no_acks(struct rsp *rsp, const char *args)
{
    (void)args;
    reply_ok(rsp);
    rsp->no_acks = true;
}

static void first_threads(struct rsp *rsp, const char *args)
{
    (void)args;
    reply(rsp, "m1");
}

static void no_more_threads(struct rsp *rsp, const char *args)
{
    (void)args;
    reply(rsp, "l");
}

static void current_thread(struct rsp *rsp, const char *args)
{
    (void)args;
    reply(rsp, "QC1");
}

/* gdb leaves what it attached to running when it quits. */
static void attached(struct rsp *rsp, const char *args)
{
    (void)args;
    reply(rsp, "1");
}

static void resume_actions(struct rsp *rsp, const char *args)
{
    (void)args;
    reply(rsp, "vCont;c;C;s;S");
}

void rsp_print(struct rsp *rsp, char c)
{
    if (!rsp->note.length) {
        packet_begin(&rsp->note);
        packet_char(&rsp->note, 'O');
    }
    packet_hex(&rsp->note, &c, 1);
    if (c == '\n' || rsp->note.length > PACKET_MAX - 8) {
        send(rsp, &rsp->note);
        rsp->note.length = 0;
    }
}

static void command(struct rsp *rsp, const char *args)
{
    unsigned length = 0;
    while (length < RSP_DATA_MAX && hex_bytes(&args, rsp->data + length, 1))
        length++;
    if (*args) {
        reply_error(rsp, ERROR_ARGUMENT);
        return;
    }
    rsp->data[length] = '\0';
    rsp->ops->command(rsp->target, (char *)rsp->data);
    if (rsp->note.length)
        rsp_print(rsp, '\n');
    reply_ok(rsp);
}

/* --- which packet ------------------------------------------------------------------------------
 */

/* Longer names first where one begins with another. */
static const struct request {
    const char *name;
    void (*serve)(struct rsp *rsp, const char *args);
} requests[] = {
    {"qSupported", supported},
    {"qXfer:features:read:", read_features},
    {"QStartNoAckMode", no_acks},
    {"qfThreadInfo", first_threads},
    {"qsThreadInfo", no_more_threads},
    {"qAttached", attached},
    {"qRcmd,", command},
    {"qC", current_thread},
    {"vCont?", resume_actions},
    {"vCont", resume_threads},
    {"vKill", kill_politely},
    {"?", why_stopped},
    {"g", read_registers},
    {"G", write_registers},
    {"p", read_one_register},
    {"P", write_one_register},
    {"m", read_memory},
    {"M", write_memory},
    {"c", resume_plain},
    {"s", step_plain},
    {"C", resume_signal},
    {"S", step_signal},
    {"Z", set_point},
    {"z", remove_point},
    {"H", any_thread},
    {"T", any_thread},
    {"D", detach},
    {"k", kill_guest},
};

/* An empty reply says that a packet is not known. */
static void serve(struct rsp *rsp)
{
    for (unsigned i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        size_t length = strlen(requests[i].name);
        if (!strncmp(rsp->in.text, requests[i].name, length)) {
            requests[i].serve(rsp, rsp->in.text + length);
            return;
        }
    }
    reply(rsp, "");
}

static void acknowledge(const struct rsp *rsp, const char *sign)
{
    if (!rsp->no_acks)
        rsp->ops->send(rsp->target, sign, 1);
}

void rsp_init(struct rsp *rsp, const struct rsp_ops *ops, void *target)
{
    memset(rsp, 0, sizeof(*rsp));
    rsp->ops = ops;
    rsp->target = target;
}

bool rsp_take(struct rsp *rsp, uint8_t byte)
{
    switch (packet_take(&rsp->in, byte)) {
    case PACKET_COMPLETE:
        acknowledge(rsp, "+");
        serve(rsp);
        break;
    case PACKET_DAMAGED:
        acknowledge(rsp, "-");
        break;
    case PACKET_NAK:
        if (rsp->out.length)
            rsp->ops->send(rsp->target, rsp->out.bytes, rsp->out.length);
        break;
    case PACKET_INTERRUPT:
        rsp->ops->interrupt(rsp->target);
        break;
    case PACKET_ENTER:
        return false;
    default:
        break;
    }
    return true;
}
