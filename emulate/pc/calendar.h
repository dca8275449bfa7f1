/* Seconds since 1970 (UTC) to a date of the Gregorian calendar and back. */
#ifndef UMBRA_EMULATE_PC_CALENDAR_H
#define UMBRA_EMULATE_PC_CALENDAR_H

#include <stdint.h>

struct calendar {
    int year;
    int month; /* 1-12 */
    int day;   /* 1-31 */
    int hour, minute, second;
    int weekday; /* 0 = Sunday */
};

void calendar_from_seconds(struct calendar *c, int64_t seconds);

/* Fields out of range carry over (day 31 of April is day 1 of May); the weekday is not looked at.
 */
int64_t calendar_to_seconds(const struct calendar *c);

/* 0-86399. */
int calendar_second_of_day(int64_t seconds);

#endif
