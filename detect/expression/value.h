/*
 * value: what an expression is about: KQL's scalar types, their nulls and their texts.
 *
 * Source: learn.microsoft.com/kusto/query/scalar-data-types and null-values; where the engine answers otherwise than
 * the documentation, docs/rule-language.md says so.
 * - There is no null string: what is missing is "". Every other type has a null.
 * - datetime: ticks of 100 ns since 0001-01-01T00:00:00Z. timespan: ticks of 100 ns.
 * - Text may hold anything (detect/text.h); characters are code points, each invalid byte is one.
 * Everything is borrowed: from the event, the rule's arena or the scratch arena of the evaluation.
 */
#ifndef DETECT_RULE_VALUE_H
#define DETECT_RULE_VALUE_H

#include "detect/base/arena.h"
#include "detect/base/text.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum value_type {
    VALUE_BOOL,
    VALUE_INT, /* 32 bits */
    VALUE_LONG,
    VALUE_REAL,
    VALUE_STRING,
    VALUE_DATETIME,
    VALUE_TIMESPAN,
    VALUE_DYNAMIC,
    VALUE_ERROR, /* no type of a column: the answer could not be had (a limit was reached); never null */
};

#define VALUE_TICKS_SECOND INT64_C(10000000)
#define VALUE_TICKS_DAY (INT64_C(86400) * VALUE_TICKS_SECOND)

/* 1601-01-01 and 1970-01-01 as datetime, for FILETIME and Unix time. */
#define VALUE_DATETIME_1601 INT64_C(504911232000000000)
#define VALUE_DATETIME_1970 INT64_C(621355968000000000)

/* The last tick of the year 9999: datetimes are 0 to this. */
#define VALUE_DATETIME_MAX INT64_C(3155378975999999999)

/* Deepest nesting of a dynamic that value_from_json takes; deeper text is not JSON to it. */
#define VALUE_MAX_DEPTH 64

struct dynamic;

struct value {
    enum value_type type;
    bool is_null; /* then nothing else counts; never set for VALUE_STRING and VALUE_ERROR */
    union {
        bool boolean;
        int64_t number; /* VALUE_INT, VALUE_LONG, VALUE_DATETIME, VALUE_TIMESPAN */
        double real;
        struct text text;
        const struct dynamic *dynamic;
    };
};

enum dynamic_kind {
    DYNAMIC_NULL, /* within an array or a bag; a null value by itself is is_null */
    DYNAMIC_BOOL,
    DYNAMIC_LONG,
    DYNAMIC_REAL,
    DYNAMIC_STRING,
    DYNAMIC_DATETIME,
    DYNAMIC_TIMESPAN,
    DYNAMIC_ARRAY,
    DYNAMIC_BAG,
};

struct dynamic_member;

struct dynamic {
    enum dynamic_kind kind;
    size_t count; /* items or members */
    union {
        bool boolean;
        int64_t number; /* DYNAMIC_LONG, DYNAMIC_DATETIME, DYNAMIC_TIMESPAN */
        double real;
        struct text text;
        const struct dynamic *items;
        const struct dynamic_member *members; /* names differ, in the order in which they were put in */
    };
};

struct dynamic_member {
    struct text name;
    struct dynamic value;
};

static inline struct value value_null(enum value_type type)
{
    return type == VALUE_STRING ? (struct value){.type = type, .text = {"", 0}}
                                : (struct value){.type = type, .is_null = true};
}

static inline struct value value_error(void)
{
    return (struct value){.type = VALUE_ERROR};
}

static inline struct value value_bool(bool is_true)
{
    return (struct value){.type = VALUE_BOOL, .boolean = is_true};
}

static inline struct value value_long(int64_t number)
{
    return (struct value){.type = VALUE_LONG, .number = number};
}

/* Wraps to 32 bits, as the engine does. */
static inline struct value value_int(int64_t number)
{
    return (struct value){.type = VALUE_INT, .number = (int32_t)(uint32_t)(uint64_t)number};
}

static inline struct value value_real(double real)
{
    return (struct value){.type = VALUE_REAL, .real = real};
}

/* An absent text becomes an empty one. */
static inline struct value value_string(struct text text)
{
    return (struct value){.type = VALUE_STRING, .text = text.bytes == NULL ? (struct text){"", 0} : text};
}

static inline struct value value_datetime(int64_t ticks)
{
    return (struct value){.type = VALUE_DATETIME, .number = ticks};
}

static inline struct value value_timespan(int64_t ticks)
{
    return (struct value){.type = VALUE_TIMESPAN, .number = ticks};
}

/* dynamic NULL or of kind DYNAMIC_NULL: the null of type dynamic. */
static inline struct value value_dynamic(const struct dynamic *dynamic)
{
    if (dynamic == NULL || dynamic->kind == DYNAMIC_NULL)
        return value_null(VALUE_DYNAMIC);
    return (struct value){.type = VALUE_DYNAMIC, .dynamic = dynamic};
}

/* "long", "dynamic", ...: KQL's word for the type. */
const char *value_type_name(enum value_type type);

/* The type of that name, as KQL and its synonyms spell it (bool boolean int long real double string datetime date
 * timespan time dynamic). False: there is none; *out is then left as it was. */
bool value_type_from_name(enum value_type *out, struct text name);

/*
 * What tostring() makes of it: "" for null, "True", "5", "1.5", "2020-01-02T03:04:05.0000000Z", "1.02:03:04.5000000";
 * of a dynamic its text without quotes when it is a string, else compact JSON. A string comes back as it is. An absent
 * text: the arena's limit is reached, or value is VALUE_ERROR.
 */
struct text value_text(struct value value, struct arena *arena);

/* The value as JSON: null, true, 5, 1.5, "text", [1,2]; datetime and timespan as strings. Absent as above. Bytes that
 * are no UTF-8 become U+FFFD. */
struct text value_json(struct value value, struct arena *arena);

/*
 * A dynamic of JSON text (RFC 8259), with nothing but white space around it. Whole numbers in range become
 * DYNAMIC_LONG, others DYNAMIC_REAL; of members with the same name the last one counts; a lone \u surrogate becomes
 * WTF-8. Texts without an escape are not copied: json must live as long as the value.
 * Returns 0; -EINVAL: not JSON, or nested deeper than VALUE_MAX_DEPTH; -ENOMEM: the arena's limit is reached.
 */
int value_from_json(struct value *out, struct arena *arena, struct text json);

/* A copy that borrows nothing. VALUE_ERROR: the arena's limit is reached. */
struct value value_copy(struct value value, struct arena *arena);

/* A value as an item of an array or bag, what it borrows still borrowed. VALUE_ERROR gives DYNAMIC_NULL. */
struct dynamic value_to_dynamic(struct value value);

/* The member of that name (case counts), the item at index (negative: from the end), or NULL. */
const struct dynamic *value_member(const struct dynamic *bag, struct text name);
const struct dynamic *value_item(const struct dynamic *array, int64_t index);

/* A datetime taken apart, UTC. */
struct value_date {
    int year;                                  /* 1 to 9999 */
    unsigned month, day, hour, minute, second; /* month and day from 1 */
    unsigned ticks;                            /* of the second */
};

struct value_date value_date(int64_t ticks);

/* False: there is no such date or time; *ticks is then left as it was. */
bool value_from_date(int64_t *ticks, struct value_date date);

/* month: 1 to 12. */
unsigned value_days_of_month(int year, unsigned month);

/*
 * What the to...() functions read in a text, white space around it ignored. False: not such a text, *out is then left
 * as it was.
 * long: decimal digits with a sign, or 0x and up to 16 hexadecimal digits (two's complement). real: also exponents,
 * "nan", "inf". bool: true, false in any case, or a whole number. datetime: ISO 8601 and the other forms of
 * learn.microsoft.com/kusto/query/scalar-data-types/datetime, UTC where no zone is named. timespan:
 * [-][d.]hh:mm[:ss[.f]], a number of days, or with a unit as in KQL literals (1d 2h 30m 10s 100ms 5microsecond 1tick).
 */
bool value_read_long(int64_t *out, struct text text);
bool value_read_real(double *out, struct text text);
bool value_read_bool(bool *out, struct text text);
bool value_read_datetime(int64_t *out, struct text text);
bool value_read_timespan(int64_t *out, struct text text);

#endif
