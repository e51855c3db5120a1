/* == != < <= > >= between, over every pair of types that Kusto compares. */
#include "detect/expression/expr_node.h"
#include "detect/search/term.h"

#include <errno.h>

static bool is_number(enum value_type type)
{
    return type == VALUE_INT || type == VALUE_LONG || type == VALUE_REAL;
}

static bool is_time(enum value_type type)
{
    return type == VALUE_DATETIME || type == VALUE_TIMESPAN;
}

double function_real(struct value value)
{
    return value.type == VALUE_REAL   ? value.real
           : value.type == VALUE_BOOL ? (double)value.boolean
                                      : (double)value.number;
}

struct value function_from_dynamic(const struct dynamic *item)
{
    switch (item->kind) {
    case DYNAMIC_BOOL:
        return value_bool(item->boolean);
    case DYNAMIC_LONG:
        return value_long(item->number);
    case DYNAMIC_REAL:
        return value_real(item->real);
    case DYNAMIC_STRING:
        return value_string(item->text);
    case DYNAMIC_DATETIME:
        return value_datetime(item->number);
    case DYNAMIC_TIMESPAN:
        return value_timespan(item->number);
    default:
        return value_dynamic(item);
    }
}

/* -1, 0, 1; 2 where one is no number. Both int or long: exact. */
static int order_numbers(struct value a, struct value b)
{
    if (a.type != VALUE_REAL && b.type != VALUE_REAL) {
        int64_t x = a.type == VALUE_BOOL ? a.boolean : a.number, y = b.type == VALUE_BOOL ? b.boolean : b.number;
        return (x > y) - (x < y);
    }
    double x = function_real(a), y = function_real(b);
    return x < y ? -1 : x > y ? 1 : x == y ? 0 : 2;
}

static enum truth truth_of(bool is_true)
{
    return is_true ? TRUTH_TRUE : TRUTH_FALSE;
}

/* What is in a dynamic beside another value that is in none: by its text beside a string; else only one of the same
 * sort can be equal. */
static enum truth equal_dynamic(struct value a, struct value b, bool is_cased, struct arena *scratch)
{
    if (b.type == VALUE_STRING)
        return function_equal(function_text(value_text(a, scratch)), b, is_cased, scratch);
    struct value inner = function_from_dynamic(a.dynamic);
    if (is_time(b.type) && inner.type == VALUE_STRING)
        return function_equal(function_convert(inner, b.type, scratch), b, is_cased, scratch);
    bool same_sort = inner.type == b.type || (is_number(inner.type) && is_number(b.type));
    return same_sort ? function_equal(inner, b, is_cased, scratch) : TRUTH_FALSE;
}

/* Two dynamics: scalars by what they are, lists by their JSON. */
static enum truth equal_dynamics(struct value a, struct value b, bool is_cased, struct arena *scratch)
{
    struct value x = function_from_dynamic(a.dynamic), y = function_from_dynamic(b.dynamic);
    if (x.type == VALUE_DYNAMIC && y.type == VALUE_DYNAMIC) {
        struct text left = value_json(a, scratch), right = value_json(b, scratch);
        return left.bytes == NULL || right.bytes == NULL ? TRUTH_ERROR : truth_of(text_equal(left, right));
    }
    bool same_sort = x.type == y.type || (is_number(x.type) && is_number(y.type));
    return same_sort ? function_equal(x, y, is_cased, scratch) : TRUTH_FALSE;
}

enum truth function_equal(struct value a, struct value b, bool is_cased, struct arena *scratch)
{
    if (a.type == VALUE_ERROR || b.type == VALUE_ERROR)
        return TRUTH_ERROR;
    if (a.is_null || b.is_null) {
        if (a.is_null && b.is_null)
            return TRUTH_NULL;
        struct value other = a.is_null ? b : a, null = a.is_null ? a : b;
        /* A missing member beside a string is an empty text, as tostring has it. */
        return truth_of(null.type == VALUE_DYNAMIC && other.type == VALUE_STRING && other.text.len == 0);
    }
    if (a.type == VALUE_DYNAMIC && b.type != VALUE_DYNAMIC)
        return equal_dynamic(a, b, is_cased, scratch);
    if (b.type == VALUE_DYNAMIC && a.type != VALUE_DYNAMIC)
        return equal_dynamic(b, a, is_cased, scratch);
    if (a.type == VALUE_STRING && b.type == VALUE_STRING)
        return truth_of(is_cased ? text_equal(a.text, b.text) : term_same(a.text, b.text));
    if (a.type == VALUE_DYNAMIC)
        return equal_dynamics(a, b, is_cased, scratch);
    if (a.type == VALUE_STRING && is_time(b.type))
        return function_equal(function_convert(a, b.type, scratch), b, is_cased, scratch);
    if (b.type == VALUE_STRING && is_time(a.type))
        return function_equal(a, function_convert(b, a.type, scratch), is_cased, scratch);
    if (a.type == VALUE_STRING || b.type == VALUE_STRING)
        return TRUTH_FALSE;
    return truth_of(order_numbers(a, b) == 0);
}

bool function_may_equal(enum value_type a, enum value_type b)
{
    if (a == b || a == VALUE_DYNAMIC || b == VALUE_DYNAMIC)
        return !(a == VALUE_DYNAMIC && b == VALUE_DYNAMIC);
    if (is_time(a) || is_time(b))
        return a == VALUE_STRING || b == VALUE_STRING;
    return a != VALUE_STRING && b != VALUE_STRING; /* numbers and bools */
}

static int refuse_pair(struct function_bind *bind, enum value_type a, enum value_type b, const char *hint)
{
    return function_refuse(bind, "K210", bind->place, "\"%s\" can't compare values of types %s and %s%s",
                           bind->function->name, value_type_name(a), value_type_name(b), hint);
}

static int prepare_equal(struct function_bind *bind)
{
    enum value_type a = bind->args[0]->type, b = bind->args[1]->type;
    if (function_may_equal(a, b))
        return 0;
    if (a == VALUE_DYNAMIC)
        return refuse_pair(bind, a, b, ": convert one of them, as with tostring()");
    return refuse_pair(bind, a, b,
                       a == VALUE_STRING ? ": convert one of them, as with tolong()" : ": convert one of them");
}

static struct value of_truth(enum truth truth, bool is_negated)
{
    if (truth == TRUTH_ERROR)
        return value_error();
    return truth == TRUTH_NULL ? value_null(VALUE_BOOL) : value_bool((truth == TRUTH_TRUE) != is_negated);
}

static struct value call_equal(const struct function_call *call)
{
    return of_truth(function_equal(call->args[0], call->args[1], true, call->run->scratch), false);
}

static struct value call_unequal(const struct function_call *call)
{
    return of_truth(function_equal(call->args[0], call->args[1], true, call->run->scratch), true);
}

/* May values of these types be ordered? Not strings: strcmp() does. */
static bool may_order(enum value_type a, enum value_type b)
{
    bool a_counts = is_number(a) || a == VALUE_BOOL, b_counts = is_number(b) || b == VALUE_BOOL;
    if (a == VALUE_DYNAMIC || b == VALUE_DYNAMIC)
        return (a_counts || a == VALUE_DYNAMIC) && (b_counts || b == VALUE_DYNAMIC);
    return (a_counts && b_counts) || (a == b && is_time(a));
}

static int prepare_order(struct function_bind *bind)
{
    enum value_type a = bind->args[0]->type, b = bind->args[1]->type;
    if (may_order(a, b))
        return 0;
    return refuse_pair(bind, a, b, a == VALUE_STRING && b == VALUE_STRING ? ": strcmp() orders strings" : "");
}

/* A dynamic's number, or 2 from order for what is none. */
static int order(struct value a, struct value b)
{
    if (a.type == VALUE_DYNAMIC)
        a = function_from_dynamic(a.dynamic);
    if (b.type == VALUE_DYNAMIC)
        b = function_from_dynamic(b.dynamic);
    bool same = a.type == b.type ||
                ((is_number(a.type) || a.type == VALUE_BOOL) && (is_number(b.type) || b.type == VALUE_BOOL));
    return same && a.type != VALUE_STRING && a.type != VALUE_DYNAMIC ? order_numbers(a, b) : 3;
}

static struct value ordered(const struct function_call *call, bool less, bool same, bool more)
{
    int is = order(call->args[0], call->args[1]);
    if (is == 3)
        return value_null(VALUE_BOOL);
    return value_bool(is == -1 ? less : is == 0 ? same : is == 1 && more);
}

static struct value call_less(const struct function_call *call)
{
    return ordered(call, true, false, false);
}

static struct value call_less_equal(const struct function_call *call)
{
    return ordered(call, true, true, false);
}

static struct value call_more(const struct function_call *call)
{
    return ordered(call, false, false, true);
}

static struct value call_more_equal(const struct function_call *call)
{
    return ordered(call, false, true, true);
}

/* value between (low .. high) is value >= low and value <= high; a timespan after a datetime counts from it. */
static int prepare_between(struct function_bind *bind)
{
    struct expr *sum[] = {bind->args[1], bind->args[2]};
    if (bind->args[0]->type == VALUE_DATETIME && bind->args[1]->type == VALUE_DATETIME &&
        bind->args[2]->type == VALUE_TIMESPAN) {
        int rc = expr_call(&bind->args[2], bind->arena, text_from("+"), sum, 2, bind->place, bind->fault);
        if (rc < 0)
            return rc;
    }
    for (size_t i = 1; i <= 2; i++)
        if (!may_order(bind->args[0]->type, bind->args[i]->type))
            return refuse_pair(bind, bind->args[0]->type, bind->args[i]->type, "");
    return 0;
}

static enum truth is_between(const struct function_call *call)
{
    int low = order(call->args[0], call->args[1]), high = order(call->args[0], call->args[2]);
    if (low == 3 || high == 3)
        return TRUTH_NULL;
    return truth_of((low == 0 || low == 1) && (high == 0 || high == -1));
}

static struct value call_between(const struct function_call *call)
{
    return of_truth(is_between(call), false);
}

static struct value call_not_between(const struct function_call *call)
{
    return of_truth(is_between(call), true);
}

/* Equal to a constant string, whose text then stands in the other side. */
static bool need_equal(struct expr_needs *out, const struct expr *expr, bool is_true,
                       const struct function_need *context)
{
    if (is_true == (expr->function->name[0] != '='))
        return false;
    for (size_t i = 0; i < 2; i++) {
        const struct expr *constant = expr->args[i], *other = expr->args[1 - i];
        if (constant->kind == EXPR_CONSTANT && constant->type == VALUE_STRING &&
            (other->type == VALUE_STRING || other->type == VALUE_DYNAMIC))
            return function_need_text(out, context, other, constant->constant.text);
    }
    return false;
}

#define OPERATOR(name, summary, flags, prepare, call)                                                                  \
    {                                                                                                                  \
        name, "value " name " value", summary, "aa", 2, 2, VALUE_BOOL, FUNCTION_OPERATOR | (flags), 0, prepare, call,  \
            NULL, need_equal                                                                                           \
    }

const struct function function_compare[] = {
    OPERATOR("==", "the same; strings: the letters' case counts; one null: false, both: null", FUNCTION_NULLS,
             prepare_equal, call_equal),
    OPERATOR("!=", "not the same; one null: true, both: null", FUNCTION_NULLS, prepare_equal, call_unequal),
    OPERATOR("<>", "not the same", FUNCTION_NULLS | FUNCTION_OLD, prepare_equal, call_unequal),
    OPERATOR("<", "less (numbers, times)", 0, prepare_order, call_less),
    OPERATOR("<=", "less or the same", 0, prepare_order, call_less_equal),
    OPERATOR(">", "more", 0, prepare_order, call_more),
    OPERATOR(">=", "more or the same", 0, prepare_order, call_more_equal),
    {"between", "value between (low .. high)", "not below low, not above high; a null: null", "aaa", 3, 3, VALUE_BOOL,
     FUNCTION_OPERATOR, 0, prepare_between, call_between, NULL, NULL},
    {"!between", "value !between (low .. high)", "below low or above high; a null: null", "aaa", 3, 3, VALUE_BOOL,
     FUNCTION_OPERATOR, 0, prepare_between, call_not_between, NULL, NULL},
    {0},
};
