/* Numbers, dates and times out of text. */
#include "detect/expression/value.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Longest text of a number or time that is looked at: all real ones are shorter. */
#define MAX_LENGTH 400

static struct text trimmed(struct text text)
{
    static const char space[] = " \t\r\n\f\v";
    while (text.len > 0 && memchr(space, text.bytes[0], sizeof(space) - 1) != NULL) {
        text.bytes++;
        text.len--;
    }
    while (text.len > 0 && memchr(space, text.bytes[text.len - 1], sizeof(space) - 1) != NULL)
        text.len--;
    return text;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool read_hex(int64_t *out, struct text digits)
{
    uint64_t number = 0;
    if (digits.len == 0 || digits.len > 16)
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        char c = digits.bytes[i], lower = (char)(c | 0x20);
        if (!is_digit(c) && (lower < 'a' || lower > 'f'))
            return false;
        number = number * 16 + (uint64_t)(is_digit(c) ? c - '0' : lower - 'a' + 10);
    }
    *out = (int64_t)number;
    return true;
}

bool value_read_long(int64_t *out, struct text text)
{
    text = trimmed(text);
    if (text.len > 2 && text.bytes[0] == '0' && (text.bytes[1] | 0x20) == 'x')
        return read_hex(out, (struct text){text.bytes + 2, text.len - 2});
    bool is_negative = text.len > 0 && text.bytes[0] == '-';
    size_t at = text.len > 0 && (is_negative || text.bytes[0] == '+') ? 1 : 0;
    uint64_t number = 0, most = is_negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX;
    if (at == text.len)
        return false;
    for (; at < text.len; at++) {
        if (!is_digit(text.bytes[at]))
            return false;
        unsigned digit = (unsigned)(text.bytes[at] - '0');
        if (number > (most - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    *out = (int64_t)(is_negative ? 0 - number : number);
    return true;
}

/* strtod takes more than numbers; this is what may stand in one. */
static bool looks_real(struct text text)
{
    size_t digits = 0, at = text.len > 0 && (text.bytes[0] == '-' || text.bytes[0] == '+') ? 1 : 0;
    bool is_after_point = false, is_after_e = false;
    for (; at < text.len; at++) {
        char c = text.bytes[at];
        if (is_digit(c)) {
            digits++;
        } else if (c == '.' && !is_after_point && !is_after_e) {
            is_after_point = true;
        } else if ((c | 0x20) == 'e' && digits > 0 && !is_after_e) {
            is_after_e = true;
            digits = 0;
            if (at + 1 < text.len && (text.bytes[at + 1] == '-' || text.bytes[at + 1] == '+'))
                at++;
        } else {
            return false;
        }
    }
    return digits > 0;
}

static bool is_word(struct text text, const char *word)
{
    return text_equal_nocase(text, text_from(word));
}

bool value_read_real(double *out, struct text text)
{
    char copy[MAX_LENGTH + 1];
    text = trimmed(text);
    if (is_word(text, "nan")) {
        *out = NAN;
        return true;
    }
    struct text unsigned_text = text;
    if (text.len > 1 && (text.bytes[0] == '-' || text.bytes[0] == '+'))
        unsigned_text = (struct text){text.bytes + 1, text.len - 1};
    if (is_word(unsigned_text, "inf") || is_word(unsigned_text, "infinity")) {
        *out = text.bytes[0] == '-' ? -INFINITY : INFINITY;
        return true;
    }
    int64_t whole;
    if (text.len > 2 && text.bytes[0] == '0' && (text.bytes[1] | 0x20) == 'x' && value_read_long(&whole, text)) {
        *out = (double)whole;
        return true;
    }
    if (text.len > MAX_LENGTH || !looks_real(text))
        return false;
    memcpy(copy, text.bytes, text.len);
    copy[text.len] = '\0';
    *out = strtod(copy, NULL);
    return true;
}

bool value_read_bool(bool *out, struct text text)
{
    int64_t number;
    text = trimmed(text);
    if (is_word(text, "true") || is_word(text, "false")) {
        *out = text.len == 4;
        return true;
    }
    if (!value_read_long(&number, text))
        return false;
    *out = number != 0;
    return true;
}

/* A text that is read from left to right. */
struct cursor {
    struct text text;
    size_t at;
};

static bool takes(struct cursor *c, char byte)
{
    if (c->at == c->text.len || c->text.bytes[c->at] != byte)
        return false;
    c->at++;
    return true;
}

/* Between least and most digits, as many as there are. */
static bool takes_number(struct cursor *c, unsigned least, unsigned most, int64_t *number)
{
    unsigned count = 0;
    *number = 0;
    for (; count < most && c->at < c->text.len && is_digit(c->text.bytes[c->at]); count++, c->at++)
        *number = *number * 10 + (c->text.bytes[c->at] - '0');
    return count >= least && (c->at == c->text.len || !is_digit(c->text.bytes[c->at]));
}

static bool is_at_end(const struct cursor *c)
{
    return c->at == c->text.len;
}

static void skip_blanks(struct cursor *c)
{
    while (takes(c, ' '))
        ;
}

/* Digits after a point as ticks: seven count, up to 9 are taken. */
static bool takes_fraction(struct cursor *c, int64_t *ticks)
{
    size_t from = c->at;
    int64_t digits = 0;
    if (!takes_number(c, 1, 9, &digits))
        return false;
    for (size_t count = c->at - from; count < 7; count++)
        digits *= 10;
    for (size_t count = c->at - from; count > 7; count--)
        digits /= 10;
    *ticks = digits;
    return true;
}

/* hh:mm[:ss[.f]] into date. */
static bool takes_clock(struct cursor *c, struct value_date *date)
{
    int64_t hour, minute, second = 0, ticks = 0;
    if (!takes_number(c, 1, 2, &hour) || !takes(c, ':') || !takes_number(c, 1, 2, &minute))
        return false;
    if (takes(c, ':')) {
        if (!takes_number(c, 1, 2, &second))
            return false;
        if (takes(c, '.') && !takes_fraction(c, &ticks))
            return false;
    }
    date->hour = (unsigned)hour;
    date->minute = (unsigned)minute;
    date->second = (unsigned)second;
    date->ticks = (unsigned)ticks;
    return true;
}

/* Nothing, Z, GMT, UTC or an offset; *minutes east. */
static bool takes_zone(struct cursor *c, int64_t *minutes)
{
    *minutes = 0;
    skip_blanks(c);
    if (is_at_end(c) || takes(c, 'Z') || takes(c, 'z'))
        return is_at_end(c);
    struct text rest = {c->text.bytes + c->at, c->text.len - c->at};
    if (is_word(rest, "GMT") || is_word(rest, "UTC"))
        return true;
    int64_t sign = takes(c, '-') ? -1 : 1, hour, minute = 0;
    if (sign == 1 && !takes(c, '+'))
        return false;
    if (!takes_number(c, 2, 4, &hour))
        return false;
    if (c->at - (size_t)(rest.bytes - c->text.bytes) == 5) {
        minute = hour % 100;
        hour /= 100;
    } else if (takes(c, ':') && !takes_number(c, 2, 2, &minute)) {
        return false;
    }
    *minutes = sign * (hour * 60 + minute);
    return is_at_end(c) && hour <= 14 && minute < 60;
}

static bool takes_name(struct cursor *c, const char *const *list, size_t count, unsigned *number)
{
    size_t len = 0;
    while (c->at + len < c->text.len && (c->text.bytes[c->at + len] | 0x20) >= 'a' &&
           (c->text.bytes[c->at + len] | 0x20) <= 'z')
        len++;
    struct text word = {c->text.bytes + c->at, len};
    for (size_t i = 0; i < count; i++) {
        struct text full = text_from(list[i]), brief = {list[i], 3};
        if (text_equal_nocase(word, full) || text_equal_nocase(word, brief)) {
            *number = (unsigned)i;
            c->at += len;
            return true;
        }
    }
    return false;
}

/* "Sat, 8 Nov 14" and "Saturday, 08-Nov-14" (RFC 822, RFC 850). */
static bool takes_mail_date(struct cursor *c, struct value_date *date)
{
    static const char *const days[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
    static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                         "July",    "August",   "September", "October", "November", "December"};
    unsigned name;
    int64_t day, year;
    if (takes_name(c, days, 7, &name) && !takes(c, ','))
        return false;
    skip_blanks(c);
    if (!takes_number(c, 1, 2, &day) || !(takes(c, '-') || takes(c, ' ')) || !takes_name(c, months, 12, &name) ||
        !(takes(c, '-') || takes(c, ' ')))
        return false;
    size_t from = c->at;
    if (!takes_number(c, 2, 4, &year))
        return false;
    if (c->at - from == 2)
        year += year < 50 ? 2000 : 1900;
    date->day = (unsigned)day;
    date->month = name + 1;
    date->year = (int)year;
    return true;
}

/* 2020-01-31, 2020/01/31, 01/31/2020, or a month alone. */
static bool takes_number_date(struct cursor *c, struct value_date *date)
{
    int64_t part[3] = {0, 0, 1};
    if (!takes_number(c, 1, 4, &part[0]))
        return false;
    size_t first = c->at;
    char mark = takes(c, '-') ? '-' : '/';
    if ((mark == '/' && !takes(c, '/')) || !takes_number(c, 1, 2, &part[1]))
        return false;
    if (takes(c, mark)) {
        if (!takes_number(c, 1, 4, &part[2]))
            return false;
    } else if (!is_at_end(c)) {
        return false;
    }
    bool is_year_first = first == 4;
    if (!is_year_first && mark != '/')
        return false;
    date->year = (int)(is_year_first ? part[0] : part[2]);
    date->month = (unsigned)(is_year_first ? part[1] : part[0]);
    date->day = (unsigned)(is_year_first ? part[2] : part[1]);
    return is_year_first || date->year >= 1000;
}

bool value_read_datetime(int64_t *out, struct text text)
{
    struct cursor c = {trimmed(text), 0};
    struct value_date date = {0};
    if (c.text.len == 0 || c.text.len > MAX_LENGTH)
        return false;
    if (!(is_digit(c.text.bytes[0]) && takes_number_date(&c, &date))) {
        c.at = 0;
        if (!takes_mail_date(&c, &date))
            return false;
    }
    int64_t east = 0, ticks;
    if (!is_at_end(&c)) {
        if (!takes(&c, 'T') && !takes(&c, ' '))
            return false;
        skip_blanks(&c);
        if (!takes_clock(&c, &date) || !takes_zone(&c, &east))
            return false;
    }
    if (!value_from_date(&ticks, date))
        return false;
    ticks -= east * 60 * VALUE_TICKS_SECOND;
    if (ticks < 0 || ticks > VALUE_DATETIME_MAX)
        return false;
    *out = ticks;
    return true;
}

static const struct {
    const char *name;
    double ticks;
} units[] = {
    {"d", 864e9},         {"day", 864e9},        {"days", 864e9},
    {"h", 36e9},          {"hr", 36e9},          {"hrs", 36e9},
    {"hour", 36e9},       {"hours", 36e9},       {"m", 6e8},
    {"min", 6e8},         {"minute", 6e8},       {"minutes", 6e8},
    {"s", 1e7},           {"sec", 1e7},          {"second", 1e7},
    {"seconds", 1e7},     {"ms", 1e4},           {"milli", 1e4},
    {"millis", 1e4},      {"millisecond", 1e4},  {"milliseconds", 1e4},
    {"micro", 10},        {"micros", 10},        {"microsecond", 10},
    {"microseconds", 10}, {"nano", 0.01},        {"nanos", 0.01},
    {"nanosecond", 0.01}, {"nanoseconds", 0.01}, {"tick", 1},
    {"ticks", 1},
};

/* "1.5h" */
static bool read_with_unit(int64_t *out, struct text text)
{
    size_t digits = text.len > 0 && text.bytes[0] == '-' ? 1 : 0;
    while (digits < text.len && (is_digit(text.bytes[digits]) || text.bytes[digits] == '.'))
        digits++;
    struct text unit = trimmed((struct text){text.bytes + digits, text.len - digits});
    double number;
    if (!value_read_real(&number, (struct text){text.bytes, digits}))
        return false;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (text_equal(unit, text_from(units[i].name))) {
            double ticks = number * units[i].ticks;
            if (!(fabs(ticks) < 9e18))
                return false;
            *out = (int64_t)ticks;
            return true;
        }
    return false;
}

bool value_read_timespan(int64_t *out, struct text text)
{
    struct cursor c = {trimmed(text), 0};
    struct value_date clock = {0};
    int64_t days = 0, sign;
    if (c.text.len == 0 || c.text.len > MAX_LENGTH)
        return false;
    if (read_with_unit(out, c.text))
        return true;
    sign = takes(&c, '-') ? -1 : 1;
    size_t from = c.at;
    if (!takes_number(&c, 1, 8, &days))
        return false;
    if (!is_at_end(&c)) {
        if (takes(&c, ':')) {
            days = 0;
            c.at = from;
        } else if (!takes(&c, '.')) {
            return false;
        }
        if (!takes_clock(&c, &clock) || !is_at_end(&c) || clock.hour > 23 || clock.minute > 59 || clock.second > 59)
            return false;
    }
    if (days > INT64_MAX / VALUE_TICKS_DAY - 1)
        return false;
    *out = sign * (days * VALUE_TICKS_DAY +
                   (clock.hour * INT64_C(3600) + clock.minute * INT64_C(60) + clock.second) * VALUE_TICKS_SECOND +
                   clock.ticks);
    return true;
}
