#include "tests/winsim/event_time.h"

#include <stdio.h>

/* Days from 1601-01-01, which begins a 400-year cycle of the Gregorian calendar, to year-month-day. */
static uint64_t days(unsigned year, unsigned month, unsigned day)
{
    static const unsigned before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    uint64_t y = year - 1601u;
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return y * 365 + y / 4 - y / 100 + y / 400 + before[month - 1] + (is_leap && month > 2 ? 1 : 0) + day - 1;
}

bool event_time_parse(uint64_t *out, const char *text)
{
    unsigned year, month, day, hour, minute, second;
    int used = 0;
    if (sscanf(text, "%4u-%2u-%2uT%2u:%2u:%2u%n", &year, &month, &day, &hour, &minute, &second, &used) != 6)
        return false;
    if (year < 1601 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60)
        return false;
    uint64_t ticks = ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    ticks *= 10000000u;
    text += used;
    if (*text == '.') {
        uint64_t unit = 1000000u;
        for (text++; *text >= '0' && *text <= '9'; text++, unit /= 10)
            ticks += (uint64_t)(*text - '0') * unit;
    }
    *out = ticks;
    return text[0] == 'Z' && text[1] == 0;
}
