/* in, !in, in~, !in~, has_any, has_all: a value against a list. */
#include "detect/expression/expr_node.h"
#include "detect/search/term.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Up to this many texts are compared one by one, more are searched for in order. */
#define FEW 8

/* Longest list whose elements are looked for before the rule is evaluated. */
#define MAX_NEEDED 1024

/* The constant elements of a list. */
struct list {
    struct value *values; /* count of them, no arrays */
    size_t count;
    bool is_cased, has_null, is_text; /* is_text: all are strings */
    struct text *sorted;              /* is_text and more than FEW: the texts in order, folded unless is_cased */
    const struct term **terms;        /* has_any, has_all: a term each */
};

static int by_bytes(const void *a, const void *b)
{
    const struct text *x = a, *y = b;
    int order = memcmp(x->bytes, y->bytes, x->len < y->len ? x->len : y->len);
    return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

/* How many scalars a dynamic holds, arrays within arrays flattened. */
static size_t flat_count(const struct dynamic *item)
{
    size_t count = 0;
    if (item->kind != DYNAMIC_ARRAY)
        return 1;
    for (size_t i = 0; i < item->count; i++)
        count += flat_count(&item->items[i]);
    return count;
}

/* An item as it is compared: a string by itself, others as the dynamic they are, with its text. */
static struct value element_of(const struct dynamic *item)
{
    return item->kind == DYNAMIC_STRING ? value_string(item->text) : value_dynamic(item);
}

static void flatten(struct list *list, const struct dynamic *item)
{
    if (item->kind != DYNAMIC_ARRAY) {
        list->values[list->count++] = element_of(item);
        return;
    }
    for (size_t i = 0; i < item->count; i++)
        flatten(list, &item->items[i]);
}

static size_t constant_count(const struct expr *arg)
{
    if (arg->kind != EXPR_CONSTANT)
        return 0;
    return arg->type == VALUE_DYNAMIC && !arg->constant.is_null ? flat_count(arg->constant.dynamic) : 1;
}

static int set_sorted(struct list *list, struct arena *arena)
{
    list->sorted = arena_alloc(arena, list->count * sizeof(*list->sorted));
    if (list->sorted == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < list->count; i++) {
        struct text text = list->values[i].text;
        list->sorted[i] = list->is_cased ? text : term_fold(text, arena);
        if (list->sorted[i].bytes == NULL)
            return -ENOMEM;
    }
    qsort(list->sorted, list->count, sizeof(*list->sorted), by_bytes);
    return 0;
}

/* Moves the constant elements out of the arguments: they stand last then, beyond bind->count. */
static int collect(struct function_bind *bind, struct list **out)
{
    size_t total = 0, kept = 1;
    for (size_t i = 1; i < bind->count; i++)
        total += constant_count(bind->args[i]);
    if (total > EXPR_MAX_ARGS)
        return function_refuse(bind, "K124", bind->place, "a list of %u elements: %s takes at most %d", (unsigned)total,
                               bind->function->name, EXPR_MAX_ARGS);
    struct list *list = arena_zeroed(bind->arena, 1, sizeof(*list));
    struct expr **order = arena_alloc(bind->arena, bind->count * sizeof(struct expr *));
    if (list == NULL || order == NULL ||
        (list->values = arena_zeroed(bind->arena, total, sizeof(struct value))) == NULL)
        return -ENOMEM;
    size_t last = bind->count;
    order[0] = bind->args[0];
    for (size_t i = bind->count - 1; i > 0; i--)
        if (bind->args[i]->kind == EXPR_CONSTANT)
            order[--last] = bind->args[i];
    for (size_t i = 1; i < bind->count; i++) {
        const struct expr *arg = bind->args[i];
        if (arg->kind != EXPR_CONSTANT)
            order[kept++] = bind->args[i];
        else if (arg->type == VALUE_DYNAMIC && !arg->constant.is_null)
            flatten(list, arg->constant.dynamic);
        else
            list->values[list->count++] = arg->constant;
    }
    list->is_text = true;
    for (size_t i = 0; i < list->count; i++) {
        list->has_null = list->has_null || list->values[i].is_null;
        list->is_text = list->is_text && list->values[i].type == VALUE_STRING;
    }
    bind->args = order;
    bind->count = kept;
    bind->prepared = list;
    *out = list;
    return 0;
}

static int prepare_in(struct function_bind *bind)
{
    struct list *list;
    bool is_cased = strchr(bind->function->name, '~') == NULL;
    for (size_t i = 1; i < bind->count; i++) {
        enum value_type left = bind->args[0]->type, type = bind->args[i]->type;
        bool may = type == VALUE_DYNAMIC || (is_cased ? function_may_equal(left, type) : type == VALUE_STRING);
        if (!may)
            return function_refuse(bind, "K210", bind->args[i]->place, "\"%s\": a %s is looked for in a list with a %s",
                                   bind->function->name, value_type_name(left), value_type_name(type));
    }
    int rc = collect(bind, &list);
    if (rc < 0)
        return rc;
    list->is_cased = is_cased;
    return list->is_text && list->count > FEW && bind->args[0]->type == VALUE_STRING ? set_sorted(list, bind->arena)
                                                                                     : 0;
}

/* Is left in the constant part? */
static enum truth in_constants(const struct list *list, struct value left, struct arena *scratch)
{
    if (list->sorted != NULL) {
        struct text key = list->is_cased ? left.text : term_fold(left.text, scratch);
        if (key.bytes == NULL)
            return list->is_cased ? TRUTH_FALSE : TRUTH_ERROR;
        return bsearch(&key, list->sorted, list->count, sizeof(key), by_bytes) != NULL ? TRUTH_TRUE : TRUTH_FALSE;
    }
    for (size_t i = 0; i < list->count; i++) {
        enum truth truth = function_equal(left, list->values[i], list->is_cased, scratch);
        if (truth == TRUTH_TRUE || truth == TRUTH_ERROR)
            return truth;
    }
    return TRUTH_FALSE;
}

/* Is left this element of no constant, or in it when it is an array? */
static enum truth in_element(struct value left, struct value element, bool is_cased, struct arena *scratch)
{
    if (element.type != VALUE_DYNAMIC || element.is_null || element.dynamic->kind != DYNAMIC_ARRAY)
        return function_equal(left, element, is_cased, scratch);
    for (size_t i = 0; i < element.dynamic->count; i++) {
        struct value item = element_of(&element.dynamic->items[i]);
        enum truth truth = in_element(left, item, is_cased, scratch);
        if (truth == TRUTH_TRUE || truth == TRUTH_ERROR)
            return truth;
    }
    return TRUTH_FALSE;
}

static enum truth is_in(const struct function_call *call)
{
    const struct list *list = call->prepared;
    struct value left = call->args[0];
    bool has_null = list->has_null;
    if (left.type == VALUE_STRING && left.text.bytes == NULL)
        left.text = (struct text){"", 0};
    enum truth truth = in_constants(list, left, call->run->scratch);
    for (size_t i = 1; truth == TRUTH_FALSE && i < call->count; i++) {
        has_null = has_null || call->args[i].is_null;
        truth = in_element(left, call->args[i], list->is_cased, call->run->scratch);
        truth = truth == TRUTH_NULL ? TRUTH_FALSE : truth;
    }
    return truth == TRUTH_FALSE && left.is_null && has_null ? TRUTH_NULL : truth;
}

static struct value of_truth(enum truth truth, bool is_negated)
{
    if (truth == TRUTH_ERROR)
        return value_error();
    return truth == TRUTH_NULL ? value_null(VALUE_BOOL) : value_bool((truth == TRUTH_TRUE) != is_negated);
}

static struct value call_in(const struct function_call *call)
{
    return of_truth(is_in(call), false);
}

static struct value call_not_in(const struct function_call *call)
{
    return of_truth(is_in(call), true);
}

static int prepare_has(struct function_bind *bind)
{
    struct list *list = NULL;
    int rc = collect(bind, &list);
    if (rc < 0 || list == NULL)
        return rc;
    if (strcmp(bind->function->name, "has_all") == 0 && list->count > EXPR_MAX_HAS_ALL)
        return function_refuse(bind, "K124", bind->place, "a list of %u elements: has_all takes at most %d",
                               (unsigned)list->count, EXPR_MAX_HAS_ALL);
    list->terms = arena_zeroed(bind->arena, list->count, sizeof(const struct term *));
    if (list->terms == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < list->count; i++) {
        struct text text = value_text(list->values[i], bind->arena);
        rc = text.bytes == NULL ? -ENOMEM
                                : term_new(&list->terms[i], bind->arena, text, TERM_EDGE_LEFT | TERM_EDGE_RIGHT);
        if (rc == -EINVAL)
            return function_refuse(bind, "K124", bind->place, "element %u of the list has more than %d characters",
                                   (unsigned)i + 1, EXPR_MAX_LITERAL);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* Has text this element, or one (is_any), else each, of it when it is an array? */
static enum truth has_element(struct text text, struct value element, bool is_any, struct arena *scratch)
{
    if (element.type == VALUE_DYNAMIC && !element.is_null && element.dynamic->kind == DYNAMIC_ARRAY) {
        for (size_t i = 0; i < element.dynamic->count; i++) {
            struct value item = element_of(&element.dynamic->items[i]);
            enum truth truth = has_element(text, item, is_any, scratch);
            if (truth == TRUTH_ERROR || (truth == TRUTH_TRUE) == is_any)
                return truth;
        }
        return is_any ? TRUTH_FALSE : TRUTH_TRUE;
    }
    struct arena_mark mark = arena_mark(scratch);
    struct text word = value_text(element, scratch);
    const struct term *term;
    enum truth truth = TRUTH_ERROR;
    if (word.bytes != NULL && term_new(&term, scratch, word, TERM_EDGE_LEFT | TERM_EDGE_RIGHT) == 0)
        truth = term_in(term, text) ? TRUTH_TRUE : TRUTH_FALSE;
    arena_rewind(scratch, mark);
    return truth;
}

static struct value has(const struct function_call *call, bool is_any)
{
    const struct list *list = call->prepared;
    struct text text = call->args[0].text;
    for (size_t i = 0; i < list->count; i++)
        if (term_in(list->terms[i], text) == is_any)
            return value_bool(is_any);
    for (size_t i = 1; i < call->count; i++) {
        enum truth truth = has_element(text, call->args[i], is_any, call->run->scratch);
        if (truth == TRUTH_ERROR)
            return value_error();
        if ((truth == TRUTH_TRUE) == is_any)
            return value_bool(is_any);
    }
    return value_bool(!is_any);
}

static struct value call_has_any(const struct function_call *call)
{
    return has(call, true);
}

static struct value call_has_all(const struct function_call *call)
{
    return has(call, false);
}

/* One of the elements stands in the left side; has_all: the rarest of them does. */
static bool need_list(struct expr_needs *out, const struct expr *expr, bool is_true,
                      const struct function_need *context)
{
    const struct list *list = expr->prepared;
    bool is_all = strcmp(expr->function->name, "has_all") == 0;
    struct expr_needs result = {NULL, 0}, one;
    if (is_true == (expr->function->name[0] == '!') || (!is_all && (expr->count > 1 || list->count > MAX_NEEDED)))
        return false;
    for (size_t i = 0; i < list->count; i++) {
        bool is_known = list->values[i].type == VALUE_STRING &&
                        function_need_text(&one, context, expr->args[0], list->values[i].text);
        if (!is_all && (!is_known || !function_need_add(&result, context, &one)))
            return false;
        if (is_all && is_known && (result.count == 0 || function_need_is_better(&one, &result)))
            result = one;
    }
    if (result.count == 0)
        return false;
    *out = result;
    return true;
}

#define LIST(name, summary, classes, least, prepare, call)                                                             \
    {                                                                                                                  \
        name, "value " name " (value, ...)", summary, classes, least, EXPR_MAX_ARGS + 1, VALUE_BOOL,                   \
            FUNCTION_OPERATOR | FUNCTION_NULLS, 0, prepare, call, NULL, need_list                                      \
    }

const struct function function_list[] = {
    LIST("in", "the same as one element; the case counts", "aa*", 2, prepare_in, call_in),
    LIST("!in", "the same as no element; the case counts", "aa*", 2, prepare_in, call_not_in),
    LIST("in~", "the same as one element but for the case", "Sa*", 2, prepare_in, call_in),
    LIST("!in~", "the same as no element, whatever the case", "Sa*", 2, prepare_in, call_not_in),
    LIST("has_any", "has one of the elements as a word (has)", "Sa*", 2, prepare_has, call_has_any),
    LIST("has_all", "has each of the elements as a word (has)", "Sa*", 2, prepare_has, call_has_all),
    {0},
};
