/*
 * The real-time clock and CMOS memory: an MC146818 with a century byte at 32h (and 37h, where PS/2
 * machines have it). Time of day is derived from the virtual clock.
 */
#ifndef UMBRA_EMULATE_PC_RTC_H
#define UMBRA_EMULATE_PC_RTC_H

#include "pic.h"

#include <stdbool.h>
#include <stdint.h>

#define RTC_CMOS_BYTES 128u

struct rtc {
    uint8_t cmos[RTC_CMOS_BYTES];
    uint8_t index;
    int64_t base_second; /* the time shown when `base_ns` was taken */
    uint64_t base_ns;
    uint64_t offset_ns;    /* part of a second that had passed at base_ns */
    uint64_t update_ns;    /* next end of an update cycle that does something, or PC_NEVER */
    uint64_t alarm_ns;     /* when the alarm next matches */
    uint64_t periodic_ns;  /* next periodic interrupt, or PC_NEVER */
    uint32_t period_ticks; /* of 32,768 Hz; 0 when off */
    struct irq_line irq;
};

/* Power-on state: registers A-D as a running clock has them; epoch in seconds since 1970 (UTC). */
void rtc_init(struct rtc *rtc, struct irq_line irq, int64_t epoch, uint64_t now_ns);

/* Port 70h (offset 0; reads FFh) and port 71h (offset 1). */
uint8_t rtc_in(struct rtc *rtc, unsigned offset, uint64_t now_ns);
void rtc_out(struct rtc *rtc, unsigned offset, uint8_t value, uint64_t now_ns);

/* Raises the periodic, update-ended and alarm interrupts that are due; bounded work. */
void rtc_tick(struct rtc *rtc, uint64_t now_ns);

/* The next interrupt that register B enables, or PC_NEVER. Flags that only show in register C need
 * no deadline: every access to the clock brings it up to date first. */
uint64_t rtc_deadline(const struct rtc *rtc);

#endif
