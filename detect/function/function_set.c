/* Arrays as sets, and sorted. */
#include "detect/expression/expr_node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* An item with the text it is compared by: its JSON. */
struct keyed {
    struct text key;
    struct dynamic item;
    size_t place;
    bool is_dropped;
};

static int by_key(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;
    size_t len = x->key.len < y->key.len ? x->key.len : y->key.len;
    int order = memcmp(x->key.bytes, y->key.bytes, len);
    if (order != 0)
        return order;
    if (x->key.len != y->key.len)
        return x->key.len < y->key.len ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

static int by_place(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;
    return (x->place > y->place) - (x->place < y->place);
}

/* The items of args[from..to-1], sorted by key; NULL: no scratch left. All of them are arrays. */
static struct keyed *sorted(const struct function_call *call, size_t from, size_t to, size_t *count)
{
    size_t total = 0, at = 0;
    struct arena *scratch = call->run->scratch;
    for (size_t i = from; i < to; i++)
        total += call->args[i].dynamic->count;
    struct keyed *list = arena_zeroed(scratch, total, sizeof(*list));
    for (size_t i = from; list != NULL && i < to; i++)
        for (size_t k = 0; k < call->args[i].dynamic->count; k++, at++) {
            list[at].item = call->args[i].dynamic->items[k];
            list[at].place = at;
            list[at].key = value_json((struct value){.type = VALUE_DYNAMIC, .dynamic = &list[at].item}, scratch);
            if (list[at].key.bytes == NULL)
                return NULL;
        }
    if (list != NULL && total > 1)
        qsort(list, total, sizeof(*list), by_key);
    *count = total;
    return list;
}

static bool same_key(const struct keyed *a, const struct keyed *b)
{
    return text_equal(a->key, b->key);
}

/* Drops all but the first of the items with one key. */
static void drop_repeated(struct keyed *list, size_t count)
{
    for (size_t i = 1; i < count; i++)
        list[i].is_dropped = same_key(&list[i], &list[i - 1]);
}

/* What is left of the list, as an array in the items' first order. */
static struct value rest(struct keyed *list, size_t count, struct arena *scratch)
{
    struct dynamic *items = arena_zeroed(scratch, count, sizeof(*items));
    size_t kept = 0;
    if (items == NULL)
        return value_error();
    if (count > 1)
        qsort(list, count, sizeof(*list), by_place);
    for (size_t i = 0; i < count; i++)
        if (!list[i].is_dropped)
            items[kept++] = list[i].item;
    return function_array_of(items, kept, scratch);
}

static bool all_arrays(const struct function_call *call)
{
    for (size_t i = 0; i < call->count; i++)
        if (call->args[i].is_null || call->args[i].dynamic->kind != DYNAMIC_ARRAY)
            return false;
    return true;
}

static struct value call_set_union(const struct function_call *call)
{
    size_t count = 0;
    if (!all_arrays(call))
        return value_null(VALUE_DYNAMIC);
    struct keyed *list = sorted(call, 0, call->count, &count);
    if (list == NULL)
        return value_error();
    drop_repeated(list, count);
    return rest(list, count, call->run->scratch);
}

/* The first array's items: those that are (is_kept), or are not, in each (any, where not kept) of the others. */
static struct value against_others(const struct function_call *call, bool is_kept)
{
    size_t count = 0, other_count = 0;
    if (!all_arrays(call))
        return value_null(VALUE_DYNAMIC);
    struct keyed *list = sorted(call, 0, 1, &count);
    if (list == NULL)
        return value_error();
    drop_repeated(list, count);
    for (size_t i = 1; i < call->count; i++) {
        struct keyed *other = sorted(call, i, i + 1, &other_count);
        if (other == NULL)
            return value_error();
        for (size_t k = 0, o = 0; k < count; k++) {
            while (o < other_count &&
                   by_key(&(struct keyed){.key = other[o].key}, &(struct keyed){.key = list[k].key}) < 0)
                o++;
            bool is_there = o < other_count && same_key(&other[o], &list[k]);
            list[k].is_dropped = list[k].is_dropped || is_there != is_kept;
        }
    }
    return rest(list, count, call->run->scratch);
}

static struct value call_set_intersect(const struct function_call *call)
{
    return against_others(call, true);
}

static struct value call_set_difference(const struct function_call *call)
{
    return against_others(call, false);
}

/* Nulls last; numbers by size, texts byte by byte, others in their place. */
static int ascending(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;
    bool x_null = x->item.kind == DYNAMIC_NULL, y_null = y->item.kind == DYNAMIC_NULL;
    if (x_null != y_null)
        return x_null ? 1 : -1;
    struct value p = function_from_dynamic(&x->item), q = function_from_dynamic(&y->item);
    if (p.type == VALUE_STRING && q.type == VALUE_STRING) {
        int order = memcmp(p.text.bytes, q.text.bytes, p.text.len < q.text.len ? p.text.len : q.text.len);
        if (order != 0 || p.text.len != q.text.len)
            return order != 0 ? order : p.text.len < q.text.len ? -1 : 1;
    } else if (!x_null && p.type < VALUE_STRING && q.type < VALUE_STRING) {
        double m = function_real(p), n = function_real(q);
        if (m != n)
            return m < n ? -1 : 1;
    }
    return by_place(a, b);
}

static struct value sort(const struct function_call *call, bool is_descending)
{
    if (!all_arrays(call))
        return value_null(VALUE_DYNAMIC);
    const struct dynamic *array = call->args[0].dynamic;
    struct keyed *list = arena_zeroed(call->run->scratch, array->count, sizeof(*list));
    struct dynamic *items = arena_zeroed(call->run->scratch, array->count, sizeof(*items));
    if (list == NULL || items == NULL)
        return value_error();
    size_t nulls = 0;
    for (size_t i = 0; i < array->count; i++) {
        list[i] = (struct keyed){.item = array->items[i], .place = i};
        nulls += array->items[i].kind == DYNAMIC_NULL;
    }
    if (array->count > 1)
        qsort(list, array->count, sizeof(*list), ascending);
    size_t values = array->count - nulls;
    for (size_t i = 0; i < array->count; i++)
        items[i] = list[is_descending && i < values ? values - 1 - i : i].item;
    return function_array_of(items, array->count, call->run->scratch);
}

static struct value call_sort_asc(const struct function_call *call)
{
    return sort(call, false);
}

static struct value call_sort_desc(const struct function_call *call)
{
    return sort(call, true);
}

#define SET(name, arguments, summary, min, max, call)                                                                  \
    {                                                                                                                  \
        name, arguments, summary, "j*", min, max, VALUE_DYNAMIC, 0, 0, NULL, call, NULL, NULL                          \
    }

const struct function function_set[] = {
    SET("set_union", "(array: dynamic, array: dynamic, ...)", "each item once that is in one", 2, 64, call_set_union),
    SET("set_intersect", "(array: dynamic, array: dynamic, ...)", "each item once that is in all", 2, 64,
        call_set_intersect),
    SET("set_difference", "(array: dynamic, array: dynamic, ...)", "each item of the first once that is in no other", 2,
        64, call_set_difference),
    SET("array_sort_asc", "(array: dynamic)", "the items in order, nulls last", 1, 1, call_sort_asc),
    SET("array_sort_desc", "(array: dynamic)", "the items from the greatest down, nulls last", 1, 1, call_sort_desc),
    {0},
};
