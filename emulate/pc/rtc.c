#include "rtc.h"

#include "calendar.h"
#include "pc.h"
#include "time.h"

#include <string.h>

#define RTC_HZ 32768u

#define SECONDS_PER_DAY 86400

/* Update-in-progress shows for the last 8 crystal ticks of a second. */
#define UIP_NS (8 * NS_PER_SECOND / RTC_HZ)

enum cmos_index {
    RTC_SECONDS = 0x00,
    RTC_SECONDS_ALARM = 0x01,
    RTC_MINUTES = 0x02,
    RTC_MINUTES_ALARM = 0x03,
    RTC_HOURS = 0x04,
    RTC_HOURS_ALARM = 0x05,
    RTC_WEEKDAY = 0x06,
    RTC_DAY = 0x07,
    RTC_MONTH = 0x08,
    RTC_YEAR = 0x09,
    RTC_A = 0x0a,
    RTC_B = 0x0b,
    RTC_C = 0x0c,
    RTC_D = 0x0d,
    RTC_CENTURY = 0x32,
    RTC_PS2_CENTURY = 0x37,
};

#define A_UIP      0x80u
#define A_DIVIDER  0x70u
#define A_RATE     0x0fu
#define B_SET      0x80u
#define B_PERIODIC 0x40u
#define B_ALARM    0x20u
#define B_UPDATE   0x10u
#define B_BINARY   0x04u
#define B_24_HOURS 0x02u
#define C_IRQ      0x80u
#define C_PERIODIC 0x40u
#define C_ALARM    0x20u
#define C_UPDATE   0x10u
#define C_SOURCES  0x70u
#define ALARM_ANY  0xc0u /* both top bits set: every value matches */
#define HOUR_PM    0x80u

static bool divider_in_reset(uint8_t reg_a)
{
    return (reg_a & 0x60u) == 0x60u;
}

static bool divider_runs(uint8_t reg_a)
{
    return (reg_a & A_DIVIDER) <= 0x20u;
}

static bool running(const struct rtc *rtc)
{
    return !(rtc->cmos[RTC_B] & B_SET) && divider_runs(rtc->cmos[RTC_A]);
}

static uint8_t encode(const struct rtc *rtc, int value)
{
    return (uint8_t)(rtc->cmos[RTC_B] & B_BINARY ? value : value / 10 * 16 + value % 10);
}

/* Two set top bits are no number in either format: -1, which the date arithmetic carries over. */
static int decode(const struct rtc *rtc, uint8_t value)
{
    if ((value & ALARM_ANY) == ALARM_ANY) {
        return -1;
    }
    return rtc->cmos[RTC_B] & B_BINARY ? value : (value >> 4) * 10 + (value & 0x0f);
}

static int decode_hour(const struct rtc *rtc, uint8_t value)
{
    if (rtc->cmos[RTC_B] & B_24_HOURS) {
        return decode(rtc, value & 0x7fu);
    }
    return decode(rtc, value & 0x7fu) % 12 + (value & HOUR_PM ? 12 : 0);
}

static uint8_t encode_hour(const struct rtc *rtc, int hour)
{
    if (rtc->cmos[RTC_B] & B_24_HOURS) {
        return encode(rtc, hour);
    }
    int twelve = hour % 12 ? hour % 12 : 12;
    return (uint8_t)(encode(rtc, twelve) | (hour >= 12 ? HOUR_PM : 0));
}

/* Nanoseconds since base_second. */
static uint64_t elapsed_ns(const struct rtc *rtc, uint64_t now_ns)
{
    return now_ns - rtc->base_ns + rtc->offset_ns;
}

/* The clock counts signed 64-bit nanoseconds since 1970: a date outside 1678-2262 wraps (as it does
 * in the machine this board is compared with). */
static int64_t current_second(const struct rtc *rtc, uint64_t now_ns)
{
    uint64_t ns = (uint64_t)rtc->base_second * NS_PER_SECOND + elapsed_ns(rtc, now_ns);
    return (int64_t)ns / (int64_t)NS_PER_SECOND;
}

/* The time bytes catch up with the clock, except while SET freezes them. */
static void show_time(struct rtc *rtc, uint64_t now_ns)
{
    struct calendar c;
    uint8_t *cmos = rtc->cmos;

    if (cmos[RTC_B] & B_SET) {
        return;
    }
    calendar_from_seconds(&c, current_second(rtc, now_ns));
    cmos[RTC_SECONDS] = encode(rtc, c.second);
    cmos[RTC_MINUTES] = encode(rtc, c.minute);
    cmos[RTC_HOURS] = encode_hour(rtc, c.hour);
    cmos[RTC_WEEKDAY] = encode(rtc, c.weekday + 1);
    cmos[RTC_DAY] = encode(rtc, c.day);
    cmos[RTC_MONTH] = encode(rtc, c.month);
    cmos[RTC_YEAR] = encode(rtc, c.year % 100);
    cmos[RTC_CENTURY] = encode(rtc, c.year / 100);
}

/* The clock goes on from what the time bytes say. */
static void take_time(struct rtc *rtc, uint64_t now_ns)
{
    const uint8_t *cmos = rtc->cmos;
    struct calendar c = {
        .year = decode(rtc, cmos[RTC_CENTURY]) * 100 + decode(rtc, cmos[RTC_YEAR]),
        .month = decode(rtc, cmos[RTC_MONTH]),
        .day = decode(rtc, cmos[RTC_DAY]),
        .hour = decode_hour(rtc, cmos[RTC_HOURS]),
        .minute = decode(rtc, cmos[RTC_MINUTES]),
        .second = decode(rtc, cmos[RTC_SECONDS]),
    };
    rtc->base_second = calendar_to_seconds(&c);
    rtc->base_ns = now_ns;
}

static bool alarm_matches(uint8_t alarm, int alarm_value, int value)
{
    return (alarm & ALARM_ANY) == ALARM_ANY || alarm_value == value;
}

/*
 * Seconds from now to the next one that the alarm bytes match: 1 to a day (a day, too, when they
 * never match). Steps over whole hours and minutes, so at most 24 + 60 + 60 rounds.
 */
static int seconds_to_alarm(const struct rtc *rtc, uint64_t now_ns)
{
    const uint8_t *cmos = rtc->cmos;
    int hour = decode_hour(rtc, cmos[RTC_HOURS_ALARM]);
    int minute = decode(rtc, cmos[RTC_MINUTES_ALARM]);
    int second = decode(rtc, cmos[RTC_SECONDS_ALARM]);
    int start = calendar_second_of_day(current_second(rtc, now_ns));
    int t = start + 1;

    while (t < start + SECONDS_PER_DAY) {
        int of_day = t % SECONDS_PER_DAY;
        if (!alarm_matches(cmos[RTC_HOURS_ALARM], hour, of_day / 3600)) {
            t += 3600 - t % 3600;
        } else if (!alarm_matches(cmos[RTC_MINUTES_ALARM], minute, of_day / 60 % 60)) {
            t += 60 - t % 60;
        } else if (!alarm_matches(cmos[RTC_SECONDS_ALARM], second, of_day % 60)) {
            t++;
        } else {
            break;
        }
    }
    return t - start;
}

/* Plans the next end of an update cycle that can still change a flag (or clear a latched UIP). */
static void plan_update(struct rtc *rtc, uint64_t now_ns)
{
    const uint8_t *cmos = rtc->cmos;
    bool update_seen = cmos[RTC_C] & C_UPDATE;
    bool alarm_done = (cmos[RTC_C] & C_ALARM) || (cmos[RTC_B] & B_SET);

    rtc->update_ns = PC_NEVER;
    if (divider_in_reset(cmos[RTC_A]) || (update_seen && alarm_done)) {
        return;
    }
    uint64_t next_second = now_ns + NS_PER_SECOND - elapsed_ns(rtc, now_ns) % NS_PER_SECOND;
    show_time(rtc, now_ns);
    rtc->alarm_ns = next_second + (uint64_t)(seconds_to_alarm(rtc, now_ns) - 1) * NS_PER_SECOND;
    rtc->update_ns = update_seen && !(cmos[RTC_A] & A_UIP) ? rtc->alarm_ns : next_second;
}

static uint32_t period_ticks(const struct rtc *rtc)
{
    unsigned rate = rtc->cmos[RTC_A] & A_RATE;
    if (!(rtc->cmos[RTC_B] & B_PERIODIC) || rate == 0) {
        return 0;
    }
    return 1u << ((rate <= 2 ? rate + 7 : rate) - 1);
}

/* Plans the periodic interrupt one period after `last_tick`, never before the present one. */
static void plan_periodic(struct rtc *rtc, uint64_t last_tick, uint64_t now_tick)
{
    rtc->period_ticks = period_ticks(rtc);
    rtc->periodic_ns = PC_NEVER;
    if (rtc->period_ticks == 0) {
        return;
    }
    uint64_t next = last_tick + rtc->period_ticks;
    rtc->periodic_ns = ticks_to_ns(next > now_tick ? next : now_tick, RTC_HZ) + 1;
}

/* After a change of rate the time since the last interrupt counts; after a start it does not. */
static void change_period(struct rtc *rtc, uint64_t now_ns)
{
    uint64_t now_tick = ns_to_ticks(now_ns, RTC_HZ);
    uint64_t last_tick = now_tick;
    if (rtc->period_ticks != 0) {
        last_tick = ns_to_ticks(rtc->periodic_ns, RTC_HZ) - rtc->period_ticks;
    }
    plan_periodic(rtc, last_tick, now_tick);
}

void rtc_init(struct rtc *rtc, struct irq_line irq, int64_t epoch, uint64_t now_ns)
{
    memset(rtc, 0, sizeof(*rtc));
    rtc->irq = irq;
    rtc->base_second = epoch;
    rtc->cmos[RTC_A] = 0x26;
    rtc->cmos[RTC_B] = B_24_HOURS;
    rtc->cmos[RTC_D] = 0x80;
    rtc->periodic_ns = PC_NEVER;
    plan_update(rtc, now_ns);
}

/* Sets flags in register C and the IRQ line if register B enables one that is new. */
static void raise_flags(struct rtc *rtc, uint8_t flags, uint8_t fresh)
{
    rtc->cmos[RTC_C] |= flags;
    if (fresh & rtc->cmos[RTC_B]) {
        rtc->cmos[RTC_C] |= C_IRQ;
        irq_line_set(&rtc->irq, true);
    }
}

static void end_update(struct rtc *rtc, uint64_t now_ns)
{
    uint8_t flags = C_UPDATE | (now_ns >= rtc->alarm_ns ? C_ALARM : 0);

    show_time(rtc, now_ns);
    rtc->cmos[RTC_A] &= (uint8_t)~A_UIP;
    uint8_t seen = rtc->cmos[RTC_C];
    raise_flags(rtc, flags, (uint8_t)(flags & ~seen));
    plan_update(rtc, now_ns);
}

/* Periods that were missed are lost, as on the real line; the phase is kept. */
static void end_period(struct rtc *rtc, uint64_t now_ns)
{
    uint64_t now_tick = ns_to_ticks(now_ns, RTC_HZ);
    uint64_t due_tick = ns_to_ticks(rtc->periodic_ns, RTC_HZ);
    uint64_t missed = rtc->period_ticks ? (now_tick - due_tick) / rtc->period_ticks : 0;

    plan_periodic(rtc, due_tick + missed * rtc->period_ticks, now_tick);
    raise_flags(rtc, C_PERIODIC, C_PERIODIC);
}

void rtc_tick(struct rtc *rtc, uint64_t now_ns)
{
    if (rtc->periodic_ns <= now_ns) {
        end_period(rtc, now_ns);
    }
    if (rtc->update_ns <= now_ns) {
        end_update(rtc, now_ns);
    }
}

uint64_t rtc_deadline(const struct rtc *rtc)
{
    bool update_interrupts = rtc->cmos[RTC_B] & (B_UPDATE | B_ALARM);
    uint64_t update_ns = update_interrupts ? rtc->update_ns : PC_NEVER;
    return rtc->periodic_ns < update_ns ? rtc->periodic_ns : update_ns;
}

static void write_a(struct rtc *rtc, uint8_t value, uint64_t now_ns)
{
    uint8_t *cmos = rtc->cmos;
    bool new_rate = (cmos[RTC_A] ^ value) & A_RATE;

    if (divider_in_reset(value)) {
        if (running(rtc)) {
            show_time(rtc, now_ns);
        }
        cmos[RTC_A] &= (uint8_t)~A_UIP;
    } else if (divider_in_reset(cmos[RTC_A]) && divider_runs(value)) {
        /* The first update comes half a second after the divider starts (MC146818, table 4). */
        if (!(cmos[RTC_B] & B_SET)) {
            rtc->offset_ns = NS_PER_SECOND / 2;
            take_time(rtc, now_ns);
        }
        cmos[RTC_A] &= (uint8_t)~A_UIP;
    }
    cmos[RTC_A] = (value & (uint8_t)~A_UIP) | (cmos[RTC_A] & A_UIP);
    if (new_rate) {
        change_period(rtc, now_ns);
    }
    plan_update(rtc, now_ns);
}

static void write_b(struct rtc *rtc, uint8_t value, uint64_t now_ns)
{
    uint8_t *cmos = rtc->cmos;
    bool periodic_changes = (cmos[RTC_B] ^ value) & B_PERIODIC;

    if (value & B_SET) {
        if (running(rtc)) {
            show_time(rtc, now_ns);
        }
        cmos[RTC_A] &= (uint8_t)~A_UIP;
        value &= (uint8_t)~B_UPDATE;
    } else if ((cmos[RTC_B] & B_SET) && divider_runs(cmos[RTC_A])) {
        rtc->offset_ns = elapsed_ns(rtc, now_ns) % NS_PER_SECOND;
        take_time(rtc, now_ns);
    }
    /* A flag that is already up interrupts as soon as it is enabled. */
    bool irq = value & cmos[RTC_C] & C_SOURCES;
    cmos[RTC_C] = (uint8_t)((cmos[RTC_C] & ~C_IRQ) | (irq ? C_IRQ : 0));
    irq_line_set(&rtc->irq, irq);
    cmos[RTC_B] = value;
    if (periodic_changes) {
        change_period(rtc, now_ns);
    }
    plan_update(rtc, now_ns);
}

static uint8_t read_a(struct rtc *rtc, uint64_t now_ns)
{
    uint8_t *cmos = rtc->cmos;
    if (!running(rtc)) {
        return cmos[RTC_A];
    }
    /* Once seen, UIP stays until the update ends, even if the clock is set meanwhile. */
    if (rtc->update_ns != PC_NEVER && now_ns + UIP_NS >= rtc->update_ns) {
        cmos[RTC_A] |= A_UIP;
    }
    bool last_ticks = elapsed_ns(rtc, now_ns) % NS_PER_SECOND >= NS_PER_SECOND - UIP_NS;
    return cmos[RTC_A] | (last_ticks ? A_UIP : 0);
}

static uint8_t read_c(struct rtc *rtc, uint64_t now_ns)
{
    uint8_t value = rtc->cmos[RTC_C];
    irq_line_set(&rtc->irq, false);
    rtc->cmos[RTC_C] = 0;
    if (value & (C_UPDATE | C_ALARM)) {
        plan_update(rtc, now_ns);
    }
    return value;
}

static bool is_time_byte(uint8_t index)
{
    return index == RTC_CENTURY || index == RTC_SECONDS || index == RTC_MINUTES ||
           (index >= RTC_HOURS && index <= RTC_YEAR && index != RTC_HOURS_ALARM);
}

static bool is_alarm_byte(uint8_t index)
{
    return index == RTC_SECONDS_ALARM || index == RTC_MINUTES_ALARM || index == RTC_HOURS_ALARM;
}

static uint8_t cmos_index(const struct rtc *rtc)
{
    return rtc->index == RTC_PS2_CENTURY ? (uint8_t)RTC_CENTURY : rtc->index;
}

uint8_t rtc_in(struct rtc *rtc, unsigned offset, uint64_t now_ns)
{
    uint8_t index = cmos_index(rtc);

    if (!(offset & 1u)) {
        return 0xff;
    }
    switch (index) {
    case RTC_A:
        return read_a(rtc, now_ns);
    case RTC_C:
        return read_c(rtc, now_ns);
    default:
        if (is_time_byte(index) && running(rtc)) {
            show_time(rtc, now_ns);
        }
        return rtc->cmos[index];
    }
}

static void write_memory(struct rtc *rtc, uint8_t index, uint8_t value, uint64_t now_ns)
{
    bool sets_time = is_time_byte(index) && running(rtc);

    rtc->cmos[index] = value;
    if (sets_time) {
        take_time(rtc, now_ns);
    }
    if (sets_time || is_alarm_byte(index)) {
        plan_update(rtc, now_ns);
    }
}

void rtc_out(struct rtc *rtc, unsigned offset, uint8_t value, uint64_t now_ns)
{
    uint8_t index = cmos_index(rtc);

    if (!(offset & 1u)) {
        rtc->index = value & 0x7fu;
        return;
    }
    switch (index) {
    case RTC_A:
        write_a(rtc, value, now_ns);
        break;
    case RTC_B:
        write_b(rtc, value, now_ns);
        break;
    case RTC_C:
    case RTC_D:
        break;
    default:
        write_memory(rtc, index, value, now_ns);
        break;
    }
}
