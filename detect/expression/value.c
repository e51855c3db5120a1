#include "detect/expression/value.h"

#include "detect/base/builder.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *name;
    enum value_type type;
} names[] = {
    /* The first of a type is its name. */
    {"bool", VALUE_BOOL},     {"int", VALUE_INT},           {"long", VALUE_LONG},         {"real", VALUE_REAL},
    {"string", VALUE_STRING}, {"datetime", VALUE_DATETIME}, {"timespan", VALUE_TIMESPAN}, {"dynamic", VALUE_DYNAMIC},
    {"error", VALUE_ERROR},   {"boolean", VALUE_BOOL},      {"double", VALUE_REAL},       {"date", VALUE_DATETIME},
    {"time", VALUE_TIMESPAN},
};

const char *value_type_name(enum value_type type)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i].type == type)
            return names[i].name;
    return "?";
}

bool value_type_from_name(enum value_type *out, struct text name)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i].type != VALUE_ERROR && text_equal(name, text_from(names[i].name))) {
            *out = names[i].type;
            return true;
        }
    return false;
}

/* The digits that read back as the same number, the fewest of them: "d.ddde-dd" in to. */
static void shortest(char to[40], double real)
{
    for (int precision = 0; precision <= 16; precision++) {
        (void)snprintf(to, 40, "%.*e", precision, real);
        if (strtod(to, NULL) == real)
            return;
    }
}

/* Decimal between these powers of ten, with an exponent outside. */
#define LOWEST_DECIMAL (-6)
#define HIGHEST_DECIMAL 20

static bool is_finite(double real)
{
    return fabs(real) <= DBL_MAX;
}

static void put_real(struct builder *to, double real)
{
    if (!is_finite(real)) {
        builder_string(to, real < 0 ? "-Infinity" : real > 0 ? "Infinity" : "NaN");
        return;
    }
    char digits[40];
    shortest(digits, real);
    const char *mark = digits;
    while (*mark != 'e')
        mark++;
    int exponent = (int)strtol(mark + 1, NULL, 10);
    if (exponent >= LOWEST_DECIMAL && exponent <= HIGHEST_DECIMAL) {
        int count = (int)(mark - digits) - (digits[0] == '-') - (mark - digits > 2 ? 1 : 0);
        int after = count - 1 - exponent; /* digits after the point */
        if (after > 0) {
            builder_format(to, "%.*f", after, real);
            return;
        }
        for (const char *digit = digits; digit < mark; digit++)
            if (*digit != '.')
                builder_byte(to, *digit);
        for (; after < 0; after++)
            builder_byte(to, '0');
        builder_string(to, ".0");
        return;
    }
    builder_text(to, (struct text){digits, (size_t)(mark - digits)});
    builder_format(to, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
}

/* The date of a day since 0001-01-01 (Howard Hinnant's civil_from_days, moved to that day). */
static void date_of(int64_t days, int *year, unsigned *month, unsigned *day)
{
    int64_t shifted = days + 306; /* since 0000-03-01 */
    int64_t era = shifted / 146097;
    unsigned of_era = (unsigned)(shifted % 146097);
    unsigned year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned from_march = (5 * of_year + 2) / 153;
    *day = of_year - (153 * from_march + 2) / 5 + 1;
    *month = from_march < 10 ? from_march + 3 : from_march - 9;
    *year = (int)(year_of_era + 400 * era) + (*month <= 2);
}

struct value_date value_date(int64_t ticks)
{
    struct value_date date;
    if (ticks < 0)
        ticks = 0;
    int64_t of_day = ticks % VALUE_TICKS_DAY;
    date_of(ticks / VALUE_TICKS_DAY, &date.year, &date.month, &date.day);
    date.hour = (unsigned)(of_day / (3600 * VALUE_TICKS_SECOND));
    date.minute = (unsigned)(of_day / (60 * VALUE_TICKS_SECOND) % 60);
    date.second = (unsigned)(of_day / VALUE_TICKS_SECOND % 60);
    date.ticks = (unsigned)(of_day % VALUE_TICKS_SECOND);
    return date;
}

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

unsigned value_days_of_month(int year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year) ? 1u : 0u);
}

bool value_from_date(int64_t *ticks, struct value_date date)
{
    if (date.year < 1 || date.year > 9999 || date.month < 1 || date.month > 12 || date.day < 1 ||
        date.day > value_days_of_month(date.year, date.month) || date.hour > 23 || date.minute > 59 ||
        date.second > 59 || date.ticks >= VALUE_TICKS_SECOND)
        return false;
    int64_t year = date.year - (date.month <= 2);
    int64_t era = year / 400, of_era = year % 400;
    int64_t of_year = (153 * ((date.month + 9) % 12) + 2) / 5 + date.day - 1; /* the year begins in March */
    int64_t days = era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 306;
    *ticks = days * VALUE_TICKS_DAY +
             (date.hour * INT64_C(3600) + date.minute * INT64_C(60) + date.second) * VALUE_TICKS_SECOND + date.ticks;
    return true;
}

static void put_datetime(struct builder *to, int64_t ticks)
{
    struct value_date date = value_date(ticks);
    builder_format(to, "%04d-%02u-%02uT%02u:%02u:%02u.%07uZ", date.year, date.month, date.day, date.hour, date.minute,
                   date.second, date.ticks);
}

static void put_timespan(struct builder *to, int64_t ticks)
{
    uint64_t size = ticks < 0 ? 0 - (uint64_t)ticks : (uint64_t)ticks;
    uint64_t days = size / (uint64_t)VALUE_TICKS_DAY, seconds = size / (uint64_t)VALUE_TICKS_SECOND;
    unsigned rest = (unsigned)(size % (uint64_t)VALUE_TICKS_SECOND);
    if (ticks < 0)
        builder_byte(to, '-');
    if (days > 0)
        builder_format(to, "%u.", (unsigned)days); /* 10,675,199 at most */
    builder_format(to, "%02u:%02u:%02u", (unsigned)(seconds / 3600 % 24), (unsigned)(seconds / 60 % 60),
                   (unsigned)(seconds % 60));
    if (rest > 0)
        builder_format(to, ".%07u", rest);
}

/* A text within JSON, what is no UTF-8 replaced. */
static void put_quoted(struct builder *to, struct text text)
{
    static const char letters[] = "btn?fr"; /* 8 to 13 */
    builder_byte(to, '"');
    for (size_t at = 0; at < text.len;) {
        unsigned char c = (unsigned char)text.bytes[at];
        if (c >= 0x80) {
            builder_point(to, text_decode(text, &at));
            continue;
        }
        at++;
        if (c == '"' || c == '\\')
            builder_format(to, "\\%c", c);
        else if (c >= 8 && c <= 13 && c != 11)
            builder_format(to, "\\%c", letters[c - 8]);
        else if (c < 0x20)
            builder_format(to, "\\u%04x", c);
        else
            builder_byte(to, (char)c);
    }
    builder_byte(to, '"');
}

static void put_dynamic(struct builder *to, const struct dynamic *value)
{
    switch (value->kind) {
    case DYNAMIC_NULL:
        builder_string(to, "null");
        break;
    case DYNAMIC_BOOL:
        builder_string(to, value->boolean ? "true" : "false");
        break;
    case DYNAMIC_LONG:
        builder_number(to, value->number);
        break;
    case DYNAMIC_REAL:
        if (!is_finite(value->real))
            builder_byte(to, '"');
        put_real(to, value->real);
        if (!is_finite(value->real))
            builder_byte(to, '"');
        break;
    case DYNAMIC_STRING:
        put_quoted(to, value->text);
        break;
    case DYNAMIC_DATETIME:
    case DYNAMIC_TIMESPAN:
        builder_byte(to, '"');
        (value->kind == DYNAMIC_DATETIME ? put_datetime : put_timespan)(to, value->number);
        builder_byte(to, '"');
        break;
    case DYNAMIC_ARRAY:
        builder_byte(to, '[');
        for (size_t i = 0; i < value->count && !to->is_failed; i++) {
            if (i > 0)
                builder_byte(to, ',');
            put_dynamic(to, &value->items[i]);
        }
        builder_byte(to, ']');
        break;
    case DYNAMIC_BAG:
        builder_byte(to, '{');
        for (size_t i = 0; i < value->count && !to->is_failed; i++) {
            if (i > 0)
                builder_byte(to, ',');
            put_quoted(to, value->members[i].name);
            builder_byte(to, ':');
            put_dynamic(to, &value->members[i].value);
        }
        builder_byte(to, '}');
        break;
    }
}

static struct text dynamic_text(const struct dynamic *value, struct arena *arena)
{
    struct builder to = builder_in(arena);
    switch (value->kind) {
    case DYNAMIC_NULL:
        break;
    case DYNAMIC_STRING:
        return value->text;
    case DYNAMIC_REAL:
        put_real(&to, value->real);
        break;
    case DYNAMIC_DATETIME:
        put_datetime(&to, value->number);
        break;
    case DYNAMIC_TIMESPAN:
        put_timespan(&to, value->number);
        break;
    default:
        put_dynamic(&to, value);
    }
    return builder_end(&to);
}

struct text value_text(struct value value, struct arena *arena)
{
    struct builder to = builder_in(arena);
    if (value.type == VALUE_ERROR)
        return (struct text){NULL, 0};
    if (value.is_null)
        return (struct text){"", 0};
    switch (value.type) {
    case VALUE_STRING:
        return value.text.bytes == NULL ? (struct text){"", 0} : value.text;
    case VALUE_BOOL:
        return text_from(value.boolean ? "True" : "False");
    case VALUE_INT:
    case VALUE_LONG:
        builder_number(&to, value.number);
        break;
    case VALUE_REAL:
        put_real(&to, value.real);
        break;
    case VALUE_DATETIME:
        put_datetime(&to, value.number);
        break;
    case VALUE_TIMESPAN:
        put_timespan(&to, value.number);
        break;
    default:
        return dynamic_text(value.dynamic, arena);
    }
    return builder_end(&to);
}

struct text value_json(struct value value, struct arena *arena)
{
    struct builder to = builder_in(arena);
    if (value.type == VALUE_ERROR)
        return (struct text){NULL, 0};
    struct dynamic as = value_to_dynamic(value);
    put_dynamic(&to, &as);
    return builder_end(&to);
}

struct dynamic value_to_dynamic(struct value value)
{
    static const enum dynamic_kind kinds[] = {
        [VALUE_BOOL] = DYNAMIC_BOOL,         [VALUE_INT] = DYNAMIC_LONG,      [VALUE_LONG] = DYNAMIC_LONG,
        [VALUE_REAL] = DYNAMIC_REAL,         [VALUE_STRING] = DYNAMIC_STRING, [VALUE_DATETIME] = DYNAMIC_DATETIME,
        [VALUE_TIMESPAN] = DYNAMIC_TIMESPAN,
    };
    if (value.is_null || value.type == VALUE_ERROR)
        return (struct dynamic){.kind = DYNAMIC_NULL};
    if (value.type == VALUE_DYNAMIC)
        return *value.dynamic;
    struct dynamic out = {.kind = kinds[value.type]};
    if (value.type == VALUE_BOOL)
        out.boolean = value.boolean;
    else if (value.type == VALUE_REAL)
        out.real = value.real;
    else if (value.type == VALUE_STRING)
        out.text = value.text.bytes == NULL ? (struct text){"", 0} : value.text;
    else
        out.number = value.number;
    return out;
}

static bool copy_dynamic(struct dynamic *out, const struct dynamic *from, struct arena *arena)
{
    *out = *from;
    if (from->kind == DYNAMIC_STRING) {
        out->text = arena_text(arena, from->text);
        return out->text.bytes != NULL;
    }
    if (from->kind == DYNAMIC_ARRAY) {
        struct dynamic *items = arena_zeroed(arena, from->count, sizeof(*items));
        out->items = items;
        for (size_t i = 0; items != NULL && i < from->count; i++)
            if (!copy_dynamic(&items[i], &from->items[i], arena))
                return false;
        return items != NULL;
    }
    if (from->kind == DYNAMIC_BAG) {
        struct dynamic_member *members = arena_zeroed(arena, from->count, sizeof(*members));
        out->members = members;
        for (size_t i = 0; members != NULL && i < from->count; i++) {
            members[i].name = arena_text(arena, from->members[i].name);
            if (members[i].name.bytes == NULL || !copy_dynamic(&members[i].value, &from->members[i].value, arena))
                return false;
        }
        return members != NULL;
    }
    return true;
}

struct value value_copy(struct value value, struct arena *arena)
{
    if (value.is_null)
        return value;
    if (value.type == VALUE_STRING && value.text.bytes != NULL) {
        value.text = arena_text(arena, value.text);
        return value.text.bytes == NULL ? value_error() : value;
    }
    if (value.type == VALUE_DYNAMIC) {
        struct dynamic *copy = arena_alloc(arena, sizeof(*copy));
        if (copy == NULL || !copy_dynamic(copy, value.dynamic, arena))
            return value_error();
        value.dynamic = copy;
    }
    return value;
}

const struct dynamic *value_member(const struct dynamic *bag, struct text name)
{
    if (bag == NULL || bag->kind != DYNAMIC_BAG)
        return NULL;
    for (size_t i = 0; i < bag->count; i++)
        if (text_equal(bag->members[i].name, name))
            return &bag->members[i].value;
    return NULL;
}

const struct dynamic *value_item(const struct dynamic *array, int64_t index)
{
    if (array == NULL || array->kind != DYNAMIC_ARRAY)
        return NULL;
    int64_t count = (int64_t)array->count;
    if (index < 0)
        index += count;
    return index < 0 || index >= count ? NULL : &array->items[index];
}
