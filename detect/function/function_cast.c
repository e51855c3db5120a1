/* tostring, tolong, todatetime, ...: a value of one type as another. What can't be converted is null, never an error.
 */
#include "detect/expression/expr_node.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* Truncated toward zero; null where a long can't hold it. */
static struct value long_of_real(double real)
{
    if (!(real >= -9223372036854775808.0 && real < 9223372036854775808.0))
        return value_null(VALUE_LONG);
    return value_long((int64_t)real);
}

static struct value to_long(struct value value)
{
    int64_t number;
    switch (value.type) {
    case VALUE_BOOL:
        return value_long(value.boolean);
    case VALUE_REAL:
        return long_of_real(value.real);
    case VALUE_STRING:
        return value_read_long(&number, value.text) ? value_long(number) : value_null(VALUE_LONG);
    default:
        return value_long(value.number);
    }
}

/* A text must be in range, or hexadecimal of 32 bits; a number wraps. */
static struct value to_int(struct value value)
{
    struct value number = to_long(value);
    if (number.is_null)
        return value_null(VALUE_INT);
    bool is_hex = value.type == VALUE_STRING && memchr(value.text.bytes, 'x', value.text.len) != NULL;
    int64_t most = is_hex ? UINT32_MAX : INT32_MAX;
    if (value.type == VALUE_STRING && (number.number < INT32_MIN || number.number > most))
        return value_null(VALUE_INT);
    return value_int(number.number);
}

static struct value to_real(struct value value)
{
    double real;
    switch (value.type) {
    case VALUE_BOOL:
        return value_real(value.boolean);
    case VALUE_REAL:
        return value;
    case VALUE_STRING:
        return value_read_real(&real, value.text) ? value_real(real) : value_null(VALUE_REAL);
    default:
        return value_real((double)value.number);
    }
}

static struct value to_bool(struct value value)
{
    bool is_true;
    switch (value.type) {
    case VALUE_BOOL:
        return value;
    case VALUE_REAL:
        return value_bool(value.real != 0);
    case VALUE_STRING:
        return value_read_bool(&is_true, value.text) ? value_bool(is_true) : value_null(VALUE_BOOL);
    case VALUE_INT:
    case VALUE_LONG:
        return value_bool(value.number != 0);
    default:
        return value_null(VALUE_BOOL);
    }
}

static struct value to_datetime(struct value value)
{
    int64_t ticks;
    switch (value.type) {
    case VALUE_DATETIME:
        return value;
    case VALUE_STRING:
        return value_read_datetime(&ticks, value.text) ? value_datetime(ticks) : value_null(VALUE_DATETIME);
    case VALUE_INT:
    case VALUE_LONG:
        return value.number < 0 || value.number > VALUE_DATETIME_MAX ? value_null(VALUE_DATETIME)
                                                                     : value_datetime(value.number);
    default:
        return value_null(VALUE_DATETIME);
    }
}

static struct value to_timespan(struct value value)
{
    int64_t ticks;
    switch (value.type) {
    case VALUE_TIMESPAN:
        return value;
    case VALUE_STRING:
        return value_read_timespan(&ticks, value.text) ? value_timespan(ticks) : value_null(VALUE_TIMESPAN);
    case VALUE_INT:
    case VALUE_LONG:
        return value_timespan(value.number);
    default:
        return value_null(VALUE_TIMESPAN);
    }
}

static struct value to_dynamic(struct value value, struct arena *scratch)
{
    struct dynamic *dynamic = arena_alloc(scratch, sizeof(*dynamic));
    if (dynamic == NULL)
        return value_error();
    *dynamic = value_to_dynamic(value);
    return value_dynamic(dynamic);
}

struct value function_convert(struct value value, enum value_type to, struct arena *scratch)
{
    if (value.type == VALUE_ERROR || (value.type == to && !value.is_null))
        return value;
    if (to == VALUE_STRING)
        return function_text(value_text(value, scratch));
    if (value.is_null)
        return value_null(to);
    if (value.type == VALUE_DYNAMIC) {
        value = function_from_dynamic(value.dynamic);
        if (value.type == VALUE_DYNAMIC)
            return value_null(to); /* an array or a bag */
    }
    switch (to) {
    case VALUE_BOOL:
        return to_bool(value);
    case VALUE_INT:
        return to_int(value);
    case VALUE_LONG:
        return to_long(value);
    case VALUE_REAL:
        return to_real(value);
    case VALUE_DATETIME:
        return to_datetime(value);
    case VALUE_TIMESPAN:
        return to_timespan(value);
    default:
        return to_dynamic(value, scratch);
    }
}

static struct value call_convert(const struct function_call *call)
{
    return function_convert(call->args[0], call->type, call->run->scratch);
}

/* parse_json of what is a dynamic already is that; of text that is no JSON, a string. */
static struct value call_todynamic(const struct function_call *call)
{
    struct value value = call->args[0], out;
    struct arena *scratch = call->run->scratch;
    if (value.type == VALUE_DYNAMIC || value.is_null)
        return value.is_null ? value_null(VALUE_DYNAMIC) : value;
    if (value.type != VALUE_STRING)
        return to_dynamic(value, scratch);
    if (value.text.len == 0)
        return value_null(VALUE_DYNAMIC);
    int rc = value_from_json(&out, scratch, value.text);
    if (rc == -ENOMEM)
        return value_error();
    return rc == 0 ? out : to_dynamic(value, scratch);
}

static const char *dynamic_type(const struct dynamic *dynamic)
{
    static const char *const words[] = {
        [DYNAMIC_NULL] = "null",         [DYNAMIC_BOOL] = "bool",     [DYNAMIC_LONG] = "long",
        [DYNAMIC_REAL] = "real",         [DYNAMIC_STRING] = "string", [DYNAMIC_DATETIME] = "datetime",
        [DYNAMIC_TIMESPAN] = "timespan", [DYNAMIC_ARRAY] = "array",   [DYNAMIC_BAG] = "dictionary",
    };
    return words[dynamic->kind];
}

static struct value call_gettype(const struct function_call *call)
{
    struct value value = call->args[0];
    if (value.is_null)
        return value_string(text_from("null"));
    return value_string(
        text_from(value.type == VALUE_DYNAMIC ? dynamic_type(value.dynamic) : value_type_name(value.type)));
}

#define CAST(name, summary, to, flags)                                                                                 \
    {                                                                                                                  \
        name, "(value)", summary, "a", 1, 1, to, FUNCTION_NULLS | (flags), 0, NULL, call_convert, NULL, NULL           \
    }
#define JSON(name, flags)                                                                                              \
    {                                                                                                                  \
        name, "(text: string)", "the JSON in a text; of what is none, the text itself", "a", 1, 1, VALUE_DYNAMIC,      \
            FUNCTION_NULLS | (flags), 0, NULL, call_todynamic, NULL, NULL                                              \
    }

const struct function function_cast[] = {
    CAST("tostring", "as text; null as an empty one", VALUE_STRING, FUNCTION_KEEPS),
    CAST("toint", "as a whole number of 32 bits", VALUE_INT, 0),
    CAST("tolong", "as a whole number of 64 bits", VALUE_LONG, 0),
    CAST("toreal", "as a floating point number", VALUE_REAL, 0),
    CAST("todouble", "the same as toreal", VALUE_REAL, 0),
    CAST("tobool", "as a truth", VALUE_BOOL, 0),
    CAST("toboolean", "tobool", VALUE_BOOL, FUNCTION_OLD),
    CAST("todatetime", "as a moment", VALUE_DATETIME, 0),
    CAST("totimespan", "as a length of time", VALUE_TIMESPAN, 0),
    CAST("totime", "totimespan", VALUE_TIMESPAN, FUNCTION_OLD),
    JSON("todynamic", 0),
    JSON("parse_json", 0),
    JSON("parsejson", FUNCTION_OLD),
    JSON("toobject", FUNCTION_OLD),
    {"gettype", "(value)", "the word for its type", "a", 1, 1, VALUE_STRING, FUNCTION_NULLS, 0, NULL, call_gettype,
     NULL, NULL},
    {0},
};
