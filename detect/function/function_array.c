/* [] and . on dynamic values, and the functions over arrays. */
#include "detect/expression/expr_node.h"

#include <errno.h>
#include <string.h>

static bool is_array(struct value value)
{
    return !value.is_null && value.dynamic->kind == DYNAMIC_ARRAY;
}

/* A member, an item: null where there is none. Nothing is copied. */
static struct value call_index(const struct function_call *call)
{
    const struct dynamic *list = call->args[0].dynamic;
    struct value index = call->args[1];
    if (index.type == VALUE_DYNAMIC)
        index = function_from_dynamic(index.dynamic);
    if (index.type == VALUE_STRING)
        return value_dynamic(value_member(list, index.text));
    if (index.type == VALUE_INT || index.type == VALUE_LONG)
        return value_dynamic(value_item(list, index.number));
    return value_null(VALUE_DYNAMIC);
}

static int prepare_index(struct function_bind *bind)
{
    enum value_type type = bind->args[1]->type;
    if (type == VALUE_INT || type == VALUE_LONG || type == VALUE_STRING || type == VALUE_DYNAMIC)
        return 0;
    return function_refuse(bind, "K210", bind->args[1]->place, "an index is a number or a name, not a value of type %s",
                           value_type_name(type));
}

static struct value call_array_length(const struct function_call *call)
{
    if (!is_array(call->args[0]))
        return value_null(VALUE_LONG);
    return value_long((int64_t)call->args[0].dynamic->count);
}

/* Are they the same item: same sort, same value? The case counts. */
static bool same_item(const struct dynamic *item, struct value value, struct arena *scratch)
{
    struct value inner = function_from_dynamic(item);
    struct arena_mark mark = arena_mark(scratch);
    bool same;
    if (inner.is_null || value.is_null)
        same = inner.is_null && value.is_null;
    else if ((inner.type == VALUE_STRING) != (value.type == VALUE_STRING))
        same = false;
    else
        same = function_equal(inner, value, true, scratch) == TRUTH_TRUE;
    arena_rewind(scratch, mark);
    return same;
}

/* The value itself where it is a dynamic scalar. */
static struct value unwrapped(struct value value)
{
    return value.type == VALUE_DYNAMIC && !value.is_null ? function_from_dynamic(value.dynamic) : value;
}

static struct value call_array_index_of(const struct function_call *call)
{
    if (!is_array(call->args[0]))
        return value_null(VALUE_LONG);
    const struct dynamic *array = call->args[0].dynamic;
    struct value wanted = unwrapped(call->args[1]);
    int64_t count = (int64_t)array->count, start = call->count > 2 ? call->args[2].number : 0;
    int64_t length = call->count > 3 ? call->args[3].number : -1,
            occurrence = call->count > 4 ? call->args[4].number : 1;
    if (length < -1 || occurrence < 1)
        return value_null(VALUE_LONG);
    if (start < 0)
        start = start + count < 0 ? 0 : start + count;
    int64_t end = length < 0 || length > count - start ? count : start + length;
    for (int64_t i = start; i < end; i++)
        if (same_item(&array->items[i], wanted, call->run->scratch) && --occurrence == 0)
            return value_long(i);
    return value_long(-1);
}

static struct value call_set_has_element(const struct function_call *call)
{
    if (!is_array(call->args[0]))
        return value_null(VALUE_BOOL);
    const struct dynamic *array = call->args[0].dynamic;
    struct value wanted = unwrapped(call->args[1]);
    for (size_t i = 0; i < array->count; i++)
        if (same_item(&array->items[i], wanted, call->run->scratch))
            return value_bool(true);
    return value_bool(false);
}

/* Items start to end, both included and counted from the end where negative. */
static struct value call_array_slice(const struct function_call *call)
{
    if (!is_array(call->args[0]))
        return value_null(VALUE_DYNAMIC);
    const struct dynamic *array = call->args[0].dynamic;
    int64_t count = (int64_t)array->count, start = call->args[1].number, end = call->args[2].number;
    start = start < 0 ? (start + count < 0 ? 0 : start + count) : start;
    end = end < 0 ? end + count : end < count ? end : count - 1;
    if (start > end)
        return function_array_of(array->items, 0, call->run->scratch);
    return function_array_of(array->items + start, (size_t)(end - start + 1), call->run->scratch);
}

/* Arrays one after another; null when one is no array. */
static struct value call_array_concat(const struct function_call *call)
{
    size_t count = 0, at = 0;
    for (size_t i = 0; i < call->count; i++) {
        if (!is_array(call->args[i]))
            return value_null(VALUE_DYNAMIC);
        count += call->args[i].dynamic->count;
    }
    struct dynamic *items = arena_zeroed(call->run->scratch, count, sizeof(*items));
    for (size_t i = 0; items != NULL && i < call->count; i++)
        for (size_t k = 0; k < call->args[i].dynamic->count; k++)
            items[at++] = call->args[i].dynamic->items[k];
    return function_array_of(items, count, call->run->scratch);
}

static struct value call_array_reverse(const struct function_call *call)
{
    if (!is_array(call->args[0]))
        return value_null(VALUE_DYNAMIC);
    const struct dynamic *array = call->args[0].dynamic;
    struct dynamic *items = arena_zeroed(call->run->scratch, array->count, sizeof(*items));
    for (size_t i = 0; items != NULL && i < array->count; i++)
        items[i] = array->items[array->count - 1 - i];
    return function_array_of(items, array->count, call->run->scratch);
}

/* Moved around; to the left where by is above zero. */
static struct value rotated(const struct function_call *call, int64_t by)
{
    if (!is_array(call->args[0]))
        return value_null(VALUE_DYNAMIC);
    const struct dynamic *array = call->args[0].dynamic;
    int64_t count = (int64_t)array->count;
    struct dynamic *items = arena_zeroed(call->run->scratch, array->count, sizeof(*items));
    for (int64_t i = 0; items != NULL && i < count; i++)
        items[i] = array->items[((i + by % count) % count + count) % count];
    return function_array_of(items, array->count, call->run->scratch);
}

static struct value call_rotate_left(const struct function_call *call)
{
    return rotated(call, call->args[1].number);
}

static struct value call_rotate_right(const struct function_call *call)
{
    return rotated(call, -(call->args[1].number % ((int64_t)1 << 40)));
}

/* Moved along; what comes in is fill, or null. */
static struct value shifted(const struct function_call *call, int64_t by)
{
    if (!is_array(call->args[0]))
        return value_null(VALUE_DYNAMIC);
    const struct dynamic *array = call->args[0].dynamic;
    struct value fill = call->count > 2 ? call->args[2] : value_null(VALUE_DYNAMIC);
    struct dynamic *items = arena_zeroed(call->run->scratch, array->count, sizeof(*items));
    for (size_t i = 0; items != NULL && i < array->count; i++) {
        int64_t from = (int64_t)i + by;
        items[i] = from >= 0 && from < (int64_t)array->count ? array->items[from] : value_to_dynamic(fill);
    }
    return function_array_of(items, array->count, call->run->scratch);
}

/* No array is that long: keeps sums in range. */
static int64_t clamped(int64_t number)
{
    const int64_t most = (int64_t)1 << 40;
    return number > most ? most : number < -most ? -most : number;
}

static struct value call_shift_left(const struct function_call *call)
{
    return call->args[1].is_null ? value_null(VALUE_DYNAMIC) : shifted(call, clamped(call->args[1].number));
}

static struct value call_shift_right(const struct function_call *call)
{
    return call->args[1].is_null ? value_null(VALUE_DYNAMIC) : shifted(call, -clamped(call->args[1].number));
}

static struct value call_pack_array(const struct function_call *call)
{
    struct dynamic *items = arena_zeroed(call->run->scratch, call->count, sizeof(*items));
    for (size_t i = 0; items != NULL && i < call->count; i++)
        items[i] = value_to_dynamic(call->args[i]);
    return function_array_of(items, call->count, call->run->scratch);
}

static struct value call_repeat(const struct function_call *call)
{
    int64_t count = call->args[1].is_null ? 0 : call->args[1].number;
    if (count < 0 || call->args[1].is_null)
        return value_null(VALUE_DYNAMIC);
    struct dynamic *items = arena_zeroed(call->run->scratch, (size_t)count, sizeof(*items));
    for (int64_t i = 0; items != NULL && i < count; i++)
        items[i] = value_to_dynamic(call->args[0]);
    return function_array_of(items, (size_t)count, call->run->scratch);
}

/* Whole numbers only; 1,048,576 at most, as in Kusto. */
static struct value call_range(const struct function_call *call)
{
    int64_t start = call->args[0].number, stop = call->args[1].number,
            step = call->count > 2 ? call->args[2].number : 1;
    if (step == 0)
        return value_null(VALUE_DYNAMIC);
    uint64_t distance = step > 0 ? (uint64_t)stop - (uint64_t)start : (uint64_t)start - (uint64_t)stop;
    bool is_empty = step > 0 ? start > stop : start < stop;
    uint64_t size = step > 0 ? (uint64_t)step : 0 - (uint64_t)step;
    uint64_t count = is_empty ? 0 : distance / size + 1;
    if (count > (uint64_t)1 << 20)
        count = (uint64_t)1 << 20;
    struct dynamic *items = arena_zeroed(call->run->scratch, (size_t)count, sizeof(*items));
    for (uint64_t i = 0; items != NULL && i < count; i++)
        items[i] = (struct dynamic){.kind = DYNAMIC_LONG, .number = (int64_t)((uint64_t)start + i * (uint64_t)step)};
    return function_array_of(items, (size_t)count, call->run->scratch);
}

static struct value call_array_sum(const struct function_call *call)
{
    double sum = 0;
    if (!is_array(call->args[0]))
        return value_null(VALUE_REAL);
    for (size_t i = 0; i < call->args[0].dynamic->count; i++) {
        struct value item = function_from_dynamic(&call->args[0].dynamic->items[i]);
        if (item.is_null || (item.type != VALUE_LONG && item.type != VALUE_REAL))
            return value_null(VALUE_REAL);
        sum += function_real(item);
    }
    return value_real(sum);
}

#define ARRAY(name, arguments, summary, classes, min, max, call)                                                       \
    {                                                                                                                  \
        name, arguments, summary, classes, min, max, VALUE_DYNAMIC, 0, 0, NULL, call, NULL, NULL                       \
    }
#define ARRAY_OF(name, arguments, summary, classes, min, max, call)                                                    \
    {                                                                                                                  \
        name, arguments, summary, classes, min, max, VALUE_DYNAMIC, FUNCTION_NULLS, 0, NULL, call, NULL, NULL          \
    }

const struct function function_array[] = {
    {"[]", "dynamic[number or name]", "the item (negative: from the end) or member; null where there is none", "ja", 2,
     2, VALUE_DYNAMIC, FUNCTION_OPERATOR | FUNCTION_KEEPS, 0, prepare_index, call_index, NULL, NULL},
    {".", "dynamic.name", "the member of that name; null where there is none", "js!", 2, 2, VALUE_DYNAMIC,
     FUNCTION_OPERATOR | FUNCTION_KEEPS, 0, NULL, call_index, NULL, NULL},
    {"array_length", "(array: dynamic)", "number of items; null for what is no array", "j", 1, 1, VALUE_LONG, 0, 0,
     NULL, call_array_length, NULL, NULL},
    {"arraylength", "(array: dynamic)", "array_length", "j", 1, 1, VALUE_LONG, FUNCTION_OLD, 0, NULL, call_array_length,
     NULL, NULL},
    {"array_index_of", "(array: dynamic, value [, start: long [, length: long [, occurrence: long]]])",
     "where a value is, from 0; -1: nowhere", "jalll!", 2, 5, VALUE_LONG, FUNCTION_NULLS, 0, NULL, call_array_index_of,
     NULL, NULL},
    {"set_has_element", "(array: dynamic, value)", "is the value in it?", "ja", 2, 2, VALUE_BOOL, FUNCTION_NULLS, 0,
     NULL, call_set_has_element, NULL, NULL},
    ARRAY("array_slice", "(array: dynamic, first: long, last: long)",
          "the items from first to last; negative: from the end", "jll", 3, 3, call_array_slice),
    ARRAY("array_concat", "(array: dynamic, ...)", "all items, one array after the other", "j*", 1, 64,
          call_array_concat),
    ARRAY("array_reverse", "(array: dynamic)", "the items from the end", "j", 1, 1, call_array_reverse),
    ARRAY("array_rotate_left", "(array: dynamic, by: long)", "the first items to the end", "jl", 2, 2,
          call_rotate_left),
    ARRAY("array_rotate_right", "(array: dynamic, by: long)", "the last items to the beginning", "jl", 2, 2,
          call_rotate_right),
    ARRAY_OF("array_shift_left", "(array: dynamic, by: long [, fill])", "the first items dropped, filled up at the end",
             "jla", 2, 3, call_shift_left),
    ARRAY_OF("array_shift_right", "(array: dynamic, by: long [, fill])",
             "the last items dropped, filled up at the beginning", "jla", 2, 3, call_shift_right),
    ARRAY_OF("pack_array", "(value, ...)", "an array of the values", "a*", 1, EXPR_MAX_ARGS, call_pack_array),
    ARRAY_OF("repeat", "(value, times: long)", "an array of that value so many times", "al", 2, 2, call_repeat),
    ARRAY("range", "(first: long, last: long [, step: long])", "an array of the numbers from first to last", "lll", 2,
          3, call_range),
    {"array_sum", "(array: dynamic)", "sum of its numbers", "j", 1, 1, VALUE_REAL, 0, 0, NULL, call_array_sum, NULL,
     NULL},
    {0},
};
