/* Motorola MC146818 data sheet; the century's place is the PC's convention. */
#include "rtc.h"
#include "cpu.h"
#include "lib/string.h"

#define INDEX 0x70
#define DATA  0x71

enum { SECOND = 0, MINUTE = 2, HOUR = 4, DAY = 7, MONTH = 8, YEAR = 9, CENTURY = 0x32 };

#define STATUS_A  0x0A
#define STATUS_B  0x0B
#define UPDATING  0x80
#define BINARY    0x04
#define HOUR_24   0x02
#define AFTERNOON 0x80

static uint8_t cmos(uint8_t index)
{
    outb(INDEX, index);
    return inb(DATA);
}

static uint32_t number(uint8_t value)
{
    if (cmos(STATUS_B) & BINARY)
        return value;
    return (value >> 4) * 10u + (value & 0xF);
}

static uint32_t hour(uint8_t value)
{
    if (cmos(STATUS_B) & HOUR_24)
        return number(value);
    return number(value & ~AFTERNOON) % 12 + (value & AFTERNOON ? 12 : 0);
}

static void read_once(struct date *d)
{
    while (cmos(STATUS_A) & UPDATING)
        ;
    d->second = number(cmos(SECOND));
    d->minute = number(cmos(MINUTE));
    d->hour = hour(cmos(HOUR));
    d->day = number(cmos(DAY));
    d->month = number(cmos(MONTH));
    d->year = number(cmos(CENTURY)) * 100 + number(cmos(YEAR));
}

void rtc_read(struct date *date)
{
    struct date before;

    /* An update may have begun in the middle: two equal readings had none between them. */
    read_once(date);
    do {
        before = *date;
        read_once(date);
    } while (memcmp(&before, date, sizeof(before)));
}
