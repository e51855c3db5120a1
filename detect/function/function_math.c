/* + - * / % and the functions over numbers and times that round. */
#include "detect/expression/expr_node.h"

#include <errno.h>
#include <float.h>
#include <math.h>

static bool is_number(enum value_type type)
{
    return type == VALUE_INT || type == VALUE_LONG || type == VALUE_REAL;
}

/* The type of a op b, or VALUE_ERROR. Source: the operators' signatures in Microsoft's Kusto.Language. */
static enum value_type result_type(char op, enum value_type a, enum value_type b)
{
    bool a_time = a == VALUE_TIMESPAN, b_time = b == VALUE_TIMESPAN, a_date = a == VALUE_DATETIME,
         b_date = b == VALUE_DATETIME;
    if (is_number(a) && is_number(b))
        return a == VALUE_REAL || b == VALUE_REAL ? VALUE_REAL : VALUE_LONG;
    if (a == VALUE_DYNAMIC && b == VALUE_DYNAMIC)
        return VALUE_DYNAMIC;
    if (a == VALUE_DYNAMIC || b == VALUE_DYNAMIC) {
        enum value_type other = a == VALUE_DYNAMIC ? b : a;
        if (is_number(other))
            return other == VALUE_INT ? VALUE_LONG : other;
        return (op == '+' || op == '-') && (other == VALUE_DATETIME || other == VALUE_TIMESPAN) ? other : VALUE_ERROR;
    }
    switch (op) {
    case '+':
        return a_time && b_time                           ? VALUE_TIMESPAN
               : (a_date || a_time) && (b_date || b_time) ? VALUE_DATETIME
                                                          : VALUE_ERROR;
    case '-':
        return (a_time && b_time) || (a_date && b_date)   ? VALUE_TIMESPAN
               : (a_date && b_time) || (a_time && b_date) ? VALUE_DATETIME
                                                          : VALUE_ERROR;
    case '*':
        return (a_time && (b_time || is_number(b))) || (is_number(a) && b_time) ? VALUE_TIMESPAN : VALUE_ERROR;
    case '/':
        return (a_time || a_date) && (b_time || b_date) ? VALUE_REAL
               : a_time && is_number(b)                 ? VALUE_TIMESPAN
                                                        : VALUE_ERROR;
    default:
        return (a_time || a_date) && (b_time || b_date || (a_time && is_number(b))) ? VALUE_TIMESPAN : VALUE_ERROR;
    }
}

static int refuse_types(struct function_bind *bind)
{
    return function_refuse(
        bind, "K210", bind->place, "\"%s\" can't take values of types %s and %s%s", bind->function->name,
        value_type_name(bind->args[0]->type), value_type_name(bind->args[1]->type),
        bind->args[0]->type == VALUE_STRING && bind->function->name[0] == '+' ? ": strcat() joins strings" : "");
}

static int prepare_arithmetic(struct function_bind *bind)
{
    if (bind->count == 1) { /* the sign */
        enum value_type type = bind->args[0]->type;
        if (!is_number(type) && type != VALUE_TIMESPAN && type != VALUE_DYNAMIC)
            return function_refuse(bind, "K210", bind->place,
                                   "\"%s\" wants a number or timespan, not a value of type %s", bind->function->name,
                                   value_type_name(type));
        bind->type = type == VALUE_INT && bind->args[0]->kind != EXPR_CONSTANT ? VALUE_LONG : type;
        return 0;
    }
    bind->type = result_type(bind->function->name[0], bind->args[0]->type, bind->args[1]->type);
    return bind->type == VALUE_ERROR ? refuse_types(bind) : 0;
}

/* Ticks or a count that overflowed, or a number of no size, is null. */
static struct value of_real(double real, enum value_type type)
{
    if (type == VALUE_REAL)
        return value_real(real);
    if (!(fabs(real) < 9.2233720368547748e18))
        return value_null(type);
    return (struct value){.type = type, .number = (int64_t)real};
}

static struct value of_ticks(int64_t ticks, enum value_type type)
{
    if (type == VALUE_DATETIME && (ticks < 0 || ticks > VALUE_DATETIME_MAX))
        return value_null(type);
    return (struct value){.type = type, .number = ticks};
}

static struct value real_arithmetic(char op, double a, double b, enum value_type type)
{
    switch (op) {
    case '+':
        return of_real(a + b, type);
    case '-':
        return of_real(a - b, type);
    case '*':
        return of_real(a * b, type);
    case '/':
        return of_real(a / b, type);
    default:
        return of_real(fmod(a, b), type);
    }
}

/* Whole numbers wrap; a division by zero is null. */
static struct value whole_arithmetic(char op, int64_t a, int64_t b, enum value_type type)
{
    uint64_t x = (uint64_t)a, y = (uint64_t)b;
    if ((op == '/' || op == '%') && b == 0)
        return value_null(type);
    switch (op) {
    case '+':
        return of_ticks((int64_t)(x + y), type);
    case '-':
        return of_ticks((int64_t)(x - y), type);
    case '*':
        return of_ticks((int64_t)(x * y), type);
    case '/':
        return of_ticks(b == -1 ? (int64_t)(0 - x) : a / b, type);
    default:
        return of_ticks(b == -1 ? 0 : a % b, type);
    }
}

static struct value arithmetic(char op, struct value a, struct value b, enum value_type type)
{
    if (type == VALUE_REAL || a.type == VALUE_REAL || b.type == VALUE_REAL)
        return real_arithmetic(op, function_real(a), function_real(b), type);
    return whole_arithmetic(op, a.number, b.number, type);
}

/* A dynamic operand is what is in it: a number, or nothing. */
static struct value operand(struct value value, enum value_type type, struct arena *scratch)
{
    if (value.type != VALUE_DYNAMIC)
        return value;
    struct value inner = value.is_null ? value : function_from_dynamic(value.dynamic);
    if (is_number(inner.type))
        return inner;
    return type == VALUE_DYNAMIC ? value_null(VALUE_LONG) : function_convert(inner, type, scratch);
}

static struct value call_arithmetic(const struct function_call *call)
{
    char op = call->expr->function->name[0];
    struct arena *scratch = call->run->scratch;
    struct value a = operand(call->args[0], call->type, scratch);
    if (call->count == 1) {
        struct value zero = a.type == VALUE_REAL ? value_real(-0.0) : (struct value){.type = a.type};
        struct value out = a.is_null   ? a
                           : op == '+' ? a
                                       : arithmetic('-', zero, a, a.type == VALUE_INT ? VALUE_LONG : a.type);
        return call->type == out.type ? out : function_convert(out, call->type, scratch);
    }
    struct value b = operand(call->args[1], call->type, scratch);
    if (a.is_null || b.is_null)
        return value_null(call->type);
    if (call->type != VALUE_DYNAMIC)
        return arithmetic(op, a, b, call->type);
    struct value sum = arithmetic(op, a, b, a.type == VALUE_REAL || b.type == VALUE_REAL ? VALUE_REAL : VALUE_LONG);
    return function_convert(sum, VALUE_DYNAMIC, scratch);
}

static int prepare_bin(struct function_bind *bind)
{
    enum value_type a = bind->args[0]->type, b = bind->args[1]->type;
    bool numbers = is_number(a) && is_number(b);
    bool times = (a == VALUE_TIMESPAN && b == VALUE_TIMESPAN) ||
                 (a == VALUE_DATETIME && (b == VALUE_TIMESPAN || b == VALUE_DATETIME));
    if (!numbers && !times)
        return function_refuse(bind, "K211", bind->place, "%s() can't round a %s to a %s", bind->function->name,
                               value_type_name(a), value_type_name(b));
    bind->type = times                                ? a
                 : a == VALUE_REAL || b == VALUE_REAL ? VALUE_REAL
                 : a == VALUE_INT && b == VALUE_INT   ? VALUE_INT
                                                      : VALUE_LONG;
    return 0;
}

/* Down to the next multiple, below zero too. A step that is not above zero gives null. */
static struct value call_bin(const struct function_call *call)
{
    struct value a = call->args[0], b = call->args[1];
    if (call->type == VALUE_REAL) {
        double step = function_real(b);
        return step > 0 ? value_real(floor(function_real(a) / step) * step) : value_null(VALUE_REAL);
    }
    if (b.number <= 0)
        return value_null(call->type);
    int64_t rest = a.number % b.number;
    uint64_t down = (uint64_t)a.number - (uint64_t)(rest < 0 ? rest + b.number : rest);
    return of_ticks((int64_t)down, call->type);
}

static int prepare_number(struct function_bind *bind)
{
    bind->type = bind->args[0]->type;
    return 0;
}

static struct value call_abs(const struct function_call *call)
{
    struct value value = call->args[0];
    if (value.type == VALUE_REAL)
        value.real = fabs(value.real);
    else if (value.number < 0)
        value.number = (int64_t)(0 - (uint64_t)value.number);
    return value;
}

static struct value call_ceiling(const struct function_call *call)
{
    struct value value = call->args[0];
    if (value.type == VALUE_REAL)
        value.real = ceil(value.real);
    return value;
}

/* Half away from zero, at that many digits after the point (before it where negative). */
static struct value call_round(const struct function_call *call)
{
    double number = function_real(call->args[0]), scale = 1;
    if (call->count == 2) {
        if (call->args[1].number < -300 || call->args[1].number > 300)
            return value_null(VALUE_REAL);
        scale = pow(10, (double)call->args[1].number);
    }
    double scaled = round(number * scale) / scale;
    return value_real(fabs(scaled) <= DBL_MAX ? scaled : number);
}

static struct value call_sign(const struct function_call *call)
{
    double number = function_real(call->args[0]);
    return value_int((number > 0) - (number < 0));
}

static int prepare_extreme(struct function_bind *bind)
{
    bind->type = bind->args[0]->type;
    for (size_t i = 1; i < bind->count; i++) {
        enum value_type type = bind->args[i]->type;
        if (is_number(bind->type) && is_number(type))
            bind->type = type > bind->type ? type : bind->type;
        else if (type != bind->type || type == VALUE_STRING || type == VALUE_DYNAMIC || type == VALUE_BOOL)
            return function_refuse(bind, "K211", bind->args[i]->place, "%s() can't compare a %s and a %s",
                                   bind->function->name, value_type_name(bind->type), value_type_name(type));
    }
    return 0;
}

/* The least or the greatest that is not null. */
static struct value extreme(const struct function_call *call, bool is_max)
{
    struct value best = value_null(call->type);
    for (size_t i = 0; i < call->count; i++) {
        struct value value = call->args[i];
        if (value.is_null)
            continue;
        if (value.type != call->type)
            value = function_convert(value, call->type, call->run->scratch);
        bool is_more = call->type == VALUE_REAL ? value.real > best.real : value.number > best.number;
        bool is_less = call->type == VALUE_REAL ? value.real < best.real : value.number < best.number;
        if (best.is_null || (is_max ? is_more : is_less))
            best = value;
    }
    return best;
}

static struct value call_max_of(const struct function_call *call)
{
    return extreme(call, true);
}

static struct value call_min_of(const struct function_call *call)
{
    return extreme(call, false);
}

static struct value call_binary(const struct function_call *call)
{
    uint64_t a = (uint64_t)call->args[0].number, b = call->count > 1 ? (uint64_t)call->args[1].number : 0;
    switch (call->expr->function->name[7]) {
    case 'a':
        return value_long((int64_t)(a & b));
    case 'o':
        return value_long((int64_t)(a | b));
    case 'x':
        return value_long((int64_t)(a ^ b));
    case 'n':
        return value_long((int64_t)~a);
    default:
        break;
    }
    b %= 64;
    return value_long(call->expr->function->name[13] == 'l' ? (int64_t)(a << b) : call->args[0].number >> b);
}

#define ARITHMETIC(name, least, summary)                                                                               \
    {                                                                                                                  \
        name, "value " name " value", summary, "aa", least, 2, VALUE_LONG, FUNCTION_OPERATOR, 0, prepare_arithmetic,   \
            call_arithmetic, NULL, NULL                                                                                \
    }
#define BINARY(name, arguments, summary, count)                                                                        \
    {                                                                                                                  \
        "binary_" name, arguments, summary, "ll", count, count, VALUE_LONG, 0, 0, NULL, call_binary, NULL, NULL        \
    }

const struct function function_math[] = {
    ARITHMETIC("+", 1, "sum of numbers, timespans, a datetime and a timespan"),
    ARITHMETIC("-", 1, "difference; of two datetimes a timespan"),
    ARITHMETIC("*", 2, "product; whole numbers wrap"),
    ARITHMETIC("/", 2, "quotient; of whole numbers whole, toward zero; by zero: null"),
    ARITHMETIC("%", 2, "rest"),
    {"bin", "(value, step)", "down to a multiple of the step", "aa", 2, 2, VALUE_LONG, 0, 0, prepare_bin, call_bin,
     NULL, NULL},
    {"floor", "(value, step)", "the same as bin", "aa", 2, 2, VALUE_LONG, 0, 0, prepare_bin, call_bin, NULL, NULL},
    {"ceiling", "(number)", "up to a whole number", "n", 1, 1, VALUE_REAL, 0, 0, prepare_number, call_ceiling, NULL,
     NULL},
    {"abs", "(number)", "without its sign", "n", 1, 1, VALUE_REAL, 0, 0, prepare_number, call_abs, NULL, NULL},
    {"round", "(number [, digits: long])", "to that many digits after the point", "nl", 1, 2, VALUE_REAL, 0, 0, NULL,
     call_round, NULL, NULL},
    {"sign", "(number)", "-1, 0 or 1", "n", 1, 1, VALUE_INT, 0, 0, NULL, call_sign, NULL, NULL},
    {"max_of", "(value, ...)", "the greatest", "a*", 2, 64, VALUE_LONG, FUNCTION_NULLS, 0, prepare_extreme, call_max_of,
     NULL, NULL},
    {"min_of", "(value, ...)", "the least", "a*", 2, 64, VALUE_LONG, FUNCTION_NULLS, 0, prepare_extreme, call_min_of,
     NULL, NULL},
    BINARY("and", "(a: long, b: long)", "bits that both have", 2),
    BINARY("or", "(a: long, b: long)", "bits that one has", 2),
    BINARY("xor", "(a: long, b: long)", "bits that only one has", 2),
    BINARY("not", "(a: long)", "the other bits", 1),
    BINARY("shift_left", "(a: long, by: long)", "bits moved up", 2),
    BINARY("shift_right", "(a: long, by: long)", "bits moved down; the sign stays", 2),
    {0},
};
