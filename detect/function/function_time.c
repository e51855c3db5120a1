/* Dates and times. */
#include "detect/expression/expr_node.h"

#include <errno.h>
#include <string.h>

#define DAY VALUE_TICKS_DAY
#define HOUR (3600 * VALUE_TICKS_SECOND)
#define MINUTE (60 * VALUE_TICKS_SECOND)

static struct value datetime(int64_t ticks)
{
    return ticks < 0 || ticks > VALUE_DATETIME_MAX ? value_null(VALUE_DATETIME) : value_datetime(ticks);
}

/* a + b where that is in range; else what no datetime is. */
static int64_t sum(int64_t a, int64_t b)
{
    int64_t out;
    return __builtin_add_overflow(a, b, &out) ? -1 : out;
}

static struct value call_now(const struct function_call *call)
{
    int64_t now = call->run->row == NULL ? 0 : call->run->row->now;
    return datetime(sum(now, call->count > 0 ? call->args[0].number : 0));
}

static struct value call_ago(const struct function_call *call)
{
    int64_t now = call->run->row == NULL ? 0 : call->run->row->now;
    return call->args[0].number == INT64_MIN ? value_null(VALUE_DATETIME) : datetime(sum(now, -call->args[0].number));
}

/* The month that is by months after that of ticks, as its first tick. */
static int64_t month_start(int64_t ticks, int64_t by)
{
    struct value_date date = value_date(ticks);
    int64_t start;
    if (by < -120000 || by > 120000)
        return -1;
    int64_t month = date.year * INT64_C(12) + date.month - 1 + by;
    struct value_date first = {.year = (int)(month / 12), .month = (unsigned)(month % 12 + 1), .day = 1};
    return month >= 12 && value_from_date(&start, first) ? start : -1;
}

/* 0: Sunday. 0001-01-01 was a Monday. */
static int64_t day_of_week(int64_t ticks)
{
    return (ticks / DAY + 1) % 7;
}

/* The first tick of the unit that ticks is in, and by units on. -1: out of range. unit: 'd' 'w' 'm' 'y'. */
static int64_t unit_start(int64_t ticks, char unit, int64_t by)
{
    if (by < -4000000 || by > 4000000)
        return -1;
    switch (unit) {
    case 'd':
        return ticks - ticks % DAY + by * DAY;
    case 'w':
        return ticks - ticks % DAY + (7 * by - day_of_week(ticks)) * DAY;
    case 'm':
        return month_start(ticks, by);
    default:
        return month_start(ticks, 12 * by - (value_date(ticks).month - 1));
    }
}

static char unit_of(const struct function_call *call, size_t prefix)
{
    return call->expr->function->name[prefix];
}

static struct value call_start(const struct function_call *call)
{
    int64_t by = call->count > 1 ? call->args[1].number : 0;
    return datetime(unit_start(call->args[0].number, unit_of(call, 7), by));
}

static struct value call_end(const struct function_call *call)
{
    int64_t by = call->count > 1 ? call->args[1].number : 0;
    int64_t next = unit_start(call->args[0].number, unit_of(call, 5), by + 1);
    return datetime(next < 0 ? next : next - 1);
}

static struct value call_dayofweek(const struct function_call *call)
{
    return value_timespan(day_of_week(call->args[0].number) * DAY);
}

static int64_t day_of_year(int64_t ticks)
{
    return (ticks - unit_start(ticks, 'y', 0)) / DAY + 1;
}

/* ISO 8601: the week of the year that holds this week's Thursday. */
static int64_t week_of_year(int64_t ticks)
{
    int64_t thursday = ticks - ticks % DAY + (3 - (day_of_week(ticks) + 6) % 7) * DAY;
    return (day_of_year(thursday) - 1) / 7 + 1;
}

enum part {
    YEAR,
    QUARTER,
    MONTH,
    WEEK,
    WEEK_OF_YEAR,
    DAY_PART,
    DAY_OF_YEAR,
    HOUR_PART,
    MINUTE_PART,
    SECOND,
    MILLISECOND,
    MICROSECOND,
    NANOSECOND,
    NO_PART,
};

static enum part part_of(struct text name)
{
    static const struct {
        const char *name;
        enum part part;
    } parts[] = {
        {"year", YEAR},
        {"quarter", QUARTER},
        {"month", MONTH},
        {"week", WEEK},
        {"week_of_year", WEEK_OF_YEAR},
        {"weekofyear", WEEK_OF_YEAR},
        {"day", DAY_PART},
        {"dayofyear", DAY_OF_YEAR},
        {"hour", HOUR_PART},
        {"minute", MINUTE_PART},
        {"second", SECOND},
        {"millisecond", MILLISECOND},
        {"microsecond", MICROSECOND},
        {"nanosecond", NANOSECOND},
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (text_equal_nocase(name, text_from(parts[i].name)))
            return parts[i].part;
    return NO_PART;
}

static int prepare_part(struct function_bind *bind)
{
    struct text name = function_constant(bind, 0).text;
    if (part_of(name) != NO_PART)
        return 0;
    return function_refuse(
        bind, "K122", bind->args[0]->place,
        "a part is year, quarter, month, week, day, hour, minute, second, millisecond, microsecond or "
        "nanosecond");
}

static int64_t part_value(enum part part, int64_t ticks)
{
    struct value_date date = value_date(ticks);
    switch (part) {
    case YEAR:
        return date.year;
    case QUARTER:
        return (date.month - 1) / 3 + 1;
    case MONTH:
        return date.month;
    case WEEK:
    case WEEK_OF_YEAR:
        return week_of_year(ticks);
    case DAY_PART:
        return date.day;
    case DAY_OF_YEAR:
        return day_of_year(ticks);
    case HOUR_PART:
        return date.hour;
    case MINUTE_PART:
        return date.minute;
    case SECOND:
        return date.second;
    case MILLISECOND:
        return date.ticks / 10000;
    case MICROSECOND:
        return date.ticks / 10;
    default:
        return date.ticks * INT64_C(100);
    }
}

static struct value call_datetime_part(const struct function_call *call)
{
    return value_int(part_value(part_of(call->args[0].text), call->args[1].number));
}

static struct value call_getpart(const struct function_call *call)
{
    static const struct {
        const char *name;
        enum part part;
    } names[] = {
        {"dayofmonth", DAY_PART},       {"dayofyear", DAY_OF_YEAR},   {"hourofday", HOUR_PART},
        {"monthofyear", MONTH},         {"getmonth", MONTH},          {"getyear", YEAR},
        {"week_of_year", WEEK_OF_YEAR}, {"weekofyear", WEEK_OF_YEAR},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(call->expr->function->name, names[i].name) == 0)
            return value_int(part_value(names[i].part, call->args[0].number));
    return value_null(VALUE_INT);
}

/* Ticks of a part of fixed length; 0 for months and what is made of them. */
static int64_t ticks_of(enum part part)
{
    switch (part) {
    case WEEK:
    case WEEK_OF_YEAR:
        return 7 * DAY;
    case DAY_PART:
    case DAY_OF_YEAR:
        return DAY;
    case HOUR_PART:
        return HOUR;
    case MINUTE_PART:
        return MINUTE;
    case SECOND:
        return VALUE_TICKS_SECOND;
    case MILLISECOND:
        return 10000;
    case MICROSECOND:
        return 10;
    case NANOSECOND:
        return 1; /* a tick is 100 of them */
    default:
        return 0;
    }
}

/* The same day of the month so many months on, or that month's last. */
static struct value add_months(int64_t ticks, int64_t months)
{
    int64_t start = month_start(ticks, months);
    if (start < 0)
        return value_null(VALUE_DATETIME);
    struct value_date target = value_date(start), date = value_date(ticks);
    unsigned last = value_days_of_month(target.year, target.month);
    return datetime(start + ((date.day < last ? date.day : last) - 1) * DAY + ticks % DAY);
}

static struct value call_datetime_add(const struct function_call *call)
{
    enum part part = part_of(call->args[0].text);
    int64_t amount = call->args[1].number, ticks = call->args[2].number, unit = ticks_of(part), added;
    if (unit == 0) {
        if (amount < -120000 || amount > 120000)
            return value_null(VALUE_DATETIME);
        return add_months(ticks, amount * (part == YEAR ? 12 : part == QUARTER ? 3 : 1));
    }
    if (part == NANOSECOND)
        amount /= 100;
    return __builtin_mul_overflow(amount, unit, &added) ? value_null(VALUE_DATETIME) : datetime(sum(ticks, added));
}

/* How many borders of the part lie between the two. */
static struct value call_datetime_diff(const struct function_call *call)
{
    enum part part = part_of(call->args[0].text);
    int64_t a = call->args[1].number, b = call->args[2].number, unit = ticks_of(part);
    if (part == WEEK || part == WEEK_OF_YEAR)
        return value_long((unit_start(a, 'w', 0) - unit_start(b, 'w', 0)) / unit);
    if (part == NANOSECOND)
        return value_long((a - b) * 100);
    if (unit > 0)
        return value_long(a / unit - b / unit);
    struct value_date x = value_date(a), y = value_date(b);
    int64_t months = (x.year - y.year) * INT64_C(12);
    if (part == YEAR)
        return value_long(months / 12);
    if (part == QUARTER)
        return value_long(months / 3 + (x.month - 1) / 3 - (int64_t)((y.month - 1) / 3));
    return value_long(months + x.month - (int64_t)y.month);
}

/* One value of any type, or the parts: numbers. */
static int prepare_make(struct function_bind *bind)
{
    for (size_t i = 0; bind->count > 1 && i < bind->count; i++) {
        enum value_type type = bind->args[i]->type;
        if (type != VALUE_INT && type != VALUE_LONG && (type != VALUE_REAL || bind->type != VALUE_DATETIME))
            return function_refuse(bind, "K211", bind->args[i]->place, "%s() wants a number, not a value of type %s",
                                   bind->function->name, value_type_name(type));
    }
    return 0;
}

static struct value call_make_datetime(const struct function_call *call)
{
    double number[6] = {0};
    int64_t ticks;
    if (call->count == 1)
        return function_convert(call->args[0], VALUE_DATETIME, call->run->scratch);
    for (size_t i = 0; i < call->count; i++) {
        number[i] = function_real(call->args[i]);
        if (!(number[i] >= 0 && number[i] < 10000))
            return value_null(VALUE_DATETIME);
    }
    struct value_date date = {.year = (int)number[0],
                              .month = (unsigned)number[1],
                              .day = (unsigned)number[2],
                              .hour = (unsigned)number[3],
                              .minute = (unsigned)number[4],
                              .second = (unsigned)number[5]};
    date.ticks = (unsigned)((number[5] - date.second) * (double)VALUE_TICKS_SECOND);
    return value_from_date(&ticks, date) ? value_datetime(ticks) : value_null(VALUE_DATETIME);
}

static struct value call_make_timespan(const struct function_call *call)
{
    int64_t part[4] = {0, 0, 0, 0}; /* days, hours, minutes, seconds */
    if (call->count == 1)
        return function_convert(call->args[0], VALUE_TIMESPAN, call->run->scratch);
    for (size_t i = 0; i < call->count; i++) {
        part[call->count == 4 ? i : i + 1] = call->args[i].number;
        if (call->args[i].number < 0 || call->args[i].number > 10000000)
            return value_null(VALUE_TIMESPAN);
    }
    if (part[1] > 23 || part[2] > 59 || part[3] > 59)
        return value_null(VALUE_TIMESPAN);
    return value_timespan(part[0] * DAY + part[1] * HOUR + part[2] * MINUTE + part[3] * VALUE_TICKS_SECOND);
}

static struct value call_unixtime(const struct function_call *call)
{
    char unit = call->expr->function->name[10]; /* of seconds, milliseconds, ... */
    double ticks = unit == 'e' ? 1e7 : unit == 'a' ? 0.01 : call->expr->function->name[11] == 'l' ? 1e4 : 10;
    struct value number = call->args[0];
    if (number.type != VALUE_REAL && ticks >= 1) {
        int64_t product;
        if (__builtin_mul_overflow(number.number, (int64_t)ticks, &product))
            return value_null(VALUE_DATETIME);
        return datetime(sum(VALUE_DATETIME_1970, product));
    }
    double out = function_real(number) * ticks;
    if (!(out > -9e18 && out < 9e18))
        return value_null(VALUE_DATETIME);
    return datetime(sum(VALUE_DATETIME_1970, (int64_t)out));
}

#define DATE(name, arguments, summary, classes, min, max, type, flags, prepare, call)                                  \
    {                                                                                                                  \
        name, arguments, summary, classes, min, max, type, flags, 0, prepare, call, NULL, NULL                         \
    }
#define EDGE(name, summary, call)                                                                                      \
    DATE(name, "(moment: datetime [, by: long])", summary, "dl", 1, 2, VALUE_DATETIME, 0, NULL, call)
#define PART(name, summary, flags)                                                                                     \
    DATE(name, "(moment: datetime)", summary, "d", 1, 1, VALUE_INT, flags, NULL, call_getpart)
#define UNIX(unit)                                                                                                     \
    DATE("unixtime_" unit "_todatetime", "(number)", unit " since 1970 as a moment", "n", 1, 1, VALUE_DATETIME, 0,     \
         NULL, call_unixtime)

const struct function function_time[] = {
    DATE("now", "([by: timespan])", "the moment at which the event is evaluated", "i", 0, 1, VALUE_DATETIME,
         FUNCTION_CHANGES, NULL, call_now),
    DATE("ago", "(by: timespan)", "that long before now()", "i", 1, 1, VALUE_DATETIME, FUNCTION_CHANGES, NULL,
         call_ago),
    EDGE("startofday", "the beginning of its day, by days on", call_start),
    EDGE("startofweek", "the beginning of its week (Sunday), by weeks on", call_start),
    EDGE("startofmonth", "the beginning of its month, by months on", call_start),
    EDGE("startofyear", "the beginning of its year, by years on", call_start),
    EDGE("endofday", "the last tick of its day, by days on", call_end),
    EDGE("endofweek", "the last tick of its week, by weeks on", call_end),
    EDGE("endofmonth", "the last tick of its month, by months on", call_end),
    EDGE("endofyear", "the last tick of its year, by years on", call_end),
    DATE("dayofweek", "(moment: datetime)", "days since Sunday, as a timespan", "d", 1, 1, VALUE_TIMESPAN, 0, NULL,
         call_dayofweek),
    PART("dayofmonth", "day of the month, from 1", 0),
    PART("dayofyear", "day of the year, from 1", 0),
    PART("hourofday", "hour, 0 to 23", 0),
    PART("monthofyear", "month, from 1", 0),
    PART("getmonth", "month, from 1", 0),
    PART("getyear", "year", 0),
    PART("week_of_year", "week of the year (ISO 8601)", 0),
    PART("weekofyear", "week_of_year", FUNCTION_OLD),
    DATE("datetime_part", "(part: string, moment: datetime)", "that part of it", "s!d", 2, 2, VALUE_INT, 0,
         prepare_part, call_datetime_part),
    DATE("datepart", "(part: string, moment: datetime)", "datetime_part", "s!d", 2, 2, VALUE_INT, FUNCTION_OLD,
         prepare_part, call_datetime_part),
    DATE("datetime_add", "(part: string, amount: long, moment: datetime)", "so many of the part later", "s!ld", 3, 3,
         VALUE_DATETIME, 0, prepare_part, call_datetime_add),
    DATE("datetime_diff", "(part: string, a: datetime, b: datetime)", "how many borders of the part lie from b to a",
         "s!dd", 3, 3, VALUE_LONG, 0, prepare_part, call_datetime_diff),
    DATE("make_datetime", "(year, month, day [, hour [, minute [, second]]])", "a moment of its parts", "a*", 1, 6,
         VALUE_DATETIME, 0, prepare_make, call_make_datetime),
    DATE("make_timespan", "([days,] hours, minutes [, seconds])", "a length of time of its parts", "a*", 1, 4,
         VALUE_TIMESPAN, 0, prepare_make, call_make_timespan),
    UNIX("seconds"),
    UNIX("milliseconds"),
    UNIX("microseconds"),
    UNIX("nanoseconds"),
    {0},
};
