/* The MC146818 clock. */
#ifndef RTC_H
#define RTC_H

#include "abi.h"

/** Read date and time. */
void rtc_read(struct date *date);

#endif
