#include "calendar.h"

#define SECONDS_PER_DAY 86400

/* Days of a 400-year cycle, and days from 1 March of year 0 to 1 January 1970. */
#define DAYS_PER_CYCLE 146097
#define DAYS_TO_1970   719468

int calendar_second_of_day(int64_t seconds)
{
    int64_t rest = seconds % SECONDS_PER_DAY;
    return (int)(rest < 0 ? rest + SECONDS_PER_DAY : rest);
}

/* Years start in March here, so that the leap day is the last of its year. */
static void set_date(struct calendar *c, int64_t days)
{
    days += DAYS_TO_1970;
    int64_t cycle = (days >= 0 ? days : days - (DAYS_PER_CYCLE - 1)) / DAYS_PER_CYCLE;
    int64_t day = days - cycle * DAYS_PER_CYCLE;
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;

    day -= 365 * year + year / 4 - year / 100;
    int64_t month = (5 * day + 2) / 153;
    c->day = (int)(day - (153 * month + 2) / 5 + 1);
    c->month = (int)(month < 10 ? month + 3 : month - 9);
    c->year = (int)(year + cycle * 400 + (c->month <= 2));
}

void calendar_from_seconds(struct calendar *c, int64_t seconds)
{
    int of_day = calendar_second_of_day(seconds);
    int64_t days = (seconds - of_day) / SECONDS_PER_DAY;

    set_date(c, days);
    c->hour = of_day / 3600;
    c->minute = of_day / 60 % 60;
    c->second = of_day % 60;
    c->weekday = (int)(((days + 4) % 7 + 7) % 7); /* 1 January 1970 was a Thursday */
}

int64_t calendar_to_seconds(const struct calendar *c)
{
    int64_t month = c->month;
    int64_t year = c->year;

    if (month < 3) {
        month += 12;
        year--;
    }
    int64_t days = c->day - 1 + (153 * (month - 3) + 2) / 5 + 365 * year + year / 4 - year / 100 +
                   year / 400 - DAYS_TO_1970;
    return days * SECONDS_PER_DAY + c->hour * 3600 + c->minute * 60 + c->second;
}
